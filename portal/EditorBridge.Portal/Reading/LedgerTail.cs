using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

/// <summary>
/// Notices new entries and tells every open page, at most four times a second however many entries come:
/// a page that shows numbers must not be pushed a message per row.
/// </summary>
public sealed class LedgerTail(LedgerWindow window, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>Raised on a pool thread with <see cref="Head"/> already moved; components hop to their own with InvokeAsync.</summary>
    public event Action? Advanced;

    /// <summary>The last entry's sequence; 0 while there is no ledger or it is empty.</summary>
    public long Head { get; private set; }

    /// <summary>Looks once. The loop does this; tests do it when they have appended something.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        long head;
        try
        {
            head = await window.HeadAsync(cancellationToken);
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            // Every page says so when it reads; here it only means that nothing is new.
            return;
        }

        if (head == Head) return;
        Head = head;
        Advanced?.Invoke();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do await CheckAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The portal stops.
        }
    }
}
