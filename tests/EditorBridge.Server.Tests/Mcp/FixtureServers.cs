using System.Text.Json.Nodes;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>
/// A host with real servers behind its gateway, each a process of its own: <c>old</c> speaks 2025-11-25 only, <c>new</c> 2026-07-28 only; <c>shyold</c> and <c>shynew</c> are the
/// same and may ask the client for nothing; <c>freeold</c> and <c>freenew</c> may change what they offer. Some tools are said to only read, so that nobody is asked about them.
/// </summary>
public sealed class FixtureServers : IAsyncLifetime
{
    /// <summary>Both revisions on either side of the gateway: client, server.</summary>
    public static TheoryData<string, string> Bridges => new() { { "old", "old" }, { "old", "new" }, { "new", "old" }, { "new", "new" } };

    public const int SearchAbove = 50;

    private static readonly string[] ReadOnly =
    [
        "test_elicitation", "test_sampling", "test_input_required_result_sampling", "test_input_required_result_list_roots", "test_tool_with_progress", "wait", "count_waiting", "count_cancellations", "count_subscriptions",
        "change_list", "new_tool", "show_environment", "show_meta",
    ];

    /// <summary>For a server that is looked at by itself: it is started as it stands, and what it offers is taken.</summary>
    internal static UpstreamChecks NoChecks { get; } = new((_, _) => Task.FromResult<UpstreamException?>(null), (_, lists, _, _) => Task.FromResult(lists));

    internal HostFixture Host { get; } = new();

    internal UpstreamRoom Room => Host.Services.GetRequiredService<UpstreamRoom>();

    public async ValueTask InitializeAsync()
    {
        Environment.SetEnvironmentVariable("EB_TEST_PRIVATE", "not for servers");
        Environment.SetEnvironmentVariable("EB_TEST_SHARED", "for the server that names it");
        await Host.InitializeAsync();
        var servers = new JsonObject
        {
            ["old"] = Server("--legacy", ["elicitation", "sampling", "roots"]),
            ["new"] = Server("--modern", ["elicitation", "sampling", "roots"]),
            ["shyold"] = Server("--legacy", []),
            ["shynew"] = Server("--modern", []),
            ["freeold"] = Server("--legacy", [], free: true),
            ["freenew"] = Server("--modern", [], free: true),
            ["gone"] = new JsonObject { ["command"] = "/nowhere/at/all" },
        };
        StateFolder.WritePrivate(Host.State.In("mcp.json"), new JsonObject { ["searchAbove"] = SearchAbove, ["mcpServers"] = servers }.ToJsonString());
        await Host.RestartAsync();
        await Task.WhenAll(Room.Upstreams.Select(upstream => upstream.FirstAttempt)).WaitAsync(TestLimits.Signal * 2);
    }

    /// <summary>The SDK's client, an independent one, at the gateway in one revision.</summary>
    internal Task<McpClient> ClientAsync(string era, McpClientHandlers? handlers = null, string name = "test") => ClientAsync(Host, era, handlers, name);

    internal static Task<McpClient> ClientAsync(HostFixture host, string era, McpClientHandlers? handlers = null, string name = "test") => McpClient.CreateAsync(
        new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(host.Address, "/mcp"),
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + host.State.ClientToken("mcp") },
        }),
        new McpClientOptions
        {
            ClientInfo = new Implementation { Name = name, Version = "1" },
            ProtocolVersion = era == "old" ? UpstreamSession.Legacy : UpstreamSession.Modern,
            Handlers = handlers ?? new McpClientHandlers(),
        });

    internal static string Text(CallToolResult result) => string.Join('\n', result.Content.OfType<TextContentBlock>().Select(block => block.Text));

    public ValueTask DisposeAsync() => Host.DisposeAsync();

    /// <summary>The entry of one such server in the configuration.</summary>
    /// <param name="era"><c>--legacy</c> or <c>--modern</c>.</param>
    internal static JsonObject Server(string era, string[] allow, bool free = false) => new()
    {
        ["command"] = Environment.ProcessPath!.Contains("dotnet", StringComparison.Ordinal) ? Environment.ProcessPath : "dotnet",
        ["args"] = new JsonArray(Path.Combine(AppContext.BaseDirectory, "editorbridge-mcp-fixture.dll"), era),
        ["inheritEnv"] = new JsonArray("DOTNET_ROOT", "EB_TEST_SHARED"),
        ["env"] = new JsonObject { ["EB_TEST_SET"] = "set" },
        ["allow"] = new JsonArray([.. allow.Select(word => (JsonNode)word)]),
        ["readOnlyTools"] = new JsonArray([.. ReadOnly.Select(tool => (JsonNode)tool)]),
        ["trusted"] = free,
        ["pinning"] = !free,
        ["pinnedTools"] = new JsonArray("show_meta"),
    };
}
