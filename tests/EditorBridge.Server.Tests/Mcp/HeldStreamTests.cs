using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using EditorBridge.Mcp;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>A host whose time stands until a test lets it go on, with a server behind its gateway.</summary>
public sealed class StandingHost : IAsyncLifetime
{
    public StandingHost() => Host = new HostFixture(builder => builder.Services.AddSingleton<TimeProvider>(Time));

    internal FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);

    internal HostFixture Host { get; }

    public async ValueTask InitializeAsync()
    {
        await Host.InitializeAsync();
        StateFolder.WritePrivate(Host.State.In("mcp.json"), new JsonObject { ["mcpServers"] = new JsonObject { ["new"] = FixtureServers.Server("--modern", []) } }.ToJsonString());
        await Host.RestartAsync();
        await Host.Services.GetRequiredService<UpstreamRoom>().Upstreams[0].FirstAttempt.WaitAsync(TestLimits.Signal * 2);
    }

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>What a client of either revision reads, byte by byte, while the gateway has nothing to say to it.</summary>
public sealed class HeldStreamTests(StandingHost standing) : IClassFixture<StandingHost>
{
    private const string Comment = ": keep-alive\n\n";

    private readonly FakeTimeProvider _time = standing.Time;
    private readonly HostFixture _host = standing.Host;

    [Theory]
    [InlineData("old", "execute_sql")]
    [InlineData("new", "execute_sql")]
    [InlineData("old", "new__test_simple_text")]
    [InlineData("new", "new__test_simple_text")]
    public async Task Call_a_person_decides_about_has_its_head_at_once_and_comments_until_the_verdict(string era, string tool)
    {
        using var client = await WireClient.OpenAsync(_host, era);
        var asking = client.SendAsync("tools/call", new { name = tool, arguments = new { sql = "delete from analytics.staging.stg_orders" } });
        var held = await _host.OpenedAsync(_ => true);
        _time.Advance(TimeSpan.FromSeconds(2));
        using var response = await asking.WaitAsync(TestLimits.Signal);
        Assert.Equal((HttpStatusCode.OK, "text/event-stream"), (response.StatusCode, response.Content.Headers.ContentType!.MediaType));

        await using var stream = await response.Content.ReadAsStreamAsync();
        // A session's head leaves by itself at the very beginning.
        if (era == "new") Assert.Equal(Comment, await ReadAsync(stream, Comment.Length));
        _time.Advance(TimeSpan.FromSeconds(era == "new" ? 10 : 8));
        Assert.Equal(Comment, await ReadAsync(stream, Comment.Length));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(Comment, await ReadAsync(stream, Comment.Length));
        await _host.Desk.GiveAsync(held.Id, GateFixture.Reject("Not today."));

        var rest = await new StreamReader(stream).ReadToEndAsync().WaitAsync(TestLimits.Signal);
        Assert.Matches(@"^event: message\ndata: [^\n]*Not today\.[^\n]*\n\n$", rest);
    }

    [Theory]
    [InlineData("old")]
    [InlineData("new")]
    public async Task Client_with_a_progress_token_hears_progress_whose_numbers_go_up(string era)
    {
        using var client = await WireClient.OpenAsync(_host, era);
        using var beside = await WireClient.OpenAsync(_host, "new");
        var asking = client.SendAsync("tools/call", new { name = "execute_sql", arguments = new { sql = "delete from analytics.staging.stg_orders" }, _meta = new { progressToken = "mine" } });
        var held = await _host.OpenedAsync(_ => true);
        _time.Advance(TimeSpan.FromSeconds(2));
        using var response = await asking.WaitAsync(TestLimits.Signal);
        await using var stream = await response.Content.ReadAsStreamAsync();
        for (var beat = 1; beat <= 3; beat++)
        {
            var progress = await ProgressAsync(stream, beside);
            Assert.Equal(("mine", beat, "A person is asked in EditorBridge."), ((string?)progress["progressToken"], (int)progress["progress"]!, (string?)progress["message"]));
        }

        await _host.Desk.GiveAsync(held.Id, GateFixture.Reject("Not today."));
        Assert.Contains("Not today.", await new StreamReader(stream).ReadToEndAsync().WaitAsync(TestLimits.Signal), StringComparison.Ordinal);
    }

    /// <summary>Nobody decides here: the call is at its server, which says nothing.</summary>
    [Theory]
    [InlineData("old")]
    [InlineData("new")]
    public async Task Call_a_server_takes_its_time_for_is_kept_alive_until_the_client_goes(string era)
    {
        using var client = await WireClient.OpenAsync(_host, era);
        using var beside = await WireClient.OpenAsync(_host, "new");
        using var enough = new CancellationTokenSource();
        var (begun, cancelled) = (await CountAsync(beside, "new__count_waiting"), await CountAsync(beside, "new__count_cancellations"));
        var asking = client.SendAsync("tools/call", new { name = "new__wait", arguments = new { } }, enough.Token);
        await CountedAsync(beside, "new__count_waiting", begun + 1);
        _time.Advance(TimeSpan.FromSeconds(2));
        using var response = await asking.WaitAsync(TestLimits.Signal);
        await using var stream = await response.Content.ReadAsStreamAsync();
        // The server logs that it waits, and a session without a level of its own is told.
        if (era == "old") Assert.Contains("waiting", await ReadEventAsync(stream), StringComparison.Ordinal);
        else Assert.Equal(Comment, await ReadAsync(stream, Comment.Length));
        _time.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal(Comment, await ReadAsync(stream, Comment.Length));
        if (era == "new") response.Dispose();
        else await client.GiveUpAsync(enough);

        await CountedAsync(beside, "new__count_cancellations", cancelled + 1);
        // Taken back in a session, a request is never answered: its stream stays open, and nothing more is said on it.
        if (era == "old") await SilentAsync(stream, beside);
    }

    [Fact]
    public async Task Listeners_of_both_revisions_hear_a_comment_every_half_minute()
    {
        using var old = await WireClient.OpenAsync(_host, "old");
        using var session = await old.ListenAsync();
        using var modern = await WireClient.OpenAsync(_host, "new");
        using var subscription = await modern.SendAsync("subscriptions/listen", new { notifications = new { toolsListChanged = true } });
        await using var unasked = await session.Content.ReadAsStreamAsync();
        await using var subscribed = await subscription.Content.ReadAsStreamAsync();
        Assert.StartsWith("event: message\ndata: ", await ReadEventAsync(subscribed), StringComparison.Ordinal);
        for (var times = 0; times < 2; times++)
        {
            _time.Advance(TimeSpan.FromSeconds(30));
            Assert.Equal(Comment, await ReadAsync(unasked, Comment.Length));
            Assert.Equal(Comment, await ReadAsync(subscribed, Comment.Length));
        }
    }

    /// <summary>What is answered at once still has the status the protocol gives it.</summary>
    [Theory]
    [InlineData("no/such_method", null, HttpStatusCode.NotFound, -32601)]
    [InlineData("tools/call", "tools/list", HttpStatusCode.BadRequest, -32020)]
    public async Task Refusal_of_the_protocol_keeps_its_status(string method, string? header, HttpStatusCode status, int code)
    {
        using var http = _host.Client(Guard.Client.Mcp);
        using var request = McpRequests.Post(method, new { name = "execute_sql", arguments = new { } });
        if (header is not null)
        {
            request.Headers.Remove("Mcp-Method");
            request.Headers.Add("Mcp-Method", header);
        }

        using var response = await http.SendAsync(request);
        var body = await response.Content.ReadAsStringAsync();

        Assert.Equal(status, response.StatusCode);
        Assert.Matches(new Regex($"\"code\": ?{code}"), body);
    }

    private static async Task<int> CountAsync(WireClient client, string tool) =>
        int.Parse((string)(await client.AskAsync("tools/call", new { name = tool, arguments = new { } }, CancellationToken.None))[^1]["result"]!["content"]![0]!["text"]!, CultureInfo.InvariantCulture);

    private static async Task CountedAsync(WireClient client, string tool, int count)
    {
        var waited = Stopwatch.StartNew();
        while (await CountAsync(client, tool) != count) Assert.True(waited.Elapsed < TestLimits.Signal, $"{tool} never came to {count}.");
    }

    // Time goes on, ten seconds for every whole answer to somebody else, until there is progress.
    private async Task<JsonNode> ProgressAsync(Stream stream, WireClient beside)
    {
        while (true)
        {
            var reading = ReadEventAsync(stream);
            while (!reading.IsCompleted)
            {
                _time.Advance(KeepAliveStream.Beat);
                await beside.AskAsync("tools/list", new { }, CancellationToken.None);
            }

            var read = await reading;
            if (read == Comment) continue;
            var message = JsonNode.Parse(read.Split("data: ")[1])!;
            Assert.True((string?)message["method"] == "notifications/progress", read);
            return message["params"]!;
        }
    }

    private async Task SilentAsync(Stream stream, WireClient beside)
    {
        var waited = Stopwatch.StartNew();
        var next = new byte[1];
        var reading = stream.ReadAsync(next).AsTask();
        for (var silences = 0; silences < 5;)
        {
            Assert.True(waited.Elapsed < TestLimits.Signal, "The stream of a call that was taken back still speaks.");
            _time.Advance(KeepAliveStream.Beat);
            // Another whole answer comes in the time a comment would have taken.
            await beside.AskAsync("tools/list", new { }, CancellationToken.None);
            if (!reading.IsCompleted) silences++;
            else (silences, reading) = (0, stream.ReadAsync(next).AsTask());
        }
    }

    private static async Task<string> ReadAsync(Stream stream, int bytes)
    {
        var read = new byte[bytes];
        using var limit = new CancellationTokenSource(TestLimits.Signal);
        await stream.ReadExactlyAsync(read, limit.Token);
        return Encoding.UTF8.GetString(read);
    }

    private static async Task<string> ReadEventAsync(Stream stream)
    {
        var text = "";
        while (!text.EndsWith("\n\n", StringComparison.Ordinal)) text += await ReadAsync(stream, 1);
        return text;
    }
}
