using System.Text.Json;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex.Messages;

/// <summary><c>/v1/messages</c>: Anthropic's format, Claude models only.</summary>
internal sealed class MessagesDialect : Dialect
{
    public override bool WantsStream(JsonElement body) => body.Bool("stream") is true;

    public override int? MaxTokens(JsonElement body) => body.Int("max_tokens");

    public override IReadOnlyList<string> StopSequences(JsonElement body) =>
        [.. body.Property("stop_sequences").Items().Select(item => item.GetString()!)];

    public override void WriteMessage(Utf8JsonWriter writer, JsonElement body, FinishedTurn turn) =>
        MessagesEvents.WriteMessage(writer, body.Text("model")!, turn);

    public override IEnumerable<SseEvent> Stream(JsonElement body, FinishedTurn turn, Pacing pacing, bool emptyRole) =>
        MessagesEvents.Stream(body.Text("model")!, turn, pacing);

    public override SseEvent Failure(string requestId) => SseEvent.Of("error", writer =>
    {
        writer.WriteStartObject("error");
        writer.WriteString("type", "api_error");
        writer.WriteString("message", "inference failed");
        writer.WriteEndObject();
        writer.WriteString("request_id", requestId);
    });

    public override Conversation Conversation(JsonElement body)
    {
        var system = body.Text("system") is { } text ? [text] : body.Property("system").Items().Select(block => block.Text("text") ?? "").ToList();
        var tools = body.Property("tool_choice")?.Text("type") is "none"
            ? []
            : body.Property("tools").Items().Select(tool => OfferedTool.Of(tool.Text("name"), tool.Property("input_schema"))).ToList();
        return new Conversation([.. body.Property("messages").Items().Select(Entry)], system, tools)
        {
            AnswerSchema = body.Property("output_config")?.Property("format")?.Property("schema"),
        };
    }

    protected override SnowflakeError? FirstRefusal(HttpRequest request, JsonElement body)
    {
        if (body.Text("model") is { Length: > 0 } name && ModelCatalog.Find(name) is not { Family: ModelFamily.Claude })
        {
            return UnknownModel(name);
        }

        var problem = MessagesRules.Problems(request.Headers, request.QueryString, body).FirstOrDefault();
        return problem is null ? null : SnowflakeError.InvalidRequest(problem);
    }

    private static ConversationEntry Entry(JsonElement message)
    {
        var fromAssistant = message.Text("role") is "assistant";
        if (message.Text("content") is { } text)
        {
            return new ConversationEntry(fromAssistant, [text], [], []);
        }

        var blocks = message.Property("content").Items().ToList();
        return new ConversationEntry(
            fromAssistant,
            [.. blocks.Where(block => block.Text("type") is "text").Select(block => block.Text("text")!)],
            [.. blocks.Where(block => block.Text("type") is "tool_use").Select(block =>
                new PastCall(block.Text("id")!, block.Text("name")!, block.Property("input")!.Value.GetRawText()))],
            [.. blocks.Where(block => block.Text("type") is "tool_result").Select(block =>
                new PastResult(block.Text("tool_use_id")!, ResultText(block), block.Bool("is_error") ?? false))]);
    }

    private static string ResultText(JsonElement block) =>
        block.Text("content") ?? string.Join('\n', block.Property("content").Items().Select(inner => inner.Text("text") ?? ""));
}
