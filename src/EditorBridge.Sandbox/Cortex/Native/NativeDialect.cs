using System.Text.Json;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex.Native;

/// <summary><c>inference:complete</c>: Snowflake's own, older format. It streams unless told not to, and names no stop reason.</summary>
internal sealed class NativeDialect : Dialect
{
    private const int DefaultMaxTokens = 4096;

    public override bool WantsStream(JsonElement body) => body.Bool("stream") is not false;

    public override int? MaxTokens(JsonElement body) => body.Int("max_tokens") ?? DefaultMaxTokens;

    public override Conversation Conversation(JsonElement body)
    {
        var messages = body.Property("messages").Items().ToList();
        return new Conversation(
            [.. messages.Where(message => message.Text("role") is not "system").Select(Entry)],
            [.. messages.Where(message => message.Text("role") is "system").SelectMany(Texts)],
            [.. body.Property("tools").Items().Select(tool => tool.Property("tool_spec")!.Value)
                .Select(spec => OfferedTool.Of(spec.Text("name"), spec.Property("input_schema")))])
        {
            AnswerSchema = body.Property("response_format")?.Property("schema"),
        };
    }

    public override void WriteMessage(Utf8JsonWriter writer, JsonElement body, FinishedTurn turn)
    {
        writer.WriteStartObject();
        writer.WriteStartArray("choices");
        writer.WriteStartObject();
        writer.WriteStartObject("message");
        writer.WriteString("content", string.Concat(turn.Blocks.OfType<SayBlock>().Select(say => say.Text)));
        writer.WriteStartArray("content_list");
        foreach (var block in turn.Blocks)
        {
            WriteBlock(writer, block);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
        writer.WriteEndObject();
        writer.WriteEndArray();
        WriteUsage(writer, turn.Usage);
        writer.WriteEndObject();
    }

    public override IEnumerable<SseEvent> Stream(JsonElement body, FinishedTurn turn, Pacing pacing, bool emptyRole)
    {
        var id = Guid.NewGuid();
        var deltas = turn.Blocks.SelectMany(block => Deltas(block, pacing)).ToList();
        if (deltas.Count == 0)
        {
            deltas.Add(Text(""));
        }

        // Only the last chunk knows the usage; before it the object is empty. No [DONE] ends the stream.
        return deltas.Select((delta, index) => SseEvent.Nameless(writer =>
        {
            writer.WriteString("id", id);
            writer.WriteString("model", body.Text("model"));
            writer.WriteStartArray("choices");
            writer.WriteStartObject();
            writer.WriteStartObject("delta");
            delta(writer);
            writer.WriteEndObject();
            writer.WriteEndObject();
            writer.WriteEndArray();
            if (index == deltas.Count - 1)
            {
                WriteUsage(writer, turn.Usage);
            }
            else
            {
                writer.WriteStartObject("usage");
                writer.WriteEndObject();
            }
        }));
    }

    public override SseEvent Failure(string requestId) => SseEvent.Nameless(writer =>
    {
        writer.WriteStartObject("error");
        writer.WriteString("message", "inference failed");
        writer.WriteString("code", "500");
        writer.WriteEndObject();
    });

    protected override SnowflakeError? FirstRefusal(HttpRequest request, JsonElement body)
    {
        if (ModelCatalog.Find(body.Text("model") ?? "") is not { } model)
        {
            return UnknownModel(body.Text("model"));
        }

        var problem = NativeRules.Problems(body, model).FirstOrDefault();
        return problem is null ? null : SnowflakeError.InvalidRequest(problem);
    }

    private static IEnumerable<Action<Utf8JsonWriter>> Deltas(TurnBlock block, Pacing pacing) => block switch
    {
        SayBlock say => TextChunks.OfText(say.Text, pacing).Select(Text),
        CallBlock call => [Declared(call), .. TextChunks.OfInput(call.Input, pacing).Select(Input)],
        _ => [],
    };

    private static Action<Utf8JsonWriter> Text(string text) => writer =>
    {
        writer.WriteString("type", "text");
        writer.WriteString("content", text);
        writer.WriteStartArray("content_list");
        writer.WriteStartObject();
        writer.WriteString("type", "text");
        writer.WriteString("text", text);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("text", text);
    };

    private static Action<Utf8JsonWriter> Declared(CallBlock call) => writer =>
    {
        writer.WriteString("type", "tool_use");
        writer.WriteString("tool_use_id", call.Id);
        writer.WriteString("name", call.Name);
        writer.WriteStartArray("content_list");
        writer.WriteStartObject();
        writer.WriteString("tool_use_id", call.Id);
        writer.WriteString("name", call.Name);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("text", "");
    };

    /// <summary>Input chunks carry no id: they belong to the tool declared last.</summary>
    private static Action<Utf8JsonWriter> Input(string part) => writer =>
    {
        writer.WriteString("type", "tool_use");
        writer.WriteString("input", part);
        writer.WriteStartArray("content_list");
        writer.WriteStartObject();
        writer.WriteString("input", part);
        writer.WriteEndObject();
        writer.WriteEndArray();
        writer.WriteString("text", "");
    };

    private static void WriteBlock(Utf8JsonWriter writer, TurnBlock block)
    {
        writer.WriteStartObject();
        switch (block)
        {
            case SayBlock say:
                writer.WriteString("type", "text");
                writer.WriteString("text", say.Text);
                break;
            case ThinkBlock think:
                writer.WriteString("type", "anthropic");
                writer.WriteStartObject("thinking");
                writer.WriteString("thinking", think.Thinking);
                writer.WriteString("signature", think.Signature ?? Messages.ThinkingSignature.Of(think.Thinking));
                writer.WriteEndObject();
                break;
            case CallBlock call:
                writer.WriteString("type", "tool_use");
                writer.WriteStartObject("tool_use");
                writer.WriteString("tool_use_id", call.Id);
                writer.WriteString("name", call.Name);
                writer.WritePropertyName("input");
                writer.WriteRawValue(call.InputObject);
                writer.WriteEndObject();
                break;
        }

        writer.WriteEndObject();
    }

    private static void WriteUsage(Utf8JsonWriter writer, ModelUsage usage)
    {
        var prompt = usage.InputTokens + usage.CacheCreationInputTokens + usage.CacheReadInputTokens;
        writer.WriteStartObject("usage");
        writer.WriteNumber("prompt_tokens", prompt);
        writer.WriteNumber("completion_tokens", usage.OutputTokens);
        writer.WriteNumber("guard_tokens", 0);
        writer.WriteNumber("total_tokens", prompt + usage.OutputTokens);
        writer.WriteNumber("cache_read_input_tokens", usage.CacheReadInputTokens);
        writer.WriteNumber("cache_write_input_tokens", usage.CacheCreationInputTokens);
        writer.WriteEndObject();
    }

    private static ConversationEntry Entry(JsonElement message)
    {
        var blocks = message.Property("content_list").Items().ToList();
        return new ConversationEntry(
            message.Text("role") is "assistant",
            [.. Texts(message)],
            [.. blocks.Select(block => block.Property("tool_use")).OfType<JsonElement>().Select(use =>
                new PastCall(use.Text("tool_use_id")!, use.Text("name")!, use.Property("input")?.GetRawText() ?? "{}"))],
            [.. blocks.Select(block => block.Property("tool_results")).OfType<JsonElement>().Select(result => new PastResult(
                result.Text("tool_use_id")!,
                string.Join('\n', result.Property("content").Items().Select(part => part.Text("text") ?? part.GetRawText())),
                result.Text("status") is "error"))]);
    }

    private static IEnumerable<string> Texts(JsonElement message) => message.Text("content") is { } text
        ? [text]
        : message.Property("content_list").Items().Select(block => block.Text("text")).OfType<string>();
}
