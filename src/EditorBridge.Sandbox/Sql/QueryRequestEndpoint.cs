using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Sql;

/// <summary><c>/queries/v1/query-request</c>: how the drivers run a statement in a signed-in session. Waits for the result.</summary>
internal sealed partial class QueryRequestEndpoint(SandboxAccount account, StatementRunner runner)
{
    private const int BodyLimit = 4 * 1024 * 1024;
    private readonly ConcurrentDictionary<string, SubmittedStatement> _running = new();

    public async Task RunAsync(HttpContext context)
    {
        var (identity, denied) = account.Bearer.Identify(context);
        if (denied is not null)
        {
            await denied.WriteAsync(context);
            return;
        }

        var (body, unreadable) = await RequestBody.ReadAsync(context, BodyLimit);
        if (unreadable is not null)
        {
            await unreadable.WriteAsync(context);
            return;
        }

        var requestId = context.Request.Query["requestId"].ToString() is { Length: > 0 } given ? given : Guid.NewGuid().ToString();
        try
        {
            var statement = runner.Start(RequestOf(body, identity!), requestId, showNulls: true);
            _running[requestId] = statement;
            var result = await statement.Completion;
            await WriteAsync(context, statement, result, identity!);
        }
        catch (SqlException error)
        {
            await WriteFailureAsync(context, error);
        }
        finally
        {
            _running.TryRemove(requestId, out _);
        }
    }

    public async Task AbortAsync(HttpContext context)
    {
        var (identity, denied) = account.Bearer.Identify(context);
        var (body, unreadable) = await RequestBody.ReadAsync(context, BodyLimit);
        if ((denied ?? unreadable) is { } refusal)
        {
            await refusal.WriteAsync(context);
            return;
        }

        if (_running.TryGetValue(body.Text("requestId") ?? "", out var statement) && statement.Owner == identity!.UserName)
        {
            await statement.Cancellation.CancelAsync();
        }

        await SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteNull("data");
            writer.WriteNull("code");
            writer.WriteNull("message");
            writer.WriteBoolean("success", true);
            writer.WriteEndObject();
        });
    }

    private StatementRequest RequestOf(JsonElement body, Identity identity)
    {
        var statements = SqlLexer.Statements(body.Text("sqlText") ?? "");
        if (statements.Count != 1)
        {
            throw new SqlException("000008", "0A000", $"Actual statement count {statements.Count} did not match the desired statement count 1.");
        }

        var bindings = body.Property("bindings") is not { ValueKind: JsonValueKind.Object } given ? []
            : given.EnumerateObject().Select(field => new SqlBinding(field.Value.Text("type") ?? "TEXT", field.Value.Text("value"))).ToList();
        var tag = body.Property("parameters")?.Text("QUERY_TAG");
        var session = identity.SessionId is { } id ? account.Sessions.Find(id) : null;
        var context = new SqlContext(identity, identity.Role, null, null, AccountDirectory.Warehouse, tag)
        {
            SecondaryRoles = account.Directory.SecondaryRoles(identity.UserName, identity.Role, session?.AllSecondaryRoles),
            IsSetting = session is not null && Sets(session, statements[0]),
        };
        return new StatementRequest(
            statements[0], statements, context, bindings, session?.StatementTimeout ?? 604_800, RowLimit: null, StatementCount: 1);
    }

    private bool Sets(LoginSession session, string statement)
    {
        if (StatementRunner.UseSecondaryRoles().Match(statement) is { Success: true } use)
        {
            account.Sessions.Keep(session with { AllSecondaryRoles = StatementRunner.IsAll(use) });
            return true;
        }

        if (SetTimeout().Match(statement) is { Success: true } limit)
        {
            account.Sessions.Keep(session with { StatementTimeout = int.Parse(limit.Groups["seconds"].Value, System.Globalization.CultureInfo.InvariantCulture) });
            return true;
        }

        return false;
    }

    [GeneratedRegex(@"^\s*ALTER\s+SESSION\s+SET\s+STATEMENT_TIMEOUT_IN_SECONDS\s*=\s*(?<seconds>[1-9]\d{0,5})\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex SetTimeout();

    private static Task WriteAsync(HttpContext context, SubmittedStatement statement, StatementResult result, Identity identity) =>
        SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("data");
            writer.WriteStartArray("parameters");
            writer.WriteEndArray();
            writer.WriteStartArray("rowtype");
            foreach (var column in result.Columns)
            {
                writer.WriteStartObject();
                writer.WriteString("name", column.Name);
                writer.WriteString("type", column.Type);
                writer.WriteNumber("scale", column.Scale ?? 0);
                writer.WriteNumber("precision", column.Precision ?? 0);
                writer.WriteNumber("length", column.Length ?? 0);
                writer.WriteBoolean("nullable", column.Nullable);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
            writer.WritePropertyName("rowset");
            JsonSerializer.Serialize(writer, result.Rows, SandboxJson.Options);
            writer.WriteNumber("total", result.Rows.Count);
            writer.WriteNumber("returned", result.Rows.Count);
            writer.WriteString("queryId", statement.Handle);
            writer.WriteString("finalRoleName", identity.Role);
            writer.WriteString("finalWarehouseName", AccountDirectory.Warehouse);
            writer.WriteString("queryResultFormat", "json");
            writer.WriteEndObject();
            writer.WriteNull("code");
            writer.WriteNull("message");
            writer.WriteBoolean("success", true);
            writer.WriteEndObject();
        });

    private static Task WriteFailureAsync(HttpContext context, SqlException error) => SandboxJson.WriteAsync(context, 200, writer =>
    {
        writer.WriteStartObject();
        writer.WriteStartObject("data");
        writer.WriteString("errorCode", error.Code);
        writer.WriteString("sqlState", error.SqlState);
        writer.WriteEndObject();
        writer.WriteString("code", error.Code);
        writer.WriteString("message", error.Message);
        writer.WriteBoolean("success", false);
        writer.WriteEndObject();
    });
}
