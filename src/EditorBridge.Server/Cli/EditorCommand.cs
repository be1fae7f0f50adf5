using System.CommandLine;
using EditorBridge.Editor;
using Microsoft.Extensions.Logging.Console;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge editor</c>: the relay an editor extension starts, one per window. stdout carries JSON-RPC and nothing else.</summary>
internal static class EditorCommand
{
    public static Command Build()
    {
        var host = new HostSettings();
        var state = StateOption.Build();
        var command = new Command("editor", "Serve one editor window over stdin and stdout (JSON-RPC). Started by the VS Code extension. The options are for the host it starts when none runs.") { state };
        foreach (var option in host.All) command.Add(option);
        command.SetAction((parsed, _) => CommandLine.GuardedAsync(() => RunAsync(parsed.GetValue(state), host.Arguments(parsed))));
        return command;
    }

    private static async Task<int> RunAsync(string? stateFolder, IReadOnlyList<string> serveArguments)
    {
        // First the raw streams, then stdout is taken away from everybody else: no logger and no stray line can break the frames.
        await using var fromWindow = Console.OpenStandardInput();
        await using var toWindow = Console.OpenStandardOutput();
        Console.SetOut(Console.Error);
        using var logging = LoggerFactory.Create(builder => builder
            .AddSimpleConsole(console => console.SingleLine = true)
            .Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace));
        using var relay = new EditorRelay(StateFolder.Open(stateFolder), serveArguments, TimeProvider.System, logging.CreateLogger("editor"));
        await relay.RunAsync(fromWindow, toWindow);
        return 0;
    }
}
