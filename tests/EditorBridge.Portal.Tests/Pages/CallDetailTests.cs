using Bunit;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Pages;

/// <summary>One call, and who may read its texts.</summary>
public sealed class CallDetailTests : IAsyncLifetime
{
    private const string Session = "5b2c0f01-91f4-4f0e-8a6c-7d4e2f1a9b0f";
    private readonly SampleLedger _ledger = SampleLedger.Create();
    private string _edited = "";

    public async ValueTask InitializeAsync() => _edited = await _ledger.History.ReviewedAsync(Session, "edited", "carol", "PUBLIC must not read this.");

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task An_edited_call_shows_what_was_proposed_edited_and_released()
    {
        await using var portal = new PortalContext(_ledger);
        var page = Open(portal, _edited);
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        Assert.Contains("Approved, edited", page.Find(".eb-title").TextContent, StringComparison.Ordinal);
        Assert.Contains("PUBLIC must not read this.", page.Markup, StringComparison.Ordinal);
        await page.InvokeAsync(() => Segment(page, "Edited by the reviewer").ClickAsync(new()));
        Assert.Contains(page.FindAll("tr.removed"), row => row.TextContent.Contains("drop table", StringComparison.Ordinal));
        await page.InvokeAsync(() => Segment(page, "Released").ClickAsync(new()));
        Assert.DoesNotContain(page.FindAll("tr"), row => row.TextContent.Contains("drop table", StringComparison.Ordinal));
        await page.InvokeAsync(() => Segment(page, "Raw").ClickAsync(new()));
        Assert.Contains(page.FindAll("details summary"), summary => summary.TextContent.Contains("edited", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_timeline_tells_every_entry_with_its_time()
    {
        await using var portal = new PortalContext(_ledger);
        var page = Open(portal, _edited);
        page.WaitForAssertion(() => Assert.Equal(
            ["Judged by policy", "Held for a person", "Verdict", "Released", "Outcome"],
            page.FindAll(".eb-timeline li b").Select(item => item.TextContent)), PortalContext.Patience);
        Assert.Equal(5, page.FindAll(".eb-timeline time").Count);
    }

    [Fact]
    public async Task A_call_that_is_not_there_is_said_not_to_be()
    {
        await using var portal = new PortalContext(_ledger);
        var page = Open(portal, "act-ffffff");
        page.WaitForAssertion(() => Assert.Contains("not in the ledger", page.Find(".eb-problem").TextContent, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task An_auditor_reads_texts_for_a_reason_that_is_recorded_first()
    {
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger, "auditor", "dora");
        await portal.LookAsync();
        var page = Open(portal, _edited);
        page.WaitForElement("form input", PortalContext.Patience);
        Assert.DoesNotContain("drop table", page.Text(), StringComparison.Ordinal);
        Assert.True(page.Find("form button").HasAttribute("disabled"));
        await page.InvokeAsync(() => page.Find("form input").InputAsync("Audit 2026-11"));
        await page.InvokeAsync(() => page.Find("form").SubmitAsync());
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        Assert.Contains("drop table", page.Text(), StringComparison.Ordinal);

        await portal.LookAsync();
        page.WaitForAssertion(() => Assert.Contains(page.FindAll(".eb-timeline li"), entry => entry.TextContent.Contains("Audit 2026-11", StringComparison.Ordinal)), PortalContext.Patience);
        Assert.Equal("PUBLIC must not read this.", page.Find(".eb-title + .eb-note").TextContent);

        var reveal = Assert.Single(await portal.AccessesAsync(), access => access.Result == "reveal");
        Assert.Equal(("person:dora", _edited, "Audit 2026-11"), (reveal.Actor, reveal.CallId, reveal.Facts?["reason"]?.GetValue<string>()));
    }

    [Fact]
    public async Task Without_a_record_nothing_is_revealed()
    {
        await using var portal = new PortalContext(_ledger, "auditor");
        await portal.LookAsync();
        var page = Open(portal, _edited);
        page.WaitForElement("form input", PortalContext.Patience);
        await page.InvokeAsync(() => page.Find("form input").InputAsync("Audit 2026-11"));
        await page.InvokeAsync(() => page.Find("form").SubmitAsync());
        page.WaitForAssertion(() => Assert.Contains("Nothing was revealed", page.Find("[role=alert]").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.DoesNotContain("drop table", page.Text(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("policy-admin")]
    [InlineData("system-admin")]
    public async Task Administrators_see_facts_and_no_texts(string role)
    {
        await using var portal = new PortalContext(_ledger, role);
        var page = Open(portal, _edited);
        page.WaitForAssertion(() => Assert.Contains("do not include reading the texts", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Empty(page.FindAll("form"));
        Assert.DoesNotContain("drop table", page.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Looking_is_recorded_once_and_not_per_refresh()
    {
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger, RoleNames.Owner, "dora");
        await portal.LookAsync();
        var page = Open(portal, _edited);
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        await portal.LookAsync();
        await portal.LookAsync();
        var views = (await portal.AccessesAsync()).Where(access => access.Result == "view");
        Assert.Equal("/calls/" + _edited, Assert.Single(views).Subject);
    }

    private static IRenderedComponent<CallDetail> Open(PortalContext portal, string call) =>
        portal.Open<CallDetail>($"/calls/{call}", parameters => parameters.Add(page => page.CallId, call));

    private static AngleSharp.Dom.IElement Segment(IRenderedComponent<CallDetail> page, string words) =>
        page.FindAll(".eb-segments button").First(button => button.TextContent == words);
}
