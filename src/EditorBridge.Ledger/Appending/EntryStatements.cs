using EditorBridge.Audit;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Appending;

/// <summary>The prepared inserts of the one append path.</summary>
internal sealed class EntryStatements : IDisposable
{
    private readonly SqliteCommand _entry;
    private readonly SqliteCommand _payload;
    private readonly SqliteCommand _text;
    private readonly SqliteCommand _checkpoint;

    public EntryStatements(SqliteConnection connection)
    {
        _entry = Statement(connection, """
            INSERT INTO entries (sequence, at, kind, call_id, session_id, actor, door, tool, tool_use_id, model, subject, result, severity, facts, hash)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            """, 15);
        _payload = Statement(connection, "INSERT INTO payloads (sequence, ordinal, name, media_type, bytes, commitment) VALUES ($0, $1, $2, $3, $4, $5)", 6);
        _text = Statement(connection, "INSERT INTO payload_texts (sequence, ordinal, salt, encoding, content) VALUES ($0, $1, $2, $3, $4)", 5);
        _checkpoint = Statement(connection, "INSERT INTO checkpoints (sequence, at, note) VALUES ($0, $1, $2)", 3);
    }

    public void Insert(AuditEntry entry, PreparedEntry prepared, byte[] hash)
    {
        AuditDraft draft = entry.Draft;
        Run(_entry, entry.Sequence, entry.At.ToUnixTimeMilliseconds(), draft.Kind.WireName(), draft.CallId, draft.SessionId, draft.Actor, draft.Door,
            draft.Tool, draft.ToolUseId, draft.Model, draft.Subject, draft.Result, draft.Severity, prepared.Facts, hash);
        for (int i = 0; i < prepared.Payloads.Length; i++)
        {
            SealedPayload payload = prepared.Payloads[i];
            Run(_payload, entry.Sequence, i, payload.Name, payload.MediaType, payload.Bytes, payload.Commitment.ToArray());
            StoredText text = prepared.Texts[i];
            Run(_text, entry.Sequence, i, text.Salt, text.Encoding, text.Content);
        }
    }

    public void Insert(CheckpointNote note) => Run(_checkpoint, note.Sequence, note.At.ToUnixTimeMilliseconds(), note.Text);

    public void Dispose()
    {
        _entry.Dispose();
        _payload.Dispose();
        _text.Dispose();
        _checkpoint.Dispose();
    }

    internal static SqliteCommand Statement(SqliteConnection connection, string sql, int parameters)
    {
        SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        for (int i = 0; i < parameters; i++)
        {
            command.Parameters.Add(new SqliteParameter { ParameterName = $"${i}" });
        }
        return command;
    }

    internal static int Run(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        Bind(command, values);
        return command.ExecuteNonQuery();
    }

    internal static void Bind(SqliteCommand command, params ReadOnlySpan<object?> values)
    {
        for (int i = 0; i < values.Length; i++)
        {
            command.Parameters[i].Value = values[i] ?? DBNull.Value;
        }
    }
}
