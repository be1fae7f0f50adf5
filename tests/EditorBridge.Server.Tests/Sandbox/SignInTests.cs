using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>Key pairs, the drivers' sessions, and what the usage view shows of other people's calls.</summary>
public sealed class SignInTests : IAsyncLifetime
{
    private readonly SandboxFixture _sandbox = new();

    public async ValueTask InitializeAsync() => await _sandbox.InitializeAsync();

    public async ValueTask DisposeAsync() => await _sandbox.DisposeAsync();

    [Theory]
    [InlineData("SANDBOX", 0, 60, true)]
    [InlineData("EDITORBRIDGE-SANDBOX", 0, 3600, true)]
    [InlineData("SANDBOX", 0, 3601, false)]
    [InlineData("SANDBOX", -120, 60, false)]
    [InlineData("SANDBOX", 120, 60, false)]
    [InlineData("OTHER", 0, 60, false)]
    [InlineData("SANDBOX", 0, 60, false, true)]
    public async Task Key_pair_token_holds_only_with_its_key_its_account_and_its_time(string account, int issuedIn, int life, bool holds, bool wrongKey = false)
    {
        using var registered = RSA.Create(2048);
        using var other = RSA.Create(2048);
        using var admin = new HttpClient { BaseAddress = _sandbox.Server.BaseAddress };
        admin.DefaultRequestHeaders.Authorization = new("Bearer", _sandbox.Server.AdminToken);
        var key = registered.ExportSubjectPublicKeyInfo();
        Assert.Equal(200, (await _sandbox.RunAsync($"alter user DEVELOPER set rsa_public_key = '{Convert.ToBase64String(key)}'", client: admin)).Status);

        var issued = _sandbox.Clock.GetUtcNow().ToUnixTimeSeconds() + issuedIn;
        var claims = $$"""{"iss":"{{account}}.DEVELOPER.SHA256:{{Convert.ToBase64String(SHA256.HashData(key))}}","sub":"{{account}}.DEVELOPER","iat":{{issued}},"exp":{{issued + life}}}""";
        var head = $"{Base64Url.EncodeToString("""{"alg":"RS256","typ":"JWT"}"""u8)}.{Base64Url.EncodeToString(Encoding.UTF8.GetBytes(claims))}";
        var signature = (wrongKey ? other : registered).SignData(Encoding.ASCII.GetBytes(head), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        using var client = new HttpClient { BaseAddress = _sandbox.Server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new("Bearer", $"{head}.{Base64Url.EncodeToString(signature)}");
        using var response = await client.GetAsync("/api/v2/cortex/models");

        Assert.Equal(holds ? HttpStatusCode.OK : HttpStatusCode.Unauthorized, response.StatusCode);
        Assert.Equal(!holds, (await response.Content.ReadAsStringAsync()).Contains("390144", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Browser_session_signs_in_works_expires_inside_a_200_and_is_renewed()
    {
        using var client = new HttpClient(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = _sandbox.Server.BaseAddress };
        var start = await DataAsync(client, "/session/authenticator-request?request_id=1", new
        {
            data = new { ACCOUNT_NAME = "SANDBOX", LOGIN_NAME = "me", AUTHENTICATOR = "externalbrowser", BROWSER_MODE_REDIRECT_PORT = "53123" },
        });
        using var page = await client.GetAsync(start.GetProperty("ssoUrl").GetString());
        Assert.StartsWith("http://localhost:53123/?token=", page.Headers.Location!.OriginalString);
        var login = await DataAsync(client, "/session/v1/login-request?roleName=READER", new
        {
            data = new { AUTHENTICATOR = "EXTERNALBROWSER", TOKEN = Uri.UnescapeDataString(page.Headers.Location.Query[7..]), PROOF_KEY = start.GetProperty("proofKey").GetString() },
        });
        Session(client, login.GetProperty("token").GetString()!);
        var rows = await DataAsync(client, "/queries/v1/query-request?requestId=2", new { sqlText = "select current_role()" });
        Assert.Equal("READER", rows.GetProperty("rowset")[0][0].GetString());
        Assert.Equal(200, (int)(await client.GetAsync("/api/v2/cortex/models")).StatusCode);

        _sandbox.Clock.Advance(TimeSpan.FromMinutes(61));
        using var expired = await client.GetAsync("/api/v2/cortex/models");
        Assert.Equal(HttpStatusCode.OK, expired.StatusCode);
        Assert.Equal("390112", (await expired.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("code").GetString());

        Session(client, login.GetProperty("masterToken").GetString()!);
        var renewed = await DataAsync(client, "/session/token-request?requestId=3", new { oldSessionToken = "x", requestType = "RENEW" });
        Session(client, renewed.GetProperty("sessionToken").GetString()!);
        Assert.Contains("claude", await client.GetStringAsync("/api/v2/cortex/models"));
        using var closed = await client.PostAsync("/session?delete=true", null);
        using var gone = await client.GetAsync("/api/v2/cortex/models");
        Assert.Equal(HttpStatusCode.Unauthorized, gone.StatusCode);
    }

    [Fact]
    public async Task Setting_of_a_drivers_session_lasts_as_long_as_the_session()
    {
        using var client = new HttpClient { BaseAddress = _sandbox.Server.BaseAddress };
        var login = await DataAsync(client, "/session/v1/login-request?roleName=ANALYST", new { data = new { AUTHENTICATOR = "PROGRAMMATIC_ACCESS_TOKEN", TOKEN = _sandbox.Server.ProgrammaticAccessToken } });
        Session(client, login.GetProperty("token").GetString()!);
        Assert.Equal("""{"roles":"","value":""}""", await SaidAsync("select current_secondary_roles()"));
        await SaidAsync("USE SECONDARY ROLES ALL");
        Assert.Contains("AUDITOR", await SaidAsync("select current_secondary_roles()"), StringComparison.Ordinal);
        Assert.NotNull(await SaidAsync("select count(*) from SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY"));
        await SaidAsync("USE SECONDARY ROLES NONE");
        Assert.Null(await SaidAsync("select count(*) from SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY"));
        await SaidAsync("ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 5");
        Assert.Null(await SaidAsync("ALTER SESSION SET AUTOCOMMIT = false"));
        var waiting = SaidAsync("select system$wait(3000)");
        while (!waiting.IsCompleted)
        {
            _sandbox.Clock.Advance(TimeSpan.FromSeconds(1));
            await Task.Yield();
        }

        Assert.Null(await waiting);

        // Null for a statement that failed.
        async Task<string?> SaidAsync(string text)
        {
            using var response = await client.PostAsJsonAsync($"/queries/v1/query-request?requestId={Guid.NewGuid()}", new { sqlText = text });
            var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
            return answer.GetProperty("success").GetBoolean() ? answer.GetProperty("data").GetProperty("rowset")[0][0].GetString() : null;
        }
    }

    [Fact]
    public async Task Session_is_no_credential_for_the_sql_api()
    {
        using var client = new HttpClient { BaseAddress = _sandbox.Server.BaseAddress };
        var login = await DataAsync(client, "/session/v1/login-request", new { data = new { AUTHENTICATOR = "PROGRAMMATIC_ACCESS_TOKEN", TOKEN = _sandbox.Server.ProgrammaticAccessToken } });
        Session(client, login.GetProperty("token").GetString()!);
        Assert.Equal(401, (await _sandbox.RunAsync("select 1", client: client)).Status);
    }

    [Fact]
    public async Task Foreign_call_shows_in_the_usage_view_but_only_after_the_delay()
    {
        await using var slow = await EditorBridge.Sandbox.SandboxServer.StartAsync(
            new EditorBridge.Sandbox.SandboxOptions { Clock = _sandbox.Clock, UsageDelay = TimeSpan.FromMinutes(45) }, CancellationToken.None);
        using var client = new HttpClient { BaseAddress = slow.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new("Bearer", slow.ProgrammaticAccessToken);
        using var injected = await client.PostAsJsonAsync("/_sandbox/control", new
        {
            foreign_inference = new[] { new { request_id = "foreign-1", model = "claude-opus-5", input = 70, output = 7, user = "AGENT" } },
        });
        Assert.True(injected.IsSuccessStatusCode, await injected.Content.ReadAsStringAsync());
        const string Query = "select request_id, model_name, tokens from SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_USAGE_HISTORY";
        Assert.Empty(SqlApi.Rows((await _sandbox.RunAsync(Query, role: "AUDITOR", client: client)).Body));

        _sandbox.Clock.Advance(TimeSpan.FromMinutes(46));
        Assert.Equal(["foreign-1|claude-opus-5|77"], SqlApi.Rows((await _sandbox.RunAsync(Query, role: "AUDITOR", client: client)).Body));
    }

    [Fact]
    public async Task Control_takes_known_settings_from_a_known_caller_only()
    {
        using var stranger = new HttpClient { BaseAddress = _sandbox.Server.BaseAddress };
        using var refused = await stranger.PostAsJsonAsync("/_sandbox/control", new { network_blocked = true });
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        using var unknown = await _sandbox.Client.PostAsJsonAsync("/_sandbox/control", new { nonsense = true });
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
    }

    private static void Session(HttpClient client, string token)
    {
        client.DefaultRequestHeaders.Remove("Authorization");
        client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", $"Snowflake Token=\"{token}\"");
    }

    private static async Task<JsonElement> DataAsync(HttpClient client, string path, object body)
    {
        using var response = await client.PostAsJsonAsync(path, body, JsonSerializerOptions.Default);
        var answer = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.True(answer.GetProperty("success").GetBoolean(), answer.ToString());
        return answer.GetProperty("data");
    }
}
