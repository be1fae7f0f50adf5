using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using EditorBridge.Audit;

namespace EditorBridge.Ledger;

/// <summary>
/// A signed statement about where a chain stood. The text is a note in the manner of transparency logs: origin, size, hash, more lines,
/// an empty line, a signature line. Whoever keeps one can show later that the ledger still contains what it contained then.
/// </summary>
public sealed record CheckpointNote
{
    private const string OriginPrefix = "editorbridge/ledger/";
    private const string NoPrevious = "none";

    /// <summary>The ledger's own id, 32 lower-case hexadecimal digits.</summary>
    public required string LedgerId { get; init; }
    /// <summary>How many entries the chain had; the last one's sequence.</summary>
    public required long Sequence { get; init; }
    /// <summary>Hash of that entry, 32 bytes.</summary>
    public required ReadOnlyMemory<byte> Hash { get; init; }
    public required DateTimeOffset At { get; init; }
    /// <summary>SHA-256 of the whole text of the checkpoint before, null for the first.</summary>
    public ReadOnlyMemory<byte>? Previous { get; init; }
    /// <summary>The first 8 bytes of the SHA-256 of the public key (SPKI), lower-case hexadecimal.</summary>
    public required string KeyId { get; init; }
    /// <summary>ECDSA P-256 over the SHA-256 of <see cref="Body"/>, r and s of 32 bytes each.</summary>
    public required ReadOnlyMemory<byte> Signature { get; init; }

    /// <summary>The signed part, each line ended by a line feed.</summary>
    public string Body => string.Create(
        CultureInfo.InvariantCulture,
        $"{OriginPrefix}{LedgerId}\n{Sequence}\n{Convert.ToBase64String(Hash.Span)}\nat {CanonicalEntry.Time(At)}\nprevious {(Previous is { } previous ? Convert.ToBase64String(previous.Span) : NoPrevious)}\n");

    /// <summary>The whole note; this text, byte for byte, is what the next checkpoint names as its previous.</summary>
    public string Text => $"{Body}\n— {KeyId} {Convert.ToBase64String(Signature.Span)}\n";

    public ReadOnlyMemory<byte> Digest => SHA256.HashData(Encoding.UTF8.GetBytes(Text));

    /// <summary>Reads one note, strictly: a text that is not exactly what <see cref="Text"/> writes is refused, so a note has one spelling.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CheckpointNote? note)
    {
        note = null;
        string[] lines = text.Split('\n');
        if (lines.Length != 8 || !lines[0].StartsWith(OriginPrefix, StringComparison.Ordinal)
            || !long.TryParse(lines[1], NumberStyles.None, CultureInfo.InvariantCulture, out long sequence)
            || !TryBase64(lines[2], HashChain.HashLength, out byte[]? hash)
            || !lines[3].StartsWith("at ", StringComparison.Ordinal)
            || !DateTimeOffset.TryParse(lines[3].AsSpan(3), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out DateTimeOffset at)
            || !lines[4].StartsWith("previous ", StringComparison.Ordinal)
            || lines[6].Split(' ') is not ["—", var keyId, var signatureText]
            || !TryBase64(signatureText, 64, out byte[]? signature))
        {
            return false;
        }
        byte[]? previous = null;
        if (lines[4][9..] is not NoPrevious && !TryBase64(lines[4][9..], HashChain.HashLength, out previous))
        {
            return false;
        }
        var read = new CheckpointNote
        {
            LedgerId = lines[0][OriginPrefix.Length..],
            Sequence = sequence,
            Hash = hash,
            At = at,
            // Not "? null :": null would become an empty memory through its conversion from arrays.
            Previous = previous is null ? default(ReadOnlyMemory<byte>?) : previous,
            KeyId = keyId,
            Signature = signature,
        };
        note = read.Text == text ? read : null;
        return note is not null;
    }

    /// <summary>The notes in a file that holds several, one after the other, empty lines between them.</summary>
    public static IEnumerable<string> Split(string text)
    {
        string[] lines = text.ReplaceLineEndings("\n").Split('\n');
        for (int i = 0; i < lines.Length; i++)
        {
            if (lines[i].StartsWith(OriginPrefix, StringComparison.Ordinal))
            {
                int end = Math.Min(i + 7, lines.Length);
                yield return string.Join('\n', lines[i..end]) + "\n";
                i = end - 1;
            }
        }
    }

    private static bool TryBase64(string text, int length, [NotNullWhen(true)] out byte[]? bytes)
    {
        bytes = new byte[length];
        if (Convert.TryFromBase64String(text, bytes, out int written) && written == length)
        {
            return true;
        }
        bytes = null;
        return false;
    }
}
