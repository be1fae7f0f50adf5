using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Sandbox.Auth;

/// <summary>One programmatic access token as the account keeps it: the secret only as a digest.</summary>
/// <param name="RoleRestriction">The only role the token may use, or null for the user's default role.</param>
internal sealed record Pat(string Name, string UserName, byte[] SecretDigest, string? RoleRestriction, DateTimeOffset ExpiresAt)
{
    public bool Disabled { get; init; }
}

/// <summary>Every programmatic access token of the account.</summary>
internal sealed class PatTable(TimeProvider clock)
{
    private static readonly TimeSpan DefaultLife = TimeSpan.FromDays(15);
    private readonly List<Pat> _tokens = [];
    private readonly Lock _lock = new();

    /// <returns>The secret, which nobody can read again later.</returns>
    public string Add(string name, string userName, string? roleRestriction = null, TimeSpan? life = null)
    {
        var secret = NewSecret();
        var pat = new Pat(name.ToUpperInvariant(), userName, Digest(secret), roleRestriction, clock.GetUtcNow() + (life ?? DefaultLife));
        lock (_lock)
        {
            _tokens.Add(pat);
        }

        return secret;
    }

    /// <returns>The token this secret belongs to, or null when it is unknown, disabled or expired: Snowflake tells none of these apart.</returns>
    public Pat? Find(string secret)
    {
        var digest = Digest(secret);
        lock (_lock)
        {
            var found = _tokens.Find(pat => CryptographicOperations.FixedTimeEquals(pat.SecretDigest, digest));
            return found is null || found.Disabled || found.ExpiresAt <= clock.GetUtcNow() ? null : found;
        }
    }

    /// <summary>Shaped like Snowflake's secrets: three dot-separated base64url parts that begin with <c>eyJ</c>.</summary>
    private static string NewSecret() => string.Join('.',
        Base64Url.EncodeToString("""{"kid":"sandbox","alg":"ES256"}"""u8),
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"p":"sandbox","id":"{{Guid.NewGuid():N}}"}""")),
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(48)));

    private static byte[] Digest(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
