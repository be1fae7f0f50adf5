using System.Diagnostics;
using System.Globalization;
using System.Text;
using EditorBridge.Sql;

namespace EditorBridge.Benchmarks;

/// <summary>
/// Compares two versions of a migration of 1,000 statements: every tenth statement changed, some added, removed and moved.
/// The time of one reading of both texts into tokens, in the same run, is what the comparison is held against.
/// </summary>
internal static class SqlDiffBenchmark
{
    private const int Statements = 1_000;
    private const int Rounds = 60;

    public static int Run()
    {
        var before = Migration(changed: false);
        var after = Migration(changed: true);
        var diff = SemanticDiff.Compare(before, after);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{diff.Before.Statements.Length} statements, {before.Length:N0} characters: +{diff.Added} -{diff.Removed} ~{diff.Changed} ={diff.Moved}"));
        var reading = Time(() => { _ = SqlLexer.Lex(before).Count + SqlLexer.Lex(after).Count; });
        var analysis = Time(() => { _ = SqlAnalyzer.Analyze(before).Statements.Length + SqlAnalyzer.Analyze(after).Statements.Length; });
        var whole = Time(() => { _ = SemanticDiff.Compare(before, after).Statements.Length; });
        var same = Time(() => { _ = SemanticDiff.Compare(before, before).Statements.Length; });
        Tell("tokens of both", reading, reading);
        Tell("analysis of both", analysis, reading);
        Tell("comparison, analysis included", whole, reading);
        Tell("equal texts", same, reading);
        return 0;
    }

    private static void Tell(string name, (double Median, double Best) time, (double Median, double Best) reading) =>
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name,-30} median {time.Median,7:F2} ms, best {time.Best,7:F2} ms, {time.Best / reading.Best,5:F1} x tokens"));

    private static (double Median, double Best) Time(Action round)
    {
        for (var warm = 0; warm < 20; warm++) round();
        var times = new double[Rounds];
        for (var at = 0; at < Rounds; at++)
        {
            var started = Stopwatch.GetTimestamp();
            round();
            times[at] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        }
        Array.Sort(times);
        return (times[Rounds / 2], times[0]);
    }

    private static string Migration(bool changed)
    {
        var text = new StringBuilder();
        for (var at = 0; at < Statements; at++)
        {
            if (changed && at % 97 == 5) continue;
            var edited = changed && at % 10 == 0;
            var target = changed && at % 211 == 7 ? at + 1 : at;
            text.AppendLine((at % 6) switch
            {
                0 => $"CREATE TABLE IF NOT EXISTS raw.t{target} (id NUMBER(38, 0) NOT NULL, name VARCHAR({(edited ? 200 : 100)}), created_at TIMESTAMP_NTZ);",
                1 => $"GRANT {(edited ? "SELECT, INSERT" : "SELECT")} ON TABLE raw.t{target} TO ROLE analyst;",
                2 => $"INSERT INTO raw.t{target} (id, name) SELECT id, name FROM staging.s{at} WHERE day >= '2026-01-{at % 28 + 1:00}'{(edited ? "" : " AND id > 10")};",
                3 => $"CREATE OR REPLACE VIEW mart.v{target} AS SELECT a.id, a.name, b.total{(edited ? ", b.*" : "")} FROM raw.t{at} a LEFT JOIN raw.o{at} b ON a.id = b.id GROUP BY 1, 2, 3;",
                4 => $"UPDATE raw.t{target} SET name = 'x{at}'{(edited ? "" : $" WHERE id = {at}")};",
                _ => $"ALTER TABLE raw.t{target} ADD COLUMN c{at} {(edited ? "VARCHAR" : "NUMBER")};",
            });
            if (changed && at % 131 == 3) text.AppendLine(CultureInfo.InvariantCulture, $"COMMENT ON TABLE raw.t{at} IS 'new';");
        }
        return text.ToString();
    }
}
