using EditorBridge.Audit;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>What a server changes after it was accepted is neither listed nor called until a person accepts it. The server is a real process.</summary>
public sealed class DefinitionPinTests
{
    [Theory]
    [InlineData("description", "description")]
    [InlineData("schema", "inputSchema.properties.note.description")]
    [InlineData("annotations", "annotations")]
    [InlineData("header", "inputSchema.properties.note.x-mcp-header")]
    [InlineData("output", "outputSchema")]
    public async Task Changed_definition_is_held_shown_and_used_again_once_accepted(string step, string place)
    {
        await using var hostile = await HostileHost.StartAsync();
        Assert.Contains("calc__add", await hostile.ToolsAsync());
        await hostile.BecomeAsync(step);

        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());
        var refused = await hostile.CallAsync("calc__add", new { a = 1, b = 2 });
        Assert.True(refused["isError"]!.GetValue<bool>());
        Assert.Contains("editorbridge mcp accept calc", refused["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        var held = hostile.Held().Single(pin => pin.Name == "add");
        Assert.Equal("changed", held.Reason);
        Assert.Contains(held.Changes, change => change.Path == place);

        Assert.Equal(PinResult.Accepted, (await hostile.DecideAsync(accept: true, held)).Result);
        Assert.Contains("calc__add", await hostile.ToolsAsync());
        Assert.Null((await hostile.CallAsync("calc__add", new { a = 1, b = 2 }))["isError"]);
        Assert.Equal([EntryKind.PinAccepted, EntryKind.PinHeld], (await hostile.EntriesAsync(EntryKind.PinHeld, EntryKind.PinAccepted)).Where(e => e.Draft.CallId == held.CallId).Select(e => e.Draft.Kind));
    }

    [Fact]
    public async Task Definition_that_comes_later_waits_while_the_others_go_on()
    {
        await using var hostile = await HostileHost.StartAsync();
        await hostile.BecomeAsync("added");

        Assert.Equal(("subtract", "new"), (Assert.Single(hostile.Held()).Name, hostile.Held()[0].Reason));
        Assert.Contains("calc__add", await hostile.ToolsAsync());
        Assert.DoesNotContain("calc__subtract", await hostile.ToolsAsync());
    }

    [Fact]
    public async Task Definition_that_goes_back_to_what_was_accepted_is_used_again()
    {
        await using var hostile = await HostileHost.StartAsync();
        await hostile.BecomeAsync("description");
        await hostile.BecomeAsync("clean");

        Assert.Contains("calc__add", await hostile.ToolsAsync());
        await hostile.BecomeAsync("description");
        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());
        // The same change is one entry, however often it comes and goes.
        Assert.Single(await hostile.EntriesAsync(EntryKind.PinHeld), entry => entry.Draft.Subject!.Contains("tool add", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_order_of_members_and_of_tools_is_the_same_definition()
    {
        await using var hostile = await HostileHost.StartAsync();
        await hostile.BecomeAsync("reordered");

        Assert.Empty(hostile.Held());
        Assert.Contains("calc__add", await hostile.ToolsAsync());
    }

    [Fact]
    public async Task Definition_that_changed_again_since_it_was_shown_is_not_accepted()
    {
        await using var hostile = await HostileHost.StartAsync();
        await hostile.BecomeAsync("description");
        var shown = hostile.Held().Single(pin => pin.Name == "add");
        await hostile.BecomeAsync("schema");

        Assert.Equal(PinResult.ChangedMeanwhile, (await hostile.DecideAsync(accept: true, shown)).Result);
        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());
    }

    [Fact]
    public async Task Rejected_definition_stays_away_and_asks_nobody_again()
    {
        await using var hostile = await HostileHost.StartAsync();
        await hostile.BecomeAsync("description");
        await hostile.DecideAsync(accept: false, [.. hostile.Held()]);

        Assert.Empty(hostile.Held());
        Assert.Contains("rejected by a person", (await hostile.CallAsync("calc__add", new { }))["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("person:alice", Assert.Single(await hostile.EntriesAsync(EntryKind.PinRejected)).Draft.Actor);
    }

    [Fact]
    public async Task Instructions_that_changed_hold_every_tool_of_the_server()
    {
        await using var hostile = await HostileHost.StartAsync();
        hostile.Configure([("calc", "instructions")]);
        await hostile.RestartAsync();

        Assert.Empty(await hostile.ToolsAsync());
        var held = hostile.Held().Single(pin => pin.Kind == "instructions");
        Assert.Contains(held.Findings, finding => finding.Id == "trust.injection.override");
        await hostile.DecideAsync(accept: true, held);
        Assert.Contains("calc__add", await hostile.ToolsAsync());
    }

    [Fact]
    public async Task Pins_outlive_the_host_and_hold_a_server_that_was_changed_meanwhile()
    {
        await using var hostile = await HostileHost.StartAsync();
        hostile.Configure([("calc", "description")]);
        await hostile.RestartAsync();

        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());
        Assert.Equal("changed", hostile.Held().Single(pin => pin.Name == "add").Reason);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(hostile.Host.State.In("mcp-pins.json")));
    }

    [Fact]
    public async Task Pins_that_were_cleared_or_written_by_something_else_accept_nothing()
    {
        await using var hostile = await HostileHost.StartAsync();
        var file = hostile.Host.State.In("mcp-pins.json");
        var pins = File.ReadAllText(file);
        File.Delete(file);
        hostile.Configure([("calc", "description")]);
        await hostile.RestartAsync();
        Assert.Equal(UpstreamState.AcceptanceNeeded, hostile.Server().Health.State);
        await hostile.AcceptLaunchAsync();
        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());

        // A fingerprint that no entry of the ledger speaks of, put where an accepted one was.
        var changed = hostile.Held().Single(pin => pin.Name == "add").Fingerprint;
        var accepted = System.Text.Json.Nodes.JsonNode.Parse(pins)!["servers"]!["calc"]!["pins"]!["Tool:add"]!["fingerprint"]!.GetValue<string>();
        StateFolder.WritePrivate(file, pins.Replace(accepted, changed, StringComparison.Ordinal));
        await hostile.RestartAsync();

        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());
        Assert.Contains(await hostile.EntriesAsync(EntryKind.Incident), entry => entry.Draft.Result == "pinWithoutEntry");
    }

    [Fact]
    public async Task Definition_that_was_accepted_once_and_rejected_later_does_not_come_back_with_an_older_file()
    {
        await using var hostile = await HostileHost.StartAsync();
        var file = hostile.Host.State.In("mcp-pins.json");
        var pins = File.ReadAllText(file);
        await hostile.DecideAsync(accept: false, hostile.Accepted("add"));
        StateFolder.WritePrivate(file, pins);
        await hostile.RestartAsync();

        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());
        Assert.Contains("rejected by a person", (await hostile.CallAsync("calc__add", new { a = 1, b = 2 }))["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        var incident = Assert.Single(await hostile.EntriesAsync(EntryKind.Incident), entry => entry.Draft.Result == "pinWithoutEntry");
        Assert.Contains("rejected by alice", incident.Draft.Subject!, StringComparison.Ordinal);
        // What nobody rejected is as it was.
        Assert.Contains("calc__find", await hostile.ToolsAsync());
    }

    [Fact]
    public async Task Rejection_holds_when_its_file_cannot_be_written()
    {
        await using var hostile = await HostileHost.StartAsync();
        var file = hostile.Host.State.In("mcp-pins.json");
        var add = hostile.Accepted("add");
        File.Delete(file);
        Directory.CreateDirectory(Path.Combine(file, "in the way"));

        var answer = await hostile.DecideAsync(accept: false, add);

        Assert.Equal(PinResult.Rejected, answer.Result);
        Assert.Contains("could not be written", answer.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("calc__add", await hostile.ToolsAsync());
        Assert.True((await hostile.CallAsync("calc__add", new { a = 1, b = 2 }))["isError"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Server_that_is_to_be_seen_first_shows_nothing_until_it_was()
    {
        await using var hostile = await HostileHost.StartAsync("clean", server => server["firstUse"] = "ask");

        // It is not even started before.
        Assert.Equal(("launch", "askFirst"), (Assert.Single(hostile.Held()).Kind, hostile.Held()[0].Reason));
        Assert.Equal(UpstreamState.AcceptanceNeeded, hostile.Server().Health.State);
        await hostile.AcceptLaunchAsync();

        Assert.Empty(await hostile.ToolsAsync());
        Assert.All(hostile.Held().Where(pin => pin.Kind == "tool"), pin => Assert.Contains(pin.Changes, change => change.Before is null));
        await hostile.DecideAsync(accept: true, hostile.Held());
        Assert.Contains("calc__add", await hostile.ToolsAsync());
    }
}
