using System.Globalization;
using System.Text;

namespace EditorBridge.Gate;

/// <summary>
/// Finds an AI agent among a process and its ancestors. An agent runs as the same person on the same machine, so a verdict given from below one is refused.
/// This is a fence, not a wall: a process that leaves its family and clears its environment is not found (docs/security.md says what managed settings and a separate user add).
/// </summary>
internal static class AgentAncestry
{
    private const int DeepestFamily = 64;

    // Program names of agents, and variables agents set for everything they start (Claude Code: CLAUDECODE=1, measured on 2.x).
    private static readonly string[] Programs = ["claude", "claude.exe", "codex", "cursor-agent", "gemini", "aider", "opencode", "goose", "copilot", "cortex", "cline", "amp"];
    // What runs an agent that is a script: its name then stands behind the interpreter's.
    private static readonly string[] Interpreters = ["node", "nodejs", "bun", "deno", "python", "python3", "sh", "bash", "dash", "zsh"];
    private static readonly string[] Scripts = ["@anthropic-ai/claude-code", "claude-code/cli.js", "claude-agent-sdk", "@openai/codex", "@google/gemini-cli", "opencode-ai"];
    private static readonly string[] Variables = ["CLAUDECODE=1", "CLAUDE_CODE_ENTRYPOINT=", "CODEX_SANDBOX=", "GEMINI_CLI=1", "CURSOR_AGENT=1"];

    /// <summary>What in the family of <paramref name="pid"/> is an agent, for people; null when nothing is. Looks on Linux only: elsewhere the answer is null.</summary>
    public static string? Find(int pid)
    {
        if (!OperatingSystem.IsLinux()) return null;
        for (var depth = 0; pid > 1 && depth < DeepestFamily; depth++)
        {
            if (Describe(pid) is { } agent) return agent;
            pid = ParentOf(pid);
        }

        return null;
    }

    private static string? Describe(int pid)
    {
        var arguments = ReadProc(pid, "cmdline").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        var program = arguments.Length > 0 ? Path.GetFileName(arguments[0]) : "";
        if (Programs.Contains(program, StringComparer.OrdinalIgnoreCase)) return $"{program} (process {pid})";
        if (Interpreters.Contains(program) && arguments.Skip(1).Take(1).Select(Path.GetFileName).FirstOrDefault(name => Programs.Contains(name, StringComparer.OrdinalIgnoreCase)) is { } named)
            return $"{named} (process {pid})";
        if (arguments.Take(3).FirstOrDefault(a => Scripts.Any(s => a.Contains(s, StringComparison.OrdinalIgnoreCase))) is { } script) return $"{script} (process {pid})";
        var variables = ReadProc(pid, "environ").Split('\0', StringSplitOptions.RemoveEmptyEntries);
        return variables.FirstOrDefault(v => Variables.Any(known => v.StartsWith(known, StringComparison.Ordinal))) is { } variable
            ? $"{variable.Split('=')[0]} in the environment of process {pid}"
            : null;
    }

    private static int ParentOf(int pid)
    {
        // "pid (name) state ppid …"; the name may hold spaces and parentheses, so count from its last one.
        var stat = ReadProc(pid, "stat");
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return fields.Length > 1 && int.TryParse(fields[1], CultureInfo.InvariantCulture, out var parent) ? parent : 0;
    }

    private static string ReadProc(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/{file}", Encoding.UTF8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }
}
