namespace EditorBridge.Ledger.Projection;

/// <summary>What one call adds to a session or an hour; a changed call adds the difference.</summary>
internal readonly record struct CallSums(
    long Requests, long Actions, long Reviewed, long Refused, long HeldMilliseconds,
    long InputTokens, long OutputTokens, long CacheReadTokens, long CacheWriteTokens)
{
    public static readonly CallSums None;

    public static CallSums Of(AuditCall call) => new(
        call.Kind is CallKind.Request ? 1 : 0,
        call.Kind is CallKind.Action ? 1 : 0,
        call.HeldSince is not null || call.HeldMilliseconds is not null ? 1 : 0,
        call.State is CallState.Refused or CallState.Rejected or CallState.Expired ? 1 : 0,
        call.HeldMilliseconds ?? 0,
        call.InputTokens ?? 0,
        call.OutputTokens ?? 0,
        call.CacheReadTokens ?? 0,
        call.CacheWriteTokens ?? 0);

    public static CallSums operator -(CallSums a, CallSums b) => new(
        a.Requests - b.Requests, a.Actions - b.Actions, a.Reviewed - b.Reviewed, a.Refused - b.Refused, a.HeldMilliseconds - b.HeldMilliseconds,
        a.InputTokens - b.InputTokens, a.OutputTokens - b.OutputTokens, a.CacheReadTokens - b.CacheReadTokens, a.CacheWriteTokens - b.CacheWriteTokens);
}
