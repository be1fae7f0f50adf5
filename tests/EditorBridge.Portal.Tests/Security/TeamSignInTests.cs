using System.Net;
using System.Text.Json.Nodes;

namespace EditorBridge.Portal.Security;

/// <summary>Coming in with the organisation's sign-in: over real HTTP between the portal, a provider and what a browser keeps.</summary>
public sealed class TeamSignInTests : IAsyncLifetime
{
    private const string Public = "bridge.example.com";
    private readonly SampleLedger _ledger = SampleLedger.Create();
    private IdentityProvider _provider = null!;

    public async ValueTask InitializeAsync() => _provider = await IdentityProvider.StartAsync();

    public async ValueTask DisposeAsync()
    {
        await _provider.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    [Fact]
    public async Task A_member_of_a_known_group_comes_in_with_the_roles_of_that_group()
    {
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, Public);
        using var front = await browser.GetAsync("/sign-in");
        var offered = await front.Content.ReadAsStringAsync();
        Assert.Contains("Sign in with your organisation", offered, StringComparison.Ordinal);
        Assert.Contains("<h1>Sign in</h1>", offered, StringComparison.Ordinal);

        using var entered = await ComeInAsync(browser);
        Assert.Equal(HttpStatusCode.OK, entered.StatusCode);
        Assert.Empty(_provider.Faults);
        Assert.Contains("; secure", string.Join('\n', entered.Headers.GetValues("Set-Cookie")), StringComparison.Ordinal);

        using var page = await browser.GetAsync("/access");
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        using var notTheirs = await browser.GetAsync("/settings");
        Assert.Equal(HttpStatusCode.Forbidden, notTheirs.StatusCode);
        using var circuit = await browser.SendAsync(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", $"https://{Public}");
        Assert.Equal(HttpStatusCode.OK, circuit.StatusCode);
        using var foreign = await browser.SendAsync(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", "https://evil.example");
        Assert.Equal(HttpStatusCode.Forbidden, foreign.StatusCode);
        using var inTheClear = await browser.SendAsync(HttpMethod.Post, "/_blazor/negotiate?negotiateVersion=1", $"http://{Public}");
        Assert.Equal(HttpStatusCode.Forbidden, inTheClear.StatusCode);
    }

    [Fact]
    public async Task A_session_ends_after_eight_hours_however_busy_it_is()
    {
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, Public);
        (await ComeInAsync(browser)).Dispose();
        for (var hour = 0; hour < 8; hour++)
        {
            using var page = await browser.GetAsync("/access");
            Assert.Equal(HttpStatusCode.OK, page.StatusCode);
            _ledger.Clock.Advance(TimeSpan.FromHours(1));
        }

        using var after = await browser.GetAsync("/access");
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Theory]
    [InlineData("groups", "No role here is yours", "maria@example.com")]
    [InlineData("preferred_username", "The sign-in names nobody", "preferred_username")]
    public async Task Somebody_without_a_role_or_a_name_is_told_what_is_missing(string missing, string title, string detail)
    {
        _provider.Claims.Remove(missing);
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, Public);
        await AssertRefusedAsync(browser, title, detail);
    }

    [Theory]
    [InlineData("aud", "somebody-else")]
    [InlineData("iss", "https://evil.example")]
    [InlineData("nonce", "another")]
    [InlineData("exp", 1)]
    public async Task A_token_for_something_else_opens_nothing(string claim, object value)
    {
        _provider.Cheat = claims => claims[claim] = JsonValue.Create(value);
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, Public);
        await AssertRefusedAsync(browser, "The sign-in did not succeed", "Nothing was opened");
    }

    [Theory]
    [InlineData("none")]
    [InlineData("HS256")]
    public async Task A_token_that_the_providers_key_did_not_sign_opens_nothing(string algorithm)
    {
        _provider.Algorithm = algorithm;
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, Public);
        await AssertRefusedAsync(browser, "The sign-in did not succeed", "Nothing was opened");
    }

    [Fact]
    public async Task The_client_secret_is_sent_to_no_host_that_the_metadata_invents()
    {
        await using var thief = await IdentityProvider.StartAsync();
        _provider.TokenEndpoint = $"{thief.Issuer}/token";
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, Public);
        await AssertRefusedAsync(browser, "The sign-in did not succeed", thief.Issuer);
        Assert.Empty(thief.Faults);
    }

    [Fact]
    public async Task A_callback_that_nobody_began_opens_nothing()
    {
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, Public);
        using var begun = await browser.GetAsync(TeamSignIn.StartPath);
        using var other = new Browser(portal, Public);
        using var response = await FollowAsync(other, begun);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        using var page = await other.GetAsync("/access");
        Assert.Equal(HttpStatusCode.Redirect, page.StatusCode);
    }

    [Fact]
    public async Task At_the_loopback_address_the_attempt_begins_at_the_public_one()
    {
        await using var portal = await StartAsync();
        using var browser = new Browser(portal, portal.Url.Authority);
        using var response = await browser.GetAsync(TeamSignIn.StartPath);
        Assert.Equal($"https://{Public}{TeamSignIn.StartPath}", response.Headers.Location?.ToString());
    }

    [Theory]
    [InlineData("publicUrl", "http://bridge.example.com", "publicUrl must be https://")]
    [InlineData("publicUrl", "https://bridge.example.com/portal", "without a path")]
    [InlineData("authority", "http://login.example.com", "issuer address")]
    [InlineData("clientId", "", "clientId is empty")]
    [InlineData("clientSecretFile", "nowhere.secret", "missing or empty")]
    [InlineData("clientSecret", "in the clear", "clientSecret")]
    [InlineData("ClientId", "wrong case", "ClientId")]
    public void A_broken_file_stops_the_start_and_names_its_fault(string key, string value, string said)
    {
        var oidc = Settings();
        oidc[key] = value;
        Write(oidc);
        var broken = Assert.Throws<PortalStateException>(() => TeamSignIn.Read(_ledger.State)?.ReadSecret(_ledger.State));
        Assert.Contains(said, broken.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was started", broken.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_role_that_does_not_exist_stops_the_start()
    {
        var oidc = Settings();
        oidc["roles"] = new JsonObject { ["everyone"] = "boss" };
        Write(oidc);
        Assert.Contains("'boss'", Assert.Throws<PortalStateException>(() => TeamSignIn.Read(_ledger.State)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_way_to_the_provider_takes_no_redirect_and_no_proxy_and_leads_nowhere_else()
    {
        Write(Settings());
        using var handler = new ProviderHandler(TeamSignIn.Read(_ledger.State)!);
        var sockets = Assert.IsType<SocketsHttpHandler>(handler.InnerHandler);
        Assert.False(sockets.UseProxy || sockets.AllowAutoRedirect || sockets.UseCookies);

        using var http = new HttpClient(handler);
        var refused = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetAsync(new Uri("https://elsewhere.example.com/token")));
        Assert.Contains("Nothing was sent there", refused.Message, StringComparison.Ordinal);
    }

    private async Task<RunningPortal> StartAsync()
    {
        Write(Settings());
        return await RunningPortal.StartAsync(_ledger);
    }

    private JsonObject Settings() => new()
    {
        ["publicUrl"] = $"https://{Public}",
        ["authority"] = _provider.Issuer,
        ["clientId"] = IdentityProvider.ClientId,
        ["clientSecretFile"] = "oidc.secret",
        ["roles"] = new JsonObject { ["bridge-auditors"] = "auditor", ["bridge-approvers"] = "approver, developer" },
    };

    private void Write(JsonObject oidc)
    {
        PortalState.WritePrivate(Path.Combine(_ledger.State.Folder, "oidc.secret"), IdentityProvider.Secret + "\n");
        PortalState.WritePrivate(Path.Combine(_ledger.State.Folder, TeamSignIn.FileName), new JsonObject { ["oidc"] = oidc }.ToJsonString());
    }

    private static async Task<HttpResponseMessage> ComeInAsync(Browser browser)
    {
        using var begun = await browser.GetAsync(TeamSignIn.StartPath);
        Assert.Equal(HttpStatusCode.Redirect, begun.StatusCode);
        return await FollowAsync(browser, begun);
    }

    private static async Task<HttpResponseMessage> FollowAsync(Browser browser, HttpResponseMessage begun)
    {
        using var outside = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false });
        using var back = await outside.GetAsync(begun.Headers.Location);
        Assert.Equal($"https://{Public}{TeamSignIn.CallbackPath}", back.Headers.Location?.GetLeftPart(UriPartial.Path));
        return await browser.GetAsync(back.Headers.Location!.PathAndQuery);
    }

    private static async Task AssertRefusedAsync(Browser browser, string title, string detail)
    {
        using var response = await ComeInAsync(browser);
        var page = WebUtility.HtmlDecode(await response.Content.ReadAsStringAsync());
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(title, page, StringComparison.Ordinal);
        Assert.Contains(detail, page, StringComparison.Ordinal);
        using var after = await browser.GetAsync("/access");
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    /// <summary>What a browser behind the team's proxy is to the portal: the public Host, and the cookies of that host.</summary>
    private sealed class Browser(RunningPortal portal, string host) : IDisposable
    {
        private readonly Dictionary<string, string> _cookies = [];
        private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, UseCookies = false }) { BaseAddress = portal.Url };

        public Task<HttpResponseMessage> GetAsync(string path) => SendAsync(HttpMethod.Get, path);

        public async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? origin = null)
        {
            using var request = new HttpRequestMessage(method, path) { Headers = { Host = host } };
            if (origin is not null) request.Headers.Add("Origin", origin);
            if (_cookies.Count > 0) request.Headers.Add("Cookie", string.Join("; ", _cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
            var response = await _client.SendAsync(request);
            foreach (var set in response.Headers.TryGetValues("Set-Cookie", out var all) ? all : [])
            {
                var (name, value) = (set[..set.IndexOf('=')], set[(set.IndexOf('=') + 1)..].Split(';')[0]);
                if (value.Length == 0) _cookies.Remove(name);
                else _cookies[name] = value;
            }

            return response;
        }

        public void Dispose() => _client.Dispose();
    }
}
