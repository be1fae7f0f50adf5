namespace EditorBridge.Ledger;

/// <summary>Where a ledger is, how big, how far it is signed and witnessed.</summary>
public sealed record LedgerStatus
{
    public required string Folder { get; init; }
    public required long Entries { get; init; }
    public DateTimeOffset? LastAt { get; init; }
    public required long Calls { get; init; }
    public required long OpenCalls { get; init; }
    public required long DatabaseBytes { get; init; }
    /// <summary>The writer's log (WAL), emptied into the database from time to time.</summary>
    public required long LogBytes { get; init; }
    public required long SearchBytes { get; init; }
    public required long FreeBytes { get; init; }
    /// <summary>The last entry a checkpoint covers.</summary>
    public long? CheckpointSequence { get; init; }
    public DateTimeOffset? CheckpointAt { get; init; }
    /// <summary>The last entry a checkpoint kept outside the folder covers.</summary>
    public long? WitnessedSequence { get; init; }
    public string? Witness { get; init; }
    /// <summary>The host that writes, in words; null when none does.</summary>
    public string? Writer { get; init; }
    public required long Holds { get; init; }
}
