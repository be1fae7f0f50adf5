using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Faults;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Sql;

/// <summary><c>/api/v2/statements</c>: submit, poll, page through the result, cancel.</summary>
internal sealed partial class StatementsEndpoint(
    SandboxAccount account, StatementRunner runner, StatementTable table, FaultDesk faults, FaultPlayer player)
{
    private const int BodyLimit = 4 * 1024 * 1024;
    private static readonly string[] SubmitOptions = ["requestId", "async", "nullable", "retry"];
    private readonly StatementAnswers _answers = new(account.Options.SqlPartitionRows);

    public async Task SubmitAsync(HttpContext context)
    {
        var (identity, denied) = account.Bearer.Identify(context, sessionAllowed: false);
        if ((denied ?? WrongHead(context)) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        var (body, unreadable) = await RequestBody.ReadAsync(context, BodyLimit);
        if (unreadable is not null)
        {
            await unreadable.WriteAsync(context);
            return;
        }

        var text = body.Text("statement") ?? "";
        var (fault, mistake) = faults.For(context.Request.Headers[FaultDesk.Header], null, CommentMark().Replace(text, ""), text);
        if (mistake is not null)
        {
            await SnowflakeError.InvalidRequest(mistake).WriteAsync(context);
        }
        else if (!await player.PlayBeforeAnswerAsync(context, fault, maxTokens: null, model: null))
        {
            await SubmitAsync(context, identity!, body);
        }
    }

    public async Task PollAsync(HttpContext context)
    {
        if (await FoundAsync(context) is not { } statement)
        {
            return;
        }

        var partition = int.TryParse(context.Request.Query["partition"], out var index) ? index : 0;
        if (!statement.Completion.IsCompleted)
        {
            await StatementAnswers.WriteRunningAsync(context, statement);
        }
        else
        {
            await WriteFinishedAsync(context, statement, partition);
        }
    }

    public async Task CancelAsync(HttpContext context)
    {
        if (await FoundAsync(context) is not { } statement)
        {
            return;
        }

        await statement.Cancellation.CancelAsync();
        await StatementAnswers.WriteCanceledAsync(context, statement);
    }

    private async Task SubmitAsync(HttpContext context, Identity identity, System.Text.Json.JsonElement body)
    {
        var query = context.Request.Query;
        var requestId = query["requestId"].ToString() is { Length: > 0 } given ? given : Guid.NewGuid().ToString();
        if (query["retry"] == "true" && table.FindRequest(requestId, identity.UserName) is { } first)
        {
            await AnswerAsync(context, first, async: false);
            return;
        }

        StatementRequest? request;
        SnowflakeError? error;
        try
        {
            (request, error) = StatementRequest.Read(body, identity, account.Directory);
        }
        catch (SqlException unreadable)
        {
            await StatementAnswers.WriteFailureAsync(context, unreadable, statement: null);
            return;
        }

        if (error is not null)
        {
            await error.WriteAsync(context);
            return;
        }

        if (request!.StatementCount > 0 && request.Statements.Count != request.StatementCount)
        {
            await StatementAnswers.WriteFailureAsync(context, new SqlException(
                "000008", "0A000",
                $"Actual statement count {request.Statements.Count} did not match the desired statement count {request.StatementCount}."), statement: null);
            return;
        }

        var statement = runner.Start(request, requestId, showNulls: query["nullable"] != "false");
        await AnswerAsync(context, statement, async: query["async"] == "true");
    }

    /// <summary>Answers with the result if it comes in time, else with 202.</summary>
    private async Task AnswerAsync(HttpContext context, SubmittedStatement statement, bool async)
    {
        if (!async)
        {
            using var waited = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
            await Task.WhenAny(statement.Completion, Task.Delay(account.Options.SqlSyncWait, account.Options.Clock, waited.Token));
            await waited.CancelAsync();
        }

        if (async || !statement.Completion.IsCompleted)
        {
            await StatementAnswers.WriteRunningAsync(context, statement);
        }
        else
        {
            await WriteFinishedAsync(context, statement, partition: 0);
        }
    }

    private async Task WriteFinishedAsync(HttpContext context, SubmittedStatement statement, int partition)
    {
        try
        {
            var result = await statement.Completion;
            await (partition > 0
                ? _answers.WritePartitionAsync(context, statement, result, partition)
                : _answers.WriteResultAsync(context, statement, result));
        }
        catch (SqlException error)
        {
            await StatementAnswers.WriteFailureAsync(context, error, statement);
        }
    }

    private async Task<SubmittedStatement?> FoundAsync(HttpContext context)
    {
        var (identity, denied) = account.Bearer.Identify(context, sessionAllowed: false);
        if (denied is not null)
        {
            await denied.WriteAsync(context);
            return null;
        }

        var handle = (string)context.Request.RouteValues["handle"]!;
        if (table.Find(handle, identity!.UserName) is { } statement)
        {
            return statement;
        }

        await StatementAnswers.WriteNotFoundAsync(context, handle);
        return null;
    }

    private static SnowflakeError? WrongHead(HttpContext context)
    {
        if (context.Request.Headers.UserAgent.Count == 0)
        {
            return SnowflakeError.InvalidPayload("The User-Agent header is required.");
        }

        return context.Request.Query.Keys.FirstOrDefault(key => !SubmitOptions.Contains(key)) is { } unknown
            ? SnowflakeError.InvalidPayload($"Unknown query parameter '{unknown}'.")
            : null;
    }

    [GeneratedRegex(@"^\s*--\s*", RegexOptions.Multiline)]
    private static partial Regex CommentMark();
}
