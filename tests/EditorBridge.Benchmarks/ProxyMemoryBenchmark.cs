using System.Diagnostics;
using System.Globalization;

namespace EditorBridge.Benchmarks;

/// <summary>
/// Keeps many streams open through the host and watches how much memory it holds: each stream that ends is followed by a new one, so what
/// a stream leaves behind would show as growth.
/// </summary>
internal static class ProxyMemoryBenchmark
{
    private static readonly TimeSpan Watch = TimeSpan.FromSeconds(1);

    public static async Task<int> RunAsync(string[] options)
    {
        var streams = options.Length > 0 ? int.Parse(options[0], CultureInfo.InvariantCulture) : 200;
        var seconds = options.Length > 1 ? int.Parse(options[1], CultureInfo.InvariantCulture) : 60;
        await using var targets = await ProxyTargets.StartAsync(forwarder: false, inMemory: false);
        var body = ProxyBenchmark.Body(CheapUpstream.Paced, 20 * 1024, stream: true);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => targets.Host.DrainAsync(body, CancellationToken.None)));
        Line($"before: {Megabytes(targets.Host.Process!):0.0} MB");

        using var end = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        var ended = 0;
        var open = Enumerable.Range(0, streams).Select(async _ =>
        {
            while (!end.IsCancellationRequested)
            {
                await targets.Host.DrainAsync(body, CancellationToken.None);
                Interlocked.Increment(ref ended);
            }
        }).ToArray();

        var samples = await SampleAsync(targets.Host.Process!, end.Token);
        await Task.WhenAll(open);
        Line($"after:  {Megabytes(targets.Host.Process!):0.0} MB, {ended:N0} streams of {CheapUpstream.PacedFrames} frames ended");
        var third = samples.Count / 3;
        var (early, late) = (samples.Skip(third).Take(third).Average(), samples.Skip(2 * third).Average());
        Line($"{streams} streams at once for {seconds} s: largest {samples.Max():0.0} MB; mean of the second third {early:0.0} MB, of the last {late:0.0} MB ({late - early:+0.0;-0.0} MB)");
        return samples.Max() < 200 ? 0 : 1;
    }

    private static async Task<List<double>> SampleAsync(Process process, CancellationToken end)
    {
        var samples = new List<double>();
        try
        {
            while (true)
            {
                await Task.Delay(Watch, end);
                samples.Add(Megabytes(process));
            }
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested)
        {
            return samples;
        }
    }

    private static double Megabytes(Process process)
    {
        process.Refresh();
        return process.WorkingSet64 / 1024.0 / 1024.0;
    }

    private static void Line(FormattableString line) => Console.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
