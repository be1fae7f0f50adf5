using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Faults;
using EditorBridge.Sandbox.Usage;

namespace EditorBridge.Sandbox.Sql;

/// <summary>The SQL API over the sample database.</summary>
internal static class SqlRoom
{
    public static void MapSql(
        this WebApplication app, SandboxOptions options, BearerCheck bearer, AccountDirectory directory, AccountParameters parameters, UsageLog usage, StaleConnections stale)
    {
        var database = new SampleDatabase();
        app.Lifetime.ApplicationStopped.Register(database.Dispose);
        var rules = new AccessRules(directory);
        var engine = new SqlEngine(
            database, rules, directory, parameters, new AccountStatements(directory, parameters), new UsageViews(usage, directory, rules), options.Clock);
        var table = new StatementTable(options.Clock);
        var statements = new StatementsEndpoint(
            bearer, directory, new StatementRunner(engine, table, usage, options.Clock), table, new FaultDesk(), new FaultPlayer(stale, options), options);
        app.MapPost("/api/v2/statements", statements.SubmitAsync);
        app.MapGet("/api/v2/statements/{handle}", statements.PollAsync);
        app.MapPost("/api/v2/statements/{handle}/cancel", statements.CancelAsync);
    }
}
