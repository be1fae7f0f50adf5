using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Mcp.Upstreams;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.Mcp;

/// <summary>The client behind one request to the gateway: what it can do, and the way back to it while the request is open.</summary>
internal sealed class GatewayClient
{
    private static readonly string[] Levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    private readonly McpServer _server;
    private int _beats;

    /// <param name="server">The SDK's server, bound to the stream of this request.</param>
    public GatewayClient(McpServer server, JsonRpcRequest request)
    {
        _server = server;
        var meta = (request.Params as JsonObject)?["_meta"] as JsonObject;
        IsModern = string.CompareOrdinal(request.Context?.ProtocolVersion ?? server.NegotiatedProtocolVersion, UpstreamSession.Modern) >= 0;
        Capabilities = (IsModern ? meta?[MetaKeys.ClientCapabilities]?.DeepClone() : JsonSerializer.SerializeToNode(server.ClientCapabilities, McpJsonUtilities.DefaultOptions)) as JsonObject ?? [];
        ProgressToken = meta?["progressToken"]?.DeepClone();
        LogLevel = meta?[MetaKeys.LogLevel].Text() ?? (IsModern ? null : SessionLevel(server));
        Name = server.ClientInfo is { } client ? $"{client.Name}/{client.Version}" : "mcp";
        Key = IsModern ? "modern:" + Name : "session:" + server.SessionId;
    }

    /// <summary>True for a client of 2026-07-28: it is asked by an answer, not by a request of ours.</summary>
    public bool IsModern { get; }

    public JsonObject Capabilities { get; }
    public JsonNode? ProgressToken { get; }

    /// <summary>The least log level the client wants; null when a client of 2026-07-28 did not ask for logs.</summary>
    public string? LogLevel { get; }

    /// <summary><c>claude-code/2.1.330</c>, as the client calls itself.</summary>
    public string Name { get; }

    /// <summary>Tells clients apart as far as the protocol does.</summary>
    public string Key { get; }

    public bool Can(ClientFeature feature) => Capabilities.ContainsKey(WireName(feature));

    /// <summary>What a server may know of this client: what it can do, cut to what the configuration allows that server.</summary>
    public RequestingClient For(UpstreamSettings settings) => new(
        new JsonObject(Enum.GetValues<ClientFeature>().Where(f => Can(f) && settings.Allows.Contains(f)).Select(f => KeyValuePair.Create(WireName(f), Capabilities[WireName(f)]?.DeepClone()))),
        LogLevel);

    public static string WireName(ClientFeature feature) => feature switch
    {
        ClientFeature.Elicitation => "elicitation",
        ClientFeature.Sampling => "sampling",
        ClientFeature.Roots => "roots",
        _ => throw new ArgumentOutOfRangeException(nameof(feature), feature, "A feature without a wire name."),
    };

    /// <summary>Sends a notification on the request's own stream; a client that has gone does not get it.</summary>
    public async ValueTask NotifyAsync(string method, JsonObject parameters)
    {
        try
        {
            await _server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters });
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException or ObjectDisposedException)
        {
            // What was lost is a remark on a call nobody waits for any more.
        }
    }

    /// <summary>A sign of life under the client's token. Its number goes up through the whole request, as the protocol wants, whatever the request waits for.</summary>
    public ValueTask ProgressAsync(string message) => ProgressToken is not { } token
        ? ValueTask.CompletedTask
        : NotifyAsync("notifications/progress", new JsonObject { ["progressToken"] = token.DeepClone(), ["progress"] = ++_beats, ["message"] = message });

    /// <summary>Passes on what a server says during a call: progress under the client's own token, logs as loud as it wants them.</summary>
    public ValueTask RelayAsync(JsonRpcNotification notification)
    {
        var parameters = notification.Params?.DeepClone() as JsonObject ?? [];
        switch (notification.Method)
        {
            case "notifications/progress" when ProgressToken is null:
            case "notifications/message" when !Wants(parameters["level"].Text()):
                return ValueTask.CompletedTask;
            case "notifications/progress":
                parameters["progressToken"] = ProgressToken.DeepClone();
                break;
        }

        return NotifyAsync(notification.Method, parameters);
    }

    /// <summary>Asks a client of the session era.</summary>
    public async Task<JsonRpcMessageWithId> AskAsync(string method, JsonObject? parameters, CancellationToken cancellationToken)
    {
        try
        {
            return await _server.SendRequestAsync(new JsonRpcRequest { Method = method, Params = parameters }, cancellationToken);
        }
        catch (McpProtocolException e)
        {
            return GatewayAnswer.Error((int)e.ErrorCode, e.Message);
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or McpException)
        {
            return GatewayAnswer.Error(GatewayAnswer.InternalError, "The client could not be asked: " + e.Message);
        }
    }

    private bool Wants(string? level) => LogLevel is { } least ? Reaches(level, least) : !IsModern;

    /// <summary>Whether a log of this level is as loud as a client wants them.</summary>
    /// <param name="least">The client's own level.</param>
    public static bool Reaches(string? level, string least) => Array.IndexOf(Levels, level) >= Array.IndexOf(Levels, least);

    /// <summary>The level a client of the session era has set; null when it has set none.</summary>
    public static string? SessionLevel(McpServer server)
    {
#pragma warning disable MCP9005 // Deprecated in 2026-07-28; clients of the session era still say their level this way.
        return server.LoggingLevel?.ToString().ToLowerInvariant();
#pragma warning restore MCP9005
    }
}
