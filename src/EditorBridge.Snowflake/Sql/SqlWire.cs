using System.Collections.Immutable;
using System.Net;
using System.Text.Json;

namespace EditorBridge.Snowflake;

/// <summary>The SQL API's JSON, written and read in one place.</summary>
internal static class SqlWire
{
    /// <param name="alone">False puts the statement behind the one that switches secondary roles off.</param>
    public static byte[] Write(SqlStatement statement, bool alone)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("statement"u8, alone ? statement.Text : SecondaryRoles.Off + ";\n" + statement.Text);
            if (statement.Timeout is { } timeout)
            {
                json.WriteNumber("timeout"u8, Math.Max(1, (long)Math.Ceiling(timeout.TotalSeconds)));
            }
            WriteIf(json, "database", statement.Database);
            WriteIf(json, "schema", statement.Schema);
            WriteIf(json, "warehouse", statement.Warehouse);
            WriteIf(json, "role", statement.Role);
            WriteBindings(json, statement.Bindings);
            json.WriteStartObject("parameters"u8);
            // The one thing the account checks for us: two statements where one was judged are refused.
            json.WriteString("multi_statement_count"u8, alone ? "1"u8 : "2"u8);
            WriteIf(json, "query_tag", statement.QueryTag);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        return buffer.ToArray();
    }

    public static string? Handle(byte[] body) => TryParse(body, out var root) ? Text(root, "statementHandle") : null;

    /// <summary>The handle of the last of several statements that ran as one request.</summary>
    public static string? LastHandle(byte[] body) =>
        TryParse(body, out var root) && root.TryGetProperty("statementHandles", out var handles) && handles.ValueKind == JsonValueKind.Array && handles.GetArrayLength() > 0
            ? handles[handles.GetArrayLength() - 1].GetString()
            : null;

    /// <exception cref="JsonException">The body is no result.</exception>
    public static SqlRows ReadRows(byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        var root = document.RootElement;
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("resultSetMetaData", out var meta) || meta.ValueKind != JsonValueKind.Object)
        {
            throw new JsonException("there is no resultSetMetaData.");
        }
        var rows = Data(root);
        return new SqlRows
        {
            Handle = Text(root, "statementHandle"),
            Columns = meta.TryGetProperty("rowType", out var types) && types.ValueKind == JsonValueKind.Array ? [.. types.EnumerateArray().Select(Column)] : [],
            Rows = rows,
            TotalRows = Whole(meta, "numRows") ?? rows.Length,
            PartitionRows = meta.TryGetProperty("partitionInfo", out var parts) && parts.ValueKind == JsonValueKind.Array
                ? [.. parts.EnumerateArray().Select(part => (int)(Whole(part, "rowCount") ?? 0))]
                : [rows.Length],
            Stats = root.TryGetProperty("stats", out var stats) && stats.ValueKind == JsonValueKind.Object
                ? new SqlStats(Whole(stats, "numRowsInserted") ?? 0, Whole(stats, "numRowsUpdated") ?? 0, Whole(stats, "numRowsDeleted") ?? 0, Whole(stats, "numDuplicateRowsUpdated") ?? 0)
                : null,
        };
    }

    /// <exception cref="JsonException">The body is no part of a result.</exception>
    public static ImmutableArray<ImmutableArray<string?>> ReadData(byte[] body)
    {
        using var document = JsonDocument.Parse(body);
        return Data(document.RootElement);
    }

    /// <param name="statement">What was asked, for advice that names its role and warehouse.</param>
    public static SqlFailure ReadFailure(HttpStatusCode status, byte[] body, SqlStatement? statement = null)
    {
        var parsed = TryParse(body, out var root);
        var code = parsed ? Text(root, "code") : null;
        var message = (parsed ? Text(root, "message") : null) ?? $"HTTP {(int)status}";
        var sqlState = parsed ? Text(root, "sqlState") : null;
        return code == SecondaryRoles.SeveralFailed && SecondaryRoles.Inside(message) is var (own, ownCode)
            ? Failure(status, ownCode ?? code, own, ownCode is null ? sqlState : null, statement)
            : Failure(status, code, message, sqlState, statement);
    }

    /// <summary>What the driver says of a failed statement, in the same words and with the same advice.</summary>
    public static SqlFailure Failure(string? code, string message, string? sqlState, SqlStatement statement) => Failure(HttpStatusCode.UnprocessableEntity, code, message, sqlState, statement);

    private static SqlFailure Failure(HttpStatusCode status, string? code, string message, string? sqlState, SqlStatement? statement)
    {
        var kind = KindOf(status, code);
        return new SqlFailure(kind, SqlAdvice.For(kind, code, message, statement) is { } advice ? $"{message.TrimEnd()}{(message.TrimEnd() is [.., '.' or '!' or '?' or ':'] ? "" : ".")} {advice}" : message, code, sqlState);
    }

    private static SqlFailureKind KindOf(HttpStatusCode status, string? code) => code switch
    {
        "001003" => SqlFailureKind.Syntax,
        "002003" or "002043" or "000904" => SqlFailureKind.NotFound,
        "390189" => SqlFailureKind.Forbidden,
        "000709" => SqlFailureKind.UnknownStatement,
        "003001" => SqlFailureKind.InsufficientPrivileges,
        "000606" => SqlFailureKind.NoWarehouse,
        "000604" => SqlFailureKind.Canceled,
        "000630" => SqlFailureKind.TimedOut,
        "000008" => SqlFailureKind.StatementCount,
        "391908" => SqlFailureKind.ResultTooLarge,
        "390505" => SqlFailureKind.Throttled,
        _ => status switch
        {
            HttpStatusCode.Unauthorized => SqlFailureKind.SignIn,
            HttpStatusCode.Forbidden => SqlFailureKind.Forbidden,
            HttpStatusCode.RequestTimeout => SqlFailureKind.TimedOut,
            HttpStatusCode.TooManyRequests => SqlFailureKind.Throttled,
            HttpStatusCode.UnprocessableEntity => SqlFailureKind.Failed,
            >= HttpStatusCode.InternalServerError => SqlFailureKind.Unreachable,
            _ => SqlFailureKind.NotUnderstood,
        },
    };

    private static SqlColumn Column(JsonElement type) => new(
        Text(type, "name") ?? "", Text(type, "type")?.ToLowerInvariant() ?? "text",
        !(type.TryGetProperty("nullable", out var nullable) && nullable.ValueKind == JsonValueKind.False),
        (int?)Whole(type, "precision"), (int?)Whole(type, "scale"));

    private static ImmutableArray<ImmutableArray<string?>> Data(JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object || !root.TryGetProperty("data", out var data) || data.ValueKind != JsonValueKind.Array)
        {
            return [];
        }
        return [.. data.EnumerateArray().Where(row => row.ValueKind == JsonValueKind.Array).Select(row => row.EnumerateArray().Select(Cell).ToImmutableArray())];
    }

    private static string? Cell(JsonElement cell) => cell.ValueKind switch
    {
        JsonValueKind.Null => null,
        JsonValueKind.String => cell.GetString(),
        _ => cell.GetRawText(),
    };

    private static void WriteBindings(Utf8JsonWriter json, ImmutableArray<SqlBinding> bindings)
    {
        if (bindings.IsEmpty)
        {
            return;
        }
        json.WriteStartObject("bindings"u8);
        for (var i = 0; i < bindings.Length; i++)
        {
            json.WriteStartObject((i + 1).ToString(System.Globalization.CultureInfo.InvariantCulture));
            json.WriteString("type"u8, bindings[i].Type);
            json.WriteString("value"u8, bindings[i].Value);
            json.WriteEndObject();
        }
        json.WriteEndObject();
    }

    private static void WriteIf(Utf8JsonWriter json, string name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    private static bool TryParse(byte[] body, out JsonElement root)
    {
        root = default;
        try
        {
            using var document = JsonDocument.Parse(body);
            root = document.RootElement.Clone();
            return root.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static long? Whole(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : null;
}
