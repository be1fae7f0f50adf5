using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger.Search;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Ledger.Appending;

/// <summary>
/// The one thread that writes. It takes all that waits into one transaction (group commit), so many callers share one sync of the disk.
/// After a failure it fails everything, opens the file anew and verifies it; until that succeeds nothing is recorded.
/// </summary>
internal sealed partial class AppendLoop : IAsyncDisposable
{
    private const int MostPerTransaction = 512;

    private readonly LedgerFolder _folder;
    private readonly LedgerOptions _options;
    private readonly CheckpointKey _key;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly BlockingCollection<LedgerWork> _queue;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly ClockWatch _clock;
    private readonly ITimer _checkpointTimer;
    private readonly SearchFiller? _search;
    private readonly WalWriteBack _writeBack;
    private readonly List<LedgerWork> _taken = new(MostPerTransaction);
    private LedgerStore? _store;
    private bool _checkpointWaits;

    private AppendLoop(LedgerFolder folder, LedgerOptions options, CheckpointKey key, TimeProvider time, ILogger logger, LedgerStore store)
    {
        _folder = folder;
        _options = options;
        _key = key;
        _time = time;
        _logger = logger;
        _store = store;
        _queue = new BlockingCollection<LedgerWork>(options.QueueLimit);
        _clock = new ClockWatch(time, options.ClockTolerance, store.Head.At);
        _search = options.FullText ? new SearchFiller(folder, logger) : null;
        _writeBack = new WalWriteBack(folder, logger);
        LedgerId = store.LedgerId;
        Head = store.Head;
        LastCheckpoint = store.LastCheckpoint;
        Health = new LedgerHealth(true, null, time.GetUtcNow());
        // Fires on a pool thread; the work itself goes through the queue like any other.
        _checkpointTimer = time.CreateTimer(
            static loop => ((AppendLoop)loop!).EnqueueCheckpoint(), this, options.CheckpointInterval, options.CheckpointInterval);
    }

    public string LedgerId { get; }

    public ChainHead Head { get; private set; }

    public CheckpointNote? LastCheckpoint { get; private set; }

    public LedgerHealth Health { get; private set; }

    /// <summary>A checkpoint was signed. Raised on the append thread: a listener only hands it on.</summary>
    public event Action<CheckpointNote>? CheckpointSigned;

    /// <exception cref="LedgerUnavailableException">The ledger cannot be opened, or the opening cannot be recorded.</exception>
    public static AppendLoop Start(LedgerFolder folder, LedgerOptions options, CheckpointKey key, TimeProvider time, ILogger logger)
    {
        LedgerStore store = LedgerStore.Open(folder, key, time.GetUtcNow(), acknowledged: null);
        var loop = new AppendLoop(folder, options, key, time, logger, store);
        try
        {
            loop.Append(store, [PreparedEntry.Of(OpeningDraft(store, key), options.Content)]);
            loop.Checkpoint(store);
        }
        catch (Exception e) when (IsStorageFailure(e))
        {
            store.Dispose();
            loop._checkpointTimer.Dispose();
            throw new LedgerUnavailableException(LedgerStore.Explain(folder, e), e);
        }
        new Thread(loop.Run) { Name = "ledger writer", IsBackground = true }.Start();
        return loop;
    }

    /// <exception cref="LedgerUnavailableException">The queue is full, or the writer has been closed.</exception>
    public void Enqueue(LedgerWork work)
    {
        try
        {
            if (_queue.TryAdd(work))
            {
                return;
            }
        }
        catch (InvalidOperationException e)
        {
            throw new LedgerUnavailableException("The ledger has been closed. Nothing was recorded or released.", e);
        }
        throw new LedgerUnavailableException($"{_options.QueueLimit} records already wait for the disk. Nothing was recorded or released. Try again in a moment.");
    }

    /// <summary>Drops the words of payloads that are gone from the full-text index.</summary>
    public void RefreshSearch(IEnumerable<long> calls) => _search?.Refresh(calls);

    public Task<T> RunAsync<T>(Func<LedgerStore, DateTimeOffset, T> work)
    {
        var request = new StoreWork<T>(work);
        Enqueue(request);
        return request.Result;
    }

    /// <summary>Writes what waits, records the closing and signs it.</summary>
    public async ValueTask DisposeAsync()
    {
        await _checkpointTimer.DisposeAsync();
        // Both have the database open: they must let go first, so that the writer is the last to close and empties its log.
        if (_search is not null)
        {
            await _search.DisposeAsync();
        }
        await _writeBack.DisposeAsync();
        _queue.CompleteAdding();
        await _stopped.Task;
        _queue.Dispose();
    }

    private static bool IsStorageFailure(Exception e) => e is SqliteException or IOException or UnauthorizedAccessException or InvalidDataException;

    private static AuditDraft OpeningDraft(LedgerStore store, CheckpointKey key) => new()
    {
        Kind = EntryKind.LedgerOpened,
        CallId = Guid.CreateVersion7().ToString("N"),
        Actor = "host",
        Facts = new JsonObject
        {
            ["keyId"] = key.Id,
            ["ledger"] = store.LedgerId,
            ["schema"] = LedgerSchema.Version,
            ["sqlite"] = LedgerConnection.SqliteVersion,
            ["version"] = typeof(AppendLoop).Assembly.GetName().Version?.ToString(3),
        },
    };

    private void Run()
    {
        foreach (LedgerWork first in _queue.GetConsumingEnumerable())
        {
            Take(first);
            while (_taken.Count < MostPerTransaction && _queue.TryTake(out LedgerWork? next))
            {
                Take(next);
            }
            if (_taken.Count > 0)
            {
                Write();
                _taken.Clear();
            }
        }
        Close();
        _stopped.SetResult();
    }

    private void Take(LedgerWork work)
    {
        if (work.TryTake())
        {
            _taken.Add(work);
        }
    }

    private void Write()
    {
        try
        {
            LedgerStore store = _store ??= Reopen();
            AppendRequest[] appends = [.. _taken.OfType<AppendRequest>()];
            if (appends.Length > 0)
            {
                Answer(appends, Append(store, [.. appends.SelectMany(static a => a.Prepared)]));
                _writeBack.Committed(appends.Length);
            }
            foreach (StoreWork work in _taken.OfType<StoreWork>())
            {
                work.Run(store, _time.GetUtcNow());
                Publish(store);
            }
            if (Head.Sequence - (LastCheckpoint?.Sequence ?? 0) >= _options.CheckpointEntries)
            {
                Checkpoint(store);
            }
        }
        catch (LedgerUnavailableException e)
        {
            Fail(e);
        }
        catch (Exception e) when (IsStorageFailure(e))
        {
            Fail(new LedgerUnavailableException(LedgerStore.Explain(_folder, e), e));
        }
#pragma warning disable CA1031 // The thread must outlive any fault, and whoever waits must get an answer: an unknown fault is a failed append.
        catch (Exception e)
        {
            Fail(new LedgerUnavailableException($"The ledger failed in an unforeseen way: {e.Message} Nothing was recorded or released.", e));
        }
#pragma warning restore CA1031
    }

    /// <summary>Appends, with an entry before them when the clock has moved; returns only what was asked for.</summary>
    private ImmutableArray<AuditEntry> Append(LedgerStore store, IReadOnlyList<PreparedEntry> prepared)
    {
        DateTimeOffset now = _clock.Now(out AuditDraft? jump);
        ImmutableArray<AuditEntry> entries = jump is null
            ? store.Append(prepared, now)
            : store.Append([PreparedEntry.Of(jump, _options.Content), .. prepared], now).RemoveAt(0);
        Publish(store);
        return entries;
    }

    private static void Answer(AppendRequest[] appends, ImmutableArray<AuditEntry> entries)
    {
        int start = 0;
        foreach (AppendRequest append in appends)
        {
            append.Complete(entries.Slice(start, append.Prepared.Count));
            start += append.Prepared.Count;
        }
    }

    private LedgerStore Reopen()
    {
        LedgerStore store = LedgerStore.Open(_folder, _key, _time.GetUtcNow(), Head);
        Health = new LedgerHealth(true, null, _time.GetUtcNow());
        LogReopened(_logger, store.Head.Sequence);
        return store;
    }

    private void Fail(LedgerUnavailableException reason)
    {
        LogUnavailable(_logger, reason, _taken.Count);
        _store?.Dispose();
        _store = null;
        Health = new LedgerHealth(false, reason.Message, _time.GetUtcNow());
        // The signature that waited may be among what failed: the next tick asks for another.
        Volatile.Write(ref _checkpointWaits, false);
        foreach (LedgerWork work in _taken)
        {
            work.Fail(reason);
        }
    }

    private void EnqueueCheckpoint()
    {
        // One at a time: after a long sleep the ticks that were missed must not crowd out what waits for the disk.
        if (Head.Sequence > (LastCheckpoint?.Sequence ?? 0) && !Interlocked.Exchange(ref _checkpointWaits, true))
        {
            try
            {
                Enqueue(new StoreWork<CheckpointNote>((store, now) =>
                {
                    Volatile.Write(ref _checkpointWaits, false);
                    return store.SignCheckpoint(now);
                }));
            }
            catch (LedgerUnavailableException)
            {
                // The queue is full or closing: the next tick or the closing signs.
                Volatile.Write(ref _checkpointWaits, false);
            }
        }
    }

    private void Checkpoint(LedgerStore store)
    {
        store.SignCheckpoint(_time.GetUtcNow());
        store.Optimize();
        Publish(store);
    }

    private void Publish(LedgerStore store)
    {
        Head = store.Head;
        bool signed = store.LastCheckpoint is not null && !ReferenceEquals(store.LastCheckpoint, LastCheckpoint);
        LastCheckpoint = store.LastCheckpoint;
        _search?.Wake();
        if (signed)
        {
            CheckpointSigned?.Invoke(LastCheckpoint!);
        }
    }

    private void Close()
    {
        if (_store is not { } store)
        {
            return;
        }
        try
        {
            Append(store, [PreparedEntry.Of(
                new AuditDraft { Kind = EntryKind.LedgerClosed, CallId = Guid.CreateVersion7().ToString("N"), Actor = "host" }, _options.Content)]);
            Checkpoint(store);
        }
        catch (Exception e) when (IsStorageFailure(e))
        {
            LogCloseFailed(_logger, e);
        }
        store.Dispose();
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "The ledger cannot record; {Waiting} records failed")]
    private static partial void LogUnavailable(ILogger logger, Exception reason, int waiting);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The ledger records again, from entry {Sequence} on")]
    private static partial void LogReopened(ILogger logger, long sequence);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The closing of the ledger could not be recorded")]
    private static partial void LogCloseFailed(ILogger logger, Exception reason);
}
