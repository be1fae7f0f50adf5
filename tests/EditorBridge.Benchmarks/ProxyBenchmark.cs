using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace EditorBridge.Benchmarks;

/// <summary>
/// What the proxy adds. Every round asks the upstream directly, through YARP's forwarder, and through the host with ledger and policy on,
/// in another order each time.
/// </summary>
internal static class ProxyBenchmark
{
    public static async Task<int> RunAsync(string[] options)
    {
        var rounds = options is [var count] ? int.Parse(count, CultureInfo.InvariantCulture) : 1000;
        await using var targets = await ProxyTargets.StartAsync();
        using var disk = new DiskSync();
        await MeasureAsync(targets, "whole answer, 1 KB request", rounds, Body(CheapUpstream.Whole, 1024, stream: false), (target, body) => target.WholeAsync(body), new Way("one sync of the disk", disk.WriteAsync));
        await MeasureAsync(targets, "whole answer, 200 KB request", rounds, Body(CheapUpstream.Whole, 200 * 1024, stream: false), (target, body) => target.WholeAsync(body));
        await MeasureAsync(targets, "first text of a stream, 1 KB request", rounds / 4, Body(CheapUpstream.Frames, 1024, stream: true), (target, body) => target.FirstTextAsync(body));
        await MeasureAsync(targets, "tool call, last delta to its release", rounds / 4, Body(CheapUpstream.Tool, 1024, stream: true), (target, body) => target.ToolAsync(body));
        await CountFlushesAsync(targets);
        return 0;
    }

    private static Task MeasureAsync(ProxyTargets targets, string what, int rounds, byte[] body, Func<ProxyTarget, byte[], Task<double>> ask, params Way[] more) =>
        Comparison.MeasureAsync(what, rounds, [.. targets.All.Select(target => new Way(target.Name, () => ask(target, body), target.Process)), .. more]);

    private static async Task CountFlushesAsync(ProxyTargets targets)
    {
        var body = Body(CheapUpstream.Frames, 1024, stream: true);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a stream of {CheapUpstream.FrameCount} frames, in flushes as the client gets them"));
        foreach (var target in targets.All)
        {
            var flushes = await target.FlushesAsync(body);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {target.Name,-26} {flushes}"));
        }

        Console.WriteLine();
    }

    /// <summary>A request as an agent sends it in the middle of a session: tools, a system prompt, turns with calls and results, up to a size.</summary>
    public static byte[] Body(int kind, int size, bool stream)
    {
        var body = new JsonObject { ["max_tokens"] = kind, ["stream"] = stream, ["model"] = "claude-sonnet-4-6" };
        var messages = new JsonArray { User("Show the orders of yesterday.") };
        body["messages"] = messages;
        body["tools"] = new JsonArray { Tool("Read") };
        if (size > 4096)
        {
            body["system"] = new JsonArray { new JsonObject { ["type"] = "text", ["text"] = Prose(8 * 1024), ["cache_control"] = new JsonObject { ["type"] = "ephemeral" } } };
            body["tools"] = new JsonArray([.. Enumerable.Range(0, 12).Select(i => Tool(i == 0 ? "Read" : string.Create(CultureInfo.InvariantCulture, $"Tool{i}"), 2048))]);
        }

        for (var turn = 0; Encoding.UTF8.GetByteCount(body.ToJsonString()) < size - 4096; turn++)
        {
            var id = string.Create(CultureInfo.InvariantCulture, $"toolu_{turn}_a");
            messages.Add(new JsonObject
            {
                ["role"] = "assistant",
                ["content"] = new JsonArray
                {
                    new JsonObject { ["type"] = "text", ["text"] = Prose(400) },
                    new JsonObject { ["type"] = "tool_use", ["id"] = id, ["name"] = "Read", ["input"] = new JsonObject { ["file_path"] = "/nowhere/a.sql" } },
                },
            });
            messages.Add(new JsonObject { ["role"] = "user", ["content"] = new JsonArray { new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = id, ["content"] = Prose(2800) } } });
        }

        var missing = size - Encoding.UTF8.GetByteCount(body.ToJsonString()) - 60;
        if (messages.Count > 1) messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = "Done." });
        messages.Add(User(Prose(Math.Max(1, missing))));
        return Encoding.UTF8.GetBytes(body.ToJsonString());
    }

    private static JsonObject User(string text) => new() { ["role"] = "user", ["content"] = text };

    private static JsonObject Tool(string name, int description = 20) => new()
    {
        ["name"] = name,
        ["description"] = Prose(description),
        ["input_schema"] = new JsonObject { ["type"] = "object", ["properties"] = new JsonObject { ["file_path"] = new JsonObject { ["type"] = "string" }, ["offset"] = new JsonObject { ["type"] = "integer" } } },
    };

    // Text with the line ends and quotes that have to be escaped in JSON, as code has them.
    private static string Prose(int length)
    {
        const string words = "select o.id, o.amount from raw.shop.orders as o where o.day >= '2026-01-01' -- \"recent\"\n";
        return string.Concat(Enumerable.Repeat(words, length / words.Length + 1))[..length];
    }
}
