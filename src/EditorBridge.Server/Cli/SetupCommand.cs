using System.CommandLine;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Setup;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge setup claude</c>: installs, checks or removes our part of Claude Code's settings.</summary>
internal static class SetupCommand
{
    public static Command Build()
    {
        var setup = new Command("setup", "Install EditorBridge into other programs, check what is installed, or remove it.");
        setup.Add(Claude());
        setup.Add(SetupVsCodeCommand.Build());
        setup.Add(SetupMcpCommand.Build());
        setup.Add(RoleCommand.Build());
        return setup;
    }

    private static Command Claude()
    {
        var state = StateOption.Build();
        var managed = new Option<bool>("--managed") { Description = "The administrator's settings, which no project or person can override (needs the rights to write them)." };
        var actions = new SetupActions("Only print what would be written (with --managed: to hand to an administrator).");
        var (check, remove, print) = (actions.Check, actions.Remove, actions.Print);
        var port = new Option<int?>("--port") { Description = $"Port of the host (default: the running host's, else {ServeOptions.DefaultPort})." };
        var command = new Command("claude", "Send Claude Code through EditorBridge whenever it is started, with its tools held by the hook.") { managed, check, remove, print, port, state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            var isManaged = parsed.GetValue(managed);
            var folder = StateFolder.Open(parsed.GetValue(state));
            var baseUrl = parsed.GetValue(port) is { } given ? $"http://127.0.0.1:{given}" : (await HostFinder.FindAsync(folder, cancellationToken))?.Url ?? $"http://127.0.0.1:{ServeOptions.DefaultPort}";
            var ours = isManaged ? ClaudeSetup.Managed(baseUrl, OwnProgram.Current) : ClaudeSetup.User(baseUrl, ClientTokens.Of(folder, Client.Claude), ClientTokens.Of(folder, Client.Hook), ClientTokens.Of(folder, Client.Mcp));
            var path = isManaged ? ProgramPlaces.Current.ClaudeManaged : ProgramPlaces.Current.ClaudeSettings;
            if (parsed.GetValue(print) && !isManaged) throw new SetupException("The user's settings hold tokens and are not printed. Use --print with --managed.");
            var code = parsed.GetValue(print) ? Print(ours)
                : parsed.GetValue(check) ? Check(path, ours)
                : parsed.GetValue(remove) ? Remove(path, ours, isManaged)
                : Install(path, ours, isManaged);
            return code;
        }));
        return command;
    }

    private static int Print(JsonObject ours)
    {
        Console.WriteLine(ours.ToJsonString(new() { WriteIndented = true }));
        return 0;
    }

    private static int Check(string path, JsonObject ours)
    {
        var drift = ClaudeSettingsFile.Read(path).Drift(ours).ToArray();
        if (!File.Exists(path))
        {
            Console.WriteLine($"Nothing of EditorBridge is installed: there is no {path}. Install it with the same command without --check.");
            return 1;
        }

        Console.WriteLine(drift.Length == 0 ? $"{path} is as it should be." : $"{path} differs:");
        foreach (var difference in drift) Console.WriteLine("  " + difference);
        if (drift.Length > 0) Console.WriteLine("Install again to mend it.");
        return drift.Length == 0 ? 0 : 1;
    }

    private static int Install(string path, JsonObject ours, bool isManaged)
    {
        var file = ClaudeSettingsFile.Read(path);
        if (!file.Drift(ours).Any())
        {
            Console.WriteLine($"{path} is already as it should be.");
            return 0;
        }

        file.Apply(ours);
        Write(path, file.Text, isManaged);
        Console.WriteLine($"Installed into {path}. Start a new Claude Code session for it to hold. Check it any time with --check, take it out with --remove.");
        if (!isManaged) Console.WriteLine("A project's own .claude/settings.json can still override these settings; --managed is what holds against that.");
        return 0;
    }

    private static int Remove(string path, JsonObject ours, bool isManaged)
    {
        var file = ClaudeSettingsFile.Read(path);
        file.Remove(ours);
        if (file.IsEmpty && File.Exists(path)) File.Delete(path);
        else if (!file.IsEmpty) Write(path, file.Text, isManaged);
        Console.WriteLine($"EditorBridge is out of {path}.");
        return 0;
    }

    private static void Write(string path, string text, bool isManaged)
    {
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (!isManaged)
            {
                // The person's file holds tokens now: nobody else may read it.
                StateFolder.WritePrivate(path, text);
                return;
            }

            var draft = path + ".editorbridge.tmp";
            File.WriteAllText(draft, text);
            File.Move(draft, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new SetupException($"{path} cannot be written: {e.Message} Nothing was changed.{(isManaged ? " An administrator can install it: editorbridge setup claude --managed --print shows the file." : "")}");
        }
    }
}
