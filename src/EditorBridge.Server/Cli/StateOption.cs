using System.CommandLine;

namespace EditorBridge.Cli;

/// <summary>The option every command that touches state shares.</summary>
internal static class StateOption
{
    public static Option<string?> Build() => new("--state") { Description = "State folder (default: EDITORBRIDGE_HOME, else the platform's place for state)." };
}
