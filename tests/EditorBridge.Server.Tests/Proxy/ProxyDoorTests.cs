using System.Diagnostics;
using System.IO.Compression;
using System.Net;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Cli;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Proxy;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>The proxy's door over the whole host: what clients list, what they are told about changes and counts, and what stays on record.</summary>
public sealed class ProxyDoorTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task Model_that_is_no_Claude_is_listed_under_an_id_Claude_Code_offers_and_answers_to_it()
    {
        using var http = host.Client(Client.Claude);
        var list = JsonNode.Parse(await http.GetStringAsync("/v1/models?limit=1000"))!["data"]!.AsArray();
        var ids = list.Select(model => (string)model!["id"]!).ToArray();

        Assert.Contains("openai-gpt-5", ids);
        Assert.Contains("anthropic-openai-gpt-5", ids);
        Assert.DoesNotContain("anthropic-claude-sonnet-4-6", ids);
        Assert.Equal("openai-gpt-5 (Snowflake Cortex)", (string)list.Single(model => (string)model!["id"]! == "anthropic-openai-gpt-5")!["display_name"]!);
        var one = JsonNode.Parse(await http.GetStringAsync("/v1/models/anthropic-openai-gpt-5"))!;
        Assert.Equal("anthropic-openai-gpt-5", (string)one["id"]!);
        var (response, _) = await AskAsync(Body("sandbox: [{\"text\":\"Here.\"}]", model: "anthropic-openai-gpt-5"));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("openai-gpt-5", (await EntriesAsync(response))[0].Draft.Model);
    }

    [Fact]
    public async Task Change_stands_in_the_header_in_the_entry_and_in_the_report_of_the_doctor()
    {
        var body = Body("sandbox: [{\"text\":\"Fine.\"}]");
        body["service_tier"] = "auto";
        var (response, _) = await AskAsync(body, ("anthropic-beta", "doctors-own-beta-2026-01-01"));
        using var reader = LedgerReader.Open(host.State.LedgerFolder);
        var report = await RemovalReport.ReadAsync(reader, DateTimeOffset.UtcNow.AddHours(-1), default);

        var header = response.Headers.GetValues("x-editorbridge-changed").Single();
        Assert.Contains("Beta=doctors-own-beta-2026-01-01", header, StringComparison.Ordinal);
        Assert.Contains("service_tier", header, StringComparison.Ordinal);
        var intent = (await EntriesAsync(response)).Single(entry => entry.Draft.Kind == EntryKind.MessageIntent);
        Assert.Contains(intent.Draft.Facts!["removals"]!.AsArray(), removal => (string)removal!["what"]! == "doctors-own-beta-2026-01-01");
        Assert.Contains(report.Counts, count => count is { Kind: RemovalKind.Beta, What: "doctors-own-beta-2026-01-01", Requests: 1 });
        var (code, said) = await CommandAsync("doctor", "--state", host.State.Path);
        Assert.Contains("doctors-own-beta-2026-01-01 (Beta): Cortex refuses betas", said, StringComparison.Ordinal);
        Assert.InRange(code, 0, 1);
    }

    [Fact]
    public async Task Count_of_tokens_learns_from_answers_and_a_restart_forgets_nothing()
    {
        var prompt = "sandbox: [{\"text\":\"Fine.\"}]\n" + string.Concat(Enumerable.Repeat("select a, b from c where d = 'e';\n", 100));
        for (var i = 0; i < 3; i++) await AskAsync(Body(prompt, model: "claude-opus-4-6"));
        var learned = await CountAsync(prompt);
        var (response, answer) = await AskAsync(Body(prompt, model: "claude-opus-4-6"));
        var counted = (long)answer["usage"]!["input_tokens"]!;
        Assert.InRange(learned.Tokens, counted * 0.97, counted * 1.03);
        Assert.Contains("samples=3", learned.Header, StringComparison.Ordinal);
        var outcome = (await EntriesAsync(response)).Single(entry => entry.Draft.Kind == EntryKind.MessageOutcome);
        Assert.True((long)outcome.Draft.Facts!["promptEstimate"]! > 0);

        await host.RestartAsync();
        var after = await CountAsync(prompt);
        Assert.InRange(after.Tokens, counted * 0.97, counted * 1.03);
        Assert.Contains("samples=4", after.Header, StringComparison.Ordinal);
        var (code, said) = await CommandAsync("models", "--state", host.State.Path);
        Assert.Equal(0, code);
        Assert.Contains("anthropic-openai-gpt-5", said, StringComparison.Ordinal);
        Assert.Matches("claude-opus-4-6 +4 prompts +mean error", said);
    }

    [Theory]
    [InlineData("""{"model":"claude-sonnet-4-6","max_tokens":10,"messages":[{"role":"user","content":"hi"}],"mcp_servers":[{"type":"url","url":"https://mcp.example.com","name":"x"}]}""", "mcp_servers")]
    [InlineData("""{"model":"claude-sonnet-4-6","max_tokens":10,"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""", "web_search")]
    [InlineData("""{"model":"claude-sonnet-4-6","max_tokens":10,"messages":""", "JSON")]
    public async Task Refusal_before_the_account_leaves_its_entry_and_sends_nothing(string body, string says)
    {
        using var http = host.Client(Client.Claude);
        using var response = await http.PostAsync("/v1/messages", new StringContent(body, System.Text.Encoding.UTF8, "application/json"));
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;
        var entry = Assert.Single(await EntriesAsync(response));

        Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error"), (response.StatusCode, (string)error["type"]!));
        Assert.Contains(says, (string)error["message"]!, StringComparison.OrdinalIgnoreCase);
        Assert.Equal((EntryKind.MessageOutcome, "refused"), (entry.Draft.Kind, entry.Draft.Result));
        Assert.Equal((string)error["message"]!, (string)entry.Draft.Facts!["error"]!);
    }

    /// <summary>A body of 33 MB, as it is and packed into some kilobytes.</summary>
    [Theory]
    [InlineData("identity")]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task Body_beyond_the_limit_is_a_413_however_it_is_packed(string encoding)
    {
        using var response = await PostPackedAsync(encoding, "{\"model\":\"" + new string('x', 33 * 1024 * 1024) + "\"}");
        var error = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!;

        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "request_too_large"), (response.StatusCode, (string)error["type"]!));
        Assert.Contains("Nothing was sent", (string)error["message"]!, StringComparison.Ordinal);
        Assert.Equal("refused", Assert.Single(await EntriesAsync(response)).Draft.Result);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("deflate")]
    [InlineData("br")]
    [InlineData("zstd")]
    public async Task Packed_body_is_answered_like_any_other(string encoding)
    {
        using var response = await PostPackedAsync(encoding, Body("sandbox: [{\"text\":\"Fine.\"}]").ToJsonString());

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Theory]
    [InlineData("gzip", "not packed", "not valid gzip")]
    [InlineData("zstd", "not packed", "not valid zstd")]
    [InlineData("compress", "{}", "not known here")]
    public async Task Body_that_cannot_be_unpacked_is_a_400_that_says_so(string encoding, string body, string says)
    {
        using var http = host.Client(Client.Claude);
        using var content = new StringContent(body);
        content.Headers.ContentEncoding.Add(encoding);
        using var response = await http.PostAsync("/v1/messages", content);

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(says, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, HttpStatusCode.OK)]
    [InlineData(false, HttpStatusCode.Unauthorized)]
    public async Task Of_two_credentials_that_differ_the_authorization_counts(bool bearerIsGood, HttpStatusCode expected)
    {
        using var http = host.Client(null);
        var token = host.State.ClientToken("claude");
        http.DefaultRequestHeaders.Add("Authorization", "Bearer " + (bearerIsGood ? token : "another"));
        http.DefaultRequestHeaders.Add("x-api-key", bearerIsGood ? "another" : token);
        using var response = await http.PostAsync("/v1/messages", HostFixture.Json(Body("sandbox: [{\"text\":\"Fine.\"}]")));

        Assert.Equal(expected, response.StatusCode);
    }

    [Fact]
    public async Task Prompt_of_a_subagent_is_not_taken_for_the_persons_and_its_calls_belong_to_the_session()
    {
        var session = Guid.NewGuid().ToString();
        await AskAsync(Body("sandbox: [{\"text\":\"Fine.\"}]\nwhat the person wrote"), ("x-claude-code-session-id", session));
        var (response, _) = await AskAsync(Body("sandbox: [{\"text\":\"Fine.\"}]\nwhat the agent wrote"), ("x-claude-code-session-id", session), ("x-claude-code-agent-id", "agent-1"));

        Assert.Contains("what the person wrote", host.Services.GetRequiredService<AgentSessions>().PromptOf(session), StringComparison.Ordinal);
        Assert.All(await EntriesAsync(response), entry => Assert.Equal(session, entry.Draft.SessionId));
    }

    private async Task<HttpResponseMessage> PostPackedAsync(string encoding, string body)
    {
        using var packed = new MemoryStream();
        await using (var packing = encoding switch
        {
            "gzip" => new GZipStream(packed, CompressionLevel.Optimal, leaveOpen: true),
            "deflate" => new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true),
            "br" => new BrotliStream(packed, CompressionLevel.Fastest, leaveOpen: true),
            "zstd" => new ZstdSharp.CompressionStream(packed, leaveOpen: true),
            _ => null as Stream,
        })
            await (packing ?? packed).WriteAsync(System.Text.Encoding.UTF8.GetBytes(body));
        using var http = host.Client(Client.Claude);
        using var content = new ByteArrayContent(packed.ToArray());
        content.Headers.ContentEncoding.Add(encoding);
        return await http.PostAsync("/v1/messages", content);
    }

    private async Task<(long Tokens, string Header)> CountAsync(string prompt)
    {
        using var http = host.Client(Client.Claude);
        using var response = await http.PostAsync("/v1/messages/count_tokens", HostFixture.Json(Body(prompt, model: "claude-opus-4-6")));
        return ((long)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["input_tokens"]!, response.Headers.GetValues("x-editorbridge-estimate").Single());
    }

    private async Task<(HttpResponseMessage Response, JsonNode Answer)> AskAsync(JsonObject body, params (string Name, string Value)[] headers)
    {
        using var http = host.Client(Client.Claude);
        foreach (var (name, value) in headers) http.DefaultRequestHeaders.Add(name, value);
        var response = await http.PostAsync("/v1/messages", HostFixture.Json(body));
        return (response, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    private Task<IReadOnlyList<AuditEntry>> EntriesAsync(HttpResponseMessage response) => host.EntriesAsync(response.Headers.GetValues("request-id").Single());

    /// <summary>One command of the real program.</summary>
    private async Task<(int Code, string Said)> CommandAsync(params string[] arguments)
    {
        var program = Path.ChangeExtension(typeof(CommandLine).Assembly.Location, "dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments]) { RedirectStandardOutput = true, UseShellExecute = false };
        // The doctor would try a Claude Code it finds on this machine, which is another test's matter and takes its time.
        (start.Environment["PATH"], start.Environment["HOME"]) = (host.State.Path, host.State.Path);
        using var process = Process.Start(start)!;
        var said = await process.StandardOutput.ReadToEndAsync().WaitAsync(TestLimits.Signal);
        await process.WaitForExitAsync().WaitAsync(TestLimits.Signal);
        return (process.ExitCode, said);
    }

    private static JsonObject Body(string prompt, string model = "claude-sonnet-4-6") => new()
    {
        ["model"] = model,
        ["max_tokens"] = 100,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
    };
}
