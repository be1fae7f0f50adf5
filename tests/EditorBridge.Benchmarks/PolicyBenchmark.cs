using System.Diagnostics;
using System.Globalization;
using EditorBridge.Policy;
using EditorBridge.Sql;

namespace EditorBridge.Benchmarks;

/// <summary>Decides everyday actions under the default policy. Held against one reading of the same command by the shell lexer, in the same run.</summary>
internal static class PolicyBenchmark
{
    private const int Rounds = 400;

    private static readonly string[] Commands =
    [
        "git status",
        "npm test -- --watch=false",
        "cd src && grep -rn \"customer_id\" models | head -20",
        "for f in models/*.sql; do echo \"$f\"; sqlfluff lint \"$f\"; done > /tmp/lint.txt 2>&1",
        "git commit -m \"$(cat <<'EOF'\nAdd the orders model\n\nWith tests.\nEOF\n)\"",
        "snow sql -q \"SELECT id, amount FROM analytics.orders WHERE day > '2026-01-01' LIMIT 10\"",
        "cat a.txt b.txt c.txt d.txt e.txt f.txt g.txt h.txt src/one/two/three/four.py src/one/two/three/five.py",
    ];

    public static int Run()
    {
        foreach (var command in Commands)
        {
            var facts = new ActionFacts { Door = Door.Hook, Tool = "Bash", Command = command, Sql = EmbeddedSql.InShell(command), Workspace = "/home/dev/project", Home = "/home/dev", At = DateTimeOffset.UnixEpoch };
            var reading = Median(() => ShellLexer.Read(command));
            var deciding = Median(() => PolicyEvaluator.Decide(PolicySet.Default, facts));
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{deciding,8:F1} us  {deciding / reading,6:F1} x reading  {PolicyEvaluator.Decide(PolicySet.Default, facts).Effect,-7} {command.ReplaceLineEndings(" ")}"));
        }
        return 0;
    }

    private static double Median<T>(Func<T> round)
    {
        for (var warm = 0; warm < 300; warm++) round();
        var times = new double[Rounds];
        for (var at = 0; at < Rounds; at++)
        {
            var started = Stopwatch.GetTimestamp();
            round();
            times[at] = Stopwatch.GetElapsedTime(started).TotalMicroseconds;
        }
        Array.Sort(times);
        return times[Rounds / 2];
    }
}
