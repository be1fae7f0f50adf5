using System.Collections.Immutable;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;

namespace EditorBridge.Ledger.Appending;

/// <summary>All of an entry that does not depend on its place: redacted, its facts canonical, its payloads sealed. Made on the caller's thread.</summary>
internal sealed record PreparedEntry(AuditDraft Draft, string? Facts, ImmutableArray<SealedPayload> Payloads, ImmutableArray<StoredText> Texts)
{
    /// <exception cref="ArgumentException">The draft cannot be recorded as it is: an empty id, facts without a canonical form.</exception>
    public static PreparedEntry Of(AuditDraft draft, ContentMode content)
    {
        ArgumentException.ThrowIfNullOrEmpty(draft.CallId);
        ArgumentException.ThrowIfNullOrEmpty(draft.Actor);
        AuditDraft clean = Redaction.Apply(draft);
        string? facts = clean.Facts is { } given ? CanonicalJson.Of(given) : null;
        if (content is ContentMode.None || clean.Payloads.IsDefaultOrEmpty)
        {
            return new PreparedEntry(Freeze(clean, facts), facts, [], []);
        }
        var payloads = ImmutableArray.CreateBuilder<SealedPayload>(clean.Payloads.Length);
        var texts = ImmutableArray.CreateBuilder<StoredText>(clean.Payloads.Length);
        foreach (AuditPayload payload in clean.Payloads)
        {
            byte[] salt = RandomNumberGenerator.GetBytes(SealedPayload.SaltLength);
            payloads.Add(SealedPayload.Of(payload, salt));
            texts.Add(content is ContentMode.Full ? StoredText.Of(salt, payload.Text) : new StoredText(salt, StoredText.None, null));
        }
        return new PreparedEntry(Freeze(clean, facts), facts, payloads.MoveToImmutable(), texts.MoveToImmutable());
    }

    /// <summary>The caller may go on changing its JSON; what the ledger returns and folds must be what was hashed.</summary>
    private static AuditDraft Freeze(AuditDraft draft, string? facts) =>
        facts is null ? draft : draft with { Facts = JsonNode.Parse(facts) as JsonObject };
}

/// <summary>A payload text as the table keeps it.</summary>
internal sealed record StoredText(byte[] Salt, string Encoding, byte[]? Content)
{
    public const string Utf8 = "utf8";
    public const string Brotli = "br";
    public const string None = "none";

    /// <summary>Below this a compressed text is hardly smaller and can no longer be read with any SQLite tool.</summary>
    private const int CompressFrom = 1024;

    public static StoredText Of(byte[] salt, string text)
    {
        byte[] utf8 = System.Text.Encoding.UTF8.GetBytes(text);
        if (utf8.Length < CompressFrom)
        {
            return new StoredText(salt, Utf8, utf8);
        }
        byte[] target = new byte[BrotliEncoder.GetMaxCompressedLength(utf8.Length)];
        // Quality 3 of 11: conversations shrink about five times at some 100 MB/s; more costs the caller's time.
        return BrotliEncoder.TryCompress(utf8, target, out int written, quality: 3, window: 22)
            ? new StoredText(salt, Brotli, target[..written])
            : new StoredText(salt, Utf8, utf8);
    }

    /// <exception cref="InvalidDataException">The stored bytes are not what their encoding says.</exception>
    public static byte[]? Decode(string encoding, byte[]? content)
    {
        switch (encoding)
        {
            case Utf8:
                return content;
            case Brotli:
                using (var source = new MemoryStream(content ?? []))
                using (var brotli = new BrotliStream(source, CompressionMode.Decompress))
                using (var target = new MemoryStream())
                {
                    brotli.CopyTo(target);
                    return target.ToArray();
                }
            case None:
                return null;
            default:
                throw new InvalidDataException($"A payload has the unknown encoding '{encoding}'.");
        }
    }
}
