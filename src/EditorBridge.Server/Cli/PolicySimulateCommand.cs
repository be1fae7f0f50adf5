using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policies;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge policy simulate</c>: what a changed policy would have decided differently on what is recorded.</summary>
internal static class PolicySimulateCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var from = new Option<DateTimeOffset?>("--from") { Description = "Only actions from this time on." };
        var to = new Option<DateTimeOffset?>("--to") { Description = "Only actions before this time." };
        var limit = new Option<int>("--limit") { Description = "At most this many actions, the newest first.", DefaultValueFactory = _ => 5_000 };
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var options = new PolicyOptions();
        var command = new Command("simulate", "Replay recorded actions against the policy as it is now, or as --managed and --user say, and list what would have been decided differently.") { state, from, to, limit, json };
        options.AddTo(command);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(async () =>
        {
            if (options.LoadOrTell(parsed) is not { } policy) return 1;
            var folder = StateFolder.Open(parsed.GetValue(state));
            using var ledger = LedgerReader.Open(folder.LedgerFolder);
            try
            {
                var result = await new PolicySimulation(ledger, policy, folder).RunAsync(parsed.GetValue(from), parsed.GetValue(to), parsed.GetValue(limit), cancellationToken);
                Console.WriteLine(parsed.GetValue(json) ? JsonSerializer.Serialize(new { policyVersion = policy.Version, result.Replayed, result.NotReplayed, result.Changes }, GateEntries.Wire) : Describe(result));
                return 0;
            }
            catch (LedgerUnreadableException e)
            {
                await Console.Error.WriteLineAsync($"The ledger cannot be read: {e.Message}");
                return 1;
            }
        }));
        return command;
    }

    private static string Describe(SimulationResult result)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        foreach (var change in result.Changes)
        {
            text.WriteLine($"{change.At.ToLocalTime():yyyy-MM-dd HH:mm}  #{change.Sequence,-6} {PolicyWords.Of(change.Was),6} → {PolicyWords.Of(change.WouldBe),-6}  {TerminalText.Line(change.Subject ?? change.Tool ?? "")}{(change.Result is null ? "" : $" (then: {change.Result})")}");
            text.WriteLine($"                          {TerminalText.Line(change.Summary)}");
        }
        foreach (var group in result.Changes.GroupBy(change => (change.Was, change.WouldBe)).OrderBy(group => group.Key))
            text.WriteLine($"{group.Count(),6}  {PolicyWords.Of(group.Key.Was),6} → {PolicyWords.Of(group.Key.WouldBe)}");
        text.Write(result.Replayed == 0 ? "No recorded action could be replayed." : $"{result.Changes.Length} of {result.Replayed} recorded actions would be decided differently.");
        if (result.NotReplayed > 0) text.Write($" {result.NotReplayed} could not be replayed: their input was not kept, or they never reached policy.");
        return text.ToString();
    }
}
