using System.Collections.Immutable;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Verification;

/// <summary>SQLite's own check finds what hashes cannot: an index that does not lead to its rows would hide entries from lists.</summary>
internal static class IndexChecks
{
    /// <summary>Virtual machine steps between two looks at the token.</summary>
    private const int StepsBetweenLooks = 100_000;

    /// <summary>Never throws: what stands in its way is a finding, and being stopped gives none.</summary>
    public static ImmutableArray<VerifyFinding> Verify(string database, CancellationToken cancellationToken)
    {
        try
        {
            using SqliteConnection connection = LedgerConnection.OpenReader(database);
            SQLitePCL.raw.sqlite3_progress_handler(
                connection.Handle, StepsBetweenLooks, static state => ((CancellationToken)state).IsCancellationRequested ? 1 : 0, cancellationToken);
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = "PRAGMA integrity_check(1)";
            return command.ExecuteScalar() is string result and not "ok" ? [Damaged(result)] : [];
        }
        catch (SqliteException e)
        {
            return e.SqliteErrorCode is SQLitePCL.raw.SQLITE_INTERRUPT ? [] : [Damaged(e.Message)];
        }
    }

    private static VerifyFinding Damaged(string how) => new(VerifyProblem.Unreadable, null, $"The database file is damaged: {how}");
}
