using System.Security.Claims;
using Bunit;
using Bunit.TestDoubles;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Layout;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;
using MudBlazor;
using MudBlazor.Services;

namespace EditorBridge.Portal;

/// <summary>Renders pages over a real ledger and, when it runs, a real host. Only the browser is missing.</summary>
internal sealed class PortalContext : BunitContext
{
    private readonly SampleLedger _ledger;

    public PortalContext(SampleLedger ledger, string roles = RoleNames.Owner, string person = "ann")
    {
        _ledger = ledger;
        JSInterop.Mode = JSRuntimeMode.Loose;
        JSInterop.Setup<MainLayout.BrowserFacts>("editorBridge.start").SetResult(new MainLayout.BrowserFacts("Europe/Berlin", 60, "Light"));
        Services.AddMudServices(mud => mud.PopoverOptions.CheckForPopoverProvider = false);
        Services.AddLocalization();
        Services.AddLogging();
        Services.AddSingleton(ledger.State);
        Services.AddSingleton<TimeProvider>(ledger.Clock);
        Services.AddSingleton(new SignInLinks(ledger.State, ledger.Clock));
        Services.AddHostConnection();
        Services.AddLedgerReading();
        Services.AddScoped<CurrentViewer>();
        var authorization = this.AddAuthorization();
        authorization.SetAuthorized(person);
        authorization.SetClaims([.. RoleNames.Parse(roles).Select(role => new Claim(ClaimTypes.Role, role.WireName()))]);
        authorization.SetPolicies([.. Enum.GetValues<PortalRight>().Where(right => RoleNames.Parse(roles).Any(role => role.Allows(right))).Select(right => right.ToString())]);
    }

    public NavigationManager Navigation => Services.GetRequiredService<NavigationManager>();

    /// <summary>What the background loops of the portal do four times a second, done now: looks for the host and for new entries.</summary>
    public async Task LookAsync()
    {
        await Services.GetRequiredService<HostWatch>().CheckAsync(CancellationToken.None);
        await Services.GetRequiredService<LedgerTail>().CheckAsync(CancellationToken.None);
        if (Services.GetRequiredService<LedgerTail>().Head > 0) await Services.GetRequiredService<WaitingReviews>().ReadAsync(CancellationToken.None);
    }

    /// <summary>Opens a page at an address and waits until it has read the ledger.</summary>
    public IRenderedComponent<TPage> Open<TPage>(string address, Action<ComponentParameterCollectionBuilder<TPage>>? parameters = null)
        where TPage : IComponent
    {
        Navigation.NavigateTo(address);
        var page = Render<TPage>(parameters);
        page.WaitForAssertion(() => Assert.DoesNotContain("Reading…", page.Markup, StringComparison.Ordinal), Patience);
        return page;
    }

    /// <summary>Long enough for a loaded machine; a test that waits this long has failed.</summary>
    public static TimeSpan Patience => TimeSpan.FromSeconds(30);

    /// <summary>All access entries of the ledger, newest first: what the portal had recorded.</summary>
    public async Task<IReadOnlyList<Audit.AuditDraft>> AccessesAsync()
    {
        using var reader = _ledger.Reader();
        var entries = await reader.EntriesAsync(new EditorBridge.Ledger.EntryFilter { Kinds = [Audit.EntryKind.Access] }, null, 100);
        return [.. entries.Select(entry => entry.Draft)];
    }
}

internal static class RenderedText
{
    /// <summary>What a reader sees: the text without its markup, so that a word is found however it is coloured.</summary>
    public static string Text<TComponent>(this IRenderedComponent<TComponent> component)
        where TComponent : IComponent => string.Concat(component.Nodes.Select(node => node.TextContent));
}
