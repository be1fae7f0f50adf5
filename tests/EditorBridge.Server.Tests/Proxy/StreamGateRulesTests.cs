using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Keeping;

using EditorBridge.Messages;
using EditorBridge.Proxy;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.Logging.Abstractions;

using static EditorBridge.Server.Tests.Proxy.StreamScript;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>The ten rules of the stream gate, one test each, in their order. They stand with their reasons in docs/proxy.md.</summary>
public sealed class StreamGateRulesTests : IAsyncLifetime
{
    private static readonly string Start = Frame("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-6","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}""");
    private static readonly string Ping = Frame("ping", """{"type":"ping"}""");
    private static readonly string End = Frame("message_delta", """{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}""") + Frame("message_stop", """{"type":"message_stop"}""");

    private readonly GateFixture _fixture = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Fact]
    public async Task Rule_1_head_text_and_thinking_pass_at_once_and_a_gated_call_is_buffered_whole()
    {
        using var stream = LiveStream.Start(_fixture);
        await stream.SayAsync(Start);
        await stream.ReceiveAsync(Start);
        await stream.SayAsync(Ping, Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}"""));
        await stream.ReceiveAsync("\"thinking\"");
        await stream.SayAsync(Frame("content_block_stop", """{"type":"content_block_stop","index":0}"""), Text(1, "I will."));
        await stream.ReceiveAsync("I will.");
        await stream.SayAsync(Dangerous(2, "toolu_1"), Ping);
        var item = await _fixture.Desk.NextAsync();

        Assert.DoesNotContain("tool_use", stream.Received, StringComparison.Ordinal);
        await stream.SayAsync(End);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Contains("toolu_1", await stream.EndAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("agent:claude-code/2.1.112", "\"text_delta\",\"text\":\"\"")]
    [InlineData("agent:Anthropic/JS", "event: ping")]
    [InlineData("agent:my-agent/1.0", "\"delta\":{\"stop_reason\":null,\"stop_sequence\":null},\"usage\":{\"output_tokens\":1}")]
    public async Task Rule_2_while_a_person_decides_the_block_stays_unopened_and_each_client_is_kept_alive_in_its_own_way(string actor, string sign)
    {
        var profiles = KeepAliveProfiles.With(new Dictionary<string, KeepAliveForm> { ["my-agent"] = KeepAliveForm.MessageDelta });
        using var stream = LiveStream.Start(_fixture, LiveStream.Call(_fixture) with { Actor = actor, KeepAlive = profiles.For(actor) });
        await stream.SayAsync(Start, Dangerous(0, "toolu_1"), End);
        var item = await _fixture.Desk.NextAsync();
        await stream.ReceiveAsync(Start);
        Assert.DoesNotContain("tool_use", await WaitedAsync(stream.ReceiveAsync(sign)), StringComparison.Ordinal);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        var events = Read(await stream.EndAsync());
        Assert.Equal(events.Where(e => e.Kind == SseEventKind.BlockStart).Select(e => e.Index), events.Where(e => e.Kind == SseEventKind.BlockStop).Select(e => e.Index));
        Assert.Equal("toolu_1", events.Last(e => e.Kind == SseEventKind.BlockStart).ToolUseId);
        Assert.Equal("tool_use", events.Last(e => e.Kind == SseEventKind.MessageDelta).StopReason);
    }

    [Fact]
    public async Task Rule_3_approved_call_keeps_its_bytes_and_an_edited_one_comes_as_deltas_never_in_the_block_start()
    {
        var (first, second) = (Dangerous(0, "toolu_1"), Dangerous(1, "toolu_2", "b.sql"));
        using var stream = LiveStream.Start(_fixture);
        await stream.SayAsync(Start, first, second, End);
        await _fixture.Desk.GiveAsync((await _fixture.Desk.NextAsync(i => i.ToolUseId == "toolu_1")).Id, GateFixture.Approve());
        await _fixture.Desk.GiveAsync((await _fixture.Desk.NextAsync(i => i.ToolUseId == "toolu_2")).Id, GateFixture.Edited("select 1;\n"));
        var received = await stream.EndAsync();

        Assert.Contains(first, received, StringComparison.Ordinal);
        Assert.All(Read(received).Where(e => e.Kind == SseEventKind.BlockStart), start => Assert.Null(start.InlineInput));
        Assert.Equal("select 1;\n", (string)JsonNode.Parse(string.Concat(Read(received).Where(e => e.Index == 1).Select(e => e.PartialJson)))!["content"]!);
    }

    [Fact]
    public async Task Rule_4_rejected_call_becomes_text_that_says_who_and_why_and_only_the_last_one_ends_the_turn()
    {
        using var alone = LiveStream.Start(_fixture);
        await alone.SayAsync(Start, Dangerous(0, "toolu_1"), End);
        await _fixture.Desk.GiveAsync((await _fixture.Desk.NextAsync()).Id, GateFixture.Reject("still needed", "alice"));
        var rejected = await alone.EndAsync();
        using var beside = LiveStream.Start(_fixture, LiveStream.Call(_fixture, "session-2"));
        await beside.SayAsync(Start, Dangerous(0, "toolu_2"), ToolUse(1, "toolu_3", "Read", """{"file_path":"/p/a.sql"}"""), End);
        await _fixture.Desk.GiveAsync((await _fixture.Desk.NextAsync()).Id, GateFixture.Reject("no"));
        var mixed = await beside.EndAsync();
        using var hooked = LiveStream.Start(_fixture, LiveStream.Call(_fixture, "session-3") with { HookHolds = true });
        await hooked.SayAsync(Start, Dangerous(0, "toolu_4"), End);

        Assert.Contains("alice reviewed this in EditorBridge and rejected it: still needed", rejected, StringComparison.Ordinal);
        Assert.Equal("end_turn", Read(rejected).Last(e => e.StopReason is not null).StopReason);
        Assert.DoesNotContain("toolu_1", rejected, StringComparison.Ordinal);
        Assert.Equal("tool_use", Read(mixed).Last(e => e.StopReason is not null).StopReason);
        Assert.Contains("toolu_3", mixed, StringComparison.Ordinal);
        Assert.Contains("toolu_4", await hooked.EndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_5_parallel_calls_are_decided_apart_and_released_in_the_order_of_their_index()
    {
        using var stream = LiveStream.Start(_fixture);
        await stream.SayAsync(Start, Dangerous(0, "toolu_1"), Dangerous(1, "toolu_2", "b.sql"), ToolUse(2, "toolu_3", "Read", """{"file_path":"/p/a.sql"}"""), End);
        await stream.ReceiveAsync(Start);
        await _fixture.Desk.GiveAsync((await _fixture.Desk.NextAsync(i => i.ToolUseId == "toolu_2")).Id, GateFixture.Approve());
        Assert.DoesNotContain("toolu_", stream.Received, StringComparison.Ordinal);
        await _fixture.Desk.GiveAsync((await _fixture.Desk.NextAsync(i => i.ToolUseId == "toolu_1")).Id, GateFixture.Approve());

        Assert.Equal(["toolu_1", "toolu_2", "toolu_3"], Read(await stream.EndAsync()).Where(e => e.BlockType == "tool_use").Select(e => e.ToolUseId));
    }

    [Fact]
    public async Task Rule_6_whole_answer_that_outlives_its_clients_patience_is_kept_and_given_to_the_same_question()
    {
        var request = Asked("""{"model":"claude-sonnet-4-6","max_tokens":10,"messages":[{"role":"user","content":"Clean up."}],"tools":[{"name":"Write","input_schema":{"type":"object"}}]}""");
        using var held = new HeldAnswers(_fixture.State, new LedgerSettings(), _fixture.Time, NullLogger<HeldAnswers>.Instance);
        var gate = new AnswerGate(new StreamGate(_fixture.Gate, _fixture.Sessions, _fixture.Time, NullLogger<StreamGate>.Instance), _fixture.Time);
        var message = WholeMessage.FromStream(Encoding.UTF8.GetBytes(Start + Dangerous(0, "toolu_1") + End))!;
        ReadOnlyMemory<byte>? told;
        Review.ReviewItem item;
        using (var slot = held.SlotFor(LiveStream.Call(_fixture), request, "msg-1"))
        {
            var asking = gate.PassAsync(message, LiveStream.Call(_fixture) with { Held = slot }, new StreamOutcome(), TimeSpan.FromSeconds(30), CancellationToken.None);
            item = await _fixture.Desk.NextAsync();
            _fixture.Time.Advance(TimeSpan.FromSeconds(31));
            told = await asking.WaitAsync(TestLimits.Signal);
        }

        using var again = held.SlotFor(LiveStream.Call(_fixture), request, "msg-2");
        var kept = await again.TakeAsync(CancellationToken.None);
        var repeated = gate.PassAsync(kept!.Message, LiveStream.Call(_fixture) with { Held = again }, new StreamOutcome(), TimeSpan.FromSeconds(30), CancellationToken.None);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());

        Assert.Null(told);
        Assert.Equal("msg-1", kept.CallId);
        Assert.Equal(message, (await repeated.WaitAsync(TestLimits.Signal))!.Value.ToArray());
    }

    [Fact]
    public async Task Rule_7_same_call_asked_again_joins_its_review_and_another_one_is_a_review_of_its_own()
    {
        using var first = LiveStream.Start(_fixture);
        await first.SayAsync(Start, Dangerous(0, "toolu_1"));
        var item = await _fixture.Desk.NextAsync();
        await first.LeaveAsync();
        using var same = LiveStream.Start(_fixture);
        await same.SayAsync(Start, Dangerous(0, "toolu_2"), End);
        using var other = LiveStream.Start(_fixture);
        await other.SayAsync(Start, Dangerous(0, "toolu_3", "b.sql"), End);
        var another = await _fixture.Desk.NextAsync(i => i.Id != item.Id);

        Assert.Equal(2, _fixture.Desk.Pending.Length);
        await _fixture.Desk.GiveAsync(item.Id, GateFixture.Approve());
        await _fixture.Desk.GiveAsync(another.Id, GateFixture.Reject("no"));
        Assert.Contains("toolu_2", await same.EndAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("toolu_3", await other.EndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_8_client_that_leaves_ends_the_account_s_work_and_leaves_the_question_open_with_nothing_released()
    {
        using var stream = LiveStream.Start(_fixture);
        await stream.SayAsync(Start, Dangerous(0, "toolu_1"));
        var item = await _fixture.Desk.NextAsync();
        await stream.ReceiveAsync(Start);
        await stream.LeaveAsync();

        await stream.UpstreamCancelled.WaitAsync(TestLimits.Signal);
        Assert.Equal(item.Id, Assert.Single(_fixture.Desk.Pending).Id);
        Assert.DoesNotContain(await _fixture.EntriesAsync(item.CallId), entry => entry.Draft.Kind == EntryKind.ActionAdmitted);
        Assert.DoesNotContain("toolu_1", stream.Received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Rule_9_time_that_runs_out_is_a_rejection_with_its_reason()
    {
        using var stream = LiveStream.Start(_fixture);
        await stream.SayAsync(Start, Dangerous(0, "toolu_1"), End);
        var item = await _fixture.Desk.NextAsync();
        _fixture.Time.Advance(ActionGate.ReviewLifetime + TimeSpan.FromSeconds(1));
        var received = await stream.EndAsync();

        Assert.Contains("Nobody answered the review in EditorBridge in time", received, StringComparison.Ordinal);
        Assert.DoesNotContain("toolu_1", received, StringComparison.Ordinal);
        Assert.Contains(await _fixture.EntriesAsync(item.CallId), entry => entry.Draft.Kind == EntryKind.ActionRefused);
    }

    [Fact]
    public async Task Rule_10_what_would_pass_the_gate_by_is_refused_or_seen()
    {
        var serverTool = Refused("""{"model":"claude-sonnet-4-6","max_tokens":10,"messages":[{"role":"user","content":"a"}],"tools":[{"type":"web_search_20250305","name":"web_search"}]}""");
        var mcpServers = Refused("""{"model":"claude-sonnet-4-6","max_tokens":10,"messages":[{"role":"user","content":"a"}],"mcp_servers":[{"type":"url","url":"https://mcp.example.com","name":"x"}]}""");
        Assert.Contains("web_search", serverTool, StringComparison.Ordinal);
        Assert.Contains("mcp_servers", mcpServers, StringComparison.Ordinal);

        using var programmatic = LiveStream.Start(_fixture);
        await programmatic.SayAsync(Start, Dangerous(0, "toolu_1").Replace("\"input\":{}", "\"caller\":{\"type\":\"code_execution_20250825\",\"tool_id\":\"srvtoolu_1\"},\"input\":{}", StringComparison.Ordinal), End);
        await _fixture.Desk.GiveAsync((await _fixture.Desk.NextAsync()).Id, GateFixture.Reject("no"));
        Assert.DoesNotContain("toolu_1", await programmatic.EndAsync(), StringComparison.Ordinal);

        await _fixture.Returned.CheckAsync("session-1", "agent:claude-code/2.1.112", [new AnsweredToolUse("toolu_never_asked", IsError: false)], "msg-1", CancellationToken.None);
        await _fixture.Returned.CheckAsync("session-1", "agent:claude-code/2.1.112", [new AnsweredToolUse("toolu_1", IsError: false)], "msg-2", CancellationToken.None);
        Assert.Equal("unknown_tool_result", Assert.Single(await _fixture.EntriesAsync("msg-1")).Draft.Result);
        Assert.Equal("refused_tool_ran", Assert.Single(await _fixture.EntriesAsync("msg-2")).Draft.Result);
    }

    // The gate may not have begun to wait when the clock is moved first.
    private async Task<string> WaitedAsync(Task<string> receiving)
    {
        for (var moved = 0; moved < 60; moved++)
        {
            _fixture.Time.Advance(TimeSpan.FromSeconds(10));
            try
            {
                return await receiving.WaitAsync(TestLimits.Signal / 60);
            }
            catch (TimeoutException)
            {
                // Moved too early.
            }
        }

        throw new TimeoutException("Nothing came while a person decided.");
    }

    private string Dangerous(int index, string id, string file = "a.sql") =>
        ToolUse(index, id, "Write", System.Text.Json.JsonSerializer.Serialize(new { file_path = _fixture.FileIn(file), content = GateFixture.DangerousSql }));

    private static MessagesRequest Asked(string body)
    {
        Assert.True(MessagesRequest.TryParse(Encoding.UTF8.GetBytes(body), out var request, out _));
        return request;
    }

    private static string Refused(string body)
    {
        Assert.False(UpstreamRequest.TryPrepare(Asked(body), new AnthropicHeaders(null, []), SanitizerRules.Default, legacy: false, out _, out var error));
        return error.Message;
    }
}
