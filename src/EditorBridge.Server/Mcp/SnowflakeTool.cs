using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Sql;

namespace EditorBridge.Mcp;

/// <summary>
/// A tool that ends in one SQL statement. The statement is worked out from the input before the gate is asked, by the same code that runs it,
/// so what is judged is what runs.
/// </summary>
/// <param name="Name">As listed; an agent sees it behind its server's prefix (<c>mcp__editorbridge__execute_sql</c>).</param>
/// <param name="ReadOnly">An annotation for clients; the gate does not believe it.</param>
/// <param name="Parameters">Name, description, and whether it must be given.</param>
/// <param name="Statement">The statement for an input, or a sentence saying why there is none.</param>
internal sealed record SnowflakeTool(
    string Name, string Title, string Description, bool ReadOnly, (string Name, string Description, bool Required)[] Parameters, Func<JsonElement, StatementOrProblem> Statement)
{
    public JsonElement InputSchema { get; } = JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = new JsonObject(Parameters.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)new JsonObject
        {
            ["type"] = p.Name == SnowflakeTools.MaxRows ? "integer" : "string",
            ["description"] = p.Description,
        }))),
        ["required"] = new JsonArray([.. Parameters.Where(p => p.Required).Select(p => (JsonNode?)p.Name)]),
        ["additionalProperties"] = false,
    });
}

/// <summary>One of the two is there.</summary>
internal readonly record struct StatementOrProblem(string? Sql, string? Problem);

/// <summary>The gateway's own tools on the account.</summary>
internal static class SnowflakeTools
{
    public const string MaxRows = "max_rows";

    /// <summary>Rows one answer holds at most; more are counted, not sent.</summary>
    public const int RowLimit = 1000;

    private static readonly (string, string, bool) Database = ("database", "Name of the database.", true);
    private static readonly (string, string, bool) Schema = ("schema", "Name of the schema.", true);

    public static IReadOnlyList<SnowflakeTool> All { get; } =
    [
        new("execute_sql", "Run SQL", "Runs one Snowflake SQL statement under your role. Every statement is judged first; a person may have to approve it.", ReadOnly: false,
            [("sql", "One statement.", true), (MaxRows, $"Rows to return, at most {RowLimit}.", false)], One),
        new("explain_sql", "Explain SQL", "Shows the plan of one statement without running it.", ReadOnly: true,
            [("sql", "One statement.", true)], input => One(input) is { Sql: { } sql } ? new($"EXPLAIN USING TEXT {sql}", null) : One(input)),
        new("list_databases", "List databases", "Lists the databases your role can see.", ReadOnly: true, [], _ => new("SHOW DATABASES", null)),
        new("list_schemas", "List schemas", "Lists the schemas of a database.", ReadOnly: true, [Database],
            input => Named(input, "SHOW SCHEMAS IN DATABASE {0}", "database")),
        new("list_tables", "List tables", "Lists the tables of a schema, with rows and bytes.", ReadOnly: true, [Database, Schema],
            input => Named(input, "SHOW TABLES IN SCHEMA {0}.{1}", "database", "schema")),
        new("list_views", "List views", "Lists the views of a schema.", ReadOnly: true, [Database, Schema],
            input => Named(input, "SHOW VIEWS IN SCHEMA {0}.{1}", "database", "schema")),
        new("describe_table", "Describe a table or view", "Lists the columns of a table or view.", ReadOnly: true, [Database, Schema, ("table", "Name of the table or view.", true)],
            input => Named(input, "DESCRIBE TABLE {0}.{1}.{2}", "database", "schema", "table")),
        new("list_warehouses", "List warehouses", "Lists the warehouses your role can see.", ReadOnly: true, [], _ => new("SHOW WAREHOUSES", null)),
        new("get_connection", "Check the connection", "Says who you are in the account: user, role, warehouse.", ReadOnly: true, [],
            _ => new("SELECT CURRENT_ACCOUNT() AS ACCOUNT, CURRENT_USER() AS USER_NAME, CURRENT_ROLE() AS ROLE_NAME, CURRENT_WAREHOUSE() AS WAREHOUSE", null)),
    ];

    // What was classified is what runs: the one statement's own span, not the caller's string around it.
    private static StatementOrProblem One(JsonElement input)
    {
        if (Text(input, "sql") is not { } sql) return new(null, "The input needs 'sql', a string.");
        var statements = SqlAnalyzer.Analyze(sql).Statements;
        return statements.Length switch
        {
            1 => new(sql.Substring(statements[0].Span.Start, statements[0].Span.Length).Trim().TrimEnd(';'), null),
            0 => new(null, "There is no statement in 'sql'. Nothing was run."),
            var count => new(null, $"'sql' holds {count} statements, and one call runs one. Nothing was run; call the tool once for each."),
        };
    }

    private static StatementOrProblem Named(JsonElement input, string format, params string[] names)
    {
        var parts = new string[names.Length];
        for (var i = 0; i < names.Length; i++)
        {
            if (Text(input, names[i]) is not { Length: > 0 } name) return new(null, $"The input needs '{names[i]}', a string.");
            parts[i] = Quoted(name);
        }

        return new(string.Format(System.Globalization.CultureInfo.InvariantCulture, format, parts), null);
    }

    // A plain name means what it means in SQL, upper-cased by the account; everything else is quoted whole.
    private static string Quoted(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0]) ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    private static string? Text(JsonElement input, string name) => Gate.ToolInput.Text(input, name);
}
