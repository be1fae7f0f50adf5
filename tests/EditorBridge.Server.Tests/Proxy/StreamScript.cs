using System.Text;
using EditorBridge.Messages;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>Event streams as an account sends them, and reading what a client got.</summary>
internal static class StreamScript
{
    public static string Message(params string[] blocks) =>
        Frame("message_start", """{"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-sonnet-4-6","content":[],"stop_reason":null,"usage":{"input_tokens":3,"output_tokens":1}}}""")
        + Frame("ping", """{"type":"ping"}""")
        + string.Concat(blocks)
        + Frame("message_delta", """{"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},"usage":{"output_tokens":5}}""")
        + Frame("message_stop", """{"type":"message_stop"}""");

    public static string Text(int index, string text) =>
        Frame("content_block_start", $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"text","text":""}}""")
        + Frame("content_block_delta", $$$"""{"type":"content_block_delta","index":{{{index}}},"delta":{"type":"text_delta","text":"{{{text}}}"}}""")
        + Frame("content_block_stop", $$$"""{"type":"content_block_stop","index":{{{index}}} }""");

    public static string ToolUse(int index, string id, string name, string input)
    {
        var pieces = input.Chunk(9).Select(piece => Frame(
            "content_block_delta",
            System.Text.Json.JsonSerializer.Serialize(new { type = "content_block_delta", index, delta = new { type = "input_json_delta", partial_json = new string(piece) } })));
        return Frame("content_block_start", $$$"""{"type":"content_block_start","index":{{{index}}},"content_block":{"type":"tool_use","id":"{{{id}}}","name":"{{{name}}}","input":{} } }""")
            + string.Concat(pieces)
            + Frame("content_block_stop", $$$"""{"type":"content_block_stop","index":{{{index}}} }""");
    }

    public static string Frame(string name, string data) => $"event: {name}\ndata: {data}\n\n";

    public static List<SseEvent> Read(string stream)
    {
        var frames = new SseReader();
        frames.Append(Encoding.UTF8.GetBytes(stream));
        var events = new List<SseEvent>();
        while (frames.Read(out var frame) == SseReadResult.Frame) events.Add(SseEvent.Read(frame));
        return events;
    }

    public static Stream Chunks(string text, int size) => Chunks(Encoding.UTF8.GetBytes(text), size);

    public static Stream Chunks(byte[] bytes, int size) => new ChunkedStream(bytes, size);

    /// <summary>Gives its bytes in pieces of one size, as a network might.</summary>
    private sealed class ChunkedStream(byte[] bytes, int size) : MemoryStream(bytes)
    {
        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(size, buffer.Length)], cancellationToken);
    }
}
