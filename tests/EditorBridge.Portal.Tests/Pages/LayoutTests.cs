using Bunit;
using EditorBridge.Portal.Layout;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Pages;

/// <summary>The frame around every page: who is signed in, whether the host answers, and what is shown when a page fails.</summary>
public sealed class LayoutTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task A_host_that_is_down_is_told_above_every_page_with_what_is_off()
    {
        await using var portal = new PortalContext(_ledger, "auditor", "dora");
        await portal.LookAsync();
        var frame = Frame(portal, "a page");
        frame.WaitForAssertion(() => Assert.Contains("a page", frame.Find("main").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("Verdicts, reveals and exports are off", frame.Find(".eb-banner").TextContent, StringComparison.Ordinal);
        Assert.Equal("Signed in as dora", frame.Find(".eb-person").GetAttribute("aria-label"));
    }

    [Fact]
    public async Task A_host_that_answers_leaves_no_banner()
    {
        await _ledger.StartHostAsync();
        await using var portal = new PortalContext(_ledger);
        await portal.LookAsync();
        var frame = Frame(portal, "a page");
        frame.WaitForAssertion(() => Assert.Contains("a page", frame.Find("main").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Empty(frame.FindAll(".eb-banner"));
    }

    [Theory]
    [InlineData(true, "needs one of the roles")]
    [InlineData(false, "the portal's log has the details")]
    public async Task A_page_that_fails_says_what_it_means_and_keeps_the_frame(bool notAllowed, string words)
    {
        await using var portal = new PortalContext(_ledger);
        var frame = portal.Render<MainLayout>(layout => layout.Add(shown => shown.Body, builder =>
        {
            builder.OpenComponent<Failing>(0);
            builder.AddAttribute(1, nameof(Failing.NotAllowed), notAllowed);
            builder.CloseComponent();
        }));
        frame.WaitForAssertion(() => Assert.Contains(words, frame.Find(".eb-problem").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.DoesNotContain("secret of the stack", frame.Markup, StringComparison.Ordinal);
        Assert.NotEmpty(frame.FindAll("nav a"));
    }

    [Fact]
    public async Task A_lost_connection_has_words_for_each_of_its_states()
    {
        await using var portal = new PortalContext(_ledger);
        var modal = portal.Render<ReconnectModal>();
        Assert.Equal("alertdialog", modal.Find("#components-reconnect-modal").GetAttribute("role"));
        Assert.Contains("Recording goes on without the portal", modal.Find(".reconnect-failed").TextContent, StringComparison.Ordinal);
    }

    private static IRenderedComponent<MainLayout> Frame(PortalContext portal, string text) =>
        portal.Render<MainLayout>(layout => layout.Add(shown => shown.Body, text));

    private sealed class Failing : ComponentBase
    {
        [Parameter] public bool NotAllowed { get; set; }

        protected override void OnInitialized()
        {
            if (NotAllowed) new Viewer("x", [PortalRole.Developer]).Require(PortalRight.Export);
            throw new InvalidOperationException("secret of the stack");
        }
    }
}
