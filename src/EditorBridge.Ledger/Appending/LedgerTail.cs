using System.Buffers;
using System.Globalization;
using EditorBridge.Audit;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Appending;

/// <summary>What a writer finds at the end of the chain when it opens it, after having checked it.</summary>
internal sealed record LedgerTail(string LedgerId, ChainHead Head, CheckpointNote? Checkpoint)
{
    /// <summary>A whole verification is a command of its own; at start the newest entries must do.</summary>
    private const int NewestEntries = 2000;

    /// <exception cref="LedgerUnavailableException">The tail is damaged or shorter than it was.</exception>
    public static LedgerTail Verify(SqliteConnection connection, LedgerFolder folder, CheckpointKey key, ChainHead? headFile, ChainHead? acknowledged)
    {
        string ledgerId = Text(connection, "SELECT id FROM ledger LIMIT 1")
            ?? throw Damaged(folder, "it has no ledger id");
        ChainHead head = VerifyNewest(connection, folder);
        CheckpointNote? checkpoint = VerifyCheckpoint(connection, folder, key, ledgerId);
        RequireContains(connection, folder, headFile, "its head file (ledger.head)");
        RequireContains(connection, folder, acknowledged, "what this process has recorded");
        if (CheckpointFile.Last(folder.Checkpoints) is { } kept)
        {
            if (kept.LedgerId != ledgerId)
            {
                throw Damaged(folder, $"it is the ledger {ledgerId}, but the checkpoints beside it are those of {kept.LedgerId}");
            }
            RequireContains(connection, folder, new ChainHead(kept.Sequence, [.. kept.Hash.Span]), "the last checkpoint in checkpoints.txt");
        }
        return new LedgerTail(ledgerId, head, checkpoint);
    }

    private static ChainHead VerifyNewest(SqliteConnection connection, LedgerFolder folder)
    {
        long last = LedgerConnection.ScalarNumber(connection, "SELECT coalesce(max(sequence), 0) FROM entries");
        if (last == 0)
        {
            return ChainHead.Empty;
        }
        long from = Math.Max(1, last - NewestEntries + 1);
        var scratch = new ArrayBufferWriter<byte>(4096);
        Span<byte> computed = stackalloc byte[HashChain.HashLength];
        ChainHead head = from == 1 ? ChainHead.Empty : HeadAt(connection, from - 1) ?? throw Damaged(folder, Missing(from - 1));
        foreach (StoredEntry stored in StoredEntry.Read(connection, from, last))
        {
            if (stored.Sequence != head.Sequence + 1)
            {
                throw Damaged(folder, Missing(head.Sequence + 1));
            }
            HashChain.Hash(scratch, stored.Draft, stored.Sequence, stored.At, stored.Facts, stored.Payloads, head.Hash.AsSpan(), computed);
            if (!computed.SequenceEqual(stored.Hash))
            {
                throw Damaged(folder, string.Create(CultureInfo.InvariantCulture, $"entry {stored.Sequence} is not what was recorded: its hash does not match"));
            }
            head = new ChainHead(stored.Sequence, [.. stored.Hash], stored.At);
        }
        return head;
    }

    private static CheckpointNote? VerifyCheckpoint(SqliteConnection connection, LedgerFolder folder, CheckpointKey key, string ledgerId)
    {
        if (Text(connection, "SELECT note FROM checkpoints ORDER BY number DESC LIMIT 1") is not { } text)
        {
            return null;
        }
        if (!CheckpointNote.TryParse(text, out CheckpointNote? note) || note.LedgerId != ledgerId)
        {
            throw Damaged(folder, "its last checkpoint cannot be read");
        }
        // A checkpoint of another key is an older key's: verify reports it, a new key does not stop the ledger.
        if (note.KeyId == key.Id && !key.Verifies(note))
        {
            throw Damaged(folder, "the signature of its last checkpoint does not match");
        }
        RequireContains(connection, folder, new ChainHead(note.Sequence, [.. note.Hash.Span]), "its last checkpoint");
        return note;
    }

    private static void RequireContains(SqliteConnection connection, LedgerFolder folder, ChainHead? known, string source)
    {
        if (known is not { Sequence: > 0 })
        {
            return;
        }
        ChainHead? found = HeadAt(connection, known.Sequence);
        if (found is null)
        {
            throw Damaged(folder, string.Create(
                CultureInfo.InvariantCulture, $"{source} says entry {known.Sequence} was recorded, but the chain ends before it: entries were cut off, or an older copy was put back"));
        }
        if (!found.Hash.AsSpan().SequenceEqual(known.Hash.AsSpan()))
        {
            throw Damaged(folder, string.Create(
                CultureInfo.InvariantCulture, $"{source} knows another entry {known.Sequence}: the chain was rewritten, or an older copy went on by itself"));
        }
    }

    private static ChainHead? HeadAt(SqliteConnection connection, long sequence)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT hash, at FROM entries WHERE sequence = $sequence";
        command.Parameters.AddWithValue("$sequence", sequence);
        using SqliteDataReader reader = command.ExecuteReader();
        return reader.Read() ? new ChainHead(sequence, [.. reader.GetFieldValue<byte[]>(0)], DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1))) : null;
    }

    private static string? Text(SqliteConnection connection, string sql)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = sql;
        return command.ExecuteScalar() as string;
    }

    private static string Missing(long sequence) => string.Create(CultureInfo.InvariantCulture, $"entry {sequence} is missing");

    private static LedgerUnavailableException Damaged(LedgerFolder folder, string what) => new(
        $"{folder.Database} is damaged: {what}. Nothing was recorded. Run 'editorbridge ledger verify' for a full report; then restore a backup, or begin a new segment that names this one (editorbridge ledger new-segment). Until then the old entries can be read and exported.");
}
