using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Ide;

/// <summary>
/// The twelve tools an editor offers Claude Code, by the names the client knows. It shows two of them to the model, <c>getDiagnostics</c> and
/// <c>executeCode</c>, and calls the others itself.
/// </summary>
internal static class IdeTools
{
    public const string OpenDiff = "openDiff";
    public const string OpenFile = "openFile";
    public const string GetDiagnostics = "getDiagnostics";
    public const string GetOpenEditors = "getOpenEditors";
    public const string GetWorkspaceFolders = "getWorkspaceFolders";
    public const string GetCurrentSelection = "getCurrentSelection";
    public const string GetLatestSelection = "getLatestSelection";
    public const string CheckDocumentDirty = "checkDocumentDirty";
    public const string SaveDocument = "saveDocument";
    public const string CloseTab = "close_tab";
    public const string CloseAllDiffTabs = "closeAllDiffTabs";
    public const string ExecuteCode = "executeCode";

    public static IReadOnlyList<Tool> All { get; } =
    [
        Tool(OpenDiff, "Shows the change of a file to a person and waits for the verdict.",
            ("old_file_path", "string", true), ("new_file_path", "string", true), ("new_file_contents", "string", true), ("tab_name", "string", true)),
        Tool(OpenFile, "Opens a file in the editor, and selects from one text to another.",
            ("filePath", "string", true), ("preview", "boolean", false), ("startText", "string", false), ("endText", "string", false), ("selectToEndOfLine", "boolean", false), ("makeFrontmost", "boolean", false)),
        Tool(GetDiagnostics, "The problems the editor knows of, for one file or for all.", ("uri", "string", false)),
        Tool(GetOpenEditors, "The files that are open in the editor."),
        Tool(GetWorkspaceFolders, "The folders of the editor's workspace."),
        Tool(GetCurrentSelection, "What is selected in the active editor."),
        Tool(GetLatestSelection, "What was selected last, even when the editor is not active any more."),
        Tool(CheckDocumentDirty, "Whether an open file has changes that are not saved.", ("filePath", "string", true)),
        Tool(SaveDocument, "Saves an open file that has changes.", ("filePath", "string", true)),
        Tool(CloseTab, "Closes the tab of a change.", ("tab_name", "string", true)),
        Tool(CloseAllDiffTabs, "Closes the tabs of all changes."),
        // Listed because clients expect it. What it says keeps a model from trying.
        Tool(ExecuteCode, "Not available here: EditorBridge runs no code in the editor. Every call is refused. Write a file or use a shell, which are reviewed.", ("code", "string", true)),
    ];

    private static Tool Tool(string name, string description, params (string Name, string Type, bool Required)[] parameters) => new()
    {
        Name = name,
        Description = description,
        InputSchema = JsonSerializer.SerializeToElement(new JsonObject
        {
            ["type"] = "object",
            ["properties"] = new JsonObject(parameters.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)new JsonObject { ["type"] = p.Type }))),
            ["required"] = new JsonArray([.. parameters.Where(p => p.Required).Select(p => (JsonNode?)p.Name)]),
        }),
    };
}
