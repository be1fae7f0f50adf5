namespace EditorBridge.Setup;

/// <summary>An editor that takes VS Code's extensions.</summary>
/// <param name="Name">For people, and for <c>--editor</c>.</param>
/// <param name="Command">The name of its command line.</param>
/// <param name="DataFolder">Where it keeps its settings; there once it was started.</param>
/// <param name="UserFolder">Where a person's settings are.</param>
/// <param name="MachineFolder">Where settings of scope <c>machine</c> are read from: for an editor in a browser another place than the person's.</param>
/// <param name="ExtensionsFolder">Where its extensions are installed.</param>
/// <param name="Bundled">Where its command line is when it is not on the PATH.</param>
internal sealed record VsCodeVariant(
    string Name, string Command, string DataFolder, string UserFolder, string MachineFolder, string ExtensionsFolder, IReadOnlyList<string> Bundled)
{
    /// <summary>Our extension, as an editor names it.</summary>
    public const string ExtensionId = "editorbridge.editorbridge-vscode";

    public static IReadOnlyList<VsCodeVariant> All(ProgramPlaces places) =>
    [
        Desktop(places, "VS Code", "code", "Code", ".vscode", "Visual Studio Code", "Microsoft VS Code"),
        Desktop(places, "VS Code Insiders", "code-insiders", "Code - Insiders", ".vscode-insiders", "Visual Studio Code - Insiders", "Microsoft VS Code Insiders"),
        Desktop(places, "VSCodium", "codium", "VSCodium", ".vscode-oss", "VSCodium", "VSCodium"),
        Desktop(places, "Cursor", "cursor", "Cursor", ".cursor", "Cursor", "cursor"),
        Desktop(places, "Windsurf", "windsurf", "Windsurf", ".windsurf", "Windsurf", "Windsurf"),
        InBrowser(places),
    ];

    /// <summary>Whether our extension is installed, by its folder: asking the editor takes a second.</summary>
    public bool HasExtension(Func<string, bool> isPresent) =>
        isPresent(ExtensionsFolder) && Directory.EnumerateDirectories(ExtensionsFolder, ExtensionId + "-*").Any();

    private static VsCodeVariant Desktop(ProgramPlaces places, string name, string command, string data, string home, string application, string programFolder)
    {
        var folder = places.In(places.Applications, data);
        string[] bundled = places.Platform switch
        {
            Platform.MacOS => [$"/Applications/{application}.app/Contents/Resources/app/bin/{command}"],
            Platform.Windows => [places.In(places.Set("LOCALAPPDATA") ?? places.In(places.Home, "AppData", "Local"), "Programs", programFolder, "bin", command + ".cmd")],
            _ => [],
        };
        return new(name, command, folder, places.In(folder, "User"), places.In(folder, "User"), places.In(places.Home, home, "extensions"), bundled);
    }

    private static VsCodeVariant InBrowser(ProgramPlaces places)
    {
        var folder = places.In(places.Set("XDG_DATA_HOME") ?? places.In(places.Home, ".local", "share"), "code-server");
        return new("code-server", "code-server", folder, places.In(folder, "User"), places.In(folder, "Machine"), places.In(folder, "extensions"), []);
    }
}
