using System.CommandLine;
using EditorBridge.Gate;
using EditorBridge.Mcp.Stdio;
using Microsoft.Extensions.Logging.Console;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge mcp</c>: without a command below it, an MCP server on stdin and stdout (stdout carries MCP and nothing else); below it, the servers behind the gateway.</summary>
internal static class McpCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var command = new Command("mcp", "Serve the MCP gateway over stdin and stdout, for a client that starts its servers itself. The folder it is started in is the workspace. The commands below it look after the servers behind the gateway.")
        {
            state, McpListCommand.Build(), McpAddCommand.Build(), McpRemoveCommand.Build(), McpTestCommand.Build(), McpSignInCommands.Login(), McpSignInCommands.Logout(),
        };
        foreach (var pins in McpPinCommands.Build()) command.Add(pins);
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(() => RelayAsync(parsed.GetValue(state), cancellationToken)));
        return command;
    }

    /// <summary>Whether this is a person's terminal, as far as that can be known; otherwise says what was not done. A server is a program on this machine, or a way out of it: agents do not choose them.</summary>
    public static bool IsAgents(string notDone)
    {
        if (AgentAncestry.Find(Environment.ProcessId) is not { } agent) return false;
        Console.Error.WriteLine($"editorbridge: MCP servers are for people to choose, and this command runs below {agent}. {notDone} Use a terminal of your own.");
        return true;
    }

    private static async Task<int> RelayAsync(string? stateFolder, CancellationToken cancellationToken)
    {
        // First the raw streams, then stdout is taken away from everybody else: no logger and no stray line can come between messages.
        await using var fromClient = Console.OpenStandardInput();
        await using var toClient = Console.OpenStandardOutput();
        Console.SetOut(Console.Error);
        using var logging = LoggerFactory.Create(builder => builder
            .AddSimpleConsole(console => console.SingleLine = true)
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        using var relay = new StdioRelay(StateFolder.Open(stateFolder), Directory.GetCurrentDirectory(), TimeProvider.System, logging.CreateLogger("mcp"));
        try
        {
            await relay.RunAsync(fromClient, toClient, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // Ctrl+C and SIGTERM end it as cleanly as a closed stdin.
        }

        return 0;
    }
}
