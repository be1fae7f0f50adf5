using Bunit;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Pages;

/// <summary>The policy page over a running host: the rules in force, and a change tried on history.</summary>
public sealed class PoliciesTests
{
    private const string DeniesStatements = """
        version: 1
        rules:
          - id: nobody-runs-statements
            description: Nobody runs statements here
            match:
              tools: "mcp__snowflake__*"
            effect: deny
        """;

    [Fact]
    public async Task A_changed_policy_is_tried_on_history_and_nothing_is_changed()
    {
        await using var ledger = SampleLedger.Create();
        for (var i = 0; i < 3; i++) await ledger.History.AllowedAsync("s");
        await ledger.StartHostAsync();
        await using var portal = new PortalContext(ledger);
        await portal.LookAsync();
        var page = portal.Open<Policies>("/policies?range=30d");

        await TryAsync(page, DeniesStatements);

        page.WaitForAssertion(() => Assert.Contains("3 of 3 actions would be decided differently", page.Markup, StringComparison.Ordinal), PortalContext.Patience);
        var rows = page.FindAll("section[aria-label='Try a change on history'] tbody tr");
        Assert.Equal(3, rows.Count);
        Assert.All(rows, row => Assert.Contains("nobody-runs-statements", row.TextContent, StringComparison.Ordinal));
        Assert.DoesNotContain("nobody-runs-statements", page.Find("table.eb-rules").TextContent, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_policy_that_cannot_be_read_says_where_and_replays_nothing()
    {
        await using var ledger = SampleLedger.Create();
        await ledger.History.AllowedAsync("s");
        await ledger.StartHostAsync();
        await using var portal = new PortalContext(ledger);
        await portal.LookAsync();
        var page = portal.Open<Policies>("/policies?range=30d");

        await TryAsync(page, "version: 1\nrules:\n  - id: x\n    effect: maybe\n");

        page.WaitForAssertion(() => Assert.Contains("effect", page.Find("section[aria-label='Try a change on history'] [role=alert]").TextContent, StringComparison.Ordinal), PortalContext.Patience);
        Assert.DoesNotContain("actions would be decided differently", page.Markup, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_rules_in_force_name_their_layer()
    {
        await using var ledger = SampleLedger.Create();
        var project = Directory.CreateDirectory(Path.Combine(ledger.State.Folder, "project", ".editorbridge")).Parent!;
        await File.WriteAllTextAsync(Path.Combine(project.FullName, ".editorbridge", "policy.yaml"), DeniesStatements);
        await ledger.StartHostAsync();
        await using var portal = new PortalContext(ledger);
        await portal.LookAsync();
        var page = portal.Open<Policies>($"/policies?folder={Uri.EscapeDataString(project.FullName)}");
        page.WaitForAssertion(() => Assert.Equal("project", page.FindAll("table.eb-rules tbody tr").Single(row => row.Children[0].TextContent == "nobody-runs-statements").Children[1].TextContent), PortalContext.Patience);
        Assert.Contains(page.FindAll("table.eb-rules tbody tr"), row => row.Children[1].TextContent == "shipped");
    }

    [Theory]
    [InlineData("developer", false)]
    [InlineData("approver", false)]
    [InlineData("auditor", false)]
    [InlineData("policy-admin", true)]
    [InlineData("system-admin", false)]
    public async Task Only_a_policy_admin_tries_changes(string role, bool may)
    {
        await using var ledger = SampleLedger.Create();
        await ledger.History.AllowedAsync("s");
        await using var portal = new PortalContext(ledger, role);
        var page = portal.Open<Policies>("/policies");
        Assert.Equal(may, page.FindAll("section[aria-label='Try a change on history']").Count == 1);
        Assert.Equal(may, RoleNames.Parse(role).Any(known => known.Allows(PortalRight.TryPolicy)));
    }

    private static async Task TryAsync(IRenderedComponent<Policies> page, string text)
    {
        await page.InvokeAsync(() => page.Find("textarea").InputAsync(text));
        await page.InvokeAsync(() => page.FindAll("button").Single(button => button.TextContent == "Replay").ClickAsync(new()));
    }
}
