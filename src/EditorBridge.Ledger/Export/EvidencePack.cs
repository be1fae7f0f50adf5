using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Audit;

namespace EditorBridge.Ledger;

/// <summary>What goes into an evidence pack.</summary>
public sealed record EvidenceRequest
{
    /// <summary>Inclusive.</summary>
    public required DateTimeOffset From { get; init; }
    /// <summary>Exclusive.</summary>
    public required DateTimeOffset To { get; init; }
    /// <summary>Who asked.</summary>
    public required string Actor { get; init; }
    public required string Reason { get; init; }
    /// <summary>Whether payload texts go in; only for readers who may see them.</summary>
    public bool Payloads { get; init; }
}

/// <summary>One file of a pack.</summary>
public sealed record EvidenceFile(string Name, long Bytes, string Sha256);

/// <summary>The first thing to read in a pack; its signature covers its bytes, and it covers every other file.</summary>
public sealed record EvidenceManifest
{
    public const string CurrentFormat = "editorbridge-evidence/1";

    public required string Format { get; init; }
    public required DateTimeOffset CreatedAt { get; init; }
    public required string Actor { get; init; }
    public required string Reason { get; init; }
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset To { get; init; }
    public required string LedgerId { get; init; }
    public required string KeyId { get; init; }
    public required long FirstSequence { get; init; }
    public required long LastSequence { get; init; }
    public required long Calls { get; init; }
    public required long Payloads { get; init; }
    public required EvidenceFile[] Files { get; init; }
}

/// <summary>
/// A zip that proves what happened in a window, readable and verifiable without EditorBridge: the chain in canonical lines, the checkpoints
/// around it, the calls as a table, payload texts with their salts, a report that opens in any browser, and a signed manifest.
/// </summary>
public static class EvidencePack
{
    internal const string ManifestFile = "manifest.json";
    internal const string SignatureFile = "manifest.sig";
    internal const string ChainFile = "chain.jsonl";
    internal const string CallsFile = "calls.csv";
    internal const string PayloadsFile = "payloads.jsonl";
    internal const string CheckpointsFile = "checkpoints.txt";
    internal const string KeyFile = "ledger.pub";

    internal static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private const string HowToVerify = """
        This pack was made by EditorBridge. To verify it:

          editorbridge ledger verify-pack PACK.zip --pubkey KEY.pem

        with the public key you were given by another way than this pack. Without EditorBridge:

        1. manifest.sig is an ECDSA P-256 signature (SHA-256; r and s of 32 bytes each, base64) over the bytes of manifest.json.
        2. manifest.json names the SHA-256 of every other file.
        3. Each line of chain.jsonl is one entry; the SHA-256 of a line is what the next line names as "previous".
        4. Each note in checkpoints.txt is signed by the same key and names the hash of the entry with its sequence.
        5. In payloads.jsonl, HMAC-SHA-256 of "text" with the key "salt" is the "commitment" that the entry names.

        """;

    /// <summary>Makes a pack.</summary>
    /// <param name="sign">Signs bytes with the ledger's key: <see cref="LedgerWriter.SignAsync"/> in the host, the key itself on the command line.</param>
    /// <exception cref="LedgerUnreadableException">There is nothing in the window, or no checkpoint yet.</exception>
    public static async Task<EvidenceManifest> WriteAsync(
        LedgerReader reader, EvidenceRequest request, Stream output, DateTimeOffset now, Func<ReadOnlyMemory<byte>, Task<byte[]>> sign, CancellationToken cancellationToken)
    {
        (long first, long last) = await reader.WindowAsync(request.From, request.To, cancellationToken);
        var notes = await reader.CheckpointsFromAsync(first, cancellationToken);
        if (last < first || notes.IsEmpty)
        {
            throw new LedgerUnreadableException("There is nothing to prove: no entry in this window, or no checkpoint after it yet. No pack was made.", null);
        }
        // The chain goes on to the checkpoint that covers the window's end, or nothing would vouch for its last entries.
        last = Math.Max(last, notes.FirstOrDefault(n => n.Sequence >= last)?.Sequence ?? last);
        using var zip = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true);
        var files = new List<EvidenceFile>();
        await AddAsync(ChainFile, stream => LedgerExport.ChainAsync(reader, stream, first, last, cancellationToken));
        var filter = new CallFilter { From = request.From, To = request.To };
        long calls = await AddAsync(CallsFile, stream => CallExport.WriteAsync(reader, filter, ExportFormat.Csv, stream, cancellationToken));
        long payloads = request.Payloads ? await AddAsync(PayloadsFile, stream => LedgerExport.PayloadsAsync(reader, stream, first, last, cancellationToken)) : 0;
        await AddTextAsync(CheckpointsFile, string.Concat(notes.Where(n => n.Sequence <= last).Select(static n => n.Text + "\n")));
        await AddTextAsync(KeyFile, await File.ReadAllTextAsync(reader.Files.PublicKey, cancellationToken));
        await AddTextAsync("README.txt", HowToVerify);
        await AddTextAsync("report.html", await EvidenceReport.BuildAsync(reader, request, now, first, last, notes[^1].LedgerId, cancellationToken));
        var manifest = new EvidenceManifest
        {
            Format = EvidenceManifest.CurrentFormat,
            CreatedAt = now,
            Actor = request.Actor,
            Reason = request.Reason,
            From = request.From,
            To = request.To,
            LedgerId = notes[^1].LedgerId,
            KeyId = notes[^1].KeyId,
            FirstSequence = first,
            LastSequence = last,
            Calls = calls,
            Payloads = payloads,
            Files = [.. files],
        };
        byte[] bytes = JsonSerializer.SerializeToUtf8Bytes(manifest, Json);
        await AddTextAsync(ManifestFile, Encoding.UTF8.GetString(bytes));
        await AddTextAsync(SignatureFile, Convert.ToBase64String(await sign(bytes)) + "\n");
        return manifest;

        Task AddTextAsync(string name, string text) => AddAsync(name, async stream =>
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
            return 0;
        });

        async Task<long> AddAsync(string name, Func<Stream, Task<long>> write)
        {
            await using Stream stream = await zip.CreateEntry(name, CompressionLevel.Optimal).OpenAsync(cancellationToken);
            await using var digest = new DigestStream(stream);
            long count = await write(digest);
            files.Add(digest.Describe(name));
            return count;
        }
    }

    /// <summary>What a user of the portal or the command line would name the file.</summary>
    public static string FileName(EvidenceRequest request) => string.Create(
        CultureInfo.InvariantCulture, $"evidence-{request.From.UtcDateTime:yyyyMMdd}-{request.To.UtcDateTime:yyyyMMdd}.zip");
}

/// <summary>Passes bytes on and remembers their number and digest.</summary>
internal sealed class DigestStream(Stream inner) : Stream
{
    private readonly IncrementalHash _hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
    private long _written;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => _written;
    public override long Position { get => _written; set => throw new NotSupportedException(); }

    public EvidenceFile Describe(string name) => new(name, _written, Convert.ToHexStringLower(_hash.GetHashAndReset()));

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        inner.Write(buffer);
        _hash.AppendData(buffer);
        _written += buffer.Length;
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await inner.WriteAsync(buffer, cancellationToken);
        _hash.AppendData(buffer.Span);
        _written += buffer.Length;
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => inner.Flush();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _hash.Dispose();
        base.Dispose(disposing);
    }
}
