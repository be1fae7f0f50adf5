using System.Text.Json.Nodes;
using EditorBridge.HostileServer;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>Attacks that a server's definitions can hold, each against the whole gateway with the hostile server as a real process behind it.</summary>
public sealed class HostileServerTests : IAsyncLifetime
{
    private HostileHost _poisoned = null!;

    public async ValueTask InitializeAsync() => _poisoned = await HostileHost.StartAsync("poisoned");

    public ValueTask DisposeAsync() => _poisoned.DisposeAsync();

    [Fact]
    public async Task Every_poisoned_definition_is_found_and_kept_from_clients()
    {
        var held = _poisoned.Held().ToDictionary(pin => pin.Name);
        var listed = (await _poisoned.Host.McpAsync("tools/list", new { }))["result"]!["tools"]!.AsArray().Select(tool => tool!.ToJsonString()).ToArray();
        foreach (var attack in Attacks.All.Where(attack => attack.Holds))
        {
            Assert.True(held.TryGetValue(attack.Name, out var pin), $"{attack} is not held");
            Assert.True(pin.Findings.Any(finding => finding.Id == attack.Finding), $"{attack} was found as {string.Join(", ", pin.Findings.Select(f => f.Id))}, not as {attack.Finding}");
            Assert.DoesNotContain(listed, tool => tool.Contains($"\"calc__{attack.Name}\"", StringComparison.Ordinal));
        }

        // The tools that do nothing of the kind are there from the start.
        Assert.Subset(held.Keys.Append("add").ToHashSet(), new HashSet<string> { "add" });
        Assert.Contains("calc__add", await _poisoned.ToolsAsync());
    }

    [Fact]
    public void Weaker_signs_are_named_to_the_person_and_hold_nothing()
    {
        var definitions = _poisoned.Pins.View().Servers.Single().Definitions.Where(pin => pin.Kind == "tool").ToDictionary(pin => pin.Name);
        foreach (var attack in Attacks.All.Where(attack => !attack.Holds))
        {
            Assert.Contains(definitions[attack.Name].Findings, finding => finding.Id == attack.Finding);
            Assert.Equal("accepted", definitions[attack.Name].State);
        }
    }

    [Fact]
    public void Hidden_characters_of_a_definition_are_shown_in_the_open()
    {
        foreach (var pin in _poisoned.Held())
            foreach (var text in pin.Changes.SelectMany(change => new[] { change.Path, change.Before, change.After }).Append(pin.After).OfType<string>())
                Assert.False(EditorBridge.Trust.HiddenText.Find(text).Any(), $"{pin.Name} shows {text[..Math.Min(80, text.Length)]}");
    }

    [Fact]
    public async Task Definition_on_a_later_page_is_looked_at_too()
    {
        await _poisoned.BecomeAsync("clean");
        await _poisoned.BecomeAsync("late");

        Assert.Contains(_poisoned.Held(), pin => pin.Name == "poison_tag");
        Assert.DoesNotContain("calc__poison_tag", await _poisoned.ToolsAsync());
    }

    [Fact]
    public async Task Names_of_the_gateways_own_tools_cannot_be_taken()
    {
        await _poisoned.BecomeAsync("taken");
        var own = (await _poisoned.Host.McpAsync("tools/list", new { }))["result"]!["tools"]!.AsArray().Where(tool => tool!["name"]!.GetValue<string>() == "execute_sql");

        Assert.Single(own);
        Assert.All(await _poisoned.ToolsAsync(), name => Assert.StartsWith("calc__", name, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Definition_with_a_member_twice_is_not_used()
    {
        await _poisoned.BecomeAsync("twice");

        Assert.DoesNotContain("calc__add", await _poisoned.ToolsAsync());
        Assert.Contains("calc__find", await _poisoned.ToolsAsync());
        Assert.True((await _poisoned.CallAsync("calc__add", new { }))["isError"]!.GetValue<bool>());
    }
}
