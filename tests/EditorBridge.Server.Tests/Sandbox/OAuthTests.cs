using System.Buffers.Text;
using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>Sign-in by browser with PKCE, as the built-in local application does it.</summary>
public sealed class OAuthTests : IAsyncLifetime
{
    private const string Verifier = "a-verifier-that-is-long-enough-for-the-rules-of-pkce";
    private const string Redirect = "http://127.0.0.1:53123/";
    private readonly SandboxFixture _sandbox = new();

    public async ValueTask InitializeAsync() => await _sandbox.InitializeAsync();

    public async ValueTask DisposeAsync() => await _sandbox.DisposeAsync();

    /// <summary>A client that is signed in through OAuth.</summary>
    public static async Task<HttpClient> SignInAsync(SandboxFixture sandbox, string client = "LOCAL_APPLICATION")
    {
        var code = (await AuthorizeAsync(sandbox, "refresh_token session:role:ANALYST", client))["code"];
        using var response = await TokenAsync(sandbox, Exchange(code), client);
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        return Client(sandbox, body.GetProperty("access_token").GetString()!);
    }

    [Fact]
    public async Task Code_is_exchanged_once_and_its_token_carries_the_role()
    {
        var code = (await AuthorizeAsync(_sandbox, "refresh_token session:role:READER"))["code"];
        using var response = await TokenAsync(_sandbox, Exchange(code));
        var body = await response.Content.ReadFromJsonAsync<JsonElement>();
        Assert.Equal((600, "Bearer", "DEVELOPER"), (body.GetProperty("expires_in").GetInt32(), body.GetProperty("token_type").GetString(), body.GetProperty("username").GetString()));

        using var client = Client(_sandbox, body.GetProperty("access_token").GetString()!);
        Assert.Equal(["READER"], SqlApi.Rows((await _sandbox.RunAsync("select current_role()", client: client)).Body));
        using var again = await TokenAsync(_sandbox, Exchange(code));
        Assert.Equal("invalid_grant", await ErrorAsync(again));
    }

    [Fact]
    public async Task Statements_of_an_agentic_client_are_marked_and_its_code_is_good_for_it_alone()
    {
        using var agent = await SignInAsync(_sandbox, "SANDBOX_AGENT");
        var (_, body) = await _sandbox.RunAsync("select 'by an agent' as a", client: agent);
        Assert.Equal(["EXTERNAL_AGENT"], await _sandbox.RowsAsync(
            $"select agent_type from SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY where query_id = '{body.GetProperty("statementHandle").GetString()}'", "AUDITOR"));

        var code = (await AuthorizeAsync(_sandbox, "refresh_token", "SANDBOX_AGENT"))["code"];
        using var stolen = await TokenAsync(_sandbox, Exchange(code));
        Assert.Equal("invalid_grant", await ErrorAsync(stolen));
    }

    [Fact]
    public async Task Access_token_expires_and_is_refreshed()
    {
        var code = (await AuthorizeAsync(_sandbox, "refresh_token"))["code"];
        using var first = await TokenAsync(_sandbox, Exchange(code));
        var tokens = await first.Content.ReadFromJsonAsync<JsonElement>();
        using var client = Client(_sandbox, tokens.GetProperty("access_token").GetString()!);
        _sandbox.Clock.Advance(TimeSpan.FromSeconds(601));
        using var expired = await client.GetAsync("/api/v2/cortex/models");
        Assert.Contains("390318", await expired.Content.ReadAsStringAsync());

        using var refreshed = await TokenAsync(_sandbox, new()
        {
            ["grant_type"] = "refresh_token", ["refresh_token"] = tokens.GetProperty("refresh_token").GetString()!, ["client_id"] = "LOCAL_APPLICATION",
        });
        var next = await refreshed.Content.ReadFromJsonAsync<JsonElement>();
        Assert.False(next.TryGetProperty("refresh_token", out _));
        using var renewed = Client(_sandbox, next.GetProperty("access_token").GetString()!);
        using var fine = await renewed.GetAsync("/api/v2/cortex/models");
        Assert.Equal(HttpStatusCode.OK, fine.StatusCode);

        await ControlAsync(new { revoke_oauth = true });
        using var revoked = await renewed.GetAsync("/api/v2/cortex/models");
        Assert.Contains("390303", await revoked.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Single_use_refresh_token_is_replaced_at_each_use()
    {
        var exchange = Exchange((await AuthorizeAsync(_sandbox, "refresh_token"))["code"]);
        exchange["enable_single_use_refresh_tokens"] = "true";
        using var first = await TokenAsync(_sandbox, exchange);
        var refresh = (await first.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("refresh_token").GetString()!;
        Dictionary<string, string> form = new() { ["grant_type"] = "refresh_token", ["refresh_token"] = refresh, ["client_id"] = "LOCAL_APPLICATION" };

        using var second = await TokenAsync(_sandbox, form);
        Assert.NotEqual(refresh, (await second.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("refresh_token").GetString());
        using var third = await TokenAsync(_sandbox, form);
        Assert.Equal("invalid_grant", await ErrorAsync(third));
    }

    [Theory]
    [InlineData("refresh_token session:role:ACCOUNTADMIN", null, "invalid_scope")]
    [InlineData("refresh_token session:role:HR", null, "invalid_scope")]
    [InlineData("openid", null, "invalid_scope")]
    [InlineData("refresh_token", "access_denied", "access_denied")]
    public async Task Refusal_comes_back_to_the_redirect_address(string scope, string? injected, string error)
    {
        await ControlAsync(new { oauth_error = injected });
        var query = await AuthorizeAsync(_sandbox, scope);
        Assert.Equal((error, "the state"), (query["error"], query["state"]));
    }

    [Theory]
    [InlineData("code_verifier", "another-verifier-that-is-long-enough-for-the-rules", "invalid_grant")]
    [InlineData("redirect_uri", "http://127.0.0.1:1/", "invalid_grant")]
    [InlineData("grant_type", "password", "unsupported_grant_type")]
    public async Task Exchange_that_does_not_fit_the_request_is_refused(string field, string value, string error)
    {
        var form = Exchange((await AuthorizeAsync(_sandbox, "refresh_token"))["code"]);
        form[field] = value;
        using var response = await TokenAsync(_sandbox, form);
        Assert.Equal(error, await ErrorAsync(response));
    }

    [Fact]
    public async Task Redirect_elsewhere_is_refused_on_the_spot()
    {
        using var browser = Browser(_sandbox);
        using var response = await browser.GetAsync("/oauth/authorize?client_id=LOCAL_APPLICATION&response_type=code&redirect_uri=https%3A%2F%2Fevil.example%2F");
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task Form_is_shown_first_when_the_account_asks_for_it()
    {
        await ControlAsync(new { oauth_form = true });
        using var browser = Browser(_sandbox);
        var page = await browser.GetStringAsync(AuthorizeUrl("refresh_token"));
        Assert.Contains("Allow the local application to act as DEVELOPER with the role ANALYST?", page);
        using var approved = await browser.GetAsync(AuthorizeUrl("refresh_token") + "&sandbox_approve=1");
        Assert.Contains("code=", approved.Headers.Location!.Query);
    }

    private async Task ControlAsync(object settings)
    {
        using var response = await _sandbox.Client.PostAsJsonAsync("/_sandbox/control", settings);
        Assert.True(response.IsSuccessStatusCode, await response.Content.ReadAsStringAsync());
    }

    private static string AuthorizeUrl(string scope, string client = "LOCAL_APPLICATION") =>
        $"/oauth/authorize?client_id={client}&response_type=code&redirect_uri={Uri.EscapeDataString(Redirect)}&scope={Uri.EscapeDataString(scope)}"
        + $"&state=the%20state&code_challenge={Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(Verifier)))}&code_challenge_method=S256";

    private static async Task<Dictionary<string, string>> AuthorizeAsync(SandboxFixture sandbox, string scope, string client = "LOCAL_APPLICATION")
    {
        using var browser = Browser(sandbox);
        using var response = await browser.GetAsync(AuthorizeUrl(scope, client));
        Assert.Equal(HttpStatusCode.Redirect, response.StatusCode);
        var location = response.Headers.Location!;
        Assert.StartsWith(Redirect, location.OriginalString);
        return location.Query[1..].Split('&').Select(part => part.Split('=', 2)).ToDictionary(part => part[0], part => Uri.UnescapeDataString(part[1]));
    }

    private static HttpClient Browser(SandboxFixture sandbox) => new(new HttpClientHandler { AllowAutoRedirect = false }) { BaseAddress = sandbox.Server.BaseAddress };

    private static Dictionary<string, string> Exchange(string code) => new()
    {
        ["grant_type"] = "authorization_code", ["code"] = code, ["redirect_uri"] = Redirect, ["code_verifier"] = Verifier, ["client_id"] = "LOCAL_APPLICATION",
    };

    private static async Task<HttpResponseMessage> TokenAsync(SandboxFixture sandbox, Dictionary<string, string> form, string id = "LOCAL_APPLICATION")
    {
        using var client = new HttpClient { BaseAddress = sandbox.Server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.ASCII.GetBytes($"{id}:{id}")));
        return await client.PostAsync("/oauth/token-request", new FormUrlEncodedContent(form));
    }

    private static async Task<string?> ErrorAsync(HttpResponseMessage response)
    {
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        return (await response.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("error").GetString();
    }

    private static HttpClient Client(SandboxFixture sandbox, string token)
    {
        var client = new HttpClient { BaseAddress = sandbox.Server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        client.DefaultRequestHeaders.Add("X-Snowflake-Authorization-Token-Type", "OAUTH");
        return client;
    }
}
