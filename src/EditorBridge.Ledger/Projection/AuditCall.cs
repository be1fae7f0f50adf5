namespace EditorBridge.Ledger;

/// <summary>What a call is.</summary>
public enum CallKind
{
    /// <summary>A Messages request to the account.</summary>
    Request,
    /// <summary>Something an agent wanted to do.</summary>
    Action,
}

/// <summary>Where a call stands.</summary>
public enum CallState
{
    /// <summary>On its way: a request without an outcome, an action without an answer.</summary>
    Running,
    /// <summary>Held for a person.</summary>
    Pending,
    /// <summary>Done without a person.</summary>
    Allowed,
    Approved,
    /// <summary>Approved with a changed text.</summary>
    Edited,
    Rejected,
    /// <summary>Nobody answered in time.</summary>
    Expired,
    /// <summary>Refused by policy or by a failure on the way.</summary>
    Refused,
    /// <summary>The host stopped before the outcome was known.</summary>
    Unknown,
    /// <summary>Released, and then it failed.</summary>
    Failed,
}

/// <summary>One request or action, folded from all entries with its call id.</summary>
public sealed record AuditCall
{
    public required long FirstSequence { get; init; }
    public required long LastSequence { get; init; }
    public required string CallId { get; init; }
    public required CallKind Kind { get; init; }
    public required DateTimeOffset StartedAt { get; init; }
    public required DateTimeOffset LastAt { get; init; }
    public string? SessionId { get; init; }
    public required string Actor { get; init; }
    public string? Door { get; init; }
    public string? Tool { get; init; }
    public string? Model { get; init; }
    public string? Subject { get; init; }
    /// <summary>none, low, medium, high, critical; or null.</summary>
    public string? Severity { get; init; }
    /// <summary>The statement class that weighed most, as the gate named it.</summary>
    public string? Class { get; init; }
    /// <summary>allow, review, deny; null for requests.</summary>
    public string? Effect { get; init; }
    public required CallState State { get; init; }
    /// <summary>Who gave the last verdict.</summary>
    public string? Reviewer { get; init; }
    /// <summary>Since when it waits for a person; null when it does not.</summary>
    public DateTimeOffset? HeldSince { get; init; }
    /// <summary>How long it has waited for people, finished waits only.</summary>
    public long? HeldMilliseconds { get; init; }
    public long? InputTokens { get; init; }
    public long? OutputTokens { get; init; }
    public long? CacheReadTokens { get; init; }
    public long? CacheWriteTokens { get; init; }
    public long? DurationMilliseconds { get; init; }
    /// <summary>Snowflake's query id of what was run.</summary>
    public string? QueryId { get; init; }
    /// <summary>The account's id of the request.</summary>
    public string? RequestId { get; init; }
    /// <summary>Released, and no outcome yet.</summary>
    public required bool Open { get; init; }
}
