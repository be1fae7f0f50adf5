using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Messages;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

/// <summary>How a request ended, gathered on the way.</summary>
internal sealed class ProxyEnd
{
    /// <summary>done, failed, client_gone, truncated, held.</summary>
    public string Result { get; set; } = "failed";

    public int? Status { get; set; }
    public string? UpstreamRequestId { get; set; }
    public string? Error { get; set; }

    /// <summary>Every request that left for the account; each may stand in its usage records.</summary>
    public ImmutableArray<CortexAttempt> Attempts { get; set; } = [];

    /// <summary>When the request came, as <see cref="TimeProvider.GetTimestamp"/> gives it.</summary>
    public long Started { get; init; }

    public TimeSpan Duration { get; set; }

    /// <summary>The request whose answer this one got again; its tokens are counted there.</summary>
    public string? RepeatOf { get; set; }

    /// <summary>Tokens of the prompt as estimated here, before any correction; null when nothing was sent for this answer.</summary>
    public long? PromptEstimate { get; set; }

    /// <summary>What was seen of the answer so far; kept up to date while it streams, so that a client that leaves does not take the count with it.</summary>
    public StreamOutcome Seen { get; private set; } = new();

    public void Take(StreamOutcome outcome)
    {
        Seen = outcome;
        Error = outcome.Failure;
        Result = outcome switch { { Truncated: true } => "truncated", { Failure: not null } => "failed", _ => "done" };
    }
}

/// <summary>The proxy's entries: what is about to leave for the account, and how that ended. Described in docs/audit-format.md.</summary>
internal static class ProxyEntries
{
    public static AuditDraft Intent(string callId, StreamCall call, MessagesRequest request, UpstreamRequest prepared, string? repeatOf) => Of(EntryKind.MessageIntent, callId, call) with
    {
        Model = prepared.Model,
        Result = "intent",
        Facts = new JsonObject
        {
            ["askedModel"] = request.Model,
            ["stream"] = request.Stream,
            ["maxTokens"] = request.MaxTokens,
            ["messages"] = request.MessageCount,
            ["tools"] = request.ToolNames.Length,
            ["bytes"] = request.Body.Length,
            ["sentBytes"] = prepared.Body.Length,
            ["bodySha256"] = request.BodyHash,
            ["conversationSha256"] = request.ConversationHash,
            ["promptSha256"] = request.LastUserTextHash,
            ["repeatOf"] = repeatOf,
            ["removals"] = new JsonArray([.. prepared.Removals.Select(r => new JsonObject
            {
                ["kind"] = r.Kind.ToString(),
                ["what"] = r.What,
                ["where"] = r.Where,
                ["count"] = r.Count,
            })]),
        },
        // What a person asked for; the turns that only carry tool results are the client's own.
        Payloads = request is { LastUserText: { } prompt, AnsweredToolUses.Length: 0 } ? [new AuditPayload("prompt", "text/plain", prompt)] : [],
    };

    public static AuditDraft Outcome(string callId, StreamCall call, ProxyEnd end) => Outcome(callId, call, end, end.RepeatOf is null ? end.Seen.Usage : default);

    /// <summary>A request that was refused here: nothing left for the account.</summary>
    public static AuditDraft Refused(string callId, StreamCall call, AnthropicError error) => Of(EntryKind.MessageOutcome, callId, call) with
    {
        Model = call.Model.Length > 0 ? call.Model : null,
        Result = "refused",
        Facts = new JsonObject { ["status"] = error.Status, ["type"] = AnthropicErrors.WireName(error.Type), ["error"] = error.Message },
    };

    private static AuditDraft Outcome(string callId, StreamCall call, ProxyEnd end, TokenUsage usage) => Of(EntryKind.MessageOutcome, callId, call) with
    {
        Model = call.Model,
        Result = end.Result,
        Facts = new JsonObject
        {
            ["status"] = end.Status,
            ["requestId"] = end.UpstreamRequestId,
            ["messageId"] = end.Seen.MessageId,
            ["stopReason"] = end.Seen.StopReason,
            ["inputTokens"] = usage.Input,
            ["outputTokens"] = usage.Output,
            ["cacheReadTokens"] = usage.CacheRead,
            ["cacheCreationTokens"] = usage.CacheCreation,
            ["promptEstimate"] = end.PromptEstimate,
            ["repeatOf"] = end.RepeatOf,
            ["toolUses"] = end.Seen.ToolUses,
            ["released"] = end.Seen.Released,
            ["refused"] = end.Seen.Refused,
            ["durationMs"] = (long)end.Duration.TotalMilliseconds,
            ["error"] = end.Error,
            ["attempts"] = new JsonArray([.. end.Attempts.Select(a => new JsonObject
            {
                ["startedAt"] = a.StartedAt.ToString("O"),
                ["durationMs"] = (long)a.Duration.TotalMilliseconds,
                ["status"] = a.Status,
                ["requestId"] = a.RequestId,
                ["cause"] = a.Cause?.ToString(),
            })]),
        },
    };

    private static AuditDraft Of(EntryKind kind, string callId, StreamCall call) => new()
    {
        Kind = kind,
        CallId = callId,
        SessionId = call.SessionId,
        Actor = call.Actor,
        Door = "proxy",
    };
}
