using System.Collections.Immutable;
using EditorBridge.Ledger.Storage;

namespace EditorBridge.Ledger;

internal enum ColumnKind
{
    Text,
    /// <summary>A 64-bit integer.</summary>
    Number,
    /// <summary>A time in UTC.</summary>
    Time,
    Flag,
}

/// <summary>One column of a call in an export. The names are a contract: people's scripts read them.</summary>
/// <param name="Value">The call's value: a string, long, <see cref="DateTimeOffset"/> or bool after the kind, or null.</param>
internal sealed record CallColumn(string Name, ColumnKind Kind, Func<AuditCall, object?> Value)
{
    public static readonly ImmutableArray<CallColumn> All =
    [
        new("first_sequence", ColumnKind.Number, static c => c.FirstSequence),
        new("last_sequence", ColumnKind.Number, static c => c.LastSequence),
        new("started_at", ColumnKind.Time, static c => c.StartedAt),
        new("last_at", ColumnKind.Time, static c => c.LastAt),
        new("call_id", ColumnKind.Text, static c => c.CallId),
        new("kind", ColumnKind.Text, static c => c.Kind.Name()),
        new("session_id", ColumnKind.Text, static c => c.SessionId),
        new("actor", ColumnKind.Text, static c => c.Actor),
        new("door", ColumnKind.Text, static c => c.Door),
        new("tool", ColumnKind.Text, static c => c.Tool),
        new("model", ColumnKind.Text, static c => c.Model),
        new("subject", ColumnKind.Text, static c => c.Subject),
        new("severity", ColumnKind.Text, static c => c.Severity),
        new("class", ColumnKind.Text, static c => c.Class),
        new("effect", ColumnKind.Text, static c => c.Effect),
        new("state", ColumnKind.Text, static c => c.State.Name()),
        new("reviewer", ColumnKind.Text, static c => c.Reviewer),
        new("held_ms", ColumnKind.Number, static c => c.HeldMilliseconds),
        new("input_tokens", ColumnKind.Number, static c => c.InputTokens),
        new("output_tokens", ColumnKind.Number, static c => c.OutputTokens),
        new("cache_read_tokens", ColumnKind.Number, static c => c.CacheReadTokens),
        new("cache_write_tokens", ColumnKind.Number, static c => c.CacheWriteTokens),
        new("duration_ms", ColumnKind.Number, static c => c.DurationMilliseconds),
        new("query_id", ColumnKind.Text, static c => c.QueryId),
        new("request_id", ColumnKind.Text, static c => c.RequestId),
        new("open", ColumnKind.Flag, static c => c.Open),
    ];
}
