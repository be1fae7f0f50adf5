using System.Globalization;
using Microsoft.Data.Sqlite;

namespace EditorBridge.Ledger.Verification;

/// <summary>Compares the chain with everything that claims to know where it stood.</summary>
internal sealed class CheckpointChecks(SqliteConnection connection, string? ledgerId, CheckpointKey? key, Action<VerifyProblem, long?, string> find)
{
    /// <summary>The last entry a valid checkpoint covers.</summary>
    public long LastSequence { get; private set; }

    /// <summary>The checkpoints in the database, in order; returns how many.</summary>
    public int VerifyAll()
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT number, note, sequence, at FROM checkpoints ORDER BY number";
        using SqliteDataReader reader = command.ExecuteReader();
        int count = 0;
        CheckpointNote? before = null;
        while (reader.Read())
        {
            count++;
            string name = string.Create(CultureInfo.InvariantCulture, $"Checkpoint {reader.GetInt64(0)}");
            if (reader.GetInt64(0) != count)
            {
                find(VerifyProblem.CheckpointInvalid, null, string.Create(CultureInfo.InvariantCulture, $"Checkpoint {count} is missing."));
                return count;
            }
            if (Verify(reader.GetString(1), name) is not { } note)
            {
                return count;
            }
            if (note.Sequence != reader.GetInt64(2) || note.At.ToUnixTimeMilliseconds() != reader.GetInt64(3))
            {
                find(VerifyProblem.CheckpointInvalid, note.Sequence, $"{name} is listed otherwise than its text says.");
            }
            if (!Same(note.Previous, before?.Digest) || note.Sequence < before?.Sequence)
            {
                find(VerifyProblem.CheckpointInvalid, note.Sequence, $"{name} does not follow the one before it.");
            }
            before = note;
            LastSequence = note.Sequence;
        }
        return count;
    }

    /// <summary>Checkpoints that were kept outside the database; returns how many there were.</summary>
    public int VerifyKept(string? texts, string source)
    {
        int count = 0;
        foreach (string text in texts is null ? [] : CheckpointNote.Split(texts))
        {
            count++;
            Verify(text, string.Create(CultureInfo.InvariantCulture, $"In {source}, note {count}"));
        }
        if (count == 0 && !string.IsNullOrWhiteSpace(texts))
        {
            find(VerifyProblem.CheckpointInvalid, null, $"There is no checkpoint in {source}.");
        }
        return count;
    }

    public void VerifyHead(ChainHead? head)
    {
        if (head is { Sequence: > 0 })
        {
            Contains(head.Sequence, head.Hash.AsSpan(), "ledger.head");
        }
    }

    private CheckpointNote? Verify(string text, string name)
    {
        if (!CheckpointNote.TryParse(text, out CheckpointNote? note))
        {
            find(VerifyProblem.CheckpointInvalid, null, $"{name} is not in the form of a checkpoint.");
            return null;
        }
        if (note.LedgerId != ledgerId)
        {
            find(VerifyProblem.CheckpointInvalid, note.Sequence, $"{name} is one of another ledger ({note.LedgerId}).");
            return null;
        }
        if (key is not null && note.KeyId != key.Id)
        {
            find(VerifyProblem.CheckpointInvalid, note.Sequence, $"{name} is signed by the key {note.KeyId}, not by {key.Id}. If the key was changed on purpose, verify with the older one up to here.");
        }
        else if (key is not null && !key.Verifies(note))
        {
            find(VerifyProblem.CheckpointInvalid, note.Sequence, $"{name}: the signature does not match.");
        }
        Contains(note.Sequence, note.Hash.Span, name);
        return note;
    }

    private void Contains(long sequence, ReadOnlySpan<byte> hash, string source)
    {
        using SqliteCommand command = connection.CreateCommand();
        command.CommandText = "SELECT hash FROM entries WHERE sequence = $sequence";
        command.Parameters.AddWithValue("$sequence", sequence);
        if (command.ExecuteScalar() is not byte[] found)
        {
            find(VerifyProblem.ChainCut, sequence, string.Create(
                CultureInfo.InvariantCulture, $"{source} knows entry {sequence}, which is not there: entries were cut off the end, or an older copy was put back."));
        }
        else if (!hash.SequenceEqual(found))
        {
            find(VerifyProblem.ChainRewritten, sequence, string.Create(
                CultureInfo.InvariantCulture, $"{source} knows another entry {sequence}: the chain was rewritten, or went on from an older copy."));
        }
    }

    private static bool Same(ReadOnlyMemory<byte>? a, ReadOnlyMemory<byte>? b) =>
        a is null ? b is null : b is not null && a.Value.Span.SequenceEqual(b.Value.Span);
}
