using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>A call of a server behind the gateway passes the gate before the server hears of it. The server is a real one, over HTTP.</summary>
public sealed class UpstreamGateTests : IAsyncLifetime
{
    private readonly HostFixture _host = new();
    private readonly ConcurrentQueue<string> _ran = new();
    private readonly ConcurrentQueue<string> _seen = new();
    private WebApplication? _server;

    public async ValueTask InitializeAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Services.AddMcpServer().WithHttpTransport()
            .WithListToolsHandler((_, _) => ValueTask.FromResult(new ListToolsResult { Tools = [new Tool { Name = "wipe", Description = "Wipes." }] }))
            .WithCallToolHandler((request, _) =>
            {
                _ran.Enqueue(request.Params.Name);
                return ValueTask.FromResult(new CallToolResult { Content = [new TextContentBlock { Text = "wiped" }] });
            });
        _server = builder.Build();
        _server.Use((http, next) =>
        {
            _seen.Enqueue(string.Join('\n', http.Request.Headers.Select(header => $"{header.Key}: {header.Value}")));
            return next(http);
        });
        _server.MapMcp("/mcp");
        await _server.StartAsync();
        var address = _server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();

        await _host.InitializeAsync();
        StateFolder.WritePrivate(_host.State.In("mcp.json"), new JsonObject
        {
            ["mcpServers"] = new JsonObject { ["tracker"] = new JsonObject { ["type"] = "http", ["url"] = address + "/mcp" } },
        }.ToJsonString());
        await _host.RestartAsync();
    }

    [Theory]
    [InlineData(VerdictKind.Approve)]
    [InlineData(VerdictKind.Reject)]
    public async Task Upstream_call_waits_for_a_person_and_runs_only_when_approved(VerdictKind verdict)
    {
        var asking = _host.McpAsync("tools/call", new { name = "tracker__wipe", arguments = new { } });
        var item = await _host.AnswerAsync(verdict == VerdictKind.Approve ? GateFixture.Approve() : GateFixture.Reject("keep it"));
        var result = (await asking)["result"]!;

        Assert.Equal("mcp__editorbridge__tracker__wipe", item.Tool);
        Assert.Equal(verdict == VerdictKind.Approve ? ["wipe"] : [], _ran);
        Assert.Contains(verdict == VerdictKind.Approve ? "wiped" : "keep it", result["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_of_the_client_never_reaches_a_server()
    {
        var asking = _host.McpAsync("tools/call", new { name = "tracker__wipe", arguments = new { } });
        await _host.AnswerAsync(GateFixture.Approve());
        await asking;

        Assert.NotEmpty(_seen);
        Assert.All(_seen, headers => Assert.DoesNotContain("Authorization", headers, StringComparison.OrdinalIgnoreCase));
        Assert.All(_seen, headers => Assert.DoesNotContain(EditorBridge.Guard.ClientTokens.Of(_host.State, EditorBridge.Guard.Client.Mcp), headers, StringComparison.Ordinal));
    }

    public async ValueTask DisposeAsync()
    {
        await _host.DisposeAsync();
        if (_server is not null) await _server.DisposeAsync();
    }
}
