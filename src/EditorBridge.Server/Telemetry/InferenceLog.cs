using System.Text.Json;
using EditorBridge.Audit;
using EditorBridge.Messages;

namespace EditorBridge.Telemetry;

/// <summary>The GenAI conventions' event of one request: for collectors, not for the terminal.</summary>
/// <param name="content">Whether what the person asked goes with it, with secrets taken out.</param>
internal sealed partial class InferenceLog(bool content, ILogger<InferenceLog> logger)
{
    /// <summary>Whether what was asked goes along.</summary>
    public bool TakesContent => content;

    public void Ended(string callId, string model, MessagesRequest request, TokenUsage usage, string? stopReason, string result) => LogDetails(
        callId, model, usage.Prompt, usage.Output, stopReason, result,
        content && request is { LastUserText: { } prompt, AnsweredToolUses.Length: 0 } ? Message(prompt) : "(not sent)");

    private static string Message(string prompt) => JsonSerializer.Serialize(new[] { new { role = "user", parts = new[] { new { type = "text", content = Redaction.Redact(prompt) } } } });

    // The messages go along only where telemetry.json asks for content; the terminal's log leaves this class out altogether.
    [LoggerMessage(LogLevel.Information, "Inference {CallId} by {Model}: {InputTokens} tokens in, {OutputTokens} out, {FinishReason}, {Result}, {InputMessages}", EventName = "gen_ai.client.inference.operation.details")]
    private partial void LogDetails(string callId, string model, long inputTokens, long? outputTokens, string? finishReason, string result, string inputMessages);
}
