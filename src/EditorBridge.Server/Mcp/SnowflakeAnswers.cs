using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Snowflake;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

/// <summary>The answers of the account's tools, in text and in structure with the same content: some clients show a model one, some the other.</summary>
internal static class SnowflakeAnswers
{
    /// <summary>The shape of every answer but the list of statements.</summary>
    public static JsonElement RowsSchema { get; } = Schema(new JsonObject
    {
        ["state"] = Typed("string", "done, running or cancelled"),
        ["statement_handle"] = Typed("string", "Names the statement: QUERY_ID in the account."),
        ["columns"] = List("string"),
        ["column_types"] = List("string"),
        ["rows"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "array" } },
        ["row_offset"] = Typed("integer", "Place of the first row in the whole result."),
        ["total_rows"] = Typed("integer", "Rows of the whole result."),
        ["truncated"] = Typed("boolean", "True when there are rows after those given."),
        ["next_row_offset"] = Typed("integer", "Where get_result_page goes on; absent at the end."),
        ["changed"] = new JsonObject { ["type"] = "object", ["description"] = "Rows inserted, updated, deleted." },
        ["saved_to"] = Typed("string", "The file that took the rows."),
        ["saved_rows"] = Typed("integer", "Rows in that file."),
        ["note"] = Typed("string", "What else there is to know."),
        ["review"] = Typed("string", "Who approved it, and whether the statement was changed."),
    }, "state");

    public static JsonElement HistorySchema { get; } = Schema(new JsonObject
    {
        ["statements"] = new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "object" } },
    }, "statements");

    /// <summary>Rows, as many as fit the limits.</summary>
    /// <param name="offset">Place of the first row in the whole result.</param>
    /// <param name="rowLimit">Rows policy lets anybody see; null for all.</param>
    public static CallToolResult Rows(SqlRows rows, long offset, int? rowLimit, string? review) => Of(json =>
    {
        json.WriteString("state", "done");
        if (rows.Handle is { } handle) json.WriteString("statement_handle", handle);
        json.WriteStartArray("columns");
        foreach (var column in rows.Columns) json.WriteStringValue(column.Name);
        json.WriteEndArray();
        json.WriteStartArray("column_types");
        foreach (var column in rows.Columns) json.WriteStringValue(column.Type);
        json.WriteEndArray();
        json.WriteStartArray("rows");
        var cut = new List<string>();
        var place = offset;
        foreach (var row in rows.Rows)
        {
            json.WriteStartArray();
            WriteRow(json, rows.Columns, row, place++, cut);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        var next = offset + rows.Rows.Length;
        json.WriteNumber("row_offset", offset);
        json.WriteNumber("total_rows", rows.TotalRows);
        json.WriteBoolean("truncated", next < rows.TotalRows);
        if (next < rows.TotalRows && (rowLimit is null || next < rowLimit) && rows.Rows.Length > 0) json.WriteNumber("next_row_offset", next);
        if (rows.Stats is { } stats)
        {
            json.WriteStartObject("changed");
            json.WriteNumber("inserted", stats.Inserted);
            json.WriteNumber("updated", stats.Updated);
            json.WriteNumber("deleted", stats.Deleted);
            json.WriteEndObject();
        }

        var limited = rowLimit is { } limit && rows.TotalRows > limit ? $"Policy lets {limit} rows of this result be read." : null;
        var large = cut.Count > 0 ? $"One answer holds {SnowflakeTools.CharacterLimit} characters of cells, so these are cut: {string.Join(", ", cut)}. {SnowflakeTools.SaveTo} takes them whole; SUBSTR reads a part." : null;
        if (string.Join(' ', new[] { limited, large }.OfType<string>()) is { Length: > 0 } notes) json.WriteString("note", notes);
        if (review is not null) json.WriteString("review", review);
    });

    // Only a row that is larger than an answer by itself is cut: others wait for the next page. The largest cells give way, so that small ones stay whole.
    private static void WriteRow(Utf8JsonWriter json, IReadOnlyList<SqlColumn> columns, IReadOnlyList<string?> row, long place, List<string> cut)
    {
        var most = LongestCell(row);
        for (var i = 0; i < row.Count; i++)
        {
            if (row[i] is not { } cell || cell.Length <= most)
            {
                SqlValue.Write(json, columns[i], row[i]);
                continue;
            }

            json.WriteStringValue(cell[..(most > 0 && char.IsHighSurrogate(cell[most - 1]) ? most - 1 : most)]);
            cut.Add($"{columns[i].Name} of row {place} ({cell.Length} characters)");
        }
    }

    // The length at which cells are cut for the row to fit; no limit when it fits as it is.
    private static int LongestCell(IReadOnlyList<string?> row)
    {
        if (row.Sum(cell => (long)(cell?.Length ?? 0)) <= SnowflakeTools.CharacterLimit) return int.MaxValue;
        var room = SnowflakeTools.CharacterLimit;
        var left = row.Count;
        foreach (var length in row.Select(cell => cell?.Length ?? 0).Order())
        {
            if (length > room / left) return room / left;
            room -= length;
            left--;
        }

        return int.MaxValue;
    }

    public static CallToolResult Saved(SqlRows shape, ResultFile file, string? review) => Of(json =>
    {
        json.WriteString("state", "done");
        if (shape.Handle is { } handle) json.WriteString("statement_handle", handle);
        json.WriteStartArray("columns");
        foreach (var column in shape.Columns) json.WriteStringValue(column.Name);
        json.WriteEndArray();
        json.WriteNumber("total_rows", shape.TotalRows);
        json.WriteString("saved_to", file.Path);
        json.WriteNumber("saved_rows", file.Rows);
        if (review is not null) json.WriteString("review", review);
    });

    public static CallToolResult Running(string handle, string? review) => Of(json =>
    {
        json.WriteString("state", "running");
        json.WriteString("statement_handle", handle);
        json.WriteString("note", "The statement runs on in the account. Ask with get_statement, stop it with cancel_statement.");
        if (review is not null) json.WriteString("review", review);
    });

    public static CallToolResult Cancelled(string handle, string note) => Of(json =>
    {
        json.WriteString("state", "cancelled");
        json.WriteString("statement_handle", handle);
        json.WriteString("note", note);
    });

    public static CallToolResult History(IEnumerable<StartedStatement> statements) => Of(json =>
    {
        json.WriteStartArray("statements");
        foreach (var statement in statements)
        {
            json.WriteStartObject();
            json.WriteString("statement_handle", statement.Outcome?.Handle ?? statement.Handle);
            json.WriteString("sql", statement.Text.Length <= 1000 ? statement.Text : statement.Text[..1000] + " …");
            json.WriteString("state", statement.Outcome switch
            {
                SqlRows => "done",
                SqlFailure { Kind: SqlFailureKind.Canceled } => "cancelled",
                SqlFailure => "failed",
                _ => "running",
            });
            json.WriteString("started_at", statement.StartedAt);
            if (statement.EndedAt is { } ended) json.WriteNumber("seconds", Math.Round((ended - statement.StartedAt).TotalSeconds, 3));
            if (statement.Outcome is SqlRows rows) json.WriteNumber("total_rows", rows.TotalRows);
            if (statement.Outcome is SqlFailure { Code: { } code }) json.WriteString("code", code);
            if (statement.Person is { } person) json.WriteString("approved_by", person);
            json.WriteString("call", statement.CallId);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    });

    /// <summary>The account's failure: its code, its words, what mends it, and which tool helps.</summary>
    public static CallToolResult Failed(SqlFailure failure)
    {
        var hint = failure.Kind switch
        {
            SqlFailureKind.NotFound when failure.Code == "000904" => " The columns there are: describe_table.",
            SqlFailureKind.NotFound when failure.Message.Contains("\nWarehouse '", StringComparison.Ordinal) => " The warehouses this role may use: list_warehouses.",
            SqlFailureKind.NotFound => " What this role sees: list_databases, list_schemas, list_tables.",
            SqlFailureKind.TimedOut => $" The limit is {SnowflakeTools.Seconds} (at most {SnowflakeTools.SecondsAtMost}); with {SnowflakeTools.Background} the statement need not be waited for.",
            SqlFailureKind.NoWarehouse => " The warehouses this role may use: list_warehouses.",
            _ => "",
        };
        return Refusal($"{(failure.Code is null ? "" : $"Snowflake {failure.Code}: ")}{failure.Message}{hint}{(failure.Handle is null ? "" : $" (statement {failure.Handle})")}");
    }

    /// <summary>A result that says why nothing was done.</summary>
    public static CallToolResult Refusal(string reason) => new() { IsError = true, Content = [new TextContentBlock { Text = reason }] };

    /// <summary>Letters and quotes as they are: a model pays a sixth more for \u0027, and a file is read by people. Nothing shows it as markup.</summary>
    public static readonly JsonWriterOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static CallToolResult Of(Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Plain))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        var text = Encoding.UTF8.GetString(buffer.ToArray());
        return new CallToolResult { Content = [new TextContentBlock { Text = text }], StructuredContent = JsonElement.Parse(text) };
    }

    private static JsonElement Schema(JsonObject properties, string required) => JsonSerializer.SerializeToElement(new JsonObject
    {
        ["type"] = "object",
        ["properties"] = properties,
        ["required"] = new JsonArray(required),
    });

    private static JsonObject Typed(string type, string description) => new() { ["type"] = type, ["description"] = description };

    private static JsonObject List(string type) => new() { ["type"] = "array", ["items"] = new JsonObject { ["type"] = type } };
}
