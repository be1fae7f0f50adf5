namespace EditorBridge.Ledger;

/// <summary>A query ran into its limit and was stopped; the answer is to narrow it, not to wait.</summary>
public sealed class LedgerQueryTimeoutException(TimeSpan limit, Exception innerException)
    : Exception($"The question took longer than {limit.TotalSeconds:0.#} s and was stopped. Narrow it: a shorter time range or one more filter.", innerException)
{
    public TimeSpan Limit { get; } = limit;
}

/// <summary>The ledger cannot be read: missing, of another version, or damaged. The message says what mends it.</summary>
public sealed class LedgerUnreadableException(string message, Exception? innerException) : Exception(message, innerException);
