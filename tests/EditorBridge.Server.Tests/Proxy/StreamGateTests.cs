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
