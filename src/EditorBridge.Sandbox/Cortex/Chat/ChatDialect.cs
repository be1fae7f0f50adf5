using System.Text.Json;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex.Chat;

/// <summary><c>/v1/chat/completions</c>: OpenAI's format for every model, with the quirks each family has on Cortex.</summary>
/// <param name="withClaude">False on the AI Gateway, which takes Claude by the Messages format only.</param>
internal sealed class ChatDialect(bool withClaude) : Dialect
{
    /// <summary>What Cortex allows when a request names no limit.</summary>
    private const int DefaultMaxTokens = 4096;

    public override bool WantsStream(JsonElement body) => body.Bool("stream") is true;

    public override int? MaxTokens(JsonElement body) => body.Int("max_completion_tokens") ?? DefaultMaxTokens;

    public override IReadOnlyList<string> StopSequences(JsonElement body) =>
        Model(body).Family != ModelFamily.OpenAi ? []
        : body.Text("stop") is { } one ? [one]
        : [.. body.Property("stop").Items().Select(item => item.GetString()!)];

    public override Conversation Conversation(JsonElement body)
    {
        var messages = body.Property("messages").Items().ToList();
        var family = Model(body).Family;
        var tools = family == ModelFamily.Other || body.Text("tool_choice") is "none"
            ? []
            : body.Property("tools").Items().Select(tool => tool.Property("function")!.Value)
                .Select(function => OfferedTool.Of(function.Text("name"), function.Property("parameters"))).ToList();
        return new Conversation(
            [.. Grouped(messages.Where(message => message.Text("role") is not ("system" or "developer")))],
            [.. messages.Where(message => message.Text("role") is "system" or "developer").SelectMany(Texts)],
            tools)
        {
            AnswerSchema = family == ModelFamily.Other ? null : body.Property("response_format")?.Property("json_schema")?.Property("schema"),
        };
    }

    public override void WriteMessage(Utf8JsonWriter writer, JsonElement body, FinishedTurn turn) =>
        ChatAnswers.WriteMessage(writer, Model(body), turn);

    public override IEnumerable<SseEvent> Stream(JsonElement body, FinishedTurn turn, Pacing pacing, bool emptyRole) =>
        ChatAnswers.Stream(Model(body), turn, pacing, emptyRole, body.Property("stream_options")?.Bool("include_usage") is true);

    public override SseEvent Failure(string requestId) => SseEvent.Nameless(writer =>
    {
        writer.WriteStartObject("error");
        writer.WriteString("message", "inference failed");
        writer.WriteString("code", "500");
        writer.WriteEndObject();
    });

    protected override SnowflakeError? FirstRefusal(HttpRequest request, JsonElement body)
    {
        if (ModelCatalog.Find(body.Text("model") ?? "") is not { } model || (model.Family == ModelFamily.Claude && !withClaude))
        {
            return UnknownModel(body.Text("model"));
        }

        var problem = ChatRules.Problems(body, model).FirstOrDefault();
        return problem is null ? null : SnowflakeError.InvalidRequest(problem);
    }

    private static CortexModel Model(JsonElement body) => ModelCatalog.Find(body.Text("model")!)!;

    /// <summary>Consecutive tool messages are one message with several results, as the other dialects have it.</summary>
    private static IEnumerable<ConversationEntry> Grouped(IEnumerable<JsonElement> messages)
    {
        var results = new List<PastResult>();
        foreach (var message in messages)
        {
            if (message.Text("role") is "tool")
            {
                results.Add(new PastResult(message.Text("tool_call_id")!, string.Join('\n', Texts(message)), IsError: false));
                continue;
            }

            if (results.Count > 0)
            {
                yield return new ConversationEntry(FromAssistant: false, [], [], [.. results]);
                results.Clear();
            }

            yield return new ConversationEntry(message.Text("role") is "assistant", [.. Texts(message)], [.. Calls(message)], []);
        }

        if (results.Count > 0)
        {
            yield return new ConversationEntry(FromAssistant: false, [], [], [.. results]);
        }
    }

    private static IEnumerable<string> Texts(JsonElement message) => message.Text("content") is { } text
        ? [text]
        : message.Property("content").Items().Select(part => part.Text("text") ?? "");

    private static IEnumerable<PastCall> Calls(JsonElement message) => message.Property("tool_calls").Items().Select(call =>
        new PastCall(call.Text("id")!, call.Property("function")!.Value.Text("name")!, call.Property("function")!.Value.Text("arguments")!));
}
