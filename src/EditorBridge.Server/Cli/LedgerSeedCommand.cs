using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge ledger seed</c>: a made history for trying, measuring and pictures. Hidden: nobody needs it in use.</summary>
internal static class LedgerSeedCommand
{
    public static Command Build()
    {
        var ledger = LedgerCommands.FolderOption();
        var state = StateOption.Build();
        var calls = new Option<int>("--calls") { Description = "How many calls.", DefaultValueFactory = _ => 10_000 };
        var days = new Option<int>("--days") { Description = "Over how many days before now.", DefaultValueFactory = _ => 90 };
        var seed = new Option<int>("--seed") { Description = "The same seed gives the same history.", DefaultValueFactory = _ => 1 };
        var command = new Command("seed", "Fill an empty ledger with a made history, marked as such.") { ledger, state, calls, days, seed };
        command.Hidden = true;
        command.SetAction((parsed, cancellationToken) => LedgerCommands.GuardedAsync(() =>
        {
            var options = new SeedOptions
            {
                Folder = LedgerCommands.Folder(parsed, ledger, state),
                Calls = parsed.GetValue(calls),
                Days = parsed.GetValue(days),
                Seed = parsed.GetValue(seed),
            };
            long started = Stopwatch.GetTimestamp();
            HistorySeeder.Seed(options, TimeProvider.System, Console.IsErrorRedirected ? null : new Progress<int>(Show), cancellationToken);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{options.Calls:N0} made calls in {options.Folder}, in {Stopwatch.GetElapsedTime(started).TotalSeconds:0} s"));
            return Task.FromResult(LedgerCommands.Sound);
        }));
        return command;
    }

    private static void Show(int calls) => TerminalWriter.Progress(string.Create(CultureInfo.InvariantCulture, $"{calls:N0} calls"));
}
