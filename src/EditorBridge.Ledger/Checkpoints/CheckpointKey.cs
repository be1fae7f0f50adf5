using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Ledger;

/// <summary>The key that signs a ledger's checkpoints: ECDSA on P-256, in a file only the owner reads.</summary>
public sealed class CheckpointKey : IDisposable
{
    private readonly ECDsa _key;

    private CheckpointKey(ECDsa key)
    {
        _key = key;
        Id = IdOf(key);
    }

    /// <summary>The first 8 bytes of the SHA-256 of the public key (SPKI), lower-case hexadecimal.</summary>
    public string Id { get; }

    public string PublicPem => _key.ExportSubjectPublicKeyInfoPem();

    /// <summary>Reads the key of a ledger, or makes one when there is none yet.</summary>
    /// <exception cref="LedgerUnavailableException">The key file cannot be read as a key.</exception>
    internal static CheckpointKey OpenOrCreate(LedgerFolder folder)
    {
        try
        {
            if (!File.Exists(folder.PrivateKey))
            {
                using ECDsa made = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                WriteWhole(folder.PrivateKey, made.ExportPkcs8PrivateKeyPem() + "\n");
            }
            ECDsa key = ECDsa.Create();
            key.ImportFromPem(File.ReadAllText(folder.PrivateKey));
            var opened = new CheckpointKey(key);
            WriteWhole(folder.PublicKey, opened.PublicPem + "\n");
            return opened;
        }
        catch (Exception e) when (e is ArgumentException or CryptographicException or IOException or UnauthorizedAccessException)
        {
            throw new LedgerUnavailableException(
                $"The signing key {folder.PrivateKey} cannot be used: {e.Message} Nothing was recorded. Put the key back from a backup, or move the file away to sign with a new key from now on.", e);
        }
    }

    /// <summary>A key that can verify and not sign.</summary>
    /// <exception cref="ArgumentException">The text holds no public key.</exception>
    /// <exception cref="CryptographicException">The key is damaged.</exception>
    public static CheckpointKey FromPublicPem(string pem)
    {
        ECDsa key = ECDsa.Create();
        key.ImportFromPem(pem);
        return new CheckpointKey(key);
    }

    internal CheckpointNote Sign(string ledgerId, long sequence, ReadOnlyMemory<byte> hash, DateTimeOffset at, CheckpointNote? previous)
    {
        var unsigned = new CheckpointNote
        {
            LedgerId = ledgerId,
            Sequence = sequence,
            Hash = hash,
            At = at,
            Previous = previous?.Digest,
            KeyId = Id,
            Signature = default,
        };
        return unsigned with { Signature = Sign(Encoding.UTF8.GetBytes(unsigned.Body)) };
    }

    /// <summary>Signs any bytes: manifests of exports use the ledger's key too.</summary>
    internal byte[] Sign(ReadOnlySpan<byte> data) =>
        _key.SignData(data, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public bool Verifies(CheckpointNote note) => note.KeyId == Id && Verifies(Encoding.UTF8.GetBytes(note.Body), note.Signature.Span);

    public bool Verifies(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature) =>
        _key.VerifyData(data, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);

    public void Dispose() => _key.Dispose();

    private static string IdOf(ECDsa key) => Convert.ToHexStringLower(SHA256.HashData(key.ExportSubjectPublicKeyInfo()).AsSpan(0, 8));

    /// <summary>Never leaves half a key behind: written beside, then moved.</summary>
    private static void WriteWhole(string path, string text)
    {
        string beside = path + ".new";
        using (FileStream stream = LedgerFolder.OpenPrivate(beside, FileMode.Create, FileAccess.Write, FileShare.None))
        {
            stream.Write(Encoding.ASCII.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }
        File.Move(beside, path, overwrite: true);
    }
}
