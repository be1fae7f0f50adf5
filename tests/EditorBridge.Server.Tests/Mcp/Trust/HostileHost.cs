using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using EditorBridge.Trust;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>A whole host with the hostile server behind its gateway, once or under several names.</summary>
internal sealed class HostileHost : IAsyncDisposable
{
    private readonly HostFixture _host;

    private HostileHost(HostFixture host) => _host = host;

    public HostFixture Host => _host;

    public PinDesk Pins => _host.Services.GetRequiredService<PinDesk>();

    /// <summary>One server called <c>calc</c>, of which a person says that all but 'post' only read.</summary>
    /// <param name="step">What it offers when it starts.</param>
    public static Task<HostileHost> StartAsync(string step = "clean", Action<JsonObject>? change = null) => StartAsync([("calc", step)], change);

    public static async Task<HostileHost> StartAsync((string Name, string Step)[] servers, Action<JsonObject>? change = null, HostFixture? host = null)
    {
        var hostile = new HostileHost(host ?? new HostFixture());
        await hostile._host.InitializeAsync();
        hostile.Configure(servers, change);
        await hostile.RestartAsync();
        return hostile;
    }

    /// <summary>The host ends and the next one starts; its servers have been met when this ends.</summary>
    public async Task RestartAsync()
    {
        await _host.RestartAsync();
        await Task.WhenAll(_host.Services.GetRequiredService<UpstreamRoom>().Upstreams.Select(upstream => upstream.FirstAttempt)).WaitAsync(TestLimits.Signal);
    }

    public void Configure((string Name, string Step)[] servers, Action<JsonObject>? change = null)
    {
        var configured = new JsonObject();
        foreach (var (name, step) in servers)
        {
            // Another step is the same server, started as it was accepted.
            var steps = _host.State.In($"hostile-{name}.step");
            StateFolder.WritePrivate(steps, step);
            var server = new JsonObject
            {
                ["command"] = Environment.ProcessPath!.Contains("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet",
                ["args"] = new JsonArray(Path.Combine(AppContext.BaseDirectory, "EditorBridge.HostileServer.dll"), "@" + steps),
                ["inheritEnv"] = new JsonArray("DOTNET_ROOT"),
                ["readOnlyTools"] = new JsonArray("become", "answer", "add", "find"),
            };
            change?.Invoke(server);
            configured[name] = server;
        }

        StateFolder.WritePrivate(_host.State.In("mcp.json"), new JsonObject { ["mcpServers"] = configured }.ToJsonString());
    }

    /// <summary>Names of the connected servers' tools, as a client lists them.</summary>
    public async Task<string[]> ToolsAsync()
    {
        var names = new List<string>();
        string? cursor = null;
        do
        {
            var page = (await _host.McpAsync("tools/list", cursor is null ? new { } : new { cursor }))["result"]!;
            names.AddRange(page["tools"]!.AsArray().Select(tool => tool!["name"]!.GetValue<string>()).Where(name => name.Contains("__", StringComparison.Ordinal)));
            cursor = page["nextCursor"]?.GetValue<string>();
        }
        while (cursor is not null);
        return [.. names];
    }

    public async Task<JsonNode> CallAsync(string tool, object arguments, params (string Name, string Value)[] headers) =>
        (await _host.McpAsync("tools/call", new { name = tool, arguments }, default, headers))["result"]!;

    /// <summary>Turns the server, and waits until the gateway has read its lists again.</summary>
    public async Task BecomeAsync(string step, string server = "calc")
    {
        var upstream = Server(server);
        var lists = upstream.Lists;
        var read = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        void Look(Upstream changed)
        {
            if (!ReferenceEquals(changed.Lists, lists)) read.TrySetResult();
        }

        upstream.Changed += Look;
        await CallAsync($"{server}__become", new { step });
        await read.Task.WaitAsync(TestLimits.Signal);
        upstream.Changed -= Look;
    }

    public Upstream Server(string name = "calc") => _host.Services.GetRequiredService<UpstreamRoom>().Upstreams.Single(upstream => upstream.Settings.Name == name);

    /// <summary>A person accepts how the server is started, and it is.</summary>
    public async Task AcceptLaunchAsync(string name = "calc")
    {
        var upstream = Server(name);
        var ready = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        upstream.Changed += changed =>
        {
            if (changed.Health.State == UpstreamState.Ready) ready.TrySetResult();
        };
        Assert.Equal(PinResult.Accepted, (await DecideAsync(accept: true, Held(name).Single(pin => pin.Kind == "launch"))).Result);
        await ready.Task.WaitAsync(TestLimits.Signal);
    }

    public PinView[] Held(string server = "calc") => [.. Pins.View().Servers.Single(s => s.Server == server).Definitions.Where(pin => pin.State == "held")];

    public PinView Accepted(string name) => Pins.View().Servers.Single(s => s.Server == "calc").Definitions.Single(pin => pin.State == "accepted" && pin.Name == name);

    public Task<PinAnswer> DecideAsync(bool accept, params PinView[] pins) => Pins.DecideAsync(
        new PinDecision("calc", [.. pins.Select(pin => new PinChoice(Enum.Parse<OfferedKind>(pin.Kind, ignoreCase: true), pin.Name, pin.Fingerprint))], accept, "seen"), "alice", "terminal");

    public async Task<IReadOnlyList<AuditEntry>> EntriesAsync(params EntryKind[] kinds)
    {
        using var reader = LedgerReader.Open(_host.State.LedgerFolder);
        return await reader.EntriesAsync(new EntryFilter { Kinds = [.. kinds] }, null, 200, CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();
}
