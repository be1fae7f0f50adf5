using System.CommandLine;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Policies;
using EditorBridge.Setup;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary>The commands of <c>editorbridge</c>. Each command is built in its own file and listed here, nowhere else.</summary>
internal static class CommandLine
{
    public static async Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("EditorBridge keeps AI agents inside the building: inference in your own Snowflake account, every tool call through one gate, every verdict in a ledger.")
        {
            ServeCommand.Build(),
            ClaudeCommand.Build(),
            SqlCommands.Build(),
            EditorCommand.Build(),
            McpCommand.Build(),
            StopCommand.Build(),
            SetupCommand.Build(),
            DoctorCommand.Build(),
            PolicyCommand.Build(),
            LedgerCommands.Build(),
            BudgetCommand.Build(),
            ModelsCommand.Build(),
        };
        foreach (var command in ReviewCommands.Build().Concat(AccountCommands.Build())) root.Add(command);
        TerminalWriter.Install();
        var parsed = root.Parse(args);
        if (ArgumentErrors.Of(parsed) is not { Count: > 0 } wrong) return await parsed.InvokeAsync();
        foreach (var sentence in wrong) await Console.Error.WriteLineAsync("editorbridge: " + sentence);
        return 1;
    }

    /// <summary>Runs a command and turns the failures a person can act on into one line on stderr and exit code 1.</summary>
    public static async Task<int> GuardedAsync(Func<Task<int>> command)
    {
        try
        {
            return await command();
        }
        catch (Exception e) when (e is StateFolderException or LedgerUnavailableException or HostNotStartedException or SetupException or BrokenPolicyException or SignInException)
        {
            await Console.Error.WriteLineAsync("editorbridge: " + e.Message);
            return 1;
        }
    }
}
