using System.Buffers;
using System.IO.Pipelines;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>
/// Writes a gated stream to the client: frames as they came, keep-alives while a person decides, and what became of each tool call.
/// Once a block of ours stands in the stream, later blocks move up by one; until then every byte is the upstream's own.
/// </summary>
internal sealed class StreamWriter(PipeWriter client, StreamOutcome outcome)
{
    private int _inserted;
    private bool _keepingAlive;
    // As the client was told last; what has been read of the account may be further.
    private long _outputTokens;

    public Task PassAsync(StreamPiece piece, CancellationToken cancellationToken)
    {
        _outputTokens = piece.Event.Usage.Output ?? _outputTokens;
        if (piece.Event.Kind == SseEventKind.MessageDelta && piece.Event.StopReason == "tool_use" && outcome is { Released: 0, Refused: > 0 })
            return WriteAsync(Changed(piece.Bytes, "message_delta"u8, json => json["delta"]!["stop_reason"] = "end_turn"), cancellationToken);
        return piece.Event.Index >= 0 && _inserted > 0
            ? WriteAsync(Moved(piece), cancellationToken)
            : WriteAsync(piece.Bytes, cancellationToken);
    }

    /// <summary>One sign of life. An empty delta in an empty text block is content for the client's clocks and nothing for the conversation; the block is opened with the first.</summary>
    public async Task KeepAliveAsync(KeepAliveForm form, int index, CancellationToken cancellationToken)
    {
        if (form == KeepAliveForm.Ping)
        {
            await WriteAsync(SseFrames.Ping.ToArray(), cancellationToken);
            return;
        }

        if (form == KeepAliveForm.MessageDelta)
        {
            await WriteAsync(SseFrames.OpenMessageDelta(_outputTokens), cancellationToken);
            return;
        }

        if (!_keepingAlive)
        {
            await WriteAsync(SseFrames.TextBlockStart(index + _inserted), cancellationToken);
            _keepingAlive = true;
        }

        await WriteAsync(SseFrames.TextDelta(index + _inserted, ""), cancellationToken);
    }

    public async Task EndKeepAliveAsync(int index, CancellationToken cancellationToken)
    {
        if (!_keepingAlive) return;
        await WriteAsync(SseFrames.BlockStop(index + _inserted), cancellationToken);
        _keepingAlive = false;
        _inserted++;
    }

    public async Task ReleaseAsync(HeldTool tool, Admission admission, CancellationToken cancellationToken)
    {
        var index = tool.Use.Index + _inserted;
        if (!admission.IsReleased)
        {
            outcome.Refused++;
            await WriteAsync(
                (byte[])[.. SseFrames.TextBlockStart(index), .. SseFrames.TextDelta(index, RefusalText(tool.Use.Name, admission)), .. SseFrames.BlockStop(index)],
                cancellationToken);
            return;
        }

        outcome.Released++;
        if (admission.Kind == AdmissionKind.Released && !tool.Rewrite && _inserted == 0)
        {
            await WriteAsync(tool.Frames, cancellationToken);
            return;
        }

        var input = admission.Kind == AdmissionKind.ReleasedEdited ? admission.Input : tool.Use.InputJson;
        await WriteAsync(
            (byte[])[.. SseFrames.ToolUseStart(index, tool.Use.Id, tool.Use.Name), .. SseFrames.InputJsonDelta(index, input), .. SseFrames.BlockStop(index)],
            cancellationToken);
    }

    /// <summary>What stands in the answer instead of a call that does not run. It stays in the conversation, so the model knows.</summary>
    public static string RefusalText(string tool, Admission admission) => $"EditorBridge held back this {tool} call. {admission.Reason}";

    /// <summary>Ends a stream that has begun. Claude Code shows the message of an invalid_request_error and does not try again by itself (measured).</summary>
    public Task FailAsync(string message, CancellationToken cancellationToken) =>
        WriteAsync(AnthropicErrors.WriteFrame(new AnthropicError(500, AnthropicErrorType.Api, message), requestId: null), cancellationToken);

    private byte[] Moved(StreamPiece piece) => Changed(piece.Bytes, default, json => json["index"] = piece.Event.Index + _inserted);

    // The frame is the upstream's own except for what is changed; its event name is its type.
    private static byte[] Changed(byte[] bytes, ReadOnlySpan<byte> eventName, Action<JsonNode> change)
    {
        var frames = new SseReader();
        frames.Append(bytes);
        if (frames.Read(out var frame) != SseReadResult.Frame && !frames.TryReadRemainder(out frame)) return bytes;
        var json = JsonNode.Parse(frame.Data.Span)!;
        change(json);
        return SseFrames.Write(eventName.IsEmpty ? frame.EventName.Span : eventName, System.Text.Encoding.UTF8.GetBytes(json.ToJsonString()));
    }

    // One frame, one write, one flush: the client sees each event when the upstream sent it.
    private async Task WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        client.Write(bytes.Span);
        var flushed = await client.FlushAsync(cancellationToken);
        if (flushed.IsCanceled || flushed.IsCompleted) throw new OperationCanceledException("The client went away.", cancellationToken);
    }
}
