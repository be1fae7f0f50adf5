using System.Collections.Concurrent;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>A person's sign-in to a server: kept encrypted, renewed once for everybody, and never beyond what the sign-in server says. The token endpoint is a real one, over HTTP.</summary>
public sealed class UpstreamCredentialTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-sign-in-");
    private readonly FakeTimeProvider _time = new(new DateTimeOffset(2026, 9, 1, 8, 0, 0, TimeSpan.Zero));
    private readonly ConcurrentQueue<IFormCollection> _asked = new();
    private readonly SemaphoreSlim _renewed = new(0);
    private WebApplication? _server;
    private Uri _address = null!;
    private Func<IResult> _answers = () => Results.Json(new { access_token = "second", refresh_token = "rotated", expires_in = 3600, token_type = "Bearer" });
    private StateFolder _state = null!;
    private UpstreamSignIns _signIns = null!;

    private static UpstreamSettings Server => new() { Name = "tracker", Prefix = "tracker", Transport = UpstreamTransport.Http, Url = new Uri("https://mcp.example.com/mcp"), Fingerprint = "1" };

    private UpstreamSignIn SignIn => new()
    {
        Id = "one", Server = "https://mcp.example.com/mcp", Issuer = "https://login.example.com", TokenEndpoint = new Uri(_address, "/token").ToString(), Resource = "https://mcp.example.com",
        ClientId = "client", AccessToken = "first", RefreshToken = "refresh", ObtainedAt = _time.GetUtcNow(), ExpiresAt = _time.GetUtcNow().AddHours(1), Scopes = ["read"],
    };

    public async ValueTask InitializeAsync()
    {
        _state = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        _signIns = new UpstreamSignIns(_state, TimeProvider.System);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _server = builder.Build();
        _server.MapPost("/token", async (HttpRequest request) =>
        {
            _asked.Enqueue(await request.ReadFormAsync());
            _renewed.Release();
            return _answers();
        });
        await _server.StartAsync();
        _address = new Uri(_server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    [Fact]
    public async Task Sign_in_is_kept_encrypted_for_one_server_and_one_address()
    {
        await _signIns.WriteAsync("tracker", SignIn, CancellationToken.None);

        Assert.Equal("first", (await new UpstreamSignIns(_state, TimeProvider.System).ReadAsync(Server, CancellationToken.None))!.AccessToken);
        Assert.Null(await _signIns.ReadAsync(Server with { Url = new Uri("https://evil.example.com/mcp") }, CancellationToken.None));
        var file = Assert.Single(Directory.GetFiles(_state.In("mcp-sign-ins"), "*.signin"));
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var bytes = Convert.FromBase64String((await File.ReadAllTextAsync(file)).Trim());
        Assert.Equal(-1, bytes.AsSpan().IndexOf("refresh"u8));
        // The file of one server is no good as another's, nor with a bit of it changed.
        File.Copy(file, Path.Combine(_state.In("mcp-sign-ins"), "other.signin"));
        Assert.True((await Assert.ThrowsAsync<UpstreamException>(() => _signIns.ReadAsync(Server with { Name = "other" }, CancellationToken.None))).NeedsSignIn);
        bytes[^1] ^= 1;
        StateFolder.WritePrivate(file, Convert.ToBase64String(bytes));
        Assert.True((await Assert.ThrowsAsync<UpstreamException>(() => _signIns.ReadAsync(Server, CancellationToken.None))).NeedsSignIn);
    }

    [Fact]
    public async Task Server_called_like_the_key_signs_in_beside_it()
    {
        await using var held = await _signIns.HoldAsync("key", CancellationToken.None);
        await _signIns.WriteAsync("key", SignIn, CancellationToken.None).WaitAsync(TestLimits.Signal);

        Assert.Equal("first", (await _signIns.ReadAsync(Server with { Name = "key" }, CancellationToken.None))!.AccessToken);
    }

    [Fact]
    public async Task Lock_that_nobody_lets_go_is_given_up_with_the_name_of_its_file()
    {
        await using var held = await _signIns.HoldAsync("tracker", CancellationToken.None);
        // Every look at the clock is a minute later.
        var other = new UpstreamSignIns(_state, new FakeTimeProvider { AutoAdvanceAmount = TimeSpan.FromMinutes(1) });

        var given = await Assert.ThrowsAsync<UpstreamException>(() => other.HoldAsync("tracker", CancellationToken.None).WaitAsync(TestLimits.Signal));
        Assert.Contains(Path.Combine(_state.In("mcp-sign-ins"), "tracker.lock"), given.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", given.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Lock_whose_file_cannot_be_opened_is_given_up_too()
    {
        Directory.CreateDirectory(Path.Combine(_state.In("mcp-sign-ins"), "tracker.lock"));

        await Assert.ThrowsAsync<UpstreamException>(() => _signIns.HoldAsync("tracker", CancellationToken.None).WaitAsync(TestLimits.Signal));
    }

    [Fact]
    public async Task Ended_token_is_renewed_once_for_all_who_ask_in_every_process_and_the_rotated_one_is_kept()
    {
        await _signIns.WriteAsync("tracker", SignIn, CancellationToken.None);
        _time.Advance(TimeSpan.FromHours(2));
        // Two credentials over one folder stand for two processes: they share nothing but the files.
        using var here = Credential();
        using var there = new UpstreamCredential(Server, new UpstreamSignIns(_state, TimeProvider.System), new SentSecrets(_state).Hold([]), _time, NullLogger.Instance);

        var tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => (i % 2 == 0 ? here : there).GetAsync(CancellationToken.None)));

        Assert.All(tokens, token => Assert.Equal("second", token));
        var form = Assert.Single(_asked);
        Assert.Equal(("refresh_token", "refresh", "https://mcp.example.com", "client"), (form["grant_type"].ToString(), form["refresh_token"].ToString(), form["resource"].ToString(), form["client_id"].ToString()));
        var kept = await _signIns.ReadAsync(Server, CancellationToken.None);
        Assert.Equal(("one", "second", "rotated"), (kept!.Id, kept.AccessToken, kept.RefreshToken));
    }

    [Fact]
    public async Task Refused_token_is_renewed_and_an_old_refresh_token_stays_when_no_new_one_is_given()
    {
        _answers = () => Results.Json(new { access_token = "second", expires_in = 3600 });
        await _signIns.WriteAsync("tracker", SignIn, CancellationToken.None);
        using var credential = Credential();

        Assert.Equal("first", await credential.GetAsync(CancellationToken.None));
        Assert.Equal("second", await credential.RenewAsync("first", CancellationToken.None));
        Assert.Equal("second", await credential.GetAsync(CancellationToken.None));
        Assert.Equal("refresh", (await _signIns.ReadAsync(Server, CancellationToken.None))!.RefreshToken);
    }

    [Fact]
    public async Task Sign_in_is_renewed_in_the_background_before_it_ends()
    {
        await _signIns.WriteAsync("tracker", SignIn, CancellationToken.None);
        using var credential = Credential();
        await credential.GetAsync(CancellationToken.None);
        using var stop = new CancellationTokenSource();
        var keeping = credential.KeepAsync(stop.Token);

        _time.Advance(TimeSpan.FromMinutes(49));

        Assert.True(await _renewed.WaitAsync(TestLimits.Signal));
        await stop.CancelAsync();
        await keeping;
        Assert.Equal("second", await credential.GetAsync(CancellationToken.None));
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Refusal_of_the_sign_in_server_ends_the_sign_in_and_is_not_asked_for_again()
    {
        _answers = () => Results.Json(new { error = "invalid_grant", error_description = "The person took it back." }, statusCode: 400);
        await _signIns.WriteAsync("tracker", SignIn, CancellationToken.None);
        _time.Advance(TimeSpan.FromHours(2));
        using var credential = Credential();

        var ended = await Assert.ThrowsAsync<UpstreamException>(() => credential.GetAsync(CancellationToken.None));
        var again = await Assert.ThrowsAsync<UpstreamException>(() => credential.GetAsync(CancellationToken.None));

        Assert.True(ended.NeedsSignIn && again.NeedsSignIn);
        Assert.Contains("The person took it back", ended.Message, StringComparison.Ordinal);
        Assert.Equal("editorbridge mcp login tracker", ended.Mend);
        Assert.Single(_asked);
    }

    [Fact]
    public async Task Sign_in_server_that_is_busy_says_nothing_about_the_sign_in()
    {
        _answers = () => Results.StatusCode(503);
        await _signIns.WriteAsync("tracker", SignIn, CancellationToken.None);
        _time.Advance(TimeSpan.FromHours(2));
        using var credential = Credential();

        var busy = await Assert.ThrowsAsync<UpstreamException>(() => credential.GetAsync(CancellationToken.None));
        _answers = () => Results.Json(new { access_token = "second", expires_in = 3600 });

        Assert.False(busy.NeedsSignIn);
        Assert.Contains("503", busy.Message, StringComparison.Ordinal);
        Assert.Equal("second", await credential.GetAsync(CancellationToken.None));
    }

    [Theory]
    [InlineData("client_secret_basic", "Basic Y2xpZW50OnMlMjZjcmV0", "")]
    [InlineData("client_secret_post", "", "s&cret")]
    [InlineData("none", "", "")]
    public async Task Client_shows_itself_as_it_was_registered(string way, string header, string posted)
    {
        var headers = new ConcurrentQueue<string>();
        _server!.MapPost("/secret", async (HttpRequest request) =>
        {
            headers.Enqueue(request.Headers.Authorization.ToString());
            _asked.Enqueue(await request.ReadFormAsync());
            return Results.Json(new { access_token = "second" });
        });
        await _signIns.WriteAsync("tracker", SignIn with { TokenEndpoint = new Uri(_address, "/secret").ToString(), ClientSecret = "s&cret", ClientAuthentication = way }, CancellationToken.None);
        _time.Advance(TimeSpan.FromHours(2));
        using var credential = Credential();

        Assert.Equal("second", await credential.GetAsync(CancellationToken.None));

        Assert.Equal((header, posted), (Assert.Single(headers), Assert.Single(_asked)["client_secret"].ToString()));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null) await _server.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    private UpstreamCredential Credential() => new(Server, _signIns, new SentSecrets(_state).Hold([]), _time, NullLogger.Instance);
}
