using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EditorBridge.Sql;

namespace EditorBridge.Cli;

/// <summary>
/// The line protocol of <c>sql analyze --jsonl</c>: one <c>{"id","sql"}</c> in, one <c>{"id","statements","elapsed_us"}</c> out, in order. A line that
/// cannot be read is answered with an <c>error</c> and no statements, and the run goes on.
/// </summary>
internal static class SqlLineProtocol
{
    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    public static async Task RunAsync(TextReader input, TextWriter output, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        while (await input.ReadLineAsync(cancellationToken) is { } line)
        {
            if (string.IsNullOrWhiteSpace(line)) continue;
            await output.WriteAsync(Answer(line, buffer).AsMemory(), cancellationToken);
            await output.WriteAsync('\n');
            await output.FlushAsync(cancellationToken);
        }
    }

    /// <summary>The answer to one line.</summary>
    public static string Answer(string line, MemoryStream buffer)
    {
        buffer.SetLength(0);
        using (var writer = new Utf8JsonWriter(buffer, Written))
        {
            writer.WriteStartObject();
            try
            {
                using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 16 });
                Answer(document.RootElement, writer);
            }
            catch (Exception e) when (e is JsonException or ArgumentException)
            {
                Error(writer, $"This line is not JSON: {e.Message}");
            }
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void Answer(JsonElement request, Utf8JsonWriter writer)
    {
        if (request.ValueKind != JsonValueKind.Object)
        {
            Error(writer, "The line is not an object with id and sql.");
            return;
        }
        if (request.TryGetProperty("id", out var id))
        {
            writer.WritePropertyName("id");
            id.WriteTo(writer);
        }
        if (!request.TryGetProperty("sql", out var sql) || sql.ValueKind != JsonValueKind.String)
        {
            Error(writer, "The line has no sql of type string.");
            return;
        }
        string text;
        try
        {
            text = sql.GetString()!;
        }
        catch (InvalidOperationException)
        {
            // An escape such as \ud800 alone: no text can hold it.
            Error(writer, "The sql holds half of a surrogate pair.");
            return;
        }
        var start = Stopwatch.GetTimestamp();
        var analysis = SqlAnalyzer.Analyze(text);
        var elapsed = Stopwatch.GetElapsedTime(start);
        writer.WriteStartArray("statements");
        foreach (var statement in analysis.Statements) SqlReport.Statement(writer, statement);
        writer.WriteEndArray();
        writer.WriteNumber("elapsed_us", (long)Math.Ceiling(elapsed.TotalMicroseconds));
    }

    private static void Error(Utf8JsonWriter writer, string message)
    {
        writer.WriteString("error", message);
        writer.WriteStartArray("statements");
        writer.WriteEndArray();
        writer.WriteNumber("elapsed_us", 0);
    }
}
