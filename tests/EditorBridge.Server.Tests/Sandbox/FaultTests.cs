using System.Net;
using System.Text.Json;
using EditorBridge.Sandbox.Faults;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>Every scenario, met over a real socket.</summary>
public sealed class FaultTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Theory]
    [InlineData("throttle-400", 400, "throttled by remote service", null)]
    [InlineData("429", 429, "too many requests", "390505")]
    [InlineData("402", 402, "budget exceeded", null)]
    [InlineData("403-role", 403, "Not Authorized", null)]
    [InlineData("403-network", 403, "is not allowed to access Snowflake", null)]
    [InlineData("395092", 403, "", "395092")]
    [InlineData("003001", 403, "contact Snowflake support", "003001")]
    [InlineData("503", 503, "inference timed out", null)]
    [InlineData("392606", 503, "", "392606")]
    [InlineData("500", 500, "", null)]
    [InlineData("504", 504, "", null)]
    [InlineData("390144", 401, "JWT token is invalid", "390144")]
    [InlineData("390303", 401, "Invalid OAuth access token", "390303")]
    [InlineData("390318", 401, "expired", "390318")]
    [InlineData("394400", 401, "Programmatic access token is invalid.", "394400")]
    [InlineData("390112-200", 200, "Your session has expired", "390112")]
    [InlineData("context-exceeded", 400, "max tokens of 200000 exceeded", null)]
    [InlineData("unknown-model", 400, "unknown model claude-sonnet-4-6", null)]
    [InlineData("assistant-last", 400, "final position when `tools` are used..", null)]
    [InlineData("conversation-complete", 400, "conversation complete", null)]
    public async Task Refusal_has_its_status_text_and_code(string scenario, int status, string message, string? code)
    {
        using var response = await SendAsync($"scenario: {scenario}");
        var body = JsonElement.Parse(await response.Content.ReadAsStringAsync());

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(code, body.TryGetProperty("code", out var found) ? found.GetString() : null);
    }

    [Fact]
    public async Task Html_and_empty_bodies_arrive_as_a_gateway_sends_them()
    {
        using var html = await SendAsync("scenario: html-error");
        Assert.Equal((HttpStatusCode.BadGateway, "text/html"), (html.StatusCode, html.Content.Headers.ContentType!.MediaType));

        using var empty = await SendAsync("scenario: empty-error");
        Assert.Equal((HttpStatusCode.ServiceUnavailable, ""), (empty.StatusCode, await empty.Content.ReadAsStringAsync()));
    }

    [Fact]
    public async Task Max_tokens_above_the_limit_is_refused_and_the_clamped_retry_passes()
    {
        using var refused = await SendAsync("scenario: max-tokens-exceeded", maxTokens: 32_000);
        Assert.Contains("max tokens of 16384 exceeded", await refused.Content.ReadAsStringAsync());

        using var passed = await SendAsync("scenario: max-tokens-exceeded", maxTokens: 16_384);
        Assert.Equal(HttpStatusCode.OK, passed.StatusCode);
    }

    [Fact]
    public async Task Counted_fault_is_played_that_often_and_then_answered()
    {
        var statuses = new List<int>();
        for (var attempt = 0; attempt < 4; attempt++)
        {
            using var response = await SendAsync("scenario: 429 x2");
            statuses.Add((int)response.StatusCode);
        }

        Assert.Equal([429, 429, 200, 429], statuses);
    }

    [Theory]
    [InlineData("header 503", "503")]
    [InlineData("x\nsandbox: [{\"text\":\"a\",\"fault\":\"503\"}]", null)]
    public async Task Fault_can_be_named_by_header_or_turn(string prompt, string? header)
    {
        var request = SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask(prompt).ToJsonString());
        request.Headers.Add("x-emulator-scenario", header);
        using var response = await sandbox.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.ServiceUnavailable, response.StatusCode);
    }

    [Fact]
    public async Task Unknown_scenario_lists_the_known_ones()
    {
        using var response = await SendAsync("scenario: nonsense");
        Assert.Contains("empty-stop", await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("empty-stop", "message_stop", 2)]
    [InlineData("mid-stream-error", "error", null)]
    [InlineData("no-message-stop", "content_block_stop", null)]
    public async Task Stream_that_ends_oddly_ends_with(string scenario, string last, int? count)
    {
        var events = await sandbox.StreamAsync(SandboxFixture.Ask($"scenario: {scenario}"));
        Assert.Equal(last, events[^1].GetProperty("type").GetString());
        Assert.Equal(count ?? events.Count, events.Count);
    }

    [Fact]
    public async Task Snowflake_error_inside_a_stream_has_no_type()
    {
        var events = await sandbox.StreamAsync(SandboxFixture.Ask("scenario: mid-stream-error-snowflake"));
        Assert.Equal("500", events[^1].GetProperty("error").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("scenario: truncate")]
    [InlineData("sandbox: [{\"text\":\"abcdefgh\",\"cut_at\":300}]")]
    public async Task Truncated_stream_breaks_off_after_real_bytes(string prompt)
    {
        using var response = await SendAsync(prompt, stream: true);
        await using var stream = await response.Content.ReadAsStreamAsync();
        using var received = new MemoryStream();
        await Assert.ThrowsAnyAsync<IOException>(async () => await stream.CopyToAsync(received));
        Assert.True(received.Length > 100, $"{received.Length} bytes");
        if (prompt.Contains("cut_at", StringComparison.Ordinal))
        {
            Assert.Equal(300, received.Length);
        }
    }

    [Fact]
    public async Task Goaway_closes_before_a_byte_of_the_answer() =>
        await Assert.ThrowsAsync<HttpRequestException>(() => SendAsync("scenario: goaway"));

    [Fact]
    public async Task Stale_connection_answers_once_and_is_dead_for_the_next_request()
    {
        using var client = sandbox.NewClient();
        using (var first = await client.SendAsync(Request("scenario: stale-keepalive")))
        {
            Assert.Equal(HttpStatusCode.OK, first.StatusCode);
            await first.Content.ReadAsStringAsync();
        }

        await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(Request("hello")));
        using var fresh = await client.SendAsync(Request("hello"));
        Assert.Equal(HttpStatusCode.OK, fresh.StatusCode);
    }

    [Fact]
    public async Task Json_comes_where_a_stream_was_asked_for()
    {
        using var response = await SendAsync("scenario: json-in-stream", stream: true);
        Assert.Equal("application/json", response.Content.Headers.ContentType!.MediaType);
    }

    [Fact]
    public async Task Silent_stream_waits_until_the_caller_hangs_up()
    {
        string id;
        using (var response = await SendAsync("scenario: silent", stream: true))
        {
            id = response.Headers.GetValues("X-Snowflake-Request-ID").Single();
            Assert.False(sandbox.Server.Received.All.Single(request => request.RequestId == id).Aborted);
        }

        await sandbox.Server.Received.WhenAbortedAsync(id).WaitAsync(TimeSpan.FromSeconds(10));
    }

    [Fact]
    public async Task Controlled_fault_meets_every_path_as_often_as_asked()
    {
        await using var server = await EditorBridge.Sandbox.SandboxServer.StartAsync(new EditorBridge.Sandbox.SandboxOptions(), CancellationToken.None);
        using var client = new HttpClient { BaseAddress = server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new("Bearer", server.ProgrammaticAccessToken);
        using var set = await client.PostAsync("/_sandbox/control", new StringContent("""{"fault":"503 x2"}""", System.Text.Encoding.UTF8, "application/json"));
        var statuses = new List<int>();
        for (var attempt = 0; attempt < 4; attempt++)
        {
            using var response = await client.GetAsync("/api/v2/cortex/models");
            statuses.Add((int)response.StatusCode);
        }

        Assert.Equal([503, 503, 200, 200], statuses);
    }

    [Fact]
    public void Readme_names_every_scenario_and_no_other()
    {
        var readme = File.ReadAllText(RepositoryFile("src/EditorBridge.Sandbox/README.md"));
        var table = readme[readme.IndexOf("| name | what the caller meets |", StringComparison.Ordinal)..];
        var named = table.Split('\n').Where(line => line.StartsWith("| `", StringComparison.Ordinal)).Select(line => line.Split('`')[1]);
        Assert.Equal(FaultCatalog.All.Select(entry => entry.Name), named);
    }

    private static string RepositoryFile(string path)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "EditorBridge.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        return Path.Combine(folder, path);
    }

    private static HttpRequestMessage Request(string prompt, bool stream = false, int maxTokens = 4096) =>
        SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask(prompt, body =>
        {
            body["stream"] = stream;
            body["max_tokens"] = maxTokens;
        }).ToJsonString());

    private Task<HttpResponseMessage> SendAsync(string prompt, bool stream = false, int maxTokens = 4096) =>
        sandbox.Client.SendAsync(Request(prompt, stream, maxTokens), HttpCompletionOption.ResponseHeadersRead);
}
