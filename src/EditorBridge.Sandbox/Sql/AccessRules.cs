using DuckDB.NET.Data;
using EditorBridge.Sandbox.Auth;

namespace EditorBridge.Sandbox.Sql;

internal sealed record CatalogTable(ObjectName Name, bool IsView, long Rows);

/// <summary>What a role sees of the data, and which columns it sees masked.</summary>
internal sealed class AccessRules(AccountDirectory directory)
{
    /// <summary>Begins the hidden name of a dropped table, until it comes back or another of its name is dropped.</summary>
    public const string DroppedPrefix = "__DROPPED__";

    /// <summary>Every table and view of the account.</summary>
    public static IReadOnlyList<CatalogTable> Catalog(DuckDBConnection connection)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            $"""
            SELECT database_name, schema_name, table_name, false, estimated_size::BIGINT FROM duckdb_tables()
            WHERE NOT internal AND NOT temporary AND NOT starts_with(table_name, '{DroppedPrefix}')
            UNION ALL SELECT database_name, schema_name, view_name, true, 0 FROM duckdb_views() WHERE NOT internal AND NOT temporary
            ORDER BY 1, 2, 3
            """;
        using var reader = command.ExecuteReader();
        var tables = new List<CatalogTable>();
        while (reader.Read())
        {
            tables.Add(new CatalogTable(
                new ObjectName(reader.GetString(0), reader.GetString(1), reader.GetString(2)), reader.GetBoolean(3), reader.GetInt64(4)));
        }

        return tables;
    }

    /// <summary>The names of the account's databases with their schemas, as far as the roles see them.</summary>
    public IReadOnlyList<(string Database, string Schema)> Schemas(DuckDBConnection connection, IReadOnlyList<string> roles)
    {
        using var command = connection.CreateCommand();
        command.CommandText =
            """
            SELECT database_name, schema_name FROM duckdb_schemas()
            WHERE database_name NOT IN ('system', 'temp', 'memory') AND schema_name NOT IN ('main', 'information_schema', 'pg_catalog')
            ORDER BY 1, 2
            """;
        using var reader = command.ExecuteReader();
        var schemas = new List<(string Database, string Schema)>();
        while (reader.Read())
        {
            schemas.Add((reader.GetString(0), reader.GetString(1)));
        }

        return [.. schemas.Where(schema => directory.Sees(roles, schema.Database, schema.Schema))];
    }

    public IReadOnlyList<CatalogTable> Visible(DuckDBConnection connection, IReadOnlyList<string> roles) =>
        [.. Catalog(connection).Where(table => May(roles, table.Name, Access.Read))];

    /// <summary>Throws what the account says when the role may not do this to an existing object, or when there is none it can see.</summary>
    public void Demand(DuckDBConnection connection, SqlContext context, ObjectName name, Access access)
    {
        if (!May(context.Roles, name, Access.Read) || !Catalog(connection).Any(table => table.Name == name))
        {
            throw SqlException.NotFound("Object", name.ToString());
        }

        if (!May(context.Roles, name, access))
        {
            throw SqlException.NoPrivilege("table", name.Name);
        }
    }

    /// <summary>Throws when the role may not create objects in this schema.</summary>
    public void DemandCreate(DuckDBConnection connection, SqlContext context, ObjectName name)
    {
        if (!Schemas(connection, context.Roles).Contains((name.Database, name.Schema)))
        {
            throw SqlException.NotFound("Schema", $"{name.Database}.{name.Schema}");
        }

        if (!May([context.Role], name, Access.Write))
        {
            throw SqlException.NoPrivilege("schema", name.Schema);
        }
    }

    public static IReadOnlyList<string> Masked(string role, ObjectName name) =>
        role is AccountDirectory.AccountAdmin or "DATA_ENGINEER"
        || !SampleDatabase.MaskedColumns.TryGetValue((name.Database, name.Schema, name.Name), out var columns) ? [] : columns;

    private bool May(IReadOnlyList<string> roles, ObjectName name, Access access) => directory.May(roles, name.Database, name.Schema, name.Name, access);
}
