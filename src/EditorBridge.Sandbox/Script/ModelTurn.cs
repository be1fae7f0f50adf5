using System.Text.Json;
using EditorBridge.Sandbox.Cortex;

namespace EditorBridge.Sandbox.Script;

/// <summary>One block of an assistant turn.</summary>
internal abstract record TurnBlock
{
    private protected TurnBlock()
    {
    }
}

internal sealed record SayBlock(string Text) : TurnBlock;

/// <param name="Signature">Null for the sandbox's own signature over the text.</param>
internal sealed record ThinkBlock(string Thinking, string? Signature) : TurnBlock;

/// <summary>Thinking the caller cannot read but must send back.</summary>
internal sealed record RedactedBlock(string Data) : TurnBlock;

/// <param name="Input">The call's input as JSON text, sent exactly as it stands.</param>
internal sealed record CallBlock(string Id, string Name, string Input) : TurnBlock
{
    /// <summary>The input where only a JSON object may stand; text that is none becomes the empty object.</summary>
    public string InputObject
    {
        get
        {
            try
            {
                return JsonElement.Parse(Input).ValueKind == JsonValueKind.Object ? Input : "{}";
            }
            catch (JsonException)
            {
                return "{}";
            }
        }
    }
}

/// <summary>How a turn is put on the wire.</summary>
internal sealed record Pacing
{
    /// <summary>Characters in one delta; 0 for the default of 24.</summary>
    public int Chunk { get; init; }

    /// <summary>Bytes in one network write; 0 for one write per event.</summary>
    public int Bytes { get; init; }

    /// <summary>Pause before each event after the first.</summary>
    public TimeSpan Delay { get; init; }

    /// <summary>Writes non-ASCII characters of tool inputs as <c>\uXXXX</c>, so that chunks can split an escape or a surrogate pair.</summary>
    public bool Escape { get; init; }

    /// <summary>Closes the socket after this many bytes of the body.</summary>
    public int? CutAt { get; init; }

    /// <summary>A legal but unusual spelling of the event stream.</summary>
    public SseFraming Framing { get; init; }
}

/// <summary>Spellings of an event stream that every client must read alike.</summary>
internal enum SseFraming
{
    /// <summary>LF line ends, one data line, one space after the colon.</summary>
    Plain,

    /// <summary>CRLF line ends.</summary>
    Crlf,

    /// <summary>CR line ends.</summary>
    Cr,

    /// <summary>A byte order mark first, a comment before each event, and no space after the colon.</summary>
    Comments,

    /// <summary>The data of each event spread over two data lines.</summary>
    MultiLine,

    /// <summary>An event of an unknown name before each known one.</summary>
    UnknownEvents,
}

/// <summary>One assistant turn of the scripted model.</summary>
/// <param name="StopReason">Null for what follows from the blocks: <c>tool_use</c> when there is a call, else <c>end_turn</c>.</param>
internal sealed record ModelTurn(IReadOnlyList<TurnBlock> Blocks, string? StopReason = null)
{
    public Pacing Pacing { get; init; } = new();

    /// <summary>Token counts to claim instead of the counted ones; null counts.</summary>
    public ScriptedUsage? Usage { get; init; }

    /// <summary>A fault to play in this turn, as it stands in the script.</summary>
    public string? Fault { get; init; }

    /// <summary>Events to send as they stand instead of the ones the blocks make; null for the ordinary stream. Streams only.</summary>
    public IReadOnlyList<SseEvent>? Events { get; init; }

    /// <summary>How many events of the stream come before the fault; null for half of them.</summary>
    public int? FaultAfter { get; init; }

    public static ModelTurn Say(string text) => new([new SayBlock(text)]);
}

/// <summary>Token counts a script dictates; an absent one is counted.</summary>
internal sealed record ScriptedUsage(int? Input, int? CacheCreation, int? CacheRead, int? Output);
