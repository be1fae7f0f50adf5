using Bunit;
using EditorBridge.Portal.Layout;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal.Pages;

/// <summary>Every other page over two days of history: its numbers come from the ledger, its links lead to calls.</summary>
public sealed class PagesTests(PagesTests.TwoDays history) : IClassFixture<PagesTests.TwoDays>
{
    [Fact]
    public async Task The_overview_counts_what_the_list_of_calls_shows()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<Overview>("/");
        page.WaitForElement(".eb-tile", PortalContext.Patience);
        foreach (var name in new[] { "Tool calls", "Outcome unknown" })
        {
            var tile = page.FindAll(".eb-tile").Single(tile => tile.QuerySelector("span")!.TextContent == name);
            var calls = portal.Open<Calls>("/" + tile.GetAttribute("href"));
            calls.WaitForElement("main, .eb-toolbar", PortalContext.Patience);
            var counted = tile.QuerySelector("b")!.TextContent;
            if (counted != "0") calls.WaitForAssertion(() => Assert.Contains($"of {counted}.", calls.Find(".eb-pager").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        }
    }

    [Fact]
    public async Task A_session_tells_its_requests_and_tool_calls_in_order()
    {
        await using var portal = new PortalContext(history.Ledger);
        var sessions = portal.Open<Sessions>("/sessions");
        sessions.WaitForElement("a[data-row]", PortalContext.Patience);
        var id = sessions.Find("a[data-row]").TextContent;
        var page = portal.Open<SessionDetail>($"/sessions/{id}", parameters => parameters.Add(detail => detail.SessionId, id));
        page.WaitForElement(".eb-timeline li", PortalContext.Patience);
        var times = page.FindAll(".eb-timeline time").Select(time => time.GetAttribute("datetime")).ToList();
        Assert.Equal(times.Order(StringComparer.Ordinal), times);
        Assert.NotEmpty(page.FindAll("li.request"));
    }

    [Fact]
    public async Task The_policy_page_shows_hits_and_the_shipped_rules()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<Policies>("/policies");
        page.WaitForAssertion(() => Assert.Contains("default.sql.destructive", page.Find("section table").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        await page.InvokeAsync(() => page.Find("input[data-search]").InputAsync("managed.egress"));
        Assert.DoesNotContain("default.tools.reading", page.Markup, StringComparison.Ordinal);
        Assert.Contains("managed.egress", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Spend_is_called_an_estimate_and_names_the_table_it_was_made_with()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<Spend>("/spend");
        page.WaitForAssertion(() => Assert.Contains("estimates with prices of 2026-10", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("≈ $", page.Markup, StringComparison.Ordinal);
        Assert.Contains("compare with it", page.Markup, StringComparison.Ordinal);

        PortalState.WritePrivate(PriceTable.FileOf(history.Ledger.State), PriceTable.Example);
        var own = portal.Open<Spend>("/spend");
        own.WaitForAssertion(() => Assert.Contains("our contract", own.Markup, StringComparison.Ordinal), PortalContext.Patience);
        PortalState.WritePrivate(PriceTable.FileOf(history.Ledger.State), "[]");
        var wrong = portal.Open<Spend>("/spend");
        wrong.WaitForAssertion(() => Assert.Contains("cannot be used", wrong.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.DoesNotContain("≈ $", wrong.Markup, StringComparison.Ordinal);
        File.Delete(PriceTable.FileOf(history.Ledger.State));
    }

    [Fact]
    public async Task Mcp_tools_stand_under_their_server()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<McpServers>("/mcp");
        page.WaitForAssertion(() => Assert.Equal("snowflake", page.Find("section h2").TextContent), PortalContext.Patience);
        Assert.Contains(page.FindAll("a[data-row]"), link => link.TextContent == "execute_sql");
    }

    [Fact]
    public async Task Egress_names_the_rules_about_data_that_leaves()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<Egress>("/egress");
        page.WaitForAssertion(() => Assert.Contains("managed.egress", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task Connections_of_a_launched_session_stand_on_the_egress_page_and_with_the_session()
    {
        const string session = TwoDays.Launched;
        await using var portal = new PortalContext(history.Ledger);
        var egress = portal.Open<Egress>("/egress");
        egress.WaitForAssertion(() => Assert.Contains($"Session {session}: 1 connection elsewhere", egress.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("telemetry.example.com:443", egress.Markup, StringComparison.Ordinal);
        var detail = portal.Open<SessionDetail>($"/sessions/{session}", parameters => parameters.Add(page => page.SessionId, session));
        detail.WaitForAssertion(() => Assert.Contains("nothing was let out", detail.Markup, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task Reconciliation_claims_nothing_it_has_not_compared()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<Reconciliation>("/reconciliation");
        page.WaitForAssertion(() => Assert.Contains("Not compared yet", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task The_access_log_finds_a_person()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<AccessLog>("/access?person=dora");
        page.WaitForAssertion(() => Assert.Single(page.FindAll("tbody tr")), PortalContext.Patience);
        Assert.Contains("Ticket 4711", page.Find("tbody").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_export_is_one_row_with_what_its_two_entries_tell()
    {
        await using var ledger = SampleLedger.Create();
        await ledger.History.AccessAsync("dora", "export", "calls.csv", "Ticket 4711");
        await ledger.History.AccessAsync("dora", "export", "calls.csv");
        await ledger.History.AccessAsync("bo", "export", "evidence.zip", "Another");
        await ledger.History.AccessAsync("bo", "export", "evidence.zip", "And again");
        await using var portal = new PortalContext(ledger);
        var page = portal.Open<Exports>("/exports");
        page.WaitForAssertion(() => Assert.Equal(3, page.FindAll("tbody tr").Count), PortalContext.Patience);
        Assert.Contains("Ticket 4711", page.FindAll("tbody tr").Single(row => row.TextContent.Contains("calls.csv", StringComparison.Ordinal)).TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Settings_show_which_role_may_do_what()
    {
        await using var portal = new PortalContext(history.Ledger);
        var page = portal.Open<Settings>("/settings");
        page.WaitForAssertion(() => Assert.Equal(Enum.GetValues<PortalRight>().Length, page.FindAll("tbody tr").Count), PortalContext.Patience);
    }

    [Fact]
    public async Task Integrity_verifies_and_shows_a_sound_ledger()
    {
        await using var portal = new PortalContext(history.Ledger);
        await portal.LookAsync();
        var page = portal.Open<Integrity>("/integrity");
        page.WaitForElement("button.primary", PortalContext.Patience);
        await page.InvokeAsync(() => page.FindAll("button").Single(button => button.TextContent == "Verify now").ClickAsync(new()));
        await portal.Services.GetRequiredService<LedgerCheck>().Ended;
        page.WaitForAssertion(() => Assert.Contains("Sound: all", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains(page.FindAll("dt"), name => name.TextContent == "vscode of ann on laptop");
    }

    [Theory]
    [InlineData("developer", "Overview Reviews Tool calls Sessions Policies Models & spend MCP servers Egress Integrity Reconciliation")]
    [InlineData("auditor", "Overview Reviews Tool calls Sessions Policies Models & spend MCP servers Egress Integrity Reconciliation Exports Access log")]
    [InlineData("system-admin", "Overview Reviews Tool calls Sessions Policies Models & spend MCP servers Egress Integrity Reconciliation Access log Settings")]
    public async Task The_menu_offers_what_the_role_may_see(string role, string pages)
    {
        await using var portal = new PortalContext(history.Ledger, role);
        var menu = portal.Render<NavMenu>(parameters => parameters.Add(nav => nav.Viewer, new Viewer("x", RoleNames.Parse(role))));
        Assert.Equal(pages, string.Join(' ', menu.FindAll("a > span").Select(span => span.TextContent)));
    }

    [Fact]
    public async Task Every_page_says_what_to_do_when_there_is_no_ledger()
    {
        await using var none = SampleLedger.CreateWithoutLedger();
        await using var portal = new PortalContext(none);
        Says<Overview>(portal);
        Says<Reviews>(portal);
        Says<Sessions>(portal);
        Says<Policies>(portal);
        Says<Spend>(portal);
        Says<McpServers>(portal);
        Says<Egress>(portal);
        Says<Reconciliation>(portal);
        Says<AccessLog>(portal);
        Says<Integrity>(portal);
        Says<Exports>(portal);
    }

    private static void Says<TPage>(PortalContext portal)
        where TPage : IComponent
    {
        var page = portal.Render<TPage>();
        page.WaitForAssertion(() => Assert.Contains("editorbridge serve", page.Find(".eb-problem").TextContent, StringComparison.Ordinal), PortalContext.Patience);
    }

    /// <summary>One history for the whole class: it is only read.</summary>
    public sealed class TwoDays : IAsyncLifetime
    {
        internal const string Launched = "session-launched";

        internal SampleLedger Ledger { get; } = SampleLedger.Create();

        public async ValueTask InitializeAsync()
        {
            await Ledger.History.DaysAsync(1, 90);
            await Ledger.History.AccessAsync("dora", "reveal", "/calls/act-000007", "Ticket 4711");
            await Ledger.History.AccessAsync("bo", "view", "/calls");
            await Ledger.History.IncidentAsync("s", "hook.missing", "A session ran a tool without its hook.");
            await Ledger.History.WitnessedAsync("vscode of ann on laptop");
            await Ledger.History.RequestAsync(Launched);
            await Ledger.History.LaunchedAsync(Launched);
        }

        public ValueTask DisposeAsync() => Ledger.DisposeAsync();
    }
}
