using System.Diagnostics;
using System.Globalization;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Benchmarks;

/// <summary>Figures of the ledger: absolute ones say something only with the machine they were taken on; compare those of one run.</summary>
internal static class LedgerBenchmarks
{
    private const int Repeats = 7;

    public static async Task<int> AppendAsync(string[] options)
    {
        int appends = options is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 2000;
        Line($"{"callers",8} {"entries/s",10} {"p50 ms",8} {"p99 ms",8}");
        foreach (int callers in new[] { 1, 8, 64 })
        {
            DirectoryInfo folder = Directory.CreateTempSubdirectory("ledger-benchmark-");
            await using (LedgerWriter writer = LedgerWriter.Open(new LedgerOptions { Folder = folder.FullName, FullText = false }, TimeProvider.System))
            {
                await RunAsync(writer, callers, 200);
                long started = Stopwatch.GetTimestamp();
                double[] milliseconds = await RunAsync(writer, callers, appends);
                double seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
                Line($"{callers,8} {appends / seconds,10:N0} {Percentile(milliseconds, 0.5),8:0.00} {Percentile(milliseconds, 0.99),8:0.00}");
            }
            folder.Delete(recursive: true);
        }
        return 0;
    }

    public static async Task<int> VerifyAsync(string[] options)
    {
        if (options is not [var folder])
        {
            return Missing();
        }
        foreach ((string name, VerifyOptions what) in new[]
        {
            ("chain and checkpoints", new VerifyOptions { Payloads = false, Projection = false }),
            ("chain, checkpoints, payloads", new VerifyOptions { Projection = false }),
            ("everything", new VerifyOptions()),
        })
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            VerifyReport report = await LedgerVerifier.VerifyAsync(folder, what, null, CancellationToken.None);
            double processor = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
            Line($"{name,-30} {report.Entries:N0} entries in {report.Took.TotalSeconds:0.0} s ({processor:0.0} s of processor): {report.Entries / report.Took.TotalSeconds:N0}/s, {(report.IsSound ? "sound" : report.Findings[0].Message)}");
        }
        return 0;
    }

    public static async Task<int> QueryAsync(string[] options)
    {
        if (options is not [var folder])
        {
            return Missing();
        }
        using LedgerReader reader = LedgerReader.Open(folder);
        CallPage first = await reader.CallsAsync(CallFilter.All, null, 50);
        DateTimeOffset newest = first.Calls[0].StartedAt;
        DateTimeOffset oldest = newest.AddYears(-1);
        AuditCall middle = first.Calls[25];
        var week = new CallFilter { From = newest.AddDays(-7) };
        var deep = new CallCursor(newest.AddDays(-90), 1_000_000);
        Line($"{"question",-46} {"first ms",9} {"median ms",10}");
        await MeasureAsync("first page", () => reader.CallsAsync(CallFilter.All, null, 50));
        await MeasureAsync("page in the middle", () => reader.CallsAsync(CallFilter.All, deep, 50));
        await MeasureAsync("page: one session", () => reader.CallsAsync(new CallFilter { SessionId = middle.SessionId }, null, 50));
        await MeasureAsync("page: expired", () => reader.CallsAsync(new CallFilter { States = [CallState.Expired] }, null, 50));
        await MeasureAsync("page: critical and approved or edited", () => reader.CallsAsync(new CallFilter { Severities = ["critical"], States = [CallState.Approved, CallState.Edited] }, null, 50));
        await MeasureAsync("page: tool, door, severity, a week", () => reader.CallsAsync(week with { Tools = ["Edit"], Doors = ["hook"], Severities = ["high"] }, null, 50));
        await MeasureAsync("page: a rule", () => reader.CallsAsync(new CallFilter { Rule = "managed.grants" }, null, 50));
        await MeasureAsync("page: a common word", () => reader.CallsAsync(new CallFilter { Text = "select" }, null, 50));
        await MeasureAsync("page: rare words", () => reader.CallsAsync(new CallFilter { Text = "\"change 4242\"" }, null, 50));
        await MeasureAsync("page: a common word in one session", () => reader.CallsAsync(new CallFilter { Text = "orders", SessionId = middle.SessionId }, null, 50));
        await MeasureAsync("count: everything", () => reader.CountAsync(CallFilter.All));
        await MeasureAsync("count: critical and rejected", () => reader.CountAsync(new CallFilter { Severities = ["critical"], States = [CallState.Rejected] }));
        await MeasureAsync("count: a common word", () => reader.CountAsync(new CallFilter { Text = "select" }));
        await MeasureAsync("facets: everything", () => reader.FacetsAsync(CallFilter.All));
        await MeasureAsync("facets: a week", () => reader.FacetsAsync(week));
        await MeasureAsync("facets: a common word", () => reader.FacetsAsync(new CallFilter { Text = "select" }));
        await MeasureAsync("histogram: a year", () => reader.HistogramAsync(CallFilter.All, oldest, newest));
        await MeasureAsync("histogram: a week", () => reader.HistogramAsync(CallFilter.All, newest.AddDays(-7), newest));
        await MeasureAsync("histogram: a year of one tool, refused", () => reader.HistogramAsync(new CallFilter { Tools = ["Edit"], States = [CallState.Refused] }, oldest, newest));
        await MeasureAsync("totals: a year", () => reader.TotalsAsync(oldest, newest));
        await MeasureAsync("spend: a year", () => reader.SpendAsync(oldest, newest));
        await MeasureAsync("rules: a month", () => reader.RuleHitsAsync(newest.AddDays(-30), newest));
        await MeasureAsync("rules: a year", () => reader.RuleHitsAsync(oldest, newest));
        await MeasureAsync("sessions", () => reader.SessionsAsync(null, null, null, null, 50));
        await MeasureAsync("one call's entries", () => reader.EntriesForCallAsync(middle.CallId));
        return 0;
    }

    private static async Task<double[]> RunAsync(LedgerWriter writer, int callers, int appends)
    {
        double[][] each = await Task.WhenAll(Enumerable.Range(0, callers).Select(caller => Task.Run(async () =>
        {
            double[] milliseconds = new double[appends / callers];
            for (int i = 0; i < milliseconds.Length; i++)
            {
                long started = Stopwatch.GetTimestamp();
                await writer.AppendAsync(new AuditDraft
                {
                    Kind = i % 2 == 0 ? EntryKind.MessageIntent : EntryKind.MessageOutcome,
                    CallId = $"{caller}-{i / 2}",
                    SessionId = $"session-{caller}",
                    Actor = "agent:benchmark",
                    Door = "proxy",
                    Model = "claude-sonnet-4-5",
                    Payloads = [new AuditPayload("text", "text/plain", new string('x', 700))],
                });
                milliseconds[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
            return milliseconds;
        })));
        return [.. each.SelectMany(m => m)];
    }

    private static async Task MeasureAsync<T>(string question, Func<Task<T>> ask)
    {
        double[] milliseconds = new double[Repeats];
        try
        {
            for (int i = 0; i < Repeats; i++)
            {
                long started = Stopwatch.GetTimestamp();
                await ask();
                milliseconds[i] = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
            }
            Line($"{question,-46} {milliseconds[0],9:0.0} {Percentile(milliseconds, 0.5),10:0.0}");
        }
        catch (LedgerQueryTimeoutException)
        {
            Line($"{question,-46} {"stopped, with the offer to narrow it",20}");
        }
    }

    private static double Percentile(double[] values, double share)
    {
        double[] sorted = [.. values.Order()];
        return sorted[(int)Math.Min(sorted.Length - 1, Math.Ceiling(share * sorted.Length) - 1)];
    }

    private static int Missing()
    {
        Console.Error.WriteLine("Name the ledger folder. A million calls: npm run seed -- --calls 1000000 --ledger FOLDER");
        return 2;
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
