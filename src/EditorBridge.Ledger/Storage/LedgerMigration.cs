using System.Globalization;
using Microsoft.Data.Sqlite;
using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Infrastructure;
using Microsoft.EntityFrameworkCore.Migrations;

namespace EditorBridge.Ledger.Storage;

/// <summary>Brings a database to the schema of this program: in one transaction, after a backup, or not at all.</summary>
/// <remarks>
/// The SQL comes from EF Core's migrations, but EF does not run it: its own runner keeps a lock row that a killed process would leave
/// behind for ever, and commits migration by migration. The writer's lock file already makes us the only one.
/// </remarks>
internal static class LedgerMigration
{
    /// <summary>The schema version of the database; 0 for a new file.</summary>
    /// <exception cref="LedgerUnavailableException">The file is not a ledger, or a newer program made it.</exception>
    public static int CheckVersion(SqliteConnection connection, string database)
    {
        long application = LedgerConnection.ScalarNumber(connection, "PRAGMA application_id");
        long version = LedgerConnection.ScalarNumber(connection, "PRAGMA user_version");
        bool empty = LedgerConnection.ScalarNumber(connection, "SELECT count(*) FROM sqlite_master") == 0;
        if (application != LedgerSchema.ApplicationId && !(empty && application == 0))
        {
            throw new LedgerUnavailableException($"{database} is not a ledger of EditorBridge. Nothing was recorded, and the file was left as it is. Set the ledger folder to another place.");
        }
        if (version > LedgerSchema.Version)
        {
            throw new LedgerUnavailableException(string.Create(
                CultureInfo.InvariantCulture,
                $"{database} was made by a newer version of EditorBridge (schema {version}; this program knows {LedgerSchema.Version}). Nothing was recorded, and the file was left as it is. Install the newer version."));
        }
        return (int)version;
    }

    /// <exception cref="LedgerUnreadableException">The file is not a ledger this program can read.</exception>
    public static void CheckReadable(SqliteConnection connection, string database)
    {
        try
        {
            if (CheckVersion(connection, database) is var version and not LedgerSchema.Version)
            {
                throw new LedgerUnreadableException(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{database} has the older schema {version}; this program reads {LedgerSchema.Version}. Start the host once to bring it up to date: editorbridge serve."), null);
            }
        }
        catch (LedgerUnavailableException e)
        {
            throw new LedgerUnreadableException(e.Message, e);
        }
    }

    /// <param name="backup">Called before an existing ledger is changed.</param>
    public static void Apply(SqliteConnection connection, string database, Action<int> backup)
    {
        int version = CheckVersion(connection, database);
        if (version == LedgerSchema.Version)
        {
            return;
        }
        if (version > 0)
        {
            backup(version);
        }
        string script = Script(connection, version);
        using WriteTransaction transaction = WriteTransaction.Begin(connection);
        LedgerConnection.Execute(connection, script);
        if (version == 0)
        {
            using SqliteCommand insert = connection.CreateCommand();
            insert.CommandText = "INSERT INTO ledger (id) VALUES ($id)";
            insert.Parameters.AddWithValue("$id", Guid.NewGuid().ToString("N"));
            insert.ExecuteNonQuery();
        }
        LedgerConnection.Execute(connection, string.Create(
            CultureInfo.InvariantCulture,
            $"PRAGMA application_id = {LedgerSchema.ApplicationId}; PRAGMA user_version = {LedgerSchema.Version};"));
        transaction.Commit();
    }

    private static string Script(SqliteConnection connection, int version)
    {
        using var context = new LedgerContext(new DbContextOptionsBuilder<LedgerContext>().UseSqlite(connection).Options);
        string[] known = [.. context.Database.GetMigrations()];
        string? from = version == 0 ? Migration.InitialDatabase : known[version - 1];
        return context.GetService<IMigrator>().GenerateScript(from, known[^1], MigrationsSqlGenerationOptions.NoTransactions);
    }
}
