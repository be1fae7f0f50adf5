namespace EditorBridge.Ledger;

/// <summary>The ledger cannot take a record, so nothing may be released. The message names the cause and what mends it.</summary>
public sealed class LedgerUnavailableException(string message, Exception? innerException = null) : Exception(message, innerException);
