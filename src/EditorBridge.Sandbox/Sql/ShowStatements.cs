using System.Globalization;
using System.Text.RegularExpressions;
using DuckDB.NET.Data;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Cortex;

namespace EditorBridge.Sandbox.Sql;

/// <summary>SHOW: what there is, as far as the role sees it. Needs no warehouse.</summary>
internal sealed partial class ShowStatements(
    DuckDBConnection connection, SqlContext context, AccessRules rules, AccountDirectory directory, AccountParameters parameters)
{
    private static readonly string[] WriteRights = ["SELECT", "INSERT", "UPDATE", "DELETE"];
    private static readonly string[] ReadRights = ["SELECT"];
    private const string Created = "1735689600.000000000";

    public StatementResult Run(string statement)
    {
        var match = Head().Match(statement);
        var what = match.Success ? Blank().Replace(match.Groups["what"].Value.ToUpperInvariant(), " ") : "";
        var result = what switch
        {
            "DATABASES" => Databases(),
            "SCHEMAS" => Schemas(Scope(statement)),
            "TABLES" => Tables(Scope(statement)),
            "VIEWS" => Views(Scope(statement)),
            "OBJECTS" => Objects(Scope(statement)),
            "COLUMNS" => Columns(statement),
            "WAREHOUSES" => Warehouses(),
            "ROLES" => Roles(),
            "GRANTS" => Grants(statement),
            "USERS" => Users(),
            "PARAMETERS" => Parameters(),
            "CORTEX BASE MODELS" => Models(),
            "AI GATEWAYS" => StatementResult.OfTexts(["created_on", "name", "owner", "comment"], [[Created, "SNOWFLAKE", "SNOWFLAKE", ""]]),
            _ => throw SqlException.Syntax(1, 5, statement.Split(' ', StringSplitOptions.RemoveEmptyEntries).ElementAtOrDefault(1) ?? "<EOF>"),
        };
        return Limited(Filtered(result, statement), statement);
    }

    private StatementResult Databases()
    {
        var names = rules.Schemas(connection, context.Roles).Select(schema => schema.Database).Distinct();
        return WithCreated(["name", "is_default", "is_current", "origin", "owner", "comment", "options", "retention_time", "kind"],
            names.Select(name => new[] { name, "N", name == context.Database ? "Y" : "N", "", "ACCOUNTADMIN", "", "", "1", name == "SNOWFLAKE" ? "APPLICATION" : "STANDARD" }));
    }

    private StatementResult Schemas((string? Database, string? Schema) scope) =>
        WithCreated(["name", "is_default", "is_current", "database_name", "owner", "comment", "options", "retention_time"],
            rules.Schemas(connection, context.Roles).Where(schema => scope.Database is null || schema.Database == scope.Database)
                .Select(schema => new[] { schema.Schema, "N", schema == (context.Database, context.Schema) ? "Y" : "N", schema.Database, "ACCOUNTADMIN", "", "", "1" }));

    private StatementResult Tables((string? Database, string? Schema) scope) =>
        WithCreated(["name", "database_name", "schema_name", "kind", "comment", "cluster_by", "rows", "bytes", "owner", "retention_time"],
            InScope(scope).Where(table => !table.IsView).Select(table => new[]
            {
                table.Name.Name, table.Name.Database, table.Name.Schema, "TABLE", "", "", Number(table.Rows), Number(table.Rows * 64), "ACCOUNTADMIN", "1",
            }));

    private StatementResult Views((string? Database, string? Schema) scope) =>
        WithCreated(["name", "reserved", "database_name", "schema_name", "owner", "comment", "text", "is_secure", "is_materialized"],
            InScope(scope).Where(table => table.IsView).Select(table => new[]
            {
                table.Name.Name, "", table.Name.Database, table.Name.Schema, "ACCOUNTADMIN", "", "", "false", "false",
            }));

    private StatementResult Objects((string? Database, string? Schema) scope) =>
        WithCreated(["name", "database_name", "schema_name", "kind", "comment", "rows", "owner"],
            InScope(scope).Select(table => new[]
            {
                table.Name.Name, table.Name.Database, table.Name.Schema, table.IsView ? "VIEW" : "TABLE", "", Number(table.Rows), "ACCOUNTADMIN",
            }));

    private StatementResult Columns(string statement)
    {
        var named = InObject().Match(statement);
        var tables = named.Success
            ? [DescribeStatements.Resolve(named.Groups["name"].Value, context, rules, connection)]
            : InScope(Scope(statement)).Select(table => table.Name);
        return StatementResult.OfTexts(
            ["table_name", "schema_name", "column_name", "data_type", "null?", "default", "kind", "expression", "comment", "database_name"],
            tables.SelectMany(table => DescribeStatements.Columns(connection, table).Select(column => new[]
            {
                table.Name, table.Schema, column.Name, column.Type, column.Nullable ? "true" : "false", "", "COLUMN", "", "", table.Database,
            })));
    }

    private static StatementResult Warehouses() => StatementResult.OfTexts(
        ["name", "state", "type", "size", "running", "queued", "is_default", "is_current", "auto_suspend", "auto_resume", "owner", "comment"],
        [[AccountDirectory.Warehouse, "STARTED", "STANDARD", "X-Small", "0", "0", "Y", "Y", "60", "true", "ACCOUNTADMIN", "Sandbox warehouse"]]);

    private StatementResult Roles()
    {
        var own = directory.User(context.Identity.UserName)!;
        return WithCreated(["name", "is_default", "is_current", "is_inherited", "assigned_to_users", "granted_to_roles", "granted_roles", "owner", "comment"],
            directory.RoleNames
                .Where(role => context.Role == AccountDirectory.AccountAdmin || directory.MayUse(own.Name, role))
                .Select(role => new[]
                {
                    role, role == own.DefaultRole ? "Y" : "N", role == context.Role ? "Y" : "N", "N",
                    Number(directory.Users.Count(user => user.Roles.Contains(role))), "0", "0", "ACCOUNTADMIN", "",
                }));
    }

    /// <summary><c>SHOW GRANTS ON TABLE t</c>: who may do what with an object the role sees.</summary>
    private StatementResult GrantsOn(Match on)
    {
        var kind = on.Groups["kind"].Value.ToUpperInvariant();
        var parts = SqlLexer.Cut(on.Groups["name"].Value).Where(token => token.IsName).Select(token => token.Name).ToList();
        var name = kind switch
        {
            "DATABASE" => new ObjectName(parts[0], "", ""),
            "SCHEMA" => new ObjectName(parts.Count == 2 ? parts[0] : context.Database ?? throw SqlException.NoDatabase(), parts[^1], ""),
            _ => ObjectName.Of(parts, context),
        };
        if (kind is "TABLE" or "VIEW") rules.Demand(connection, context, name, Access.Read);
        else if (!directory.Sees(context.Roles, name.Database, kind == "SCHEMA" ? name.Schema : null)) throw SqlException.NotFound(kind == "SCHEMA" ? "Schema" : "Database", string.Join('.', parts));
        var full = string.Join('.', new[] { name.Database, name.Schema, name.Name }.Where(part => part.Length > 0));
        return WithCreated(["privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"],
            directory.RoleNames.SelectMany(role => (directory.GrantsOf(role) ?? []).Where(grant => grant.Covers(name.Database, name.Schema.Length > 0 ? name.Schema : grant.Schema ?? "", name.Name.Length > 0 ? name.Name : grant.Table ?? "", Access.Read))
                .SelectMany(grant => kind is "DATABASE" or "SCHEMA" ? ["USAGE"] : grant.Access == Access.Write ? WriteRights : ReadRights).Distinct()
                .Select(privilege => new[] { privilege, kind, full, "ROLE", role, "false", "ACCOUNTADMIN" }))
                .Prepend(["OWNERSHIP", kind, full, "ROLE", AccountDirectory.AccountAdmin, "true", AccountDirectory.AccountAdmin]));
    }

    private StatementResult GrantsOf(string role)
    {
        if (directory.GrantsOf(role) is null) throw SqlException.NotFound("Role", role);
        return WithCreated(["role", "granted_to", "grantee_name", "granted_by"],
            directory.Users.Where(user => user.Roles.Contains(role)).Select(user => new[] { role, "USER", user.Name, "ACCOUNTADMIN" }));
    }

    private StatementResult Grants(string statement)
    {
        if (GrantsOnPattern().Match(statement) is { Success: true } on) return GrantsOn(on);
        // Who holds SNOWFLAKE's database roles is shown to nobody here.
        if (OfDatabaseRole().Match(statement) is { Success: true } database) throw SqlException.NotFound("Database role", database.Groups["name"].Value.ToUpperInvariant());
        if (GrantsOfPattern().Match(statement) is { Success: true } of) return GrantsOf(of.Groups["name"].Value.Trim('"').ToUpperInvariant());
        var target = GrantsTo().Match(statement);
        var user = target.Groups["kind"].Value.Equals("USER", StringComparison.OrdinalIgnoreCase) || !target.Success
            ? directory.User(target.Success ? target.Groups["name"].Value.Trim('"') : context.Identity.UserName)
            : null;
        if (user is not null)
        {
            return WithCreated(["role", "granted_to", "grantee_name", "granted_by"],
                user.Roles.Select(role => new[] { role, "USER", user.Name, "ACCOUNTADMIN" }));
        }

        var roleName = target.Groups["name"].Value.Trim('"').ToUpperInvariant();
        return directory.GrantsOf(roleName) is { } grants
            ? WithCreated(["privilege", "granted_on", "name", "granted_to", "grantee_name", "grant_option", "granted_by"],
                grants.SelectMany(grant => (grant.Access == Access.Write ? WriteRights : ReadRights).Select(privilege => new[]
                {
                    privilege, grant.Table is null ? "SCHEMA" : "TABLE",
                    string.Join('.', new[] { grant.Database, grant.Schema, grant.Table }.OfType<string>()), "ROLE", roleName, "false", "ACCOUNTADMIN",
                })))
            : throw SqlException.NotFound("Role", roleName);
    }

    private StatementResult Users() => context.Role == AccountDirectory.AccountAdmin
        ? WithCreated(["name", "login_name", "type", "default_role", "disabled"],
            directory.Users.Select(user => new[] { user.Name, user.Name, user.Type.ToString().ToUpperInvariant(), user.DefaultRole, "false" }))
        : throw SqlException.NoPrivilege("account", AccountDirectory.Account);

    private StatementResult Parameters() => StatementResult.OfTexts(
        ["key", "value", "default", "level", "description", "type"],
        parameters.All.Select(entry => new[] { entry.Name, entry.Value, "", "ACCOUNT", "", "STRING" }));

    private static StatementResult Models() => WithCreated(
        ["name", "model_type", "database_name", "schema_name", "owner", "lifecycle_status", "in_region_availability", "legacy_date", "eol_date", "cross_region_availability"],
        ModelCatalog.All.Select(model => new[]
        {
            model.Name.ToUpperInvariant(), "CORTEX_BASE", "SNOWFLAKE", "MODELS", "SNOWFLAKE", "GA", "[]", null, null, """["ANY_REGION","AWS_US","AWS_EU"]""",
        }));

    private IEnumerable<CatalogTable> InScope((string? Database, string? Schema) scope) => rules.Visible(connection, context.Roles)
        .Where(table => (scope.Database is null || table.Name.Database == scope.Database) && (scope.Schema is null || table.Name.Schema == scope.Schema));

    /// <summary>What <c>IN …</c> names; without it the session's database and schema.</summary>
    private (string? Database, string? Schema) Scope(string statement)
    {
        var match = InScopePattern().Match(statement);
        if (!match.Success)
        {
            return (context.Database, context.Schema);
        }

        if (match.Groups["account"].Success)
        {
            return (null, null);
        }

        var parts = SqlLexer.Cut(match.Groups["name"].Value).Where(token => token.IsName).Select(token => token.Name).ToList();
        var schemaOnly = match.Groups["kind"].Value.Equals("SCHEMA", StringComparison.OrdinalIgnoreCase) && parts.Count == 1;
        var scope = schemaOnly ? (context.Database, parts[0]) : (parts[0], parts.ElementAtOrDefault(1));
        return directory.Sees(context.Roles, scope.Item1 ?? "", scope.Item2)
            ? scope
            : throw SqlException.NotFound(scope.Item2 is null ? "Database" : "Schema", string.Join('.', parts));
    }

    private static StatementResult Filtered(StatementResult result, string statement)
    {
        var named = result.Columns.Index().First(column => column.Item.Name is "name" or "key" or "column_name" or "role" or "privilege").Index;
        var rows = result.Rows.AsEnumerable();
        if (Like().Match(statement) is { Success: true } like)
        {
            var pattern = "^" + Regex.Escape(like.Groups["pattern"].Value).Replace("%", ".*", StringComparison.Ordinal).Replace("_", ".", StringComparison.Ordinal) + "$";
            rows = rows.Where(row => Regex.IsMatch(row[named]!, pattern, RegexOptions.IgnoreCase | RegexOptions.Singleline));
        }

        if (StartsWith().Match(statement) is { Success: true } start)
        {
            rows = rows.Where(row => row[named]!.StartsWith(start.Groups["start"].Value, StringComparison.Ordinal));
        }

        return result with { Rows = [.. rows] };
    }

    private static StatementResult Limited(StatementResult result, string statement) => Limit().Match(statement) is { Success: true } limit
        ? result with { Rows = [.. result.Rows.Take(int.Parse(limit.Groups["rows"].Value, CultureInfo.InvariantCulture))] }
        : result;

    private static StatementResult WithCreated(IReadOnlyList<string> columns, IEnumerable<string?[]> rows) => new(
        [new ResultColumn("created_on", "timestamp_ltz", Scale: 9), .. columns.Select(ResultColumn.Text)],
        [.. rows.Select(row => (string?[])[Created, .. row])]);

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*SHOW\s+(?:TERSE\s+)?(?<what>DATABASES|SCHEMAS|TABLES|VIEWS|OBJECTS|COLUMNS|WAREHOUSES|ROLES|GRANTS|USERS|PARAMETERS|CORTEX\s+BASE\s+MODELS|AI\s+GATEWAYS)\b", RegexOptions.IgnoreCase)]
    private static partial Regex Head();

    [GeneratedRegex(@"\bLIKE\s+'(?<pattern>[^']*)'", RegexOptions.IgnoreCase)]
    private static partial Regex Like();

    [GeneratedRegex(@"\bSTARTS\s+WITH\s+'(?<start>[^']*)'", RegexOptions.IgnoreCase)]
    private static partial Regex StartsWith();

    [GeneratedRegex(@"\bLIMIT\s+(?<rows>\d{1,6})", RegexOptions.IgnoreCase)]
    private static partial Regex Limit();

    [GeneratedRegex(@"\bIN\s+(?:(?<account>ACCOUNT)\b|(?:(?<kind>DATABASE|SCHEMA)\s+)?(?<name>[\w$"".]+))", RegexOptions.IgnoreCase)]
    private static partial Regex InScopePattern();

    [GeneratedRegex(@"\bIN\s+(?:TABLE|VIEW)\s+(?<name>[\w$"".]+)", RegexOptions.IgnoreCase)]
    private static partial Regex InObject();

    [GeneratedRegex(@"\bTO\s+(?<kind>USER|ROLE)\s+(?<name>[\w$""]+)", RegexOptions.IgnoreCase)]
    private static partial Regex GrantsTo();

    [GeneratedRegex(@"\bGRANTS\s+ON\s+(?<kind>TABLE|VIEW|SCHEMA|DATABASE)\s+(?<name>[\w$"".]+)", RegexOptions.IgnoreCase)]
    private static partial Regex GrantsOnPattern();

    [GeneratedRegex(@"\bGRANTS\s+OF\s+ROLE\s+(?<name>[\w$""]+)", RegexOptions.IgnoreCase)]
    private static partial Regex GrantsOfPattern();

    [GeneratedRegex(@"\bGRANTS\s+(?:OF|TO)\s+DATABASE\s+ROLE\s+(?<name>[\w$"".]+)", RegexOptions.IgnoreCase)]
    private static partial Regex OfDatabaseRole();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blank();
}
