using EditorBridge.Sandbox.Cortex;

namespace EditorBridge.Sandbox.Usage;

/// <summary>One successful inference as the account's usage view shows it.</summary>
/// <param name="Region">Where the model ran, in the view's spelling.</param>
/// <param name="RequestId">The same id as the response header <c>X-Snowflake-Request-ID</c>.</param>
internal sealed record InferenceRow(
    string RequestId, DateTimeOffset Start, DateTimeOffset End, string Model, ModelUsage Usage, string UserName, string RoleName, bool ByGateway, string Region);

/// <summary>One statement as QUERY_HISTORY shows it.</summary>
/// <param name="QueryId">The statement handle.</param>
/// <param name="AgentType">Set when the statement came through an agent's sign-in.</param>
internal sealed record StatementRow(
    string QueryId, string Text, string? Tag, string Type, string UserName, string RoleName, string? Warehouse, string? Database, string? Schema,
    string? ErrorCode, string? ErrorMessage, DateTimeOffset Start, DateTimeOffset End, long Rows, string? AgentType);

/// <summary>What the account remembers about its use. A row shows only after the delay, as in the real views.</summary>
internal sealed class UsageLog(TimeProvider clock, TimeSpan delay)
{
    private readonly List<InferenceRow> _inference = [];
    private readonly List<StatementRow> _statements = [];
    private readonly Lock _lock = new();

    /// <summary>Inference rows old enough to show.</summary>
    public IReadOnlyList<InferenceRow> Inference
    {
        get
        {
            var until = clock.GetUtcNow() - delay;
            lock (_lock)
            {
                return [.. _inference.Where(row => row.End <= until)];
            }
        }
    }

    /// <summary>Statement rows old enough to show.</summary>
    public IReadOnlyList<StatementRow> Statements
    {
        get
        {
            var until = clock.GetUtcNow() - delay;
            return [.. LiveStatements.Where(row => row.End <= until)];
        }
    }

    /// <summary>Statement rows without delay, as the table function QUERY_HISTORY shows them.</summary>
    public IReadOnlyList<StatementRow> LiveStatements
    {
        get
        {
            lock (_lock)
            {
                return [.. _statements];
            }
        }
    }

    public void Add(InferenceRow row)
    {
        lock (_lock)
        {
            _inference.Add(row);
        }
    }

    public void Add(StatementRow row)
    {
        lock (_lock)
        {
            _statements.Add(row);
        }
    }
}
