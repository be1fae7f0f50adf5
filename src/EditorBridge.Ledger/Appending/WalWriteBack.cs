using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Ledger.Appending;

/// <summary>
/// Moves what was committed from SQLite's log into the database beside the append thread, so that no append waits for it. It never blocks the
/// writer, and a fault in it never touches recording: the log is as durable as the database, and the writer moves it itself once it is large.
/// </summary>
internal sealed partial class WalWriteBack : IAsyncDisposable
{
    /// <summary>Entries between two rounds: about 4 MB of log, SQLite's own measure.</summary>
    private const int EntriesPerRound = 64;

    private readonly LedgerFolder _folder;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _wake = new(0, 1);
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private SqliteConnection? _connection;
    private int _waiting;

    public WalWriteBack(LedgerFolder folder, ILogger logger)
    {
        _folder = folder;
        _logger = logger;
        _running = Task.Run(RunAsync);
    }

    /// <summary>Entries were committed. Cheap; from the append thread only.</summary>
    public void Committed(int entries)
    {
        _waiting += entries;
        if (_waiting < EntriesPerRound || _wake.CurrentCount > 0)
        {
            return;
        }
        _waiting = 0;
        _wake.Release();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _connection?.Dispose();
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
                WriteBack();
            }
        }
        catch (OperationCanceledException)
        {
            // Closing: the writer, the last to close the database, empties the log.
        }
    }

    private void WriteBack()
    {
        try
        {
            _connection ??= LedgerConnection.OpenWriter(_folder.Database);
            // PASSIVE: as far as nobody has to be waited for. The rest is for the next round.
            LedgerConnection.Execute(_connection, "PRAGMA wal_checkpoint(PASSIVE)");
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            _connection?.Dispose();
            _connection = null;
            LogNotWrittenBack(_logger, e);
        }
    }

    [LoggerMessage(Level = LogLevel.Warning, Message = "The ledger's log could not be moved into its database; it is moved with a later append")]
    private static partial void LogNotWrittenBack(ILogger logger, Exception reason);
}
