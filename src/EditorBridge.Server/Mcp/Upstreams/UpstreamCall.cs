using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>A call under way at a server: where what the server says meanwhile belongs.</summary>
internal sealed class UpstreamCall
{
    /// <summary>The progress token the server knows the call by; the client's own may be another client's too.</summary>
    public string Token { get; } = "eb-" + Guid.NewGuid().ToString("N");

    /// <summary>Which client asks. A question of the server's that names no call is passed on only when all calls under way are one client's.</summary>
    public required string Client { get; init; }

    public required Func<JsonRpcNotification, ValueTask> Notified { get; init; }

    /// <summary>Answers a question of the server's on the client's behalf.</summary>
    public required Func<JsonRpcRequest, CancellationToken, Task<JsonRpcMessageWithId>> Asked { get; init; }
}
