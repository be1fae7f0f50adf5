using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Auth;

/// <summary>Decides who calls, or how the account refuses. <c>x-api-key</c> is no credential here, as in a real account.</summary>
internal sealed class BearerCheck(PatTable tokens, AccountDirectory directory)
{
    private const string TypeHeader = "X-Snowflake-Authorization-Token-Type";

    public (Identity? Identity, SnowflakeError? Error) Identify(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || header.Length == "Bearer ".Length)
        {
            return (null, new SnowflakeError(401, "Authorization header is missing or is not a bearer token.", "390101"));
        }

        var secret = header["Bearer ".Length..].Trim();
        return context.Request.Headers[TypeHeader].ToString() switch
        {
            "" or "PROGRAMMATIC_ACCESS_TOKEN" => ByPat(secret),
            "OAUTH" => (null, new SnowflakeError(401, "Invalid OAuth access token.", "390303")),
            "KEYPAIR_JWT" => (null, new SnowflakeError(401, $"JWT token is invalid. [{Guid.NewGuid()}]", "390144")),
            var other => (null, SnowflakeError.InvalidRequest($"unknown {TypeHeader} '{other}'")),
        };
    }

    private (Identity? Identity, SnowflakeError? Error) ByPat(string secret) => tokens.Find(secret) is { } pat && directory.User(pat.UserName) is { } user
        ? (new Identity(user.Name, pat.RoleRestriction ?? user.DefaultRole, CredentialKind.ProgrammaticAccessToken)
        {
            RoleIsFixed = pat.RoleRestriction is not null,
        }, null)
        : (null, new SnowflakeError(401, "Programmatic access token is invalid.", "394400"));
}
