using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Auth;

/// <summary>
/// The drivers' own sign-in: external browser, key pair, PAT or OAuth token in, session and master token out; renew, keep alive, close.
/// </summary>
internal sealed class SessionEndpoints(SessionStore sessions, BearerCheck bearer, KeyPairCheck keyPairs, PatTable tokens, OAuthStore oauth, AccountDirectory directory)
{
    private const int BodyLimit = 1024 * 1024;
    private const string BrowserUser = "DEVELOPER";

    /// <summary>Browser tokens that were handed out, each with the proof key its login must show.</summary>
    private readonly ConcurrentDictionary<string, string> _browserTokens = new();

    /// <summary>Step 1 of the browser sign-in: an address to open, which here is a page of this account.</summary>
    public static async Task AuthenticatorAsync(HttpContext context)
    {
        if (await DataAsync(context) is not { } data)
        {
            return;
        }

        var proof = Convert.ToBase64String(RandomNumberGenerator.GetBytes(32));
        var address = $"http://{context.Request.Host}/_sandbox/sso?port={data.Text("BROWSER_MODE_REDIRECT_PORT")}&proof={Uri.EscapeDataString(proof)}";
        await WriteAsync(context, writer =>
        {
            writer.WriteNull("tokenUrl");
            writer.WriteString("ssoUrl", address);
            writer.WriteString("proofKey", proof);
        });
    }

    /// <summary>The identity provider's page: signs the browser's person in and sends the token to the waiting client.</summary>
    public Task BrowserAsync(HttpContext context)
    {
        var query = context.Request.Query;
        if (!ushort.TryParse(query["port"], out var port))
        {
            return new SnowflakeError(400, "The sign-in page needs the port of the waiting client.").WriteAsync(context);
        }

        var token = $"browser-{Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24))}";
        _browserTokens[token] = query["proof"].ToString();
        context.Response.Redirect($"http://localhost:{port}/?token={WebUtility.UrlEncode(token)}");
        return Task.CompletedTask;
    }

    public async Task LoginAsync(HttpContext context)
    {
        if (await DataAsync(context) is not { } data)
        {
            return;
        }

        if (UserOf(data) is not { } user)
        {
            await SnowflakeError.Login(200, "Incorrect username or password was specified.", "390100").WriteAsync(context);
            return;
        }

        var role = context.Request.Query["roleName"].ToString() is { Length: > 0 } wanted ? wanted : user.DefaultRole;
        if (!directory.MayUse(user.Name, role))
        {
            await SnowflakeError.Login(200, $"Role '{role}' specified in the connect string does not exist or not authorized.", "390189").WriteAsync(context);
            return;
        }

        var session = sessions.Open(user.Name, role);
        await WriteAsync(context, writer =>
        {
            writer.WriteString("token", session.Token);
            writer.WriteString("masterToken", session.MasterToken);
            writer.WriteNumber("validityInSeconds", (int)SessionStore.TokenLife.TotalSeconds);
            writer.WriteNumber("masterValidityInSeconds", (int)SessionStore.MasterLife.TotalSeconds);
            writer.WriteNumber("sessionId", session.Id);
            writer.WriteNull("idToken");
            writer.WriteNull("mfaToken");
            writer.WriteString("displayUserName", user.Name);
            writer.WriteString("serverVersion", "10.31.1 (sandbox)");
            writer.WriteStartArray("parameters");
            writer.WriteEndArray();
            writer.WriteStartObject("sessionInfo");
            writer.WriteNull("databaseName");
            writer.WriteNull("schemaName");
            writer.WriteString("warehouseName", AccountDirectory.Warehouse);
            writer.WriteString("roleName", role);
            writer.WriteEndObject();
        });
    }

    public async Task RenewAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        var master = header.Split('"') is [_, var token, ..] ? token : "";
        var error = sessions.FindByMaster(master) switch
        {
            null => SnowflakeError.Login(200, "Master token is invalid.", "390115"),
            (_, true) => SnowflakeError.Login(200, "Authentication token has expired.  The user must authenticate again.", "390114"),
            _ => null,
        };
        if (error is not null)
        {
            await error.WriteAsync(context);
            return;
        }

        var session = sessions.Renew(sessions.FindByMaster(master)!.Value.Session);
        await WriteAsync(context, writer =>
        {
            writer.WriteString("sessionToken", session.Token);
            writer.WriteNumber("validityInSecondsST", (int)SessionStore.TokenLife.TotalSeconds);
            writer.WriteString("masterToken", session.MasterToken);
            writer.WriteNumber("validityInSecondsMT", (int)SessionStore.MasterLife.TotalSeconds);
            writer.WriteNumber("sessionId", session.Id);
        });
    }

    public async Task HeartbeatAsync(HttpContext context)
    {
        if (bearer.Identify(context) is { Error: { } denied })
        {
            await denied.WriteAsync(context);
            return;
        }

        await WriteAsync(context, _ => { });
    }

    public async Task CloseAsync(HttpContext context)
    {
        var header = context.Request.Headers.Authorization.ToString();
        if (header.Split('"') is [_, var token, ..] && sessions.Find(token) is var (session, _))
        {
            sessions.Close(session);
        }

        await WriteAsync(context, _ => { });
    }

    private AccountUser? UserOf(JsonElement data)
    {
        var token = data.Text("TOKEN") ?? data.Text("PASSWORD") ?? "";
        return data.Text("AUTHENTICATOR")?.ToUpperInvariant() switch
        {
            "EXTERNALBROWSER" when _browserTokens.TryRemove(token, out var proof) && proof == data.Text("PROOF_KEY") => directory.User(BrowserUser),
            "SNOWFLAKE_JWT" => keyPairs.UserOf(token),
            "OAUTH" when oauth.FindAccess(token) is (var access, false) => directory.User(access.UserName),
            "PROGRAMMATIC_ACCESS_TOKEN" or "SNOWFLAKE" or null when tokens.Find(token) is { } pat && tokens.StateOf(pat) == PatState.Active => directory.User(pat.UserName),
            _ => null,
        };
    }

    private static async Task<JsonElement?> DataAsync(HttpContext context)
    {
        var (body, error) = await RequestBody.ReadAsync(context, BodyLimit);
        if (error is null && body.Property("data") is { ValueKind: JsonValueKind.Object } data)
        {
            return data;
        }

        await (error ?? SnowflakeError.InvalidPayload("An object 'data' is expected.")).WriteAsync(context);
        return null;
    }

    private static Task WriteAsync(HttpContext context, Action<Utf8JsonWriter> writeData) => SandboxJson.WriteAsync(context, 200, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("data");
        writeData(writer);
        writer.WriteEndObject();
        writer.WriteNull("code");
        writer.WriteNull("message");
        writer.WriteBoolean("success", true);
        writer.WriteEndObject();
    });
}
