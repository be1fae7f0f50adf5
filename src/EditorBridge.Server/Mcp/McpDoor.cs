using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Policy;
using EditorBridge.Trust;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.Mcp;

/// <summary>
/// The MCP door: lists the gateway's tools and runs them, each after the gate's admission. A call waits as an event stream with progress,
/// and a refusal is a result the model can read.
/// </summary>
internal sealed class McpDoor(ClientAdmissions admissions, AdmittedCalls admitted, SnowflakeCalls snowflake, SessionTaints taints, LedgerWriter ledger, IHttpContextAccessor http, TimeProvider time)
{
    /// <summary>The folder a client works in, percent-encoded: results are saved inside it only.</summary>
    public const string WorkspaceHeader = "X-EditorBridge-Workspace";

    /// <summary>Names a client's session where nothing else does.</summary>
    public const string SessionHeader = "X-EditorBridge-Session";

    private const int LongestHeader = 4096;

    public static ListToolsResult List() => new() { Tools = [.. SnowflakeCalls.Definitions] };

    public async Task<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var call = request.Params;
        if (SnowflakeCalls.Find(call.Name) is not { } tool) return SnowflakeAnswers.Refusal($"There is no tool {call.Name}. tools/list names those there are.");
        var input = JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, JsonElement>());
        if ((tool.ProblemWith(input) ?? (tool.Work == SnowflakeWork.Statement ? tool.Statement(input).Problem : null)) is { } wrong) return SnowflakeAnswers.Refusal(wrong);
        if (ToolInput.TryCanonical(call.Name, input, out var problem) is not { } canonical) return SnowflakeAnswers.Refusal($"The input has no canonical form ({problem}). Nothing was run.");

        var client = new GatewayClient(request.Server, request.JsonRpcRequest);
        var asked = AskedBy(client, UpstreamName.GatewayPrefix + call.Name, canonical, call.Meta);
        var (given, question) = await admissions.AdmitAsync(client, asked, request.JsonRpcRequest.Params as JsonObject ?? [], asked.Tool + "\n" + canonical, cancellationToken);
        if (question is JsonRpcError { Error.Message: var stale }) return SnowflakeAnswers.Refusal(stale);
        // The SDK answers a request with a question instead of its result when that is thrown.
        if (given is not { } admission) throw new InputRequiredException(((JsonRpcResponse)question!).Result.Deserialize<InputRequiredResult>(McpJsonUtilities.DefaultOptions)!);
        if (!admission.IsReleased) return SnowflakeAnswers.Refusal(admission.Reason);
        if (admission.Kind == AdmissionKind.ReleasedEdited)
        {
            input = JsonElement.Parse(admission.Input);
            if ((tool.ProblemWith(input) ?? tool.Statement(input).Problem) is { } unfit) return SnowflakeAnswers.Refusal("The reviewer's text cannot be run: " + unfit);
        }

        var result = await client.WithProgressAsync(snowflake.RunAsync(tool, input, asked, admission, cancellationToken), "Runs in the account.", time, cancellationToken);
        try
        {
            var (marked, text) = await ResultScan.MarkAsync(result, asked, admission.CallId, ledger);
            taints.TookIn(asked, Taint.Private, "the account", text);
            return marked;
        }
        catch (LedgerUnavailableException e)
        {
            return SnowflakeAnswers.Refusal($"The statement ran, but what its answer holds could not be recorded, so the answer is not given. {e.Message}");
        }
    }

    /// <summary>The action as the gate knows it. The hook knows the call's session and folder; a client without a hook may say them in headers.</summary>
    public ActionRequest AskedBy(GatewayClient client, string tool, string canonical, JsonObject? meta)
    {
        var toolUseId = meta?["claudecode/toolUseId"] is JsonValue value && value.TryGetValue(out string? id) ? id : null;
        return new ActionRequest
        {
            Door = Door.Mcp,
            Tool = tool,
            Input = canonical,
            ToolUseId = toolUseId,
            SessionId = admitted.SessionOf(toolUseId) ?? Header(SessionHeader),
            Workspace = Header(WorkspaceHeader) is { } folder && Uri.UnescapeDataString(folder) is var path && Path.IsPathRooted(path) ? path : null,
            Actor = "agent:" + client.Name,
        };
    }

    private string? Header(string name) => http.HttpContext?.Request.Headers[name].ToString() is { Length: > 0 and <= LongestHeader } value ? value : null;
}
