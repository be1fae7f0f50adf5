using System.Diagnostics;
using System.Globalization;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;

namespace EditorBridge.Benchmarks;

/// <summary>
/// <c>count_tokens</c> over HTTP at a real host, at the sizes a conversation grows through. Held against <c>/health</c>, which does nothing, over the same connection in the same run.
/// </summary>
internal static class CountTokensBenchmark
{
    private const int Warm = 300;

    public static async Task<int> RunAsync(string[] options)
    {
        var rounds = options is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 1000;
        await using var targets = await ProxyTargets.StartAsync(forwarder: false, inMemory: false);
        using var http = new HttpClient(new SocketsHttpHandler { UseProxy = false });
        http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", targets.Host.Token("claude"));
        Console.WriteLine("count_tokens               p50 ms   p99 ms   ratio of p50 to /health   tokens told");
        foreach (var size in (int[])[1024, 20 * 1024, 200 * 1024])
        {
            var body = ProxyBenchmark.Body(CheapUpstream.Whole, size, stream: false);
            var (times, nothing, tokens) = (new List<double>(), new List<double>(), 0L);
            for (var round = -Warm; round < rounds; round++)
            {
                var (counting, told) = await CountAsync(http, targets.Host.Address, body);
                var health = await HealthAsync(http, targets.Host.Address);
                if (round < 0) continue;
                times.Add(counting);
                nothing.Add(health);
                tokens = told;
            }

            times.Sort();
            nothing.Sort();
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"  {size / 1024,4} KB                 {times[rounds / 2],8:0.000} {times[rounds * 99 / 100],8:0.000} {times[rounds / 2] / nothing[rounds / 2],14:0.0} {tokens,24:N0}"));
        }

        return 0;
    }

    private static async Task<(double Milliseconds, long Tokens)> CountAsync(HttpClient http, Uri host, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        var started = Stopwatch.GetTimestamp();
        using var answer = await http.PostAsync(new Uri(host, "v1/messages/count_tokens"), content);
        var bytes = await answer.Content.ReadAsByteArrayAsync();
        var time = Stopwatch.GetElapsedTime(started).TotalMilliseconds;
        return (time, (long?)JsonNode.Parse(bytes)?["input_tokens"] ?? throw new InvalidOperationException($"No count: HTTP {(int)answer.StatusCode}"));
    }

    private static async Task<double> HealthAsync(HttpClient http, Uri host)
    {
        var started = Stopwatch.GetTimestamp();
        using var answer = await http.GetAsync(new Uri(host, "health"));
        await answer.Content.ReadAsByteArrayAsync();
        return Stopwatch.GetElapsedTime(started).TotalMilliseconds;
    }
}
