using System.Buffers;
using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Audit;
using EditorBridge.Ledger.Projection;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Appending;

/// <summary>
/// The open handle of the one writer. Not thread-safe: only the append thread calls it. After any exception it must be disposed and opened
/// anew: what a failed sync left in the page cache is unknown, so the same handle is never tried again.
/// </summary>
internal sealed class LedgerStore : IDisposable
{
    private readonly LedgerFolder _folder;
    private readonly CheckpointKey _key;
    private readonly SqliteConnection _connection;
    private readonly EntryStatements _statements;
    private readonly CallProjection _projection;
    private readonly HeadFile _headFile;
    private readonly ArrayBufferWriter<byte> _scratch = new(4096);

    private LedgerStore(LedgerFolder folder, CheckpointKey key, SqliteConnection connection, HeadFile headFile, LedgerTail tail)
    {
        _folder = folder;
        _key = key;
        _connection = connection;
        _headFile = headFile;
        _statements = new EntryStatements(connection);
        _projection = new CallProjection(connection);
        LedgerId = tail.LedgerId;
        Head = tail.Head;
        LastCheckpoint = tail.Checkpoint;
    }

    public string LedgerId { get; }

    /// <summary>For reading, and for changes inside <see cref="AppendWith"/>.</summary>
    public SqliteConnection Connection => _connection;

    /// <summary>The last durable entry; sequence 0 and the genesis hash before the first.</summary>
    public ChainHead Head { get; private set; }

    public CheckpointNote? LastCheckpoint { get; private set; }

    /// <summary>Opens, migrates if need be, and verifies the tail.</summary>
    /// <param name="acknowledged">What this process knows to be durable: the reopened file must still contain it.</param>
    /// <exception cref="LedgerUnavailableException">With the cause and what mends it.</exception>
    public static LedgerStore Open(LedgerFolder folder, CheckpointKey key, DateTimeOffset now, ChainHead? acknowledged)
    {
        SqliteConnection? connection = null;
        HeadFile? headFile = null;
        try
        {
            headFile = HeadFile.Open(folder.Head);
            if (!File.Exists(folder.Database) && (acknowledged ?? headFile.Read()) is { Sequence: > 0 } lost)
            {
                throw new LedgerUnavailableException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{folder.Database} is gone, but {lost.Sequence} entries were recorded in it. Nothing was recorded. Restore it (editorbridge ledger restore), or begin a new ledger that says so (editorbridge ledger new-segment)."));
            }
            LedgerFolder.OpenPrivate(folder.Database, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
            connection = LedgerConnection.OpenWriter(folder.Database);
            LedgerMigration.Apply(connection, folder.Database, version => LedgerBackup.BeforeMigration(folder, version, now));
            LedgerTail tail = LedgerTail.Verify(connection, folder, key, headFile.Read(), acknowledged);
            headFile.Write(tail.Head);
            return new LedgerStore(folder, key, connection, headFile, tail);
        }
        catch (Exception e) when (e is SqliteException or IOException or UnauthorizedAccessException)
        {
            connection?.Dispose();
            headFile?.Dispose();
            throw new LedgerUnavailableException(Explain(folder, e), e);
        }
        catch
        {
            connection?.Dispose();
            headFile?.Dispose();
            throw;
        }
    }

    /// <summary>Appends in one transaction and returns when it is on the disk.</summary>
    /// <exception cref="SqliteException">Nothing of the batch may be taken as recorded; dispose this store.</exception>
    public ImmutableArray<AuditEntry> Append(IReadOnlyList<PreparedEntry> batch, DateTimeOffset at) => Append(batch, _ => at);

    /// <summary>As above, with a time for each entry: for history that is made, not lived.</summary>
    public ImmutableArray<AuditEntry> Append(IReadOnlyList<PreparedEntry> batch, Func<int, DateTimeOffset> timeOf)
    {
        var entries = ImmutableArray.CreateBuilder<AuditEntry>(batch.Count);
        ChainHead head = Head;
        try
        {
            using WriteTransaction transaction = WriteTransaction.Begin(_connection);
            for (int i = 0; i < batch.Count; i++)
            {
                AuditEntry entry = Insert(batch[i], head, timeOf(i));
                head = new ChainHead(entry.Sequence, entry.Hash, entry.At);
                entries.Add(entry);
            }
            transaction.Commit();
        }
        catch
        {
            _projection.Forget();
            throw;
        }
        Head = head;
        _headFile.Write(head);
        return entries.MoveToImmutable();
    }

    /// <summary>Signs where the chain stands, unless the last checkpoint already says it.</summary>
    public CheckpointNote SignCheckpoint(DateTimeOffset at)
    {
        if (LastCheckpoint is { } last && last.Sequence == Head.Sequence && last.KeyId == _key.Id)
        {
            return last;
        }
        CheckpointNote note = _key.Sign(LedgerId, Head.Sequence, Head.Hash.AsMemory(), at, LastCheckpoint);
        using (WriteTransaction transaction = WriteTransaction.Begin(_connection))
        {
            _statements.Insert(note);
            transaction.Commit();
        }
        CheckpointFile.Append(_folder.Checkpoints, note);
        LastCheckpoint = note;
        return note;
    }

    /// <summary>Lets SQLite look at its tables again where they have grown, so that lists go on using the right index. Takes milliseconds.</summary>
    public void Optimize() => LedgerConnection.Execute(_connection, "PRAGMA analysis_limit = 1000; PRAGMA optimize = 0x10002;");

    /// <summary>Lets SQLite refuse to grow this handle's file beyond a number of pages, with the error of a full disk. For tests.</summary>
    internal long LimitPages(int pages) => LedgerConnection.ScalarNumber(_connection, $"PRAGMA max_page_count = {pages}");

    /// <summary>Runs a change other than an append (retention, holds, receipts) together with the entry that records it.</summary>
    public AuditEntry AppendWith(PreparedEntry prepared, DateTimeOffset at, Action<SqliteConnection, long> change)
    {
        AuditEntry entry;
        try
        {
            using WriteTransaction transaction = WriteTransaction.Begin(_connection);
            entry = Insert(prepared, Head, at);
            change(_connection, entry.Sequence);
            transaction.Commit();
        }
        catch
        {
            _projection.Forget();
            throw;
        }
        Head = new ChainHead(entry.Sequence, entry.Hash, at);
        _headFile.Write(Head);
        return entry;
    }

    public void Dispose()
    {
        _statements.Dispose();
        _projection.Dispose();
        _connection.Dispose();
        _headFile.Dispose();
    }

    private AuditEntry Insert(PreparedEntry prepared, ChainHead head, DateTimeOffset at)
    {
        byte[] hash = new byte[HashChain.HashLength];
        long sequence = head.Sequence + 1;
        HashChain.Hash(_scratch, prepared.Draft, sequence, at, prepared.Facts, prepared.Payloads, head.Hash.AsSpan(), hash);
        var entry = new AuditEntry
        {
            Sequence = sequence,
            At = at,
            Draft = prepared.Draft,
            PreviousHash = head.Hash,
            Hash = [.. hash],
            Payloads = prepared.Payloads,
        };
        _statements.Insert(entry, prepared, hash);
        _projection.Apply(entry);
        return entry;
    }

    internal static string Explain(LedgerFolder folder, Exception e) => e switch
    {
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_FULL } => $"The disk that holds {folder.Path} is full. Nothing was recorded or released. Free some space: recording goes on by itself.",
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_CORRUPT or SQLitePCL.raw.SQLITE_NOTADB } => $"{folder.Database} is damaged ({e.Message}). Nothing was recorded or released. Run: editorbridge ledger verify, then restore a backup or begin a new segment.",
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_READONLY or SQLitePCL.raw.SQLITE_CANTOPEN } => $"{folder.Database} cannot be written ({e.Message}). Nothing was recorded or released. Check the owner and the mode of {folder.Path} and whether its disk is mounted read-only.",
        SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_BUSY or SQLitePCL.raw.SQLITE_LOCKED } => $"Another program holds {folder.Database} locked. Nothing was recorded or released. Close tools that have it open for writing.",
        _ => $"The ledger in {folder.Path} could not be written: {e.Message} Nothing was recorded or released.",
    };
}
