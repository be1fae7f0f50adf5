using EditorBridge.Audit;
using EditorBridge.Ledger.Projection;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Verification;

/// <summary>Folds the chain anew and compares with the rows the portal's lists and sums are read from.</summary>
internal static class ProjectionChecks
{
    /// <summary>Calls folded at a time: their entries lie close together, so each batch reads a small part of the file.</summary>
    private const int Batch = 2000;

    private const string SessionsFromCalls = """
        SELECT s.*, c.actor FROM (
        SELECT session_id, min(first_sequence) AS first, max(last_sequence), min(started_at), max(last_at), sum(kind = 'request'), sum(kind = 'action'), sum(held_since IS NOT NULL OR held_ms IS NOT NULL),
               sum(state IN ('refused', 'rejected', 'expired')), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
               coalesce(sum(cache_read_tokens), 0), coalesce(sum(cache_write_tokens), 0)
        FROM calls WHERE session_id IS NOT NULL GROUP BY session_id) s JOIN calls c ON c.first_sequence = s.first
        """;

    private const string Sessions = """
        SELECT session_id, first_sequence, last_sequence, started_at, last_at, requests, actions, reviewed, refused,
               input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, actor
        FROM sessions
        """;

    private const string HoursFromCalls = """
        SELECT started_at / 3600000, kind, state, coalesce(tool, ''), coalesce(door, ''), coalesce(model, ''), actor, coalesce(severity, ''), count(*),
               sum(held_since IS NOT NULL OR held_ms IS NOT NULL), coalesce(sum(held_ms), 0), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0),
               coalesce(sum(cache_read_tokens), 0), coalesce(sum(cache_write_tokens), 0)
        FROM calls GROUP BY 1, 2, 3, 4, 5, 6, 7, 8
        """;

    private const string Hours = """
        SELECT hour, kind, state, tool, door, model, actor, severity, calls, reviewed, held_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens
        FROM hours WHERE calls <> 0
        """;

    public static void Verify(SqliteConnection connection, Action<VerifyProblem, long?, string> find, CancellationToken cancellationToken)
    {
        long last = LedgerConnection.ScalarNumber(connection, "SELECT coalesce(max(first_sequence), 0) FROM calls");
        for (long from = 0; from <= last; from += Batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            CompareCalls(connection, from, from + Batch - 1, find);
        }
        if (LedgerConnection.ScalarNumber(connection, """
            SELECT count(*) FROM entries e WHERE (e.kind GLOB 'action.*' OR e.kind GLOB 'message.*' OR e.kind IN ('review.opened', 'review.verdict', 'review.expired'))
            AND NOT EXISTS (SELECT 1 FROM calls c WHERE c.call_id = e.call_id)
            """) is > 0 and var missing)
        {
            find(VerifyProblem.ProjectionDiffers, null, $"{missing} entries belong to calls that the list of calls does not show.");
        }
        Compare(connection, SessionsFromCalls, Sessions, "The sums of session", find);
        Compare(connection, HoursFromCalls, Hours, "The sums of hour", find);
    }

    private static void CompareCalls(SqliteConnection connection, long from, long to, Action<VerifyProblem, long?, string> find)
    {
        var folded = new Dictionary<string, AuditCall>(StringComparer.Ordinal);
        foreach (StoredEntry entry in StoredEntry.ReadOfCalls(connection, from, to))
        {
            if (CallFold.Apply(folded.GetValueOrDefault(entry.Draft.CallId), entry.ToEntry(HashChain.Genesis)) is { } call)
            {
                folded[call.CallId] = call;
            }
        }
        foreach (AuditCall stored in CallProjection.Read(connection, from, to))
        {
            if (!folded.TryGetValue(stored.CallId, out AuditCall? call) || call != stored)
            {
                find(VerifyProblem.ProjectionDiffers, stored.FirstSequence, $"The list shows call {stored.CallId} otherwise than the chain tells it.");
            }
        }
    }

    private static void Compare(SqliteConnection connection, string derived, string stored, string name, Action<VerifyProblem, long?, string> find)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT * FROM (SELECT * FROM ({derived} EXCEPT {stored}) UNION ALL SELECT * FROM ({stored} EXCEPT {derived})) LIMIT 3";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            find(VerifyProblem.ProjectionDiffers, null, $"{name} {reader.GetValue(0)} do not follow from the calls.");
        }
    }
}
