using System.Text.Json;

namespace EditorBridge.Messages;

public enum SseEventKind
{
    /// <summary>An event, delta or block this version does not know, or a comment: passed through as it is.</summary>
    Other,
    MessageStart,
    BlockStart,
    BlockDelta,
    BlockStop,
    MessageDelta,
    MessageStop,
    Ping,
    /// <summary>The upstream gave up in the middle of a 200: <c>event: error</c>, or Snowflake's <c>{"error":{…}}</c> without an event name.</summary>
    Error,
    /// <summary>Data that is no JSON object, or whose type contradicts the event name: what a client would make of it is unknown.</summary>
    Malformed,
}

/// <summary>
/// What the stream gate needs to know of a frame, read without building a tree; everything else stays in the raw bytes.
/// </summary>
public readonly record struct SseEvent
{
    public required SseEventKind Kind { get; init; }

    /// <summary>The content block's index, or -1 when the event has none.</summary>
    public int Index { get; init; }

    /// <summary><c>content_block.type</c>: text, thinking, tool_use, … Null outside a block start.</summary>
    public string? BlockType { get; init; }

    public string? ToolUseId { get; init; }

    public string? ToolName { get; init; }

    /// <summary>The input standing in a block start as JSON text, when it is not empty. Clients ignore it as soon as a delta follows, some always.</summary>
    public string? InlineInput { get; init; }

    /// <summary><c>delta.type</c> of a block delta.</summary>
    public string? DeltaType { get; init; }

    /// <summary>The piece of a tool's input in an <c>input_json_delta</c>.</summary>
    public string? PartialJson { get; init; }

    /// <summary>The text of a <c>text_delta</c>; read only when it was asked for.</summary>
    public string? Text { get; init; }

    public string? StopReason { get; init; }

    /// <summary>What the event says about tokens; empty when it says nothing.</summary>
    public TokenUsage Usage { get; init; }

    /// <summary>The message's id in a message start.</summary>
    public string? MessageId { get; init; }

    public string? Model { get; init; }

    /// <summary>Reads a frame. Never throws.</summary>
    /// <param name="withText">Also copies the text of text deltas, for recording an answer.</param>
    public static SseEvent Read(in SseFrame frame, bool withText = false)
    {
        var data = frame.Data.Span;
        if (data.IsEmpty)
        {
            // Comments and bare event names carry nothing a client could act on.
            return new SseEvent { Kind = SseEventKind.Other, Index = -1 };
        }
        if (data.SequenceEqual("[DONE]"u8))
        {
            return new SseEvent { Kind = SseEventKind.Other, Index = -1 };
        }
        try
        {
            var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = WireJson.MaxDepth });
            var parsed = new SseEventReader(withText).Read(ref reader);
            return Agrees(frame.EventName.Span, parsed.Kind) ? parsed : parsed with { Kind = SseEventKind.Malformed };
        }
        catch (JsonException)
        {
            return new SseEvent { Kind = SseEventKind.Malformed, Index = -1 };
        }
        catch (InvalidOperationException)
        {
            // A string with half a surrogate pair, or a value of another kind than the protocol says.
            return new SseEvent { Kind = SseEventKind.Malformed, Index = -1 };
        }
    }

    internal static SseEventKind KindOf(ReadOnlySpan<byte> type) => type switch
    {
        _ when type.SequenceEqual("content_block_delta"u8) => SseEventKind.BlockDelta,
        _ when type.SequenceEqual("content_block_start"u8) => SseEventKind.BlockStart,
        _ when type.SequenceEqual("content_block_stop"u8) => SseEventKind.BlockStop,
        _ when type.SequenceEqual("message_start"u8) => SseEventKind.MessageStart,
        _ when type.SequenceEqual("message_delta"u8) => SseEventKind.MessageDelta,
        _ when type.SequenceEqual("message_stop"u8) => SseEventKind.MessageStop,
        _ when type.SequenceEqual("ping"u8) => SseEventKind.Ping,
        _ when type.SequenceEqual("error"u8) => SseEventKind.Error,
        _ => SseEventKind.Other,
    };

    /// <summary>A frame named <c>ping</c> whose data starts a tool block would be read differently by different clients.</summary>
    private static bool Agrees(ReadOnlySpan<byte> eventName, SseEventKind kind) =>
        eventName.IsEmpty || KindOf(eventName) == kind || (kind == SseEventKind.Error && KindOf(eventName) == SseEventKind.Other);
}
