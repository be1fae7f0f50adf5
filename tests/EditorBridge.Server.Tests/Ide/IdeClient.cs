using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using EditorBridge.Server.Tests.Gate;

namespace EditorBridge.Server.Tests.Ide;

/// <summary>Claude Code's end of the IDE protocol, frame by frame. It never accepts the text that the real client takes for a yes.</summary>
internal sealed class IdeClient : IAsyncDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode>> _asked = new();
    private readonly Channel<JsonNode> _told = Channel.CreateUnbounded<JsonNode>();
    private Task _reading = Task.CompletedTask;
    private int _lastId;

    public static async Task<IdeClient> ConnectAsync(int port, string token, string version = "2.1.330")
    {
        var client = new IdeClient();
        client._socket.Options.AddSubProtocol("mcp");
        client._socket.Options.SetRequestHeader("x-claude-code-ide-authorization", token);
        using var patience = new CancellationTokenSource(TestLimits.Signal);
        await client._socket.ConnectAsync(new Uri($"ws://127.0.0.1:{port}/"), patience.Token);
        client._reading = client.ReadAsync();
        await client.AskAsync("initialize", new JsonObject
        {
            ["protocolVersion"] = "2025-11-25",
            ["capabilities"] = JsonNode.Parse("""{"roots":{"listChanged":true},"elicitation":{},"extensions":{"io.modelcontextprotocol/tasks":{}}}"""),
            ["clientInfo"] = new JsonObject { ["name"] = "claude-code", ["title"] = "Claude Code", ["version"] = version },
        });
        await client.TellAsync("notifications/initialized", []);
        await client.TellAsync("ide_connected", new JsonObject { ["pid"] = Environment.ProcessId });
        return client;
    }

    public string? Subprotocol => _socket.SubProtocol;

    public WebSocketCloseStatus? ClosedWith => _socket.CloseStatus;

    /// <summary>Calls a tool and answers its texts.</summary>
    public async Task<string[]> CallAsync(string tool, JsonObject arguments)
    {
        var result = await AskAsync("tools/call", new JsonObject { ["name"] = tool, ["arguments"] = arguments });
        return [.. result["content"]!.AsArray().Select(item => item!["text"]!.GetValue<string>())];
    }

    public async Task<JsonNode> AskAsync(string method, JsonObject parameters)
    {
        var id = Interlocked.Increment(ref _lastId);
        var answer = _asked[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        await SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["id"] = id, ["method"] = method, ["params"] = parameters });
        return await answer.Task.WaitAsync(TestLimits.Signal);
    }

    /// <summary>The id the next request gets, to take it back by.</summary>
    public int NextId => _lastId + 1;

    public Task TellAsync(string method, JsonObject parameters) => SendAsync(new JsonObject { ["jsonrpc"] = "2.0", ["method"] = method, ["params"] = parameters });

    public Task SendTextAsync(string text) => _socket.SendAsync(Encoding.UTF8.GetBytes(text), WebSocketMessageType.Text, endOfMessage: true, CancellationToken.None);

    public Task<JsonNode> ToldAsync() => _told.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal);

    /// <summary>Ends when the host has ended the connection.</summary>
    public Task EndAsync() => _reading.WaitAsync(TestLimits.Signal);

    /// <summary>Breaks off, as a client that was killed does.</summary>
    public void Abort() => _socket.Abort();

    public async ValueTask DisposeAsync()
    {
        _socket.Abort();
        await _reading.ContinueWith(static ended => ended.Exception, TaskScheduler.Default);
        _socket.Dispose();
        if (_reading.IsFaulted && _reading.Exception!.InnerException is not WebSocketException and not OperationCanceledException) await _reading;
    }

    private Task SendAsync(JsonObject message) => SendTextAsync(message.ToJsonString());

    private async Task ReadAsync()
    {
        var part = new byte[64 * 1024];
        while (true)
        {
            using var whole = new MemoryStream();
            WebSocketReceiveResult received;
            do
            {
                received = await _socket.ReceiveAsync(part, CancellationToken.None);
                whole.Write(part, 0, received.Count);
            }
            while (!received.EndOfMessage);
            if (received.MessageType == WebSocketMessageType.Close) return;

            var text = Encoding.UTF8.GetString(whole.ToArray());
            Assert.DoesNotContain("TAB_CLOSED", text, StringComparison.OrdinalIgnoreCase);
            var message = JsonNode.Parse(text)!;
            if (message["id"]?.GetValue<int>() is { } id && _asked.TryRemove(id, out var waiting)) waiting.SetResult(message["result"] ?? message["error"]!);
            else _told.Writer.TryWrite(message);
        }
    }
}
