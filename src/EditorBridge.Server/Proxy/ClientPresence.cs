using System.Net.Sockets;
using Microsoft.AspNetCore.Connections.Features;

namespace EditorBridge.Proxy;

/// <summary>
/// Whether the client of a request is still there. A client may close its connection in the moment a person decides, before the server has told anybody: what was
/// written then would count as delivered and be lost. The socket itself knows at once, so it is looked at just before an approved call is let go.
/// </summary>
internal sealed class ClientPresence : IDisposable
{
    private readonly CancellationTokenSource _left;
    private readonly Socket? _socket;

    /// <summary>Watches a request. From now on its <see cref="HttpContext.RequestAborted"/> also fires when <see cref="Confirm"/> finds the client gone.</summary>
    public ClientPresence(HttpContext context)
    {
        _left = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        _socket = context.Features.Get<IConnectionSocketFeature>()?.Socket;
        context.RequestAborted = _left.Token;
    }

    /// <exception cref="OperationCanceledException">The client has closed its connection.</exception>
    public void Confirm()
    {
        if (HasClosed()) _left.Cancel();
        _left.Token.ThrowIfCancellationRequested();
    }

    public void Dispose() => _left.Dispose();

    // Readable without a byte to read is the end of what the peer sends.
    private bool HasClosed()
    {
        try
        {
            return _socket is not null && _socket.Poll(0, SelectMode.SelectRead) && _socket.Available == 0;
        }
        catch (Exception e) when (e is SocketException or ObjectDisposedException)
        {
            return true;
        }
    }
}
