using System.Net.Http.Json;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Launching;
using EditorBridge.Server.Tests.Hosting;

namespace EditorBridge.Server.Tests.Launching;

/// <summary>The forward proxy of a launched agent, spoken to as a client's proxy code speaks: over a socket.</summary>
public sealed class ForwardProxyTests(HostFixture host) : IClassFixture<HostFixture>
{
    private const string Target = "telemetry.example.com:443";

    [Theory]
    [InlineData(null)]
    [InlineData("Basic !!!")]
    [InlineData("Basic bm9ib2R5Om5vdGhpbmc=")]
    [InlineData("Bearer x")]
    public async Task Connection_without_a_launchs_credentials_is_refused(string? credentials)
    {
        var launch = await OpenAsync();
        var answer = await SendAsync(launch, $"CONNECT {Target} HTTP/1.1\r\nHost: {Target}\r\n{(credentials is null ? "" : $"Proxy-Authorization: {credentials}\r\n")}\r\n");

        Assert.StartsWith("HTTP/1.1 407 ", answer, StringComparison.Ordinal);
        Assert.Contains("Proxy-Authenticate: Basic", answer, StringComparison.Ordinal);
        Assert.Empty(await EntriesAsync(launch));
    }

    [Theory]
    [InlineData("CONNECT", "telemetry.example.com:443", "telemetry.example.com", 443)]
    [InlineData("GET", "http://updates.example.com/v1?token=private", "updates.example.com", 80)]
    [InlineData("POST", "http://updates.example.com:8080/", "updates.example.com", 8080)]
    [InlineData("CONNECT", "[2001:db8::1]:443", "2001:db8::1", 443)]
    [InlineData("CONNECT", "127.0.0.1:22", "127.0.0.1", 22)]
    public async Task Connection_elsewhere_is_refused_and_recorded_with_host_and_port_only(string method, string target, string name, int port)
    {
        var launch = await OpenAsync();
        var answer = await SendAsync(launch, $"{method} {target} HTTP/1.1\r\nHost: x\r\n{Credentials(launch)}\r\n");
        var entry = Assert.Single(await EntriesAsync(launch));

        Assert.StartsWith("HTTP/1.1 403 ", answer, StringComparison.Ordinal);
        Assert.Contains("Nothing was sent", answer, StringComparison.Ordinal);
        Assert.Equal((EntryKind.EgressRefused, "deny"), (entry.Draft.Kind, entry.Draft.Result));
        Assert.Equal((name, port), (entry.Draft.Facts!["host"]!.GetValue<string>().Trim('[', ']'), entry.Draft.Facts["port"]!.GetValue<int>()));
        Assert.DoesNotContain("private", entry.Draft.Facts.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(entry.Draft.Payloads);
    }

    [Theory]
    [InlineData("GET / HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT nowhere HTTP/1.1\r\n\r\n")]
    [InlineData("CONNECT user@host.example.com:443 HTTP/1.1\r\n\r\n")]
    [InlineData("GET ftp://files.example.com/ HTTP/1.1\r\n\r\n")]
    [InlineData("nonsense\r\n\r\n")]
    [InlineData("PRI * HTTP/2.0\r\n\r\n")]
    public async Task Anything_but_a_request_to_a_proxy_is_refused(string head)
    {
        var answer = await SendAsync(await OpenAsync(), head);

        Assert.StartsWith("HTTP/1.1 400 ", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Head_without_an_end_is_not_read_for_ever()
    {
        var answer = await SendAsync(await OpenAsync(), "CONNECT a.example.com:443 HTTP/1.1\r\nX: " + new string('a', 64 * 1024));

        Assert.Equal("", answer);
    }

    [Fact]
    public async Task End_of_a_launch_sums_up_what_its_session_tried_and_its_credentials_are_void()
    {
        var launch = await OpenAsync();
        var session = Guid.NewGuid().ToString();
        using (var http = host.Client(Client.Claude))
        {
            http.DefaultRequestHeaders.Add("x-claude-code-session-id", session);
            http.DefaultRequestHeaders.Add(ClaudeEgress.LaunchHeader, launch.Id);
            using var hello = await http.PostAsync("/v1/messages", HostFixture.Json(new { model = "claude-sonnet-4-6", max_tokens = 10, messages = new[] { new { role = "user", content = "hello" } } }));
        }

        var connect = $"CONNECT {Target} HTTP/1.1\r\nHost: x\r\n{Credentials(launch)}\r\n";
        await SendAsync(launch, connect);
        await SendAsync(launch, connect);
        var end = await EndAsync(launch);
        var entries = await EntriesAsync(launch);

        Assert.Equal($"Session {session}: 2 connections elsewhere were refused ({Target} ×2); nothing was let out.", end["sentence"]!.GetValue<string>());
        Assert.Equal([EntryKind.EgressRefused, EntryKind.EgressRefused, EntryKind.EgressSummary], entries.Select(entry => entry.Draft.Kind));
        Assert.All(entries, entry => Assert.Equal(session, entry.Draft.SessionId));
        Assert.Equal("none_let_out", entries[^1].Draft.Result);
        Assert.StartsWith("HTTP/1.1 407 ", await SendAsync(launch, connect), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_that_tried_nothing_says_so()
    {
        var end = await EndAsync(await OpenAsync());

        Assert.Equal("This session tried to reach nothing but the account.", end["sentence"]!.GetValue<string>());
    }

    [Theory]
    [InlineData(null)]
    [InlineData(Client.Claude)]
    [InlineData(Client.Hook)]
    public async Task Launch_is_opened_by_the_launcher_only(object? client)
    {
        using var http = host.Client((Client?)client);
        using var response = await http.PostAsJsonAsync("/launches", new { program = "x" });

        Assert.Equal(System.Net.HttpStatusCode.Unauthorized, response.StatusCode);
    }

    private async Task<LaunchReply> OpenAsync()
    {
        using var http = host.Client(Client.Launcher);
        using var response = await http.PostAsJsonAsync("/launches", new { program = "claude-code/2.1.330" });
        return (await response.Content.ReadFromJsonAsync<LaunchReply>())!;
    }

    private async Task<JsonNode> EndAsync(LaunchReply launch)
    {
        using var http = host.Client(Client.Launcher);
        using var response = await http.DeleteAsync($"/launches/{launch.Id}");
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private Task<IReadOnlyList<AuditEntry>> EntriesAsync(LaunchReply launch) => host.EntriesAsync("launch-" + launch.Id);

    private static string Credentials(LaunchReply launch) => $"Proxy-Authorization: Basic {Convert.ToBase64String(Encoding.UTF8.GetBytes(new Uri(launch.Proxy).UserInfo))}\r\n";

    private static async Task<string> SendAsync(LaunchReply launch, string head)
    {
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", new Uri(launch.Proxy).Port);
        var stream = client.GetStream();
        try
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(head));
            using var reader = new StreamReader(stream);
            return await reader.ReadToEndAsync();
        }
        catch (IOException)
        {
            // Reset while there was still something to read: the other side had heard enough.
            return "";
        }
    }
}
