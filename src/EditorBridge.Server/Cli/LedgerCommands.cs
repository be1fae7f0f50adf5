using System.CommandLine;
using EditorBridge.Hosting;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge ledger …</c>: what can be done with a ledger from a terminal. Each has its own file.</summary>
internal static class LedgerCommands
{
    /// <summary>The ledger is sound, or the work is done.</summary>
    public const int Sound = 0;
    /// <summary>The ledger is damaged.</summary>
    public const int Damaged = 1;
    /// <summary>The question could not be answered: wrong use, no ledger, no right to read it.</summary>
    public const int NoAnswer = 2;

    public static Command Build()
    {
        var command = new Command("ledger", "Verify, copy, export and keep the ledger.")
        {
            LedgerVerifyCommand.Build(),
            LedgerStatusCommand.Build(),
            LedgerSeedCommand.Build(),
        };
        foreach (Command more in LedgerExportCommands.Build().Concat(LedgerKeepingCommands.Build())) command.Add(more);
        return command;
    }

    public static Option<string?> FolderOption() =>
        new("--ledger") { Description = "Ledger folder, for a copy that lies elsewhere (default: the state folder's ledger)." };

    public static string Folder(ParseResult parsed, Option<string?> ledger, Option<string?> state) =>
        parsed.GetValue(ledger) is { } folder ? Path.GetFullPath(folder) : StateFolder.Open(parsed.GetValue(state)).LedgerFolder;

    /// <summary>As <see cref="CommandLine.GuardedAsync"/>, with the exit codes of ledger commands: a failure to answer is never the code of a damaged ledger.</summary>
    public static async Task<int> GuardedAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception e) when (e is StateFolderException or HostNotStartedException or LedgerUnavailableException or LedgerUnreadableException or LedgerQueryTimeoutException
            or IOException or UnauthorizedAccessException)
        {
            await Console.Error.WriteLineAsync("editorbridge: " + e.Message);
            return NoAnswer;
        }
        catch (OperationCanceledException)
        {
            await Console.Error.WriteLineAsync("editorbridge: stopped before it was done.");
            return NoAnswer;
        }
    }
}
