using System.Globalization;
using System.Text.RegularExpressions;
using DuckDB.NET.Data;
using EditorBridge.Sandbox.Auth;

namespace EditorBridge.Sandbox.Sql;

/// <summary>A bound value of a request.</summary>
internal sealed record SqlBinding(string Type, string? Value);

/// <summary>
/// Runs one statement as one role. Reading and changing goes to the embedded DuckDB after the role was applied; what describes the
/// account itself (SHOW, DESCRIBE, GRANT, users, tokens) is answered from the account's own state.
/// </summary>
internal sealed partial class SqlEngine(
    SampleDatabase database, AccessRules rules, AccountDirectory directory, AccountParameters parameters, AccountStatements account, UsageViews views,
    TimeProvider clock)
{
    /// <exception cref="SqlException">The statement is refused, failed, or was cancelled.</exception>
    public async Task<StatementResult> RunAsync(
        string statement, SqlContext context, IReadOnlyList<SqlBinding> bindings, int? rowLimit, CancellationToken cancellationToken)
    {
        if (context.IsSetting)
        {
            return StatementResult.Status("Statement executed successfully.");
        }

        if (SystemWait().Match(statement) is { Success: true } wait)
        {
            return await WaitAsync(wait, cancellationToken);
        }

        // DuckDB works on the calling thread; the caller may want to answer 202 meanwhile.
        return await Task.Run(() => Run(statement, context, bindings, rowLimit, cancellationToken), cancellationToken);
    }

    private StatementResult Run(
        string statement, SqlContext context, IReadOnlyList<SqlBinding> bindings, int? rowLimit, CancellationToken cancellationToken)
    {
        if (SqlLexer.Cut(statement).Count(token => token.Is("?")) > bindings.Count)
        {
            throw new SqlException("002049", "42601", "SQL compilation error: error line 1 at position 0\nBind variable ? not set.");
        }

        var words = SqlLexer.Cut(statement).Where(token => !token.IsBlank).Take(3).Select(token => token.Text.ToUpperInvariant()).ToList();
        using var connection = database.Connect();
        if (account.TryRun(statement, context) is { } answered)
        {
            return answered;
        }

        try
        {
            return words[0] switch
            {
                "SELECT" or "WITH" or "(" => Query(connection, statement, context, bindings, rowLimit, cancellationToken),
                "SHOW" => new ShowStatements(connection, context, rules, directory, parameters).Run(statement),
                "DESC" or "DESCRIBE" => new DescribeStatements(connection, context, rules, directory).Run(statement),
                "EXPLAIN" => Explain(connection, statement, context),
                "INSERT" or "UPDATE" or "DELETE" or "MERGE" => Change(connection, statement, context, bindings, words[0], cancellationToken),
                "CREATE" or "DROP" or "ALTER" or "TRUNCATE" => Define(connection, statement, context, words, cancellationToken),
                "UNDROP" => Undrop(connection, statement, context),
                "USE" or "BEGIN" or "COMMIT" or "ROLLBACK" or "PUT" or "GET" or "SET" or "UNSET" =>
                    throw new SqlException("391911", "0A000", $"Statement type '{words[0]}' is not supported by the SQL API."),
                "CALL" or "EXECUTE" => throw SqlException.NotFound("Procedure", words.ElementAtOrDefault(1) ?? ""),
                _ => throw SqlException.Syntax(1, 0, words[0]),
            };
        }
        catch (DuckDBException error)
        {
            throw DuckErrors.Translate(error);
        }
    }

    private StatementResult Query(
        DuckDBConnection connection, string statement, SqlContext context, IReadOnlyList<SqlBinding> bindings, int? rowLimit, CancellationToken cancellationToken)
    {
        DemandWarehouse(context);
        DefineSessionFunctions(connection, context);
        var tokens = SqlLexer.Cut(views.WithTableFunctions(connection, statement, context));
        var sql = new QueryRewrite(connection, context, rules, views).Apply(DuckSpelling.Of(tokens));
        var quoted = tokens.Where(token => token.Kind == SqlTokenKind.QuotedName).Select(token => token.Name).ToHashSet();
        using var command = Command(connection, sql, bindings);
        using var cancel = cancellationToken.Register(command.Cancel);
        using var reader = command.ExecuteReader();
        return ResultReader.Read(reader, quoted, rowLimit);
    }

    private StatementResult Change(
        DuckDBConnection connection, string statement, SqlContext context, IReadOnlyList<SqlBinding> bindings, string verb, CancellationToken cancellationToken)
    {
        DemandWarehouse(context);
        var sql = new StatementRewrite(connection, context, rules, views).Apply(statement);
        if (verb is "MERGE")
        {
            return Merge(connection, sql, bindings);
        }

        using var command = Command(connection, sql, bindings);
        using var cancel = cancellationToken.Register(command.Cancel);
        long rows = command.ExecuteNonQuery();
        string[] columns = verb switch
        {
            "INSERT" => ["number of rows inserted"],
            "UPDATE" => ["number of rows updated", "number of multi-joined rows updated"],
            _ => ["number of rows deleted"],
        };
        return new StatementResult(
            [.. columns.Select(name => ResultColumn.Fixed(name, 19))],
            [[.. columns.Select((_, index) => index == 0 ? rows.ToString(CultureInfo.InvariantCulture) : "0")]])
        {
            Changed = new ChangedRows(verb is "INSERT" ? rows : 0, verb is "UPDATE" ? rows : 0, verb is "DELETE" ? rows : 0),
        };
    }

    private static StatementResult Merge(DuckDBConnection connection, string sql, IReadOnlyList<SqlBinding> bindings)
    {
        using var command = Command(connection, sql + " RETURNING merge_action", bindings);
        using var reader = command.ExecuteReader();
        var actions = new List<string>();
        while (reader.Read())
        {
            actions.Add(reader.GetString(0));
        }

        var changed = new ChangedRows(actions.Count(action => action == "INSERT"), actions.Count(action => action == "UPDATE"), actions.Count(action => action == "DELETE"));
        return new StatementResult(
            [ResultColumn.Fixed("number of rows inserted", 19), ResultColumn.Fixed("number of rows updated", 19), ResultColumn.Fixed("number of rows deleted", 19)],
            [[.. new[] { changed.Inserted, changed.Updated, changed.Deleted }.Select(count => count.ToString(CultureInfo.InvariantCulture))]])
        {
            Changed = changed,
        };
    }

    private StatementResult Define(
        DuckDBConnection connection, string statement, SqlContext context, List<string> words, CancellationToken cancellationToken)
    {
        if (SchemaStatement().Match(statement) is { Success: true } schema)
        {
            return DefineSchema(connection, context, schema);
        }

        if (!TableOrView().IsMatch(statement))
        {
            throw SqlException.Unsupported($"{string.Join(' ', words.Take(2))} in the sandbox");
        }

        var rewrite = new StatementRewrite(connection, context, rules, views);
        var sql = rewrite.Apply(statement);
        var name = rewrite.Target?.Name ?? throw SqlException.Syntax(1, statement.Length, "<EOF>");
        if (rewrite.TargetMissing)
        {
            return StatementResult.Status($"Drop statement executed successfully ({name} already dropped).");
        }

        if (DroppedTable().IsMatch(statement))
        {
            DroppedTables.Hide(connection, rewrite.Target.Value);
            return StatementResult.Status($"{name} successfully dropped.");
        }

        using var command = Command(connection, sql, []);
        using var cancel = cancellationToken.Register(command.Cancel);
        command.ExecuteNonQuery();
        var kind = CreatedView().IsMatch(statement) ? "View" : "Table";
        return StatementResult.Status(words[0] switch
        {
            "CREATE" => $"{kind} {name} successfully created.",
            "DROP" => $"{name} successfully dropped.",
            _ => "Statement executed successfully.",
        });
    }

    private StatementResult Undrop(DuckDBConnection connection, string statement, SqlContext context)
    {
        if (UndropTable().Match(statement) is not { Success: true } match)
        {
            throw SqlException.Unsupported("UNDROP of anything but a table in the sandbox");
        }

        var name = ObjectName.Of([.. SqlLexer.Cut(match.Groups["name"].Value).Where(token => token.IsName).Select(token => token.Name)], context);
        rules.DemandCreate(connection, context, name);
        DroppedTables.Restore(connection, name);
        return StatementResult.Status($"Table {name.Name} successfully restored.");
    }

    private StatementResult DefineSchema(DuckDBConnection connection, SqlContext context, Match match)
    {
        var parts = SqlLexer.Cut(match.Groups["name"].Value).Where(token => token.IsName).Select(token => token.Name).ToList();
        var (owner, schema) = parts.Count == 2 ? (parts[0], parts[1]) : (context.Database ?? throw SqlException.NoDatabase(), parts[0]);
        if (!directory.Sees(context.Roles, owner))
        {
            throw SqlException.NotFound("Database", owner);
        }

        if (!directory.May([context.Role], owner, schema, "", Access.Write))
        {
            throw SqlException.NoPrivilege("database", owner);
        }

        var create = match.Groups["verb"].Value.Equals("CREATE", StringComparison.OrdinalIgnoreCase);
        var sql = new ObjectName(owner, schema, "").Quoted[..^3];
        SampleDatabase.Execute(connection, create
            ? $"CREATE SCHEMA {(match.Groups["if"].Success ? "IF NOT EXISTS " : "")}{sql}"
            : $"DROP SCHEMA {(match.Groups["if"].Success ? "IF EXISTS " : "")}{sql} CASCADE");
        return StatementResult.Status(create ? $"Schema {schema} successfully created." : $"{schema} successfully dropped.");
    }

    /// <summary>Compiles without running, and answers in the shape of EXPLAIN USING JSON or of the default table.</summary>
    private StatementResult Explain(DuckDBConnection connection, string statement, SqlContext context)
    {
        var match = ExplainHead().Match(statement);
        var inner = statement[match.Length..].Trim();
        var first = SqlLexer.Cut(inner).FirstOrDefault(token => !token.IsBlank);
        DefineSessionFunctions(connection, context);
        string sql;
        if (first.Is("SELECT") || first.Is("WITH"))
        {
            sql = new QueryRewrite(connection, context, rules, views).Apply(DuckSpelling.Of(SqlLexer.Cut(inner)));
        }
        else if (first.Is("INSERT") || first.Is("UPDATE") || first.Is("DELETE") || first.Is("MERGE") || first.Is("CREATE"))
        {
            sql = new StatementRewrite(connection, context, rules, views).Apply(inner);
        }
        else
        {
            throw SqlException.Unsupported($"EXPLAIN of {first.Text.ToUpperInvariant()}");
        }

        using var command = Command(connection, $"EXPLAIN {sql}", []);
        using (command.ExecuteReader())
        {
            // Only the compilation matters; DuckDB's plan is not Snowflake's.
        }

        var objects = rules.Visible(connection, context.Roles).Select(table => table.Name.ToString())
            .Where(name => sql.Replace("\"", "", StringComparison.Ordinal).Contains(name, StringComparison.OrdinalIgnoreCase)).ToList();
        return match.Groups["format"].Value.ToUpperInvariant() switch
        {
            "JSON" => StatementResult.OfTexts(["content"], [[ExplainJson(objects)]]),
            "TEXT" => StatementResult.OfTexts(["content"], [[$"GlobalStats:\n\tpartitionsTotal={objects.Count}\nOperations:\n0\tResult\n{string.Concat(objects.Select((name, index) => $"{index + 1}\t->TableScan {name}\n"))}"]]),
            _ => StatementResult.OfTexts(
                ["step", "id", "parent", "operation", "objects", "alias", "expressions", "partitionsTotal", "partitionsAssigned", "bytesAssigned"],
                [["1", "0", null, "Result", null, null, null, null, null, null],
                 .. objects.Select((name, index) => new[] { "1", $"{index + 1}", "0", "TableScan", name, null, null, "1", "1", "1024" })]),
        };
    }

    private static string ExplainJson(List<string> objects) => System.Text.Json.JsonSerializer.Serialize(new Dictionary<string, object>
    {
        ["GlobalStats"] = new Dictionary<string, int> { ["partitionsTotal"] = objects.Count, ["partitionsAssigned"] = objects.Count, ["bytesAssigned"] = 1024 * objects.Count },
        ["Operations"] = new[]
        {
            (object[])[new Dictionary<string, object> { ["id"] = 0, ["operation"] = "Result" },
                .. objects.Select((name, index) => new Dictionary<string, object>
                {
                    ["id"] = index + 1, ["operation"] = "TableScan", ["objects"] = new[] { name }, ["parentOperators"] = (int[])[0],
                })],
        },
    });

    /// <summary><c>SYSTEM$WAIT(n)</c>: the one statement that takes as long as it says.</summary>
    private async Task<StatementResult> WaitAsync(Match wait, CancellationToken cancellationToken)
    {
        var amount = double.Parse(wait.Groups["amount"].Value, CultureInfo.InvariantCulture);
        var unit = wait.Groups["unit"] is { Success: true } given ? given.Value.ToUpperInvariant() : "SECONDS";
        var time = unit switch
        {
            "MILLISECONDS" => TimeSpan.FromMilliseconds(amount),
            "MINUTES" => TimeSpan.FromMinutes(amount),
            _ => TimeSpan.FromSeconds(amount),
        };
        try
        {
            await Task.Delay(time, clock, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            throw SqlException.Canceled();
        }

        return StatementResult.OfTexts([$"SYSTEM$WAIT({wait.Groups["amount"].Value})"], [[$"waited {wait.Groups["amount"].Value} {unit.ToLowerInvariant()}"]]);
    }

    public static bool HasWarehouse(SqlContext context) => context.Warehouse is AccountDirectory.Warehouse;

    private static void DemandWarehouse(SqlContext context)
    {
        if (!HasWarehouse(context))
        {
            throw SqlException.NoWarehouse();
        }
    }

    private void DefineSessionFunctions(DuckDBConnection connection, SqlContext context)
    {
        var roles = directory.User(context.Identity.UserName)?.Roles.Append("PUBLIC") ?? [];
        (string Name, string? Value)[] functions =
        [
            ("current_user", context.Identity.UserName), ("current_role", context.Role), ("current_account", AccountDirectory.Account),
            ("current_account_name", AccountDirectory.Account), ("current_organization_name", AccountDirectory.Organization),
            ("current_warehouse", context.Warehouse), ("current_database", context.Database), ("current_schema", context.Schema),
            ("current_version", "10.31.1 (sandbox)"), ("current_region", "SANDBOX_LOCAL"), ("current_session", "1"),
            ("current_available_roles", "[" + string.Join(",", roles.Select(role => $"\"{role}\"")) + "]"),
            ("current_secondary_roles", $$"""{"roles":"{{string.Join(',', context.SecondaryRoles)}}","value":"{{(context.SecondaryRoles.Count > 0 ? "ALL" : "")}}"}"""),
        ];
        foreach (var (name, value) in functions)
        {
            var literal = value is null ? "NULL::VARCHAR" : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";
            SampleDatabase.Execute(connection, $"CREATE OR REPLACE TEMP MACRO {DuckSpelling.MacroPrefix}{name}() AS {literal}");
        }
    }

    private static DuckDBCommand Command(DuckDBConnection connection, string sql, IReadOnlyList<SqlBinding> bindings)
    {
        var command = connection.CreateCommand();
        command.CommandText = sql;
        foreach (var binding in bindings)
        {
            command.Parameters.Add(new DuckDBParameter(BindingValues.Of(binding)!));
        }

        return command;
    }

    [GeneratedRegex(@"^\s*(?:SELECT|CALL)\s+SYSTEM\$WAIT\s*\(\s*(?<amount>\d+(?:\.\d+)?)\s*(?:,\s*'(?<unit>\w+)'\s*)?\)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex SystemWait();

    [GeneratedRegex(@"^\s*(?<verb>CREATE|DROP)\s+SCHEMA\s+(?<if>IF\s+(?:NOT\s+)?EXISTS\s+)?(?<name>[\w$"".]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex SchemaStatement();

    [GeneratedRegex(@"^\s*(?:CREATE(?:\s+OR\s+REPLACE)?(?:\s+(?:TRANSIENT|SECURE))?|DROP|ALTER|TRUNCATE)\s+(?:(?:TABLE|VIEW)\b|(?<=TRUNCATE\s+)\w)", RegexOptions.IgnoreCase)]
    private static partial Regex TableOrView();

    [GeneratedRegex(@"^\s*CREATE(?:\s+OR\s+REPLACE)?(?:\s+SECURE)?\s+VIEW\b", RegexOptions.IgnoreCase)]
    private static partial Regex CreatedView();

    [GeneratedRegex(@"^\s*DROP\s+TABLE\b", RegexOptions.IgnoreCase)]
    private static partial Regex DroppedTable();

    [GeneratedRegex(@"^\s*UNDROP\s+TABLE\s+(?<name>[\w$"".]+)\s*$", RegexOptions.IgnoreCase)]
    private static partial Regex UndropTable();

    [GeneratedRegex(@"^\s*EXPLAIN(?:\s+USING\s+(?<format>JSON|TEXT|TABULAR))?\s+", RegexOptions.IgnoreCase)]
    private static partial Regex ExplainHead();
}
