using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

/// <summary>Answers the gateway gives itself, as JSON. The request's id is put in by whoever sends them.</summary>
internal static class GatewayAnswer
{
    public const int InvalidParams = -32602;
    public const int InternalError = -32603;
    public const int MethodNotFound = -32601;

    private const string ResultType = "resultType";

    public static JsonRpcResponse Result(JsonObject result) => new() { Result = result };

    public static JsonRpcError Error(int code, string message) => new() { Error = new JsonRpcErrorDetail { Code = code, Message = message } };

    /// <summary>A tool's result that says why nothing, or nothing good, happened: the model reads it.</summary>
    public static JsonRpcResponse Refusal(string reason) => Result(new JsonObject
    {
        ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = reason }),
        ["isError"] = true,
    });

    /// <summary>What was asked of the client by its own request: the questions under their keys, and the handle to come back with.</summary>
    public static JsonRpcResponse InputRequired(JsonObject inputRequests, string requestState) => Result(new JsonObject
    {
        [ResultType] = "input_required",
        ["inputRequests"] = inputRequests,
        ["requestState"] = requestState,
    });

    public static bool IsInputRequired(JsonRpcMessageWithId answer) =>
        answer is JsonRpcResponse { Result: JsonObject result } && result[ResultType] is JsonValue type && type.TryGetValue(out string? text) && text == "input_required";

    /// <summary>
    /// The answer in the client's revision. 2026-07-28 wants a <c>resultType</c> in every result and the freshness of what may be kept; the older revisions know neither.
    /// Everything else stays as the server sent it.
    /// </summary>
    public static JsonRpcMessageWithId For(GatewayClient client, string method, JsonRpcMessageWithId answer)
    {
        if (answer is not JsonRpcResponse { Result: JsonObject result }) return answer;
        if (!client.IsModern)
        {
            result.Remove(ResultType);
            result.Remove("ttlMs");
            result.Remove("cacheScope");
            return answer;
        }

        if (!result.ContainsKey(ResultType)) result[ResultType] = "complete";
        if (method is "tools/list" or "prompts/list" or "resources/list" or "resources/templates/list" or "resources/read")
        {
            // What policy and pins let through may change with every request, and is this client's.
            if (!result.ContainsKey("ttlMs")) result["ttlMs"] = 0;
            result["cacheScope"] = "private";
        }

        return answer;
    }
}
