using System.Text.Json.Nodes;
using Bunit;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Portal.Security;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Portal.Pages;

/// <summary>What MCP servers offer and how they are started, decided about at a real host with a real server behind it.</summary>
public sealed class PinListTests : IAsyncLifetime
{
    private readonly SampleLedger _ledger = SampleLedger.Create();

    public async ValueTask InitializeAsync()
    {
        Configure(new JsonObject());
        await _ledger.StartHostAsync();
        await MetAsync();
    }

    public ValueTask DisposeAsync() => _ledger.DisposeAsync();

    [Fact]
    public async Task Instructions_are_shown_as_text_and_told_to_clients_once_an_approver_accepts_them()
    {
        await using var portal = new PortalContext(_ledger, "approver,auditor");
        await portal.LookAsync();
        var page = portal.Open<McpServers>("/mcp");

        var said = page.WaitForElement(".eb-said", PortalContext.Patience);
        Assert.Equal("Adds <b>numbers</b> & more.", said.TextContent.Trim());
        Assert.Empty(page.FindAll(".eb-said b"));
        Assert.Contains("clients are not told", page.Text(), StringComparison.Ordinal);
        page.Find("button[aria-label='Accept the instructions of calc']").Click();

        page.WaitForAssertion(() => Assert.Contains("It tells clients of itself:", page.Text(), StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("What 'calc' says of itself is accepted", page.Text(), StringComparison.Ordinal);
        Assert.Empty(page.FindAll("button[aria-label='Accept the instructions of calc']"));
        Assert.Equal("person:ann", (await DecisionsAsync())[0].Actor);
    }

    [Fact]
    public async Task Instructions_can_be_rejected()
    {
        await using var portal = new PortalContext(_ledger, "approver,auditor");
        await portal.LookAsync();
        var page = portal.Open<McpServers>("/mcp");
        page.WaitForElement("button[aria-label='Reject the instructions of calc']", PortalContext.Patience).Click();

        page.WaitForAssertion(() => Assert.Contains("What 'calc' says of itself is rejected", page.Text(), StringComparison.Ordinal), PortalContext.Patience);
        Assert.Equal("rejected", (await DecisionsAsync())[0].Result);
    }

    [Fact]
    public async Task Instructions_are_decided_about_by_approvers_only()
    {
        await using var portal = new PortalContext(_ledger, "auditor");
        await portal.LookAsync();
        var page = portal.Open<McpServers>("/mcp");

        page.WaitForElement(".eb-said", PortalContext.Patience);
        Assert.Contains("Only an approver can decide about this here.", page.Text(), StringComparison.Ordinal);
        Assert.DoesNotContain(page.FindAll("button"), button => button.GetAttribute("aria-label")?.Contains("instructions", StringComparison.Ordinal) == true);
    }

    [Fact]
    public async Task Launch_that_changed_is_shown_with_its_command_line_and_starts_once_it_is_accepted()
    {
        Configure(new JsonObject { ["MODE"] = "other" });
        await _ledger.HostServices.GetRequiredService<UpstreamRoom>().ReloadAsync(CancellationToken.None);
        await MetAsync();
        await using var portal = new PortalContext(_ledger, "approver,auditor");
        await portal.LookAsync();
        var page = portal.Open<McpServers>("/mcp");

        page.WaitForAssertion(() => Assert.Contains("calc: how it is started changed", page.Text(), StringComparison.Ordinal), PortalContext.Patience);
        Assert.Contains("EditorBridge.HostileServer.dll marks", page.Text(), StringComparison.Ordinal);
        Assert.Contains(page.FindAll("tr.added"), row => row.TextContent.Contains("MODE", StringComparison.Ordinal));
        Assert.DoesNotContain("other", string.Concat(page.FindAll("tr.added").Select(row => row.TextContent)), StringComparison.Ordinal);
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Server.Changed += changed =>
        {
            if (changed.Health.State == UpstreamState.Ready) ready.TrySetResult();
        };
        page.Find("button[aria-label='Accept how it is started']").Click();

        page.WaitForAssertion(() => Assert.Contains("How 'calc' is started is accepted", page.Text(), StringComparison.Ordinal), PortalContext.Patience);
        await ready.Task.WaitAsync(PortalContext.Patience);
    }

    private Upstream Server => _ledger.HostServices.GetRequiredService<UpstreamRoom>().Upstreams.Single();

    private Task MetAsync() => Server.FirstAttempt.WaitAsync(PortalContext.Patience);

    private async Task<IReadOnlyList<Audit.AuditDraft>> DecisionsAsync()
    {
        using var reader = _ledger.Reader();
        return [.. (await reader.EntriesAsync(new EditorBridge.Ledger.EntryFilter { Kinds = [Audit.EntryKind.PinAccepted, Audit.EntryKind.PinRejected] }, null, 10)).Select(entry => entry.Draft)];
    }

    private void Configure(JsonObject environment) => PortalState.WritePrivate(Path.Combine(_ledger.State.Folder, "mcp.json"), new JsonObject
    {
        ["mcpServers"] = new JsonObject
        {
            ["calc"] = new JsonObject
            {
                ["command"] = "dotnet",
                ["args"] = new JsonArray(Path.Combine(AppContext.BaseDirectory, "EditorBridge.HostileServer.dll"), "marks"),
                ["inheritEnv"] = new JsonArray("DOTNET_ROOT"),
                ["env"] = environment,
            },
        },
    }.ToJsonString());
}
