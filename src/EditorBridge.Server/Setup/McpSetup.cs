using System.Text.Json.Nodes;
using EditorBridge.Hosting;

namespace EditorBridge.Setup;

/// <summary>
/// Our gateway in the files of MCP clients. A client starts <c>editorbridge mcp</c>, which finds the token itself: nothing in these files is a secret.
/// </summary>
internal static class McpSetup
{
    private const string Server = "editorbridge";

    /// <summary>The clients of one person, those that are here or all that are known.</summary>
    /// <param name="state">A state folder other than the usual one; null for that.</param>
    /// <param name="isPresent">Whether a file or folder is there.</param>
    public static IEnumerable<ForeignMember> Clients(ProgramPlaces places, OwnProgram program, string? state, Func<string, bool> isPresent)
    {
        JsonObject Started() => Entry(program.File, [.. program.Arguments, "mcp", .. state is null ? (string[])[] : ["--state", state]]);

        if (isPresent(places.ClaudeCode) || isPresent(places.In(places.Home, ".claude")))
            yield return new("Claude Code", places.ClaudeCode, ["mcpServers", Server], Typed(Started()));
        if (isPresent(places.In(places.Applications, "Claude")))
            yield return new("Claude Desktop", places.ClaudeDesktop, ["mcpServers", Server], Started());
        if (isPresent(places.In(places.Home, ".cursor")))
            yield return new("Cursor", places.Cursor, ["mcpServers", Server], Started());
        foreach (var editor in VsCodeVariant.All(places))
        {
            // Cursor has a file of its own, and where our extension is installed it offers the gateway itself.
            if (editor.Name == "Cursor" || !isPresent(editor.DataFolder) || editor.HasExtension(isPresent)) continue;
            yield return new(editor.Name, places.In(editor.UserFolder, "mcp.json"), ["servers", Server], Typed(Started()));
        }
    }

    /// <summary>A project's file, which others use too: the program is looked for on their PATH.</summary>
    public static ForeignMember Project(string folder) => new("Project", Path.Combine(folder, ".mcp.json"), ["mcpServers", Server], Typed(Entry("editorbridge", ["mcp"])));

    private static JsonObject Entry(string command, IReadOnlyList<string> arguments) => new()
    {
        ["command"] = command,
        ["args"] = new JsonArray([.. arguments.Select(argument => (JsonNode?)argument)]),
    };

    private static JsonObject Typed(JsonObject entry)
    {
        entry.Insert(0, "type", "stdio");
        return entry;
    }
}
