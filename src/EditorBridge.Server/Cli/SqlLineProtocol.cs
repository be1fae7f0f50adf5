using System.Collections.Immutable;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using EditorBridge.Sql;

namespace EditorBridge.Cli;

/// <summary>
/// The line protocol of <c>sql analyze --jsonl</c>: one <c>{"id","sql"}</c> in, one <c>{"id","statements","elapsed_us"}</c> out, in order. A line that
/// cannot be read is answered with an <c>error</c> and one statement that was not understood, and the run goes on.
/// </summary>
internal static class SqlLineProtocol
{
    private static readonly JsonWriterOptions Written = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>One of each kind of statement, read before the first line arrives: otherwise the first answers would be charged with compiling the reader.</summary>
    private static readonly string[] Samples =
    [
        "SELECT a, b::INT, c:d.e[0]::VARCHAR, COUNT(*) OVER (PARTITION BY f ORDER BY g ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM db.s.t AS x JOIN \"U\" y ON x.i = y.i, LATERAL FLATTEN(INPUT => z) WHERE a IN (SELECT 1) AND b BETWEEN 1 AND 2 GROUP BY ALL HAVING COUNT(*) > 1 QUALIFY ROW_NUMBER() OVER (ORDER BY a) = 1 ORDER BY a DESC LIMIT 10",
        "WITH c AS (SELECT CASE WHEN a = 'x' THEN {'k': [1, 2]} END AS d FROM @s/p (FILE_FORMAT => 'f')) SELECT * EXCLUDE (d) FROM c UNION ALL (SELECT d FROM VALUES (1), (2)) ->> SELECT $1 FROM $1",
        "SELECT * FROM t PIVOT (SUM(a) FOR b IN ('x')) AT (OFFSET => -1) SAMPLE (10); SHOW TABLES LIKE 'x' IN SCHEMA s; DESC TABLE t; LIST @s; EXPLAIN SELECT 1; USE SCHEMA s; SET v = 'a' || 'b'; SELECT * FROM IDENTIFIER($v)",
        "BEGIN LET x INT := 1; IF (x > 0) THEN SELECT :x; ELSE DELETE FROM t WHERE 1 = 1; END IF; FOR r IN (SELECT 1) DO NULL; END FOR; EXCEPTION WHEN OTHER THEN RETURN SQLERRM; END",
        "INSERT INTO t (a) SELECT 1; UPDATE t SET a = 1 WHERE b = 2; DELETE FROM t; MERGE INTO t USING s ON t.a = s.a WHEN MATCHED THEN UPDATE SET b = 1 WHEN NOT MATCHED THEN INSERT (a) VALUES (1); TRUNCATE TABLE t; COPY INTO t FROM @s; COPY INTO 's3://b' FROM t; PUT file:///x @s; GET @s file:///x; REMOVE @s",
        "CREATE OR REPLACE TABLE t (a INT, b VARCHAR(10)); CREATE VIEW v AS SELECT 1; CREATE TASK k AS CALL p(); CREATE PROCEDURE p() RETURNS INT LANGUAGE SQL AS $$ BEGIN RETURN 1; END $$; CREATE FUNCTION f() RETURNS INT LANGUAGE PYTHON AS $$ s.sql(f'DROP TABLE {x}') $$; CREATE MASKING POLICY m AS (v STRING) RETURNS STRING -> v; ALTER TABLE t DROP COLUMN c; DROP TABLE t; GRANT SELECT ON TABLE t TO ROLE r; GRANT ROLE a TO USER b; USE ROLE r; ALTER SESSION SET TIMEZONE = 'UTC'; CALL p(1); EXECUTE IMMEDIATE 'SELECT 1'; EXECUTE TASK k; COMMENT ON TABLE t IS 'x'; BEGIN; COMMIT",
        "SELECT {{ x }} /* a /* b */ FROM t; \uFF1B !source x; FROBNICATE; {% set q = 'SELECT 1' %}",
    ];

    /// <summary>What a line that cannot be read is answered with: no statements would say that nothing would run.</summary>
    private static readonly StatementAnalysis Unreadable = new()
    {
        Span = default,
        Class = StatementClass.Unknown,
        Effect = Effect.Review,
        Severity = Severity.Medium,
        Confidence = Confidence.Opaque,
        Title = "",
        Reasons = [new Reason("G22", RuleCatalogue.Get("G22").Meaning, default, Severity.Medium)],
    };

    public static async Task RunAsync(TextReader input, TextWriter output, CancellationToken cancellationToken)
    {
        using var buffer = new MemoryStream();
        foreach (var sample in Samples)
        {
            for (var round = 0; round < 40; round++) _ = Answer(JsonSerializer.Serialize(new Dictionary<string, string> { ["id"] = "", ["sql"] = sample }), buffer);
        }
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

    /// <summary>A file's statements in the shape of an answer, with the file as its id.</summary>
    public static string Line(string file, ImmutableArray<SqlPiece> pieces, TimeSpan elapsed)
    {
        using var buffer = new MemoryStream();
        using (var writer = new Utf8JsonWriter(buffer, Written))
        {
            writer.WriteStartObject();
            writer.WriteString("id", file);
            writer.WriteStartArray("statements");
            foreach (var statement in pieces.SelectMany(piece => piece.Analysis.Statements)) SqlReport.Statement(writer, statement);
            writer.WriteEndArray();
            writer.WriteNumber("elapsed_us", (long)Math.Ceiling(elapsed.TotalMicroseconds));
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    private static void Error(Utf8JsonWriter writer, string message)
    {
        writer.WriteString("error", message);
        writer.WriteStartArray("statements");
        SqlReport.Statement(writer, Unreadable);
        writer.WriteEndArray();
        writer.WriteNumber("elapsed_us", 0);
    }
}
