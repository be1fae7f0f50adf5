namespace EditorBridge.Ledger;

/// <summary>Whether records can be taken.</summary>
/// <param name="Problem">Why not, in a sentence a person can act on; null when all is well.</param>
/// <param name="Since">Since when it has been like this.</param>
public sealed record LedgerHealth(bool Available, string? Problem, DateTimeOffset Since);
