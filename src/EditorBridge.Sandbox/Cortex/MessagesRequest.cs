using System.Text.Json;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>Reads a conversation out of an Anthropic request body that has passed the rules.</summary>
internal static class MessagesRequest
{
    public static Conversation Conversation(JsonElement body)
    {
        var system = body.Text("system") is { } text ? [text] : body.Property("system").Items().Select(block => block.Text("text") ?? "").ToList();
        var tools = body.Property("tool_choice")?.Text("type") is "none"
            ? []
            : body.Property("tools").Items().Select(tool => tool.Text("name") ?? "").ToList();
        return new Conversation([.. body.Property("messages").Items().Select(Entry)], system, tools)
        {
            AnswerSchema = body.Property("output_config")?.Property("format")?.Property("schema"),
        };
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
