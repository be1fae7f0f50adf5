using EditorBridge.Ledger;

namespace EditorBridge.Keeping;

/// <summary>Drops payload texts as ledger.json says, at the host's start and then once a day. What is dropped is an entry; legal holds win.</summary>
internal sealed partial class RetentionSchedule(LedgerSettings settings, LedgerWriter ledger, TimeProvider time, ILogger<RetentionSchedule> logger) : BackgroundService
{
    private static readonly TimeSpan Day = TimeSpan.FromDays(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (settings.KeepPayloadDays is not { } days) return;
        using var timer = new PeriodicTimer(Day, time);
        do
        {
            await ApplyAsync(days, stoppingToken);
        }
        while (await timer.WaitForNextTickAsync(stoppingToken));
    }

    private async Task ApplyAsync(int days, CancellationToken stoppingToken)
    {
        try
        {
            var result = await ledger.ApplyRetentionAsync(time.GetUtcNow().AddDays(-days), "host", $"ledger.json: keepPayloadDays {days}", stoppingToken);
            if (result.Dropped > 0) LogDropped(result.Dropped, days, result.Held);
        }
        catch (LedgerUnavailableException e)
        {
            LogNotApplied(e.Message);
        }
    }

    [LoggerMessage(LogLevel.Information, "Dropped {Dropped} payload texts older than {Days} days; {Held} more are kept by legal holds")]
    private partial void LogDropped(long dropped, int days, long held);

    [LoggerMessage(LogLevel.Warning, "The retention could not be applied; it is tried again in a day. {Reason}")]
    private partial void LogNotApplied(string reason);
}
