using Bunit;
using EditorBridge.Portal.Controls;
using EditorBridge.Portal.Layout;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal.Pages;

/// <summary>Every control of the portal is drawn over a real ledger and a real host: what no page brings up is drawn by its own test, or this fails.</summary>
public sealed class EveryControlTests
{
    /// <summary>Drawn only for what these pages do not meet here; the tests that bring them up.</summary>
    private static readonly Dictionary<Type, Type> Elsewhere = new()
    {
        [typeof(ComparisonSummary)] = typeof(ReconciliationTests),
        [typeof(ReconnectModal)] = typeof(LayoutTests),
    };

    [Fact]
    public async Task Every_control_is_drawn()
    {
        await using var ledger = SampleLedger.Create();
        const string session = "session-one";
        await ledger.History.DaysAsync(1, 90);
        await ledger.History.IncidentAsync(session, "hook.missing", "A session ran a tool without its hook.");
        var edited = await ledger.History.ReviewedAsync(session, "edited", "carol");
        await ledger.History.RequestAsync(session);
        var held = await ledger.History.HeldAsync(session, sameAgain: "the same statements");
        await ledger.History.ReachedAsync(held, session, "It holds 12 rows.");
        await ledger.StartHostAsync();
        var drawn = new Drawn();
        await using var portal = new PortalContext(ledger);
        portal.Services.AddSingleton<IComponentActivator>(drawn);
        await portal.LookAsync();

        portal.Render<MainLayout>(layout => layout.Add(shown => shown.Body, ""));
        foreach (var row in PageMatrix.Rows)
        {
            var parameters = row.Parameter is not { } given ? [] : new Dictionary<string, object>
            {
                [given.Name] = row.Page == typeof(Reviews) ? held : given.Name == "CallId" ? edited : session,
            };
            portal.Navigation.NavigateTo(row.Address);
            var page = portal.Render<DynamicComponent>(dynamic => dynamic.Add(shown => shown.Type, row.Page).Add(shown => shown.Parameters, parameters));
            page.WaitForAssertion(() => Assert.DoesNotContain("Reading…", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
            if (row.Page == typeof(Integrity))
            {
                var check = portal.Services.GetRequiredService<LedgerCheck>();
                await check.StartAsync(new Viewer("ann", RoleNames.Parse(RoleNames.Owner)));
                await check.Ended;
                page.WaitForAssertion(() => Assert.Contains("Sound: all", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
            }
        }

        Assert.All(Elsewhere.Values, tests => Assert.Contains(tests.GetMethods(), method => method.IsDefined(typeof(FactAttribute), inherit: true)));
        var controls = typeof(PageHead).Assembly.GetTypes().Where(type =>
            type is { IsAbstract: false, IsPublic: true } && type.IsAssignableTo(typeof(IComponent)) && type.Namespace is "EditorBridge.Portal.Controls" or "EditorBridge.Portal.Layout");
        Assert.Equal(Named(Elsewhere.Keys), Named(controls.Except(drawn.Types)));
    }

    private static string Named(IEnumerable<Type> types) => string.Join(' ', types.Select(type => type.Name).Order(StringComparer.Ordinal));

    /// <summary>Makes components as the framework does and remembers which.</summary>
    private sealed class Drawn : IComponentActivator
    {
        public HashSet<Type> Types { get; } = [];

        public IComponent CreateInstance(Type componentType)
        {
            Types.Add(componentType);
            return (IComponent)Activator.CreateInstance(componentType)!;
        }
    }
}
