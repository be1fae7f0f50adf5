using System.Globalization;
using System.Text;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Search;

/// <summary>
/// The full-text index, in a file of its own: filled after the commit, so it never slows an append; derived, so it may be deleted and is
/// rebuilt. One document per call with its subject and the texts of its payloads; the row id is the call's first sequence.
/// </summary>
/// <remarks>Contentless: the file holds words and where they stand, not the texts, and a dropped payload's words are dropped with it.</remarks>
internal sealed class SearchIndex : IDisposable
{
    private const string Schema = """
        CREATE VIRTUAL TABLE call_text USING fts5 (body, content = '', contentless_delete = 1, tokenize = "unicode61 remove_diacritics 2 tokenchars '_'");
        CREATE TABLE progress (ledger TEXT NOT NULL, watermark INTEGER NOT NULL);
        """;

    /// <summary>Entries looked at in one round: some ten milliseconds, after which whoever waits for the file gets it.</summary>
    private const int EntriesPerRound = 500;

    /// <summary>Of a long text its beginning and its end are searchable: a conversation's newest words stand at its end.</summary>
    private const int SearchableHalf = 16 * 1024;

    private readonly SqliteConnection _ledger;
    private readonly SqliteConnection _index;

    private SearchIndex(SqliteConnection ledger, SqliteConnection index)
    {
        _ledger = ledger;
        _index = index;
    }

    /// <summary>Opens the index of a ledger; one that is damaged or belongs to another ledger is made anew.</summary>
    public static SearchIndex Open(LedgerFolder folder)
    {
        SqliteConnection ledger = LedgerConnection.OpenReader(folder.Database);
        try
        {
            string id = Text(ledger, "SELECT id FROM ledger")!;
            try
            {
                return new SearchIndex(ledger, OpenIndex(folder.Search, id));
            }
            catch (SqliteException)
            {
                foreach (string file in new[] { folder.Search, folder.Search + "-wal", folder.Search + "-shm" })
                {
                    File.Delete(file);
                }
                return new SearchIndex(ledger, OpenIndex(folder.Search, id));
            }
        }
        catch
        {
            ledger.Dispose();
            throw;
        }
    }

    /// <summary>Indexes what was appended since, one round of it.</summary>
    /// <returns>Whether there may be more.</returns>
    public bool Fill()
    {
        long watermark = LedgerConnection.ScalarNumber(_index, "SELECT watermark FROM progress");
        long last = LedgerConnection.ScalarNumber(_ledger, "SELECT coalesce(max(sequence), 0) FROM entries");
        long to = Math.Min(last, watermark + EntriesPerRound);
        if (to == watermark)
        {
            return false;
        }
        using WriteTransaction transaction = WriteTransaction.Begin(_index);
        foreach (long call in Numbers(
            "SELECT DISTINCT c.first_sequence FROM entries e JOIN calls c ON c.call_id = e.call_id WHERE e.sequence > $a AND e.sequence <= $b", watermark, to))
        {
            Put(call);
        }
        Execute("UPDATE progress SET watermark = $a", to);
        transaction.Commit();
        return to < last;
    }

    /// <summary>Takes the words of calls out whose payloads were dropped and puts back what is left of them.</summary>
    public void Refresh(IEnumerable<long> calls)
    {
        using WriteTransaction transaction = WriteTransaction.Begin(_index);
        foreach (long call in calls)
        {
            Put(call);
        }
        // Merges the segments, so that the old words are really gone from the file.
        LedgerConnection.Execute(_index, "INSERT INTO call_text (call_text) VALUES ('optimize')");
        transaction.Commit();
        LedgerConnection.Execute(_index, "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    public void Dispose()
    {
        _ledger.Dispose();
        _index.Dispose();
    }

    private static SqliteConnection OpenIndex(string file, string ledgerId)
    {
        LedgerFolder.OpenPrivate(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite).Dispose();
        SqliteConnection index = LedgerConnection.Open(file, SqliteOpenMode.ReadWrite);
        try
        {
            // Derived data: a power cut may cost the newest part, which is then filled again from the watermark.
            LedgerConnection.Execute(index, "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA secure_delete = ON;");
            if (LedgerConnection.ScalarNumber(index, "SELECT count(*) FROM sqlite_master WHERE name = 'progress'") == 1
                && Text(index, "SELECT ledger FROM progress") != ledgerId)
            {
                LedgerConnection.Execute(index, "DROP TABLE call_text; DROP TABLE progress;");
            }
            if (LedgerConnection.ScalarNumber(index, "SELECT count(*) FROM sqlite_master WHERE name = 'progress'") == 0)
            {
                using WriteTransaction transaction = WriteTransaction.Begin(index);
                LedgerConnection.Execute(index, Schema);
                using SqliteCommand insert = index.CreateCommand();
                insert.CommandText = "INSERT INTO progress (ledger, watermark) VALUES ($ledger, 0)";
                insert.Parameters.AddWithValue("$ledger", ledgerId);
                insert.ExecuteNonQuery();
                transaction.Commit();
            }
            return index;
        }
        catch
        {
            index.Dispose();
            throw;
        }
    }

    private void Put(long call)
    {
        var body = new StringBuilder();
        using (SqliteCommand command = _ledger.CreateCommand())
        {
            command.CommandText = """
                SELECT e.subject, e.tool, t.encoding, t.content
                FROM calls c JOIN entries e ON e.call_id = c.call_id LEFT JOIN payload_texts t ON t.sequence = e.sequence
                WHERE c.first_sequence = $call ORDER BY e.sequence, t.ordinal
                """;
            command.Parameters.AddWithValue("$call", call);
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                if (body.Length == 0)
                {
                    body.Append(reader.IsDBNull(0) ? "" : reader.GetString(0)).Append(' ').Append(reader.IsDBNull(1) ? "" : reader.GetString(1)).Append('\n');
                }
                if (!reader.IsDBNull(2))
                {
                    Append(body, StoredText.Decode(reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetFieldValue<byte[]>(3)));
                }
            }
        }
        Execute("DELETE FROM call_text WHERE rowid = $a", call);
        Execute("INSERT INTO call_text (rowid, body) VALUES ($a, $b)", call, body.ToString());
    }

    private static void Append(StringBuilder body, byte[]? utf8)
    {
        if (utf8 is null)
        {
            return;
        }
        if (utf8.Length <= 2 * SearchableHalf)
        {
            body.Append(Encoding.UTF8.GetString(utf8)).Append('\n');
        }
        else
        {
            body.Append(Encoding.UTF8.GetString(utf8.AsSpan(0, SearchableHalf))).Append('\n').Append(Encoding.UTF8.GetString(utf8.AsSpan(utf8.Length - SearchableHalf))).Append('\n');
        }
    }

    private long[] Numbers(string sql, long a, long b)
    {
        using SqliteCommand command = _ledger.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$a", a);
        command.Parameters.AddWithValue("$b", b);
        var numbers = new List<long>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            numbers.Add(reader.GetInt64(0));
        }
        return [.. numbers];
    }

    private void Execute(string sql, long a, string? b = null)
    {
        using SqliteCommand command = _index.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$a", a);
        if (b is not null)
        {
            command.Parameters.AddWithValue("$b", b);
        }
        command.ExecuteNonQuery();
    }

    private static string? Text(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return Convert.ToString(command.ExecuteScalar(), CultureInfo.InvariantCulture);
    }
}
