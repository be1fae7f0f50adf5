using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Sandbox.Auth;

/// <summary>One programmatic access token as the account keeps it: the secret only as a digest.</summary>
/// <param name="RoleRestriction">The only role the token may use, or null for the user's default role.</param>
internal sealed record Pat(string Name, string UserName, byte[] SecretDigest, string? RoleRestriction, DateTimeOffset CreatedOn, DateTimeOffset ExpiresAt)
{
    public bool Disabled { get; init; }

    public string? Comment { get; init; }

    /// <summary>Until when the token works without a network policy.</summary>
    public DateTimeOffset? BypassUntil { get; init; }

    /// <summary>The name of the token that took this one's place.</summary>
    public string? RotatedTo { get; init; }

    public TimeSpan Life => ExpiresAt - CreatedOn;
}

internal enum PatState
{
    Active,
    Disabled,
    Expired,
}

/// <summary>Every programmatic access token of the account.</summary>
internal sealed class PatTable(TimeProvider clock)
{
    public const int MostPerUser = 15;
    public const int LongestDays = 365;
    public const int DefaultDays = 15;

    private readonly List<Pat> _tokens = [];
    private readonly Lock _lock = new();

    public IReadOnlyList<Pat> Of(string userName)
    {
        lock (_lock)
        {
            return [.. _tokens.Where(pat => pat.UserName == userName)];
        }
    }

    public Pat? Named(string userName, string name)
    {
        lock (_lock)
        {
            return _tokens.Find(pat => pat.UserName == userName && pat.Name == name);
        }
    }

    public PatState StateOf(Pat pat) => pat.Disabled ? PatState.Disabled : pat.ExpiresAt <= clock.GetUtcNow() ? PatState.Expired : PatState.Active;

    /// <returns>The secret, which nobody can read again later.</returns>
    public string Add(string name, string userName, string? roleRestriction = null, int days = DefaultDays, int bypassMinutes = 0, string? comment = null)
    {
        var secret = NewSecret();
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            _tokens.Add(new Pat(name, userName, Digest(secret), roleRestriction, now, now.AddDays(days))
            {
                BypassUntil = bypassMinutes > 0 ? now.AddMinutes(bypassMinutes) : null,
                Comment = comment,
            });
        }

        return secret;
    }

    /// <summary>Gives the token a new secret and the same length of life; the old secret lives on under another name.</summary>
    /// <returns>The new secret, and the name the old one now has.</returns>
    public (string Secret, string RotatedName) Rotate(Pat pat, TimeSpan keepOld)
    {
        var secret = NewSecret();
        var now = clock.GetUtcNow();
        var rotatedName = $"{pat.Name}_ROTATED_{now.ToUnixTimeMilliseconds()}";
        lock (_lock)
        {
            _tokens.Remove(pat);
            _tokens.Add(pat with { Name = rotatedName, ExpiresAt = Earlier(pat.ExpiresAt, now + keepOld), RotatedTo = pat.Name });
            _tokens.Add(pat with { SecretDigest = Digest(secret), CreatedOn = now, ExpiresAt = now + pat.Life });
        }

        return (secret, rotatedName);
    }

    public void Replace(Pat old, Pat changed)
    {
        lock (_lock)
        {
            _tokens[_tokens.IndexOf(old)] = changed;
        }
    }

    public void Remove(Pat pat)
    {
        lock (_lock)
        {
            _tokens.Remove(pat);
        }
    }

    /// <returns>The token this secret belongs to, whatever its state, or null when it belongs to none.</returns>
    public Pat? Find(string secret)
    {
        var digest = Digest(secret);
        lock (_lock)
        {
            return _tokens.Find(pat => CryptographicOperations.FixedTimeEquals(pat.SecretDigest, digest));
        }
    }

    private static DateTimeOffset Earlier(DateTimeOffset one, DateTimeOffset other) => one < other ? one : other;

    /// <summary>Shaped like Snowflake's secrets: three dot-separated base64url parts that begin with <c>eyJ</c>.</summary>
    private static string NewSecret() => string.Join('.',
        Base64Url.EncodeToString("""{"kid":"sandbox","alg":"ES256"}"""u8),
        Base64Url.EncodeToString(Encoding.UTF8.GetBytes($$"""{"p":"sandbox","id":"{{Guid.NewGuid():N}}"}""")),
        Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(48)));

    private static byte[] Digest(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));
}
