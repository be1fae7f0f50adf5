using System.IO.Pipelines;
using System.Text;
using EditorBridge.Messages;
using EditorBridge.Proxy;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.Logging.Abstractions;

using static EditorBridge.Server.Tests.Proxy.StreamScript;

namespace EditorBridge.Server.Tests.Proxy;

public sealed class StreamGateTests : IAsyncLifetime
{
    private readonly GateFixture _fixture = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(4096)]
    public async Task Stream_without_held_tools_passes_byte_for_byte_whatever_the_chunks(int chunk)
    {
        var upstream = Message(Text(0, "größer €"), ToolUse(1, "toolu_1", "Read", """{"file_path":"/p/a.sql"}"""));

        var (received, outcome) = await PassAsync(upstream, chunk);

        Assert.Equal(upstream, received);
        Assert.Equal((1, 1, 0, "tool_use"), (outcome.ToolUses, outcome.Released, outcome.Refused, outcome.StopReason));
        Assert.Equal(5, outcome.Usage.Output);
    }

    [Fact]
    public async Task Hooked_session_passes_everything_untouched()
    {
        var upstream = Message(ToolUse(0, "toolu_1", "Write", DangerousWrite("a.sql")));

        var (received, outcome) = await PassAsync(upstream, 4096, hookHolds: true);

        Assert.Equal(upstream, received);
        Assert.Equal(0, outcome.Released);
        Assert.True(_fixture.Sessions.HookAsks("session-1", "toolu_1"));
    }

    [Fact]
    public async Task Rejected_tool_becomes_text_and_the_turn_ends()
    {
        var passing = PassAsync(Message(Text(0, "I will."), ToolUse(1, "toolu_1", "Write", DangerousWrite("a.sql"))), 64);
        await AnswerAsync(GateFixture.Reject("still needed"));
        var (received, outcome) = await passing;

        Assert.DoesNotContain("tool_use", received, StringComparison.Ordinal);
        Assert.Contains("still needed", received, StringComparison.Ordinal);
        Assert.Contains("\"stop_reason\":\"end_turn\"", received, StringComparison.Ordinal);
        Assert.Equal((0, 1), (outcome.Released, outcome.Refused));
    }

    [Fact]
    public async Task Edited_tool_carries_the_reviewers_input_as_deltas()
    {
        var passing = PassAsync(Message(ToolUse(0, "toolu_1", "Write", DangerousWrite("a.sql"))), 64);
        await AnswerAsync(GateFixture.Edited("select 1;\n"));
        var (received, _) = await passing;

        Assert.Contains("\"input\":{}", received, StringComparison.Ordinal);
        Assert.Contains("input_json_delta", received, StringComparison.Ordinal);
        Assert.Contains("select 1;", received, StringComparison.Ordinal);
        Assert.DoesNotContain("DROP TABLE", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Waiting_keeps_the_client_alive_in_a_block_of_its_own_and_moves_the_rest_up()
    {
        var client = new Pipe();
        var outcome = new StreamOutcome();
        var upstream = Message(ToolUse(0, "toolu_1", "Write", DangerousWrite("a.sql")), Text(1, "after"));
        var passing = Gate().PassAsync(Chunks(upstream, 64), client.Writer, Call(), outcome, CancellationToken.None);
        var item = await OpenedAsync();

        var received = new StringBuilder();
        while (!received.ToString().Contains("\"text\":\"\"}}", StringComparison.Ordinal))
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(10));
            var read = await client.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal);
            received.Append(Encoding.UTF8.GetString(read.Buffer));
            client.Reader.AdvanceTo(read.Buffer.End);
        }

        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        await passing.WaitAsync(TestLimits.Signal);
        await client.Writer.CompleteAsync();
        received.Append(Encoding.UTF8.GetString((await client.Reader.ReadAsync()).Buffer));
        var events = Read(received.ToString());

        Assert.Equal([(0, "text"), (1, "tool_use"), (2, "text")], events.Where(e => e.Kind == SseEventKind.BlockStart).Select(e => (e.Index, e.BlockType!)));
        Assert.Equal([0, 1, 2], events.Where(e => e.Kind == SseEventKind.BlockStop).Select(e => e.Index));
    }

    [Fact]
    public async Task Parallel_tools_are_asked_side_by_side_and_released_in_order()
    {
        var passing = PassAsync(Message(
            ToolUse(0, "toolu_1", "Write", DangerousWrite("a.sql")),
            ToolUse(1, "toolu_2", "Write", DangerousWrite("b.sql")),
            ToolUse(2, "toolu_3", "Read", """{"file_path":"/p/c.sql"}""")), 64);
        await WaitUntilAsync(() => _fixture.Desk.Pending.Length == 2);
        var items = _fixture.Desk.Pending;
        await _fixture.Desk.GiveAsync(items.Single(i => i.ToolUseId == "toolu_2").Id, GateFixture.Approve());
        Assert.False(passing.IsCompleted);
        await _fixture.Desk.GiveAsync(items.Single(i => i.ToolUseId == "toolu_1").Id, GateFixture.Reject("no"));
        var (received, outcome) = await passing;

        Assert.Equal((2, 1), (outcome.Released, outcome.Refused));
        Assert.Equal(["toolu_2", "toolu_3"], Read(received).Where(e => e.BlockType == "tool_use").Select(e => e.ToolUseId));
        Assert.Contains("\"stop_reason\":\"tool_use\"", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Eight_parallel_calls_with_verdicts_of_every_kind_come_out_in_order_each_as_it_was_decided()
    {
        var passing = PassAsync(Message([.. Enumerable.Range(0, 8).Select(i => ToolUse(i, $"toolu_{i}", "Write", DangerousWrite($"{i}.sql")))]), 64);
        await WaitUntilAsync(() => _fixture.Desk.Pending.Length == 8);
        // The last first: nothing but the stream's own order decides what comes out when.
        foreach (var item in _fixture.Desk.Pending.OrderByDescending(i => i.ToolUseId, StringComparer.Ordinal).ToArray())
        {
            var number = int.Parse(item.ToolUseId![^1..], System.Globalization.CultureInfo.InvariantCulture);
            await _fixture.Desk.GiveAsync(item.Id, (number % 3) switch
            {
                0 => GateFixture.Approve(),
                1 => GateFixture.Reject($"not {number}"),
                _ => GateFixture.Edited($"select {number};"),
            });
        }

        var (received, outcome) = await passing;
        var events = Read(received);

        Assert.Equal((5, 3), (outcome.Released, outcome.Refused));
        Assert.Equal(
            ["toolu_0", "text", "toolu_2", "toolu_3", "text", "toolu_5", "toolu_6", "text"],
            events.Where(e => e.Kind == SseEventKind.BlockStart).Select(e => e.ToolUseId ?? e.BlockType));
        Assert.Equal(Enumerable.Range(0, 8), events.Where(e => e.Kind == SseEventKind.BlockStop).Select(e => e.Index));
        foreach (var number in (int[])[1, 4, 7]) Assert.Contains($"not {number}", received, StringComparison.Ordinal);
        foreach (var number in (int[])[2, 5]) Assert.Contains($"select {number};", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Same_call_in_two_sessions_is_asked_about_in_each()
    {
        var stream = Message(ToolUse(0, "toolu_1", "Write", DangerousWrite("a.sql")));
        using var one = LiveStream.Start(_fixture, LiveStream.Call(_fixture, "session-one"));
        using var two = LiveStream.Start(_fixture, LiveStream.Call(_fixture, "session-two"));
        await one.SayAsync(stream);
        await two.SayAsync(stream);
        await WaitUntilAsync(() => _fixture.Desk.Pending.Length == 2);
        await _fixture.Desk.GiveAsync(_fixture.Desk.Pending.Single(i => i.SessionId == "session-one").Id, GateFixture.Approve());

        Assert.Contains("toolu_1", await one.EndAsync(), StringComparison.Ordinal);
        await _fixture.Desk.GiveAsync(Assert.Single(_fixture.Desk.Pending).Id, GateFixture.Reject("not here"));
        Assert.DoesNotContain("toolu_1", await two.EndAsync(), StringComparison.Ordinal);
    }

    /// <summary>Where the client stands in the stream when it goes: what it has not got whole is not released to it.</summary>
    [Theory]
    [InlineData("before the first event", 0, false)]
    [InlineData("after the head", 1, false)]
    [InlineData("inside a text", 2, false)]
    [InlineData("while a person is asked", 3, false)]
    [InlineData("after a call was released", 4, true)]
    public async Task Client_that_leaves_at_any_point_ends_the_account_s_work(string point, int steps, bool released)
    {
        using var stream = LiveStream.Start(_fixture);
        string[] parts = [Message()[..Message().IndexOf("event: message_delta", StringComparison.Ordinal)], Text(0, "I will.")[..60], Text(0, "I will.")[60..] + ToolUse(1, "toolu_1", "Write", DangerousWrite("a.sql")), ""];
        if (steps >= 1) await stream.SayAsync(parts[0]);
        if (steps >= 1) await stream.ReceiveAsync("event: message_start");
        if (steps >= 2) await stream.SayAsync(parts[1]);
        if (steps >= 3) await stream.SayAsync(parts[2]);
        if (steps >= 3) await WaitUntilAsync(() => _fixture.Desk.Pending.Length == 1);
        if (steps >= 4)
        {
            await _fixture.Desk.GiveAsync(_fixture.Desk.Pending[0].Id, GateFixture.Approve());
            await stream.ReceiveAsync("toolu_1");
        }

        await stream.LeaveAsync();

        await stream.UpstreamCancelled.WaitAsync(TestLimits.Signal);
        Assert.True(released == stream.Received.Contains("toolu_1", StringComparison.Ordinal), point);
        Assert.Equal(released ? 1 : 0, stream.Outcome.Released);
    }

    [Fact]
    public async Task Second_call_with_the_same_id_ends_the_stream()
    {
        var (received, outcome) = await PassAsync(Message(
            ToolUse(0, "toolu_1", "Read", """{"file_path":"/p/a.sql"}"""),
            ToolUse(1, "toolu_1", "Read", """{"file_path":"/p/b.sql"}""")), 64);

        Assert.NotNull(outcome.Failure);
        Assert.Contains("event: error", received, StringComparison.Ordinal);
        Assert.DoesNotContain("/p/b.sql", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Stream_cut_inside_a_tool_never_releases_it()
    {
        var whole = Message(Text(0, "I will."), ToolUse(1, "toolu_1", "Read", """{"file_path":"/p/a.sql"}"""));
        var start = whole.IndexOf("\"tool_use\"", StringComparison.Ordinal);
        var stop = whole.LastIndexOf("content_block_stop", StringComparison.Ordinal);
        for (var cut = start; cut < stop; cut += 11)
        {
            var (received, outcome) = await PassAsync(whole[..cut], 64);
            Assert.True(outcome.Truncated);
            Assert.DoesNotContain("toolu_1", received, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Input_hidden_in_the_block_start_is_judged_and_sent_as_deltas()
    {
        var (received, _) = await PassAsync(Message("""
            event: content_block_start
            data: {"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"Read","input":{"file_path":"/p/a.sql"}}}

            event: content_block_stop
            data: {"type":"content_block_stop","index":0}


            """.ReplaceLineEndings("\n")), 64);

        var start = Read(received).Single(e => e.BlockType == "tool_use");
        Assert.Null(start.InlineInput);
        Assert.Contains("input_json_delta", received, StringComparison.Ordinal);
    }

    private StreamGate Gate() => new(_fixture.Gate, _fixture.Sessions, _fixture.Time, NullLogger<StreamGate>.Instance);

    private StreamCall Call(bool hookHolds = false) => new("session-1", "agent:claude-code/2.1.112", _fixture.Workspace, "claude-sonnet-4-6", hookHolds);

    private async Task<(string Received, StreamOutcome Outcome)> PassAsync(string upstream, int chunk, bool hookHolds = false)
    {
        using var received = new MemoryStream();
        var client = PipeWriter.Create(received, new StreamPipeWriterOptions(leaveOpen: true));
        var outcome = new StreamOutcome();
        await Gate().PassAsync(Chunks(upstream, chunk), client, Call(hookHolds), outcome, CancellationToken.None).WaitAsync(TestLimits.Signal);
        await client.CompleteAsync();
        return (Encoding.UTF8.GetString(received.ToArray()), outcome);
    }

    private async Task AnswerAsync(Verdict verdict) => await _fixture.Desk.GiveAsync((await OpenedAsync()).Id, verdict);

    private async Task<ReviewItem> OpenedAsync()
    {
        await WaitUntilAsync(() => _fixture.Desk.Pending.Length > 0);
        return _fixture.Desk.Pending[0];
    }

    private async Task WaitUntilAsync(Func<bool> condition)
    {
        var changed = new SemaphoreSlim(0);
        void Signal(ReviewItem item) => changed.Release();
        _fixture.Desk.Opened += Signal;
        while (!condition()) Assert.True(await changed.WaitAsync(TestLimits.Signal));
        _fixture.Desk.Opened -= Signal;
    }

    private string DangerousWrite(string name) =>
        System.Text.Json.JsonSerializer.Serialize(new { file_path = _fixture.FileIn(name), content = GateFixture.DangerousSql });
}
