using System.Diagnostics;
using System.Globalization;

namespace EditorBridge.Benchmarks;

/// <summary>One of the ways a question can take.</summary>
/// <param name="Ask">Asks once and answers the milliseconds that count.</param>
/// <param name="Process">The process whose processor time is the price of this way; null when it has none of its own.</param>
internal sealed record Way(string Name, Func<Task<double>> Ask, Process? Process = null);

/// <summary>
/// Asks the same question by several ways, one after the other and in another order each round, so that whatever else the machine does falls
/// on all of them alike. The first way is what the others are held against.
/// </summary>
internal static class Comparison
{
    private const int Warm = 300;

    public static async Task MeasureAsync(string what, int rounds, IReadOnlyList<Way> ways)
    {
        var times = ways.Select(_ => new List<double>(rounds)).ToArray();
        var processor = new double[ways.Count];
        for (var round = -Warm; round < rounds; round++)
        {
            if (round == 0) Add(processor, ways, -1);
            for (var i = 0; i < ways.Count; i++)
            {
                var way = (i + round + Warm) % ways.Count;
                var time = await ways[way].Ask();
                if (round >= 0) times[way].Add(time);
            }
        }

        Add(processor, ways, 1);
        Print(what, rounds, ways, times, processor);
    }

    // Unlike a time on the clock, the processor's time is hardly changed by what else runs.
    private static void Add(double[] processor, IReadOnlyList<Way> ways, int sign)
    {
        for (var i = 0; i < ways.Count; i++)
        {
            if (ways[i].Process is not { } process) continue;
            process.Refresh();
            processor[i] += sign * process.TotalProcessorTime.TotalMilliseconds;
        }
    }

    private static void Print(string what, int rounds, IReadOnlyList<Way> ways, List<double>[] times, double[] processor)
    {
        Line($"{what}, {rounds} rounds");
        Console.WriteLine("                              p50 ms   p99 ms   middle half        p50 added  p99 added  ratio of p50  processor ms");
        foreach (var list in times) list.Sort();
        var first = times[0];
        for (var i = 0; i < ways.Count; i++)
        {
            var own = times[i];
            var price = ways[i].Process is null ? "" : (processor[i] / rounds).ToString("0.000", CultureInfo.InvariantCulture);
            Line($"  {ways[i].Name,-26} {At(own, 0.5),8:0.000} {At(own, 0.99),8:0.000}   {At(own, 0.25),6:0.000}..{At(own, 0.75),-6:0.000} {At(own, 0.5) - At(first, 0.5),12:0.000} {At(own, 0.99) - At(first, 0.99),10:0.000} {At(own, 0.5) / At(first, 0.5),10:0.00} {price,15}");
        }

        Console.WriteLine();
    }

    private static double At(List<double> sorted, double share) => sorted[(int)Math.Clamp(Math.Ceiling(share * sorted.Count) - 1, 0, sorted.Count - 1)];

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
