using Bunit;

namespace EditorBridge.Portal.Pages;

/// <summary>What a real host knows of the account, on the pages.</summary>
public sealed class AccountTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();

    public async ValueTask InitializeAsync() => await _ledger.StartHostAsync();

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task Settings_say_when_the_account_has_not_been_looked_at()
    {
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Settings>("/settings");
        page.WaitForAssertion(() => Assert.Contains("has not looked at the account yet", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains(page.FindAll("button"), button => button.TextContent.Contains("Look now", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Host_that_is_down_is_told_and_nothing_is_claimed_of_the_account()
    {
        await _ledger.StopHostAsync();
        await using var portal = new PortalContext(_ledger);
        var page = portal.Open<Settings>("/settings");
        page.WaitForAssertion(() => Assert.Contains("editorbridge serve", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Empty(page.FindAll(".eb-chip.allow"));
    }

    [Theory]
    [InlineData("broken", "models", true)]
    [InlineData("warning", "tokenExpiry", true)]
    [InlineData("warning", "networkPolicy", false)]
    [InlineData("good", "signIn", false)]
    public void Overview_shows_only_what_stops_the_work_or_will_soon(string level, string topic, bool shown) =>
        Assert.Equal(shown, new Host.AccountFindingBody(level, topic, "", null).IsPressing);
}
