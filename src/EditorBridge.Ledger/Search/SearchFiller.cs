using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Ledger.Search;

/// <summary>Keeps the full-text index up to date on a thread of its own, woken after commits. A fault in it never touches recording.</summary>
internal sealed partial class SearchFiller : IAsyncDisposable
{
    /// <summary>Commits come in bursts; one round for all of a burst costs the disk far less.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(200);

    private readonly LedgerFolder _folder;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wake = new(1, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Lock _indexGuard = new();
    private readonly Task _running;
    private SearchIndex? _index;

    public SearchFiller(LedgerFolder folder, ILogger logger)
    {
        _folder = folder;
        _logger = logger;
        _running = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    /// <summary>Something was committed. Cheap, from any thread.</summary>
    public void Wake()
    {
        if (_wake.CurrentCount == 0 && !_stop.IsCancellationRequested)
        {
            try
            {
                _wake.Release();
            }
            catch (SemaphoreFullException)
            {
                // Two commits at once: one waking is enough.
            }
        }
    }

    /// <summary>Drops the words of calls whose payloads are gone.</summary>
    public void Refresh(IEnumerable<long> calls)
    {
        lock (_indexGuard)
        {
            (_index ??= SearchIndex.Open(_folder)).Refresh(calls);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _index?.Dispose();
        // Not _wake: the append thread may be about to wake us once more, and without a wait handle there is nothing to dispose.
        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await _wake.WaitAsync(_stop.Token);
                Fill();
                await Task.Delay(Pause, _stop.Token);
            }
        }
        catch (OperationCanceledException)
        {
            // Closing. What is not indexed yet is, when the ledger is opened again.
        }
    }

    private void Fill()
    {
        try
        {
            lock (_indexGuard)
            {
                _index ??= SearchIndex.Open(_folder);
                while (!_stop.IsCancellationRequested && _index.Fill())
                {
                }
            }
        }
        catch (Exception e) when (e is SqliteException or IOException or InvalidDataException or UnauthorizedAccessException)
        {
            _index?.Dispose();
            _index = null;
            LogNotFilled(_logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The full-text index could not be brought up to date; searches may miss the newest calls")]
    private static partial void LogNotFilled(ILogger logger, Exception reason);
}
