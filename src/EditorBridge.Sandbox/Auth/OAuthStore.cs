using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace EditorBridge.Sandbox.Auth;

/// <summary>A code that was handed to a redirect address and waits to be exchanged, once.</summary>
internal sealed record OAuthCode(string UserName, string Role, string Scope, string RedirectUri, string Challenge, DateTimeOffset ExpiresAt);

/// <param name="Refresh">The refresh token it belongs to, or null when none was asked for.</param>
internal sealed record OAuthAccess(string UserName, string Role, DateTimeOffset ExpiresAt, string? Refresh);

/// <param name="SingleUse">Replaced at every use.</param>
internal sealed record OAuthRefresh(string UserName, string Role, string Scope, bool SingleUse, DateTimeOffset ExpiresAt);

/// <summary>Codes and tokens of the built-in OAuth integration for local applications.</summary>
internal sealed class OAuthStore(TimeProvider clock, TimeSpan accessLife)
{
    private static readonly TimeSpan CodeLife = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan RefreshLife = TimeSpan.FromDays(90);
    private readonly ConcurrentDictionary<string, OAuthCode> _codes = new();
    private readonly ConcurrentDictionary<string, OAuthAccess> _access = new();
    private readonly ConcurrentDictionary<string, OAuthRefresh> _refresh = new();

    /// <summary>How long an access token lives.</summary>
    public TimeSpan AccessLife => accessLife;

    public string AddCode(string userName, string role, string scope, string redirectUri, string challenge)
    {
        var code = NewSecret();
        _codes[code] = new OAuthCode(userName, role, scope, redirectUri, challenge, clock.GetUtcNow() + CodeLife);
        return code;
    }

    /// <summary>Takes the code out: whatever comes of it, it cannot be used again.</summary>
    public OAuthCode? TakeCode(string code) => _codes.TryRemove(code, out var found) && found.ExpiresAt > clock.GetUtcNow() ? found : null;

    public string AddAccess(string userName, string role, string? refresh)
    {
        var token = NewSecret();
        _access[token] = new OAuthAccess(userName, role, clock.GetUtcNow() + accessLife, refresh);
        return token;
    }

    public string AddRefresh(string userName, string role, string scope, bool singleUse)
    {
        var token = NewSecret();
        _refresh[token] = new OAuthRefresh(userName, role, scope, singleUse, clock.GetUtcNow() + RefreshLife);
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
