using System.Net.WebSockets;
using System.Text.Json;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Ide;

/// <summary>MCP over one WebSocket: a JSON-RPC message is a text frame. What is too large or no JSON-RPC ends the connection and nothing else.</summary>
internal sealed class WebSocketTransport(WebSocket socket, ILoggerFactory logging) : TransportBase("ide", logging)
{
    // openDiff carries a whole file; the gate shows files of up to 16 MiB, and JSON may double that.
    private const int LargestMessage = 32 * 1024 * 1024;

    private readonly SemaphoreSlim _sending = new(1);

    /// <summary>Reads until the other side closes, breaks off, or sends what is no message.</summary>
    /// <param name="gone">Cancelled then, before the server hears of it: what it cancels afterwards was not cancelled by the client.</param>
    public async Task RunAsync(CancellationTokenSource gone, CancellationToken cancellationToken)
    {
        SetConnected();
        Exception? failure = null;
        try
        {
            while (await ReceiveAsync(cancellationToken) is { } message) await WriteMessageAsync(message, cancellationToken);
        }
        catch (Exception e) when (e is WebSocketException or JsonException or OperationCanceledException)
        {
            failure = e;
        }

        await gone.CancelAsync();
        SetDisconnected(failure);
    }

    public override async Task SendMessageAsync(JsonRpcMessage message, CancellationToken cancellationToken = default)
    {
        var frame = JsonSerializer.SerializeToUtf8Bytes(message, McpJsonUtilities.DefaultOptions);
        await _sending.WaitAsync(cancellationToken);
        try
        {
            await socket.SendAsync(frame, WebSocketMessageType.Text, endOfMessage: true, cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    public override ValueTask DisposeAsync()
    {
        SetDisconnected();
        _sending.Dispose();
        return ValueTask.CompletedTask;
    }

    private async Task<JsonRpcMessage?> ReceiveAsync(CancellationToken cancellationToken)
    {
        using var whole = new MemoryStream();
        var part = new byte[16 * 1024];
        ValueWebSocketReceiveResult received;
        do
        {
            received = await socket.ReceiveAsync(part.AsMemory(), cancellationToken);
            if (received.MessageType == WebSocketMessageType.Close) return await CloseAsync(WebSocketCloseStatus.NormalClosure, "", cancellationToken);
            if (received.MessageType != WebSocketMessageType.Text) return await CloseAsync(WebSocketCloseStatus.InvalidMessageType, "text frames only", cancellationToken);
            if (whole.Length + received.Count > LargestMessage) return await CloseAsync(WebSocketCloseStatus.MessageTooBig, $"{LargestMessage} bytes at most", cancellationToken);
            whole.Write(part, 0, received.Count);
        }
        while (!received.EndOfMessage);

        return JsonSerializer.Deserialize<JsonRpcMessage>(whole.GetBuffer().AsSpan(0, (int)whole.Length), McpJsonUtilities.DefaultOptions);
    }

    private async Task<JsonRpcMessage?> CloseAsync(WebSocketCloseStatus status, string reason, CancellationToken cancellationToken)
    {
        await socket.CloseOutputAsync(status, reason, cancellationToken);
        return null;
    }
}
