using System.Collections;
using System.Diagnostics;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace EditorBridge.McpFixture;

/// <summary>Tools that do what servers should not, or seldom do, for the tests of the gateway.</summary>
internal static class OddTools
{
    private static bool _hasChanged;

    public static FixtureTool[] All { get; } =
    [
        new("echo.back", "Answers with its arguments.", """{"type":"object","properties":{"text":{"type":"string"}}}""", call => Task.FromResult(new JsonObject
        {
            ["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = call.Arguments.ToJsonString(), ["x-unknown"] = "kept" }),
            ["structuredContent"] = new JsonObject { ["given"] = call.Arguments.DeepClone(), ["exact"] = JsonNode.Parse("1.10") },
            ["x-unknown"] = new JsonArray(1, 2, 3),
        })),
        new("show_meta", "Answers with the _meta of its own request.", FixtureCall.NoInput, call => FixtureCall.Says(call.Meta?.ToJsonString() ?? "null")),
        new("show_environment", "Answers with the names of its variables.", FixtureCall.NoInput, _ => FixtureCall.Says(string.Join(' ', Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(v => v.Key).Order()))),
        new("wait", "Waits until it is cancelled.", FixtureCall.NoInput, async call =>
        {
            await call.TellAsync("notifications/message", new JsonObject { ["level"] = "info", ["data"] = "waiting" });
            Interlocked.Increment(ref _waiting);
            var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            await using var registration = call.Cancelled.Register(() => cancelled.TrySetResult());
            await cancelled.Task;
            Interlocked.Increment(ref _cancellations);
            call.Cancelled.ThrowIfCancellationRequested();
            return [];
        }),
        new("count_cancellations", "Answers how often 'wait' was cancelled.", FixtureCall.NoInput, _ => FixtureCall.Says(_cancellations.ToString(System.Globalization.CultureInfo.InvariantCulture))),
        new("count_waiting", "Answers how often 'wait' was begun.", FixtureCall.NoInput, _ => FixtureCall.Says(_waiting.ToString(System.Globalization.CultureInfo.InvariantCulture))),
        new("count_subscriptions", "Answers how often somebody was interested in a resource.", FixtureCall.NoInput, _ => FixtureCall.Says(_subscriptions.ToString(System.Globalization.CultureInfo.InvariantCulture))),
        new("change_list", "Adds a tool to the list and says so.", FixtureCall.NoInput, async call =>
        {
            _hasChanged = true;
            await call.TellAsync("notifications/tools/list_changed", []);
            return await FixtureCall.Says("changed");
        }),
        new("new_tool", "Stands in the list after change_list.", FixtureCall.NoInput, _ => FixtureCall.Says("new")) { IsListed = () => _hasChanged },
        new("fork_and_stay", "Starts a process that outlives its parent, and answers its id.", FixtureCall.NoInput, _ =>
        {
            using var child = Process.Start(new ProcessStartInfo("sh", ["-c", "sleep 600 & echo $!"]) { RedirectStandardOutput = true })!;
            return FixtureCall.Says(child.StandardOutput.ReadLine() ?? "");
        }),
        new("die", "Ends the process without an answer.", FixtureCall.NoInput, _ =>
        {
            Console.Error.WriteLine("the fixture dies on request");
            Environment.Exit(3);
            return FixtureCall.Says("");
        }),
        new("flood", "Writes a line longer than any message may be.", FixtureCall.NoInput, async _ =>
        {
            await using var output = Console.OpenStandardOutput();
            var block = new byte[1024 * 1024];
            Array.Fill(block, (byte)'x');
            for (var i = 0; i < 20; i++) await output.WriteAsync(block);
            return await FixtureCall.Says("");
        }),
        new("chatter", "Writes lines that are no messages, then answers.", FixtureCall.NoInput, async _ =>
        {
            for (var i = 0; i < 1000; i++) Console.WriteLine("this is no message");
            for (var i = 0; i < 1000; i++) Console.Error.WriteLine("this is for the log");
            return await FixtureCall.Says("done");
        }),
        new("announce_resource", "Says that the watched resource has changed.", FixtureCall.NoInput, async call =>
        {
            await call.TellAsync("notifications/resources/updated", new JsonObject { ["uri"] = "test://watched-resource" });
            return await FixtureCall.Says("announced");
        }),
    ];

    private static int _cancellations;
    private static int _waiting;
    private static int _subscriptions;

    /// <summary>Takes an interest in a resource.</summary>
    public static JsonObject Subscribed()
    {
        Interlocked.Increment(ref _subscriptions);
        return [];
    }
}
