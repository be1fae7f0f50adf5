using System.Text.Json;
using EditorBridge.Sandbox.Cortex.Messages;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex.Chat;

/// <summary>
/// Writes a turn in OpenAI's format as Cortex does. Claude: empty <c>id</c> and <c>finish_reason</c>, cache reads and writes summed,
/// no finish_reason key in chunks. OpenAI: a real id and finish_reason, but an empty <c>model</c>. Others: <c>stop</c> and nothing else.
/// </summary>
internal static class ChatAnswers
{
    public static void WriteMessage(Utf8JsonWriter writer, CortexModel model, FinishedTurn turn)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("choices");
        writer.WriteStartObject();
        writer.WriteString("finish_reason", FinishReason(model.Family, turn));
        writer.WriteNumber("index", 0);
        WriteEmptyLogprobs(writer);
        writer.WriteStartObject("message");
        writer.WriteNull("annotations");
        writer.WriteStartObject("audio");
        writer.WriteString("data", "");
        writer.WriteNumber("expires_at", 0);
        writer.WriteString("id", "");
        writer.WriteString("transcript", "");
        writer.WriteEndObject();
        writer.WriteString("content", string.Concat(turn.Blocks.OfType<SayBlock>().Select(say => say.Text)));
        WriteFunction(writer, "function_call", "", "");
        if (model.Family == ModelFamily.Claude && turn.Blocks.OfType<ThinkBlock>().Any())
        {
            writer.WriteStartArray("reasoning_details");
            foreach (var (think, index) in turn.Blocks.OfType<ThinkBlock>().Select((think, index) => (think, index)))
            {
                WriteReasoning(writer, index, think.Thinking, think.Signature ?? ThinkingSignature.Of(think.Thinking));
            }

            writer.WriteEndArray();
        }

        writer.WriteString("refusal", "");
        writer.WriteString("role", "assistant");
        WriteCalls(writer, [.. turn.Blocks.OfType<CallBlock>()]);
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
        WriteHead(writer, model, "chat.completion", DateTimeOffset.UtcNow.ToUnixTimeSeconds());
        WriteUsage(writer, model.Family, turn);
        writer.WriteEndObject();
    }

    public static IEnumerable<SseEvent> Stream(CortexModel model, FinishedTurn turn, Pacing pacing, bool emptyRole, bool includeUsage)
    {
        var role = emptyRole ? "" : "assistant";
        var callIndex = 0;
        foreach (var block in turn.Blocks)
        {
            var deltas = block switch
            {
                SayBlock say => TextChunks.OfText(say.Text, pacing).Select(Text),
                ThinkBlock think when model.Family == ModelFamily.Claude => Reasoning(think, pacing),
                CallBlock call => Call(call, callIndex++, pacing),
                _ => [],
            };
            foreach (var delta in deltas)
            {
                yield return Chunk(model, role, delta);
            }
        }

        // Cortex sends an empty chunk before the end; other families say there why they stopped.
        yield return Chunk(model, role, Text(""), FinishReason(model.Family, turn));
        if (includeUsage)
        {
            yield return SseEvent.Nameless(writer =>
            {
                writer.WriteStartArray("choices");
                writer.WriteEndArray();
                WriteHead(writer, model, "chat.completion.chunk", created: 0);
                WriteUsage(writer, model.Family, turn);
            });
        }

        yield return new SseEvent(null, "[DONE]"u8.ToArray());
    }

    private static SseEvent Chunk(CortexModel model, string role, Action<Utf8JsonWriter> writeDelta, string finishReason = "") =>
        SseEvent.Nameless(writer =>
        {
            writer.WriteStartArray("choices");
            writer.WriteStartObject();
            writer.WriteStartObject("delta");
            writeDelta(writer);
            writer.WriteString("refusal", "");
            writer.WriteString("role", role);
            writer.WriteEndObject();
            if (finishReason.Length > 0)
            {
                writer.WriteString("finish_reason", finishReason);
            }

            writer.WriteNumber("index", 0);
            WriteEmptyLogprobs(writer);
            writer.WriteEndObject();
            writer.WriteEndArray();
            WriteHead(writer, model, "chat.completion.chunk", created: 0);
        });

    private static Action<Utf8JsonWriter> Text(string text) => writer =>
    {
        writer.WriteString("content", text);
        writer.WriteNull("tool_calls");
    };

    private static IEnumerable<Action<Utf8JsonWriter>> Reasoning(ThinkBlock think, Pacing pacing)
    {
        foreach (var part in TextChunks.OfText(think.Thinking, pacing))
        {
            yield return Details(part, null);
        }

        yield return Details("", think.Signature ?? ThinkingSignature.Of(think.Thinking));

        static Action<Utf8JsonWriter> Details(string text, string? signature) => writer =>
        {
            writer.WriteString("content", "");
            writer.WriteStartArray("reasoning_details");
            WriteReasoning(writer, 0, text, signature);
            writer.WriteEndArray();
        };
    }

    private static IEnumerable<Action<Utf8JsonWriter>> Call(CallBlock call, int index, Pacing pacing)
    {
        yield return Piece(call.Id, call.Name, "");
        foreach (var part in TextChunks.OfInput(call.Input, pacing))
        {
            yield return Piece(null, null, part);
        }

        Action<Utf8JsonWriter> Piece(string? id, string? name, string arguments) => writer =>
        {
            writer.WriteString("content", "");
            writer.WriteStartArray("tool_calls");
            writer.WriteStartObject();
            writer.WriteNumber("index", index);
            if (id is not null)
            {
                writer.WriteString("id", id);
                writer.WriteString("type", "function");
            }

            WriteFunction(writer, "function", arguments, name);
            writer.WriteEndObject();
            writer.WriteEndArray();
        };
    }

    private static void WriteCalls(Utf8JsonWriter writer, IReadOnlyList<CallBlock> calls)
    {
        if (calls.Count == 0)
        {
            writer.WriteNull("tool_calls");
            return;
        }

        writer.WriteStartArray("tool_calls");
        foreach (var call in calls)
        {
            writer.WriteStartObject();
            writer.WriteStartObject("custom");
            writer.WriteString("input", "");
            writer.WriteString("name", "");
            writer.WriteEndObject();
            WriteFunction(writer, "function", call.Input, call.Name);
            writer.WriteString("id", call.Id);
            writer.WriteString("type", "function");
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteFunction(Utf8JsonWriter writer, string property, string arguments, string? name)
    {
        writer.WriteStartObject(property);
        writer.WriteString("arguments", arguments);
        if (name is not null)
        {
            writer.WriteString("name", name);
        }

        writer.WriteEndObject();
    }

    private static void WriteReasoning(Utf8JsonWriter writer, int index, string text, string? signature)
    {
        writer.WriteStartObject();
        writer.WriteString("format", "anthropic-claude-v1");
        writer.WriteString("id", $"reasoning-text-{index + 1}");
        writer.WriteNumber("index", index);
        if (signature is not null)
        {
            writer.WriteString("signature", signature);
        }

        writer.WriteString("text", text);
        writer.WriteString("type", "reasoning.text");
        writer.WriteEndObject();
    }

    private static void WriteEmptyLogprobs(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("logprobs");
        writer.WriteNull("content");
        writer.WriteNull("refusal");
        writer.WriteEndObject();
    }

    private static void WriteHead(Utf8JsonWriter writer, CortexModel model, string kind, long created)
    {
        writer.WriteNumber("created", created);
        writer.WriteString("id", model.Family == ModelFamily.OpenAi ? $"chatcmpl-{Guid.NewGuid():N}" : "");
        writer.WriteString("model", model.Family == ModelFamily.OpenAi ? "" : model.Name);
        writer.WriteString("object", kind);
        writer.WriteString("service_tier", "");
        writer.WriteString("system_fingerprint", "");
    }

    private static void WriteUsage(Utf8JsonWriter writer, ModelFamily family, FinishedTurn turn)
    {
        var usage = turn.Usage;
        var prompt = usage.InputTokens + usage.CacheCreationInputTokens + usage.CacheReadInputTokens;
        writer.WriteStartObject("usage");
        writer.WriteNumber("completion_tokens", usage.OutputTokens);
        writer.WriteStartObject("completion_tokens_details");
        writer.WriteNumber("accepted_prediction_tokens", 0);
        writer.WriteNumber("audio_tokens", 0);
        writer.WriteNumber("reasoning_tokens", 0);
        writer.WriteNumber("rejected_prediction_tokens", 0);
        writer.WriteEndObject();
        writer.WriteNumber("prompt_tokens", prompt);
        writer.WriteStartObject("prompt_tokens_details");
        writer.WriteNumber("audio_tokens", 0);
        writer.WriteNumber("cached_tokens", family switch
        {
            ModelFamily.Claude => usage.CacheReadInputTokens + usage.CacheCreationInputTokens,
            ModelFamily.OpenAi => usage.CacheReadInputTokens,
            _ => 0,
        });
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens", prompt + usage.OutputTokens);
        writer.WriteEndObject();
    }

    private static string FinishReason(ModelFamily family, FinishedTurn turn) => (family, turn.StopReason) switch
    {
        (ModelFamily.Claude, _) => "",
        (ModelFamily.Other, _) => "stop",
        (_, "tool_use") => "tool_calls",
        (_, "max_tokens") => "length",
        _ => "stop",
    };
}
