namespace EditorBridge.Sandbox.Sql;

/// <summary>A result column as the SQL API describes it.</summary>
/// <param name="Type">Snowflake's wire type: <c>fixed</c>, <c>text</c>, <c>timestamp_ntz</c> and so on.</param>
internal sealed record ResultColumn(string Name, string Type, int? Precision = null, int? Scale = null, int? Length = null, bool Nullable = true)
{
    public static ResultColumn Text(string name) => new(name, "text", Length: 16_777_216);

    public static ResultColumn Fixed(string name, int precision = 38, int scale = 0) => new(name, "fixed", precision, scale);
}

/// <summary>How many rows a statement changed.</summary>
internal sealed record ChangedRows(long Inserted, long Updated, long Deleted);

/// <summary>What a statement answered. Every cell is text or null, encoded as the SQL API does.</summary>
internal sealed record StatementResult(IReadOnlyList<ResultColumn> Columns, IReadOnlyList<string?[]> Rows)
{
    public ChangedRows? Changed { get; init; }

    /// <summary>One column named <c>status</c> with one sentence, as DDL answers.</summary>
    public static StatementResult Status(string sentence) => new([ResultColumn.Text("status")], [[sentence]]);

    public static StatementResult OfTexts(IReadOnlyList<string> columns, IEnumerable<string?[]> rows) =>
        new([.. columns.Select(ResultColumn.Text)], [.. rows]);
}
