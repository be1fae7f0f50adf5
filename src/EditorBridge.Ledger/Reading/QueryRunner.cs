using System.Collections.Concurrent;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;

namespace EditorBridge.Ledger.Reading;

/// <summary>
/// Runs queries away from the caller's thread, a few at a time, each bounded in time. SQLite in .NET is synchronous and knows no
/// cancellation: without this a slow query would freeze whoever asked, and a long one would keep the log of the writer from being reset.
/// </summary>
internal sealed class QueryRunner : IDisposable
{
    /// <summary>How many virtual machine steps SQLite takes between two looks at the token: some 0.1 ms.</summary>
    private const int StepsBetweenLooks = 4000;

    private readonly string _database;
    private readonly string _search;
    private readonly SemaphoreSlim _slots;
    private readonly ConcurrentBag<(SqliteConnection Connection, FileAges Ages)> _idle = [];
    private readonly CancellationTokenSource _closing = new();

    /// <param name="search">The full-text index; attached by the questions that need it.</param>
    public QueryRunner(string database, string search, int concurrency)
    {
        _database = database;
        _search = search;
        _slots = new SemaphoreSlim(concurrency, concurrency);
    }

    /// <exception cref="LedgerQueryTimeoutException">It took longer than the limit and was stopped.</exception>
    /// <exception cref="LedgerUnreadableException">The ledger is missing, locked away or damaged.</exception>
    /// <exception cref="OperationCanceledException">The caller gave up.</exception>
    public async Task<T> RunAsync<T>(Func<LedgerQuery, T> query, TimeSpan limit, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        try
        {
            using var deadline = new CancellationTokenSource(limit);
            using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token, _closing.Token);
            try
            {
                // The token is not given to Task.Run: the slot must be held until SQLite has really stopped.
                return await Task.Run(() => Run(query, either.Token), CancellationToken.None);
            }
            catch (Exception e) when (IsInterrupted(e) || e is OperationCanceledException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                throw new LedgerQueryTimeoutException(limit, e);
            }
        }
        finally
        {
            _slots.Release();
        }
    }

    public void Dispose()
    {
        _closing.Cancel();
        while (_idle.TryTake(out var idle))
        {
            idle.Connection.Dispose();
        }
        _closing.Dispose();
        _slots.Dispose();
    }

    private static bool IsInterrupted(Exception e) => e is SqliteException { SqliteErrorCode: SQLitePCL.raw.SQLITE_INTERRUPT };

    private T Run<T>(Func<LedgerQuery, T> query, CancellationToken cancellationToken)
    {
        SqliteConnection? connection = null;
        try
        {
            var ages = new FileAges(File.GetCreationTimeUtc(_database), File.GetCreationTimeUtc(_search));
            connection = Take(ages);
            // A handler, not sqlite3_interrupt: an interrupt that comes a moment before the statement starts would be lost.
            SQLitePCL.raw.sqlite3_progress_handler(
                connection.Handle, StepsBetweenLooks, static state => ((CancellationToken)state).IsCancellationRequested ? 1 : 0, cancellationToken);
            using var context = new LedgerContext(new DbContextOptionsBuilder<LedgerContext>()
                .UseSqlite(connection).UseQueryTrackingBehavior(QueryTrackingBehavior.NoTracking).Options);
            T result = query(new LedgerQuery(connection, context, _search));
            SQLitePCL.raw.sqlite3_progress_handler(connection.Handle, 0, null, null);
            _idle.Add((connection, ages));
            connection = null;
            return result;
        }
        catch (Exception e) when (e is SqliteException { SqliteErrorCode: not SQLitePCL.raw.SQLITE_INTERRUPT } or InvalidDataException)
        {
            throw new LedgerUnreadableException($"{_database} could not be read: {e.Message} Run 'editorbridge ledger verify' for a full report.", e);
        }
        finally
        {
            connection?.Dispose();
        }
    }

    /// <summary>
    /// A connection to the files that lie there now. A ledger can be put in the place of another while this runs (a new segment, a backup), and an open connection
    /// would go on reading the one that is gone.
    /// </summary>
    private SqliteConnection Take(FileAges ages)
    {
        while (_idle.TryTake(out var idle))
        {
            if (idle.Ages == ages)
            {
                return idle.Connection;
            }
            idle.Connection.Dispose();
        }
        if (!File.Exists(_database))
        {
            throw new LedgerUnreadableException($"There is no ledger at {_database} yet. It is made when the host first starts: editorbridge serve.", null);
        }
        SqliteConnection connection = LedgerConnection.OpenReader(_database);
        try
        {
            LedgerMigration.CheckReadable(connection, _database);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }
}

/// <summary>When the ledger and its full-text index were made: another time is another file.</summary>
internal readonly record struct FileAges(DateTime Database, DateTime Search);

/// <summary>What a query works with: EF Core for plain questions, the connection for those SQL says better.</summary>
internal sealed record LedgerQuery(SqliteConnection Connection, LedgerContext Context, string SearchFile);
