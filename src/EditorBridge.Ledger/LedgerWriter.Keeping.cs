using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Keeping;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger;

public sealed partial class LedgerWriter
{
    /// <summary>Drops payload texts older than a time, except those under a legal hold or of reviews that still wait. Every batch is an entry.</summary>
    /// <param name="actor">Who: a person, or <c>host</c> by policy.</param>
    /// <param name="policy">The name of the policy that says so.</param>
    /// <exception cref="LedgerUnavailableException">It could not be recorded; what was not recorded was not dropped.</exception>
    public async Task<RetentionResult> ApplyRetentionAsync(DateTimeOffset before, string actor, string policy, CancellationToken cancellationToken)
    {
        long dropped = 0;
        var calls = new HashSet<long>();
        RetentionResult batch;
        do
        {
            cancellationToken.ThrowIfCancellationRequested();
            batch = await _loop.RunAsync((store, now) => Retention.DropBatch(store, now, before, actor, policy));
            dropped += batch.Dropped;
            calls.UnionWith(batch.Calls);
        }
        while (batch.Dropped > 0);
        if (dropped > 0)
        {
            await _loop.RunAsync((store, _) =>
            {
                Retention.Compact(store);
                return true;
            });
            _loop.RefreshSearch(calls);
        }
        return new RetentionResult(dropped, batch.Held, [.. calls]);
    }

    /// <summary>What <see cref="ApplyRetentionAsync"/> would drop now.</summary>
    public Task<RetentionResult> CountRetentionAsync(DateTimeOffset before) => _loop.RunAsync((store, _) => Retention.Count(store.Connection, before));

    /// <summary>Places a legal hold; it is in force when this returns.</summary>
    /// <param name="reason">Recorded in the chain; must not be empty.</param>
    public Task<LegalHold> PlaceHoldAsync(HoldScope scope, string actor, string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        string id = Guid.CreateVersion7().ToString("N")[..12];
        var draft = HoldDraft(EntryKind.HoldPlaced, id, scope, actor, reason);
        return _loop.RunAsync((store, now) =>
        {
            AuditEntry entry = store.AppendWith(PreparedEntry.Of(draft, _options.Content), now, (connection, sequence) =>
            {
                using SqliteCommand insert = EntryStatements.Statement(
                    connection, "INSERT INTO holds (id, session_id, call_id, actor, from_at, to_at, placed_sequence) VALUES ($0, $1, $2, $3, $4, $5, $6)", 7);
                EntryStatements.Run(
                    insert, id, scope.SessionId, scope.CallId, scope.Actor, scope.From?.ToUnixTimeMilliseconds(), scope.To?.ToUnixTimeMilliseconds(), sequence);
            });
            return new LegalHold(id, scope, entry.Sequence, null);
        });
    }

    /// <summary>Releases a legal hold.</summary>
    /// <returns>False when there is no such hold in force.</returns>
    public Task<bool> ReleaseHoldAsync(string id, string actor, string reason)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(reason);
        return _loop.RunAsync((store, now) =>
        {
            using SqliteCommand find = EntryStatements.Statement(store.Connection, "SELECT 1 FROM holds WHERE id = $0 AND released_sequence IS NULL", 1);
            EntryStatements.Bind(find, id);
            if (find.ExecuteScalar() is null)
            {
                return false;
            }
            store.AppendWith(PreparedEntry.Of(HoldDraft(EntryKind.HoldReleased, id, new HoldScope(), actor, reason), _options.Content), now, (connection, sequence) =>
            {
                using SqliteCommand update = EntryStatements.Statement(connection, "UPDATE holds SET released_sequence = $0 WHERE id = $1", 2);
                EntryStatements.Run(update, sequence, id);
            });
            return true;
        });
    }

    /// <summary>
    /// Compares a checkpoint that somebody outside this folder keeps (the extension, a collector, a person) with the ledger. One that agrees is
    /// noted as a receipt; one that does not shows that entries were cut off, rewritten, or replaced by an older copy.
    /// </summary>
    /// <param name="witness">Who keeps it, in words.</param>
    /// <param name="note">The checkpoint's text, byte for byte.</param>
    /// <exception cref="LedgerUnavailableException">It could not be compared, or the receipt could not be written.</exception>
    public Task<WitnessAnswer> CompareAsync(string witness, string note) => _loop.RunAsync((store, now) =>
    {
        if (!CheckpointNote.TryParse(note, out CheckpointNote? kept))
        {
            return WitnessAnswer.NotACheckpoint;
        }
        if (kept.LedgerId != store.LedgerId)
        {
            return WitnessAnswer.AnotherLedger;
        }
        if (!_key.Verifies(kept))
        {
            return WitnessAnswer.AnotherKey;
        }
        using SqliteCommand find = EntryStatements.Statement(store.Connection, "SELECT hash FROM entries WHERE sequence = $0", 1);
        EntryStatements.Bind(find, kept.Sequence);
        if (find.ExecuteScalar() is not byte[] found || !kept.Hash.Span.SequenceEqual(found))
        {
            return WitnessAnswer.Contradicted;
        }
        using SqliteCommand insert = EntryStatements.Statement(
            store.Connection, "INSERT INTO receipts (witness, sequence, at, note) SELECT $0, $1, $2, $3 WHERE NOT EXISTS (SELECT 1 FROM receipts WHERE witness = $0 AND sequence = $1)", 4);
        EntryStatements.Run(insert, witness, kept.Sequence, now.ToUnixTimeMilliseconds(), note);
        return WitnessAnswer.Agrees;
    });

    private static AuditDraft HoldDraft(EntryKind kind, string id, HoldScope scope, string actor, string reason)
    {
        var facts = new JsonObject { ["holdId"] = id, ["reason"] = reason };
        if (scope.SessionId is not null)
        {
            facts["session"] = scope.SessionId;
        }
        if (scope.CallId is not null)
        {
            facts["call"] = scope.CallId;
        }
        if (scope.Actor is not null)
        {
            facts["actor"] = scope.Actor;
        }
        if (scope.From is { } from)
        {
            facts["from"] = CanonicalEntry.Time(from);
        }
        if (scope.To is { } to)
        {
            facts["to"] = CanonicalEntry.Time(to);
        }
        return new AuditDraft { Kind = kind, CallId = "hold-" + id, Actor = actor, Facts = facts };
    }
}
