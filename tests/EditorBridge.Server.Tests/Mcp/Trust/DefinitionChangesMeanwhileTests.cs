using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Mcp.Trust;
using EditorBridge.Server.Tests.Gate;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>A server that changes a tool while a person decides about a call of it: what was approved is not what would run. The server is a real process.</summary>
public sealed class DefinitionChangesMeanwhileTests
{
    [Fact]
    public async Task Tool_that_changes_while_its_call_is_decided_about_is_not_run()
    {
        await using var hostile = await StartAsync();
        var asking = hostile.CallAsync("calc__add", new { a = 1, b = 2 });
        var item = await hostile.Host.OpenedAsync(item => item.Tool.EndsWith("calc__add", StringComparison.Ordinal));
        await hostile.BecomeAsync("description");
        await hostile.Host.AnswerAsync(GateFixture.Approve());

        var refused = await asking;
        Assert.True(refused["isError"]!.GetValue<bool>());
        Assert.Contains("editorbridge mcp accept calc", Text(refused), StringComparison.Ordinal);
        Assert.Contains(await hostile.Host.EntriesAsync(item.CallId), entry => entry.Draft is { Kind: EntryKind.ActionOutcome, Result: "failed" });
    }

    [Fact]
    public async Task Tool_whose_change_was_accepted_meanwhile_is_asked_about_anew()
    {
        await using var hostile = await StartAsync();
        var asking = hostile.CallAsync("calc__add", new { a = 1, b = 2 });
        await hostile.Host.OpenedAsync(item => item.Tool.EndsWith("calc__add", StringComparison.Ordinal));
        await hostile.BecomeAsync("schema");
        Assert.Equal(PinResult.Accepted, (await hostile.DecideAsync(accept: true, hostile.Held().Single(pin => pin.Name == "add"))).Result);
        await hostile.Host.AnswerAsync(GateFixture.Approve());

        Assert.Contains("changed while it was decided", Text(await asking), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tool_that_is_what_it_was_again_when_the_person_approves_is_run()
    {
        await using var hostile = await StartAsync();
        var asking = hostile.CallAsync("calc__add", new { a = 1, b = 2 });
        await hostile.Host.OpenedAsync(item => item.Tool.EndsWith("calc__add", StringComparison.Ordinal));
        await hostile.BecomeAsync("description");
        await hostile.BecomeAsync("clean");
        await hostile.Host.AnswerAsync(GateFixture.Approve());

        Assert.Null((await asking)["isError"]);
    }

    private static Task<HostileHost> StartAsync() => HostileHost.StartAsync("clean", server => server["readOnlyTools"] = new JsonArray("become"));

    private static string Text(JsonNode result) => result["content"]![0]!["text"]!.GetValue<string>();
}
