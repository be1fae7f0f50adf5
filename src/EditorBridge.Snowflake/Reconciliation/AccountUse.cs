using System.Collections.Immutable;

namespace EditorBridge.Snowflake;

/// <summary>The account's own records of use, each a view below SNOWFLAKE.ACCOUNT_USAGE. Wire names stand in <see cref="UsageViews"/>.</summary>
public enum UsageView
{
    /// <summary>Inference by Cortex REST: one row a request.</summary>
    RestApi,
    /// <summary>Inference through the AI Gateway, where the account has one. Documented as not always one row a request.</summary>
    AiGateway,
    /// <summary>Statements.</summary>
    Queries,
}

/// <summary>One row of a view: something the account says it did.</summary>
public sealed record AccountUse
{
    public required UsageView View { get; init; }

    /// <summary>The request id, or for a statement its QUERY_ID.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>NAME of the user, or USER_ID where the record has no name.</summary>
    public string? User { get; init; }

    public string? Model { get; init; }

    /// <summary>Whether cached tokens are in it is not documented; <see cref="Reconciler"/> takes either.</summary>
    public long? InputTokens { get; init; }

    public long? OutputTokens { get; init; }

    /// <summary>INFERENCE_REGION as the account spells it.</summary>
    public string? Region { get; init; }

    /// <summary>QUERY_TAG of a statement.</summary>
    public string? Tag { get; init; }

    /// <summary>QUERY_TYPE of a statement: SELECT, DROP_TABLE, …</summary>
    public string? StatementType { get; init; }

    /// <summary>AGENT_TYPE of a statement: set when an agent's integration signed in.</summary>
    public string? AgentType { get; init; }
}

/// <summary>What the ledger holds of one thing that left for the account.</summary>
public sealed record LocalUse
{
    public required string CallId { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public required bool IsStatement { get; init; }

    /// <summary>Request ids of every attempt that got one, the answered one last; or the statement's handles.</summary>
    public ImmutableArray<string> Ids { get; init; } = [];

    /// <summary>The model as it was sent.</summary>
    public string? Model { get; init; }

    /// <summary>Input that was neither read from nor written to a cache.</summary>
    public long? UncachedTokens { get; init; }

    /// <summary>The whole prompt: cached and uncached.</summary>
    public long? PromptTokens { get; init; }

    public long? OutputTokens { get; init; }

    /// <summary>
    /// True when the whole answer came, so that the account must show it and the counts are final. What failed, was cut off or has no
    /// known outcome may be in the account's record or not.
    /// </summary>
    public required bool Answered { get; init; }
}

/// <summary>What became of a comparison.</summary>
public enum ReconciliationAnswer
{
    /// <summary>Both sides know it.</summary>
    Matched,
    /// <summary>Both sides know it and count differently.</summary>
    Mismatch,
    /// <summary>Only the ledger knows it, although the account has had time to show it.</summary>
    LocalOnly,
    /// <summary>Only the ledger knows it, and the account's view is not that far yet.</summary>
    NotYetDue,
    /// <summary>Only the account knows it: a call that went round EditorBridge, or one of another machine.</summary>
    AccountOnly,
}

/// <summary>One line of a reconciliation.</summary>
/// <param name="How">What joined the two sides, or what differs.</param>
public sealed record Reconciled(ReconciliationAnswer Answer, LocalUse? Local, AccountUse? Account, string How)
{
    public DateTimeOffset At => Local?.StartedAt ?? Account!.StartedAt;
}

/// <summary>What is compared.</summary>
/// <param name="From">Inclusive.</param>
/// <param name="To">Exclusive.</param>
/// <param name="ReadAt">When the account's views were read or exported: what is younger than <see cref="Reconciler.Lateness"/> then is not missed.</param>
/// <param name="Views">The views that were read. Nothing is missed in a view that was not.</param>
public sealed record ReconciliationScope(DateTimeOffset From, DateTimeOffset To, DateTimeOffset ReadAt, ImmutableArray<UsageView> Views);
