using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;
using EditorBridge.Audit;

namespace EditorBridge.Ledger;

/// <summary>Writes a ledger's contents in forms other programs read. All of it streams: an export of a million calls needs no more memory than one of ten.</summary>
public static class LedgerExport
{
    private const int EntriesPerQuery = 2000;

    /// <summary>
    /// The chain itself: one entry per line in its canonical bytes, so that SHA-256 of a line is the entry's hash and the next line's
    /// <c>previous</c>. Anybody can verify it with a few lines of any language; tests/vectors/audit/check.mjs does.
    /// </summary>
    /// <returns>How many entries were written.</returns>
    public static async Task<long> ChainAsync(LedgerReader reader, Stream output, long from, long? to, CancellationToken cancellationToken)
    {
        var line = new ArrayBufferWriter<byte>(4096);
        long written = 0;
        for (long next = from; ;)
        {
            ImmutableArray<AuditEntry> entries = await reader.RangeAsync(next, Math.Min(to ?? long.MaxValue, next + EntriesPerQuery - 1), cancellationToken);
            if (entries.IsEmpty)
            {
                return written;
            }
            foreach (AuditEntry entry in entries)
            {
                line.ResetWrittenCount();
                string? facts = entry.Draft.Facts is { } given ? CanonicalJson.Of(given) : null;
                CanonicalEntry.Write(line, entry.Draft, entry.Sequence, entry.At, facts, entry.Payloads, entry.PreviousHash.AsSpan());
                line.Write("\n"u8);
                await output.WriteAsync(line.WrittenMemory, cancellationToken);
            }
            written += entries.Length;
            next = entries[^1].Sequence + 1;
        }
    }

    /// <summary>Payload texts with their salts, one JSON object per line, so that each can be checked against its commitment in the chain.</summary>
    /// <returns>How many texts were written.</returns>
    public static async Task<long> PayloadsAsync(LedgerReader reader, Stream output, long from, long to, CancellationToken cancellationToken)
    {
        long written = 0;
        for (long next = from; next <= to; next += EntriesPerQuery)
        {
            foreach (SaltedPayload payload in await reader.SaltedPayloadsAsync(next, Math.Min(to, next + EntriesPerQuery - 1), cancellationToken))
            {
                await JsonSerializer.SerializeAsync(output, payload, JsonSerializerOptions.Web, cancellationToken);
                await output.WriteAsync("\n"u8.ToArray(), cancellationToken);
                written++;
            }
        }
        return written;
    }
}
