using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Keeping;

/// <summary>
/// Drops the texts of old payloads. The chain keeps their commitments and still verifies; what is dropped is overwritten on the disk.
/// Legal holds win, and so do reviews that still wait.
/// </summary>
internal static class Retention
{
    /// <summary>Texts dropped in one transaction: short enough that an append behind it does not notice.</summary>
    private const int Batch = 2000;

    private const string Due = """
        FROM payload_texts t JOIN entries e ON e.sequence = t.sequence
        WHERE e.at < $before AND t.encoding <> 'none'
          AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.call_id = e.call_id AND c.state = 'pending')
        """;

    private const string NotHeld = """
          AND NOT EXISTS (SELECT 1 FROM holds h WHERE h.released_sequence IS NULL
            AND (h.session_id IS NULL OR h.session_id = e.session_id) AND (h.call_id IS NULL OR h.call_id = e.call_id)
            AND (h.actor IS NULL OR h.actor = e.actor) AND (h.from_at IS NULL OR e.at >= h.from_at) AND (h.to_at IS NULL OR e.at < h.to_at))
        """;

    /// <summary>How many texts are due, and how many of them holds keep.</summary>
    public static RetentionResult Count(SqliteConnection connection, DateTimeOffset before)
    {
        long due = Scalar(connection, "SELECT count(*) " + Due, before);
        long free = Scalar(connection, "SELECT count(*) " + Due + NotHeld, before);
        return new RetentionResult(free, due - free, []);
    }

    /// <summary>Drops one batch and records it.</summary>
    /// <returns>What was dropped; nothing when nothing more is due.</returns>
    public static RetentionResult DropBatch(LedgerStore store, DateTimeOffset now, DateTimeOffset before, string actor, string policy)
    {
        SqliteConnection connection = store.Connection;
        var due = new List<(long Sequence, long Ordinal)>();
        using (SqliteCommand select = Command(connection, $"SELECT t.sequence, t.ordinal {Due} {NotHeld} ORDER BY t.sequence LIMIT {Batch}", before))
        using (SqliteDataReader reader = select.ExecuteReader())
        {
            while (reader.Read())
            {
                due.Add((reader.GetInt64(0), reader.GetInt64(1)));
            }
        }
        long held = Count(connection, before).Held;
        if (due.Count == 0)
        {
            return new RetentionResult(0, held, []);
        }
        (long first, long last) = (due[0].Sequence, due[^1].Sequence);
        var draft = new AuditDraft
        {
            Kind = EntryKind.RetentionApplied,
            CallId = Guid.CreateVersion7().ToString("N"),
            Actor = actor,
            Subject = string.Create(CultureInfo.InvariantCulture, $"Dropped {due.Count} payload texts of entries {first} to {last}"),
            Facts = new JsonObject
            {
                ["before"] = CanonicalEntry.Time(before),
                ["dropped"] = due.Count,
                ["firstSequence"] = first,
                ["held"] = held,
                ["lastSequence"] = last,
                ["policy"] = policy,
            },
        };
        store.AppendWith(PreparedEntry.Of(draft, ContentMode.Full), now, (writing, _) =>
        {
            using SqliteCommand delete = EntryStatements.Statement(writing, "DELETE FROM payload_texts WHERE sequence = $0 AND ordinal = $1", 2);
            foreach ((long sequence, long ordinal) in due)
            {
                EntryStatements.Run(delete, sequence, ordinal);
            }
        });
        return new RetentionResult(due.Count, held, Calls(connection, first, last));
    }

    /// <summary>Gives the freed pages back and empties the log, which still holds what was dropped.</summary>
    public static void Compact(LedgerStore store)
    {
        LedgerConnection.Execute(store.Connection, "PRAGMA incremental_vacuum");
        LedgerConnection.Execute(store.Connection, "PRAGMA wal_checkpoint(TRUNCATE)");
    }

    private static long[] Calls(SqliteConnection connection, long first, long last)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT DISTINCT c.first_sequence FROM entries e JOIN calls c ON c.call_id = e.call_id WHERE e.sequence BETWEEN $first AND $last";
        command.Parameters.AddWithValue("$first", first);
        command.Parameters.AddWithValue("$last", last);
        var calls = new List<long>();
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            calls.Add(reader.GetInt64(0));
        }
        return [.. calls];
    }

    private static long Scalar(SqliteConnection connection, string sql, DateTimeOffset before)
    {
        using SqliteCommand command = Command(connection, sql, before);
        return (long)command.ExecuteScalar()!;
    }

    private static SqliteCommand Command(SqliteConnection connection, string sql, DateTimeOffset before)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$before", before.ToUnixTimeMilliseconds());
        return command;
    }
}
