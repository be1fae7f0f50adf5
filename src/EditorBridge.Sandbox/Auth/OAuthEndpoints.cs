using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Auth;

/// <summary>
/// OAuth: the built-in client <c>LOCAL_APPLICATION</c> and an agent's (their secrets are their names), authorization code with PKCE, refresh. The person at the browser is always DEVELOPER.
/// </summary>
internal sealed class OAuthEndpoints(OAuthStore store, AccountDirectory directory, AccountControl control)
{
    /// <summary>A client whose integration says <c>IS_AGENTIC</c>: its statements are marked as an agent's.</summary>
    public const string AgentClient = "SANDBOX_AGENT";

    private static readonly string[] Clients = ["LOCAL_APPLICATION", AgentClient];
    private const string User = "DEVELOPER";
    private const string RolePrefix = "session:role:";
    private const string EncodedRolePrefix = "session:role-encoded:";
    private static readonly string[] BlockedRoles = ["ACCOUNTADMIN", "ORGADMIN", "SECURITYADMIN"];

    /// <summary>The browser's page: approves at once, or shows a form when the account is set so.</summary>
    public async Task AuthorizeAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (!Clients.Contains(query["client_id"].ToString()) || !Uri.TryCreate(query["redirect_uri"], UriKind.Absolute, out var redirect)
            || redirect is not { Scheme: "http", Host: "127.0.0.1" or "localhost" })
        {
            // Without a trustworthy address there is nowhere to send the error to.
            await WritePageAsync(context, 400, "Invalid OAuth request", "<p>The client or the redirect address is not known to this account.</p>");
            return;
        }

        var error = control.OAuthError is { } injected ? injected
            : query["response_type"] != "code" ? "unsupported_response_type"
            : query["code_challenge_method"] != "S256" || query["code_challenge"].ToString().Length != 43 ? "invalid_request"
            : null;
        var role = RoleOf(query["scope"].ToString());
        if (error is null && (role is null || BlockedRoles.Contains(role) || !directory.MayUse(User, role)))
        {
            error = "invalid_scope";
        }

        if (error is null && control.OAuthForm && query["sandbox_approve"] != "1")
        {
            var again = WebUtility.HtmlEncode($"{context.Request.Path}{context.Request.QueryString}&sandbox_approve=1");
            await WritePageAsync(context, 200, "Sandbox sign-in", $"<p>Allow the local application to act as {User} with the role {WebUtility.HtmlEncode(role)}?</p><p><a href=\"{again}\">Allow</a></p>");
            return;
        }

        var answer = error is null
            ? $"code={Uri.EscapeDataString(store.AddCode(new OAuthCode(
                query["client_id"].ToString(), User, role!, query["scope"].ToString(), redirect.OriginalString, query["code_challenge"].ToString(), default)))}"
            : $"error={error}&error_description={Uri.EscapeDataString($"The sandbox refused the request: {error}.")}";
        var separator = redirect.Query.Length > 0 ? '&' : '?';
        context.Response.Redirect($"{redirect.OriginalString}{separator}{answer}&state={Uri.EscapeDataString(query["state"].ToString())}");
    }

    /// <summary>Exchanges a code or a refresh token.</summary>
    public async Task TokenAsync(HttpContext context)
    {
        if (!context.Request.HasFormContentType)
        {
            await WriteErrorAsync(context, "invalid_request", "The body must be a form.");
            return;
        }

        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var client = Array.Find(Clients, client =>
            context.Request.Headers.Authorization == $"Basic {Convert.ToBase64String(Encoding.ASCII.GetBytes($"{client}:{client}"))}");
        if (client is null || control.NetworkBlocked)
        {
            await WriteErrorAsync(context, "invalid_client", "This is an invalid client.");
            return;
        }

        await (form["grant_type"].ToString() switch
        {
            "authorization_code" => ExchangeAsync(context, form, client),
            "refresh_token" => RefreshAsync(context, form, client),
            _ => WriteErrorAsync(context, "unsupported_grant_type", "The grant type is not supported."),
        });
    }

    private async Task ExchangeAsync(HttpContext context, IFormCollection form, string client)
    {
        var challenge = Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString())));
        if (store.TakeCode(form["code"].ToString()) is not { } code || code.Client != client || code.RedirectUri != form["redirect_uri"] || code.Challenge != challenge)
        {
            await WriteErrorAsync(context, "invalid_grant", "The authorization code is invalid, expired or was used before.");
            return;
        }

        var wantsRefresh = code.Scope.Split(' ').Contains("refresh_token");
        var refresh = wantsRefresh ? store.AddRefresh(client, code.UserName, code.Role, code.Scope, form["enable_single_use_refresh_tokens"] == "true") : null;
        await WriteTokensAsync(context, client, code.UserName, code.Role, code.Scope, refresh);
    }

    private async Task RefreshAsync(HttpContext context, IFormCollection form, string client)
    {
        var given = form["refresh_token"].ToString();
        if (store.UseRefresh(given) is not { } refresh || refresh.Client != client)
        {
            await WriteErrorAsync(context, "invalid_grant", "The refresh token is invalid or expired.");
            return;
        }

        // A new refresh token comes only where each may be used once; otherwise the old one stays good.
        var next = refresh.SingleUse ? store.AddRefresh(client, refresh.UserName, refresh.Role, refresh.Scope, singleUse: true) : null;
        await WriteTokensAsync(context, client, refresh.UserName, refresh.Role, refresh.Scope, next);
    }

    private Task WriteTokensAsync(HttpContext context, string client, string userName, string role, string scope, string? shownRefresh)
    {
        var access = store.AddAccess(client, userName, role);
        return SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteString("access_token", access);
            writer.WriteNumber("expires_in", (int)store.AccessLife.TotalSeconds);
            if (shownRefresh is not null)
            {
                writer.WriteString("refresh_token", shownRefresh);
                writer.WriteNumber("refresh_token_expires_in", 7_776_000);
            }

            writer.WriteString("token_type", "Bearer");
            writer.WriteString("username", userName);
            writer.WriteString("scope", scope.Contains("session:role", StringComparison.Ordinal) ? scope : $"{scope} {RolePrefix}{role}".Trim());
            writer.WriteBoolean("idpInitiated", false);
            writer.WriteEndObject();
        });
    }

    private static Task WriteErrorAsync(HttpContext context, string error, string message) => SandboxJson.WriteAsync(context, 400, writer =>
    {
        writer.WriteStartObject();
        writer.WriteNull("data");
        writer.WriteString("message", message);
        writer.WriteNull("code");
        writer.WriteBoolean("success", false);
        writer.WriteString("error", error);
        writer.WriteEndObject();
    });

    private static Task WritePageAsync(HttpContext context, int status, string title, string body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "text/html; charset=utf-8";
        return context.Response.WriteAsync($"<!doctype html><title>{title}</title><h1>{title}</h1>{body}", context.RequestAborted);
    }

    /// <returns>The role a scope asks for; the default role without one; null for a scope the account does not know.</returns>
    private string? RoleOf(string scope)
    {
        string? role = null;
        foreach (var part in scope.Split(' ', StringSplitOptions.RemoveEmptyEntries))
        {
            if (part.StartsWith(RolePrefix, StringComparison.Ordinal))
            {
                role = part[RolePrefix.Length..].ToUpperInvariant();
            }
            else if (part.StartsWith(EncodedRolePrefix, StringComparison.Ordinal))
            {
                role = Uri.UnescapeDataString(part[EncodedRolePrefix.Length..]);
            }
            else if (part is not "refresh_token")
            {
                return null;
            }
        }

        return role ?? directory.User(User)!.DefaultRole;
    }
}
