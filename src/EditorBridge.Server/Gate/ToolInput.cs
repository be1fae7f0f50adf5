using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Review;

namespace EditorBridge.Gate;

/// <summary>Reads and rewrites the inputs of the tools whose effect on files and shells is known (Claude Code's schemas, measured on 1.0.128 to 2.1.330).</summary>
internal static class ToolInput
{
    /// <summary>The canonical form two doors agree on, or null with the problem. Claude Code adds <c>replace_all:false</c> to an Edit between the stream and the hook; the default is left out on both sides.</summary>
    public static string? TryCanonical(string tool, JsonElement input, out string? problem)
    {
        var text = input.GetRawText();
        if (tool == "Edit" && input.ValueKind == JsonValueKind.Object
            && input.TryGetProperty("replace_all", out var all) && all.ValueKind == JsonValueKind.False)
        {
            var without = JsonObject.Create(input)!;
            without.Remove("replace_all");
            text = without.ToJsonString();
        }

        return CanonicalJson.TryCanonicalize(text, out var canonical, out problem) ? canonical : null;
    }

    /// <summary>The change a file tool would make; null for every other tool. <paramref name="readFile"/> gives the current text, null when there is no file.</summary>
    public static FileChange? Change(string tool, JsonElement input, Func<string, string?> readFile)
    {
        switch (tool)
        {
            case "Write" when Text(input, "file_path") is { } path && Text(input, "content") is { } content:
                return new FileChange(path, readFile(path), content, Complete: true);
            case "Edit" when Text(input, "file_path") is { } path && Text(input, "old_string") is { } old && Text(input, "new_string") is { } replacement:
                return Edited(path, readFile(path), [(old, replacement, Flag(input, "replace_all"))]);
            case "MultiEdit" when Text(input, "file_path") is { } path && input.TryGetProperty("edits", out var edits) && edits.ValueKind == JsonValueKind.Array:
                return Edited(path, readFile(path), [.. edits.EnumerateArray().Select(e => (Text(e, "old_string") ?? "", Text(e, "new_string") ?? "", Flag(e, "replace_all")))]);
            default:
                return null;
        }
    }

    /// <summary>The change a person asks a review of; both texts are the person's own. Never read from what an agent sends: it could forge the text it is compared with.</summary>
    public static FileChange? AskedChange(JsonElement input) =>
        Text(input, "file_path") is { } path && Text(input, "content") is { } content ? new FileChange(path, Text(input, "before"), content, Complete: true) : null;

    /// <summary>The property a reviewer may edit when the tool changes no file: the command, the cell, the statement.</summary>
    public static string? EditableProperty(string tool, JsonElement input)
    {
        string[] candidates = tool switch
        {
            "Write" => ["content"],
            "Edit" or "MultiEdit" => ["new_string"],
            "Bash" or "PowerShell" => ["command"],
            "NotebookEdit" => ["new_source"],
            _ when tool.StartsWith("mcp__", StringComparison.Ordinal) => SqlProperties,
            _ => [],
        };
        if (tool is "Edit" or "MultiEdit") return candidates[0];
        return candidates.FirstOrDefault(name => Text(input, name) is not null);
    }

    /// <summary>Names under which SQL tools take their statement.</summary>
    public static readonly string[] SqlProperties = ["sql", "query", "statement", "sql_query", "queries", "statements"];

    /// <summary>The canonical input with the reviewer's text in place of the proposed one. Null when this input cannot carry an edit.</summary>
    public static string? WithEdit(string tool, string canonicalInput, FileChange? change, string editedText)
    {
        var input = JsonNode.Parse(canonicalInput) as JsonObject;
        if (input is null) return null;
        using var document = JsonDocument.Parse(canonicalInput);
        switch (tool)
        {
            case "Edit" when change is { Complete: true, Before.Length: > 0 }:
                // The whole file is the old text: it is unique by definition, whatever the reviewer changed elsewhere.
                input["old_string"] = change.Before;
                input["new_string"] = editedText;
                input.Remove("replace_all");
                break;
            case "MultiEdit" when change is { Complete: true, Before.Length: > 0 }:
                input["edits"] = new JsonArray(new JsonObject { ["old_string"] = change.Before, ["new_string"] = editedText });
                break;
            case "Edit" or "MultiEdit":
                return null;
            default:
                if (EditableProperty(tool, document.RootElement) is not { } property) return null;
                input[property] = editedText;
                break;
        }

        return CanonicalJson.TryCanonicalize(input.ToJsonString(), out var edited, out _) ? edited : null;
    }

    public static string? Text(JsonElement input, string property) =>
        input.ValueKind == JsonValueKind.Object && input.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;

    private static bool Flag(JsonElement input, string property) =>
        input.TryGetProperty(property, out var value) && value.ValueKind == JsonValueKind.True;

    private static FileChange Edited(string path, string? before, (string Old, string New, bool All)[] edits)
    {
        var text = before;
        foreach (var (old, replacement, all) in edits)
        {
            // An empty old text makes the file; the client refuses it for a file that has text.
            if (old.Length == 0 && string.IsNullOrEmpty(text))
            {
                text = replacement;
                continue;
            }

            var at = text is null || old.Length == 0 ? -1 : text.IndexOf(old, StringComparison.Ordinal);
            if (at < 0) return new FileChange(path, before, string.Join("\n", edits.Select(e => e.New)), Complete: false);
            text = all ? text!.Replace(old, replacement, StringComparison.Ordinal) : string.Concat(text.AsSpan(0, at), replacement, text.AsSpan(at + old.Length));
        }

        return new FileChange(path, before, text ?? "", Complete: true);
    }
}
