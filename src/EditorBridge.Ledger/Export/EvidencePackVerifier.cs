using System.Globalization;
using System.IO.Compression;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Audit;

namespace EditorBridge.Ledger;

/// <summary>What was found in a pack.</summary>
/// <param name="Manifest">Null when it could not be read.</param>
/// <param name="KeyFromOutside">The key did not come from the pack itself.</param>
/// <param name="Findings">Empty when the pack is what was signed and the chain in it holds.</param>
public sealed record PackReport(EvidenceManifest? Manifest, bool KeyFromOutside, IReadOnlyList<string> Findings)
{
    public bool IsSound => Findings.Count == 0;
}

/// <summary>Verifies an evidence pack from its bytes alone; no ledger and no network are needed.</summary>
public sealed class EvidencePackVerifier
{
    private const int MostFindings = 50;

    private readonly ZipArchive _zip;
    private readonly List<string> _findings = [];
    private readonly Dictionary<long, (string Hash, JsonElement Payloads)> _entries = [];

    private EvidencePackVerifier(ZipArchive zip) => _zip = zip;

    /// <param name="publicKeyPem">From outside the pack; null takes the one in the pack, which proves only that the pack agrees with itself.</param>
    public static PackReport Verify(Stream pack, string? publicKeyPem)
    {
        try
        {
            using var zip = new ZipArchive(pack, ZipArchiveMode.Read, leaveOpen: true);
            return new EvidencePackVerifier(zip).Verify(publicKeyPem);
        }
        catch (Exception e) when (e is InvalidDataException or JsonException or FormatException or CryptographicException or ArgumentException or KeyNotFoundException or InvalidOperationException)
        {
            return new PackReport(null, publicKeyPem is not null, [$"The pack cannot be read: {e.Message}"]);
        }
    }

    private PackReport Verify(string? publicKeyPem)
    {
        byte[] manifestBytes = Read(EvidencePack.ManifestFile);
        EvidenceManifest manifest = JsonSerializer.Deserialize<EvidenceManifest>(manifestBytes, EvidencePack.Json) ?? throw new InvalidDataException("The manifest is empty.");
        if (manifest.Format != EvidenceManifest.CurrentFormat)
        {
            throw new InvalidDataException($"The format {manifest.Format} is not known to this program.");
        }
        using CheckpointKey key = CheckpointKey.FromPublicPem(publicKeyPem ?? Encoding.UTF8.GetString(Read(EvidencePack.KeyFile)));
        if (!key.Verifies(manifestBytes, Convert.FromBase64String(Encoding.ASCII.GetString(Read(EvidencePack.SignatureFile)).Trim())))
        {
            Find("The manifest is not signed by this key.");
        }
        VerifyFiles(manifest);
        VerifyChain(manifest);
        VerifyCheckpoints(manifest, key);
        VerifyPayloads();
        return new PackReport(manifest, publicKeyPem is not null, _findings);
    }

    private void VerifyFiles(EvidenceManifest manifest)
    {
        string[] expected = [.. manifest.Files.Select(static f => f.Name), EvidencePack.ManifestFile, EvidencePack.SignatureFile];
        foreach (ZipArchiveEntry extra in _zip.Entries.Where(e => !expected.Contains(e.FullName, StringComparer.Ordinal)))
        {
            Find($"{extra.FullName} is not named in the manifest.");
        }
        if (_zip.Entries.Select(static e => e.FullName).Distinct(StringComparer.Ordinal).Count() != _zip.Entries.Count)
        {
            Find("A file is in the pack twice.");
        }
        foreach (EvidenceFile file in manifest.Files)
        {
            if (_zip.GetEntry(file.Name) is not { } entry)
            {
                Find($"{file.Name} is missing.");
                continue;
            }
            using Stream stream = entry.Open();
            if (Convert.ToHexStringLower(SHA256.HashData(stream)) != file.Sha256)
            {
                Find($"{file.Name} is not what the manifest says.");
            }
        }
    }

    private void VerifyChain(EvidenceManifest manifest)
    {
        using var lines = new StreamReader(Open(EvidencePack.ChainFile), Encoding.UTF8);
        string? previous = null;
        long expected = manifest.FirstSequence;
        while (lines.ReadLine() is { } line)
        {
            using JsonDocument entry = JsonDocument.Parse(line);
            long sequence = entry.RootElement.GetProperty("sequence").GetInt64();
            if (!CanonicalJson.TryCanonicalize(line, out string? canonical, out _) || canonical != line)
            {
                Find(string.Create(CultureInfo.InvariantCulture, $"Entry {sequence} is not in canonical form."));
            }
            if (sequence != expected || (previous is not null && entry.RootElement.GetProperty("previous").GetString() != previous))
            {
                Find(string.Create(CultureInfo.InvariantCulture, $"Entry {sequence} does not follow the one before it."));
            }
            previous = CanonicalJson.Digest(line);
            _entries[sequence] = (previous, entry.RootElement.TryGetProperty("payloads", out JsonElement payloads) ? payloads.Clone() : default);
            expected = sequence + 1;
        }
        if (expected != manifest.LastSequence + 1)
        {
            Find(string.Create(CultureInfo.InvariantCulture, $"The chain ends at entry {expected - 1}; the manifest says {manifest.LastSequence}."));
        }
    }

    private void VerifyCheckpoints(EvidenceManifest manifest, CheckpointKey key)
    {
        long covered = 0;
        foreach (string text in CheckpointNote.Split(Encoding.UTF8.GetString(Read(EvidencePack.CheckpointsFile))))
        {
            if (!CheckpointNote.TryParse(text, out CheckpointNote? note) || note.LedgerId != manifest.LedgerId || !key.Verifies(note))
            {
                Find("A checkpoint is not one this key signed for this ledger.");
            }
            else if (_entries.TryGetValue(note.Sequence, out var entry))
            {
                if (entry.Hash != Convert.ToHexStringLower(note.Hash.Span))
                {
                    Find(string.Create(CultureInfo.InvariantCulture, $"The checkpoint at entry {note.Sequence} knows another entry: the chain was rewritten."));
                }
                covered = Math.Max(covered, note.Sequence);
            }
        }
        if (covered < manifest.LastSequence)
        {
            Find(string.Create(CultureInfo.InvariantCulture, $"No checkpoint covers the entries after {covered}."));
        }
    }

    private void VerifyPayloads()
    {
        if (_zip.GetEntry(EvidencePack.PayloadsFile) is null)
        {
            return;
        }
        using var lines = new StreamReader(Open(EvidencePack.PayloadsFile), Encoding.UTF8);
        while (lines.ReadLine() is { } line)
        {
            using JsonDocument payload = JsonDocument.Parse(line);
            JsonElement root = payload.RootElement;
            long sequence = root.GetProperty("sequence").GetInt64();
            string commitment = Convert.ToHexStringLower(SealedPayload.Commit(
                Convert.FromHexString(root.GetProperty("salt").GetString()!), Encoding.UTF8.GetBytes(root.GetProperty("text").GetString()!)));
            bool known = _entries.TryGetValue(sequence, out var entry) && entry.Payloads.ValueKind is JsonValueKind.Array
                && entry.Payloads.EnumerateArray().Any(p => p.GetProperty("commitment").GetString() == commitment);
            if (!known)
            {
                Find(string.Create(CultureInfo.InvariantCulture, $"The payload '{root.GetProperty("name").GetString()}' of entry {sequence} is not what was recorded."));
            }
        }
    }

    private Stream Open(string name) => (_zip.GetEntry(name) ?? throw new InvalidDataException($"{name} is missing.")).Open();

    private byte[] Read(string name)
    {
        using Stream stream = Open(name);
        using var bytes = new MemoryStream();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }

    private void Find(string finding)
    {
        if (_findings.Count < MostFindings)
        {
            _findings.Add(finding);
        }
    }
}
