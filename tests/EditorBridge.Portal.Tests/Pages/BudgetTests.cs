using Bunit;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Pages;

/// <summary>The budgets of a real host on the page of models and spend.</summary>
public sealed class BudgetTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();

    public async ValueTask InitializeAsync()
    {
        await _ledger.History.RequestAsync("s-1", result: "done");
        PortalState.WritePrivate(Path.Combine(_ledger.State.Folder, "budgets.yaml"), "version: 1\nlimits:\n  - {name: <b>a month</b>, per: user, within: month, count: requests, soft: 1, hard: 9}\n");
        await _ledger.StartHostAsync();
    }

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task Limits_are_shown_with_what_is_used_of_them()
    {
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var page = portal.Open<Spend>("/spend");
        page.WaitForAssertion(() => Assert.Contains("warns", page.Find(".eb-chip.held").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        var row = page.FindAll("tbody tr").First(row => row.TextContent.Contains("a month", StringComparison.Ordinal));
        Assert.Contains("1 requests", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("9 requests", row.TextContent, StringComparison.Ordinal);
        Assert.Empty(row.QuerySelectorAll("b"));
    }

    [Fact]
    public async Task Error_of_the_token_estimates_is_shown_by_model()
    {
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Spend>("/spend");
        page.WaitForAssertion(() => Assert.Contains("How well prompts are counted here", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        var row = page.FindAll("tr").Single(row => row.TextContent.Contains("25.0 %", StringComparison.Ordinal));
        Assert.Contains("claude-sonnet-4-5", row.TextContent, StringComparison.Ordinal);
        Assert.Contains("0.80", row.TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Host_that_is_down_is_told_and_no_number_is_shown()
    {
        await _ledger.StopHostAsync();
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Spend>("/spend");
        page.WaitForAssertion(() => Assert.Contains("editorbridge serve", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.DoesNotContain("9 requests", page.Markup, StringComparison.Ordinal);
    }
}
