using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Storage;

/// <summary>An entry as it is read for hashing: facts stay the text they are, so that nothing is parsed that need not be.</summary>
internal sealed record StoredEntry(long Sequence, DateTimeOffset At, AuditDraft Draft, string? Facts, ImmutableArray<SealedPayload> Payloads, byte[] Hash)
{
    private const string Columns = "sequence, at, kind, call_id, session_id, actor, door, tool, tool_use_id, model, subject, result, severity, facts, hash";

    /// <summary>Entries of a range in order, each with the commitments of its payloads.</summary>
    /// <exception cref="InvalidDataException">A kind this program does not know, or facts that are not JSON.</exception>
    public static IEnumerable<StoredEntry> Read(SqliteConnection connection, long from, long to)
    {
        using SqliteCommand entries = Range(connection, $"SELECT {Columns} FROM entries WHERE sequence BETWEEN $from AND $to ORDER BY sequence", from, to);
        using SqliteCommand payloads = Range(
            connection, "SELECT sequence, name, media_type, bytes, commitment FROM payloads WHERE sequence BETWEEN $from AND $to ORDER BY sequence, ordinal", from, to);
        using SqliteDataReader entry = entries.ExecuteReader();
        using SqliteDataReader payload = payloads.ExecuteReader();
        bool more = payload.Read();
        var own = ImmutableArray.CreateBuilder<SealedPayload>();
        while (entry.Read())
        {
            long sequence = entry.GetInt64(0);
            own.Clear();
            for (; more && payload.GetInt64(0) <= sequence; more = payload.Read())
            {
                if (payload.GetInt64(0) == sequence)
                {
                    own.Add(new SealedPayload(payload.GetString(1), payload.GetString(2), payload.GetInt64(3), [.. payload.GetFieldValue<byte[]>(4)]));
                }
            }
            yield return Of(Row(entry), own.ToImmutable());
        }
    }

    /// <summary>All entries of the calls whose first entry lies in a range, call by call in order; without their payloads, which no fold looks at.</summary>
    public static IEnumerable<StoredEntry> ReadOfCalls(SqliteConnection connection, long from, long to)
    {
        string columns = string.Join(", ", Columns.Split(", ").Select(static c => "e." + c));
        using SqliteCommand entries = Range(
            connection, $"SELECT {columns} FROM calls c CROSS JOIN entries e ON e.call_id = c.call_id WHERE c.first_sequence BETWEEN $from AND $to ORDER BY c.first_sequence, e.sequence", from, to);
        using SqliteDataReader entry = entries.ExecuteReader();
        while (entry.Read())
        {
            yield return Of(Row(entry), []);
        }
    }

    public AuditEntry ToEntry(ImmutableArray<byte> previousHash) => new()
    {
        Sequence = Sequence,
        At = At,
        Draft = Facts is null ? Draft : Draft with { Facts = JsonNode.Parse(Facts) as JsonObject },
        PreviousHash = previousHash,
        Hash = [.. Hash],
        Payloads = Payloads,
    };

    public static StoredEntry Of(EntryRow row, ImmutableArray<SealedPayload> payloads)
    {
        if (!EntryKinds.TryParse(row.Kind, out EntryKind kind))
        {
            throw new InvalidDataException($"Entry {row.Sequence} has the unknown kind '{row.Kind}': it was written by a newer version or changed by hand.");
        }
        var draft = new AuditDraft
        {
            Kind = kind,
            CallId = row.CallId,
            SessionId = row.SessionId,
            Actor = row.Actor,
            Door = row.Door,
            Tool = row.Tool,
            ToolUseId = row.ToolUseId,
            Model = row.Model,
            Subject = row.Subject,
            Result = row.Result,
            Severity = row.Severity,
        };
        return new StoredEntry(row.Sequence, DateTimeOffset.FromUnixTimeMilliseconds(row.At), draft, row.Facts, payloads, row.Hash);
    }

    private static EntryRow Row(SqliteDataReader r)
    {
        return new EntryRow
        {
            Sequence = r.GetInt64(0),
            At = r.GetInt64(1),
            Kind = r.GetString(2),
            CallId = r.GetString(3),
            SessionId = Text(4),
            Actor = r.GetString(5),
            Door = Text(6),
            Tool = Text(7),
            ToolUseId = Text(8),
            Model = Text(9),
            Subject = Text(10),
            Result = Text(11),
            Severity = Text(12),
            Facts = Text(13),
            Hash = r.GetFieldValue<byte[]>(14),
        };
        string? Text(int column) => r.IsDBNull(column) ? null : r.GetString(column);
    }

    private static SqliteCommand Range(SqliteConnection connection, string sql, long from, long to)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        command.Parameters.AddWithValue("$from", from);
        command.Parameters.AddWithValue("$to", to);
        return command;
    }
}
