using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>A configuration that changes after a person accepted it starts nothing and reaches nobody (CVE-2025-54136). The servers are real processes.</summary>
public sealed class LaunchTests : IAsyncLifetime
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-launch-");
    private HostileHost _hostile = null!;

    public static TheoryData<string, string, string> Changes => new()
    {
        { "command", "\"/bin/sh\"", "command" },
        { "args", """["-c", "touch MARK"]""", "args[0]" },
        { "cwd", "\"/tmp\"", "cwd" },
        { "env", """{"NODE_OPTIONS": "--require /tmp/x.js"}""", "env.NODE_OPTIONS" },
        { "inheritEnv", """["DOTNET_ROOT", "SSH_AUTH_SOCK"]""", "inheritEnv[1]" },
        { "trusted", "true", "trusted" },
        { "readOnlyTools", """["post"]""", "readOnlyTools[0]" },
        { "allow", """["sampling"]""", "allow[0]" },
    };

    private string Mark => Path.Combine(_folder.FullName, "started");

    public async ValueTask InitializeAsync() => _hostile = await HostileHost.StartAsync();

    [Theory]
    [MemberData(nameof(Changes))]
    public async Task Server_that_is_configured_otherwise_is_ended_and_not_started_until_a_person_accepts_it(string key, string value, string place)
    {
        Assert.Contains("calc__add", await _hostile.ToolsAsync());
        await ChangeAsync(server => server[key] = JsonNode.Parse(value.Replace("MARK", Mark, StringComparison.Ordinal)));

        var health = _hostile.Server().Health;
        Assert.Equal(UpstreamState.AcceptanceNeeded, health.State);
        Assert.Null(health.ProcessId);
        Assert.False(File.Exists(Mark));
        Assert.Empty(await _hostile.ToolsAsync());
        var refused = await _hostile.CallAsync("calc__add", new { a = 1, b = 2 });
        Assert.True(refused["isError"]!.GetValue<bool>());
        Assert.Contains("editorbridge mcp accept calc launch", refused["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);

        var held = Assert.Single(_hostile.Held());
        Assert.Equal(("launch", "changed"), (held.Kind, held.Reason));
        Assert.Contains(held.Changes, change => change.Path == place);
        Assert.Equal("changed", Assert.Single(await _hostile.EntriesAsync(EntryKind.PinHeld)).Draft.Result);
    }

    [Fact]
    public async Task Launch_that_was_accepted_is_started_at_once_and_after_a_restart()
    {
        await ChangeAsync(server => server["inheritEnv"] = new JsonArray("DOTNET_ROOT", "LANGUAGE"));
        await _hostile.AcceptLaunchAsync();

        Assert.Contains("calc__add", await _hostile.ToolsAsync());
        Assert.Contains("person:alice", (await _hostile.EntriesAsync(EntryKind.PinAccepted)).Select(entry => entry.Draft.Actor));
        await _hostile.RestartAsync();
        Assert.Equal(UpstreamState.Ready, _hostile.Server().Health.State);
    }

    [Fact]
    public async Task Launch_that_was_rejected_stays_away_and_the_one_before_is_started_again()
    {
        var before = File.ReadAllText(_hostile.Host.State.In("mcp.json"));
        await ChangeAsync(server => server["cwd"] = "/tmp");
        await _hostile.DecideAsync(accept: false, _hostile.Held());
        await _hostile.RestartAsync();
        Assert.Contains("rejected by a person", _hostile.Server().Health.LastError, StringComparison.Ordinal);

        StateFolder.WritePrivate(_hostile.Host.State.In("mcp.json"), before);
        await _hostile.RestartAsync();
        Assert.Contains("calc__add", await _hostile.ToolsAsync());
    }

    [Fact]
    public async Task Launch_that_is_taken_back_after_it_was_accepted_ends_the_server()
    {
        var ended = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var launch = _hostile.Pins.View().Servers.Single().Definitions.Single(pin => pin.Kind == "launch");
        _hostile.Server().Changed += changed =>
        {
            if (changed.Health.State == UpstreamState.AcceptanceNeeded) ended.TrySetResult();
        };
        await _hostile.DecideAsync(accept: false, launch);

        await ended.Task.WaitAsync(TestLimits.Signal);
        Assert.Empty(await _hostile.ToolsAsync());
    }

    [Fact]
    public async Task Pin_of_a_launch_that_was_taken_out_of_its_file_makes_no_first_use()
    {
        var file = _hostile.Host.State.In("mcp-pins.json");
        var pins = JsonNode.Parse(File.ReadAllText(file))!;
        Assert.True(pins["servers"]!["calc"]!["pins"]!.AsObject().Remove("Launch:"));
        StateFolder.WritePrivate(file, pins.ToJsonString());
        await ChangeAsync(server => server["args"] = new JsonArray("-c", "touch " + Mark), restart: true);

        Assert.Equal(UpstreamState.AcceptanceNeeded, _hostile.Server().Health.State);
        Assert.False(File.Exists(Mark));
    }

    [Fact]
    public async Task Configuration_cannot_say_of_itself_that_it_needs_no_consent()
    {
        await ChangeAsync(server =>
        {
            server["trusted"] = true;
            server["pinning"] = false;
            server["firstUse"] = "pin";
            server["args"] = new JsonArray("-c", "touch " + Mark);
        });

        Assert.Equal(UpstreamState.AcceptanceNeeded, _hostile.Server().Health.State);
        Assert.False(File.Exists(Mark));
    }

    [Fact]
    public async Task Values_of_variables_are_compared_and_never_shown_or_recorded()
    {
        await ChangeAsync(server => server["env"] = new JsonObject { ["MODE"] = "a value of nobody's business" });
        await _hostile.AcceptLaunchAsync();
        await ChangeAsync(server => server["env"] = new JsonObject { ["MODE"] = "another value of nobody's business" });

        Assert.Equal("env.MODE", Assert.Single(Assert.Single(_hostile.Held()).Changes).Path);
        var shown = System.Text.Json.JsonSerializer.Serialize(_hostile.Pins.View()) + File.ReadAllText(_hostile.Host.State.In("mcp-pins.json"))
            + File.ReadAllText(Path.Combine(_hostile.Host.State.LedgerFolder, "ledger.db"), System.Text.Encoding.Latin1);
        Assert.DoesNotContain("nobody's business", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Another_step_of_daily_work_in_the_file_needs_no_consent()
    {
        await ChangeAsync(server =>
        {
            server["timeoutSeconds"] = 60;
            server["description"] = "Adds.";
            server["pinnedTools"] = new JsonArray("add");
        });

        Assert.Equal(UpstreamState.Ready, _hostile.Server().Health.State);
        Assert.Contains("calc__add", await _hostile.ToolsAsync());
    }

    [Fact]
    public async Task Address_that_changed_is_not_connected_to()
    {
        using var elsewhere = new System.Net.Sockets.TcpListener(System.Net.IPAddress.Loopback, 0);
        elsewhere.Start();
        var configured = new JsonObject { ["mcpServers"] = new JsonObject { ["web"] = new JsonObject { ["type"] = "http", ["url"] = "http://127.0.0.1:9/mcp" } } };
        StateFolder.WritePrivate(_hostile.Host.State.In("mcp.json"), configured.ToJsonString());
        await _hostile.RestartAsync();
        configured["mcpServers"]!["web"]!["url"] = $"http://127.0.0.1:{((System.Net.IPEndPoint)elsewhere.LocalEndpoint).Port}/mcp";
        StateFolder.WritePrivate(_hostile.Host.State.In("mcp.json"), configured.ToJsonString());
        await _hostile.RestartAsync();

        Assert.Equal("url", Assert.Single(Assert.Single(_hostile.Held("web")).Changes).Path);
        Assert.Equal(UpstreamState.AcceptanceNeeded, _hostile.Server("web").Health.State);
        Assert.False(elsewhere.Pending());
    }

    public async ValueTask DisposeAsync()
    {
        await _hostile.DisposeAsync();
        _folder.Delete(recursive: true);
    }

    /// <summary>Something changes the person's file, and the host has seen it.</summary>
    private async Task ChangeAsync(Action<JsonObject> change, bool restart = false)
    {
        var file = _hostile.Host.State.In("mcp.json");
        var configured = JsonNode.Parse(File.ReadAllText(file))!;
        change(configured["mcpServers"]!["calc"]!.AsObject());
        StateFolder.WritePrivate(file, configured.ToJsonString());
        if (restart)
        {
            await _hostile.RestartAsync();
            return;
        }

        await _hostile.Host.Services.GetRequiredService<UpstreamRoom>().ReloadAsync(CancellationToken.None);
        await _hostile.Server().FirstAttempt.WaitAsync(TestLimits.Signal);
    }
}
