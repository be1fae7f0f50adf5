using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Messages;

/// <summary>One answer in two shapes: what a client reads of the one is what it reads of the other.</summary>
public sealed class WholeMessageTests
{
    private const string Message = """
        {"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-6","content":[
          {"type":"thinking","thinking":"plan é😀","signature":"RXhhbXBsZQ=="},
          {"type":"redacted_thinking","data":"abc"},
          {"type":"text","text":"First \"a\" file."},
          {"type":"tool_use","id":"toolu_1","name":"Write","input":{"file_path":"/p/a.sql","big":9007199254740993,"nested":{"a":[1,2.50]}}},
          {"type":"tool_use","id":"toolu_2","name":"List","input":{}}],
         "stop_reason":"tool_use","stop_sequence":null,"usage":{"input_tokens":12,"cache_read_input_tokens":900,"output_tokens":42}}
        """;

    [Fact]
    public void Message_told_as_a_stream_and_read_again_is_the_same()
    {
        var stream = WholeMessage.ToStream(Encoding.UTF8.GetBytes(Message))!;
        var again = WholeMessage.FromStream(stream)!;

        Assert.Equal(JsonNode.Parse(Message)!.ToJsonString(), JsonNode.Parse(again)!.ToJsonString());
        var events = Encoding.UTF8.GetString(stream);
        Assert.Contains("9007199254740993", events, StringComparison.Ordinal);
        Assert.Contains("\"input\":{}", events, StringComparison.Ordinal);
        Assert.EndsWith("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n", events, StringComparison.Ordinal);
    }

    [Fact]
    public void Recorded_stream_becomes_its_message_with_signature_and_joined_surrogates()
    {
        var message = JsonNode.Parse(WholeMessage.FromStream(Vectors.Stream("thinking-two-tools.sse"))!)!;

        Assert.Equal(["thinking", "tool_use", "tool_use"], message["content"]!.AsArray().Select(block => block!["type"]!.GetValue<string>()).Where(type => type != "text"));
        Assert.Equal("RXhhbXBsZQ==", message["content"]![0]!["signature"]!.GetValue<string>());
        Assert.Contains("😀", message["content"]![1]!["input"]!["content"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("tool_use", message["stop_reason"]!.GetValue<string>());
    }

    [Fact]
    public void Stream_that_did_not_end_is_no_message()
    {
        var stream = Vectors.Stream("thinking-two-tools.sse");
        for (var length = 0; length < stream.Length - "event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n".Length; length += 7)
            Assert.Null(WholeMessage.FromStream(stream.AsSpan(0, length)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("{}")]
    [InlineData("""{"content":"text"}""")]
    [InlineData("""{"content":[1]}""")]
    [InlineData("""{"content":[{"type":"text","text":1}]}""")]
    public void Anything_else_is_no_message(string text) => Assert.Null(WholeMessage.ToStream(Encoding.UTF8.GetBytes(text)));

    [Theory]
    [InlineData("""{"model":"m","max_tokens":1,"stream":true,"messages":[{"role":"user","content":"x"}]}""", true)]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"x"}],"max_tokens":64000,"stream":false}""", true)]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"y"}]}""", false)]
    [InlineData("""{"model":"m2","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""", false)]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}],"system":"s"}""", false)]
    public void Question_is_the_same_whatever_its_stream_and_token_limit(string body, bool same)
    {
        var one = Vectors.Request("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":"x"}]}""");
        Assert.Equal(same, one.QuestionHash == Vectors.Request(body).QuestionHash);
    }
}
