using System.ComponentModel;
using System.Diagnostics;
using System.Text.Json.Nodes;
using EditorBridge.Hosting;

namespace EditorBridge.Setup;

/// <summary>Our extension in one editor: the package, installed by the editor's own command line, and the settings it needs.</summary>
/// <param name="commandLine">The editor's command line.</param>
internal sealed class VsCodeSetup(VsCodeVariant editor, string commandLine)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    public string Name => editor.Name;

    /// <summary>The editors of this machine, by their command lines.</summary>
    public static IEnumerable<VsCodeSetup> Found(ProgramPlaces places) =>
        from variant in VsCodeVariant.All(places)
        let commandLine = OnPath(variant.Command, places) ?? variant.Bundled.FirstOrDefault(File.Exists)
        where commandLine is not null
        select new VsCodeSetup(variant, commandLine);

    /// <summary>The settings we write: where the program is when the package does not carry it, and that terminals are governed.</summary>
    /// <param name="needsProgram">False for a package with the program inside.</param>
    public IEnumerable<ForeignMember> Settings(ProgramPlaces places, OwnProgram program, bool needsProgram)
    {
        var file = places.In(editor.MachineFolder, "settings.json");
        if (needsProgram) yield return new(Name, file, [ServerPath], JsonValue.Create(program.Named));
        yield return new(Name, file, [TerminalEnvironment], JsonValue.Create(true));
    }

    public const string ServerPath = "editorbridge.server.path";
    public const string TerminalEnvironment = "editorbridge.terminal.environment";

    /// <summary>The installed version; null when the extension is not there.</summary>
    /// <exception cref="SetupException">The editor could not be asked.</exception>
    public async Task<string?> VersionAsync(CancellationToken cancellationToken)
    {
        var listed = await RunAsync(["--list-extensions", "--show-versions"], cancellationToken);
        return listed.Split('\n').Select(line => line.Trim().Split('@'))
            .FirstOrDefault(parts => parts is [var id, _] && id.Equals(VsCodeVariant.ExtensionId, StringComparison.OrdinalIgnoreCase))?[1];
    }

    /// <exception cref="SetupException">The editor refused it; the message holds what it said.</exception>
    public Task InstallAsync(VsixFile package, CancellationToken cancellationToken) => RunAsync(["--install-extension", package.Path, "--force"], cancellationToken);

    /// <exception cref="SetupException">The editor refused it; the message holds what it said.</exception>
    public Task RemoveAsync(CancellationToken cancellationToken) => RunAsync(["--uninstall-extension", VsCodeVariant.ExtensionId], cancellationToken);

    /// <summary>For people: what an installation would run.</summary>
    public string CommandTo(string package) => $"{commandLine} --install-extension {package} --force";

    private async Task<string> RunAsync(string[] arguments, CancellationToken cancellationToken)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            var info = new ProcessStartInfo(commandLine, arguments) { RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, UseShellExecute = false };
            using var process = Process.Start(info) ?? throw new SetupException($"{commandLine} could not be started.");
            process.StandardInput.Close();
            var (said, complained) = (process.StandardOutput.ReadToEndAsync(patience.Token), process.StandardError.ReadToEndAsync(patience.Token));
            await process.WaitForExitAsync(patience.Token);
            return process.ExitCode == 0 ? await said : throw new SetupException($"{Name}: {commandLine} {string.Join(' ', arguments)} ended with {process.ExitCode}: {(await said + await complained).Trim()}");
        }
        catch (Win32Exception e)
        {
            throw new SetupException($"{Name}: {commandLine} could not be started: {e.Message}");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new SetupException($"{Name}: {commandLine} did not end within {Patience.TotalMinutes:0} minutes.");
        }
    }

    private static string? OnPath(string command, ProgramPlaces places)
    {
        string[] names = places.Platform == Platform.Windows ? [command + ".cmd", command + ".exe"] : [command];
        return (places.Set("PATH") ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries)
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }
}
