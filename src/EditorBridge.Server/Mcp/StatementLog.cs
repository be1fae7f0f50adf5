using EditorBridge.Snowflake;

namespace EditorBridge.Mcp;

/// <summary>A statement this host started for an agent.</summary>
/// <param name="Caller">Who may follow it: a session where one is known, else the client.</param>
/// <param name="RowLimit">Rows policy lets anybody read of its result; null for all.</param>
internal sealed record StartedStatement(string Handle, string CallId, string Caller, string Text, DateTimeOffset StartedAt, string? Person, int? RowLimit)
{
    /// <summary>What was last heard of it.</summary>
    public SqlOutcome? Outcome { get; init; }

    public DateTimeOffset? EndedAt { get; init; }
}

/// <summary>
/// The statements that were started here, so that only those can be asked for, read on and stopped: a handle from elsewhere would be another
/// role's result. Kept in memory; the ledger has them for good.
/// </summary>
internal sealed class StatementLog(TimeProvider time)
{
    private const int Kept = 2_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, StartedStatement> _byHandle = new(StringComparer.Ordinal);
    private readonly LinkedList<string> _order = new();

    // A statement behind another one has a handle of its own once it ran; clients see that one, because the account's history has it.
    private readonly Dictionary<string, string> _startedAs = new(StringComparer.Ordinal);

    public void Started(StartedStatement statement)
    {
        lock (_lock)
        {
            if (!_byHandle.TryAdd(statement.Handle, statement)) return;
            _order.AddFirst(statement.Handle);
            if (_order.Count <= Kept) return;
            if (_byHandle.Remove(_order.Last!.Value, out var oldest) && oldest.Outcome?.Handle is { } own) _startedAs.Remove(own);
            _order.RemoveLast();
        }
    }

    /// <summary>Notes what was heard of a statement. Rows are not kept here, only their shape.</summary>
    public void Heard(string handle, SqlOutcome outcome)
    {
        lock (_lock)
        {
            // That the account could not be asked says nothing of the statement, which may run on.
            if (outcome is SqlFailure { Kind: SqlFailureKind.Unreachable or SqlFailureKind.SignIn or SqlFailureKind.Throttled } || !_byHandle.TryGetValue(handle, out var known)) return;
            if (outcome.Handle is { } own && own != handle) _startedAs[own] = handle;
            _byHandle[handle] = known with
            {
                Outcome = outcome is SqlRows rows ? rows with { Rows = [] } : outcome,
                EndedAt = outcome is SqlRunning ? null : known.EndedAt ?? time.GetUtcNow(),
            };
        }
    }

    /// <summary>Null when this caller started no such statement here.</summary>
    public StartedStatement? Find(string handle, string caller)
    {
        lock (_lock) return _byHandle.TryGetValue(_startedAs.GetValueOrDefault(handle, handle), out var known) && known.Caller == caller ? known : null;
    }

    /// <summary>The caller's statements, the newest first.</summary>
    public IReadOnlyList<StartedStatement> Of(string caller)
    {
        lock (_lock) return [.. _order.Select(handle => _byHandle[handle]).Where(statement => statement.Caller == caller)];
    }
}
