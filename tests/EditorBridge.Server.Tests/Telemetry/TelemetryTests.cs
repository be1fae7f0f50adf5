using System.Collections.Concurrent;
using System.Collections.Immutable;
using System.Net;
using System.Text;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Accounts;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Snowflake;
using EditorBridge.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Server.Tests.Telemetry;

/// <summary>Traces, metrics and logs of a whole host, as a collector receives them.</summary>
public sealed class TelemetryTests : IAsyncDisposable
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Prompt = "canary-prompt";
    private readonly ConcurrentQueue<(string Path, string? Authorization, string Body)> _received = new();
    private WebApplication? _collector;

    [Fact]
    public async Task Signals_hold_names_and_counts_in_the_conventions_words_and_no_text()
    {
        var received = await RunAsync("");
        Assert.Equal(["/v1/logs", "/v1/metrics", "/v1/traces"], received.Select(one => one.Path).Distinct().Order(StringComparer.Ordinal));
        Assert.All(received, one => Assert.Equal("Bearer collector-canary", one.Authorization));
        var traces = Bodies(received, "/v1/traces");
        foreach (var expected in (string[])["chat claude-sonnet-4-6", "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.usage.input_tokens", "gen_ai.conversation.id", "execute_tool Bash", "gen_ai.tool.call.id", "/api/v2/cortex/v1/messages"])
            Assert.Contains(expected, traces, StringComparison.Ordinal);
        Assert.Contains("gen_ai.client.token.usage", Bodies(received, "/v1/metrics"), StringComparison.Ordinal);
        Assert.Contains("gen_ai.client.operation.duration", Bodies(received, "/v1/metrics"), StringComparison.Ordinal);
        Assert.Contains("gen_ai.client.inference.operation.details", Bodies(received, "/v1/logs"), StringComparison.Ordinal);
        foreach (var text in (string[])[Prompt, "canary-answer", "canary-command", "collector-canary"]) Assert.DoesNotContain(text, string.Concat(received.Select(one => one.Body)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Content_goes_along_only_where_it_is_asked_for_and_without_its_secrets()
    {
        var received = await RunAsync(""", "content": true, "traces": false, "metrics": false""");
        var logs = Bodies(received, "/v1/logs");
        Assert.All(received, one => Assert.Equal("/v1/logs", one.Path));
        Assert.Contains(Prompt, logs, StringComparison.Ordinal);
        Assert.DoesNotContain("AKIAIOSFODNN7EXAMPLE", logs, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Command_that_waits_for_a_person_is_not_among_what_leaves()
    {
        await using (var host = await StartAsync(""))
        {
            var desk = host.Services.GetRequiredService<ReviewDesk>();
            var asking = AskAsync(host, "snow sql -q 'drop table canary_held'");
            var item = await desk.NextAsync();
            Assert.Contains("canary_held", item.Proposed, StringComparison.Ordinal);
            await desk.GiveAsync(item.Id, new Verdict(VerdictKind.Approve, "somebody", "terminal", "seen", null));
            await asking;
        }

        Assert.Contains("gen_ai.client.inference.operation.details", Bodies(_received, "/v1/logs"), StringComparison.Ordinal);
        Assert.DoesNotContain("canary_held", string.Concat(_received.Select(one => one.Body)), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Trace_of_the_client_goes_on_in_the_account()
    {
        await using var host = await StartAsync("");
        await AskAsync(host);
        Assert.Contains(Trace, TraceParent(host), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nothing_is_sent_and_no_trace_handed_on_while_it_is_off()
    {
        await using var host = await StartAsync(telemetry: null);
        await AskAsync(host);
        Assert.Null(TraceParent(host));
        Assert.Empty(_received);
    }

    [Theory]
    [InlineData("""{"endpoint":"http://collector.example:4318"}""", "https or on this machine")]
    [InlineData("""{"endpoint":"collector"}""", "https or on this machine")]
    [InlineData("""{"endpoint":"http://127.0.0.1:4318","sample":1}""", "sample")]
    [InlineData("""{"endpoint":"http://127.0.0.1:4318","traces":"yes"}""", "'traces' must be true or false")]
    [InlineData("""{"endpoint":""", "not valid JSON (line 1)")]
    [InlineData("""{"endpoint":"https://user:secret@collector.example"}""", "must be the address")]
    public void File_that_cannot_be_used_stops_the_start(string text, string words)
    {
        var folder = Directory.CreateTempSubdirectory("editorbridge-telemetry-");
        try
        {
            var state = StateFolder.Open(Path.Combine(folder.FullName, "state"));
            StateFolder.WritePrivate(state.In(TelemetrySettings.FileName), text);
            var exception = Assert.Throws<HostNotStartedException>(() => TelemetrySettings.Read(state));
            Assert.Contains(words, exception.Message, StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("good", FindingLevel.Good, "takes traces, logs")]
    [InlineData("other", FindingLevel.Warning, "traces do not arrive at")]
    public async Task Collector_that_refuses_is_told_of(string key, FindingLevel level, string words)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var collector = builder.Build();
        collector.MapPost("/v1/{signal}", (HttpContext context) => Results.StatusCode(context.Request.Headers.Authorization == "Bearer good" ? 200 : 401));
        await collector.StartAsync(TestContext.Current.CancellationToken);
        var settings = new TelemetrySettings(new Uri(collector.Urls.Single()), new Dictionary<string, string> { ["authorization"] = $"Bearer {key}" }.ToImmutableDictionary(), Traces: true, Metrics: false, Logs: true, Content: false);

        var finding = await TelemetryProbe.LookAsync(settings, TestContext.Current.CancellationToken);
        Assert.Equal(level, finding.Level);
        Assert.Contains(words, finding.What, StringComparison.Ordinal);

        await collector.StopAsync(TestContext.Current.CancellationToken);
        var away = await TelemetryProbe.LookAsync(settings, TestContext.Current.CancellationToken);
        Assert.Equal(FindingLevel.Warning, away.Level);
        Assert.Contains("cannot be reached", away.What, StringComparison.Ordinal);
        Assert.DoesNotContain(key, away.What, StringComparison.Ordinal);
    }

    public async ValueTask DisposeAsync()
    {
        if (_collector is not null) await _collector.DisposeAsync();
    }

    /// <summary>A request that calls a tool, and the host's end, which sends what is left.</summary>
    private async Task<IReadOnlyCollection<(string Path, string? Authorization, string Body)>> RunAsync(string more)
    {
        await using (var host = await StartAsync(more)) await AskAsync(host);
        return _received;
    }

    private async Task<SignedInHost> StartAsync(string? telemetry)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _collector = builder.Build();
        _collector.MapPost("/v1/{signal}", async (HttpContext context) =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            _received.Enqueue((context.Request.Path, context.Request.Headers.Authorization, Encoding.Latin1.GetString(body.ToArray())));
        });
        await _collector.StartAsync();
        return await SignedInHost.StartAsync("authenticator = \"programmatic_access_token\"\ntoken_file_path = \"FOLDER/pat\"", host =>
        {
            host.Keep("pat", host.Account.ProgrammaticAccessToken);
            if (telemetry is not null) StateFolder.WritePrivate(host.State.In(TelemetrySettings.FileName), $$"""{"endpoint":"{{_collector.Urls.Single()}}","headers":{"authorization":"Bearer collector-canary"}{{telemetry}}}""");
            return Task.CompletedTask;
        });
    }

    private static async Task AskAsync(SignedInHost host, string command = "ls canary-command")
    {
        using var http = host.Client(Client.Claude);
        http.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        http.DefaultRequestHeaders.Add("x-claude-code-session-id", "session-1");
        using var response = await http.PostAsync("/v1/messages", Hosting.HostFixture.Json(new
        {
            model = "claude-sonnet-4-6",
            max_tokens = 400,
            tools = new[] { new { name = "Bash", description = "", input_schema = new { type = "object" } } },
            messages = new[] { new { role = "user", content = $"{Prompt} AKIAIOSFODNN7EXAMPLE\nsandbox: [[{{\"text\":\"canary-answer\"}},{{\"tool\":\"Bash\",\"input\":{{\"command\":\"{command}\"}}}}]]" } },
        }));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, text);
    }

    private static string? TraceParent(SignedInHost host) =>
        host.Account.Received.All.Single(request => request.PathAndQuery.EndsWith("/v1/messages", StringComparison.Ordinal)).Headers.GetValueOrDefault("traceparent");

    private static string Bodies(IEnumerable<(string Path, string? Authorization, string Body)> received, string path) => string.Concat(received.Where(one => one.Path == path).Select(one => one.Body));
}
