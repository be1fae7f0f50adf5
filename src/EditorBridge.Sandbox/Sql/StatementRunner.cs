using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Usage;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Starts submitted statements, keeps them by handle, and notes each one in the history.</summary>
internal sealed partial class StatementRunner(SqlEngine engine, StatementTable table, UsageLog log, TimeProvider clock)
{
    public SubmittedStatement Start(StatementRequest request, string requestId, bool showNulls)
    {
        var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(request.TimeoutSeconds), clock);
        if (request.Statements.Count == 1)
        {
            var handle = StatementTable.NewHandle();
            var single = new SubmittedStatement(handle, requestId, request.Context.Identity.UserName, clock.GetUtcNow(), showNulls, request.TimeoutSeconds)
            {
                Completion = RunAsync(request, request.Statements[0], handle, cancellation.Token),
                Cancellation = cancellation,
            };
            table.Add(single);
            return single;
        }

        return StartMany(request, requestId, showNulls, cancellation);
    }

    /// <summary>Runs the statements one after another; the parent answers with a row per child and names their handles.</summary>
    private SubmittedStatement StartMany(StatementRequest request, string requestId, bool showNulls, CancellationTokenSource cancellation)
    {
        var owner = request.Context.Identity.UserName;
        var handles = request.Statements.Select(_ => StatementTable.NewHandle()).ToList();
        var previous = Task.FromResult(StatementResult.Status(""));
        foreach (var (handle, statement) in handles.Zip(request.Statements))
        {
            previous = AfterAsync(previous, () => SecondaryRoles().IsMatch(statement)
                ? Task.FromResult(StatementResult.Status("Statement executed successfully."))
                : RunAsync(request, statement, handle, cancellation.Token));
            table.Add(new SubmittedStatement(handle, Guid.NewGuid().ToString(), owner, clock.GetUtcNow(), showNulls, request.TimeoutSeconds)
            {
                Completion = previous,
                Cancellation = cancellation,
            });
        }

        var parent = new SubmittedStatement(StatementTable.NewHandle(), requestId, owner, clock.GetUtcNow(), showNulls, request.TimeoutSeconds)
        {
            Completion = AfterAsync(previous, () => Task.FromResult(
                StatementResult.OfTexts(["multiple statement execution"], [["Multiple statements executed successfully."]]))),
            Cancellation = cancellation,
            Children = handles,
        };
        table.Add(parent);
        return parent;
    }

    private static async Task<StatementResult> AfterAsync(Task<StatementResult> previous, Func<Task<StatementResult>> next)
    {
        await previous;
        return await next();
    }

    private async Task<StatementResult> RunAsync(StatementRequest request, string statement, string handle, CancellationToken cancellationToken)
    {
        var started = clock.GetUtcNow();
        StatementResult? result = null;
        SqlException? failure = null;
        try
        {
            return result = await engine.RunAsync(statement, request.Context, request.Bindings, request.RowLimit, cancellationToken);
        }
        catch (SqlException error)
        {
            failure = Final(error, started, request.TimeoutSeconds);
            throw failure;
        }
        catch (OperationCanceledException)
        {
            failure = Final(SqlException.Canceled(), started, request.TimeoutSeconds);
            throw failure;
        }
        // The boundary of the engine: whatever a statement sets off in it, the caller gets an error of the account and not a broken answer.
#pragma warning disable CA1031 // The engine under the sandbox may fail in ways that no list of exceptions covers.
        catch (Exception error)
#pragma warning restore CA1031
        {
            failure = new SqlException("000603", "XX000", $"SQL execution internal error: {error.GetType().Name}: {error.Message.Split('\n')[0]}");
            throw failure;
        }
        finally
        {
            var context = request.Context;
            log.Add(new StatementRow(
                handle, statement, context.QueryTag, TypeOf(statement), context.Identity.UserName, context.Role, context.Warehouse, context.Database, context.Schema,
                failure?.Code, failure?.Message, started, clock.GetUtcNow(), result?.Rows.Count ?? 0, context.Identity.AgentType));
        }
    }

    /// <summary>A statement that was stopped because its time was over says so.</summary>
    private SqlException Final(SqlException error, DateTimeOffset started, int timeoutSeconds) =>
        error.Code is "000604" && clock.GetUtcNow() - started >= TimeSpan.FromSeconds(timeoutSeconds) ? SqlException.Timeout(timeoutSeconds) : error;

    // USE is taken only where several statements make one session. Nobody has secondary roles here, so there is nothing to switch.
    [GeneratedRegex(@"^\s*USE\s+SECONDARY\s+ROLES\s+(?:NONE|ALL)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex SecondaryRoles();

    private static string TypeOf(string statement)
    {
        var words = SqlLexer.Cut(statement).Where(token => token.Kind == SqlTokenKind.Word).Select(token => token.Text.ToUpperInvariant()).Take(4).ToList();
        return words is ["CREATE" or "DROP" or "ALTER", ..]
            ? $"{words[0]}_{words.Skip(1).FirstOrDefault(word => word is not ("OR" or "REPLACE" or "TRANSIENT" or "SECURE")) ?? ""}"
            : words.FirstOrDefault() switch { "WITH" => "SELECT", { } word => word, null => "UNKNOWN" };
    }
}
