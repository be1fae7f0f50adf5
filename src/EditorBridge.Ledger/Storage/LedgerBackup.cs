using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Storage;

/// <summary>Copies of a ledger made through SQLite, so that a copy is whole even while the writer works.</summary>
internal static class LedgerBackup
{
    /// <summary>A copy before the schema changes, kept in the backups folder.</summary>
    public static void BeforeMigration(LedgerFolder folder, int version, DateTimeOffset now)
    {
        LedgerFolder.MakePrivateFolder(folder.Backups);
        Copy(folder.Database, Path.Combine(folder.Backups, string.Create(
            CultureInfo.InvariantCulture, $"before-schema-{version + 1}-{now.UtcDateTime:yyyyMMdd'T'HHmmss'Z'}.db")));
    }

    /// <summary>A whole copy with all that is committed. The target must not exist.</summary>
    public static void Copy(string database, string target)
    {
        LedgerFolder.OpenPrivate(target, FileMode.CreateNew, FileAccess.Write, FileShare.ReadWrite).Dispose();
        using SqliteConnection source = LedgerConnection.OpenReader(database);
        using SqliteConnection copy = LedgerConnection.Open(target, SqliteOpenMode.ReadWrite);
        source.BackupDatabase(copy);
    }
}
