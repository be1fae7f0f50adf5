using System.Text;
using CsCheck;

namespace EditorBridge.Messages;

public sealed class SseEventTests
{
    [Theory]
    [InlineData("ping", """{"type":"ping"}""", SseEventKind.Ping)]
    [InlineData("", """{"type":"ping"}""", SseEventKind.Ping)]
    [InlineData("ping", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"Bash","input":{}}}""", SseEventKind.Malformed)]
    [InlineData("content_block_stop", """{"type":"of_tomorrow"}""", SseEventKind.Malformed)]
    [InlineData("of_tomorrow", """{"type":"of_tomorrow"}""", SseEventKind.Other)]
    [InlineData("", "[DONE]", SseEventKind.Other)]
    [InlineData("", "", SseEventKind.Other)]
    [InlineData("", "{", SseEventKind.Malformed)]
    [InlineData("", "[1]", SseEventKind.Malformed)]
    [InlineData("", """{"type":"ping"} x""", SseEventKind.Malformed)]
    [InlineData("error", """{"type":"error","error":{"type":"overloaded_error","message":"busy"}}""", SseEventKind.Error)]
    [InlineData("", """{"error":{"message":"boom","code":"500"}}""", SseEventKind.Error)]
    [InlineData("message_stop", """{"type":"message_\u0073top"}""", SseEventKind.MessageStop)]
    [InlineData("", """{"type":"ping","type":"message_stop"}""", SseEventKind.MessageStop)]
    public void Kind_is_what_every_client_would_read_or_malformed(string name, string data, SseEventKind expected) => Assert.Equal(expected, Read(name, data).Kind);

    [Fact]
    public void Tool_block_start_gives_index_id_and_name()
    {
        var start = Read("content_block_start", """{"type":"content_block_start","index":3,"content_block":{"type":"tool_use","id":"toolu_1","name":"Write","input":{}}}""");
        Assert.Equal((3, "tool_use", "toolu_1", "Write", null), (start.Index, start.BlockType, start.ToolUseId, start.ToolName, start.InlineInput));
    }

    [Fact]
    public void Message_delta_gives_stop_reason_and_cumulative_usage()
    {
        var start = Read("message_start", """{"type":"message_start","message":{"id":"msg_1","model":"m","usage":{"input_tokens":12,"cache_read_input_tokens":900,"output_tokens":1}}}""");
        var delta = Read("message_delta", """{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":42}}""");
        Assert.Equal("tool_use", delta.StopReason);
        Assert.Equal(new TokenUsage(12, 42, 900, null), start.Usage.Overwrite(delta.Usage));
        Assert.Equal(("msg_1", "m"), (start.MessageId, start.Model));
    }

    [Fact]
    public void Usage_of_a_whole_message_is_read() =>
        Assert.Equal(new TokenUsage(1, 2, 3, 4), TokenUsage.FromMessage("""{"type":"message","usage":{"input_tokens":1,"output_tokens":2,"cache_read_input_tokens":3,"cache_creation_input_tokens":4}}"""u8.ToArray()));

    [Theory]
    [InlineData("""{"file":"a","n":[1,2]}""", true)]
    [InlineData("""{"text":"h😀i \" \\ \n é"}""", true)]
    [InlineData("", true)]
    [InlineData("""{"file":"a""", false)]
    [InlineData("[1]", false)]
    public void Tool_input_is_put_together_wherever_it_was_cut(string input, bool isObject)
    {
        for (var cut = 0; cut <= input.Length; cut++)
        {
            var tool = Assemble(input[..cut], input[cut..]);
            Assert.Equal(input.Length == 0 ? "{}" : input, tool.InputJson);
            Assert.Equal(isObject, tool.Input is not null);
        }
    }

    [Fact]
    public void Input_cut_between_the_halves_of_a_surrogate_pair_is_whole_again()
    {
        var assembler = new ToolUseAssembler(Read("", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"T"}}"""));
        // The outer JSON escapes each half on its own: the piece is no text until the other half has come.
        Assert.True(assembler.Append(Read("", """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{\"a\":\"\ud83d"}}""")));
        Assert.True(assembler.Append(Read("", """{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"\ude00\"}"}}""")));
        Assert.Equal("😀", assembler.Complete().Input!.Value.GetProperty("a").GetString());
    }

    [Fact]
    public void Input_in_the_block_start_counts_only_without_deltas()
    {
        var start = Read("", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"T","input":{"a":1}}}""");
        Assert.Equal("""{"a":1}""", new ToolUseAssembler(start).Complete().InputJson);
    }

    [Fact]
    public void Input_with_a_member_twice_is_no_input_anybody_can_judge() => Assert.Null(Assemble("""{"command":"ls",""", "\"command\":\"rm\"}").Input);

    [Fact]
    public void Any_frame_is_read_and_never_throws() =>
        Gen.Select(Gen.OneOf("", "ping", "content_block_start", "x"), Gen.OneOf(Gen.String, Gen.OneOf(
            """{"index":1e99,"type":"content_block_delta"}""", """{"type":5}""", """{"usage":[]}""", """{"usage":{"input_tokens":"x"}}""", """{"delta":3,"content_block":[],"message":"x"}""",
            """{"type":"\ud800"}""", """{"content_block":{"name":"\ud800"}}""", """{"message":{"usage":3}}"""))).Sample(
            frame => { Read(frame.Item1, frame.Item2); }, iter: 3000);

    private static ToolUse Assemble(params string[] pieces)
    {
        var assembler = new ToolUseAssembler(Read("", """{"type":"content_block_start","index":0,"content_block":{"type":"tool_use","id":"t","name":"T","input":{}}}"""));
        foreach (var piece in pieces)
        {
            Assert.True(assembler.Append(Read("content_block_delta", $$$"""{"type":"content_block_delta","index":0,"delta":{"type":"input_json_delta","partial_json":"{{{Escaped(piece)}}}"}}""")));
        }
        return assembler.Complete();
    }

    /// <summary>Every UTF-16 unit on its own, so that a cut may fall between the halves of a pair.</summary>
    private static string Escaped(string text) => string.Concat(text.Select(unit => $"\\u{(int)unit:x4}"));

    private static SseEvent Read(string name, string data) =>
        SseEvent.Read(new SseFrame(default, Encoding.UTF8.GetBytes(name), Encoding.UTF8.GetBytes(data), IsComplete: true), withText: true);
}
