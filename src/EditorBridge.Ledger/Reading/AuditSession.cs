namespace EditorBridge.Ledger;

/// <summary>One agent session, summed over its calls.</summary>
public sealed record AuditSession
{
    public required string SessionId { get; init; }
    public required long FirstSequence { get; init; }
    public required long LastSequence { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset LastAt { get; init; }
    public required string Actor { get; init; }
    public required long Requests { get; init; }
    public required long Actions { get; init; }
    /// <summary>Actions that were held for a person.</summary>
    public required long Reviewed { get; init; }
    /// <summary>Actions refused, rejected or expired.</summary>
    public required long Refused { get; init; }
    public required long InputTokens { get; init; }
    public required long OutputTokens { get; init; }
    public required long CacheReadTokens { get; init; }
    public required long CacheWriteTokens { get; init; }
}
