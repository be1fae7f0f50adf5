using System.Collections.Immutable;
using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

/// <summary>The calls that wait for a person, oldest first; shared by all circuits and read again whenever the ledger has moved.</summary>
public sealed class WaitingReviews : IDisposable
{
    private readonly LedgerWindow _window;
    private readonly LedgerTail _tail;
    private int _reading;
    private bool _again;

    public WaitingReviews(LedgerWindow window, LedgerTail tail)
    {
        (_window, _tail) = (window, tail);
        _tail.Advanced += OnAdvanced;
    }

    public event Action? Changed;

    public ImmutableArray<AuditCall> Pending { get; private set; } = [];

    public void Dispose() => _tail.Advanced -= OnAdvanced;

    /// <exception cref="LedgerUnreadableException">There is nothing to read: an empty queue would be a lie.</exception>
    public async Task ReadAsync(CancellationToken cancellationToken)
    {
        var pending = await _window.PendingAsync(cancellationToken);
        if (pending.Select(call => call.CallId).SequenceEqual(Pending.Select(call => call.CallId))) return;
        Pending = pending;
        Changed?.Invoke();
    }

    private void OnAdvanced() => _ = FollowAsync();

    // One reading at a time; an advance that comes meanwhile makes it read once more.
    private async Task FollowAsync()
    {
        _again = true;
        if (Interlocked.Exchange(ref _reading, 1) == 1) return;
        try
        {
            while (_again)
            {
                _again = false;
                await ReadAsync(CancellationToken.None);
            }
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            // The pages say so when they read; the next entry asks again.
        }
        finally
        {
            Volatile.Write(ref _reading, 0);
        }
    }
}
