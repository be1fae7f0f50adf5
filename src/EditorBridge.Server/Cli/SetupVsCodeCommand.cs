using System.CommandLine;
using EditorBridge.Hosting;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge setup vscode</c>: installs the extension into the editors of this machine.</summary>
internal static class SetupVsCodeCommand
{
    public static Command Build()
    {
        var editor = new Option<string[]>("--editor") { Description = "Only this editor: \"VS Code\", VSCodium, Cursor, Windsurf, code-server, … May be given several times.", AllowMultipleArgumentsPerToken = true };
        var package = new Option<FileInfo?>("--vsix") { Description = "The package to install; without it the one beside this program or in extension/dist." };
        var actions = new SetupActions("Only print the commands and settings.");
        var command = new Command("vscode", "Install the VS Code extension into the editors found here, with the settings it needs.") { editor, package };
        actions.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(() => RunAsync(parsed, actions, parsed.GetValue(editor) ?? [], parsed.GetValue(package), cancellationToken)));
        return command;
    }

    private static async Task<int> RunAsync(ParseResult parsed, SetupActions actions, string[] wanted, FileInfo? given, CancellationToken cancellationToken)
    {
        var (places, program) = (ProgramPlaces.Current, OwnProgram.Current ?? throw new SetupException("The path of this program is not known, so no editor can be told of it. Nothing was changed."));
        var package = given is not null ? VsixFile.Open(given.FullName) : VsixFile.Near(Beside());
        var code = 0;
        foreach (var editor in Editors(places, wanted))
        {
            if (parsed.GetValue(actions.Print)) Console.WriteLine(editor.CommandTo(package?.Path ?? "editorbridge-VERSION.vsix"));
            else if (parsed.GetValue(actions.Check)) code |= Installed(editor, await editor.VersionAsync(cancellationToken), package?.Version ?? HostApplication.Version);
            else if (parsed.GetValue(actions.Remove)) await RemoveAsync(editor, cancellationToken);
            else await InstallAsync(editor, package, cancellationToken);

            // Taking out leaves nothing of ours behind; a check without a package asks for the program only where it is named.
            var settings = editor.Settings(places, program, needsProgram: parsed.GetValue(actions.Remove) || package is { HasBackend: false });
            code |= actions.Act(parsed, settings);
        }

        return code;
    }

    private static IEnumerable<VsCodeSetup> Editors(ProgramPlaces places, string[] wanted)
    {
        var found = VsCodeSetup.Found(places).ToArray();
        var unknown = wanted.Where(name => !found.Any(editor => editor.Name.Equals(name, StringComparison.OrdinalIgnoreCase))).ToArray();
        var names = found.Length == 0 ? "none" : string.Join(", ", found.Select(editor => editor.Name));
        if (unknown.Length > 0) throw new SetupException($"{string.Join(", ", unknown)} was not found here. Found: {names}. Nothing was changed.");
        if (found.Length == 0) throw new SetupException("No editor that is known was found on the PATH (code, code-insiders, codium, cursor, windsurf, code-server). Nothing was changed; an editor installs the package by itself too: Extensions, \"Install from VSIX\".");
        return found.Where(editor => wanted.Length == 0 || wanted.Contains(editor.Name, StringComparer.OrdinalIgnoreCase));
    }

    private static async Task InstallAsync(VsCodeSetup editor, VsixFile? package, CancellationToken cancellationToken)
    {
        if (package is null) throw new SetupException("No package of the extension was found beside this program or in extension/dist. Nothing was installed. Name one with --vsix; npm run package makes one.");
        await editor.InstallAsync(package, cancellationToken);
        Console.WriteLine($"{editor.Name}: the extension {package.Version} is installed. Windows that are open take it after \"Developer: Reload Window\".");
    }

    private static async Task RemoveAsync(VsCodeSetup editor, CancellationToken cancellationToken)
    {
        if (await editor.VersionAsync(cancellationToken) is null)
        {
            Console.WriteLine($"{editor.Name}: the extension was not there.");
            return;
        }

        await editor.RemoveAsync(cancellationToken);
        Console.WriteLine($"{editor.Name}: the extension is taken out.");
    }

    private static int Installed(VsCodeSetup editor, string? version, string wanted) => SetupActions.Checked(
        version is null ? MemberState.Missing : version == wanted ? MemberState.Ours : MemberState.Different, $"{editor.Name}: the extension {version ?? wanted}");

    // Beside the program as it is installed, and in a checkout it runs from.
    private static IEnumerable<string> Beside()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            yield return folder.FullName;
            yield return Path.Combine(folder.FullName, "extension", "dist");
        }
    }
}
