namespace EditorBridge.Ledger;

/// <summary>Which payloads a legal hold keeps; an absent part does not narrow.</summary>
public sealed record HoldScope
{
    public string? SessionId { get; init; }
    public string? CallId { get; init; }
    public string? Actor { get; init; }
    /// <summary>Inclusive.</summary>
    public DateTimeOffset? From { get; init; }
    /// <summary>Exclusive.</summary>
    public DateTimeOffset? To { get; init; }
}

/// <summary>A legal hold: payloads in its scope survive every retention until it is released.</summary>
/// <param name="PlacedSequence">The entry that placed it, which says who and why.</param>
/// <param name="ReleasedSequence">The entry that released it; null while it is in force.</param>
public sealed record LegalHold(string Id, HoldScope Scope, long PlacedSequence, long? ReleasedSequence);

/// <summary>What a retention did, or would do.</summary>
/// <param name="Dropped">Payload texts.</param>
/// <param name="Held">Texts that were due and that a legal hold keeps.</param>
/// <param name="Calls">The calls concerned, by their first sequence.</param>
public sealed record RetentionResult(long Dropped, long Held, IReadOnlyList<long> Calls);
