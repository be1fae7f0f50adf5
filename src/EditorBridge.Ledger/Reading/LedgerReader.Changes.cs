using System.Runtime.CompilerServices;

namespace EditorBridge.Ledger;

public sealed partial class LedgerReader
{
    private static readonly TimeSpan PollEvery = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// Where the chain stands, now and whenever it has grown, at most twice a second. Only the newest head is given: a slow consumer skips,
    /// it is never flooded. Ends with the cancellation.
    /// </summary>
    public async IAsyncEnumerable<ChainHead> HeadsAsync(TimeProvider time, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        using var timer = new PeriodicTimer(PollEvery, time);
        ChainHead? last = null;
        do
        {
            ChainHead? head = await TryHeadAsync(last, cancellationToken);
            if (head is not null && head.Sequence != last?.Sequence)
            {
                last = head;
                yield return head;
            }
        }
        while (await timer.WaitForNextTickAsync(cancellationToken));
    }

    /// <summary>Null while there is no ledger to read: it may be made, or come back, later.</summary>
    private async Task<ChainHead?> TryHeadAsync(ChainHead? last, CancellationToken cancellationToken)
    {
        try
        {
            return await HeadAsync(cancellationToken);
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            return last;
        }
    }
}
