using System.Collections.Immutable;
using System.Text.Json;
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

    /// <summary>Reads one moment of the file over a connection of its own. Never throws: what stands in its way is a finding, and being stopped gives none.</summary>
    public static ImmutableArray<VerifyFinding> Verify(string database, CancellationToken cancellationToken)
    {
        var findings = ImmutableArray.CreateBuilder<VerifyFinding>();
        try
        {
            using SqliteConnection connection = LedgerConnection.OpenReader(database);
            LedgerConnection.Execute(connection, "BEGIN");
            Verify(connection, Find, cancellationToken);
            return findings.ToImmutable();
        }
        catch (OperationCanceledException)
        {
            return [];
        }
        catch (Exception e) when (e is SqliteException or InvalidDataException or InvalidCastException or InvalidOperationException or JsonException)
        {
            findings.Add(new VerifyFinding(VerifyProblem.Unreadable, null, $"The tables that follow from the chain could not be read on: {e.Message}"));
            return findings.ToImmutable();
        }

        void Find(long? sequence, string message)
        {
            if (findings.Count < LedgerVerifier.MostFindings)
            {
                findings.Add(new VerifyFinding(VerifyProblem.ProjectionDiffers, sequence, message));
            }
        }
    }

    private static void Verify(SqliteConnection connection, Action<long?, string> find, CancellationToken cancellationToken)
    {
        long last = LedgerConnection.ScalarNumber(connection, "SELECT coalesce(max(first_sequence), 0) FROM calls");
        long told = 0;
        for (long from = 0; from <= last; from += Batch)
        {
            cancellationToken.ThrowIfCancellationRequested();
            told += CompareCalls(connection, from, from + Batch - 1, find);
        }
        if (EntriesOfCalls(connection) - told is > 0 and var missing)
        {
            find(null, $"{missing} entries belong to calls that the list of calls does not show.");
        }
        cancellationToken.ThrowIfCancellationRequested();
        Compare(connection, SessionsFromCalls, Sessions, "The sums of session", find);
        if (LedgerConnection.ScalarNumber(connection, "SELECT (SELECT count(DISTINCT session_id) FROM calls WHERE session_id IS NOT NULL) - (SELECT count(*) FROM sessions)") is > 0 and var unlisted)
        {
            find(null, $"{unlisted} sessions that have calls are not in the list of sessions.");
        }
        cancellationToken.ThrowIfCancellationRequested();
        Compare(connection, HoursFromCalls, Hours, "The sums of hour", find);
        if (LedgerConnection.ScalarNumber(connection, "SELECT (SELECT count(*) FROM calls) - (SELECT coalesce(sum(calls), 0) FROM hours)") is not 0 and var off)
        {
            find(null, $"The sums by hour are {off} calls away from the number of calls.");
        }
    }

    /// <summary>Folds the calls of a range and compares them; returns how many entries of calls were read for that.</summary>
    private static long CompareCalls(SqliteConnection connection, long from, long to, Action<long?, string> find)
    {
        long told = 0;
        var folded = new Dictionary<string, AuditCall>(StringComparer.Ordinal);
        foreach (StoredEntry entry in StoredEntry.ReadOfCalls(connection, from, to))
        {
            told += CallFold.BelongsToCall(entry.Draft.Kind) ? 1 : 0;
            if (CallFold.Apply(folded.GetValueOrDefault(entry.Draft.CallId), entry.ToEntry(HashChain.Genesis)) is { } call)
            {
                folded[call.CallId] = call;
            }
        }
        foreach (AuditCall stored in CallProjection.Read(connection, from, to))
        {
            if (!folded.TryGetValue(stored.CallId, out AuditCall? call) || call != stored)
            {
                find(stored.FirstSequence, $"The list shows call {stored.CallId} otherwise than the chain tells it.");
            }
        }
        return told;
    }

    private static long EntriesOfCalls(SqliteConnection connection)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT kind, count(*) FROM entries GROUP BY kind";
        using SqliteDataReader reader = command.ExecuteReader();
        long entries = 0;
        while (reader.Read())
        {
            entries += EntryKinds.TryParse(reader.GetString(0), out EntryKind kind) && CallFold.BelongsToCall(kind) ? reader.GetInt64(1) : 0;
        }
        return entries;
    }

    /// <summary>Stored rows that do not follow from the calls. Working the sums out once is enough: that none is missing is told by their number.</summary>
    private static void Compare(SqliteConnection connection, string derived, string stored, string name, Action<long?, string> find)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT * FROM ({stored} EXCEPT {derived}) LIMIT 3";
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            find(null, $"{name} {reader.GetValue(0)} do not follow from the calls.");
        }
    }
}
