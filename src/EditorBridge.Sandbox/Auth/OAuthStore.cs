using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace EditorBridge.Sandbox.Auth;

/// <summary>A code that was handed to a redirect address and waits to be exchanged, once.</summary>
internal sealed record OAuthCode(string Client, string UserName, string Role, string Scope, string RedirectUri, string Challenge, DateTimeOffset ExpiresAt);

/// <summary>A bearer token of a client that acts for a user.</summary>
internal sealed record OAuthAccess(string Client, string UserName, string Role, DateTimeOffset ExpiresAt);

/// <param name="SingleUse">Replaced at every use.</param>
internal sealed record OAuthRefresh(string Client, string UserName, string Role, string Scope, bool SingleUse, DateTimeOffset ExpiresAt);

/// <summary>Codes and tokens of the OAuth integrations.</summary>
internal sealed class OAuthStore(TimeProvider clock, TimeSpan accessLife)
{
    private static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RefreshLife = TimeSpan.FromDays(90);
    private readonly ConcurrentDictionary<string, OAuthCode> _codes = new();
    private readonly ConcurrentDictionary<string, OAuthAccess> _access = new();
    private readonly ConcurrentDictionary<string, OAuthRefresh> _refresh = new();

    /// <summary>How long an access token lives.</summary>
    public TimeSpan AccessLife => accessLife;

    public string AddCode(OAuthCode granted)
    {
        var code = NewSecret();
        _codes[code] = granted with { ExpiresAt = clock.GetUtcNow() + CodeLife };
        return code;
    }

    /// <summary>Takes the code out: whatever comes of it, it cannot be used again.</summary>
    public OAuthCode? TakeCode(string code) => _codes.TryRemove(code, out var found) && found.ExpiresAt > clock.GetUtcNow() ? found : null;

    public string AddAccess(string client, string userName, string role)
    {
        var token = NewSecret();
        _access[token] = new OAuthAccess(client, userName, role, clock.GetUtcNow() + accessLife);
        return token;
    }

    public string AddRefresh(string client, string userName, string role, string scope, bool singleUse)
    {
        var token = NewSecret();
        _refresh[token] = new OAuthRefresh(client, userName, role, scope, singleUse, clock.GetUtcNow() + RefreshLife);
        return token;
    }

    /// <returns>The refresh token if it still holds; one for single use is gone afterwards.</returns>
    public OAuthRefresh? UseRefresh(string token)
    {
        if (!_refresh.TryGetValue(token, out var found) || found.ExpiresAt <= clock.GetUtcNow())
        {
            return null;
        }

        return !found.SingleUse || _refresh.TryRemove(token, out _) ? found : null;
    }

    /// <returns>The access token, and whether its time is over; null for an unknown one.</returns>
    public (OAuthAccess Access, bool Expired)? FindAccess(string token) =>
        _access.TryGetValue(token, out var found) ? (found, found.ExpiresAt <= clock.GetUtcNow()) : null;

    /// <summary>Revokes everything, as an administrator does who ends all sessions.</summary>
    public void Clear()
    {
        _codes.Clear();
        _access.Clear();
        _refresh.Clear();
    }

    private static string NewSecret() => $"ver:1-hint:sandbox-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";
}
