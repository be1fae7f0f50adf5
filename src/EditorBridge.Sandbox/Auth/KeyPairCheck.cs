using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Auth;

/// <summary>
/// Checks a key-pair JWT: RS256 over the user's registered key, <c>iss</c> = ACCOUNT.USER.SHA256:fingerprint,
/// <c>sub</c> = ACCOUNT.USER, and a life of at most an hour.
/// </summary>
internal sealed class KeyPairCheck(AccountDirectory directory, TimeProvider clock)
{
    private const int LongestLifeSeconds = 3600;
    private static readonly TimeSpan Skew = TimeSpan.FromSeconds(60);

    /// <returns>True for what looks like a key-pair JWT, so that a token without a type header can be told from a PAT.</returns>
    public static bool LooksLikeJwt(string token) => Claims(token)?.Text("iss")?.Contains("SHA256:", StringComparison.Ordinal) is true;

    /// <returns>The user, or null when anything about the token is wrong: the account does not say what.</returns>
    public AccountUser? UserOf(string token)
    {
        if (Claims(token) is not { } claims || claims.Text("sub")?.Split('.') is not [var account, var name]
            || !IsThisAccount(account) || directory.User(name) is not { PublicKey: { } key } user || user.Name != name)
        {
            return null;
        }

        var now = clock.GetUtcNow();
        var issued = DateTimeOffset.FromUnixTimeSeconds(claims.Int("iat") ?? 0);
        var expires = DateTimeOffset.FromUnixTimeSeconds(claims.Int("exp") ?? 0);
        var timely = expires > now && issued <= now + Skew && (expires - issued).TotalSeconds <= LongestLifeSeconds;
        return timely && claims.Text("iss") == $"{account}.{name}.SHA256:{user.KeyFingerprint}" && SignatureHolds(token, key) ? user : null;
    }

    /// <summary>The account goes by its name alone or by organization and name; never by a host name.</summary>
    private static bool IsThisAccount(string account) =>
        account is AccountDirectory.Account or $"{AccountDirectory.Organization}-{AccountDirectory.Account}";

    private static bool SignatureHolds(string token, string publicKey)
    {
        var lastDot = token.LastIndexOf('.');
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(Convert.FromBase64String(publicKey), out _);
        try
        {
            return rsa.VerifyData(
                Encoding.ASCII.GetBytes(token[..lastDot]), Base64Url.DecodeFromChars(token.AsSpan(lastDot + 1)), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static JsonElement? Claims(string token)
    {
        if (token.Split('.') is not [var header, var payload, _])
        {
            return null;
        }

        try
        {
            var head = JsonElement.Parse(Base64Url.DecodeFromChars(header));
            return head.Text("alg") is "RS256" ? JsonElement.Parse(Base64Url.DecodeFromChars(payload)) : null;
        }
        catch (Exception error) when (error is FormatException or JsonException)
        {
            return null;
        }
    }
}
