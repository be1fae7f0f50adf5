using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Projection;

/// <summary>Keeps calls, sessions, rule hits and hourly sums in step with the chain, inside the transaction that appends.</summary>
internal sealed class CallProjection : IDisposable
{
    private const string Columns = """
        first_sequence, last_sequence, call_id, kind, started_at, last_at, session_id, actor, door, tool, model, subject, severity, class, effect, state,
        reviewer, held_since, held_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens, duration_ms, query_id, request_id, open
        """;

    private const int CachedCalls = 1024;

    private readonly SqliteCommand _find;
    private readonly SqliteCommand _put;
    private readonly SqliteCommand _session;
    private readonly SqliteCommand _hour;
    private readonly SqliteCommand _emptyHour;
    private readonly SqliteCommand _rule;

    /// <summary>Calls in flight, so that an outcome need not read its intent back. Emptied when a transaction fails.</summary>
    private readonly Dictionary<string, AuditCall> _recent = new(StringComparer.Ordinal);

    public CallProjection(SqliteConnection connection)
    {
        _find = EntryStatements.Statement(connection, $"SELECT {Columns} FROM calls WHERE call_id = $0", 1);
        _put = EntryStatements.Statement(connection, $"""
            INSERT INTO calls ({Columns})
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26)
            ON CONFLICT (first_sequence) DO UPDATE SET
                last_sequence = excluded.last_sequence, last_at = excluded.last_at, session_id = excluded.session_id, door = excluded.door, tool = excluded.tool,
                model = excluded.model, subject = excluded.subject, severity = excluded.severity, class = excluded.class, effect = excluded.effect,
                state = excluded.state, reviewer = excluded.reviewer, held_since = excluded.held_since, held_ms = excluded.held_ms,
                input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens, cache_read_tokens = excluded.cache_read_tokens,
                cache_write_tokens = excluded.cache_write_tokens, duration_ms = excluded.duration_ms, query_id = excluded.query_id,
                request_id = excluded.request_id, open = excluded.open
            """, 27);
        _session = EntryStatements.Statement(connection, """
            INSERT INTO sessions (session_id, first_sequence, last_sequence, started_at, last_at, actor, requests, actions, reviewed, refused,
                input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            ON CONFLICT (session_id) DO UPDATE SET
                actor = iif(excluded.first_sequence < first_sequence, excluded.actor, actor),
                first_sequence = min(first_sequence, excluded.first_sequence), last_sequence = max(last_sequence, excluded.last_sequence),
                started_at = min(started_at, excluded.started_at), last_at = max(last_at, excluded.last_at),
                requests = requests + excluded.requests, actions = actions + excluded.actions,
                reviewed = reviewed + excluded.reviewed, refused = refused + excluded.refused,
                input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
                cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens, cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens
            """, 14);
        _hour = EntryStatements.Statement(connection, """
            INSERT INTO hours (hour, kind, state, tool, door, model, actor, severity, calls, reviewed, held_ms, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens)
            VALUES ($0, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)
            ON CONFLICT (hour, kind, state, tool, door, model, actor, severity) DO UPDATE SET
                calls = calls + excluded.calls, reviewed = reviewed + excluded.reviewed, held_ms = held_ms + excluded.held_ms,
                input_tokens = input_tokens + excluded.input_tokens, output_tokens = output_tokens + excluded.output_tokens,
                cache_read_tokens = cache_read_tokens + excluded.cache_read_tokens, cache_write_tokens = cache_write_tokens + excluded.cache_write_tokens
            """, 15);
        // States that calls only pass through would leave a row of zeros in every hour.
        _emptyHour = EntryStatements.Statement(connection, """
            DELETE FROM hours WHERE calls = 0 AND hour = $0 AND kind = $1 AND state = $2 AND tool = $3 AND door = $4 AND model = $5 AND actor = $6 AND severity = $7
            """, 8);
        _rule = EntryStatements.Statement(connection, "INSERT INTO rule_hits (rule, first_sequence) VALUES ($0, $1) ON CONFLICT DO NOTHING", 2);
    }

    private IEnumerable<SqliteCommand> Statements => [_find, _put, _session, _hour, _emptyHour, _rule];

    public void Apply(AuditEntry entry)
    {
        AuditCall? before = Find(entry.Draft.CallId);
        if (CallFold.Apply(before, entry) is not { } after)
        {
            return;
        }
        Put(after);
        PutSession(before, after);
        PutHour(before, after);
        foreach (string rule in CallFold.Rules(entry.Draft))
        {
            EntryStatements.Run(_rule, rule, after.FirstSequence);
        }
    }

    /// <summary>The calls whose first entry lies in a range.</summary>
    public static IEnumerable<AuditCall> Read(SqliteConnection connection, long from, long to)
    {
        using SqliteCommand command = EntryStatements.Statement(connection, $"SELECT {Columns} FROM calls WHERE first_sequence BETWEEN $0 AND $1", 2);
        EntryStatements.Bind(command, from, to);
        using SqliteDataReader reader = command.ExecuteReader();
        while (reader.Read())
        {
            yield return Read(reader);
        }
    }

    /// <summary>Forgets what a failed transaction may have put into the cache.</summary>
    public void Forget() => _recent.Clear();

    public void Dispose()
    {
        foreach (SqliteCommand statement in Statements)
        {
            statement.Dispose();
        }
    }

    private AuditCall? Find(string callId)
    {
        if (_recent.TryGetValue(callId, out AuditCall? recent))
        {
            return recent;
        }
        EntryStatements.Bind(_find, callId);
        using SqliteDataReader reader = _find.ExecuteReader();
        return reader.Read() ? Read(reader) : null;
    }

    private void Put(AuditCall call)
    {
        if (_recent.Count >= CachedCalls && !_recent.ContainsKey(call.CallId))
        {
            _recent.Clear();
        }
        _recent[call.CallId] = call;
        EntryStatements.Run(_put, call.FirstSequence, call.LastSequence, call.CallId, call.Kind.Name(), Milliseconds(call.StartedAt), Milliseconds(call.LastAt),
            call.SessionId, call.Actor, call.Door, call.Tool, call.Model, call.Subject, call.Severity, call.Class, call.Effect, call.State.Name(),
            call.Reviewer, call.HeldSince is { } since ? Milliseconds(since) : null, call.HeldMilliseconds, call.InputTokens, call.OutputTokens,
            call.CacheReadTokens, call.CacheWriteTokens, call.DurationMilliseconds, call.QueryId, call.RequestId, call.Open ? 1 : 0);
    }

    private void PutSession(AuditCall? before, AuditCall after)
    {
        if (after.SessionId is not { } session)
        {
            return;
        }
        // A call that learns its session late counts in full from then on.
        CallSums change = CallSums.Of(after) - (before?.SessionId is null ? CallSums.None : CallSums.Of(before));
        EntryStatements.Run(_session, session, after.FirstSequence, after.LastSequence, Milliseconds(after.StartedAt), Milliseconds(after.LastAt), after.Actor,
            change.Requests, change.Actions, change.Reviewed, change.Refused, change.InputTokens, change.OutputTokens, change.CacheReadTokens, change.CacheWriteTokens);
    }

    private void PutHour(AuditCall? before, AuditCall after)
    {
        if (before is not null && SameHourKey(before, after))
        {
            AddHour(after, CallSums.Of(after) - CallSums.Of(before));
            return;
        }
        if (before is not null)
        {
            AddHour(before, CallSums.None - CallSums.Of(before));
            EntryStatements.Run(_emptyHour, Milliseconds(before.StartedAt) / 3_600_000, before.Kind.Name(), before.State.Name(), before.Tool ?? "", before.Door ?? "",
                before.Model ?? "", before.Actor, before.Severity ?? "");
        }
        AddHour(after, CallSums.Of(after));
    }

    private void AddHour(AuditCall key, CallSums change)
    {
        if (change == CallSums.None)
        {
            return;
        }
        EntryStatements.Run(_hour, Milliseconds(key.StartedAt) / 3_600_000, key.Kind.Name(), key.State.Name(), key.Tool ?? "", key.Door ?? "", key.Model ?? "",
            key.Actor, key.Severity ?? "", change.Requests + change.Actions, change.Reviewed, change.HeldMilliseconds, change.InputTokens,
            change.OutputTokens, change.CacheReadTokens, change.CacheWriteTokens);
    }

    private static bool SameHourKey(AuditCall a, AuditCall b) =>
        a.State == b.State && a.Tool == b.Tool && a.Door == b.Door && a.Model == b.Model && a.Severity == b.Severity;

    private static long Milliseconds(DateTimeOffset at) => at.ToUnixTimeMilliseconds();

    private static AuditCall Read(SqliteDataReader r)
    {
        return new AuditCall
        {
            FirstSequence = r.GetInt64(0),
            LastSequence = r.GetInt64(1),
            CallId = r.GetString(2),
            Kind = WireNames.ParseKind(r.GetString(3)),
            StartedAt = DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(4)),
            LastAt = DateTimeOffset.FromUnixTimeMilliseconds(r.GetInt64(5)),
            SessionId = Text(6),
            Actor = r.GetString(7),
            Door = Text(8),
            Tool = Text(9),
            Model = Text(10),
            Subject = Text(11),
            Severity = Text(12),
            Class = Text(13),
            Effect = Text(14),
            State = WireNames.ParseState(r.GetString(15)),
            Reviewer = Text(16),
            HeldSince = Number(17) is { } since ? DateTimeOffset.FromUnixTimeMilliseconds(since) : null,
            HeldMilliseconds = Number(18),
            InputTokens = Number(19),
            OutputTokens = Number(20),
            CacheReadTokens = Number(21),
            CacheWriteTokens = Number(22),
            DurationMilliseconds = Number(23),
            QueryId = Text(24),
            RequestId = Text(25),
            Open = r.GetInt64(26) == 1,
        };
        string? Text(int column) => r.IsDBNull(column) ? null : r.GetString(column);
        long? Number(int column) => r.IsDBNull(column) ? null : r.GetInt64(column);
    }
}
