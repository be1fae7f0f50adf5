using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>Signs its own short-lived tokens with the user's private key; the account holds the public one.</summary>
public sealed class KeyPairCredential : RenewingCredential
{
    /// <summary>The account takes up to an hour; a minute is left for clocks that differ.</summary>
    private static readonly TimeSpan Life = TimeSpan.FromMinutes(59);

    private readonly AccountProfile _profile;
    private readonly TimeProvider _time;

    /// <exception cref="SignInException">The profile names no key file or no user.</exception>
    public KeyPairCredential(AccountProfile profile, TimeProvider time, ILogger<KeyPairCredential> logger) : base(time, logger)
    {
        if (profile.PrivateKeyFile is null || profile.User is null)
        {
            throw new SignInException($"Connection '{profile.Name}' signs in with a key pair and must name both user and private_key_file.");
        }
        _profile = profile;
        _time = time;
    }

    public override string Description => "key pair";

    public override TokenKind Kind => TokenKind.KeyPairJwt;

    private protected override async Task<Fetched> FetchAsync(bool force, CancellationToken cancellationToken)
    {
        using var key = await LoadAsync(cancellationToken);
        var now = _time.GetUtcNow();
        var token = new AccessToken(Sign(key, _profile.Identifier, _profile.User!, now, Life), TokenKind.KeyPairJwt, now + Life);
        return new Fetched(token, now + (Life * 0.8));
    }

    /// <summary>The signed token, as the account wants it: subject and issuer in upper case, the issuer with the key's fingerprint.</summary>
    internal static string Sign(RSA key, string account, string user, DateTimeOffset now, TimeSpan life)
    {
        var subject = $"{AccountPart(account)}.{user.ToUpperInvariant()}";
        var fingerprint = Convert.ToBase64String(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
        var claims = JsonSerializer.Serialize(new Dictionary<string, object>
        {
            ["iss"] = $"{subject}.SHA256:{fingerprint}",
            ["sub"] = subject,
            ["iat"] = now.ToUnixTimeSeconds(),
            ["exp"] = (now + life).ToUnixTimeSeconds(),
        });
        var text = $"{Base64Url("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Base64Url(Encoding.UTF8.GetBytes(claims))}";
        return $"{text}.{Base64Url(key.SignData(Encoding.ASCII.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1))}";
    }

    /// <summary>The identifier without its region, in upper case: cut at the first dot, and for global URLs at the first hyphen.</summary>
    internal static string AccountPart(string account)
    {
        var cut = account.IndexOf(account.Contains(".global", StringComparison.OrdinalIgnoreCase) ? '-' : '.', StringComparison.Ordinal);
        return (cut < 0 ? account : account[..cut]).ToUpperInvariant();
    }

    private async Task<RSA> LoadAsync(CancellationToken cancellationToken)
    {
        var path = _profile.PrivateKeyFile!;
        var pem = await SecretFiles.ReadAsync(path, cancellationToken);
        var key = RSA.Create();
        try
        {
            if (!pem.Contains("ENCRYPTED", StringComparison.Ordinal))
            {
                key.ImportFromPem(pem);
            }
            else if (_profile.PrivateKeyPassphrase is { } passphrase)
            {
                key.ImportFromEncryptedPem(pem, passphrase.Value);
            }
            else
            {
                throw new SignInException($"{path} is encrypted. Set PRIVATE_KEY_PASSPHRASE, or private_key_passphrase in the connection.");
            }
            return key;
        }
        catch (Exception exception) when (exception is CryptographicException or ArgumentException)
        {
            key.Dispose();
            throw new SignInException($"{path} is no RSA private key in PEM, or its passphrase is wrong: {exception.Message}", exception);
        }
    }

    private static string Base64Url(ReadOnlySpan<byte> bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');
}
