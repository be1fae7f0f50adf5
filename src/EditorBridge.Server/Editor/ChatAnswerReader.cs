using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Messages;

namespace EditorBridge.Editor;

/// <summary>Reads one answer of the Messages endpoint, a stream or an error, and tells its text as it comes and its tools when they are whole.</summary>
internal sealed class ChatAnswerReader(Func<ChatContentView, Task> tell)
{
    private readonly SseReader _frames = new();
    private readonly StringBuilder _input = new();
    private readonly ArrayBufferWriter<byte> _raw = new();
    private (string? Id, string? Name) _tool;
    private string? _stopReason;
    private bool _ended;
    private TokenUsage _usage;

    /// <summary>Why the endpoint refused, when what was read is no stream.</summary>
    public string? Refusal => Error(_raw.WrittenSpan);

    public async Task ReadAsync(Stream answer, CancellationToken cancellationToken)
    {
        var buffer = new byte[16 * 1024];
        int read;
        while ((read = await answer.ReadAsync(buffer, cancellationToken)) > 0)
        {
            // An error is one small body; a stream needs no copy of itself.
            if (_raw.WrittenCount < buffer.Length) _raw.Write(buffer.AsSpan(0, read));
            _frames.Append(buffer.AsSpan(0, read));
            while (true)
            {
                var result = _frames.Read(out var frame);
                if (result == SseReadResult.TooLarge) throw new ChatException("The answer holds an event larger than any model sends, so it was cut off.");
                if (result != SseReadResult.Frame) break;
                await TakeAsync(SseEvent.Read(frame, withText: true), frame.Data);
            }
        }
    }

    /// <exception cref="ChatException">The answer broke off.</exception>
    public ChatAnswer End() => _ended
        ? new ChatAnswer(_stopReason ?? "end_turn", _usage.Prompt, _usage.Output ?? 0)
        : throw new ChatException("The account's answer broke off before its end. What was shown of it may be incomplete; ask again.");

    private async Task TakeAsync(SseEvent said, ReadOnlyMemory<byte> data)
    {
        _usage = _usage.Overwrite(said.Usage);
        switch (said.Kind)
        {
            case SseEventKind.BlockStart when said.BlockType == "tool_use":
                _tool = (said.ToolUseId, said.ToolName);
                _input.Clear();
                break;
            case SseEventKind.BlockDelta when said.PartialJson is { } piece:
                _input.Append(piece);
                break;
            // Empty texts keep a client waiting while a person decides.
            case SseEventKind.BlockDelta when said.Text is { Length: > 0 } text:
                await tell(new ChatContentView("text", text, null, null, null));
                break;
            case SseEventKind.BlockStop when _tool is ({ } id, { } name):
                await tell(new ChatContentView("toolUse", null, id, name, _input.Length == 0 ? "{}" : _input.ToString()));
                _tool = default;
                break;
            case SseEventKind.MessageDelta:
                _stopReason = said.StopReason ?? _stopReason;
                break;
            case SseEventKind.MessageStop:
                _ended = true;
                break;
            case SseEventKind.Error:
                throw new ChatException(Error(data.Span) ?? "The account ended its answer with an error.");
        }
    }

    private static string? Error(ReadOnlySpan<byte> json)
    {
        try
        {
            return JsonNode.Parse(json)?["error"]?["message"]?.GetValue<string>();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return null;
        }
    }
}
