using DuckDB.NET.Data;

namespace EditorBridge.Sandbox.Sql;

/// <summary>A dropped table can come back, as within the account's retention time: it is hidden, and gone for good only when the next one of its name is dropped.</summary>
internal static class DroppedTables
{
    public static void Hide(DuckDBConnection connection, ObjectName name)
    {
        var hidden = Hidden(name);
        SampleDatabase.Execute(connection, $"DROP TABLE IF EXISTS {hidden.Quoted}");
        SampleDatabase.Execute(connection, $"ALTER TABLE {name.Quoted} RENAME TO \"{hidden.Name}\"");
    }

    /// <exception cref="SqlException">There is a table of this name, or none was dropped.</exception>
    public static void Restore(DuckDBConnection connection, ObjectName name)
    {
        if (AccessRules.Catalog(connection).Any(table => table.Name == name))
        {
            throw SqlException.AlreadyExists(name.Name);
        }

        using var command = connection.CreateCommand();
        command.CommandText = "SELECT count(*) FROM duckdb_tables() WHERE database_name = $1 AND schema_name = $2 AND table_name = $3";
        var hidden = Hidden(name);
        foreach (var part in new[] { hidden.Database, hidden.Schema, hidden.Name })
        {
            command.Parameters.Add(new DuckDBParameter(part));
        }

        if (command.ExecuteScalar() is not > 0L)
        {
            throw SqlException.NotFound("Table", name.Name);
        }

        SampleDatabase.Execute(connection, $"ALTER TABLE {hidden.Quoted} RENAME TO \"{name.Name}\"");
    }

    private static ObjectName Hidden(ObjectName name) => name with { Name = AccessRules.DroppedPrefix + name.Name };
}
