using System.Text;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>A tool call whose input has arrived completely.</summary>
/// <param name="Index">The block's index in the upstream's stream.</param>
/// <param name="InputJson">The input as the model wrote it, concatenated.</param>
/// <param name="Input">The input parsed, or null when it is no JSON object: no client can run it.</param>
public sealed record ToolUse(int Index, string Id, string Name, string InputJson, JsonElement? Input);

/// <summary>Puts the input of one <c>tool_use</c> block together from its deltas.</summary>
public sealed class ToolUseAssembler
{
    /// <summary>Far more than any tool takes: a whole file in one Write.</summary>
    public const int MaxInputChars = 16 * 1024 * 1024;

    private readonly StringBuilder _input = new();
    private readonly int _index;
    private readonly string _id;
    private readonly string _name;
    private readonly string? _inlineInput;

    /// <param name="start">The event that opened the block.</param>
    public ToolUseAssembler(in SseEvent start)
    {
        _index = start.Index;
        _id = start.ToolUseId ?? "";
        _name = start.ToolName ?? "";
        _inlineInput = start.InlineInput;
    }

    /// <summary>Takes a delta of this block; false when the input has grown beyond <see cref="MaxInputChars"/> and must be refused.</summary>
    public bool Append(in SseEvent delta)
    {
        if (delta.PartialJson is { } piece && _input.Length + piece.Length <= MaxInputChars)
        {
            _input.Append(piece);
            return true;
        }
        return delta.PartialJson is null;
    }

    /// <summary>At the block's stop. An input without any delta is the empty object, as in every client.</summary>
    public ToolUse Complete()
    {
        var json = _input.Length > 0 ? _input.ToString() : _inlineInput ?? "{}";
        return new ToolUse(_index, _id, _name, json, Parse(json));
    }

    private static JsonElement? Parse(string json)
    {
        // Half a surrogate pair cannot be written as UTF-8, so it is no JSON either.
        return WireJson.TryParse(Encoding.UTF8.GetBytes(json), out var root, out _) && root.ValueKind == JsonValueKind.Object ? root : null;
    }
}
