using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Audit;

/// <summary>What the chain keeps of a payload: enough to prove a text, nothing to guess it from once the salt is gone.</summary>
/// <param name="Bytes">Length of the text in UTF-8, after redaction.</param>
/// <param name="Commitment">HMAC-SHA-256 over the text in UTF-8 with the payload's own 32-byte salt as key. The salt lies beside the text and is dropped with it.</param>
public sealed record SealedPayload(string Name, string MediaType, long Bytes, ImmutableArray<byte> Commitment)
{
    public const int SaltLength = 32;

    public static byte[] Commit(ReadOnlySpan<byte> salt, ReadOnlySpan<byte> utf8) => HMACSHA256.HashData(salt, utf8);

    public static SealedPayload Of(AuditPayload payload, ReadOnlySpan<byte> salt)
    {
        byte[] utf8 = Encoding.UTF8.GetBytes(payload.Text);
        return new SealedPayload(payload.Name, payload.MediaType, utf8.Length, [.. Commit(salt, utf8)]);
    }
}
