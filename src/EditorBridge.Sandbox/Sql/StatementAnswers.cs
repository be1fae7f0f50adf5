using System.IO.Compression;
using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Writes what the SQL API answers about a statement.</summary>
internal sealed class StatementAnswers(int partitionRows)
{
    /// <summary>202: still running, or submitted to run on its own.</summary>
    public static Task WriteRunningAsync(HttpContext context, SubmittedStatement statement) => SandboxJson.WriteAsync(context, 202, writer =>
    {
        writer.WriteStartObject();
        writer.WriteString("code", "333334");
        writer.WriteString("message", "Asynchronous execution in progress. Use provided query id to perform query monitoring and management.");
        writer.WriteString("statementHandle", statement.Handle);
        writer.WriteString("statementStatusUrl", statement.StatusUrl);
        writer.WriteEndObject();
    });

    public static Task WriteFailureAsync(HttpContext context, SqlException error, SubmittedStatement? statement) =>
        SandboxJson.WriteAsync(context, error.Code is "000630" ? 408 : 422, writer => WriteStatus(writer, error, statement));

    public static Task WriteCanceledAsync(HttpContext context, SubmittedStatement statement) =>
        SandboxJson.WriteAsync(context, 200, writer => WriteStatus(writer, SqlException.Canceled(), statement));

    public static Task WriteNotFoundAsync(HttpContext context, string handle) =>
        SandboxJson.WriteAsync(context, 422, writer => WriteStatus(writer, new SqlException("000709", "02000", $"Statement {handle} not found"), null));

    /// <summary>200 with the first partition, what the columns are, and where the other partitions lie.</summary>
    public Task WriteResultAsync(HttpContext context, SubmittedStatement statement, StatementResult result)
    {
        var partitions = Partitions(result);
        context.Response.Headers.Link = string.Join(",", new[] { ("first", 0), ("next", 1), ("last", partitions.Count - 1) }
            .Where(link => link.Item2 < partitions.Count)
            .Select(link => $"<{statement.StatusUrl}&partition={link.Item2}>;rel=\"{link.Item1}\""));
        return SandboxJson.WriteAsync(context, 200, writer =>
        {
            writer.WriteStartObject();
            WriteMetadata(writer, result, partitions);
            WriteData(writer, partitions[0], statement.ShowNulls);
            if (result.Changed is { } changed)
            {
                writer.WriteStartObject("stats");
                writer.WriteNumber("numRowsInserted", changed.Inserted);
                writer.WriteNumber("numRowsUpdated", changed.Updated);
                writer.WriteNumber("numRowsDeleted", changed.Deleted);
                writer.WriteNumber("numDuplicateRowsUpdated", 0);
                writer.WriteEndObject();
            }

            writer.WriteString("code", "090001");
            writer.WriteString("statementStatusUrl", statement.StatusUrl);
            writer.WriteString("requestId", statement.RequestId);
            writer.WriteString("sqlState", "00000");
            writer.WriteString("statementHandle", statement.Handle);
            if (statement.Children.Count > 0)
            {
                writer.WriteStartArray("statementHandles");
                foreach (var child in statement.Children)
                {
                    writer.WriteStringValue(child);
                }

                writer.WriteEndArray();
            }

            writer.WriteString("message", statement.Children.Count > 0 ? "Multiple statements executed successfully." : "Statement executed successfully.");
            writer.WriteNumber("createdOn", statement.CreatedOn.ToUnixTimeMilliseconds());
            writer.WriteEndObject();
        });
    }

    /// <summary>A partition after the first: its rows only, always gzip-compressed whatever the caller accepts.</summary>
    public async Task WritePartitionAsync(HttpContext context, SubmittedStatement statement, StatementResult result, int index)
    {
        var partitions = Partitions(result);
        if (index >= partitions.Count)
        {
            await SnowflakeError.InvalidPayload($"Partition {index} does not exist; the result has {partitions.Count}.").WriteAsync(context);
            return;
        }

        context.Response.ContentType = "application/json";
        context.Response.Headers.ContentEncoding = "gzip";
        await using var gzip = new GZipStream(context.Response.Body, CompressionLevel.Fastest, leaveOpen: true);
        await gzip.WriteAsync(SandboxJson.Bytes(writer =>
        {
            writer.WriteStartObject();
            WriteData(writer, partitions[index], statement.ShowNulls);
            writer.WriteEndObject();
        }), context.RequestAborted);
    }

    private List<string?[][]> Partitions(StatementResult result) => result.Rows.Count == 0 ? [[]] : [.. result.Rows.Chunk(partitionRows)];

    private static void WriteMetadata(Utf8JsonWriter writer, StatementResult result, IReadOnlyList<string?[][]> partitions)
    {
        writer.WriteStartObject("resultSetMetaData");
        writer.WriteNumber("numRows", result.Rows.Count);
        writer.WriteString("format", "jsonv2");
        writer.WriteStartArray("partitionInfo");
        foreach (var partition in partitions)
        {
            writer.WriteStartObject();
            writer.WriteNumber("rowCount", partition.Length);
            writer.WriteNumber("uncompressedSize", partition.Sum(row => row.Sum(cell => (cell?.Length ?? 4) + 3)));
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("rowType");
        foreach (var column in result.Columns)
        {
            WriteColumn(writer, column);
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteColumn(Utf8JsonWriter writer, ResultColumn column)
    {
        writer.WriteStartObject();
        writer.WriteString("name", column.Name);
        writer.WriteString("database", "");
        writer.WriteString("schema", "");
        writer.WriteString("table", "");
        WriteNumber(writer, "scale", column.Scale);
        writer.WriteString("type", column.Type);
        WriteNumber(writer, "length", column.Length);
        WriteNumber(writer, "byteLength", column.Length);
        WriteNumber(writer, "precision", column.Precision);
        writer.WriteBoolean("nullable", column.Nullable);
        writer.WriteNull("collation");
        writer.WriteEndObject();
    }

    private static void WriteNumber(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }

    private static void WriteData(Utf8JsonWriter writer, string?[][] rows, bool showNulls)
    {
        writer.WriteStartArray("data");
        foreach (var row in rows)
        {
            writer.WriteStartArray();
            foreach (var cell in row)
            {
                writer.WriteStringValue(cell ?? (showNulls ? null : "null"));
            }

            writer.WriteEndArray();
        }

        writer.WriteEndArray();
    }

    private static void WriteStatus(Utf8JsonWriter writer, SqlException error, SubmittedStatement? statement)
    {
        writer.WriteStartObject();
        writer.WriteString("code", error.Code);
        writer.WriteString("message", error.Message);
        writer.WriteString("sqlState", error.SqlState);
        if (statement is not null)
        {
            writer.WriteString("statementHandle", statement.Handle);
            writer.WriteString("statementStatusUrl", statement.StatusUrl);
            writer.WriteNumber("createdOn", statement.CreatedOn.ToUnixTimeMilliseconds());
        }

        writer.WriteEndObject();
    }
}
