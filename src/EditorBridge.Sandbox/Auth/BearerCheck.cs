using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Auth;

/// <summary>
/// Decides who calls, or how the account refuses. The token's type comes from its header, else from the token itself.
/// <c>x-api-key</c> is no credential here, as in a real account.
/// </summary>
internal sealed partial class BearerCheck(
    PatTable tokens, OAuthStore oauth, SessionStore sessions, KeyPairCheck keyPairs, AccountDirectory directory, AccountParameters parameters,
    AccountControl control, TimeProvider clock)
{
    private const string TypeHeader = "X-Snowflake-Authorization-Token-Type";
    private static readonly SnowflakeError NoCredential = new(401, "Authorization header is missing or is not a bearer token.", "390101");

    /// <param name="sessionAllowed">False for the SQL API, which takes bearer tokens only.</param>
    public (Identity? Identity, SnowflakeError? Error) Identify(HttpContext context, bool sessionAllowed = true)
    {
        var (identity, error) = ByHeader(context, sessionAllowed);
        if (identity is not null && control.NetworkBlocked)
        {
            var address = context.Connection.RemoteIpAddress;
            return (null, new SnowflakeError(403, $"Incoming request with IP/Token {address} is not allowed to access Snowflake. Contact your account administrator."));
        }

        return (identity, error);
    }

    /// <summary>True for an active PAT, whatever else refuses the request.</summary>
    public bool HoldsPat(HttpContext context) =>
        context.Request.Headers.Authorization.ToString() is var header && header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase)
        && tokens.Find(header["Bearer ".Length..].Trim()) is { } pat && tokens.StateOf(pat) == PatState.Active;

    private (Identity? Identity, SnowflakeError? Error) ByHeader(HttpContext context, bool sessionAllowed)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (sessionAllowed && SessionHeader().Match(header) is { Success: true } session)
        {
            return BySession(session.Groups["token"].Value);
        }

        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || header.Length == "Bearer ".Length)
        {
            return (null, NoCredential);
        }

        var secret = header["Bearer ".Length..].Trim();
        return context.Request.Headers[TypeHeader].ToString() switch
        {
            "PROGRAMMATIC_ACCESS_TOKEN" => ByPat(secret),
            "OAUTH" => ByOAuth(secret),
            "KEYPAIR_JWT" => ByKeyPair(secret),
            "" => KeyPairCheck.LooksLikeJwt(secret) ? ByKeyPair(secret) : oauth.FindAccess(secret) is not null ? ByOAuth(secret) : ByPat(secret),
            var other => (null, SnowflakeError.InvalidRequest($"unknown {TypeHeader} '{other}'")),
        };
    }

    /// <summary>Unknown, disabled, expired and without a network policy all sound the same.</summary>
    private (Identity? Identity, SnowflakeError? Error) ByPat(string secret)
    {
        var invalid = new SnowflakeError(401, "Programmatic access token is invalid.", "394400");
        if (tokens.Find(secret) is not { } pat || tokens.StateOf(pat) != PatState.Active || directory.User(pat.UserName) is not { } user)
        {
            return (null, invalid);
        }

        var underPolicy = !control.PatNeedsNetworkPolicy || parameters["NETWORK_POLICY"].Length > 0 || pat.BypassUntil > clock.GetUtcNow();
        if (!underPolicy || (pat.RoleRestriction is { } only && !directory.MayUse(user.Name, only)))
        {
            return (null, invalid);
        }

        return (new Identity(user.Name, pat.RoleRestriction ?? user.DefaultRole, CredentialKind.ProgrammaticAccessToken)
        {
            RoleIsFixed = pat.RoleRestriction is not null,
        }, null);
    }

    private (Identity? Identity, SnowflakeError? Error) ByOAuth(string token) => oauth.FindAccess(token) switch
    {
        null => (null, new SnowflakeError(401, "Invalid OAuth access token.", "390303")),
        (_, true) => (null, new SnowflakeError(401, "OAuth access token expired.", "390318")),
        (var access, false) => (new Identity(access.UserName, access.Role, CredentialKind.OAuth)
        {
            RoleIsFixed = true,
            AgentType = access.Client == OAuthEndpoints.AgentClient ? "EXTERNAL_AGENT" : null,
        }, null),
    };

    private (Identity? Identity, SnowflakeError? Error) ByKeyPair(string token) => keyPairs.UserOf(token) is { } user
        ? (new Identity(user.Name, user.DefaultRole, CredentialKind.KeyPair), null)
        : (null, new SnowflakeError(401, $"JWT token is invalid. [{Guid.NewGuid()}]", "390144"));

    /// <summary>An expired session is reported inside a 200.</summary>
    private (Identity? Identity, SnowflakeError? Error) BySession(string token) => sessions.Find(token) switch
    {
        null => (null, SnowflakeError.Login(401, "Session no longer exists.  New login required to access the service.", "390111")),
        (_, true) => (null, SnowflakeError.SessionExpired),
        (var session, false) => (new Identity(session.UserName, session.Role, CredentialKind.Session) { SessionId = session.Id }, null),
    };

    [GeneratedRegex("^Snowflake Token=\"(?<token>[^\"]+)\"$", RegexOptions.IgnoreCase)]
    private static partial Regex SessionHeader();
}
