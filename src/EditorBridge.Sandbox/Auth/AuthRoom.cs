namespace EditorBridge.Sandbox.Auth;

/// <summary>Every way to sign in.</summary>
internal static class AuthRoom
{
    public static void MapAuth(this WebApplication app, SandboxAccount account)
    {
        var oauth = new OAuthEndpoints(account.OAuth, account.Directory, account.Control);
        app.MapGet("/oauth/authorize", oauth.AuthorizeAsync);
        app.MapPost("/oauth/token-request", oauth.TokenAsync);

        var sessions = new SessionEndpoints(account.Sessions, account.Bearer, account.KeyPairs, account.Tokens, account.OAuth, account.Directory);
        app.MapPost("/session/authenticator-request", SessionEndpoints.AuthenticatorAsync);
        app.MapGet("/_sandbox/sso", sessions.BrowserAsync);
        app.MapPost("/session/v1/login-request", sessions.LoginAsync);
        app.MapPost("/session/token-request", sessions.RenewAsync);
        app.MapPost("/session/heartbeat", sessions.HeartbeatAsync);
        app.MapPost("/session", sessions.CloseAsync);
    }
}
