using System.CommandLine;
using EditorBridge.Accounts;
using EditorBridge.Hosting;
using EditorBridge.Launching;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Policies;
using EditorBridge.Proxy;
using EditorBridge.Setup;
using EditorBridge.Snowflake;
using EditorBridge.Telemetry;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge doctor</c>: looks at the whole installation and proves the gate by attacking it.</summary>
internal static class DoctorCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var command = new Command("doctor", "Check the installation and prove the gate by attacking it. Looks at the account too, through the running host. Exit code 1 when something is broken.") { state };
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
            findings.AddRange(await AccountAsync(state, host, cancellationToken));
        }
        else
        {
            findings.Add(new(FindingLevel.Broken, "No host runs for this state folder; a hooked Claude Code runs no tool until one does", "editorbridge serve"));
        }

        findings.AddRange(Policies());
        if (await TelemetryAsync(state, cancellationToken) is { } telemetry) findings.Add(telemetry);
        findings.AddRange(await ClientProof.RunAsync(ClaudeProgram.Find(), ProgramPlaces.Current.ClaudeManaged, cancellationToken));
        findings.AddRange(ClaudeOverrides.Find(ClaudePlaces.Of(ProgramPlaces.Current, Environment.CurrentDirectory), address, OwnProgram.Current));
        if (OwnProgram.Current is { } program) findings.AddRange(SetupDrift.Find(ProgramPlaces.Current, program, state.IsUsual ? null : state.Path));
        findings.AddRange(await RemovalsAsync(state, cancellationToken));
        foreach (var finding in findings) FindingLines.Show(finding);
        var broken = findings.Count(f => f.Level == FindingLevel.Broken);
        Console.WriteLine(broken == 0 ? "\nNothing is broken." : $"\n{broken} broken.");
        return broken == 0 ? 0 : 1;
    }

    private static async Task<AccountFinding?> TelemetryAsync(StateFolder state, CancellationToken cancellationToken)
    {
        try
        {
            return TelemetrySettings.Read(state) is { } settings ? await TelemetryProbe.LookAsync(settings, cancellationToken) : null;
        }
        catch (Exception e) when (e is HostNotStartedException or StateFolderException)
        {
            return new(FindingLevel.Broken, $"The host does not start again as it is: {e.Message}");
        }
    }

    // A broken file stops every agent, which reads as a broken gate to whoever sits at one.
    private static IEnumerable<AccountFinding> Policies()
    {
        var loaded = PolicyLoader.Load(PolicyPlaces.For(Environment.CurrentDirectory));
        if (loaded.Policy is null) return [new(FindingLevel.Broken, TerminalText.Line($"The policy cannot be read, so nothing an agent asks for is released: {loaded.Errors.First()}"), "editorbridge policy check")];
        return loaded.Problems.Select(problem => new AccountFinding(FindingLevel.Warning, TerminalText.Line($"Policy: {problem}"), "editorbridge policy check"))
            .Prepend(new(FindingLevel.Good, loaded.Files.IsEmpty ? "Policy: the default rules, no files" : $"Policy: {string.Join(", ", loaded.Files)}, and the default rules"));
    }

    // What the account could not take is no fault, but whoever wonders why something has no effect looks here.
    private static async Task<IEnumerable<AccountFinding>> RemovalsAsync(StateFolder state, CancellationToken cancellationToken)
    {
        const int days = 7, shown = 10;
        try
        {
            using var reader = LedgerReader.Open(state.LedgerFolder);
            var report = await RemovalReport.ReadAsync(reader, DateTimeOffset.UtcNow.AddDays(-days), cancellationToken);
            if (report.Requests == 0) return [];
            if (report.Changed == 0) return [new(FindingLevel.Good, $"None of the last {report.Requests} requests had to be changed for the account")];
            var rest = report.Counts.Length - shown;
            return report.Counts.Take(shown)
                .Select(count => new AccountFinding(FindingLevel.Note, TerminalText.Line($"{count.Requests} of {report.Requests} requests lost or changed {count.What} ({count.Kind}): {Removals.Why(count.Kind)}")))
                .Append(new(FindingLevel.Note, $"{(rest > 0 ? $"{rest} more kinds of change; each" : "Each change")} stands in the request's entry and in its answer's header x-editorbridge-changed"));
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            return [new(FindingLevel.Warning, $"The ledger could not be read: {e.Message}", "editorbridge ledger status")];
        }
    }

    // The host is signed in already and looks with its own connection; without one, editorbridge status looks.
    private static async Task<IEnumerable<AccountFinding>> AccountAsync(StateFolder state, HostAddress host, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await HostQuestions.AskAsync<AccountReply>(state, host, HttpMethod.Post, "/bridge/account", cancellationToken);
            return reply.Findings.Select(finding => finding with { What = $"Account: {finding.What}" });
        }
        catch (SignInException e)
        {
            return [new(FindingLevel.Broken, $"The host could not look at the account: {e.Message}", "editorbridge status")];
        }
    }
}
