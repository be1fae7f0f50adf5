using System.Globalization;
using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Sql;

namespace EditorBridge.Mcp;

/// <summary>The gateway's own tools on the account.</summary>
internal static class SnowflakeTools
{
    public const string Sql = "sql";
    public const string MaxRows = "max_rows";
    public const string Seconds = "timeout_seconds";
    public const string Background = "background";
    public const string SaveTo = "save_to";
    public const string Handle = "statement_handle";
    public const string RowOffset = "row_offset";

    /// <summary>Rows one answer holds at most; more are counted, and read with get_result_page.</summary>
    public const int RowLimit = 1000;

    /// <summary>Rows one answer holds when none are asked for: a thousand rows are a good part of a model's memory.</summary>
    public const int RowsByDefault = 200;

    /// <summary>Characters of cells one answer holds at most.</summary>
    public const int CharacterLimit = 256 * 1024;

    /// <summary>Seconds a statement runs when nothing else is asked for, and at most.</summary>
    public const int SecondsByDefault = 300;
    public const int SecondsAtMost = 3600;

    private static readonly ToolParameter Rows = new(MaxRows, $"Rows to return: {RowsByDefault} when not given, {RowLimit} at most.", Kind: "integer", Least: 1, Most: RowLimit);
    private static readonly ToolParameter Like = new("like", "Only names like this: % stands for any text, _ for one character; upper and lower case are the same.");
    private static readonly ToolParameter Database = new("database", "Name of the database.", Required: true);
    private static readonly ToolParameter Schema = new("schema", "Name of the schema.", Required: true);
    private static readonly ToolParameter Known = new(Handle, "The statement_handle of an earlier answer.", Required: true);

    // After the parameters above: static members are set in the order in which they stand.
    public static IReadOnlyList<SnowflakeTool> All { get; } = [.. Running(), .. Looking(), .. Following()];

    private static SnowflakeTool[] Running() =>
    [
        new()
        {
            Name = "execute_sql", Title = "Run SQL", Work = SnowflakeWork.Statement, ReadOnly = false, Statement = Run,
            Description = "Runs one Snowflake SQL statement under your role and no other. Every statement is judged first; a person may have to approve it. For long statements set background and ask get_statement.",
            Parameters =
            [
                new(Sql, "One statement.", Required: true), Rows,
                new(Seconds, $"Seconds after which the account stops the statement: {SecondsByDefault} when not given.", Kind: "integer", Least: 1, Most: SecondsAtMost),
                new(Background, "True: answer at once with the statement_handle and let the statement run on.", Kind: "boolean"),
                new(SaveTo, "A new .csv or .jsonl file in the workspace that takes all rows instead of the answer."),
            ],
        },
        new()
        {
            Name = "explain_sql", Title = "Explain SQL", Work = SnowflakeWork.Statement,
            Description = "Shows the plan of one statement without running it: partitions and bytes it would read.",
            Parameters = [new(Sql, "One statement.", Required: true)],
            Statement = input => One(input) is { Sql: { } sql } ? new($"EXPLAIN USING TEXT {sql}", null) : One(input),
        },
    ];

    private static SnowflakeTool[] Looking() =>
    [
        Lookup("list_databases", "List databases", "Lists the databases your role can see.", "SHOW DATABASES", Like),
        Lookup("describe_database", "Describe a database", "Lists what a database holds.", "DESCRIBE DATABASE {0}", Database),
        Lookup("list_schemas", "List schemas", "Lists the schemas of a database.", "SHOW SCHEMAS IN DATABASE {0}", Database, Like),
        Lookup("describe_schema", "Describe a schema", "Lists what a schema holds: tables, views and more.", "DESCRIBE SCHEMA {0}.{1}", Database, Schema),
        Lookup("list_tables", "List tables", "Lists the tables of a schema, with rows and bytes.", "SHOW TABLES IN SCHEMA {0}.{1}", Database, Schema, Like),
        Lookup("describe_table", "Describe a table", "Lists the columns of a table, with types and the masking policies on them.", "DESCRIBE TABLE {0}.{1}.{2}", Database, Schema, new("table", "Name of the table or view.", Required: true)),
        Lookup("list_views", "List views", "Lists the views of a schema, with their text where your role may see it.", "SHOW VIEWS IN SCHEMA {0}.{1}", Database, Schema, Like),
        Lookup("describe_view", "Describe a view", "Lists the columns of a view.", "DESCRIBE VIEW {0}.{1}.{2}", Database, Schema, new("view", "Name of the view.", Required: true)),
        Lookup("list_warehouses", "List warehouses", "Lists the warehouses your role can see, with size and state.", "SHOW WAREHOUSES", Like),
        Lookup("describe_warehouse", "Describe a warehouse", "Says of what kind a warehouse is.", "DESCRIBE WAREHOUSE {0}", new ToolParameter("warehouse", "Name of the warehouse.", Required: true)),
        Lookup("get_connection", "Check the connection", "Says who you are in the account and that it answers: user, role, secondary roles, warehouse.",
            "SELECT CURRENT_ACCOUNT() AS ACCOUNT, CURRENT_USER() AS USER_NAME, CURRENT_ROLE() AS ROLE_NAME, CURRENT_SECONDARY_ROLES() AS SECONDARY_ROLES, CURRENT_WAREHOUSE() AS WAREHOUSE, CURRENT_DATABASE() AS DATABASE_NAME, CURRENT_SCHEMA() AS SCHEMA_NAME"),
    ];

    private static SnowflakeTool[] Following() =>
    [
        new()
        {
            Name = "get_statement", Title = "Ask for a statement", Work = SnowflakeWork.Status, Parameters = [Known, Rows],
            Description = "Says where a statement stands that was started here: running, its first rows, or why it failed.",
        },
        new()
        {
            Name = "get_result_page", Title = "Read further rows", Work = SnowflakeWork.Page,
            Description = "Reads further rows of a statement that was run here. Results are kept for 24 hours.",
            Parameters = [Known, new(RowOffset, "The first row to read, counted from 0: the next_row_offset of the answer before.", Required: true, Kind: "integer"), Rows],
        },
        new()
        {
            Name = "cancel_statement", Title = "Stop a statement", Work = SnowflakeWork.Cancel, ReadOnly = false, Parameters = [Known],
            Description = "Stops a statement that was started here and says what became of it.",
        },
        new()
        {
            Name = "list_statements", Title = "List this session's statements", Work = SnowflakeWork.History,
            Description = "Lists the statements of this session, the newest first: handle, text, state, rows, how long it took, who approved it.",
            Parameters = [Rows],
        },
    ];

    private static SnowflakeTool Lookup(string name, string title, string description, string format, params ToolParameter[] parameters) => new()
    {
        Name = name,
        Title = title,
        Description = description,
        Work = SnowflakeWork.Statement,
        Parameters = parameters,
        Statement = input =>
        {
            var names = parameters.Where(p => p.Required).Select(p => ToolInput.Text(input, p.Name)).ToArray();
            if (names.Any(string.IsNullOrEmpty)) return new(null, $"{name} needs {string.Join(", ", parameters.Where(p => p.Required).Select(p => $"'{p.Name}'"))}.");
            var like = ToolInput.Text(input, Like.Name);
            var statement = string.Format(CultureInfo.InvariantCulture, format, [.. names.Select(n => (object)Quoted(n!))]);
            return new(like is null ? statement : Liked(statement, like), null);
        },
    };

    // SHOW … LIKE '…' IN …: the pattern stands before the place.
    private static string Liked(string show, string pattern)
    {
        var literal = $" LIKE '{pattern.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";
        var at = show.IndexOf(" IN ", StringComparison.Ordinal);
        return at < 0 ? show + literal : show.Insert(at, literal);
    }

    // A file is written from the end of its statement; whoever wants both would get one of them and not know which.
    private static StatementOrProblem Run(JsonElement input) =>
        ToolInput.Text(input, SaveTo) is not null && input.TryGetProperty(Background, out var background) && background.ValueKind == JsonValueKind.True
            ? new(null, $"'{SaveTo}' waits for the statement's end, and '{Background}' does not. Give one of them. Nothing was run.")
            : One(input);

    // What was classified is what runs: the one statement's own span, not the caller's string around it.
    private static StatementOrProblem One(JsonElement input)
    {
        if (ToolInput.Text(input, Sql) is not { } sql) return new(null, "The input needs 'sql', a string.");
        var statements = SqlAnalyzer.Analyze(sql).Statements;
        return statements.Length switch
        {
            1 => new(sql.Substring(statements[0].Span.Start, statements[0].Span.Length).Trim().TrimEnd(';'), null),
            0 => new(null, "There is no statement in 'sql'. Nothing was run."),
            var count => new(null, $"'sql' holds {count} statements, and one call runs one. Nothing was run; call the tool once for each."),
        };
    }

    // A plain name means what it means in SQL, upper-cased by the account; everything else is quoted whole.
    private static string Quoted(string name) =>
        name.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(name[0]) ? name : $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
