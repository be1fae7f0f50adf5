using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Cortex;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Script;

/// <summary>
/// The script language of a prompt: a fenced block named <c>sandbox</c>, or a line <c>sandbox: [ … ]</c>, holding an array of turns.
/// A turn is a block, an array of blocks, or an object with <c>blocks</c> and options. The README beside this project describes it.
/// </summary>
internal static partial class SandboxScript
{
    /// <returns>The turn of this number, a closing turn after the last, a turn that names the mistake in a bad script, or null without a script.</returns>
    public static ModelTurn? Turn(string prompt, int number)
    {
        var found = ScriptStart().Match(prompt);
        if (!found.Success)
        {
            return null;
        }

        try
        {
            var turns = Parse(prompt[(found.Index + found.Length)..]);
            return number < turns.Count
                ? turns[number]
                : ModelTurn.Say($"The sandbox script is finished: {turns.Count} turn{(turns.Count == 1 ? "" : "s")}.");
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or FormatException)
        {
            return ModelTurn.Say($"The sandbox script cannot be read, so nothing was done: {error.Message}");
        }
    }

    private static List<ModelTurn> Parse(string text)
    {
        // Only the first JSON value counts: a fence or more prose may follow it.
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(text), new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip });
        using var script = JsonDocument.ParseValue(ref reader);
        if (script.RootElement.ValueKind != JsonValueKind.Array)
        {
            throw new FormatException("a script is an array of turns");
        }

        return [.. script.RootElement.EnumerateArray().Select(TurnOf)];
    }

    private static ModelTurn TurnOf(JsonElement turn) => turn.ValueKind switch
    {
        JsonValueKind.Array => new ModelTurn([.. turn.EnumerateArray().Select(BlockOf)]),
        JsonValueKind.Object when turn.Property("blocks") is { } blocks => WithOptions([.. blocks.EnumerateArray().Select(BlockOf)], turn),
        JsonValueKind.Object => WithOptions(HasOptionsOnly(turn) ? [] : [BlockOf(turn)], turn),
        _ => throw new FormatException($"a turn is an object or an array, not {turn.ValueKind}"),
    };

    private static ModelTurn WithOptions(IReadOnlyList<TurnBlock> blocks, JsonElement turn) => new(blocks, turn.Text("stop"))
    {
        Fault = turn.Text("fault"),
        FaultAfter = turn.Int("fault_after"),
        Events = turn.Property("events") is { ValueKind: JsonValueKind.Array } events ? [.. events.EnumerateArray().Select(EventOf)] : null,
        Usage = turn.Property("usage") is { } usage
            ? new ScriptedUsage(usage.Int("input"), usage.Int("cache_creation"), usage.Int("cache_read"), usage.Int("output"))
            : null,
        Pacing = new Pacing
        {
            Chunk = turn.Int("chunk") ?? 0,
            Bytes = turn.Int("bytes") ?? 0,
            Delay = TimeSpan.FromMilliseconds(turn.Int("delay_ms") ?? 0),
            Escape = turn.Bool("escape") ?? false,
            CutAt = turn.Int("cut_at"),
            Framing = turn.Text("framing") is { } framing ? Framing(framing) : SseFraming.Plain,
        },
    };

    private static bool HasOptionsOnly(JsonElement turn) =>
        (turn.Property("fault") is not null || turn.Property("events") is not null)
        && turn.Property("text") is null && turn.Property("tool") is null && turn.Property("thinking") is null && turn.Property("redacted") is null;

    private static SseEvent EventOf(JsonElement item) => new(
        item.Text("event"),
        Encoding.UTF8.GetBytes(item.Text("data") ?? (item.Property("data") is { } json ? json.GetRawText() : throw new FormatException("an event has \"data\""))));

    private static TurnBlock BlockOf(JsonElement block)
    {
        if (block.Text("text") is { } text)
        {
            return new SayBlock(text);
        }

        if (block.Text("thinking") is { } thinking)
        {
            return new ThinkBlock(thinking, block.Text("signature"));
        }

        if (block.Text("redacted") is { } data)
        {
            return new RedactedBlock(data);
        }

        // "input_text" sends a text that need not be JSON, as a model cut short does.
        var input = block.Text("input_text") ?? (block.Property("input") is { } json ? json.GetRawText() : "{}");
        return block.Text("tool") is { } tool
            ? new CallBlock(block.Text("id") ?? BedrockId.New("toolu"), tool, input)
            : throw new FormatException($"a block has \"text\", \"thinking\", \"redacted\" or \"tool\": {block.GetRawText()}");
    }

    private static SseFraming Framing(string name) => name switch
    {
        "plain" => SseFraming.Plain,
        "crlf" => SseFraming.Crlf,
        "cr" => SseFraming.Cr,
        "comments" => SseFraming.Comments,
        "multi-line" => SseFraming.MultiLine,
        "unknown-events" => SseFraming.UnknownEvents,
        _ => throw new FormatException($"unknown framing \"{name}\""),
    };

    [GeneratedRegex(@"^[ \t]*(?:```sandbox[ \t]*\r?\n|sandbox:[ \t]*)(?=\s*\[)", RegexOptions.Multiline)]
    private static partial Regex ScriptStart();
}
