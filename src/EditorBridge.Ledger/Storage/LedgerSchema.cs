namespace EditorBridge.Ledger.Storage;

/// <summary>The tables in SQL: STRICT tables and triggers are beyond what EF Core's model can say. A test compares them with <see cref="LedgerContext"/>.</summary>
internal static class LedgerSchema
{
    /// <summary>PRAGMA application_id: "EBLG".</summary>
    public const int ApplicationId = 0x45424C47;

    /// <summary>PRAGMA user_version of the newest schema this program knows. One migration each.</summary>
    public const int Version = 1;

    public const string Chain = """
        CREATE TABLE ledger (
            id TEXT NOT NULL
        ) STRICT;

        -- The chain. at: milliseconds since 1970 in UTC. facts: canonical JSON.
        CREATE TABLE entries (
            sequence INTEGER PRIMARY KEY CHECK (sequence > 0),
            at INTEGER NOT NULL,
            kind TEXT NOT NULL,
            call_id TEXT NOT NULL,
            session_id TEXT,
            actor TEXT NOT NULL,
            door TEXT,
            tool TEXT,
            tool_use_id TEXT,
            model TEXT,
            subject TEXT,
            result TEXT,
            severity TEXT,
            facts TEXT,
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE INDEX entries_call ON entries (call_id);
        CREATE INDEX entries_kind ON entries (kind);
        CREATE INDEX entries_at ON entries (at);

        -- What the chain holds of payloads: never dropped.
        CREATE TABLE payloads (
            sequence INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            name TEXT NOT NULL,
            media_type TEXT NOT NULL,
            bytes INTEGER NOT NULL,
            commitment BLOB NOT NULL CHECK (length(commitment) = 32),
            PRIMARY KEY (sequence, ordinal)
        ) STRICT, WITHOUT ROWID;

        -- The texts and their salts: retention drops rows, nothing changes them. encoding: utf8, br (Brotli), none (salt only).
        CREATE TABLE payload_texts (
            sequence INTEGER NOT NULL,
            ordinal INTEGER NOT NULL,
            salt BLOB NOT NULL CHECK (length(salt) = 32),
            encoding TEXT NOT NULL CHECK (encoding IN ('utf8', 'br', 'none')),
            content BLOB,
            PRIMARY KEY (sequence, ordinal)
        ) STRICT;

        CREATE TABLE checkpoints (
            number INTEGER PRIMARY KEY,
            sequence INTEGER NOT NULL,
            at INTEGER NOT NULL,
            note TEXT NOT NULL
        ) STRICT;

        -- Who outside this file keeps which checkpoint.
        CREATE TABLE receipts (
            number INTEGER PRIMARY KEY,
            witness TEXT NOT NULL,
            sequence INTEGER NOT NULL,
            at INTEGER NOT NULL,
            note TEXT NOT NULL
        ) STRICT;

        -- Placed and released by entries; kept as rows so that a trigger can enforce them. A null bound does not bound.
        CREATE TABLE holds (
            id TEXT PRIMARY KEY,
            session_id TEXT,
            call_id TEXT,
            actor TEXT,
            from_at INTEGER,
            to_at INTEGER,
            placed_sequence INTEGER NOT NULL,
            released_sequence INTEGER
        ) STRICT, WITHOUT ROWID;
        """;

    public const string Guards = """
        CREATE TRIGGER entries_no_update BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never changed'); END;
        CREATE TRIGGER entries_no_delete BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'entries are never deleted'); END;
        CREATE TRIGGER entries_in_order BEFORE INSERT ON entries
            WHEN NEW.sequence <> (SELECT coalesce(max(sequence), 0) + 1 FROM entries)
            BEGIN SELECT RAISE(ABORT, 'entries are only appended'); END;
        CREATE TRIGGER payloads_no_update BEFORE UPDATE ON payloads BEGIN SELECT RAISE(ABORT, 'commitments are never changed'); END;
        CREATE TRIGGER payloads_no_delete BEFORE DELETE ON payloads BEGIN SELECT RAISE(ABORT, 'commitments are never deleted'); END;
        CREATE TRIGGER payload_texts_no_update BEFORE UPDATE ON payload_texts BEGIN SELECT RAISE(ABORT, 'payload texts are never changed'); END;
        CREATE TRIGGER payload_texts_held BEFORE DELETE ON payload_texts
            WHEN EXISTS (
                SELECT 1 FROM holds h JOIN entries e ON e.sequence = OLD.sequence
                WHERE h.released_sequence IS NULL
                  AND (h.session_id IS NULL OR h.session_id = e.session_id)
                  AND (h.call_id IS NULL OR h.call_id = e.call_id)
                  AND (h.actor IS NULL OR h.actor = e.actor)
                  AND (h.from_at IS NULL OR e.at >= h.from_at)
                  AND (h.to_at IS NULL OR e.at < h.to_at))
            BEGIN SELECT RAISE(ABORT, 'a legal hold keeps this payload'); END;
        CREATE TRIGGER checkpoints_no_update BEFORE UPDATE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are never changed'); END;
        CREATE TRIGGER checkpoints_no_delete BEFORE DELETE ON checkpoints BEGIN SELECT RAISE(ABORT, 'checkpoints are never deleted'); END;
        CREATE TRIGGER receipts_no_update BEFORE UPDATE ON receipts BEGIN SELECT RAISE(ABORT, 'receipts are never changed'); END;
        CREATE TRIGGER receipts_no_delete BEFORE DELETE ON receipts BEGIN SELECT RAISE(ABORT, 'receipts are never deleted'); END;
        CREATE TRIGGER holds_no_delete BEFORE DELETE ON holds BEGIN SELECT RAISE(ABORT, 'holds are released, never deleted'); END;
        """;

    public const string Projection = """
        -- One row per request or action, folded from its entries in the same transaction. Rebuildable; verify compares.
        CREATE TABLE calls (
            first_sequence INTEGER PRIMARY KEY,
            last_sequence INTEGER NOT NULL,
            call_id TEXT NOT NULL,
            kind TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            session_id TEXT,
            actor TEXT NOT NULL,
            door TEXT,
            tool TEXT,
            model TEXT,
            subject TEXT,
            severity TEXT,
            class TEXT,
            effect TEXT,
            state TEXT NOT NULL,
            reviewer TEXT,
            held_since INTEGER,
            held_ms INTEGER,
            input_tokens INTEGER,
            output_tokens INTEGER,
            cache_read_tokens INTEGER,
            cache_write_tokens INTEGER,
            duration_ms INTEGER,
            query_id TEXT,
            request_id TEXT,
            open INTEGER NOT NULL
        ) STRICT;
        CREATE UNIQUE INDEX calls_call ON calls (call_id);
        -- One index per filter, each in the order of the list, so that a page is found without sorting.
        CREATE INDEX calls_started ON calls (started_at);
        CREATE INDEX calls_session ON calls (session_id, started_at) WHERE session_id IS NOT NULL;
        CREATE INDEX calls_tool ON calls (tool, started_at) WHERE tool IS NOT NULL;
        CREATE INDEX calls_door ON calls (door, started_at) WHERE door IS NOT NULL;
        CREATE INDEX calls_state ON calls (state, started_at);
        CREATE INDEX calls_severity ON calls (severity, started_at) WHERE severity IS NOT NULL;
        CREATE INDEX calls_model ON calls (model, started_at) WHERE model IS NOT NULL;
        CREATE INDEX calls_actor ON calls (actor, started_at);
        CREATE INDEX calls_reviewer ON calls (reviewer, started_at) WHERE reviewer IS NOT NULL;
        CREATE INDEX calls_open ON calls (open) WHERE open = 1;

        CREATE TABLE rule_hits (
            rule TEXT NOT NULL,
            first_sequence INTEGER NOT NULL,
            PRIMARY KEY (rule, first_sequence)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX rule_hits_call ON rule_hits (first_sequence);

        CREATE TABLE sessions (
            session_id TEXT PRIMARY KEY,
            first_sequence INTEGER NOT NULL,
            last_sequence INTEGER NOT NULL,
            started_at INTEGER NOT NULL,
            last_at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            requests INTEGER NOT NULL,
            actions INTEGER NOT NULL,
            reviewed INTEGER NOT NULL,
            refused INTEGER NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cache_read_tokens INTEGER NOT NULL,
            cache_write_tokens INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sessions_last ON sessions (last_sequence);

        -- Roll-up by hour (hours since 1970 of started_at); '' where a call has no value.
        CREATE TABLE hours (
            hour INTEGER NOT NULL,
            kind TEXT NOT NULL,
            state TEXT NOT NULL,
            tool TEXT NOT NULL,
            door TEXT NOT NULL,
            model TEXT NOT NULL,
            actor TEXT NOT NULL,
            severity TEXT NOT NULL,
            calls INTEGER NOT NULL,
            reviewed INTEGER NOT NULL,
            held_ms INTEGER NOT NULL,
            input_tokens INTEGER NOT NULL,
            output_tokens INTEGER NOT NULL,
            cache_read_tokens INTEGER NOT NULL,
            cache_write_tokens INTEGER NOT NULL,
            PRIMARY KEY (hour, kind, state, tool, door, model, actor, severity)
        ) STRICT, WITHOUT ROWID;
        """;
}
