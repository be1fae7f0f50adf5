using System.Text.Json.Nodes;
using EditorBridge.Hosting;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>What a request to a server of 2026-07-28 says of the client behind it: what it can do, never more than it said itself and the configuration allows.</summary>
/// <param name="Capabilities">The client's capabilities as it declared them, cut to what the server may ask for.</param>
/// <param name="LogLevel">The least log level the client wants with this request; null for none.</param>
internal sealed record RequestingClient(JsonObject Capabilities, string? LogLevel)
{
    /// <summary>The gateway itself, asking on nobody's behalf.</summary>
    public static RequestingClient Gateway { get; } = new([], null);

    /// <summary>Every server knows the gateway as its client; which client stands behind it is not its business.</summary>
    public static JsonObject Implementation() => new() { ["name"] = "editorbridge", ["title"] = "EditorBridge", ["version"] = HostApplication.Version };

    public void WriteTo(JsonObject parameters, string protocolVersion)
    {
        if (parameters["_meta"] is not JsonObject meta) parameters["_meta"] = meta = [];
        meta[MetaKeys.ProtocolVersion] = protocolVersion;
        meta[MetaKeys.ClientInfo] = Implementation();
        meta[MetaKeys.ClientCapabilities] = Capabilities.DeepClone();
        if (LogLevel is { } level) meta[MetaKeys.LogLevel] = level;
    }
}
