namespace EditorBridge.Ledger;

/// <summary>What history to make.</summary>
public sealed record SeedOptions
{
    public required string Folder { get; init; }
    /// <summary>How many calls: requests and actions together.</summary>
    public required int Calls { get; init; }
    /// <summary>The same seed gives the same history, salts and keys aside.</summary>
    public int Seed { get; init; } = 1;
    /// <summary>Days before now over which the calls are spread, in working hours mostly.</summary>
    public int Days { get; init; } = 90;
}
