using System.Text.RegularExpressions;
using DuckDB.NET.Data;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Usage;

namespace EditorBridge.Sandbox.Sql;

/// <summary>
/// Views whose rows the account makes itself: SNOWFLAKE.ACCOUNT_USAGE and INFORMATION_SCHEMA. They are filled when a query names them,
/// in a temporary table of that query's own connection, so that what one caller sees never shows to another.
/// </summary>
internal sealed partial class UsageViews(UsageLog log, AccountDirectory directory, AccessRules rules)
{
    /// <summary>The table function for a session's own recent statements becomes a name this class knows.</summary>
    public static string WithLiveHistory(string statement) =>
        LiveHistory().Replace(statement, "SNOWFLAKE.INFORMATION_SCHEMA.QUERY_HISTORY");

    /// <summary>The table functions that a query may name, turned into names this class knows.</summary>
    public string WithTableFunctions(DuckDBConnection connection, string statement, SqlContext context) => TagReferences().Replace(WithLiveHistory(statement), match =>
    {
        var parts = SqlLexer.Cut(match.Groups["object"].Value).Where(token => token.IsName).Select(token => token.Name).ToList();
        var name = ObjectName.Of(parts, context);
        rules.Demand(connection, context, name, Access.Read);
        return $"(SELECT * FROM SNOWFLAKE.INFORMATION_SCHEMA.TAG_REFERENCES_ALL_COLUMNS WHERE OBJECT_DATABASE = '{name.Database}' AND OBJECT_SCHEMA = '{name.Schema}' AND OBJECT_NAME = '{name.Name}')";
    });

    /// <returns>The temporary table to read instead, or null when the object is an ordinary one.</returns>
    public ObjectName? Load(DuckDBConnection connection, ObjectName name, SqlContext context)
    {
        var rows = (name.Schema, name.Name) switch
        {
            ("INFORMATION_SCHEMA", "QUERY_HISTORY") => log.LiveStatements.Where(row => row.UserName == context.Identity.UserName).Select(Statement),
            ("INFORMATION_SCHEMA", "TABLES") => Tables(connection, name.Database, context),
            ("INFORMATION_SCHEMA", "COLUMNS") => Columns(connection, name.Database, context),
            ("INFORMATION_SCHEMA", "SCHEMATA") => rules.Schemas(connection, context.Roles).Where(schema => schema.Database == name.Database)
                .Select(schema => new object?[] { schema.Database, schema.Schema, "ACCOUNTADMIN" }),
            ("INFORMATION_SCHEMA", "TAG_REFERENCES_ALL_COLUMNS") => Tags(connection, context),
            ("INFORMATION_SCHEMA", _) => throw SqlException.NotFound("Object", name.ToString()),
            ("ACCOUNT_USAGE", "QUERY_HISTORY") => log.Statements.Select(Statement),
            ("ACCOUNT_USAGE", "CORTEX_REST_API_USAGE_HISTORY") => log.Inference.Where(row => !row.ByGateway).Select(Inference),
            ("ACCOUNT_USAGE", "AI_GATEWAY_USAGE_HISTORY") => log.Inference.Where(row => row.ByGateway).Select(GatewayInference),
            ("ACCOUNT_USAGE", "OBJECT_DEPENDENCIES") => Dependencies(connection),
            ("ACCOUNT_USAGE", "USERS") => directory.Users.Select(user =>
                new object?[] { user.Id, user.Name, user.Name, user.Type.ToString().ToUpperInvariant(), user.DefaultRole }),
            _ => null,
        };
        if (rows is null)
        {
            return null;
        }

        var temporary = new ObjectName("temp", "main", $"{name.Schema}_{name.Name}");
        Fill(connection, temporary, Shape(name), [.. rows]);
        return temporary;
    }

    private static string Shape(ObjectName name) => (name.Schema, name.Name) switch
    {
        ("INFORMATION_SCHEMA", "TABLES") =>
            "SELECT '' AS TABLE_CATALOG, '' AS TABLE_SCHEMA, '' AS TABLE_NAME, '' AS TABLE_OWNER, '' AS TABLE_TYPE, 0::BIGINT AS ROW_COUNT",
        ("INFORMATION_SCHEMA", "COLUMNS") =>
            "SELECT '' AS TABLE_CATALOG, '' AS TABLE_SCHEMA, '' AS TABLE_NAME, '' AS COLUMN_NAME, 0::BIGINT AS ORDINAL_POSITION, '' AS DATA_TYPE, '' AS IS_NULLABLE",
        ("INFORMATION_SCHEMA", "TAG_REFERENCES_ALL_COLUMNS") =>
            "SELECT '' AS TAG_DATABASE, '' AS TAG_SCHEMA, '' AS TAG_NAME, '' AS TAG_VALUE, '' AS \"LEVEL\", '' AS OBJECT_DATABASE, '' AS OBJECT_SCHEMA, '' AS OBJECT_NAME, '' AS DOMAIN, '' AS COLUMN_NAME",
        ("INFORMATION_SCHEMA", "SCHEMATA") => "SELECT '' AS CATALOG_NAME, '' AS SCHEMA_NAME, '' AS SCHEMA_OWNER",
        (_, var view) => $"SELECT * FROM SNOWFLAKE.ACCOUNT_USAGE.{view}",
    };

    private static void Fill(DuckDBConnection connection, ObjectName table, string shape, IReadOnlyList<object?[]> rows)
    {
        SampleDatabase.Execute(connection, $"CREATE OR REPLACE TEMP TABLE \"{table.Name}\" AS SELECT * FROM ({shape}) WHERE false");
        foreach (var row in rows)
        {
            using var command = connection.CreateCommand();
            command.CommandText = $"INSERT INTO temp.main.\"{table.Name}\" VALUES ({string.Join(", ", row.Select((_, index) => $"${index + 1}"))})";
            foreach (var value in row)
            {
                command.Parameters.Add(new DuckDBParameter(value!));
            }

            command.ExecuteNonQuery();
        }
    }

    private IEnumerable<object?[]> Tables(DuckDBConnection connection, string database, SqlContext context) =>
        rules.Visible(connection, context.Roles).Where(table => table.Name.Database == database).Select(table => new object?[]
        {
            table.Name.Database, table.Name.Schema, table.Name.Name, "ACCOUNTADMIN", table.IsView ? "VIEW" : "BASE TABLE", table.Rows,
        });

    private IEnumerable<object?[]> Columns(DuckDBConnection connection, string database, SqlContext context) =>
        rules.Visible(connection, context.Roles).Where(table => table.Name.Database == database)
            .SelectMany(table => DescribeStatements.Columns(connection, table.Name).Select((column, index) => new object?[]
            {
                table.Name.Database, table.Name.Schema, table.Name.Name, column.Name, index + 1L, column.Type.Split('(')[0], column.Nullable ? "YES" : "NO",
            }));

    private IEnumerable<object?[]> Tags(DuckDBConnection connection, SqlContext context) =>
        from table in rules.Visible(connection, context.Roles)
        let tagged = SampleDatabase.TaggedColumns.GetValueOrDefault((table.Name.Database, table.Name.Schema, table.Name.Name), [])
        from column in tagged
        select new object?[] { "RAW", "PUBLIC", "PII", column.Value, "COLUMN", table.Name.Database, table.Name.Schema, table.Name.Name, "COLUMN", column.Column };

    /// <summary>Which view reads which table or view, by the text of the views.</summary>
    private static List<object?[]> Dependencies(DuckDBConnection connection)
    {
        var catalog = AccessRules.Catalog(connection);
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT database_name, schema_name, view_name, sql FROM duckdb_views() WHERE NOT internal AND NOT temporary ORDER BY 1, 2, 3";
        using var reader = command.ExecuteReader();
        var rows = new List<object?[]>();
        while (reader.Read())
        {
            var view = new ObjectName(reader.GetString(0), reader.GetString(1), reader.GetString(2));
            var text = reader.GetString(3).Replace("\"", "", StringComparison.Ordinal);
            rows.AddRange(catalog.Where(table => table.Name != view && Regex.IsMatch(text, $@"\b{Regex.Escape(table.Name.ToString())}\b", RegexOptions.IgnoreCase))
                .Select(table => new object?[]
                {
                    table.Name.Database, table.Name.Schema, table.Name.Name, table.IsView ? "VIEW" : "TABLE", view.Database, view.Schema, view.Name, "VIEW", "BY_NAME",
                }));
        }

        return rows;
    }

    private object?[] Inference(InferenceRow row)
    {
        var input = row.Usage.InputTokens + row.Usage.CacheCreationInputTokens + row.Usage.CacheReadInputTokens;
        return
        [
            row.Start.UtcDateTime, row.End.UtcDateTime, row.RequestId, row.Model, (long)(input + row.Usage.OutputTokens),
            $$"""{"input":{{input}},"output":{{row.Usage.OutputTokens}}}""", directory.User(row.UserName)?.Id ?? "", row.Region,
        ];
    }

    private object?[] GatewayInference(InferenceRow row)
    {
        var input = row.Usage.InputTokens + row.Usage.CacheCreationInputTokens + row.Usage.CacheReadInputTokens;
        return
        [
            row.Start.UtcDateTime, row.End.UtcDateTime, row.RequestId, "SNOWFLAKE", 1L, directory.User(row.UserName)?.Id ?? "", "AI_INFERENCE",
            $$$"""{"{{{row.Model}}}":{"input_tokens":{{{input}}},"output_tokens":{{{row.Usage.OutputTokens}}}}}""", 0.0, "{}", "{}",
        ];
    }

    private static object?[] Statement(StatementRow row) =>
    [
        row.QueryId, row.Text, row.Tag, row.Type, row.UserName, row.RoleName, row.Warehouse, row.Database, row.Schema, 1L,
        row.ErrorCode is null ? "SUCCESS" : "FAIL", row.ErrorCode, row.ErrorMessage, row.Start.UtcDateTime, row.End.UtcDateTime,
        (long)(row.End - row.Start).TotalMilliseconds, 0L, row.Rows, row.AgentType,
    ];

    [GeneratedRegex(@"\bTABLE\s*\(\s*(?:[\w$""]+\.)?INFORMATION_SCHEMA\.TAG_REFERENCES_ALL_COLUMNS\s*\(\s*'(?<object>[^']+)'\s*,\s*'TABLE'\s*\)\s*\)", RegexOptions.IgnoreCase)]
    private static partial Regex TagReferences();

    [GeneratedRegex(@"\bTABLE\s*\(\s*(?:\w+\.)?INFORMATION_SCHEMA\.QUERY_HISTORY(?:_BY_\w+)?\s*\([^()]*\)\s*\)", RegexOptions.IgnoreCase)]
    private static partial Regex LiveHistory();
}
