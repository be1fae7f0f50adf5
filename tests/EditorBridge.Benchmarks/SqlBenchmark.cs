using System.Diagnostics;
using System.Text;
using System.Text.Json;
using EditorBridge.Sql;

namespace EditorBridge.Benchmarks;

/// <summary>Time and allocation per statement of the lexer and of the whole analysis, on the labelled cases and on longer statements as people write them.</summary>
internal static class SqlBenchmark
{
    private const int Rounds = 200;

    public static int Run()
    {
        var texts = Vectors().Concat(Long()).ToArray();
        var statements = texts.Sum(text => Math.Max(1, SqlScript.Read(text).Statements.Length));
        Console.WriteLine($"{texts.Length} texts, {statements} statements, {texts.Sum(text => text.Length) / statements} characters per statement on average");
        // Characters that look like others are compared with what they look like, which is rare and may cost.
        var (tokens, bytes) = Lex([.. texts.Where(text => Ascii.IsValid(text))]);
        Console.WriteLine($"lexer                {tokens} tokens, {bytes} bytes beyond them ({(double)bytes / tokens:F2} per token)");
        Measure("lexer and splitter", texts, static text => SqlScript.Read(text).Statements.Length);
        var (median, p99) = Measure("analysis", texts, static text => SqlAnalyzer.Analyze(text).Statements.Length);
        var good = median <= 10 && p99 <= 100 && bytes == 0;
        Console.WriteLine(good ? "within 10 µs median and 100 µs p99, and the lexer allocates nothing beyond its tokens" : "MISSED: 10 µs median, 100 µs p99, no allocation in the lexer beyond its tokens");
        return good ? 0 : 1;
    }

    /// <summary>The lexer alone, which hands its tokens over one by one: what it allocates is beyond them.</summary>
    private static (long Tokens, long Bytes) Lex(string[] texts)
    {
        Count(texts);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var tokens = Count(texts);
        return (tokens, GC.GetAllocatedBytesForCurrentThread() - before);

        static long Count(string[] texts)
        {
            var tokens = 0L;
            foreach (var text in texts)
            {
                var lexer = new SqlLexer(text);
                while (lexer.Next(out _)) tokens++;
            }
            return tokens;
        }
    }

    private static (double Median, double P99) Measure(string name, string[] texts, Func<string, int> read)
    {
        for (var i = 0; i < 30; i++)
        {
            foreach (var text in texts) read(text);
        }
        var perStatement = new List<double>();
        foreach (var text in texts)
        {
            var count = Math.Max(1, read(text));
            var times = new double[Rounds];
            for (var i = 0; i < Rounds; i++)
            {
                var start = Stopwatch.GetTimestamp();
                read(text);
                times[i] = Stopwatch.GetElapsedTime(start).TotalMicroseconds / count;
            }
            Array.Sort(times);
            for (var i = 0; i < count; i++) perStatement.Add(times[Rounds / 2]);
        }
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var text in texts) read(text);
        var bytes = (GC.GetAllocatedBytesForCurrentThread() - before) / perStatement.Count;
        perStatement.Sort();
        var (median, p99) = (perStatement[perStatement.Count / 2], perStatement[perStatement.Count * 99 / 100]);
        Console.WriteLine($"{name,-20} median {median,7:F2} µs   p99 {p99,7:F2} µs   max {perStatement[^1],8:F2} µs   {bytes} bytes per statement");
        return (median, p99);
    }

    private static IEnumerable<string> Vectors()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            var vectors = Path.Combine(folder.FullName, "tests", "vectors", "sql");
            if (!Directory.Exists(vectors)) continue;
            foreach (var line in Directory.EnumerateFiles(vectors, "*.jsonl").Order(StringComparer.Ordinal).SelectMany(File.ReadLines))
            {
                using var document = JsonDocument.Parse(line);
                var sql = document.RootElement.GetProperty("sql").GetString()!;
                // Cases of size and depth are about limits, not about speed.
                if (sql.Length is > 0 and < 2000) yield return sql;
            }
            yield break;
        }
    }

    /// <summary>A report, a load and a migration of the size that agents write.</summary>
    private static IEnumerable<string> Long()
    {
        yield return """
            WITH orders AS (
                SELECT o.order_id, o.customer_id, o.ordered_at::DATE AS day, o.amount, o.payload:shipping.country::VARCHAR AS country
                FROM raw.shop.orders AS o
                WHERE o.ordered_at >= DATEADD('month', -3, CURRENT_DATE) AND o.status NOT IN ('cancelled', 'test')
                QUALIFY ROW_NUMBER() OVER (PARTITION BY o.order_id ORDER BY o.loaded_at DESC) = 1
            ), items AS (
                SELECT i.order_id, COUNT(*) AS lines, SUM(i.quantity * i.price) AS gross, LISTAGG(DISTINCT i.sku, ',') WITHIN GROUP (ORDER BY i.sku) AS skus
                FROM raw.shop.order_items AS i GROUP BY i.order_id HAVING COUNT(*) > 0
            )
            SELECT c.region, o.country, DATE_TRUNC('week', o.day) AS week, COUNT(DISTINCT o.order_id) AS orders, SUM(i.gross) AS gross,
                   AVG(o.amount) OVER (PARTITION BY c.region ORDER BY o.day ROWS BETWEEN 6 PRECEDING AND CURRENT ROW) AS smooth,
                   CASE WHEN SUM(i.gross) > 100000 THEN 'large' WHEN SUM(i.gross) BETWEEN 10000 AND 100000 THEN 'medium' ELSE 'small' END AS size
            FROM orders AS o
            JOIN items AS i ON i.order_id = o.order_id
            LEFT JOIN analytics.core.customers AS c ON c.customer_id = o.customer_id AND c.valid_to IS NULL
            WHERE EXISTS (SELECT 1 FROM analytics.core.calendar AS d WHERE d.day = o.day AND NOT d.is_holiday)
            GROUP BY ALL ORDER BY week DESC, gross DESC NULLS LAST LIMIT 500
            """;
        yield return """
            MERGE INTO analytics.core.customers AS t
            USING (SELECT customer_id, name, email, region, updated_at FROM raw.shop.customers_stream WHERE METADATA$ACTION = 'INSERT') AS s
            ON t.customer_id = s.customer_id
            WHEN MATCHED AND s.updated_at > t.updated_at THEN UPDATE SET t.name = s.name, t.email = s.email, t.region = s.region, t.updated_at = s.updated_at
            WHEN NOT MATCHED THEN INSERT (customer_id, name, email, region, updated_at) VALUES (s.customer_id, s.name, s.email, s.region, s.updated_at)
            """;
        var migration = new StringBuilder();
        for (var i = 0; i < 100; i++)
        {
            migration.Append(System.Globalization.CultureInfo.InvariantCulture, $"CREATE TABLE IF NOT EXISTS core.t{i} (id NUMBER(38, 0) NOT NULL AUTOINCREMENT, name VARCHAR(200) COMMENT 'the name', created_at TIMESTAMP_NTZ DEFAULT CURRENT_TIMESTAMP(), payload VARIANT, PRIMARY KEY (id));\n");
            migration.Append(System.Globalization.CultureInfo.InvariantCulture, $"ALTER TABLE core.t{i} ADD COLUMN region VARCHAR(10);\nGRANT SELECT ON TABLE core.t{i} TO ROLE analyst;\n");
        }
        yield return migration.ToString();
    }
}
