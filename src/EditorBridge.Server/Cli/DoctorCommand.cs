using System.CommandLine;
using EditorBridge.Hosting;
using EditorBridge.Launching;
using EditorBridge.Setup;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge doctor</c>: looks at the whole installation and proves the gate by attacking it.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var command = new Command("doctor", "Check the installation and prove the gate by attacking it. Exit code 1 when something is broken. The account itself: editorbridge status.") { state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(() => RunAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken)));
        return command;
    }

    private static async Task<int> RunAsync(StateFolder state, CancellationToken cancellationToken)
    {
        List<AccountFinding> findings = [new(FindingLevel.Good, $"The state folder {state.Path} is yours alone")];
        var address = $"http://127.0.0.1:{ServeOptions.DefaultPort}";
        if (await HostFinder.FindAsync(state, cancellationToken) is { } host)
        {
            address = host.Url;
            findings.Add(new(FindingLevel.Good, $"The host answers at {host.Url} (process {host.Pid}, version {host.Version}, account {host.Account}{(host.Sandbox ? ", SANDBOX" : "")})"));
            using var proof = new GateProof(state, host);
            findings.AddRange(await proof.RunAsync(cancellationToken));
        }
        else
        {
            findings.Add(new(FindingLevel.Broken, "No host runs for this state folder; a hooked Claude Code runs no tool until one does", "editorbridge serve"));
        }

        findings.AddRange(await ClientProof.RunAsync(ClaudeProgram.Find(), ProgramPlaces.Current.ClaudeManaged, cancellationToken));
        findings.AddRange(ClaudeOverrides.Find(ClaudePlaces.Of(ProgramPlaces.Current, Environment.CurrentDirectory), address, OwnProgram.Current));
        if (OwnProgram.Current is { } program) findings.AddRange(SetupDrift.Find(ProgramPlaces.Current, program, state.IsUsual ? null : state.Path));
        foreach (var finding in findings)
        {
            Console.WriteLine($"{Mark(finding.Level)} {finding.What}");
            if (finding.Fix is { } fix) Console.WriteLine($"       {fix}");
        }

        var broken = findings.Count(f => f.Level == FindingLevel.Broken);
        Console.WriteLine(broken == 0 ? "\nNothing is broken." : $"\n{broken} broken.");
        return broken == 0 ? 0 : 1;
    }

    private static string Mark(FindingLevel level) => level switch
    {
        FindingLevel.Good => "ok    ",
        FindingLevel.Note => "note  ",
        FindingLevel.Warning => "warn  ",
        FindingLevel.Broken => "BROKEN",
        _ => throw new ArgumentOutOfRangeException(nameof(level), level, "A level without a mark."),
    };
}
