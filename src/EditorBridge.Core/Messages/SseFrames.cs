using System.Buffers;

namespace EditorBridge.Messages;

/// <summary>Frames that EditorBridge itself writes. The event name is never left out: official clients ignore a frame without it.</summary>
public static class SseFrames
{
    /// <summary>A ping. It tells that the connection lives; Claude Code does not count it as content.</summary>
    public static ReadOnlySpan<byte> Ping => "event: ping\ndata: {\"type\":\"ping\"}\n\n"u8;

    /// <summary>One frame around JSON that holds no line end outside its strings.</summary>
    public static byte[] Write(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> json)
    {
        var buffer = new ArrayBufferWriter<byte>(eventName.Length + json.Length + 16);
        buffer.Write("event: "u8);
        buffer.Write(eventName);
        buffer.Write("\ndata: "u8);
        buffer.Write(json);
        buffer.Write("\n\n"u8);
        return buffer.WrittenSpan.ToArray();
    }

    public static byte[] TextBlockStart(int index) => Write("content_block_start"u8, WireJson.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "content_block_start"u8);
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("content_block"u8);
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, ""u8);
        json.WriteEndObject();
        json.WriteEndObject();
    }));

    /// <summary>A piece of text; an empty one is the keep-alive that every measured Claude Code takes as content and nobody sees.</summary>
    public static byte[] TextDelta(int index, string text) => Delta(index, "text_delta"u8.ToArray(), "text"u8.ToArray(), text);

    /// <summary>A tool's block start. Clients ignore an input given here, so it is always empty and follows as a delta.</summary>
    public static byte[] ToolUseStart(int index, string id, string name) => Write("content_block_start"u8, WireJson.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "content_block_start"u8);
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("content_block"u8);
        json.WriteString("type"u8, "tool_use"u8);
        json.WriteString("id"u8, id);
        json.WriteString("name"u8, name);
        json.WriteStartObject("input"u8);
        json.WriteEndObject();
        json.WriteEndObject();
        json.WriteEndObject();
    }));

    /// <summary>A piece of a tool's input, as JSON text.</summary>
    public static byte[] InputJsonDelta(int index, string partialJson) => Delta(index, "input_json_delta"u8.ToArray(), "partial_json"u8.ToArray(), partialJson);

    /// <summary>A message_delta that ends nothing: no stop reason, and the tokens so far, which overwrite themselves.</summary>
    public static byte[] OpenMessageDelta(long outputTokens) => Write("message_delta"u8, WireJson.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "message_delta"u8);
        json.WriteStartObject("delta"u8);
        json.WriteNull("stop_reason"u8);
        json.WriteNull("stop_sequence"u8);
        json.WriteEndObject();
        json.WriteStartObject("usage"u8);
        json.WriteNumber("output_tokens"u8, outputTokens);
        json.WriteEndObject();
        json.WriteEndObject();
    }));

    public static byte[] BlockStop(int index) => Write("content_block_stop"u8, WireJson.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "content_block_stop"u8);
        json.WriteNumber("index"u8, index);
        json.WriteEndObject();
    }));

    private static byte[] Delta(int index, byte[] type, byte[] member, string text) => Write("content_block_delta"u8, WireJson.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "content_block_delta"u8);
        json.WriteNumber("index"u8, index);
        json.WriteStartObject("delta"u8);
        json.WriteString("type"u8, type);
        json.WriteString(member, text);
        json.WriteEndObject();
        json.WriteEndObject();
    }));
}
