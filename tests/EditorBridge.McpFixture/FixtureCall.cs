using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.McpFixture;

/// <summary>One request and the ways back to the client.</summary>
internal sealed class FixtureCall(McpServer server, JsonRpcRequest request, CancellationToken cancellationToken)
{
    public const string NoInput = """{"type":"object","properties":{}}""";

    public JsonRpcRequest Request => request;
    public McpServer Server => server;
    public CancellationToken Cancelled => cancellationToken;
    public JsonObject Parameters => request.Params as JsonObject ?? [];
    public JsonObject Arguments => Parameters["arguments"] as JsonObject ?? [];
    public JsonObject? Meta => Parameters["_meta"] as JsonObject;
    public bool IsModern => string.CompareOrdinal(request.Context?.ProtocolVersion ?? server.NegotiatedProtocolVersion, "2026-07-28") >= 0;

    /// <summary>What the client said it can do, in either revision.</summary>
    public JsonObject Capabilities =>
        (IsModern ? Meta?["io.modelcontextprotocol/clientCapabilities"] : JsonSerializer.SerializeToNode(server.ClientCapabilities, McpJsonUtilities.DefaultOptions)) as JsonObject ?? [];

    public string Text(string name) => Parameters[name]?.GetValue<string>() ?? "";

    public string Argument(string name) => Arguments[name]?.GetValue<string>() ?? "";

    public static Task<JsonObject> Says(string text) => Task.FromResult(new JsonObject { ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = text }) });

    public static Task<JsonObject> Json(string result) => Task.FromResult(JsonNode.Parse(result)!.AsObject());

    public Task TellAsync(string method, JsonObject parameters) => server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, cancellationToken);

    /// <summary>A request of the server's own; 2025-11-25 only.</summary>
    public async Task<JsonObject> AskAsync(string method, JsonObject parameters) =>
        (JsonObject)(await server.SendRequestAsync(new JsonRpcRequest { Method = method, Params = parameters }, cancellationToken)).Result!;

    /// <summary>A result with what 2026-07-28 wants in every result.</summary>
    public JsonObject Complete(JsonObject result)
    {
        if (IsModern && !result.ContainsKey("resultType")) result["resultType"] = "complete";
        return result;
    }

    public JsonObject Listed(string property, JsonArray items)
    {
        var result = Complete(new JsonObject { [property] = items });
        return Kept(result);
    }

    /// <summary>With how long it may be kept.</summary>
    public JsonObject Kept(JsonObject result)
    {
        if (!IsModern) return result;
        result["ttlMs"] = 60_000;
        result["cacheScope"] = "public";
        return result;
    }
}
