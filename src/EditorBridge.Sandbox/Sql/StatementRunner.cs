using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Usage;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Starts submitted statements, keeps them by handle, and notes each one in the history.</summary>
internal sealed partial class StatementRunner(SqlEngine engine, AccountDirectory directory, StatementTable table, UsageLog log, TimeProvider clock)
{
    public SubmittedStatement Start(StatementRequest request, string requestId, bool showNulls)
    {
        var cancellation = new CancellationTokenSource(TimeSpan.FromSeconds(request.TimeoutSeconds), clock);
        if (request.Statements.Count == 1)
        {
            var handle = StatementTable.NewHandle();
            var single = new SubmittedStatement(handle, requestId, request.Context.Identity.UserName, clock.GetUtcNow(), showNulls, request.TimeoutSeconds)
            {
                Completion = RunAsync(request, request.Context, request.Statements[0], handle, cancellation.Token),
                Cancellation = cancellation,
            };
            table.Add(single);
            return single;
        }

        return StartMany(request, requestId, showNulls, cancellation);
    }

    /// <summary>
    /// Runs the statements one after another in one session; the parent answers with a row per child and names their handles. It fails with
    /// one code whatever failed, as the account's does, and with the statement's own error inside its text.
    /// </summary>
    private SubmittedStatement StartMany(StatementRequest request, string requestId, bool showNulls, CancellationTokenSource cancellation)
    {
        var owner = request.Context.Identity.UserName;
        var session = request.Context;
        var previous = SqlEngine.HasWarehouse(session) ? Task.FromResult(StatementResult.Status("")) : Task.FromException<StatementResult>(SqlException.NoWarehouse());
        var children = new List<(string Statement, Task<StatementResult> Completion, string Handle)>();
        foreach (var statement in request.Statements)
        {
            var handle = StatementTable.NewHandle();
            previous = AfterAsync(previous, async () =>
            {
                if (UseSecondaryRoles().Match(statement) is not { Success: true } use)
                {
                    return await RunAsync(request, session, statement, handle, cancellation.Token);
                }

                session = session with { SecondaryRoles = session.Identity.RoleIsFixed ? [] : directory.SecondaryRoles(session.Identity.UserName, session.Role, IsAll(use)) };
                Note(session, statement, "USE", handle, clock.GetUtcNow(), failure: null, rows: 1);
                return StatementResult.Status("Statement executed successfully.");
            });
            table.Add(new SubmittedStatement(handle, Guid.NewGuid().ToString(), owner, clock.GetUtcNow(), showNulls, request.TimeoutSeconds)
            {
                Completion = previous,
                Cancellation = cancellation,
            });
            children.Add((statement, previous, handle));
        }

        var own = StatementTable.NewHandle();
        var parent = new SubmittedStatement(own, requestId, owner, clock.GetUtcNow(), showNulls, request.TimeoutSeconds)
        {
            Completion = ParentAsync(request, own, children),
            Cancellation = cancellation,
            Children = [.. children.Select(child => child.Handle)],
        };
        table.Add(parent);
        return parent;
    }

    private async Task<StatementResult> ParentAsync(StatementRequest request, string handle, List<(string Statement, Task<StatementResult> Completion, string Handle)> children)
    {
        var started = clock.GetUtcNow();
        SqlException? failure = null;
        var position = 0;
        try
        {
            foreach (var (statement, completion, _) in children)
            {
                position = request.Text.IndexOf(statement, position, StringComparison.Ordinal);
                try
                {
                    await completion;
                }
                // What stops the request as a whole is told as such.
                catch (SqlException error) when (error.Code is not ("000604" or "000606" or "000630"))
                {
                    throw SqlException.OfSeveral(statement, request.Text[..position].Count(letter => letter == '\n') + 1, position, error);
                }
            }

            return StatementResult.OfTexts(["multiple statement execution"], [["Multiple statements executed successfully."]]);
        }
        catch (SqlException error)
        {
            failure = error;
            throw;
        }
        finally
        {
            Note(request.Context, request.Text, "MULTI_STATEMENT", handle, started, failure, rows: failure is null ? 1 : 0);
        }
    }

    public static bool IsAll(Match use) => use.Groups["which"].Value.Equals("ALL", StringComparison.OrdinalIgnoreCase);

    private static async Task<StatementResult> AfterAsync(Task<StatementResult> previous, Func<Task<StatementResult>> next)
    {
        await previous;
        return await next();
    }

    private async Task<StatementResult> RunAsync(StatementRequest request, SqlContext context, string statement, string handle, CancellationToken cancellationToken)
    {
        var started = clock.GetUtcNow();
        StatementResult? result = null;
        SqlException? failure = null;
        try
        {
            return result = await engine.RunAsync(statement, context, request.Bindings, request.RowLimit, cancellationToken);
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
            Note(context, statement, TypeOf(statement), handle, started, failure, result?.Rows.Count ?? 0);
        }
    }

    private void Note(SqlContext context, string text, string type, string handle, DateTimeOffset started, SqlException? failure, int rows) => log.Add(new StatementRow(
        handle, text, context.QueryTag, type, context.Identity.UserName, context.Role, context.Warehouse, context.Database, context.Schema,
        failure?.Code, failure?.Message, started, clock.GetUtcNow(), rows, context.Identity.AgentType));

    /// <summary>A statement that was stopped because its time was over says so.</summary>
    private SqlException Final(SqlException error, DateTimeOffset started, int timeoutSeconds) =>
        error.Code is "000604" && clock.GetUtcNow() - started >= TimeSpan.FromSeconds(timeoutSeconds) ? SqlException.Timeout(timeoutSeconds) : error;

    // USE is taken only where several statements make one session.
    [GeneratedRegex(@"^\s*USE\s+SECONDARY\s+ROLES\s+(?<which>NONE|ALL)\s*$", RegexOptions.IgnoreCase)]
    public static partial Regex UseSecondaryRoles();

    private static string TypeOf(string statement)
    {
        var words = SqlLexer.Cut(statement).Where(token => token.Kind == SqlTokenKind.Word).Select(token => token.Text.ToUpperInvariant()).Take(4).ToList();
        return words is ["CREATE" or "DROP" or "ALTER", ..]
            ? $"{words[0]}_{words.Skip(1).FirstOrDefault(word => word is not ("OR" or "REPLACE" or "TRANSIENT" or "SECURE")) ?? ""}"
            : words.FirstOrDefault() switch { "WITH" => "SELECT", { } word => word, null => "UNKNOWN" };
    }
}
