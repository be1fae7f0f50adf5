using System.Collections.Immutable;
using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Storage;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Ledger;

/// <summary>
/// The only way anything gets into a ledger. One per ledger and machine (a lock file elects it), safe for any number of threads.
/// An append returns when its entry is on the disk, or throws: there is no third answer.
/// </summary>
/// <remarks>
/// <code>
/// AppendAsync ─ redact, canonical facts, seal payloads ─► queue ─► append thread: link, insert, one transaction for all that wait, sync ─► answer
/// </code>
/// </remarks>
public sealed partial class LedgerWriter : IAsyncDisposable
{
    private readonly LedgerOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly CheckpointKey _key;
    private readonly WriterLock _lock;
    private readonly AppendLoop _loop;
    private int _disposed;

    private LedgerWriter(LedgerOptions options, TimeProvider time, ILogger logger, CheckpointKey key, WriterLock held, AppendLoop loop)
    {
        _options = options;
        _time = time;
        _logger = logger;
        _key = key;
        _lock = held;
        _loop = loop;
    }

    /// <summary>The ledger's own id, 32 lower-case hexadecimal digits.</summary>
    public string LedgerId => _loop.LedgerId;

    /// <summary>Whether appends can succeed now, and if not, why.</summary>
    public LedgerHealth Health => _loop.Health;

    /// <summary>The last durable entry.</summary>
    public ChainHead Head => _loop.Head;

    /// <summary>The newest checkpoint: what a witness outside this folder should keep.</summary>
    public CheckpointNote? LastCheckpoint => _loop.LastCheckpoint;

    /// <summary>A checkpoint was signed: what a witness should keep from now on. Raised on the append thread, so a listener only hands it on.</summary>
    public event Action<CheckpointNote>? CheckpointSigned
    {
        add => _loop.CheckpointSigned += value;
        remove => _loop.CheckpointSigned -= value;
    }

    /// <summary>Takes the ledger: elects itself by the lock file, checks SQLite, migrates, verifies the tail, records the opening and signs it.</summary>
    /// <exception cref="LedgerUnavailableException">Another writer has it, or it cannot be trusted; the message says what mends it.</exception>
    public static LedgerWriter Open(LedgerOptions options, TimeProvider time, ILoggerFactory? loggerFactory = null)
    {
        LedgerConnection.CheckSqliteVersion();
        var folder = new LedgerFolder(options.Folder);
        folder.Prepare();
        WriterLock held = WriterLock.Take(folder, time);
        CheckpointKey? key = null;
        try
        {
            key = CheckpointKey.OpenOrCreate(folder);
            ILogger logger = loggerFactory?.CreateLogger<LedgerWriter>() ?? NullLogger<LedgerWriter>.Instance;
            var loop = AppendLoop.Start(folder, options, key, time, logger);
            return new LedgerWriter(options, time, logger, key, held, loop);
        }
        catch
        {
            key?.Dispose();
            held.Dispose();
            throw;
        }
    }

    /// <summary>Records one entry. Completes when it is durable.</summary>
    /// <exception cref="LedgerUnavailableException">It is not known to be durable: release nothing.</exception>
    /// <exception cref="ArgumentException">The draft cannot be recorded as it is.</exception>
    public async Task<AuditEntry> AppendAsync(AuditDraft draft) => (await AppendAllAsync([draft]))[0];

    /// <summary>Records several entries in one transaction: all or none, one after the other in the chain.</summary>
    /// <exception cref="LedgerUnavailableException">They are not known to be durable: release nothing.</exception>
    /// <exception cref="ArgumentException">A draft cannot be recorded as it is.</exception>
    public async Task<ImmutableArray<AuditEntry>> AppendAllAsync(IReadOnlyList<AuditDraft> drafts)
    {
        if (drafts.Count == 0)
        {
            return [];
        }
        PreparedEntry[] prepared = [.. drafts.Select(draft => PreparedEntry.Of(draft, _options.Content))];
        AppendRequest request = new(prepared);
        _loop.Enqueue(request);
        try
        {
            return await request.Entries.WaitAsync(_options.AppendDeadline, _time);
        }
        catch (TimeoutException e)
        {
            if (request.TryAbandon())
            {
                LogDeadline(_logger, _options.AppendDeadline);
            }
            throw new LedgerUnavailableException(
                $"The record was not durable within {_options.AppendDeadline.TotalSeconds:0.#} s. Nothing may be released. The disk is too slow or blocked; look at its load and at 'editorbridge ledger status'.", e);
        }
    }

    /// <summary>Signs a checkpoint now, for a witness that asks.</summary>
    /// <exception cref="LedgerUnavailableException">It could not be written.</exception>
    public Task<CheckpointNote> SignCheckpointAsync() => _loop.RunAsync((store, now) => store.SignCheckpoint(now));

    /// <summary>Signs the manifest of an export with the ledger's key. The caller records the export as an access first.</summary>
    public Task<byte[]> SignAsync(ReadOnlyMemory<byte> manifest) => _loop.RunAsync((_, _) => _key.Sign(manifest.Span));

    /// <summary>Runs something alone on the append thread: how tests hold it still, or make SQLite answer as a full disk does.</summary>
    internal Task<T> RunAloneAsync<T>(Func<LedgerStore, T> work) => _loop.RunAsync((store, _) => work(store));

    /// <summary>Writes what waits, records the closing, signs it and lets the ledger go.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _loop.DisposeAsync();
            _key.Dispose();
            _lock.Dispose();
        }
    }

    [LoggerMessage(Level = LogLevel.Error, Message = "A record did not become durable within {Deadline}")]
    private static partial void LogDeadline(ILogger logger, TimeSpan deadline);
}
