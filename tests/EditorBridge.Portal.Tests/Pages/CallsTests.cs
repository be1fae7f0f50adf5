using Bunit;
using EditorBridge.Portal.Controls;

namespace EditorBridge.Portal.Pages;

/// <summary>The list of calls: what the URL says is what is shown, and nothing moves under the reader's eyes.</summary>
public sealed class CallsTests : IAsyncLifetime
{
    private const string Session = "5b2c0f01-91f4-4f0e-8a6c-7d4e2f1a9b0f";
    private readonly SampleLedger _ledger = SampleLedger.Create();

    public async ValueTask InitializeAsync()
    {
        await _ledger.History.RequestAsync(Session);
        await _ledger.History.AllowedAsync(Session);
        await _ledger.History.RefusedAsync(Session);
        await _ledger.History.ReviewedAsync(Session, "approved");
        await _ledger.History.ReviewedAsync(Session, "rejected", "carol");
        await _ledger.History.ReviewedAsync(Session, "edited", "carol");
    }

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Theory]
    [InlineData("/calls", 5)]
    [InlineData("/calls?q=", 6)]
    [InlineData("/calls?q=kind:request", 1)]
    [InlineData("/calls?q=state:rejected", 1)]
    [InlineData("/calls?q=state:approved,edited", 2)]
    [InlineData("/calls?q=by:carol", 2)]
    [InlineData("/calls?q=risk:critical", 1)]
    [InlineData("/calls?q=tool:Bash", 1)]
    [InlineData("/calls?q=rule:managed.egress", 1)]
    [InlineData("/calls?q=tool:Nothing", 0)]
    [InlineData("/calls?from=2001-01-01T00:00:00Z&to=2001-01-02T00:00:00Z", 0)]
    public async Task The_address_says_which_calls_are_shown(string address, int rows)
    {
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Calls>(address);
        page.WaitForAssertion(() => Assert.Equal(rows, page.FindAll("tbody a[data-row]").Count), PortalContext.Patience);
        Assert.Equal(rows == 0, page.Markup.Contains("No call fits", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_part_of_the_filter_that_is_not_understood_is_named()
    {
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Calls>("/calls?q=colour:red");
        page.WaitForAssertion(() => Assert.Contains("colour: is not a field", page.Find("[role=alert]").TextContent, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task A_facet_changes_the_address()
    {
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Calls>("/calls?range=24h");
        page.WaitForElement(".eb-facet-list button", PortalContext.Patience);
        await page.InvokeAsync(() => page.FindAll(".eb-facet-list button").Single(button => button.TextContent.Contains("Rejected", StringComparison.Ordinal)).ClickAsync(new()));
        Assert.EndsWith("calls?q=kind%3Aaction%20state%3Arejected&range=24h", portal.Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Brushing_the_histogram_sets_the_time()
    {
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Calls>("/calls?range=24h");
        var bars = page.WaitForComponent<CallBars>(PortalContext.Patience);
        await bars.InvokeAsync(() => bars.Instance.Brushed(0.5, 0.75));
        Assert.Contains("from=", portal.Navigation.Uri, StringComparison.Ordinal);
        Assert.Contains("to=", portal.Navigation.Uri, StringComparison.Ordinal);
    }

    [Fact]
    public async Task New_calls_wait_behind_a_button_and_rows_do_not_move()
    {
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Calls>("/calls");
        page.WaitForAssertion(() => Assert.Equal(5, page.FindAll("tbody a[data-row]").Count), PortalContext.Patience);
        var first = page.Find("tbody a[data-row]").GetAttribute("href");
        await _ledger.History.AllowedAsync(Session);
        await _ledger.History.RefusedAsync(Session);
        await portal.LookAsync();
        page.WaitForAssertion(() => Assert.Equal("2 new", page.Find(".eb-pill button").TextContent), PortalContext.Patience);
        Assert.Equal(first, page.Find("tbody a[data-row]").GetAttribute("href"));
        await page.InvokeAsync(() => page.Find(".eb-pill button").ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Equal(7, page.FindAll("tbody a[data-row]").Count), PortalContext.Patience);
        Assert.Empty(page.FindAll(".eb-pill"));
    }

    [Fact]
    public async Task A_row_on_the_screen_follows_its_call()
    {
        var call = await _ledger.History.HeldAsync(Session);
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Calls>("/calls");
        page.WaitForAssertion(() => Assert.Contains("Waiting for review", page.Find("tbody tr").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        await _ledger.History.DecideAsync(call, Session, "rejected", "bo", null, "subject");
        await portal.LookAsync();
        page.WaitForAssertion(() => Assert.Contains("Rejected", page.Find("tbody tr").TextContent, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task Following_shows_new_calls_at_once()
    {
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Calls>("/calls");
        page.WaitForAssertion(() => Assert.Equal(5, page.FindAll("tbody a[data-row]").Count), PortalContext.Patience);
        await page.InvokeAsync(() => page.FindAll("button").Single(button => button.TextContent == "Follow").ClickAsync(new()));
        await _ledger.History.AllowedAsync(Session);
        await portal.LookAsync();
        page.WaitForAssertion(() => Assert.Equal(6, page.FindAll("tbody a[data-row]").Count), PortalContext.Patience);
    }

    [Fact]
    public async Task Pages_by_key_show_every_call_once()
    {
        for (var i = 0; i < 60; i++) await _ledger.History.AllowedAsync(Session);
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Calls>("/calls");
        page.WaitForAssertion(() => Assert.Equal(50, page.FindAll("tbody a[data-row]").Count), PortalContext.Patience);
        var seen = page.FindAll("tbody a[data-row]").Select(row => row.GetAttribute("href")).ToList();
        var older = page.FindAll(".eb-pager a").Single(link => link.TextContent == "Older").GetAttribute("href")!;
        var next = portal.Open<Calls>("/" + older);
        next.WaitForAssertion(() => Assert.Equal(15, next.FindAll("tbody a[data-row]").Count), PortalContext.Patience);
        seen.AddRange(next.FindAll("tbody a[data-row]").Select(row => row.GetAttribute("href")));
        Assert.Equal(65, seen.Distinct().Count());
    }

    [Fact]
    public async Task Without_a_ledger_the_page_says_what_makes_one()
    {
        await using var none = SampleLedger.CreateWithoutLedger();
        await using var portal = new PortalContext(none);
        var page = portal.Open<Calls>("/calls");
        page.WaitForAssertion(() => Assert.Contains("editorbridge serve", page.Find(".eb-problem").TextContent, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task A_view_is_saved_and_found_again()
    {
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Calls>("/calls?q=state:rejected&range=30d");
        await page.InvokeAsync(() => page.Find(".eb-menu input").ChangeAsync("My rejections"));
        await page.InvokeAsync(() => page.Find(".eb-menu form").SubmitAsync());
        page.WaitForAssertion(() => Assert.Contains(page.FindAll(".eb-menu-card a"), link =>
            link.TextContent.Contains("My rejections", StringComparison.Ordinal)
            && link.GetAttribute("href") == "calls?q=state%3Arejected&range=30d"), PortalContext.Patience);
    }
}
