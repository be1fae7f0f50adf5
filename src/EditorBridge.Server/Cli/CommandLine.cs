using System.CommandLine;

namespace EditorBridge.Cli;

/// <summary>The commands of <c>editorbridge</c>. Each command is built in its own file and listed here, nowhere else.</summary>
internal static class CommandLine
{
    public static Task<int> RunAsync(string[] args)
    {
        var root = new RootCommand("EditorBridge keeps AI agents inside the building: inference in your own Snowflake account, every tool call through one gate, every verdict in a ledger.");
        return root.Parse(args).InvokeAsync();
    }
}
