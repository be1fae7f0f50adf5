using System.Buffers;
using System.Collections.Immutable;
using System.Security.Cryptography;

namespace EditorBridge.Audit;

/// <summary>Links entries: each hash covers the entry's canonical bytes, and these name the hash before.</summary>
public static class HashChain
{
    public const int HashLength = 32;

    /// <summary>What the first entry names as the hash before it.</summary>
    public static readonly ImmutableArray<byte> Genesis = [.. new byte[HashLength]];

    /// <summary>SHA-256 over the canonical bytes.</summary>
    /// <param name="scratch">Cleared and reused, so that a long verification does not allocate a buffer per entry.</param>
    public static void Hash(
        ArrayBufferWriter<byte> scratch, AuditDraft draft, long sequence, DateTimeOffset at, string? facts,
        ImmutableArray<SealedPayload> payloads, ReadOnlySpan<byte> previousHash, Span<byte> hash)
    {
        scratch.ResetWrittenCount();
        CanonicalEntry.Write(scratch, draft, sequence, at, facts, payloads, previousHash);
        SHA256.HashData(scratch.WrittenSpan, hash);
    }
}
