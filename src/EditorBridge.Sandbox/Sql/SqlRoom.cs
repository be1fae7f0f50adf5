using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Faults;

namespace EditorBridge.Sandbox.Sql;

/// <summary>The SQL API, and the drivers' own protocol, over the sample database.</summary>
internal static class SqlRoom
{
    public static void MapSql(this WebApplication app, SandboxAccount account)
    {
        var database = new SampleDatabase();
        app.Lifetime.ApplicationStopped.Register(database.Dispose);
        var clock = account.Options.Clock;
        var rules = new AccessRules(account.Directory);
        var accountStatements = new AccountStatements(account.Directory, account.Parameters, account.Rights, new PatStatements(account.Tokens, account.Directory, clock));
        var engine = new SqlEngine(
            database, rules, account.Directory, account.Parameters, accountStatements, new UsageViews(account.Usage, account.Directory, rules), clock);
        var table = new StatementTable(clock);
        var runner = new StatementRunner(engine, account.Directory, table, account.Usage, clock);

        var statements = new StatementsEndpoint(account, runner, table, new FaultDesk(), new FaultPlayer(account.Stale, account.Options));
        app.MapPost("/api/v2/statements", statements.SubmitAsync);
        app.MapGet("/api/v2/statements/{handle}", statements.PollAsync);
        app.MapPost("/api/v2/statements/{handle}/cancel", statements.CancelAsync);

        var queries = new QueryRequestEndpoint(account, runner);
        app.MapPost("/queries/v1/query-request", queries.RunAsync);
        app.MapPost("/queries/v1/abort-request", queries.AbortAsync);
    }
}
