using EditorBridge.Sandbox.Cortex;

namespace EditorBridge.Sandbox.Usage;

/// <summary>One successful inference as the account's usage view shows it.</summary>
/// <param name="RequestId">The same id as the response header <c>X-Snowflake-Request-ID</c>.</param>
internal sealed record InferenceRow(
    string RequestId, DateTimeOffset Start, DateTimeOffset End, string Model, ModelUsage Usage, string UserName, string RoleName, bool ByGateway);

/// <summary>What the account remembers about its use. A row shows only after the delay, as in the real views.</summary>
internal sealed class UsageLog(TimeProvider clock, TimeSpan delay)
{
    private readonly List<InferenceRow> _inference = [];
    private readonly Lock _lock = new();

    /// <summary>Rows old enough to show.</summary>
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

    public void Add(InferenceRow row)
    {
        lock (_lock)
        {
            _inference.Add(row);
        }
    }
}
