using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Snowflake;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.Mcp;

/// <summary>
/// The MCP door: lists the gateway's tools and runs them, each after the gate's admission. A call waits as an event stream with progress,
/// and a refusal is a result the model can read.
/// </summary>
internal sealed partial class McpDoor(ActionGate gate, LedgerWriter ledger, SqlApiClient account, GateContext context, TimeProvider time, ILogger<McpDoor> logger)
{
    /// <summary>The prefix under which the gate and policy know the tools, whatever a client calls the server.</summary>
    private const string Prefix = "mcp__editorbridge__";

    private static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan StatementTimeout = TimeSpan.FromMinutes(5);

    public static ListToolsResult List() => new()
    {
        Tools =
        [
            .. SnowflakeTools.All.Select(tool => new Tool
            {
                Name = tool.Name,
                Title = tool.Title,
                Description = tool.Description,
                InputSchema = tool.InputSchema,
                Annotations = new ToolAnnotations { ReadOnlyHint = tool.ReadOnly, DestructiveHint = !tool.ReadOnly, OpenWorldHint = false },
            }),
        ],
    };

    public async Task<CallToolResult> CallAsync(RequestContext<CallToolRequestParams> request, CancellationToken cancellationToken)
    {
        var call = request.Params;
        if (SnowflakeTools.All.FirstOrDefault(t => t.Name == call.Name) is not { } tool) return Refusal($"There is no tool {call.Name}. tools/list names those there are.");
        var input = JsonSerializer.SerializeToElement(call.Arguments ?? new Dictionary<string, JsonElement>());
        var statement = tool.Statement(input);
        if (statement.Sql is not { } sql) return Refusal(statement.Problem!);
        if (ToolInput.TryCanonical(call.Name, input, out var problem) is not { } canonical) return Refusal($"The input has no canonical form ({problem}). Nothing was run.");

        var asked = new ActionRequest
        {
            Door = Door.Mcp,
            Tool = Prefix + call.Name,
            Input = canonical,
            ToolUseId = call.Meta?["claudecode/toolUseId"]?.GetValue<string>(),
            Actor = "agent:" + (request.Server.ClientInfo is { } client ? $"{client.Name}/{client.Version}" : "mcp"),
        };
        var admission = await WithProgressAsync(request, gate.AdmitAsync(asked, cancellationToken), cancellationToken);
        if (!admission.IsReleased) return Refusal(admission.Reason);
        if (admission.Kind == AdmissionKind.ReleasedEdited)
        {
            input = JsonDocument.Parse(admission.Input).RootElement;
            statement = tool.Statement(input);
            if (statement.Sql is null) return Refusal("The reviewer's text cannot be run: " + statement.Problem);
            sql = statement.Sql;
        }

        if (admission.Obligations.ExplainFirst && await account.ExecuteAsync(Statement($"EXPLAIN USING TEXT {sql}", input, admission), cancellationToken) is SqlFailure unexplained)
            return Refusal($"Policy asks for an EXPLAIN before this statement runs, and there is none: {unexplained.Message} Nothing was run.");
        var outcome = await account.ExecuteAsync(Statement(sql, input, admission), cancellationToken);
        await RecordAsync(asked, admission, outcome);
        return Answer(outcome, admission);
    }

    private SqlStatement Statement(string sql, JsonElement input, Admission admission) => new()
    {
        Text = sql,
        RequestId = Guid.NewGuid(),
        Role = context.Role,
        Warehouse = context.Warehouse,
        Timeout = StatementTimeout,
        MaxRows = Math.Clamp(Wanted(input), 1, Math.Clamp(admission.Obligations.RowLimit ?? SnowflakeTools.RowLimit, 1, SnowflakeTools.RowLimit)),
        QueryTag = new JsonObject { ["app"] = "editorbridge", ["call"] = admission.CallId }.ToJsonString(),
    };

    private static int Wanted(JsonElement input) =>
        input.TryGetProperty(SnowflakeTools.MaxRows, out var rows) && rows.ValueKind == JsonValueKind.Number && rows.TryGetInt32(out var wanted) ? wanted : SnowflakeTools.RowLimit;

    // Clients drop a call that says nothing for a minute (measured); progress on its event stream keeps it.
    private async Task<Admission> WithProgressAsync(RequestContext<CallToolRequestParams> request, Task<Admission> admission, CancellationToken cancellationToken)
    {
        var token = request.Params.ProgressToken;
        for (var beats = 1; !admission.IsCompleted; beats++)
        {
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            var tick = Task.Delay(Beat, time, stop.Token);
            if (await Task.WhenAny(admission, tick) == admission)
            {
                await stop.CancelAsync();
                break;
            }

            await tick;
            if (token is { } progress)
                await request.Server.NotifyProgressAsync(progress, new ProgressNotificationValue { Progress = beats, Message = "A person is asked in EditorBridge." }, options: null, cancellationToken);
        }

        return await admission;
    }

    private async Task RecordAsync(ActionRequest asked, Admission admission, SqlOutcome outcome)
    {
        try
        {
            await ledger.AppendAsync(new AuditDraft
            {
                Kind = EntryKind.ActionOutcome,
                CallId = admission.CallId,
                Actor = asked.Actor,
                Door = GateEntries.Wirename(Door.Mcp),
                Tool = asked.Tool,
                ToolUseId = asked.ToolUseId,
                Result = outcome is SqlFailure ? "failed" : "done",
                Facts = new JsonObject
                {
                    ["statementHandle"] = outcome.Handle,
                    ["rows"] = (outcome as SqlRows)?.TotalRows,
                    ["code"] = (outcome as SqlFailure)?.Code,
                    ["error"] = (outcome as SqlFailure)?.Message,
                },
            });
        }
        catch (LedgerUnavailableException e)
        {
            // The statement has run and its admission is durable; the missing outcome shows as unknown after the next start.
            LogOutcomeNotRecorded(admission.CallId, e);
        }
    }

    private static CallToolResult Answer(SqlOutcome outcome, Admission admission)
    {
        var note = admission.Person is null ? null : admission.Reason;
        return outcome switch
        {
            SqlRows rows => Rows(rows, note),
            SqlFailure failure => Refusal($"{failure.Message}{(failure.Code is null ? "" : $" (Snowflake {failure.Code})")}"),
            _ => Refusal("The account gave an answer that is not known here."),
        };
    }

    private static CallToolResult Rows(SqlRows rows, string? note)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartArray("columns");
            foreach (var column in rows.Columns) json.WriteStringValue(column.Name);
            json.WriteEndArray();
            json.WriteStartArray("rows");
            foreach (var row in rows.Rows)
            {
                json.WriteStartArray();
                for (var i = 0; i < row.Length; i++) SqlValue.Write(json, rows.Columns[i], row[i]);
                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteNumber("total_rows", rows.TotalRows);
            json.WriteBoolean("truncated", rows.Truncated);
            if (rows.Handle is { } handle) json.WriteString("statement_handle", handle);
            if (note is not null) json.WriteString("review", note);
            json.WriteEndObject();
        }

        var text = Encoding.UTF8.GetString(buffer.ToArray());
        return new CallToolResult { Content = [new TextContentBlock { Text = text }], StructuredContent = JsonDocument.Parse(text).RootElement };
    }

    private static CallToolResult Refusal(string reason) => new() { IsError = true, Content = [new TextContentBlock { Text = reason }] };

    [LoggerMessage(LogLevel.Error, "The outcome of {CallId} could not be recorded")]
    private partial void LogOutcomeNotRecorded(string callId, Exception exception);
}
