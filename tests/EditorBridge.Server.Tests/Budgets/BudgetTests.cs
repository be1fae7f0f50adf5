using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Budgets;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.AspNetCore.Builder;

namespace EditorBridge.Server.Tests.Budgets;

/// <summary>Limits over the whole host and a sandbox account that tells which requests reached it.</summary>
public sealed class BudgetTests : IAsyncLifetime
{
    private static readonly DateTimeOffset Noon = new(2026, 11, 20, 12, 0, 30, TimeSpan.Zero);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-budget-");
    private SandboxServer _account = null!;
    private StateFolder _state = null!;
    private WebApplication? _host;

    public async ValueTask InitializeAsync()
    {
        _account = await SandboxServer.StartAsync(new SandboxOptions(), CancellationToken.None);
        _state = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        StateFolder.WritePrivate(Path.Combine(_folder.FullName, "pat"), _account.ProgrammaticAccessToken);
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        await _account.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Hard_limit_refuses_before_the_account_is_asked_and_names_limit_and_setting()
    {
        await StartAsync("  - {name: few a month, per: user, within: month, count: requests, hard: 2}");
        using var first = await AskAsync();
        using var second = await AskAsync();
        Assert.Equal([HttpStatusCode.OK, HttpStatusCode.OK], [first.StatusCode, second.StatusCode]);
        var reached = await InferencesAsync();

        using var refused = await AskAsync();
        var message = (string)JsonNode.Parse(await refused.Content.ReadAsStringAsync())!["error"]!["message"]!;
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Equal("false", refused.Headers.GetValues("x-should-retry").Single());
        Assert.Contains("\"few a month\" is reached: 2 requests of 2 requests", message, StringComparison.Ordinal);
        Assert.Contains("budgets.yaml line 3, hard", message, StringComparison.Ordinal);
        Assert.Equal(reached, await InferencesAsync());
        Assert.Equal(["hard"], await LimitsReachedAsync());
    }

    [Fact]
    public async Task Count_goes_on_after_a_restart_of_the_host()
    {
        const string Limits = "  - {name: few a month, per: user, within: month, count: requests, hard: 1}";
        await StartAsync(Limits);
        using var first = await AskAsync();
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        await StopAsync();
        await StartAsync(Limits);
        using var refused = await AskAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
    }

    [Fact]
    public async Task Soft_limit_notes_every_answer_and_is_recorded_once()
    {
        await StartAsync("  - {name: tokens, per: user, within: month, count: tokens, soft: 1, hard: 100000000}");
        using var first = await AskAsync();
        Assert.False(first.Headers.Contains("x-editorbridge-note"));
        using var second = await AskAsync();
        using var third = await AskAsync();
        Assert.Contains("limit \"tokens\"", second.Headers.GetValues("x-editorbridge-note").Single(), StringComparison.Ordinal);
        Assert.True(third.Headers.Contains("x-editorbridge-note"));
        Assert.Equal(["soft"], await LimitsReachedAsync());

        using var portal = Http(Client.Portal);
        var shown = JsonNode.Parse(await portal.GetStringAsync("/bridge/budgets"))!["limits"]![0]!;
        Assert.True((bool)shown["softReached"]!);
        Assert.False((bool)shown["hardReached"]!);
        Assert.True((decimal)shown["used"]! > 1);
    }

    [Fact]
    public async Task Limit_of_a_session_leaves_the_others_alone()
    {
        await StartAsync("  - {name: one, per: session, within: month, count: requests, hard: 1}");
        Assert.Equal(
            [HttpStatusCode.OK, HttpStatusCode.TooManyRequests, HttpStatusCode.OK],
            [await StatusAsync("s-1"), await StatusAsync("s-1"), await StatusAsync("s-2")]);
    }

    [Fact]
    public async Task Dollar_limit_refuses_a_model_without_a_price()
    {
        StateFolder.WritePrivate(_state.In("prices.json"), """{"asOf":"2026-11","source":"test","prices":[]}""");
        await StartAsync("  - {name: money, per: user, within: month, count: dollars, hard: 5}");
        using var refused = await AskAsync();
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        Assert.Contains("has no price", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public void File_that_is_wrong_stops_the_start_and_names_the_place()
    {
        StateFolder.WritePrivate(_state.In("budgets.yaml"), "version: 1\nlimits:\n  - {name: a, per: user, within: week, count: requests, hard: 1}\n");
        var exception = Assert.Throws<HostNotStartedException>(() => BudgetFile.Read(_state));
        Assert.Contains("budgets.yaml:3:", exception.Message, StringComparison.Ordinal);
        Assert.Contains("Nothing was started", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(LimitWindow.Minute, "2026-11-20T12:00", "2026-11-20T12:01")]
    [InlineData(LimitWindow.Hour, "2026-11-20T12:00", "2026-11-20T13:00")]
    [InlineData(LimitWindow.Day, "2026-11-20T00:00", "2026-11-21T00:00")]
    [InlineData(LimitWindow.Month, "2026-11-01T00:00", "2026-12-01T00:00")]
    internal void Window_is_aligned_to_utc(LimitWindow within, string start, string end)
    {
        var limit = new Limit("a", 1, LimitScope.User, within, LimitMeasure.Requests, [], [], null, 1);
        // The same instant, told in another zone.
        var begins = limit.StartOf(Noon.ToOffset(TimeSpan.FromHours(9)));
        Assert.Equal((Utc(start), Utc(end)), (begins, limit.EndOf(begins)));
    }

    [Fact]
    public void Count_starts_anew_with_its_window_and_takes_nothing_late_from_the_one_before()
    {
        var limit = new Limit("a", 1, LimitScope.Model, LimitWindow.Minute, LimitMeasure.OutputTokens, ["claude-*"], [], null, 100);
        var counts = new LimitCounts([limit], ModelPrices.Shipped);
        var use = new LimitedUse("claude-opus-4-6", null, null);
        counts.Used(use, new TokenUsage(1, 60, null, null), Noon);
        counts.Used(use with { Model = "llama3.1-8b" }, new TokenUsage(1, 60, null, null), Noon);
        Assert.Equal(60, Assert.Single(counts.StatesFor(use, Noon)).Used);
        Assert.Empty(counts.StatesFor(use with { Model = "llama3.1-8b" }, Noon));
        var next = Noon.AddMinutes(1);
        Assert.Equal(0, Assert.Single(counts.StatesFor(use, next)).Used);
        counts.Used(use, new TokenUsage(1, 5, null, null), next);
        counts.Used(use, new TokenUsage(1, 900, null, null), Noon);
        Assert.Equal(5, Assert.Single(counts.StatesFor(use, next)).Used);
    }

    [Theory]
    [InlineData("/work/dwh", true)]
    [InlineData("/work/dwh/models", true)]
    [InlineData("/work/dwh2", false)]
    [InlineData(null, true)]
    public void Limit_of_a_folder_holds_inside_it_and_where_no_folder_is_known_and_not_beside_it(string? project, bool holds)
    {
        var limit = new Limit("a", 1, LimitScope.Project, LimitWindow.Day, LimitMeasure.Requests, [], ["/work/dwh"], null, 1);
        Assert.Equal(holds, limit.KeyOf(new LimitedUse("m", null, project)) is not null);
    }

    private static DateTimeOffset Utc(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);

    private async Task StartAsync(string limits)
    {
        StateFolder.WritePrivate(_state.In("budgets.yaml"), $"version: 1\nlimits:\n{limits}\n");
        _host = HostApplication.Build(new ServeOptions { Port = 0, State = _state, Sandbox = _account.BaseAddress, TokenFile = Path.Combine(_folder.FullName, "pat") });
        await _host.StartAsync();
    }

    private async Task StopAsync()
    {
        if (_host is null) return;
        await _host.StopAsync();
        await _host.DisposeAsync();
        _host = null;
    }

    private HttpClient Http(Client client)
    {
        var http = new HttpClient { BaseAddress = new Uri(_state.ReadHost()!.Url) };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(_state, client));
        return http;
    }

    private async Task<HttpStatusCode> StatusAsync(string session)
    {
        using var response = await AskAsync(session);
        return response.StatusCode;
    }

    private async Task<HttpResponseMessage> AskAsync(string? session = null)
    {
        using var http = Http(Client.Claude);
        if (session is not null) http.DefaultRequestHeaders.Add("x-claude-code-session-id", session);
        return await http.PostAsync("/v1/messages", HostFixture.Json(new { model = "claude-sonnet-4-6", max_tokens = 100, messages = new[] { new { role = "user", content = "hello" } } }));
    }

    private async Task<int> InferencesAsync()
    {
        using var http = new HttpClient { BaseAddress = _account.BaseAddress };
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", _account.ProgrammaticAccessToken);
        var requests = JsonNode.Parse(await http.GetStringAsync("/_sandbox/requests"))!;
        return requests.ToJsonString().Split("/api/v2/cortex/v1/messages").Length - 1;
    }

    private async Task<string[]> LimitsReachedAsync()
    {
        using var reader = LedgerReader.Open(_state.LedgerFolder);
        return [.. (await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.LimitReached] }, null, 10)).Select(entry => entry.Draft.Result!)];
    }
}
