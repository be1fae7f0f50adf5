using System.Collections.Immutable;

namespace EditorBridge.Gate;

/// <summary>
/// Finds an AI agent among a process and its ancestors. An agent runs as the same person on the same machine, so a verdict given from below one is refused.
/// This is a fence, not a wall: a process that leaves its family and clears its environment is not found (docs/security.md says what managed settings and a separate user add).
/// </summary>
internal static class AgentAncestry
{
    private const int DeepestFamily = 64;

    // Program names of agents, and variables agents set for everything they start (Claude Code: CLAUDECODE=1, measured on 2.x).
    private static readonly string[] Programs = ["claude", "claude.exe", "codex", "codex.exe", "cursor-agent", "gemini", "aider", "opencode", "goose", "copilot", "cortex", "cline", "amp"];
    // What runs an agent that is a script: its name then stands behind the interpreter's.
    private static readonly string[] Interpreters = ["node", "nodejs", "bun", "deno", "python", "python3", "sh", "bash", "dash", "zsh"];
    private static readonly string[] Scripts = ["@anthropic-ai/claude-code", "claude-code/cli.js", "claude-agent-sdk", "@openai/codex", "@google/gemini-cli", "opencode-ai"];
    private static readonly string[] Variables = ["CLAUDECODE=1", "CLAUDE_CODE_ENTRYPOINT=", "CODEX_SANDBOX=", "GEMINI_CLI=1", "CURSOR_AGENT=1"];

    /// <summary>What in the family of <paramref name="pid"/> is an agent, for people; null when nothing is. A process the system does not describe may be anybody's, and counts as one.</summary>
    public static string? Find(int pid) => Find(pid, SystemProcesses.Now());

    internal static string? Find(int pid, Func<int, SystemProcess?> look)
    {
        if (look(pid) is not { } process) return $"process {pid}, which the system does not describe";
        for (var depth = 0; depth < DeepestFamily; depth++)
        {
            if (Describe(pid, process.Words, process.Variables) is { } agent) return agent;
            pid = process.Parent;
            if (pid <= 1 || look(pid) is not { } parent) return null;
            process = parent;
        }

        return null;
    }

    private static string? Describe(int pid, ImmutableArray<string> words, ImmutableArray<string> variables)
    {
        var names = words.IsEmpty ? [] : NamesOf(words[0]);
        if (names.FirstOrDefault(name => Programs.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } program) return $"{program} (process {pid})";
        if (names.Any(Interpreters.Contains) && words.Skip(1).Take(1).Select(Path.GetFileName).FirstOrDefault(name => Programs.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } named)
            return $"{named} (process {pid})";
        if (words.Take(3).FirstOrDefault(word => Scripts.Any(script => word.Contains(script, StringComparison.OrdinalIgnoreCase))) is { } found) return $"{found} (process {pid})";
        return variables.FirstOrDefault(variable => Variables.Any(known => variable.StartsWith(known, StringComparison.Ordinal))) is { } set
            ? $"{set.Split('=')[0]} in the environment of process {pid}"
            : null;
    }

    // Some programs write a title over their words (npm: "npm test --only e2e/claude"): then its first word names the program, and the end of an argument does not.
    private static IEnumerable<string> NamesOf(string first) => first.IndexOf(' ', StringComparison.Ordinal) is > 0 and var space
        ? Path.IsPathRooted(first) ? [Path.GetFileName(first), Path.GetFileName(first[..space])] : [Path.GetFileName(first[..space])]
        : [Path.GetFileName(first)];
}
