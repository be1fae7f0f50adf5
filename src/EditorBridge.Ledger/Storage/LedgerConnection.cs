using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Storage;

/// <summary>Opens connections to a ledger with the settings durability and safety need.</summary>
internal static class LedgerConnection
{
    /// <summary>SQLite before this loses committed data in rare races of a WAL reset with a second connection.</summary>
    private static readonly Version OldestSafeSqlite = new(3, 51, 3);

    static LedgerConnection() => SQLitePCL.Batteries_V2.Init();

    public static string SqliteVersion => SQLitePCL.raw.sqlite3_libversion().utf8_to_string();

    /// <exception cref="LedgerUnavailableException">The SQLite library in this process is too old.</exception>
    public static void CheckSqliteVersion() => CheckSqliteVersion(SqliteVersion);

    internal static void CheckSqliteVersion(string version)
    {
        if (!Version.TryParse(version, out Version? found) || found < OldestSafeSqlite)
        {
            throw new LedgerUnavailableException(
                $"The SQLite library is version {version}; the ledger needs {OldestSafeSqlite} or newer, because older ones can lose committed records. Nothing was recorded. Use the library that ships with EditorBridge.");
        }
    }

    /// <summary>The writer's connection: WAL, every commit synced, deleted content overwritten.</summary>
    public static SqliteConnection OpenWriter(string database)
    {
        SqliteConnection connection = Open(database, SqliteOpenMode.ReadWrite);
        try
        {
            // auto_vacuum only takes effect before the first table; on an existing file it changes nothing.
            // The log is moved into the database beside the appends (WalWriteBack); 64 MB is the bound if that should ever fail.
            Execute(connection, """
                PRAGMA auto_vacuum = INCREMENTAL;
                PRAGMA journal_mode = WAL;
                PRAGMA synchronous = FULL;
                PRAGMA secure_delete = ON;
                PRAGMA trusted_schema = OFF;
                PRAGMA cell_size_check = ON;
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = -16384;
                PRAGMA journal_size_limit = 67108864;
                PRAGMA wal_autocheckpoint = 16384;
                """);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>A connection that cannot write: opened read-only, and told so again.</summary>
    public static SqliteConnection OpenReader(string database)
    {
        SqliteConnection connection = Open(database, SqliteOpenMode.ReadOnly);
        try
        {
            Execute(connection, """
                PRAGMA query_only = ON;
                PRAGMA trusted_schema = OFF;
                PRAGMA cell_size_check = ON;
                PRAGMA temp_store = MEMORY;
                PRAGMA cache_size = -32768;
                """);
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static SqliteConnection Open(string database, SqliteOpenMode mode)
    {
        var connection = new SqliteConnection(new SqliteConnectionStringBuilder
        {
            DataSource = database,
            Mode = mode,
            Pooling = false,
            DefaultTimeout = 5,
        }.ToString());
        try
        {
            connection.Open();
            return connection;
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    public static void Execute(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }

    public static long ScalarNumber(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
