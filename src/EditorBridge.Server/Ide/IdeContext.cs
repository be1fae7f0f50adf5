using System.Text.Json.Nodes;
using EditorBridge.Editor;
using EditorBridge.Gate;
using StreamJsonRpc;

namespace EditorBridge.Ide;

/// <summary>
/// What of an editor window an agent gets to see: bounded, and of no file that policy would not let it read unasked. The window itself gives
/// nothing when the person has switched that off.
/// </summary>
internal sealed class IdeContext(EditorWindow window, ActionGate gate)
{
    private const int LongestText = 8_000;
    private const int MostEditors = 100;
    private const int MostDiagnostics = 200;
    private const int LongestMessage = 500;

    private volatile SelectionParams? _selection;

    /// <summary>What is selected now, ready to be told; null when it is of a file the agent may not read.</summary>
    public async Task<JsonObject?> SelectAsync(SelectionParams selection)
    {
        _selection = selection;
        return await MayShowAsync(selection.Path) ? Selected(selection) : null;
    }

    public void Deselect() => _selection = null;

    public async Task<JsonObject> SelectionAsync()
    {
        if (_selection is not { } selection || !await MayShowAsync(selection.Path))
            return new() { ["success"] = false, ["message"] = "Nothing of the editor is selected, or it is not shown to agents." };
        var answer = Selected(selection);
        answer["success"] = true;
        return answer;
    }

    public JsonObject Folders() => new()
    {
        ["success"] = true,
        ["folders"] = new JsonArray([.. window.Folders.Select(folder => (JsonNode?)new JsonObject { ["name"] = Path.GetFileName(folder), ["uri"] = Uri(folder), ["path"] = folder })]),
        ["rootPath"] = window.Folders.FirstOrDefault(),
    };

    public async Task<JsonObject> OpenEditorsAsync(CancellationToken cancellationToken)
    {
        var open = await window.AskAsync<OpenEditorsResult>(EditorMethods.OpenEditors, new { }, cancellationToken);
        var tabs = new JsonArray();
        foreach (var editor in open.Editors.Take(MostEditors))
        {
            if (!await MayShowAsync(editor.Path)) continue;
            tabs.Add(new JsonObject
            {
                ["uri"] = Uri(editor.Path), ["label"] = Path.GetFileName(editor.Path), ["languageId"] = editor.LanguageId, ["isActive"] = editor.Active, ["isDirty"] = editor.Dirty,
            });
        }

        return new() { ["tabs"] = tabs };
    }

    /// <summary>Problems by file, in the form the client reads.</summary>
    /// <param name="uri">A <c>file:</c> address; null for all files.</param>
    public async Task<JsonArray> DiagnosticsAsync(string? uri, CancellationToken cancellationToken)
    {
        if (PathOf(uri) is var path && uri is not null && path is null) return [];
        var found = await window.AskAsync<DiagnosticsResult>(EditorMethods.Diagnostics, new DiagnosticsParams(path), cancellationToken);
        var files = new JsonArray();
        foreach (var file in found.Diagnostics.Take(MostDiagnostics).GroupBy(d => d.Path))
        {
            if (!await MayShowAsync(file.Key)) continue;
            files.Add(new JsonObject
            {
                ["uri"] = Uri(file.Key),
                ["diagnostics"] = new JsonArray([.. file.Select(d => (JsonNode?)new JsonObject
                {
                    ["message"] = Cut(d.Message, LongestMessage), ["severity"] = d.Severity, ["range"] = Range(d.StartLine, d.StartCharacter, d.EndLine, d.EndCharacter), ["source"] = d.Source, ["code"] = d.Code,
                })]),
            });
        }

        return files;
    }

    public async Task<JsonObject> DocumentAsync(string path, bool save, CancellationToken cancellationToken)
    {
        var state = await window.AskAsync<DocumentStateResult>(save ? EditorMethods.SaveDocument : EditorMethods.DocumentState, new DocumentParams(path), cancellationToken);
        if (!state.Open) return new() { ["success"] = false, ["message"] = $"Document not open: {path}" };
        var answer = new JsonObject { ["success"] = true, ["filePath"] = path, [save ? "saved" : "isDirty"] = save ? state.Saved : state.Dirty };
        if (!save) answer["isUntitled"] = false;
        return answer;
    }

    /// <summary>Opens a file; an error for people when the editor could not.</summary>
    public async Task<string?> OpenFileAsync(OpenFileParams file, CancellationToken cancellationToken)
    {
        try
        {
            await window.AskAsync<System.Text.Json.JsonElement>(EditorMethods.OpenFile, file, cancellationToken);
            return null;
        }
        catch (RemoteInvocationException e)
        {
            return e.Message;
        }
    }

    public static string Uri(string path) => new UriBuilder { Scheme = System.Uri.UriSchemeFile, Host = "", Path = path }.Uri.AbsoluteUri;

    private static string? PathOf(string? uri) => System.Uri.TryCreate(uri, UriKind.Absolute, out var address) && address.IsFile ? address.LocalPath : null;

    private Task<bool> MayShowAsync(string path) => gate.MayReadAsync(path, window.Folders.FirstOrDefault(folder => ReviewRouting.IsWithin(path, folder)) ?? window.Folders.FirstOrDefault());

    private static JsonObject Selected(SelectionParams selection)
    {
        var range = Range(selection.StartLine, selection.StartCharacter, selection.EndLine, selection.EndCharacter);
        range["isEmpty"] = selection.Text.Length == 0;
        return new() { ["text"] = Cut(selection.Text, LongestText), ["filePath"] = selection.Path, ["fileUrl"] = Uri(selection.Path), ["selection"] = range };
    }

    private static JsonObject Range(int startLine, int startCharacter, int endLine, int endCharacter) => new()
    {
        ["start"] = new JsonObject { ["line"] = startLine, ["character"] = startCharacter },
        ["end"] = new JsonObject { ["line"] = endLine, ["character"] = endCharacter },
    };

    private static string Cut(string text, int longest) => text.Length <= longest ? text : text[..(char.IsHighSurrogate(text[longest - 1]) ? longest - 1 : longest)] + " … (cut by EditorBridge)";
}
