using System.IO.Compression;
using System.Text;
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

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>Servers over HTTP that send without an end, in small packing, elsewhere, or lead a person's browser astray. Each is a real server.</summary>
public sealed class HostileHttpServerTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-hostile-");

    [Theory]
    [InlineData("application/json", "{\"jsonrpc\":\"2.0\",", "\"x\":\"aaaaaaaaaaaaaaaa\",\n")]
    [InlineData("application/json", "", "\n\n\n\n")]
    [InlineData("text/event-stream", "", "data: aaaaaaaaaaaaaaaa\n")]
    [InlineData("text/event-stream", "", "data: aaaaaaaaaaaaaaaa\r\n")]
    [InlineData("text/event-stream", "data: ", "aaaaaaaaaaaaaaaa")]
    public async Task Answer_without_an_end_is_given_up_at_the_bound(string type, string begins, string goesOn)
    {
        var health = await MetAsync(async http =>
        {
            http.Response.ContentType = type;
            await http.Response.WriteAsync(begins, http.RequestAborted);
            var part = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat(goesOn, 4096)));
            while (!http.RequestAborted.IsCancellationRequested) await http.Response.Body.WriteAsync(part, http.RequestAborted);
        });

        Assert.NotEqual(UpstreamState.Ready, health.State);
        Assert.NotNull(health.LastError);
        // Of a stream of events the transport says only that it ended without an answer.
        if (type == "application/json") Assert.Contains("more than 16 MiB", health.LastError, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(nameof(MessageEnd.Line), "aaaa\r", false)]
    [InlineData(nameof(MessageEnd.Line), "aaaa\n", true)]
    [InlineData(nameof(MessageEnd.BlankLine), "aaaa\n", false)]
    [InlineData(nameof(MessageEnd.BlankLine), "aaaa\r\n", false)]
    [InlineData(nameof(MessageEnd.BlankLine), "aaaa\r", false)]
    [InlineData(nameof(MessageEnd.BlankLine), "aaaa\n\n", true)]
    [InlineData(nameof(MessageEnd.BlankLine), "aaaa\r\n\r\n", true)]
    [InlineData(nameof(MessageEnd.BlankLine), "aaaa\r\r", true)]
    [InlineData(nameof(MessageEnd.Stream), "aaaa\n\n", false)]
    public async Task Messages_are_read_while_each_is_in_bounds(string end, string part, bool isInBounds)
    {
        // Ten times the bound, in reads that cut line ends apart.
        const int Longest = 1000;
        var all = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat(part, 10 * Longest / part.Length)));
        await using var stream = new BoundedMessageStream(new MemoryStream(all), Enum.Parse<MessageEnd>(end), Longest);
        var read = 0;
        try
        {
            var buffer = new byte[7];
            for (int got; (got = await stream.ReadAsync(buffer)) > 0; read += got)
            {
                // Counted.
            }
        }
        catch (IOException)
        {
            Assert.False(isInBounds);
            Assert.InRange(read, Longest - 7, 2 * Longest);
            return;
        }

        Assert.True(isInBounds);
        Assert.Equal(all.Length, read);
    }

    [Fact]
    public async Task Packed_answer_nobody_asked_for_is_not_unpacked()
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            for (var i = 0; i < 64; i++) await gzip.WriteAsync(new byte[1024 * 1024]);

        var health = await MetAsync(async http =>
        {
            http.Response.ContentType = "application/json";
            http.Response.Headers.ContentEncoding = "gzip";
            await http.Response.Body.WriteAsync(packed.ToArray(), http.RequestAborted);
        });

        Assert.NotNull(health.LastError);
        Assert.NotEqual(UpstreamState.Ready, health.State);
    }

    [Fact]
    public async Task Redirect_to_another_address_is_not_followed()
    {
        var reached = false;
        await using var other = await ServeAsync(_ =>
        {
            reached = true;
            return Task.CompletedTask;
        });
        var health = await MetAsync(http =>
        {
            http.Response.Redirect(AddressOf(other), permanent: false, preserveMethod: true);
            return Task.CompletedTask;
        });

        Assert.Contains("redirects are not followed", health.LastError, StringComparison.Ordinal);
        Assert.False(reached);
    }

    [Theory]
    [InlineData("file:///bin/sh")]
    [InlineData("vscode://file/etc/passwd")]
    [InlineData("javascript:alert(1)")]
    [InlineData("http://login.example.com/authorize")]
    [InlineData("https://login.example.com/authorize")]
    public async Task Sign_in_page_is_opened_only_at_an_https_address(string page)
    {
        await using var server = await ServeAsync(SignInAsync);
        var settings = Settings(AddressOf(server));
        var opened = new List<Uri>();
        using var stop = new CancellationTokenSource();
        var flow = new UpstreamSignInFlow(settings, new UpstreamSignIns(State, TimeProvider.System), new SentSecrets(State), TimeProvider.System);

        await Assert.ThrowsAnyAsync<Exception>(() => flow.RunAsync(address =>
        {
            opened.Add(address);
            stop.Cancel();
        }, stop.Token).WaitAsync(TestLimits.Signal));

        Assert.Equal(page.StartsWith("https:", StringComparison.Ordinal) ? ["https"] : [], opened.Select(address => address.Scheme));

        Task SignInAsync(HttpContext http)
        {
            var own = $"{http.Request.Scheme}://{http.Request.Host}";
            switch (http.Request.Path.Value)
            {
                case "/mcp":
                    http.Response.StatusCode = StatusCodes.Status401Unauthorized;
                    http.Response.Headers.WWWAuthenticate = $"Bearer resource_metadata=\"{own}/.well-known/oauth-protected-resource\"";
                    return Task.CompletedTask;
                case "/.well-known/oauth-protected-resource":
                    return http.Response.WriteAsJsonAsync(new { resource = own + "/mcp", authorization_servers = new[] { own } });
                case "/.well-known/oauth-authorization-server":
                    return http.Response.WriteAsJsonAsync(new
                    {
                        issuer = own, authorization_endpoint = page, token_endpoint = own + "/token", registration_endpoint = own + "/register",
                        response_types_supported = new[] { "code" }, code_challenge_methods_supported = new[] { "S256" },
                    });
                case "/register":
                    http.Response.StatusCode = StatusCodes.Status201Created;
                    return http.Response.WriteAsJsonAsync(new { client_id = "client" });
                default:
                    http.Response.StatusCode = StatusCodes.Status404NotFound;
                    return Task.CompletedTask;
            }
        }
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private StateFolder State => StateFolder.Open(Path.Combine(_folder.FullName, "state"));

    private static UpstreamSettings Settings(string address) => new() { Name = "odd", Prefix = "odd", Transport = UpstreamTransport.Http, Url = new Uri(address + "/mcp"), Fingerprint = "1" };

    private static async Task<WebApplication> ServeAsync(RequestDelegate answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        var server = builder.Build();
        server.Run(answer);
        await server.StartAsync();
        return server;
    }

    private static string AddressOf(WebApplication server) => server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

    // What has become of a server that answers so, once it was met.
    private async Task<UpstreamHealth> MetAsync(RequestDelegate answer)
    {
        await using var server = await ServeAsync(answer);
        await using var upstream = new Upstream(
            Settings(AddressOf(server)), FixtureServers.NoChecks, new UpstreamSignIns(State, TimeProvider.System), new SentSecrets(State), TimeProvider.System, NullLogger<Upstream>.Instance);
        upstream.Start();
        await upstream.FirstAttempt.WaitAsync(TestLimits.Signal * 3);
        return upstream.Health;
    }
}
