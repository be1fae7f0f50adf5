using System.Text.RegularExpressions;
using DuckDB.NET.Data;
using EditorBridge.Sandbox.Auth;

namespace EditorBridge.Sandbox.Sql;

/// <param name="Type">Snowflake's spelling of the column's type.</param>
internal sealed record TableColumn(string Name, string Type, bool Nullable);

/// <summary>DESCRIBE of a database, a schema, a table, a view, a warehouse, a user, the built-in OAuth integration, or the AI Gateway.</summary>
internal sealed partial class DescribeStatements(DuckDBConnection connection, SqlContext context, AccessRules rules, AccountDirectory directory)
{
    private const string CreatedOn = "2025-01-01 00:00:00.000 +0000";

    public StatementResult Run(string statement)
    {
        var match = Head().Match(statement);
        if (!match.Success)
        {
            throw SqlException.Syntax(1, 9, "<EOF>");
        }

        var name = match.Groups["name"].Value;
        return match.Groups["kind"].Value.ToUpperInvariant() switch
        {
            "USER" => User(name),
            "DATABASE" => Database(name),
            "SCHEMA" => Schema(name),
            "WAREHOUSE" => Warehouse(name),
            var kind when kind.StartsWith("SECURITY", StringComparison.Ordinal) => Integration(name),
            var kind when kind.StartsWith("AI", StringComparison.Ordinal) => StatementResult.OfTexts(
                ["property", "value"], [["endpoint", "/api/v2/aigateways/SNOWFLAKE"], ["models", "*"], ["logging", "enabled"]]),
            _ => Table(name),
        };
    }

    /// <summary>The full name of an object the role can see.</summary>
    public static ObjectName Resolve(string text, SqlContext context, AccessRules rules, DuckDBConnection connection)
    {
        var name = ObjectName.Of([.. SqlLexer.Cut(text).Where(token => token.IsName).Select(token => token.Name)], context);
        rules.Demand(connection, context, name, Access.Read);
        return name;
    }

    public static IReadOnlyList<TableColumn> Columns(DuckDBConnection connection, ObjectName table)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            "SELECT column_name, data_type, is_nullable FROM duckdb_columns() WHERE database_name = $1 AND schema_name = $2 AND table_name = $3 ORDER BY column_index";
        command.Parameters.Add(new DuckDBParameter(table.Database));
        command.Parameters.Add(new DuckDBParameter(table.Schema));
        command.Parameters.Add(new DuckDBParameter(table.Name));
        using var reader = command.ExecuteReader();
        var columns = new List<TableColumn>();
        while (reader.Read())
        {
            columns.Add(new TableColumn(reader.GetString(0), SnowflakeType(reader.GetString(1)), reader.GetBoolean(2)));
        }

        return columns;
    }

    private StatementResult Table(string text)
    {
        var name = Resolve(text, context, rules, connection);
        var masked = AccessRules.Masked(context.Role, name);
        return StatementResult.OfTexts(
            ["name", "type", "kind", "null?", "default", "primary key", "unique key", "check", "expression", "comment", "policy name", "privacy domain"],
            Columns(connection, name).Select(column => new[]
            {
                column.Name, column.Type, "COLUMN", column.Nullable ? "Y" : "N", null, "N", "N", null, null, null,
                masked.Contains(column.Name) ? "RAW.PUBLIC.MASK_EMAIL" : null, null,
            }));
    }

    private StatementResult Database(string text)
    {
        var name = Parts(text)[^1];
        var schemas = rules.Schemas(connection, context.Roles).Where(schema => schema.Database == name).ToList();
        return schemas.Count == 0 ? throw SqlException.NotFound("Database", name)
            : StatementResult.OfTexts(["created_on", "name", "kind"], schemas.Select(schema => new[] { CreatedOn, schema.Schema, "SCHEMA" }));
    }

    private StatementResult Schema(string text)
    {
        var parts = Parts(text);
        var database = parts.Length > 1 ? parts[0] : context.Database ?? throw SqlException.NoDatabase();
        if (!rules.Schemas(connection, context.Roles).Contains((database, parts[^1])))
        {
            throw SqlException.NotFound("Schema", $"{database}.{parts[^1]}");
        }

        return StatementResult.OfTexts(["created_on", "name", "kind"], rules.Visible(connection, context.Roles)
            .Where(table => table.Name.Database == database && table.Name.Schema == parts[^1])
            .Select(table => new[] { CreatedOn, table.Name.Name, table.IsView ? "VIEW" : "TABLE" }));
    }

    private static StatementResult Warehouse(string text) => Parts(text)[^1] == AccountDirectory.Warehouse
        ? StatementResult.OfTexts(["created_on", "name", "kind"], [[CreatedOn, AccountDirectory.Warehouse, "WAREHOUSE"]])
        : throw SqlException.NotFound("Warehouse", Parts(text)[^1]);

    private static string[] Parts(string text) => [.. SqlLexer.Cut(text).Where(token => token.IsName).Select(token => token.Name)];

    private StatementResult User(string name)
    {
        var user = directory.User(name.Trim('"'));
        if (user is null || (context.Role != AccountDirectory.AccountAdmin && user.Name != context.Identity.UserName))
        {
            throw SqlException.NotFound("User", name);
        }

        return StatementResult.OfTexts(["property", "value", "default", "description"],
        [
            ["NAME", user.Name, null, "Name"],
            ["LOGIN_NAME", user.Name, null, "Login name of the user"],
            ["TYPE", user.Type.ToString().ToUpperInvariant(), null, "Type of the user"],
            ["DEFAULT_ROLE", user.DefaultRole, null, "Primary principal of user session will be set to this role"],
            ["DEFAULT_WAREHOUSE", AccountDirectory.Warehouse, null, "Default warehouse for this user"],
            ["RSA_PUBLIC_KEY_FP", user.KeyFingerprint is { } fingerprint ? $"SHA256:{fingerprint}" : null, null, "Fingerprint of user's RSA public key."],
        ]);
    }

    private static StatementResult Integration(string name) => name.Trim('"').Equals("SNOWFLAKE$LOCAL_APPLICATION", StringComparison.OrdinalIgnoreCase)
        ? StatementResult.OfTexts(["property", "property_type", "property_value", "property_default"],
        [
            ["ENABLED", "Boolean", "true", "false"],
            ["OAUTH_ACCESS_TOKEN_VALIDITY", "Integer", "600", "600"],
            ["OAUTH_REFRESH_TOKEN_VALIDITY", "Integer", "7776000", "7776000"],
            ["BLOCKED_ROLES_LIST", "List", "ACCOUNTADMIN,ORGADMIN,SECURITYADMIN", "ACCOUNTADMIN,ORGADMIN,SECURITYADMIN"],
            ["NETWORK_POLICY", "String", "", ""],
        ])
        : throw SqlException.NotFound("Integration", name);

    private static string SnowflakeType(string duckType) => duckType switch
    {
        _ when duckType.StartsWith("DECIMAL", StringComparison.Ordinal) => "NUMBER" + duckType["DECIMAL".Length..],
        "TINYINT" or "SMALLINT" or "INTEGER" or "BIGINT" or "HUGEINT" => "NUMBER(38,0)",
        "DOUBLE" or "FLOAT" => "FLOAT",
        "TIMESTAMP" => "TIMESTAMP_NTZ(9)",
        "TIMESTAMP WITH TIME ZONE" => "TIMESTAMP_LTZ(9)",
        "TIME" => "TIME(9)",
        "JSON" => "VARIANT",
        "BLOB" => "BINARY(8388608)",
        "VARCHAR" => "VARCHAR(16777216)",
        _ => duckType,
    };

    [GeneratedRegex(@"^\s*DESC(?:RIBE)?\s+(?:(?<kind>DATABASE|SCHEMA|TABLE|VIEW|WAREHOUSE|USER|SECURITY\s+INTEGRATION|AI\s+GATEWAY)\s+)?(?<name>[\w$"".]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex Head();
}
