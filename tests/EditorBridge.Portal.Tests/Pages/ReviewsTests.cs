using Bunit;
using EditorBridge.Audit;
using EditorBridge.Portal.Security;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal.Pages;

/// <summary>The queue over a real ledger, and verdicts given to a real host.</summary>
public sealed class ReviewsTests : IAsyncLifetime
{
    private const string Session = "5b2c0f01-91f4-4f0e-8a6c-7d4e2f1a9b0f";
    private readonly SampleLedger _ledger = SampleLedger.Create();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task An_empty_queue_says_what_would_appear()
    {
        await _ledger.History.AllowedAsync(Session);
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForAssertion(() => Assert.Contains("Nothing waits for a review", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
    }

    [Fact]
    public async Task A_held_action_shows_its_diff_its_findings_and_who_asks()
    {
        await _ledger.History.HeldAsync(Session);
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        Assert.Contains("Drops the table RAW.SHOP.ORDERS_STAGING", page.Find(".eb-findings").TextContent, StringComparison.Ordinal);
        Assert.Contains(page.FindAll("tr.added"), row => row.TextContent.Contains("drop table if exists", StringComparison.Ordinal));
        Assert.Contains(page.FindAll("tr.removed"), row => row.TextContent.Contains("REPORTING", StringComparison.Ordinal));
        Assert.NotEmpty(page.FindAll(".finding"));
        Assert.Contains(SampleHistory.Ann, page.Find("dl.eb-facts").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_it_reaches_joins_the_review_when_the_account_has_answered()
    {
        var call = await _ledger.History.HeldAsync(Session);
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForAssertion(() => Assert.Contains("The account is being asked", page.Find(".eb-reach").TextContent, StringComparison.Ordinal), PortalContext.Patience);

        await _ledger.History.ReachedAsync(call, Session, "RAW.SHOP.ORDERS_STAGING exists, 1,500 rows. <b>bold</b>");
        await portal.LookAsync();
        page.WaitForAssertion(() => Assert.Contains("1,500 rows. <b>bold</b>", page.Find(".eb-reach dd.answered").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("needs a grant", page.Find(".eb-reach dd.failed").TextContent, StringComparison.Ordinal);
        Assert.Contains("UNDROP TABLE RAW.SHOP.ORDERS_STAGING", page.Find(".eb-reach-undo.possible pre").TextContent, StringComparison.Ordinal);
        Assert.Contains("read as role ANALYST", page.Find(".eb-reach header").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_new_review_joins_the_list_without_moving_the_one_that_is_read()
    {
        await _ledger.History.HeldAsync(Session, "first question");
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        await _ledger.History.HeldAsync(Session, "second question");
        await portal.LookAsync();
        page.WaitForAssertion(() => Assert.Equal(2, page.FindAll(".eb-queue-list li").Count), PortalContext.Patience);
        Assert.Contains("first question", page.Find(".eb-title h2").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_review_that_another_person_decides_says_so_in_place()
    {
        var call = await _ledger.History.HeldAsync(Session);
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        await _ledger.History.DecideAsync(call, Session, "rejected", "bo", "Not by hand.", "subject");
        await portal.LookAsync();
        page.WaitForAssertion(() => Assert.Contains("Rejected by bo. Reason: Not by hand.", page.Find(".eb-note.warn").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Empty(page.FindAll(".eb-verdict"));
    }

    [Theory]
    [InlineData("Approve", "approved", "", "Approved. The agent goes on.")]
    [InlineData("Reject", "rejected", "Use the dbt operation.", "Rejected. Nothing runs")]
    public async Task A_verdict_reaches_the_host_and_becomes_an_entry(string button, string result, string reason, string said)
    {
        var call = await _ledger.History.HeldAsync(Session);
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger, person: "carol");
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-verdict", PortalContext.Patience);
        if (reason.Length > 0) await page.Find(".eb-verdict input").InputAsync(reason);
        await page.InvokeAsync(() => page.FindAll(".eb-verdict button").Single(item => item.TextContent == button).ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Contains(said, page.Markup, StringComparison.Ordinal), PortalContext.Patience);

        var verdict = (await EntriesAsync(call)).Single(entry => entry.Kind == EntryKind.ReviewVerdict);
        Assert.Equal(("person:carol", result), (verdict.Actor, verdict.Result));
        Assert.Equal(reason.Length > 0 ? reason : null, verdict.Facts?["reason"]?.GetValue<string>());
    }

    [Fact]
    public async Task An_edited_text_is_what_is_approved()
    {
        var call = await _ledger.History.HeldAsync(Session);
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-verdict", PortalContext.Patience);
        await page.InvokeAsync(() => Button(page, "Edit…").ClickAsync(new()));
        Assert.True(Button(page, "Approve my edit").HasAttribute("disabled"));
        const string Edited = "create or replace view ANALYTICS.MARTS.ORDERS as select 1 as order_id;\n";
        await page.InvokeAsync(() => page.Find("textarea").InputAsync(Edited));
        await page.InvokeAsync(() => Button(page, "Approve my edit").ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Contains("Approved with your edit", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        using var reader = _ledger.Reader();
        var verdict = (await reader.EntriesForCallAsync(call)).Single(entry => entry.Draft.Kind == EntryKind.ReviewVerdict);
        Assert.Equal(Edited, (await reader.PayloadAsync(verdict.Sequence, "edited"))?.Text);
    }

    [Fact]
    public async Task A_missing_reason_is_asked_for_before_anything_is_sent()
    {
        var call = await _ledger.History.HeldAsync(Session, reasonRequired: true);
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-verdict", PortalContext.Patience);
        await page.InvokeAsync(() => Button(page, "Approve").ClickAsync(new()));
        Assert.Contains("Policy asks for a reason", page.Find(".eb-note.bad").TextContent, StringComparison.Ordinal);
        Assert.DoesNotContain(await EntriesAsync(call), entry => entry.Kind == EntryKind.ReviewVerdict);
    }

    [Fact]
    public async Task Where_two_must_approve_the_first_one_alone_releases_nothing()
    {
        var call = await _ledger.History.HeldAsync(Session, twoPeople: true);
        await _ledger.StartHostAsync();
        await using var first = new PortalContext(_ledger, person: "carol");
        await first.LookAsync();
        var page = first.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-verdict", PortalContext.Patience);
        await page.InvokeAsync(() => Button(page, "Approve").ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Contains("A second person must approve", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.DoesNotContain(await EntriesAsync(call), entry => entry.Kind == EntryKind.ReviewVerdict && entry.Result == "approved");

        await using var second = new PortalContext(_ledger, person: "bo");
        await second.LookAsync();
        var other = second.Open<Reviews>("/reviews");
        other.WaitForElement(".eb-verdict", PortalContext.Patience);
        Assert.Contains("carol approved; a second person is needed", other.Text(), StringComparison.Ordinal);
        await other.InvokeAsync(() => Button(other, "Approve").ClickAsync(new()));
        other.WaitForAssertion(() => Assert.Contains("Approved. The agent goes on.", other.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains(await EntriesAsync(call), entry => entry is { Kind: EntryKind.ReviewVerdict, Result: "approved", Actor: "person:bo" });
    }

    [Fact]
    public async Task While_the_host_is_down_history_shows_and_verdicts_are_off()
    {
        await _ledger.History.HeldAsync(Session);
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-verdict", PortalContext.Patience);
        Assert.Contains("Verdicts cannot be given while the host is down", page.Markup, StringComparison.Ordinal);
        Assert.All(page.FindAll(".eb-verdict button").Where(button => button.TextContent != "Edit…"), button => Assert.True(button.HasAttribute("disabled")));
    }

    [Theory]
    [InlineData("developer", true)]
    [InlineData("auditor", false)]
    [InlineData("policy-admin", false)]
    [InlineData("system-admin", false)]
    public async Task Who_is_no_approver_gets_no_buttons_and_only_some_see_the_text(string role, bool readsText)
    {
        await _ledger.History.HeldAsync(Session);
        await using var portal = new PortalContext(_ledger, role);
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-title", PortalContext.Patience);
        Assert.Empty(page.FindAll(".eb-verdict"));
        Assert.Equal(readsText, page.Markup.Contains("drop", StringComparison.Ordinal) && page.FindAll(".eb-diff").Count > 0);
    }

    [Fact]
    public async Task A_circuit_call_of_the_wrong_person_is_refused_by_the_connection()
    {
        await _ledger.History.HeldAsync(Session);
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger, "developer");
        var connection = portal.Services.GetRequiredService<Host.HostConnection>();
        await Assert.ThrowsAsync<NotAllowedException>(() => connection.GiveVerdictAsync(
            new Viewer("dev", [PortalRole.Developer]), "rev-act-000001", Review.VerdictKind.Approve, null, null, CancellationToken.None));
    }

    [Fact]
    public async Task The_same_again_is_allowed_with_one_box_shown_as_running_on_and_taken_back()
    {
        var call = await _ledger.History.HeldAsync(Session, sameAgain: "execute_sql with DML statements that do the same to RAW.SHOP.ORDERS");
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger, person: "carol");
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-again", PortalContext.Patience);
        Assert.Contains("do the same to RAW.SHOP.ORDERS", page.Find(".eb-again").TextContent, StringComparison.Ordinal);
        await page.InvokeAsync(() => page.Find(".eb-again input").ChangeAsync(true));
        await page.InvokeAsync(() => Button(page, "Approve").ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Contains("the same runs without a question", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        var verdict = (await EntriesAsync(call)).Single(entry => entry.Kind == EntryKind.ReviewVerdict);
        var grant = verdict.Facts!["sessionGrant"]!.GetValue<string>();

        await portal.LookAsync();
        page.WaitForElement(".eb-grants", PortalContext.Patience);
        await page.InvokeAsync(() => Button(page, "Revoke").ClickAsync(new()));
        page.WaitForAssertion(() => Assert.Empty(page.FindAll(".eb-grants")), PortalContext.Patience);
        var ended = (await EntriesAsync(call)).Single(entry => entry.Kind == EntryKind.GrantEnded);
        Assert.Equal(("person:carol", "revoked", grant), (ended.Actor, ended.Result, ended.Facts!["sessionGrant"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Without_the_offer_there_is_no_box()
    {
        await _ledger.History.HeldAsync(Session);
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-verdict", PortalContext.Patience);

        Assert.Empty(page.FindAll(".eb-again"));
    }

    [Fact]
    public async Task Who_asks_shows_prompt_role_warehouse_and_columns()
    {
        await _ledger.History.HeldAsync(Session, prompt: "Tidy the staging tables \u202Enow");
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement("dl.eb-facts", PortalContext.Patience);

        var facts = page.Find("dl.eb-facts").TextContent;
        Assert.All((string[])["Tidy the staging tables", "U+202E", "TRANSFORMER", "LOAD_WH", "ORDER_ID"], said => Assert.Contains(said, facts, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_line_of_five_megabytes_is_cut_where_it_is_shown_and_the_page_says_so()
    {
        await _ledger.History.HeldAsync(Session, after: "drop table x; -- to role PUBLIC " + new string('x', 5 * 1024 * 1024));
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        Assert.Contains("The record holds all of it", page.Text(), StringComparison.Ordinal);
        Assert.InRange(page.Markup.Length, 1, 2 * 1024 * 1024);
    }

    [Fact]
    public async Task What_an_agent_wrote_is_shown_as_text()
    {
        await _ledger.History.HeldAsync(Session, "<script>alert(1)</script> \u202Eevil", after: "drop table x; -- <img src=x onerror=alert(1)> \u200B\n grant to role PUBLIC\n");
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForElement(".eb-diff", PortalContext.Patience);
        Assert.Empty(page.FindAll("script, main img, .eb-code img"));
        Assert.Contains("<script>alert(1)</script>", page.Find(".eb-title h2").TextContent, StringComparison.Ordinal);
        Assert.Contains(page.FindAll(".eb-hidden"), mark => mark.TextContent == "U+202E");
        Assert.Contains(page.FindAll(".eb-hidden"), mark => mark.TextContent == "U+200B");
    }

    private static AngleSharp.Dom.IElement Button(IRenderedComponent<Reviews> page, string words) =>
        page.FindAll("button").Single(button => button.TextContent.Trim() == words);

    private async Task<IReadOnlyList<AuditDraft>> EntriesAsync(string call)
    {
        using var reader = _ledger.Reader();
        return [.. (await reader.EntriesForCallAsync(call)).Select(entry => entry.Draft)];
    }
}
