using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Trust;
using EditorBridge.Policy;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.Mcp;

/// <summary>
/// The MCP door: lists the gateway's tools and runs them, each after the gate's admission. A call waits as an event stream with progress,
/// and a refusal is a result the model can read.
/// </summary>
internal sealed class McpDoor(ActionGate gate, AdmittedCalls admitted, SnowflakeCalls snowflake, LedgerWriter ledger, IHttpContextAccessor http, TimeProvider time)
{
    /// <summary>The prefix under which the gate and policy know the tools, whatever a client calls the server.</summary>
    private const string Prefix = "mcp__editorbridge__";

    /// <summary>The folder a client works in, percent-encoded: results are saved inside it only.</summary>
    public const string WorkspaceHeader = "X-EditorBridge-Workspace";

    /// <summary>Names a client's session where nothing else does.</summary>
    public const string SessionHeader = "X-EditorBridge-Session";

    private const int LongestHeader = 4096;
    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);

    public static ListToolsResult List() => new() { Tools = [.. SnowflakeCalls.Definitions] };

    public async Task<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var call = request.Params;
        if (SnowflakeCalls.Find(call.Name) is not { } tool) return SnowflakeAnswers.Refusal($"There is no tool {call.Name}. tools/list names those there are.");
        var input = JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, JsonElement>());
        if ((tool.ProblemWith(input) ?? (tool.Work == SnowflakeWork.Statement ? tool.Statement(input).Problem : null)) is { } wrong) return SnowflakeAnswers.Refusal(wrong);
        if (ToolInput.TryCanonical(call.Name, input, out var problem) is not { } canonical) return SnowflakeAnswers.Refusal($"The input has no canonical form ({problem}). Nothing was run.");

        var asked = Asked(request, Prefix + call.Name, canonical);
        var admission = await WithProgressAsync(request, gate.AdmitAsync(asked, cancellationToken), "A person is asked in EditorBridge.", cancellationToken);
        if (!admission.IsReleased) return SnowflakeAnswers.Refusal(admission.Reason);
        if (admission.Kind == AdmissionKind.ReleasedEdited)
        {
            input = JsonElement.Parse(admission.Input);
            if ((tool.ProblemWith(input) ?? tool.Statement(input).Problem) is { } unfit) return SnowflakeAnswers.Refusal("The reviewer's text cannot be run: " + unfit);
        }

        var result = await WithProgressAsync(request, snowflake.RunAsync(tool, input, asked, admission, cancellationToken), "Runs in the account.", cancellationToken);
        try
        {
            return await ResultScan.MarkAsync(result, asked, admission.CallId, ledger);
        }
        catch (LedgerUnavailableException e)
        {
            return SnowflakeAnswers.Refusal($"The statement ran, but what its answer holds could not be recorded, so the answer is not given. {e.Message}");
        }
    }

    /// <summary>The action as the gate knows it. The hook knows the call's session and folder; a client without a hook may say them in headers.</summary>
    private ActionRequest Asked(RequestContext<CallToolRequestParams> request, string tool, string canonical)
    {
        var toolUseId = request.Params.Meta?["claudecode/toolUseId"]?.GetValue<string>();
        return new ActionRequest
        {
            Door = Door.Mcp,
            Tool = tool,
            Input = canonical,
            ToolUseId = toolUseId,
            SessionId = admitted.SessionOf(toolUseId) ?? Header(SessionHeader),
            Workspace = Header(WorkspaceHeader) is { } folder && Uri.UnescapeDataString(folder) is var path && Path.IsPathRooted(path) ? path : null,
            Actor = "agent:" + (request.Server.ClientInfo is { } client ? $"{client.Name}/{client.Version}" : "mcp"),
        };
    }

    private string? Header(string name) => http.HttpContext?.Request.Headers[name].ToString() is { Length: > 0 and <= LongestHeader } value ? value : null;

    // Clients drop a call that says nothing for a minute (measured); progress on its event stream keeps it.
    private async Task<T> WithProgressAsync<T>(RequestContext<CallToolRequestParams> request, Task<T> work, string message, CancellationToken cancellationToken)
    {
        var token = request.Params.ProgressToken;
        for (var beats = 1; !work.IsCompleted; beats++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var tick = Task.Delay(Beat, time, stop.Token);
            if (await Task.WhenAny(work, tick) == work || cancellationToken.IsCancellationRequested)
            {
                await stop.CancelAsync();
                break;
            }

            if (token is { } progress)
                await request.Server.NotifyProgressAsync(progress, new ProgressNotificationValue { Progress = beats, Message = message }, options: null, cancellationToken);
        }

        return await work;
    }
}
