using EditorBridge.Messages;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

/// <summary>
/// Refuses requests while the account would let inference run where it may not. The account's parameter is read before the first
/// request and again when it may have changed; one that cannot be read refuses.
/// </summary>
internal sealed class ResidencyGuard(ResidencyRule? rule, SqlApiClient sql, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan Fresh = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Retry = TimeSpan.FromSeconds(15);
    private readonly SemaphoreSlim _one = new(1, 1);
    private string? _breach;
    private DateTimeOffset _readAgain = DateTimeOffset.MinValue;

    /// <summary>Why nothing may leave, or null.</summary>
    public async ValueTask<AnthropicError?> RefusalAsync(CancellationToken cancellationToken)
    {
        if (rule is null) return null;
        await _one.WaitAsync(cancellationToken);
        try
        {
            if (time.GetUtcNow() >= _readAgain)
            {
                _breach = rule.Breach(await ParameterAsync(cancellationToken));
                // An administrator who mends it should not have to wait for the next quarter of an hour.
                _readAgain = time.GetUtcNow() + (_breach is null ? Fresh : Retry);
            }

            return _breach is null ? null : AnthropicErrors.Refused($"{_breach} An administrator can mend it with: {rule.Fix}");
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<string?> ParameterAsync(CancellationToken cancellationToken)
    {
        var outcome = await sql.ExecuteAsync(
            new SqlStatement { Text = "SHOW PARAMETERS LIKE 'CORTEX_ENABLED_CROSS_REGION' IN ACCOUNT", RequestId = Guid.NewGuid(), QueryTag = OwnQuestions.Tag("residency"), Timeout = TimeSpan.FromSeconds(30) }, cancellationToken);
        if (outcome is not SqlRows { Rows: [var row, ..] } rows) return null;
        var column = rows.Columns.ToList().FindIndex(found => found.Name.Equals("value", StringComparison.OrdinalIgnoreCase));
        return column < 0 ? null : row[column];
    }
}
