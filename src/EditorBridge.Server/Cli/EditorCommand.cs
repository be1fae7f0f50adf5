using System.CommandLine;
using EditorBridge.Editor;
using Microsoft.Extensions.Logging.Console;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge editor</c>: the relay an editor extension starts, one per window. stdout carries JSON-RPC and nothing else.</summary>
internal static class EditorCommand
{
    public static Command Build()
    {
        var state = StateOption.Build();
        var command = new Command("editor", "Serve one editor window over stdin and stdout (JSON-RPC). Started by the VS Code extension.") { state };
        command.SetAction((parsed, _) => CommandLine.GuardedAsync(() => RunAsync(parsed.GetValue(state))));
        return command;
    }

    private static async Task<int> RunAsync(string? stateFolder)
    {
        // First the raw streams, then stdout is taken away from everybody else: no logger and no stray line can break the frames.
        await using var fromWindow = Console.OpenStandardInput();
        await using var toWindow = Console.OpenStandardOutput();
        Console.SetOut(Console.Error);
        using var logging = LoggerFactory.Create(builder => builder
            .AddSimpleConsole(console => console.SingleLine = true)
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        using var relay = new EditorRelay(StateFolder.Open(stateFolder), TimeProvider.System, logging.CreateLogger("editor"));
        await relay.RunAsync(fromWindow, toWindow);
        return 0;
    }
}
