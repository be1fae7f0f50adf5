using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Snowflake;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

/// <summary>
/// Runs the gateway's own tools, each after the gate's admission.
/// <code>
///  statement ─► file for it, if wanted ─► plan, if policy asks ─► started (handle) ─┬─ background: answered; watched until it ends ─► outcome entry
///                                                                                   └─ waited for ─► outcome entry ─► rows, or the file
/// </code>
/// </summary>
internal sealed partial class SnowflakeCalls(
    ActionGate gate, SqlApiClient account, StatementLog statements, LedgerWriter ledger, GateContext context, IHostApplicationLifetime host, TimeProvider time, ILogger<SnowflakeCalls> logger)
{
    private const int LongestTag = 2000;

    public static SnowflakeTool? Find(string name) => SnowflakeTools.All.FirstOrDefault(tool => tool.Name == name);

    /// <summary>The tools as clients see them.</summary>
    public static IEnumerable<Tool> Definitions { get; } =
    [
        .. SnowflakeTools.All.Select(tool => new Tool
        {
            Name = tool.Name,
            Title = tool.Title,
            Description = tool.Description,
            InputSchema = tool.InputSchema,
            OutputSchema = tool.Work == SnowflakeWork.History ? SnowflakeAnswers.HistorySchema : SnowflakeAnswers.RowsSchema,
            Annotations = new ToolAnnotations
            {
                Title = tool.Title,
                ReadOnlyHint = tool.ReadOnly,
                DestructiveHint = !tool.ReadOnly && tool.Work == SnowflakeWork.Statement,
                IdempotentHint = tool.ReadOnly || tool.Work == SnowflakeWork.Cancel,
                OpenWorldHint = false,
            },
            // Claude Code cuts a result at 25,000 tokens unless the tool says that it may be longer (read up to 500,000 characters since 2.1.91).
            Meta = new JsonObject { ["anthropic/maxResultSizeChars"] = 400_000 },
        }),
    ];

    /// <param name="asked">The action as the gate knows it.</param>
    /// <param name="input">The input that was admitted: the agent's, or the reviewer's.</param>
    public Task<CallToolResult> RunAsync(SnowflakeTool tool, JsonElement input, ActionRequest asked, Admission admission, CancellationToken cancellationToken) => tool.Work switch
    {
        SnowflakeWork.Statement => RunStatementAsync(tool, input, asked, admission, cancellationToken),
        SnowflakeWork.Status => FollowAsync(input, asked, admission, StatusAsync, cancellationToken),
        SnowflakeWork.Page => FollowAsync(input, asked, admission, PageAsync, cancellationToken),
        SnowflakeWork.Cancel => FollowAsync(input, asked, admission, CancelAsync, cancellationToken),
        SnowflakeWork.History => Task.FromResult(SnowflakeAnswers.History(statements.Of(CallerOf(asked)).Take(Wanted(input, SnowflakeTools.MaxRows, SnowflakeTools.RowsByDefault)))),
        _ => throw new ArgumentOutOfRangeException(nameof(tool), tool.Work, "A tool without work."),
    };

    private async Task<CallToolResult> RunStatementAsync(SnowflakeTool tool, JsonElement input, ActionRequest asked, Admission admission, CancellationToken cancellationToken)
    {
        var worked = tool.Statement(input);
        if (worked.Sql is not { } sql) return SnowflakeAnswers.Refusal(worked.Problem!);
        var review = admission.Person is null ? null : admission.Reason;
        var statement = Statement(sql, input, asked, admission);
        // The last look: what was approved is what runs, and only as long as all it was approved for is as it was.
        if (await gate.VoidAsync(admission) is { } reason)
        {
            var notRun = new SqlFailure(SqlFailureKind.NotRun, $"{reason} Nothing was run; ask again.");
            await RecordAsync(asked, admission, notRun, file: null);
            return SnowflakeAnswers.Refusal(notRun.Message);
        }

        var (file, noFile) = ToolInput.Text(input, SnowflakeTools.SaveTo) is { } path ? ResultFile.Create(asked.Workspace, path) : default;
        if (noFile is not null) return SnowflakeAnswers.Refusal(noFile);
        await using var saving = file;

        if (admission.Obligations.ExplainFirst && await account.ExecuteAsync(Statement($"EXPLAIN USING TEXT {sql}", input, asked, admission), cancellationToken) is SqlFailure unexplained)
            return SnowflakeAnswers.Refusal($"Policy asks for an EXPLAIN before this statement runs, and there is none: {unexplained.Message} Nothing was run.");

        var outcome = await StartAsync(statement, asked, admission, cancellationToken);
        if (outcome.Handle is { } handle)
        {
            statements.Started(new StartedStatement(handle, admission.CallId, CallerOf(asked), sql, time.GetUtcNow(), admission.Person, admission.Obligations.RowLimit));
            if (outcome is SqlRunning && file is null && Flag(input, SnowflakeTools.Background))
            {
                _ = WatchAsync(handle, statement, asked, admission);
                return SnowflakeAnswers.Running(handle, review);
            }

            outcome = await EndAsync(handle, outcome, statement, asked, admission, cancellationToken);
        }

        await RecordAsync(asked, admission, outcome, file);
        return outcome switch
        {
            SqlRows rows when file is not null => await SaveAsync(rows, file, admission.Obligations.RowLimit, review, cancellationToken),
            SqlRows rows => SnowflakeAnswers.Rows(rows, offset: 0, admission.Obligations.RowLimit, review),
            SqlFailure failure => SnowflakeAnswers.Failed(failure),
            _ => SnowflakeAnswers.Refusal("The account gave an answer that is not known here."),
        };
    }

    private async Task<SqlOutcome> StartAsync(SqlStatement statement, ActionRequest asked, Admission admission, CancellationToken cancellationToken)
    {
        try
        {
            return await account.StartAsync(statement, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            await RecordAsync(asked, admission, new SqlFailure(SqlFailureKind.Canceled, "The client went away before the statement was sent. Nothing was run."), file: null);
            throw;
        }
    }

    // A caller that goes away takes its statement with it, and the ledger says so.
    private async Task<SqlOutcome> EndAsync(string handle, SqlOutcome started, SqlStatement statement, ActionRequest asked, Admission admission, CancellationToken cancellationToken)
    {
        try
        {
            var outcome = started is SqlRunning ? await account.WaitAsync(handle, statement, cancellationToken) : started;
            statements.Heard(handle, outcome);
            return outcome;
        }
        catch (OperationCanceledException)
        {
            var gone = new SqlFailure(SqlFailureKind.Canceled, "The client went away while the statement ran; the account was asked to stop it.") { Handle = handle };
            statements.Heard(handle, gone);
            await RecordAsync(asked, admission, gone, file: null);
            throw;
        }
    }

    // The answer was given long ago; what is left is to record how it ended. A host that stops leaves it running, and the next one records that the outcome is unknown.
    private async Task WatchAsync(string handle, SqlStatement statement, ActionRequest asked, Admission admission)
    {
        try
        {
            SqlOutcome outcome;
            var pause = TimeSpan.FromMilliseconds(200);
            while ((outcome = await account.StatusAsync(handle, statement with { MaxRows = 0 }, host.ApplicationStopping)) is SqlRunning)
            {
                await Task.Delay(pause, time, host.ApplicationStopping);
                pause = pause < TimeSpan.FromSeconds(5) ? pause * 2 : pause;
            }

            statements.Heard(handle, outcome);
            await RecordAsync(asked, admission, outcome, file: null);
        }
        catch (OperationCanceledException)
        {
            LogLeftRunning(handle);
        }
    }

    private async Task<CallToolResult> SaveAsync(SqlRows rows, ResultFile file, int? rowLimit, string? review, CancellationToken cancellationToken)
    {
        try
        {
            var room = rowLimit ?? long.MaxValue;
            for (var partition = 0; partition < Math.Max(1, rows.PartitionRows.Length) && room > 0; partition++)
            {
                if (await account.PartitionAsync(rows, partition, cancellationToken) is not SqlRows part)
                    return SnowflakeAnswers.Refusal($"The statement ran, but part {partition + 1} of its result could not be read, so nothing was saved. Its handle is {rows.Handle}.");
                if (!await file.WriteAsync(rows.Columns, part.Rows.Take((int)Math.Min(room, int.MaxValue)).Select(row => (IReadOnlyList<string?>)row), cancellationToken))
                    return SnowflakeAnswers.Refusal($"The statement ran, but its result is larger than {ResultFile.ByteLimit >> 20} MB, so nothing was saved. Read it in pages with get_result_page, handle {rows.Handle}, or ask for less.");
                room -= part.Rows.Length;
            }

            await file.FinishAsync(cancellationToken);
            return SnowflakeAnswers.Saved(rows, file, review);
        }
        catch (IOException e)
        {
            return SnowflakeAnswers.Refusal($"The statement ran, but its result could not be saved: {e.Message} Read it with get_result_page, handle {rows.Handle}.");
        }
    }

    private async Task<CallToolResult> FollowAsync(
        JsonElement input, ActionRequest asked, Admission admission,
        Func<StartedStatement, JsonElement, Admission, CancellationToken, Task<CallToolResult>> follow, CancellationToken cancellationToken)
    {
        var handle = ToolInput.Text(input, SnowflakeTools.Handle)!;
        return statements.Find(handle, CallerOf(asked)) is { } known
            ? await follow(known, input, admission, cancellationToken)
            : SnowflakeAnswers.Refusal($"This session started no statement {handle} since the host runs, and results of others are not shown. list_statements names those there are.");
    }

    private async Task<CallToolResult> StatusAsync(StartedStatement known, JsonElement input, Admission admission, CancellationToken cancellationToken)
    {
        var limit = Least(known.RowLimit, admission.Obligations.RowLimit);
        var outcome = await account.StatusAsync(known.Handle, Reading(input, limit), cancellationToken);
        statements.Heard(known.Handle, outcome);
        return outcome switch
        {
            SqlRunning => SnowflakeAnswers.Running(known.Handle, review: null),
            SqlRows rows => SnowflakeAnswers.Rows(rows, offset: 0, limit, review: null),
            SqlFailure { Kind: SqlFailureKind.Canceled } failure => SnowflakeAnswers.Cancelled(known.Handle, failure.Message),
            SqlFailure failure => SnowflakeAnswers.Failed(failure),
            _ => SnowflakeAnswers.Refusal("The account gave an answer that is not known here."),
        };
    }

    private async Task<CallToolResult> PageAsync(StartedStatement known, JsonElement input, Admission admission, CancellationToken cancellationToken)
    {
        var limit = Least(known.RowLimit, admission.Obligations.RowLimit);
        var outcome = known.Outcome is SqlRows seen ? seen : await account.StatusAsync(known.Handle, Reading(input, limit) with { MaxRows = 0 }, cancellationToken);
        statements.Heard(known.Handle, outcome);
        if (outcome is SqlRunning) return SnowflakeAnswers.Running(known.Handle, review: null);
        if (outcome is not SqlRows shape) return SnowflakeAnswers.Failed((SqlFailure)outcome);

        var offset = Wanted(input, SnowflakeTools.RowOffset, 0);
        var wanted = Math.Min(Wanted(input, SnowflakeTools.MaxRows, SnowflakeTools.RowsByDefault), (limit ?? int.MaxValue) - offset);
        if (offset >= shape.TotalRows) return SnowflakeAnswers.Refusal($"The result has {shape.TotalRows} rows, and the first is row 0: there is none at {offset}.");
        if (wanted <= 0) return SnowflakeAnswers.Refusal($"Policy lets {limit} rows of this result be read, and row {offset} is beyond them.");
        var rows = new List<System.Collections.Immutable.ImmutableArray<string?>>();
        var room = (long)SnowflakeTools.CharacterLimit;
        var first = 0;
        for (var partition = 0; partition < shape.PartitionRows.Length; first += shape.PartitionRows[partition++])
        {
            if (first + shape.PartitionRows[partition] <= offset) continue;
            if (await account.PartitionAsync(shape, partition, cancellationToken) is not SqlRows part)
                return SnowflakeAnswers.Refusal($"Part {partition + 1} of the result could not be read. Results are kept for 24 hours; run the statement again when this one is older.");
            foreach (var row in part.Rows.Skip(Math.Max(0, offset - first)))
            {
                room -= row.Sum(cell => cell?.Length ?? 0);
                // One row is always given, else reading on would stand still.
                if (rows.Count == wanted || (room < 0 && rows.Count > 0)) return Page();
                rows.Add(row);
            }
        }

        return Page();
        CallToolResult Page() => SnowflakeAnswers.Rows(shape with { Rows = [.. rows] }, offset, limit, review: null);
    }

    private async Task<CallToolResult> CancelAsync(StartedStatement known, JsonElement input, Admission admission, CancellationToken cancellationToken)
    {
        var refused = await account.CancelAsync(known.Handle, cancellationToken);
        // Stopping is best effort, so the account is asked once more what became of it.
        var after = await account.StatusAsync(known.Handle, Reading(input, 0) with { MaxRows = 0 }, cancellationToken);
        statements.Heard(known.Handle, after);
        return after switch
        {
            SqlRows => SnowflakeAnswers.Refusal($"The statement had ended before it could be stopped; what it did stands. Its handle is {known.Handle}."),
            SqlFailure { Kind: SqlFailureKind.Canceled } => SnowflakeAnswers.Cancelled(known.Handle, "The account stopped it."),
            SqlRunning when refused is null => SnowflakeAnswers.Cancelled(known.Handle, "The account was asked to stop it and has not confirmed yet: ask with get_statement."),
            SqlFailure failure => SnowflakeAnswers.Failed(failure),
            _ => SnowflakeAnswers.Failed(refused!),
        };
    }

    private SqlStatement Statement(string sql, JsonElement input, ActionRequest asked, Admission admission) =>
        Reading(input, admission.Obligations.RowLimit) with
        {
            Text = sql,
            Role = context.Role,
            Warehouse = context.Warehouse,
            Database = context.Database,
            Schema = context.Schema,
            OneRole = true,
            Timeout = TimeSpan.FromSeconds(Wanted(input, SnowflakeTools.Seconds, Flag(input, SnowflakeTools.Background) ? SnowflakeTools.SecondsAtMost : SnowflakeTools.SecondsByDefault)),
            QueryTag = Tag(asked, admission),
        };

    private static SqlStatement Reading(JsonElement input, int? rowLimit) => new()
    {
        Text = "",
        RequestId = Guid.NewGuid(),
        MaxRows = Math.Min(Wanted(input, SnowflakeTools.MaxRows, SnowflakeTools.RowsByDefault), rowLimit ?? int.MaxValue),
        MaxBytes = SnowflakeTools.CharacterLimit,
    };

    /// <summary>Stands in the account's QUERY_HISTORY beside the statement: it finds the ledger's entries, and they find it.</summary>
    private static string Tag(ActionRequest asked, Admission admission)
    {
        var tag = new JsonObject
        {
            ["app"] = "editorbridge",
            ["v"] = HostApplication.Version,
            ["call"] = admission.CallId,
            ["agent"] = asked.Actor,
            ["session"] = asked.SessionId,
            ["approved_by"] = admission.Person,
        };
        foreach (var name in (string[])["session", "agent", "approved_by"])
            if (tag[name] is null || tag.ToJsonString().Length > LongestTag) tag.Remove(name);
        return tag.ToJsonString();
    }

    private async Task RecordAsync(ActionRequest asked, Admission admission, SqlOutcome outcome, ResultFile? file)
    {
        try
        {
            await ledger.AppendAsync(new AuditDraft
            {
                Kind = EntryKind.ActionOutcome,
                CallId = admission.CallId,
                SessionId = asked.SessionId,
                Actor = asked.Actor,
                Door = GateEntries.Wirename(asked.Door),
                Tool = asked.Tool,
                ToolUseId = asked.ToolUseId,
                Result = outcome switch { SqlFailure { Kind: SqlFailureKind.Canceled } => "cancelled", SqlFailure => "failed", _ => "done" },
                Facts = new JsonObject
                {
                    ["statementHandle"] = outcome.Handle,
                    ["rows"] = (outcome as SqlRows)?.TotalRows,
                    ["code"] = (outcome as SqlFailure)?.Code,
                    ["error"] = (outcome as SqlFailure)?.Message,
                    ["savedTo"] = file?.Path,
                },
            });
        }
        catch (LedgerUnavailableException e)
        {
            // The statement has run and its admission is durable; the missing outcome shows as unknown after the next start.
            LogOutcomeNotRecorded(admission.CallId, e);
        }
    }

    private static string CallerOf(ActionRequest asked) => asked.SessionId ?? asked.Actor;

    private static int Wanted(JsonElement input, string name, int otherwise) =>
        input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : otherwise;

    private static bool Flag(JsonElement input, string name) => input.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.True;

    private static int? Least(int? a, int? b) => a is { } x && b is { } y ? Math.Min(x, y) : a ?? b;

    [LoggerMessage(LogLevel.Error, "The outcome of {CallId} could not be recorded")]
    private partial void LogOutcomeNotRecorded(string callId, Exception exception);

    [LoggerMessage(LogLevel.Information, "Statement {Handle} runs on in the account while the host stops")]
    private partial void LogLeftRunning(string handle);
}
