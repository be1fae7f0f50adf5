using System.Text;

namespace EditorBridge.Ledger;

/// <summary>All checkpoints as text beside the database: the nearest witness, readable without any tool.</summary>
internal static class CheckpointFile
{
    public static void Append(string path, CheckpointNote note)
    {
        using FileStream stream = LedgerFolder.OpenPrivate(path, FileMode.Append, FileAccess.Write, FileShare.Read);
        stream.Write(Encoding.UTF8.GetBytes(note.Text + "\n"));
        stream.Flush(flushToDisk: true);
    }

    /// <summary>The newest note, null when there is none that can be read.</summary>
    public static CheckpointNote? Last(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        // Only the end is read: the file grows by some 350 bytes per checkpoint for years.
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        stream.Seek(-Math.Min(stream.Length, 4096), SeekOrigin.End);
        using var reader = new StreamReader(stream, Encoding.UTF8);
        CheckpointNote? last = null;
        foreach (string text in CheckpointNote.Split(reader.ReadToEnd()))
        {
            last = CheckpointNote.TryParse(text, out CheckpointNote? note) ? note : last;
        }
        return last;
    }
}
