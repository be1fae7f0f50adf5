using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Server.Tests.Hosting;

/// <summary>Requests of an MCP client of 2026-07-28, as it writes them.</summary>
internal static class McpRequests
{
    public const string Version = "2026-07-28";

    /// <param name="capabilities">What the client says it can do; nothing when left out.</param>
    public static HttpRequestMessage Post(string method, object parameters, JsonObject? capabilities = null, string client = "test")
    {
        var body = JsonSerializer.SerializeToNode(parameters)!.AsObject();
        if (body["_meta"] is not JsonObject meta) body["_meta"] = meta = [];
        meta["io.modelcontextprotocol/protocolVersion"] = Version;
        meta["io.modelcontextprotocol/clientInfo"] = new JsonObject { ["name"] = client, ["version"] = "1" };
        meta["io.modelcontextprotocol/clientCapabilities"] = capabilities?.DeepClone() ?? new JsonObject();
        var request = new HttpRequestMessage(HttpMethod.Post, "/mcp") { Content = HostFixture.Json(new { jsonrpc = "2.0", id = 1, method, @params = body }) };
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        request.Headers.Add("MCP-Protocol-Version", Version);
        request.Headers.Add("Mcp-Method", method);
        if ((body["name"] ?? body["uri"]) is { } name) request.Headers.Add("Mcp-Name", name.GetValue<string>());
        return request;
    }
}
