using System.Reflection;
using Bunit;
using EditorBridge.Audit;
using EditorBridge.Portal.Host;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Pages;

/// <summary>What holds for every page: it stands in the table, looking at it is an entry of the access log, and it asks who looks.</summary>
public sealed class EveryPageTests(EveryPageTests.Kept kept) : IClassFixture<EveryPageTests.Kept>
{
    [Fact]
    public void Every_page_and_every_address_of_it_stands_in_the_table()
    {
        var routed = typeof(Overview).Assembly.GetTypes()
            .SelectMany(type => type.GetCustomAttributes<RouteAttribute>(inherit: false).Select(route => (Page: type, Pattern: route.Template)))
            .Where(route => !PageMatrix.Empty.Contains(route.Page))
            .Select(route => (route.Page, Slashes: route.Pattern.Count(c => c == '/')))
            .Order(Comparer<(Type Page, int Slashes)>.Create((a, b) => (a.Page.Name, a.Slashes).CompareTo((b.Page.Name, b.Slashes))));
        var rows = PageMatrix.Rows.Select(row => (row.Page, Slashes: row.Address.Count(c => c == '/')))
            .Order(Comparer<(Type Page, int Slashes)>.Create((a, b) => (a.Page.Name, a.Slashes).CompareTo((b.Page.Name, b.Slashes))));
        Assert.Equal(routed, rows);
    }

    [Fact]
    public void Every_page_over_the_ledger_is_one_and_asks_for_a_right() => Assert.All(PageMatrix.Rows.Select(row => row.Page).Distinct(), page =>
    {
        Assert.True(page.IsSubclassOf(typeof(LedgerPage)), page.Name);
        Assert.Contains(page.GetCustomAttributes<Microsoft.AspNetCore.Authorization.AuthorizeAttribute>(inherit: false), asked => asked.Policy is not null);
    });

    [Theory]
    [MemberData(nameof(PageMatrix.Addresses), MemberType = typeof(PageMatrix))]
    public async Task Looking_at_a_page_is_an_entry_of_the_access_log(string address)
    {
        var row = PageMatrix.At(address);
        var person = "reader-of-" + address.Replace('/', '-');
        await using var portal = new PortalContext(kept.Ledger, person: person);
        await portal.LookAsync();
        portal.Navigation.NavigateTo(address);
        var parameters = row.Parameter is { } given ? new Dictionary<string, object> { [given.Name] = given.Value } : [];
        var page = portal.Render<DynamicComponent>(dynamic => dynamic.Add(shown => shown.Type, row.Page).Add(shown => shown.Parameters, parameters));
        page.WaitForAssertion(() => Assert.DoesNotContain("Reading…", page.Markup, StringComparison.Ordinal), PortalContext.Patience);

        // The record is awaited by the page; only its last render need not be.
        await page.InvokeAsync(() => Task.CompletedTask);
        AuditDraft[] own = [];
        for (var looks = 0; own.Length == 0 && looks < 200; looks++) own = [.. (await portal.AccessesAsync()).Where(access => access.Actor == $"person:{person}")];
        var entry = Assert.Single(own);
        Assert.Equal((row.Noted ?? row.Address, AccessAction.View.WireName()), (entry.Subject, entry.Result));
    }

    [Fact]
    public async Task Looking_at_an_empty_queue_is_an_entry_too()
    {
        await using var ledger = SampleLedger.Create();
        await ledger.StartHostAsync();
        await using var portal = new PortalContext(ledger);
        await portal.LookAsync();
        var page = portal.Open<Reviews>("/reviews");
        page.WaitForAssertion(() => Assert.Contains("Nothing waits for a review", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        Assert.Equal("/reviews", Assert.Single(await portal.AccessesAsync()).Subject);
    }

    /// <summary>A ledger with a host that records who looks.</summary>
    public sealed class Kept : IAsyncLifetime
    {
        internal SampleLedger Ledger { get; } = SampleLedger.Create();

        public async ValueTask InitializeAsync()
        {
            Assert.Equal(PageMatrix.Call, await Ledger.History.HeldAsync(PageMatrix.Session));
            await Ledger.History.RequestAsync(PageMatrix.Session);
            await Ledger.StartHostAsync();
        }

        public ValueTask DisposeAsync() => Ledger.DisposeAsync();
    }
}
