using System.Net;
using System.Net.WebSockets;

namespace EditorBridge.Portal.Security;

/// <summary>Who gets in: over real Kestrel, as a browser, another site and another program would try.</summary>
public sealed class PortalDoorTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();
    private RunningPortal _portal = null!;

    public async ValueTask InitializeAsync() => _portal = await RunningPortal.StartAsync(_ledger);

    public async ValueTask DisposeAsync()
    {
        await _portal.DisposeAsync();
        await _ledger.DisposeAsync();
    }

    [Theory]
    [InlineData("evil.example")]
    [InlineData("evil.example:4080")]
    [InlineData("127.0.0.1:1")]
    [InlineData("localhost.evil.example")]
    public async Task A_foreign_Host_is_refused(string host)
    {
        using var client = await _portal.SignedInAsync(RoleNames.Owner);
        foreach (var path in new[] { "/", "/sign-in", "/portal.css", "/_blazor/negotiate" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Headers = { Host = host } };
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("http://evil.example")]
    [InlineData("null")]
    [InlineData("http://127.0.0.1:1")]
    [InlineData("https://127.0.0.1")]
    public async Task A_foreign_Origin_negotiates_no_circuit_and_posts_nothing(string origin)
    {
        using var client = await _portal.SignedInAsync(RoleNames.Owner);
        foreach (var path in new[] { "/_blazor/negotiate?negotiateVersion=1", "/sign-out" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, path);
            request.Headers.Add("Origin", origin);
            using var response = await client.SendAsync(request);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        }
    }

    [Theory]
    [InlineData("http://evil.example", true, HttpStatusCode.Forbidden)]
    [InlineData("null", true, HttpStatusCode.Forbidden)]
    [InlineData(null, true, HttpStatusCode.Forbidden)]
    [InlineData("own", false, HttpStatusCode.Unauthorized)]
    [InlineData("own", true, HttpStatusCode.SwitchingProtocols)]
    public async Task A_web_socket_opens_only_for_our_page_and_a_signed_in_person(string? origin, bool signedIn, HttpStatusCode expected)
    {
        using var socket = new ClientWebSocket();
        socket.Options.CollectHttpResponseDetails = true;
        if (origin is not null) socket.Options.SetRequestHeader("Origin", origin == "own" ? _portal.Url.ToString().TrimEnd('/') : origin);
        if (signedIn) socket.Options.SetRequestHeader("Cookie", await CookieAsync());
        var address = new UriBuilder(_portal.Url) { Scheme = "ws", Path = "/_blazor" }.Uri;
        var connected = await Record.ExceptionAsync(() => socket.ConnectAsync(address, CancellationToken.None));
        Assert.Equal(expected, socket.HttpStatusCode);
        Assert.Equal(expected == HttpStatusCode.SwitchingProtocols, connected is null);
    }

    [Theory]
    [InlineData("/")]
    [InlineData("/calls")]
    [InlineData("/reviews")]
    [InlineData("/settings")]
    [InlineData("/no-such-page")]
    public async Task Without_a_cookie_every_page_leads_to_the_sign_in_page(string path)
    {
        using var client = _portal.Stranger();
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal((HttpStatusCode.Redirect, "/sign-in"), (response.StatusCode, response.Headers.Location?.ToString()));
        var page = await client.GetStringAsync(response.Headers.Location);
        Assert.Contains("one-time link", page, StringComparison.Ordinal);
        Assert.DoesNotContain("blazor", page, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task A_used_link_opens_nothing()
    {
        using var client = _portal.Stranger();
        var link = new Uri($"/sign-in?code={_portal.Code(RoleNames.Owner)}", UriKind.Relative);
        using var first = await client.GetAsync(link);
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        using var stranger = _portal.Stranger();
        using var second = await stranger.GetAsync(link);
        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
        Assert.False(second.Headers.Contains("Set-Cookie"));
        Assert.Contains("has been used", await second.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_expired_link_opens_nothing()
    {
        var link = new Uri($"/sign-in?code={_portal.Code(RoleNames.Owner)}", UriKind.Relative);
        _ledger.Clock.Advance(SignInLinks.Lifetime);
        using var client = _portal.Stranger();
        using var response = await client.GetAsync(link);
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("expired", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fetch_ahead_of_the_click_does_not_use_a_link_up()
    {
        var link = new Uri($"/sign-in?code={_portal.Code(RoleNames.Owner)}", UriKind.Relative);
        using var client = _portal.Stranger();
        using (var ahead = new HttpRequestMessage(HttpMethod.Get, link))
        {
            ahead.Headers.Add("Sec-Purpose", "prefetch");
            using var refused = await client.SendAsync(ahead);
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        using var click = await client.GetAsync(link);
        Assert.Equal(HttpStatusCode.OK, click.StatusCode);
    }

    [Fact]
    public async Task The_cookie_is_HttpOnly_Strict_and_signing_out_ends_it()
    {
        using var client = _portal.Stranger();
        using var response = await client.GetAsync(new Uri($"/sign-in?code={_portal.Code(RoleNames.Owner)}", UriKind.Relative));
        var cookie = Assert.Single(response.Headers.GetValues("Set-Cookie")).ToLowerInvariant();
        Assert.Contains("httponly", cookie, StringComparison.Ordinal);
        Assert.Contains("samesite=strict", cookie, StringComparison.Ordinal);

        using var post = new HttpRequestMessage(HttpMethod.Post, "/sign-out");
        post.Headers.Add("Origin", _portal.Url.ToString().TrimEnd('/'));
        using var signedOut = await client.SendAsync(post);
        Assert.Equal(HttpStatusCode.OK, signedOut.StatusCode);
        using var after = await client.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.Redirect, after.StatusCode);
    }

    [Theory]
    [InlineData("/", true)]
    [InlineData("/sign-in", false)]
    [InlineData("/portal.css", false)]
    public async Task Every_answer_carries_the_security_headers(string path, bool signedIn)
    {
        using var client = signedIn ? await _portal.SignedInAsync(RoleNames.Owner) : _portal.Stranger();
        using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
        Assert.Equal(SecurityHeaders.ContentSecurityPolicy, Assert.Single(response.Headers.GetValues("Content-Security-Policy")));
        Assert.Equal("nosniff", Assert.Single(response.Headers.GetValues("X-Content-Type-Options")));
        Assert.Equal("DENY", Assert.Single(response.Headers.GetValues("X-Frame-Options")));
        Assert.Equal("same-origin", Assert.Single(response.Headers.GetValues("Referrer-Policy")));
        Assert.False(response.Headers.Contains("Server"));
    }

    [Theory]
    [MemberData(nameof(PageMatrix.Addresses), MemberType = typeof(PageMatrix))]
    public async Task A_page_opens_for_its_roles_only(string path)
    {
        var roles = PageMatrix.At(path).Roles;
        foreach (var role in Enum.GetValues<PortalRole>().Select(role => role.WireName()))
        {
            using var client = await _portal.SignedInAsync(role);
            using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.Equal((role, roles.Split(' ').Contains(role) ? HttpStatusCode.OK : HttpStatusCode.Forbidden), (role, response.StatusCode));
        }
    }

    [Fact]
    public async Task Static_files_give_nothing_outside_their_folder()
    {
        using var client = _portal.Stranger();
        foreach (var path in new[] { "/..%2fportal.token", "/%2e%2e/portal.token", "/portal-views.json", "/_content/../portal.token" })
        {
            using var response = await client.GetAsync(new Uri(path, UriKind.Relative));
            Assert.NotEqual(HttpStatusCode.OK, response.StatusCode);
        }
    }

    [Fact]
    public async Task A_large_body_is_refused()
    {
        using var client = await _portal.SignedInAsync(RoleNames.Owner);
        using var body = new FormUrlEncodedContent([new("q", new string('x', 200_000))]);
        using var response = await client.PostAsync(new Uri("/exports/file", UriKind.Relative), body);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, response.StatusCode);
    }

    private async Task<string> CookieAsync()
    {
        using var client = _portal.Stranger();
        using var response = await client.GetAsync(new Uri($"/sign-in?code={_portal.Code(RoleNames.Owner)}", UriKind.Relative));
        return response.Headers.GetValues("Set-Cookie").Single().Split(';')[0];
    }
}
