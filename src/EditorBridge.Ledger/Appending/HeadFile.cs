using System.Globalization;
using System.Text;

namespace EditorBridge.Ledger.Appending;

/// <summary>
/// Sequence and hash of the last acknowledged entry, beside the database. It is written after each commit and not synced, so after a power
/// cut it may lie behind the database, never before it: a database that ends earlier than this says was cut, or replaced by an older copy.
/// </summary>
internal sealed class HeadFile : IDisposable
{
    // "00000000000000000042 <64 hexadecimal digits>\n": one write within one page, so it is never half old and half new.
    private const int Length = 20 + 1 + 64 + 1;

    private readonly FileStream _stream;

    private HeadFile(FileStream stream) => _stream = stream;

    public static HeadFile Open(string path) =>
        new(LedgerFolder.OpenPrivate(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.ReadWrite));

    /// <summary>Null when there is none yet.</summary>
    public ChainHead? Read()
    {
        Span<byte> bytes = stackalloc byte[Length];
        return RandomAccess.Read(_stream.SafeFileHandle, bytes, 0) == Length ? Parse(Encoding.ASCII.GetString(bytes)) : null;
    }

    public static ChainHead? ReadFrom(string path)
    {
        if (!File.Exists(path))
        {
            return null;
        }
        string text = File.ReadAllText(path);
        return text.Length == Length ? Parse(text) : null;
    }

    public void Write(ChainHead head)
    {
        byte[] line = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{head.Sequence:D20} {Convert.ToHexStringLower(head.Hash.AsSpan())}\n"));
        RandomAccess.Write(_stream.SafeFileHandle, line, 0);
    }

    public void Dispose() => _stream.Dispose();

    private static ChainHead? Parse(string line)
    {
        try
        {
            return long.TryParse(line.AsSpan(0, 20), NumberStyles.None, CultureInfo.InvariantCulture, out long sequence)
                ? new ChainHead(sequence, [.. Convert.FromHexString(line.AsSpan(21, 64))])
                : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }
}
