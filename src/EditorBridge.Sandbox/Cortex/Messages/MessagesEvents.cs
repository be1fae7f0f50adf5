using System.Text.Json;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex.Messages;

/// <summary>Writes a turn in Anthropic's grammar: as one message, or as the events of a stream.</summary>
internal static class MessagesEvents
{
    public static void WriteMessage(Utf8JsonWriter writer, string model, FinishedTurn turn)
    {
        WriteHead(writer, model);
        writer.WriteStartArray("content");
        foreach (var block in turn.Blocks)
        {
            writer.WriteStartObject();
            switch (block)
            {
                case SayBlock say:
                    writer.WriteString("type", "text");
                    writer.WriteString("text", say.Text);
                    break;
                case ThinkBlock think:
                    writer.WriteString("type", "thinking");
                    writer.WriteString("thinking", think.Thinking);
                    writer.WriteString("signature", think.Signature ?? ThinkingSignature.Of(think.Thinking));
                    break;
                case RedactedBlock redacted:
                    writer.WriteString("type", "redacted_thinking");
                    writer.WriteString("data", redacted.Data);
                    break;
                case CallBlock call:
                    writer.WriteString("type", "tool_use");
                    writer.WriteString("id", call.Id);
                    writer.WriteString("name", call.Name);
                    writer.WritePropertyName("input");
                    writer.WriteRawValue(call.InputObject);
                    break;
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("stop_reason", turn.StopReason);
        writer.WriteString("stop_sequence", turn.StopSequence);
        WriteUsage(writer, turn.Usage, turn.Usage.OutputTokens);
        writer.WriteEndObject();
    }

    public static IEnumerable<SseEvent> Stream(string model, FinishedTurn turn, Pacing pacing)
    {
        yield return Start(model, turn.Usage);
        yield return SseEvent.Of("ping", _ => { });
        for (var index = 0; index < turn.Blocks.Count; index++)
        {
            foreach (var item in Block(index, turn.Blocks[index], pacing))
            {
                yield return item;
            }
        }

        yield return SseEvent.Of("message_delta", writer =>
        {
            writer.WriteStartObject("delta");
            writer.WriteString("stop_reason", turn.StopReason);
            writer.WriteString("stop_sequence", turn.StopSequence);
            writer.WriteEndObject();
            WriteUsage(writer, turn.Usage, turn.Usage.OutputTokens);
        });
        yield return SseEvent.Of("message_stop", _ => { });
    }

    private static SseEvent Start(string model, ModelUsage usage) => SseEvent.Of("message_start", writer =>
    {
        writer.WritePropertyName("message");
        WriteHead(writer, model);
        writer.WriteStartArray("content");
        writer.WriteEndArray();
        writer.WriteNull("stop_reason");
        writer.WriteNull("stop_sequence");
        WriteUsage(writer, usage, outputTokens: 1);
        writer.WriteEndObject();
    });

    private static void WriteHead(Utf8JsonWriter writer, string model)
    {
        writer.WriteStartObject();
        writer.WriteString("id", BedrockId.New("msg"));
        writer.WriteString("type", "message");
        writer.WriteString("role", "assistant");
        writer.WriteString("model", model);
    }

    private static void WriteUsage(Utf8JsonWriter writer, ModelUsage usage, int outputTokens)
    {
        writer.WriteStartObject("usage");
        writer.WriteNumber("input_tokens", usage.InputTokens);
        writer.WriteNumber("cache_creation_input_tokens", usage.CacheCreationInputTokens);
        writer.WriteNumber("cache_read_input_tokens", usage.CacheReadInputTokens);
        writer.WriteNumber("output_tokens", outputTokens);
        writer.WriteEndObject();
    }

    private static IEnumerable<SseEvent> Block(int index, TurnBlock block, Pacing pacing)
    {
        switch (block)
        {
            case SayBlock say:
                yield return BlockStart(index, "text", writer => writer.WriteString("text", ""));
                foreach (var part in TextChunks.OfText(say.Text, pacing))
                {
                    yield return Delta(index, "text_delta", "text", part);
                }

                break;
            case ThinkBlock think:
                yield return BlockStart(index, "thinking", writer =>
                {
                    writer.WriteString("thinking", "");
                    writer.WriteString("signature", "");
                });
                foreach (var part in TextChunks.OfText(think.Thinking, pacing))
                {
                    yield return Delta(index, "thinking_delta", "thinking", part);
                }

                yield return Delta(index, "signature_delta", "signature", think.Signature ?? ThinkingSignature.Of(think.Thinking));
                break;
            case RedactedBlock redacted:
                yield return BlockStart(index, "redacted_thinking", writer => writer.WriteString("data", redacted.Data));
                break;
            case CallBlock call:
                yield return BlockStart(index, "tool_use", writer =>
                {
                    writer.WriteString("id", call.Id);
                    writer.WriteString("name", call.Name);
                    writer.WriteStartObject("input");
                    writer.WriteEndObject();
                });
                yield return Delta(index, "input_json_delta", "partial_json", "");
                foreach (var part in TextChunks.OfInput(call.Input, pacing))
                {
                    yield return Delta(index, "input_json_delta", "partial_json", part);
                }

                break;
        }

        yield return SseEvent.Of("content_block_stop", writer => writer.WriteNumber("index", index));
    }

    private static SseEvent BlockStart(int index, string type, Action<Utf8JsonWriter> writeFields) => SseEvent.Of("content_block_start", writer =>
    {
        writer.WriteNumber("index", index);
        writer.WriteStartObject("content_block");
        writer.WriteString("type", type);
        writeFields(writer);
        writer.WriteEndObject();
    });

    private static SseEvent Delta(int index, string type, string field, string value) => SseEvent.Of("content_block_delta", writer =>
    {
        writer.WriteNumber("index", index);
        writer.WriteStartObject("delta");
        writer.WriteString("type", type);
        writer.WriteString(field, value);
        writer.WriteEndObject();
    });
}
