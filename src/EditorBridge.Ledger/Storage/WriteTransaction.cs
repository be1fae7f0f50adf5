using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Storage;

/// <summary>BEGIN IMMEDIATE … COMMIT in plain SQL, so that prepared statements need not be told of each transaction. Rolls back unless committed.</summary>
internal sealed class WriteTransaction : IDisposable
{
    private readonly SqliteConnection _connection;
    private bool _committed;

    private WriteTransaction(SqliteConnection connection) => _connection = connection;

    public static WriteTransaction Begin(SqliteConnection connection)
    {
        LedgerConnection.Execute(connection, "BEGIN IMMEDIATE");
        return new WriteTransaction(connection);
    }

    public void Commit()
    {
        LedgerConnection.Execute(_connection, "COMMIT");
        _committed = true;
    }

    public void Dispose()
    {
        // After some errors (disk full, I/O) SQLite has rolled back by itself.
        if (!_committed && SQLitePCL.raw.sqlite3_get_autocommit(_connection.Handle) == 0)
        {
            LedgerConnection.Execute(_connection, "ROLLBACK");
        }
    }
}
