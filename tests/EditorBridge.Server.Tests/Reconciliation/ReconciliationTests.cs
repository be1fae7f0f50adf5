using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.AspNetCore.Builder;

namespace EditorBridge.Server.Tests.Reconciliation;

/// <summary>The host compares its ledger with the sandbox account's own record: real requests, real statements, rows that went round.</summary>
public sealed class ReconciliationTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-recon-");
    private SandboxServer? _account;
    private WebApplication? _host;
    private StateFolder _state = null!;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_host is not null) await _host.DisposeAsync();
        if (_account is not null) await _account.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Call_that_goes_round_the_bridge_is_an_incident_and_told_once()
    {
        await StartAsync();
        await AskModelAsync();
        await RunSqlAsync();
        var start = DateTimeOffset.UtcNow.AddMinutes(-10).ToString("O");
        await ControlAsync($$"""
            {"foreign_inference":[{"request_id":"foreign-1","output":77,"start":"{{start}}"}],
             "foreign_statements":[{"query_id":"q-foreign","agent_type":"CORTEX_AGENT","type":"DELETE","start":"{{start}}"},{"query_id":"q-person","start":"{{start}}"}]}
            """);

        var report = await CompareAsync();
        Assert.Equal((1 + 1, 2, 0, 0), (Number(report, "matched"), Number(report, "accountOnly"), Number(report, "mismatch"), Number(report, "localOnly")));
        Assert.Equal(["foreign-1", "q-foreign"], report["findings"]!.AsArray().Select(finding => (string)finding!["accountId"]!).Order());

        var again = await CompareAsync();
        Assert.Equal(2, Number(again, "accountOnly"));
        using var reader = LedgerReader.Open(_state.LedgerFolder);
        var incidents = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Incident], Results = ["account_only"] }, null, 10);
        Assert.Equal(["foreign-1", "q-foreign"], incidents.Select(entry => (string)entry.Draft.Facts!["accountId"]!).Order());
        var calls = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.CallReconciled] }, null, 10);
        Assert.Equal(2, calls.Length);
        Assert.Contains(calls, entry => entry.Draft.Facts!["region"] is not null);
        var runs = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ReconciliationRun] }, null, 10);
        Assert.Equal(["differs 0", "differs 2"], runs.Select(entry => $"{entry.Draft.Result} {entry.Draft.Facts!["accountOnlyNew"]}"));
    }

    [Fact]
    public async Task Delayed_view_is_not_reported_as_missing()
    {
        await StartAsync(new SandboxOptions { UsageDelay = TimeSpan.FromMinutes(45) });
        await AskModelAsync();
        await ControlAsync($$"""{"foreign_inference":[{"request_id":"foreign-old","start":"{{DateTimeOffset.UtcNow.AddHours(-2):O}}"}]}""");
        var report = await CompareAsync();
        Assert.Equal((0, 1, 0, 1), (Number(report, "matched"), Number(report, "notYetDue"), Number(report, "localOnly"), Number(report, "accountOnly")));
    }

    [Fact]
    public async Task Export_is_compared_without_asking_the_account_and_what_is_overdue_in_it_is_missed()
    {
        await StartAsync();
        await AskModelAsync();
        var body = Body();
        body["files"] = new JsonArray(
            new JsonObject { ["name"] = "usage.csv", ["text"] = "REQUEST_ID,START_TIME,MODEL_NAME,INPUT_TOKENS,OUTPUT_TOKENS,USER_NAME\n", ["exportedAt"] = DateTimeOffset.UtcNow.AddHours(4).ToString("O") });
        var report = await CompareAsync(body);
        Assert.Equal((0, 1, "usage.csv"), (Number(report, "matched"), Number(report, "localOnly"), (string)report["source"]!));
        Assert.False((bool)report["agrees"]!);
    }

    [Theory]
    [InlineData("NAME\nx\n", "its columns are NAME")]
    [InlineData("QUERY_ID,START_TIME\nq,soon\n", "START_TIME is no time")]
    public async Task Wrong_export_is_refused_and_leaves_no_run(string text, string reason)
    {
        await StartAsync();
        var body = Body();
        body["files"] = new JsonArray(new JsonObject { ["name"] = "wrong.csv", ["text"] = text });
        Assert.Contains(reason, await ProblemAsync(body), StringComparison.Ordinal);
        using var reader = LedgerReader.Open(_state.LedgerFolder);
        Assert.Empty(await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ReconciliationRun] }, null, 10));
    }

    [Fact]
    public async Task Role_that_may_not_read_the_views_names_the_grants()
    {
        await StartAsync();
        var body = Body();
        body["role"] = "READER";
        Assert.Contains("USAGE_VIEWER", await ProblemAsync(body), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Client.Claude)]
    [InlineData(Client.Mcp)]
    [InlineData(null)]
    internal async Task Only_the_portals_token_starts_a_comparison(Client? client)
    {
        await StartAsync();
        using var http = Http(client);
        using var response = await http.PostAsync("/bridge/reconciliation", HostFixture.Json(Body()));
        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    private async Task StartAsync(SandboxOptions? options = null)
    {
        _account = await SandboxServer.StartAsync(options ?? new SandboxOptions(), CancellationToken.None);
        _state = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        var token = Path.Combine(_folder.FullName, "pat");
        StateFolder.WritePrivate(token, _account.ProgrammaticAccessToken);
        _host = HostApplication.Build(new ServeOptions { Port = 0, State = _state, Sandbox = _account.BaseAddress, TokenFile = token });
        await _host.StartAsync();
    }

    private HttpClient Http(Client? client)
    {
        var http = new HttpClient { BaseAddress = new Uri(_state.ReadHost()!.Url) };
        if (client is { } known) http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(_state, known));
        return http;
    }

    private static JsonObject Body() => new()
    {
        ["from"] = DateTimeOffset.UtcNow.AddHours(-6).ToString("O"), ["to"] = DateTimeOffset.UtcNow.AddMinutes(1).ToString("O"), ["person"] = "ann", ["surface"] = "portal", ["role"] = "AUDITOR",
    };

    private async Task<JsonNode> CompareAsync(JsonObject? body = null)
    {
        var last = (await LinesAsync(body ?? Body()))[^1];
        Assert.Null(last["problem"]);
        return last["report"]!;
    }

    private async Task<string> ProblemAsync(JsonObject body) => (string)(await LinesAsync(body))[^1]["problem"]!;

    private async Task<JsonNode[]> LinesAsync(JsonObject body)
    {
        using var http = Http(Client.Portal);
        using var response = await http.PostAsync("/bridge/reconciliation", HostFixture.Json(body));
        return [.. (await response.Content.ReadAsStringAsync()).Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonNode.Parse(line)!)];
    }

    private async Task AskModelAsync()
    {
        using var http = Http(Client.Claude);
        using var response = await http.PostAsync("/v1/messages", HostFixture.Json(new { model = "claude-sonnet-4-6", max_tokens = 100, messages = new[] { new { role = "user", content = "hello" } } }));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        await response.Content.ReadAsStringAsync();

        // An answer does not wait for its own outcome, and only an answered call can be missed in the account's record.
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        using var reader = LedgerReader.Open(_state.LedgerFolder);
        while ((await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.MessageOutcome] }, null, 1, patience.Token)).IsEmpty) patience.Token.ThrowIfCancellationRequested();
    }

    private async Task RunSqlAsync()
    {
        using var http = Http(Client.Mcp);
        using var request = McpRequests.Post("tools/call", new { name = "execute_sql", arguments = new { sql = "select count(*) from ANALYTICS.MARTS.CUSTOMERS" } });
        using var response = await http.SendAsync(request);
        Assert.Contains("\"total_rows\"", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private async Task ControlAsync(string settings)
    {
        using var http = new HttpClient { BaseAddress = _account!.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _account.ProgrammaticAccessToken);
        using var response = await http.PostAsync("/_sandbox/control", new StringContent(settings, System.Text.Encoding.UTF8, "application/json"));
        response.EnsureSuccessStatusCode();
    }

    private static int Number(JsonNode report, string name) => (int)report[name]!;
}
