using System.Buffers;
using System.Text;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>
/// Writes an answer as a Messages stream, whatever dialect it came in: blocks never overlap, indices only grow, a tool's input always
/// comes as deltas, and a message that did not end is never given an ending.
/// </summary>
internal sealed class MessageEmitter(string messageId, string model, long promptEstimate)
{
    private enum Open
    {
        Nothing,
        Text,
        Thinking,
        Tool,
    }

    private readonly ArrayBufferWriter<byte> _output = new(4096);
    private Open _open;
    private int _index = -1;
    private bool _started;

    /// <summary>True once the message has its ending or its error; nothing follows.</summary>
    public bool Ended { get; private set; }

    /// <summary>Any tool call makes the stop reason <c>tool_use</c>, whatever the other dialect calls it.</summary>
    public bool AnyTool { get; private set; }

    /// <summary>The frames written since the last call.</summary>
    public byte[] Take()
    {
        var frames = _output.WrittenSpan.ToArray();
        _output.ResetWrittenCount();
        return frames;
    }

    public void Text(string text)
    {
        if (text.Length > 0)
        {
            Enter(Open.Text, SseFrames.TextBlockStart);
            _output.Write(SseFrames.TextDelta(_index, text));
        }
    }

    public void Thinking(string text, string? signature)
    {
        if (text.Length == 0 && signature is null)
        {
            return;
        }
        Enter(Open.Thinking, index => Frame("content_block_start", json =>
        {
            json.WriteNumber("index"u8, index);
            json.WriteStartObject("content_block"u8);
            json.WriteString("type"u8, "thinking"u8);
            json.WriteString("thinking"u8, ""u8);
            json.WriteString("signature"u8, ""u8);
            json.WriteEndObject();
        }));
        if (text.Length > 0)
        {
            Delta("thinking_delta", "thinking", text);
        }
        if (signature is not null)
        {
            Delta("signature_delta", "signature", signature);
        }
    }

    public void BeginTool(string id, string name)
    {
        Start();
        Close();
        _open = Open.Tool;
        AnyTool = true;
        _output.Write(SseFrames.ToolUseStart(++_index, id, name));
    }

    public void ToolInput(string piece)
    {
        if (piece.Length > 0)
        {
            _output.Write(SseFrames.InputJsonDelta(_index, piece));
        }
    }

    public void Finish(string stopReason, TokenUsage usage)
    {
        Start();
        Close();
        _output.Write(Frame("message_delta", json =>
        {
            json.WriteStartObject("delta"u8);
            json.WriteString("stop_reason"u8, stopReason);
            json.WriteNull("stop_sequence"u8);
            json.WriteEndObject();
            WriteUsage(json, usage);
        }));
        _output.Write(Frame("message_stop", static _ => { }));
        Ended = true;
    }

    /// <summary>The other side gave up: what was open stays open, and the client is told.</summary>
    public void Fail(AnthropicError error)
    {
        _output.Write(AnthropicErrors.WriteFrame(error, null));
        Ended = true;
    }

    public static void WriteUsage(Utf8JsonWriter json, TokenUsage usage)
    {
        json.WriteStartObject("usage"u8);
        json.WriteNumber("input_tokens"u8, usage.Input ?? 0);
        json.WriteNumber("cache_creation_input_tokens"u8, usage.CacheCreation ?? 0);
        json.WriteNumber("cache_read_input_tokens"u8, usage.CacheRead ?? 0);
        json.WriteNumber("output_tokens"u8, usage.Output ?? 0);
        json.WriteEndObject();
    }

    private void Start()
    {
        if (_started)
        {
            return;
        }
        _started = true;
        _output.Write(Frame("message_start", json =>
        {
            json.WriteStartObject("message"u8);
            json.WriteString("id"u8, messageId);
            json.WriteString("type"u8, "message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("model"u8, model);
            json.WriteStartArray("content"u8);
            json.WriteEndArray();
            json.WriteNull("stop_reason"u8);
            json.WriteNull("stop_sequence"u8);
            // The prompt's real size comes with the ending only; a meter wants a number now.
            WriteUsage(json, new TokenUsage(promptEstimate, 1, 0, 0));
            json.WriteEndObject();
        }));
        _output.Write(SseFrames.Ping);
    }

    private void Enter(Open kind, Func<int, byte[]> start)
    {
        Start();
        if (_open != kind)
        {
            Close();
            _open = kind;
            _output.Write(start(++_index));
        }
    }

    private void Close()
    {
        if (_open != Open.Nothing)
        {
            _output.Write(SseFrames.BlockStop(_index));
            _open = Open.Nothing;
        }
    }

    private void Delta(string type, string member, string text) => _output.Write(Frame("content_block_delta", json =>
    {
        json.WriteNumber("index"u8, _index);
        json.WriteStartObject("delta"u8);
        json.WriteString("type"u8, type);
        json.WriteString(member, text);
        json.WriteEndObject();
    }));

    private static byte[] Frame(string type, Action<Utf8JsonWriter> members) => SseFrames.Write(Encoding.ASCII.GetBytes(type), WireJson.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("type"u8, type);
        members(json);
        json.WriteEndObject();
    }));
}
