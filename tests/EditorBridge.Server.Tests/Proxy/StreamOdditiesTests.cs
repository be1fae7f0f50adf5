using System.IO.Pipelines;
using System.Text;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Proxy;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Ledger;
using Microsoft.Extensions.Logging.Abstractions;

using static EditorBridge.Server.Tests.Proxy.StreamScript;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>Streams as no grammar allows them, cut anywhere, and faster than their client: what leaves the gate is whole, recorded, or an error.</summary>
public sealed class StreamOdditiesTests : IAsyncLifetime
{
    private const string Read1 = """{"file_path":"/p/a.sql"}""";
    private static readonly string Start = Frame("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"m","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}""");
    private static readonly string Delta = Frame("message_delta", """{"type":"message_delta","delta":{"stop_reason":"tool_use"},"usage":{"output_tokens":5}}""");
    private static readonly string Stop = Frame("message_stop", """{"type":"message_stop"}""");
    private static readonly string Ping = Frame("ping", """{"type":"ping"}""");
    private static readonly string Tool = ToolUse(0, "toolu_1", "Read", Read1);

    private readonly GateFixture _fixture = new();
    private int _sessions;

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    /// <summary>What official clients take, passes byte for byte.</summary>
    public static TheoryData<string, string> Taken => new()
    {
        { "CRLF line ends", (Start + Tool + Delta + Stop).Replace("\n", "\r\n", StringComparison.Ordinal) },
        { "CR line ends", (Start + Tool + Delta + Stop).Replace("\n", "\r", StringComparison.Ordinal) },
        { "mixed line ends", Start.Replace("\n", "\r\n", StringComparison.Ordinal) + Tool + Delta.Replace("\n", "\r", StringComparison.Ordinal) + Stop },
        { "byte-order mark", "\uFEFF" + Start + Tool + Delta + Stop },
        { "comments", ": one\n\n" + Start + ": two\n\n" + Tool + Delta + ": three\n" + Stop },
        { "no space after the colon", (Start + Tool + Delta + Stop).Replace("data: ", "data:", StringComparison.Ordinal).Replace("event: ", "event:", StringComparison.Ordinal) },
        { "several data lines", Start + Tool + Delta.Replace("data: {", "data: {\ndata: ", StringComparison.Ordinal) + Stop },
        { "no blank line at the end", (Start + Tool + Delta + Stop).TrimEnd('\n') },
        { "[DONE]", Start + Tool + Delta + "data: [DONE]\n\n" + Stop },
        { "unknown event", Start + Frame("of_tomorrow", """{"type":"of_tomorrow"}""") + Tool + Delta + Stop },
        { "unknown delta", Start + Text(0, "a").Replace("text_delta", "tomorrow_delta", StringComparison.Ordinal) + ToolUse(1, "toolu_1", "Read", Read1) + Delta + Stop },
        { "unknown block", Start + Text(0, "a").Replace("\"type\":\"text\"", "\"type\":\"tomorrow\"", StringComparison.Ordinal) + ToolUse(1, "toolu_1", "Read", Read1) + Delta + Stop },
        { "ping inside and between blocks", Start + Ping + Text(0, "a") + Ping + ToolUse(1, "toolu_1", "Read", Read1) + Ping + Delta + Ping + Stop },
        { "ping inside a block", Start + Text(0, "a").Replace("event: content_block_stop", Ping + "event: content_block_stop", StringComparison.Ordinal) + ToolUse(1, "toolu_1", "Read", Read1) + Delta + Stop },
        { "two message_delta", Start + Tool + Delta + Delta + Stop },
        { "no message_delta", Start + Tool + Stop },
        { "skipped index", Start + Text(0, "a") + ToolUse(4, "toolu_1", "Read", Read1) + Delta + Stop },
        { "server tool whose result stands complete in its start", Start + Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"web_search_tool_result","tool_use_id":"srvtoolu_1","content":[]}}""") + Frame("content_block_stop", """{"type":"content_block_stop","index":0}""") + ToolUse(1, "toolu_1", "Read", Read1) + Delta + Stop },
        { "server tool whose input comes in deltas", Start + ToolUse(0, "srvtoolu_1", "web_search", """{"query":"a"}""").Replace("\"tool_use\"", "\"server_tool_use\"", StringComparison.Ordinal) + ToolUse(1, "toolu_1", "Read", Read1) + Delta + Stop },
        { "no event names at all", (Start + Tool + Delta + Stop).Replace("event: message_start\n", "", StringComparison.Ordinal).Replace("event: content_block_start\n", "", StringComparison.Ordinal).Replace("event: content_block_delta\n", "", StringComparison.Ordinal).Replace("event: content_block_stop\n", "", StringComparison.Ordinal).Replace("event: message_delta\n", "", StringComparison.Ordinal).Replace("event: message_stop\n", "", StringComparison.Ordinal) },
        { "no blocks at all", Start + Delta + Stop },
        { "redacted thinking", Start + Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"redacted_thinking","data":"c2VjcmV0"}}""") + Frame("content_block_stop", """{"type":"content_block_stop","index":0}""") + Delta + Stop },
        { "signature in several deltas", Start + Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}}""") + string.Concat("abc".Select(part => Frame("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"{{{part}}}"}}"""))) + Frame("content_block_stop", """{"type":"content_block_stop","index":0}""") + Delta + Stop },
        { "frame of a megabyte", Start + Text(0, new string('x', 1_000_000)) + Delta + Stop },
        { "only empty deltas of a tool without parameters", Start + Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"ListMcpResourcesTool","input":{}}}""") + Frame("content_block_delta", """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":""}}""") + Frame("content_block_stop", """{"type":"content_block_stop","index":0}""") + Delta + Stop },
    };

    [Theory]
    [MemberData(nameof(Taken))]
    public async Task Stream_that_clients_take_passes_byte_for_byte_in_any_chunks(string oddity, string stream)
    {
        foreach (var chunk in (int[])[1, 3, 4096])
        {
            if (chunk < 4096 && stream.Length > 100_000) continue;
            var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(stream), chunk);
            Assert.True(outcome is { Ended: true, Failure: null }, $"{oddity}: {outcome.Failure}");
            // Reading ends with message_stop: the LF of a CRLF that comes later than its CR belongs to no event.
            Assert.Equal(stream.TrimEnd('\n', '\r'), received.TrimEnd('\n', '\r'));
        }
    }

    /// <summary>What clients would read differently from us, or cannot be judged, ends the answer: nothing after it is released.</summary>
    public static TheoryData<string, string> Ended => new()
    {
        { "error before message_start", Frame("error", """{"type":"error","error":{"type":"overloaded_error","message":"busy"}}""") + Start + Tool },
        { "error in the middle of a block", Start + Tool[..Tool.IndexOf("event: content_block_stop", StringComparison.Ordinal)] + Frame("error", """{"type":"error","error":{"type":"api_error","message":"broke"}}""") + Tool },
        { "error of Snowflake without a name", Start + "data: {\"error\":{\"message\":\"boom\",\"code\":\"500\"}}\n\n" + Tool },
        { "session that ends in the middle", Start + "data: {\"error\":{\"message\":\"Session no longer exists.\",\"code\":\"390111\"}}\n\n" + Tool },
        { "name and type that differ", Start + Frame("ping", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"Bash","input":{}}}""") + Tool },
        { "event that is no JSON", Start + Frame("content_block_start", "{") + Tool },
        { "same index opened twice", Start + Tool[..Tool.IndexOf("event: content_block_stop", StringComparison.Ordinal)] + Tool },
        { "same index for two blocks", Start + Text(0, "a") + Tool },
        { "delta of a block that was never opened", Start + InputDelta("3", "x") + Tool },
        { "delta without an index", Start + InputDelta("0", "x").Replace("\"index\":0,", "", StringComparison.Ordinal) + Tool },
        { "block that ends twice", Start + Text(0, "a") + Frame("content_block_stop", """{"type":"content_block_stop","index":0}""") + ToolUse(1, "toolu_1", "Read", Read1) },
        { "input under another delta's name", Start + Tool.Replace("input_json_delta", "tomorrow_delta", StringComparison.Ordinal) },
        { "call of which only some events have names", Start + Tool.Replace("event: content_block_delta\n", "", StringComparison.Ordinal) },
        { "delta for another block inside a call", Start + Tool[..Tool.IndexOf("event: content_block_stop", StringComparison.Ordinal)] + Frame("content_block_delta", """{"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"x"}}""") + Tool },
        { "message_stop inside a call", Start + Tool[..Tool.IndexOf("event: content_block_stop", StringComparison.Ordinal)] + Stop },
        { "call without an id", Start + Tool.Replace("toolu_1", "", StringComparison.Ordinal) },
        { "call without a name", Start + Tool.Replace("\"Read\"", "\"\"", StringComparison.Ordinal) },
    };

    [Theory]
    [MemberData(nameof(Ended))]
    public async Task Stream_that_cannot_be_judged_ends_in_an_error_and_releases_nothing(string oddity, string stream)
    {
        var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(stream), 7);

        Assert.True(outcome.Failure is not null, oddity);
        Assert.Contains("event: error", received, StringComparison.Ordinal);
        Assert.DoesNotContain(Read1, Inputs(received));
        Assert.Equal(0, outcome.Released);
    }

    [Theory]
    [InlineData("""{"file_path":"/p/a.sql","content":"\\ud83d\\ude00 \\u00e9"}""", true)]
    [InlineData("""{"file_path":"/p/a.sql","content":"\ud83d\ude00 \u00e9 \" \\"}""", true)]
    [InlineData("""{"file_path":"/p/a.sql","content":"\ud83d"}""", false)]
    [InlineData("""{"file_path":"/p/a.sql",""", false)]
    [InlineData("[1]", false)]
    [InlineData("""{"file_path":"/p/a.sql","file_path":"/p/b.sql"}""", false)]
    public async Task Input_split_at_every_character_is_put_together_or_refused(string input, bool released)
    {
        var blocks = Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"Read","input":{}}}""")
            + string.Concat(input.Select(letter => Frame("content_block_delta", System.Text.Json.JsonSerializer.Serialize(new { type = "content_block_delta", index = 0, delta = new { type = "input_json_delta", partial_json = letter.ToString() } }))))
            + Frame("content_block_stop", """{"type":"content_block_stop","index":0}""");
        var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(Start + blocks + Delta + Stop), 5);

        Assert.Equal(released ? (1, 0) : (0, 1), (outcome.Released, outcome.Refused));
        if (released) Assert.Equal(Start + blocks + Delta + Stop, received);
        else Assert.Contains("EditorBridge held back this Read call", received, StringComparison.Ordinal);
    }

    /// <summary>Places where a client that goes by index, or by place, would still find the judged call, open or not.</summary>
    public static TheoryData<string, string> AfterTheCall => new()
    {
        { "its own index", InputDelta("0", Read1) },
        { "no index, which some read as the first", InputDelta("0", Read1).Replace("\"index\":0,", "", StringComparison.Ordinal) },
        { "an index from the end", InputDelta("-1", Read1) },
        { "an index that is no whole number", InputDelta("0.5", Read1) },
        { "an index as text", InputDelta("\"0\"", Read1) },
        { "a block of the same index", Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"text","text":""}}""") + InputDelta("0", Read1) },
    };

    [Theory]
    [MemberData(nameof(AfterTheCall))]
    public async Task Input_that_comes_after_its_call_was_judged_reaches_no_client(string place, string delta)
    {
        var call = Frame("content_block_start", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"toolu_1","name":"Read","input":{}}}""") + Frame("content_block_stop", """{"type":"content_block_stop","index":0}""");
        var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(Start + call + delta + Delta + Stop), 7);

        Assert.True(outcome.Failure is not null, place);
        Assert.DoesNotContain("a.sql", received, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Input_under_the_index_a_call_has_by_its_place_reaches_no_client()
    {
        // By place the call is the second block, by index the sixth.
        var call = Text(0, "a") + ToolUse(5, "toolu_1", "Read", """{"file_path":"/p/b.sql"}""");
        var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(Start + call + Frame("content_block_start", """{"type":"content_block_start","index":1,"content_block":{"type":"text","text":""}}""") + InputDelta("1", Read1) + Delta + Stop), 7);

        Assert.NotNull(outcome.Failure);
        Assert.DoesNotContain("a.sql", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Session_whose_hook_holds_gets_every_order_of_blocks_as_it_came()
    {
        var stream = Start + Tool + InputDelta("0", "x") + Delta + Stop;
        var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(stream), 7, hookHolds: true);

        Assert.Null(outcome.Failure);
        Assert.Equal(stream, received);
    }

    [Fact]
    public async Task Error_after_a_call_leaves_the_call_as_it_was_decided_and_tells_the_error()
    {
        var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(Start + Tool + Frame("error", """{"type":"error","error":{"type":"overloaded_error","message":"busy"}}""") + Delta + Stop), 7);

        Assert.Equal((1, 0, false), (outcome.Released, outcome.Refused, outcome.Ended));
        Assert.StartsWith(Start + Tool + "event: error", received, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", received, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ping_inside_a_call_passes_at_once_and_the_call_stays_whole()
    {
        var (received, outcome) = await PassAsync(Encoding.UTF8.GetBytes(Start + Tool.Replace("event: content_block_stop", Ping + "event: content_block_stop", StringComparison.Ordinal) + Delta + Stop), 7);

        Assert.Equal(1, outcome.Released);
        Assert.Equal(Start + Ping + Tool + Delta + Stop, received);
    }

    public static TheoryData<string> Recorded => [.. Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "tests/vectors/messages/streams"), "*.sse").Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];

    /// <summary>At every byte: no exception, the client has a prefix of what it would have had, and every call it got whole has its entry.</summary>
    [Theory]
    [MemberData(nameof(Recorded))]
    public async Task Recorded_stream_cut_at_every_byte_releases_nothing_without_its_entry(string name)
    {
        var stream = await File.ReadAllBytesAsync(Path.Combine(SourceTree.Root, "tests/vectors/messages/streams", name));
        var (whole, _) = await PassAsync(stream, 4096, KeepAliveForm.Ping);
        using var reader = LedgerReader.Open(_fixture.State.LedgerFolder);
        for (var length = 0; length < stream.Length; length++)
        {
            var session = $"cut-{length}";
            var (received, outcome) = await PassAsync(stream[..length], 4096, KeepAliveForm.Ping, session);
            var passed = received.IndexOf("event: error", StringComparison.Ordinal) is >= 0 and var error ? received[..error] : received;
            Assert.True(whole.StartsWith(passed, StringComparison.Ordinal) || outcome.Failure is not null || outcome.Refused > 0, $"{name} cut at {length}");
            var ids = Read(received).Where(e => e is { Kind: SseEventKind.BlockStart, BlockType: "tool_use" }).Select(e => e.ToolUseId!).ToArray();
            Assert.Equal(outcome.Released, ids.Length);
            foreach (var id in ids) Assert.Equal(EntryKind.ActionAdmitted, (await reader.AnswerToToolUseAsync(session, id))?.Draft.Kind);
        }
    }

    [Fact]
    public async Task Slow_client_stops_the_reading_of_its_account_and_still_gets_everything()
    {
        const int blocks = 600;
        var stream = Encoding.UTF8.GetBytes(Start + string.Concat(Enumerable.Range(0, blocks).Select(i => Text(0, $"{i} {new string('x', 20_000)}"))) + Delta + Stop);
        var upstream = new CountedStream(stream);
        // A client that takes nothing yet: the pipe is full after its first frame.
        var client = new Pipe(new PipeOptions(pauseWriterThreshold: 1, resumeWriterThreshold: 1));
        var passing = Gate().PassAsync(upstream, client.Writer, LiveStream.Call(_fixture), new StreamOutcome(), CancellationToken.None);
        await upstream.Waited(StreamGate.MostQueuedBytes / 2).WaitAsync(TestLimits.Signal);

        var received = new MemoryStream();
        while (received.Length < stream.Length)
        {
            Assert.InRange(upstream.Given - received.Length, 0, StreamGate.MostQueuedBytes + (256 * 1024));
            var read = await client.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal);
            foreach (var part in read.Buffer) received.Write(part.Span);
            client.Reader.AdvanceTo(read.Buffer.End);
        }

        await passing.WaitAsync(TestLimits.Signal);
        Assert.Equal(stream, received.ToArray());
    }

    private static string InputDelta(string index, string json) => Frame("content_block_delta",
        $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"input_json_delta","partial_json":{{{System.Text.Json.JsonSerializer.Serialize(json)}}}}}""");

    private StreamGate Gate() => new(_fixture.Gate, _fixture.Sessions, _fixture.Time, NullLogger<StreamGate>.Instance);

    private async Task<(string Received, StreamOutcome Outcome)> PassAsync(byte[] upstream, int chunk, KeepAliveForm form = KeepAliveForm.Ping, string? session = null, bool hookHolds = false)
    {
        using var received = new MemoryStream();
        var client = PipeWriter.Create(received, new StreamPipeWriterOptions(leaveOpen: true));
        var outcome = new StreamOutcome();
        var call = LiveStream.Call(_fixture, session ?? $"odd-{++_sessions}") with { KeepAlive = form, HookHolds = hookHolds };
        void Reject(Review.ReviewItem item) => _ = _fixture.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        _fixture.Desk.Opened += Reject;
        await Gate().PassAsync(Chunks(upstream, chunk), client, call, outcome, CancellationToken.None).WaitAsync(TestLimits.Signal);
        _fixture.Desk.Opened -= Reject;
        await client.CompleteAsync();
        return (Encoding.UTF8.GetString(received.ToArray()), outcome);
    }

    private static List<string> Inputs(string received) =>
        [.. Read(received).Where(e => e.PartialJson is not null).GroupBy(e => e.Index).Select(deltas => string.Concat(deltas.Select(e => e.PartialJson)))];

    /// <summary>Counts what was taken of it.</summary>
    private sealed class CountedStream(byte[] bytes) : MemoryStream(bytes)
    {
        private readonly TaskCompletionSource _waited = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private long _enough = long.MaxValue;

        public long Given => Interlocked.Read(ref _given);
        private long _given;

        /// <summary>Ends when that much has been taken.</summary>
        public Task Waited(long bytes)
        {
            Interlocked.Exchange(ref _enough, bytes);
            if (Given >= bytes) _waited.TrySetResult();
            return _waited.Task;
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var read = await base.ReadAsync(buffer, cancellationToken);
            if (Interlocked.Add(ref _given, read) >= Interlocked.Read(ref _enough)) _waited.TrySetResult();
            return read;
        }
    }
}
