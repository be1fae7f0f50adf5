using Bunit;
using EditorBridge.Ledger;
using EditorBridge.Portal.Controls;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components.Forms;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal.Pages;

/// <summary>The comparison with the account's own record: asked for on the page, run and recorded by a real host.</summary>
public sealed class ReconciliationTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();

    public async ValueTask InitializeAsync()
    {
        await _ledger.History.RequestAsync("s-1", result: "done");
        await _ledger.StartHostAsync();
    }

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task Exported_file_with_a_foreign_call_shows_it_and_makes_an_incident()
    {
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reconciliation>("/reconciliation");
        page.WaitForElement("form", PortalContext.Patience);
        var began = _ledger.Clock.GetUtcNow().AddMinutes(-30).ToString("yyyy-MM-dd HH:mm:ss.fff zzz", System.Globalization.CultureInfo.InvariantCulture);
        await UploadAsync(page, "usage.csv", $"REQUEST_ID,START_TIME,MODEL_NAME,INPUT_TOKENS,OUTPUT_TOKENS,USER_NAME,INFERENCE_REGION\nr-foreign,{began},claude-opus-4-6,5,6,MALLORY,AWS_US\n");
        await CompareAsync(portal, page);

        page.WaitForAssertion(() => Assert.Contains("differ.", page.Find(".eb-verify").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        var row = page.FindAll("tbody tr").Single(row => row.TextContent.Contains("r-foreign", StringComparison.Ordinal));
        Assert.Contains("MALLORY", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("AWS_US", row.TextContent, StringComparison.Ordinal);

        var overview = portal.Open<Overview>("/");
        overview.WaitForAssertion(() => Assert.Contains("1 went round", overview.Text(), StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("stands in the account's record only", overview.Text(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Export_that_cannot_be_used_is_told_and_no_result_is_claimed()
    {
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Reconciliation>("/reconciliation");
        page.WaitForElement("form", PortalContext.Patience);
        await UploadAsync(page, "holidays.csv", "NAME,DAY\nNew Year,1\n");
        await CompareAsync(portal, page);
        page.WaitForAssertion(() => Assert.Contains("its columns are NAME, DAY", page.Find("[role=alert]").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("Not compared yet", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Request_without_an_outcome_is_unknown_after_the_next_start_and_stands_there()
    {
        await using var ledger = SampleLedger.Create();
        var sent = await ledger.History.SentAsync("s-2");
        await ledger.StartHostAsync();
        await using var portal = new PortalContext(ledger);
        await portal.LookAsync();
        var page = portal.Open<Reconciliation>("/reconciliation");
        page.WaitForAssertion(() => Assert.Equal($"calls/{sent}", page.Find("tbody a[data-row]").GetAttribute("href")), PortalContext.Patience);
        Assert.Contains("Outcome unknown", page.Find("tbody tr").TextContent, StringComparison.Ordinal);
        Assert.Equal(CallState.Unknown, (await portal.Services.GetRequiredService<LedgerWindow>().StoryAsync(sent, CancellationToken.None))?.Call.State);
    }

    [Fact]
    public async Task Comparison_is_for_those_who_may_verify()
    {
        await using var portal = new PortalContext(_ledger, "developer");
        await portal.LookAsync();
        var page = portal.Open<Reconciliation>("/reconciliation");
        page.WaitForAssertion(() => Assert.Contains("Not compared yet", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Empty(page.FindAll("form"));
        var comparison = portal.Services.GetRequiredService<AccountComparison>();
        Assert.Throws<NotAllowedException>(() => comparison.Start(new Viewer("x", RoleNames.Parse("developer")), new ComparisonBody(default, default, "x", "portal", null, false, null, [])));
    }

    private static async Task UploadAsync(IRenderedComponent<Reconciliation> page, string name, string text)
    {
        page.FindComponent<InputFile>().UploadFiles(InputFileContent.CreateFromText(text, name, DateTimeOffset.UtcNow));
        await page.FindComponent<ComparisonForm>().WaitForAssertionAsync(() => Assert.Contains(name, page.Markup, StringComparison.Ordinal), PortalContext.Patience);
    }

    private static async Task CompareAsync(PortalContext portal, IRenderedComponent<Reconciliation> page)
    {
        await page.InvokeAsync(() => page.Find("form").SubmitAsync());
        await portal.Services.GetRequiredService<AccountComparison>().Ended;
        await portal.LookAsync();
    }
}
