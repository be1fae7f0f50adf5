using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace EditorBridge.Sandbox.Auth;

/// <summary>A signed-in session as the drivers have one.</summary>
internal sealed record LoginSession(long Id, string UserName, string Role, string Token, DateTimeOffset TokenExpiresAt, string MasterToken, DateTimeOffset MasterExpiresAt)
{
    /// <summary>What <c>USE SECONDARY ROLES</c> said last; null where the user's default holds.</summary>
    public bool? AllSecondaryRoles { get; init; }

    /// <summary>Seconds, by <c>ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS</c>; null for the account's own limit.</summary>
    public int? StatementTimeout { get; init; }
}

/// <summary>Sessions by token. A session token lives an hour and is renewed with the master token, which lives four.</summary>
internal sealed class SessionStore(TimeProvider clock)
{
    public static readonly TimeSpan TokenLife = TimeSpan.FromHours(1);
    public static readonly TimeSpan MasterLife = TimeSpan.FromHours(4);

    private readonly ConcurrentDictionary<string, LoginSession> _byToken = new();
    private long _lastId;

    public LoginSession Open(string userName, string role) => Keep(new LoginSession(
        Interlocked.Increment(ref _lastId), userName, role, NewToken(), clock.GetUtcNow() + TokenLife, NewToken(), clock.GetUtcNow() + MasterLife));

    /// <returns>The session of this token, and whether the token's time is over; null for an unknown one.</returns>
    public (LoginSession Session, bool Expired)? Find(string token) =>
        _byToken.TryGetValue(token, out var session) ? (session, session.TokenExpiresAt <= clock.GetUtcNow()) : null;

    public (LoginSession Session, bool Expired)? FindByMaster(string masterToken) =>
        _byToken.Values.FirstOrDefault(session => session.MasterToken == masterToken) is { } session
            ? (session, session.MasterExpiresAt <= clock.GetUtcNow())
            : null;

    public LoginSession? Find(long id) => _byToken.Values.FirstOrDefault(session => session.Id == id);

    public LoginSession Renew(LoginSession session)
    {
        Close(session);
        return Keep(session with { Token = NewToken(), TokenExpiresAt = clock.GetUtcNow() + TokenLife });
    }

    public void Close(LoginSession session) => _byToken.TryRemove(session.Token, out _);

    /// <summary>Ends the time of every session token at once; the master tokens stay good.</summary>
    public void ExpireAll()
    {
        foreach (var session in _byToken.Values)
        {
            _byToken[session.Token] = session with { TokenExpiresAt = clock.GetUtcNow() };
        }
    }

    public LoginSession Keep(LoginSession session) => _byToken[session.Token] = session;

    private static string NewToken() => $"ver:3-hint:1-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32))}";
}
