using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>
/// The rules that ship. They let daily work run, ask a person where data, rights or the guard itself are at stake, and refuse what an agent never needs.
/// docs/policy.md lists them; a test holds the two together.
/// </summary>
internal static class DefaultPolicy
{
    private static readonly string[] ReadingTools =
    [
        "Read", "Glob", "Grep", "LS", "NotebookRead", "LSP", "TodoRead", "TodoWrite", "ToolSearch", "Agent", "Task", "TaskCreate", "TaskUpdate", "TaskGet", "TaskList", "TaskOutput", "TaskStop",
        "ListAgents", "ReportFindings", "ScheduleWakeup", "Skill", "SlashCommand", "BashOutput", "KillShell", "KillBash", "AskUserQuestion", "EnterPlanMode", "ExitPlanMode", "exit_plan_mode",
        "ListMcpResourcesTool", "ReadMcpResourceTool", "StructuredOutput", "Workflow", "DeferredToolPlaceholder",
    ];

    private static readonly string[] FileTools = ["Write", "Edit", "MultiEdit", "NotebookEdit"];

    /// <summary>Tools that take SQL: the gateway's, and those of a server that is called as the account is. Their SQL is judged whoever runs it.</summary>
    private static readonly string[] SnowflakeTools = ["mcp__editorbridge__*", "mcp__snowflake__*"];

    /// <summary>Tools of the MCP servers behind the gateway. No name of the gateway's own tools holds two underscores.</summary>
    private static readonly string[] UpstreamTools = ["mcp__editorbridge__*__*"];

    /// <summary>Only the gateway's: another server may give these names to anything. Stopping is here because a session can stop its own statements only.</summary>
    private static readonly string[] SnowflakeReadingTools = [.. new[] { "list_*", "describe_*", "show_*", "search_*", "get_*", "explain_*", "preview_*", "profile_*", "cancel_statement" }.Select(name => "mcp__editorbridge__" + name)];

    // After the lists above: static members are set in the order in which they stand.
    public static ImmutableArray<PolicyRule> Rules { get; } = [.. Tools(), .. Sql(), .. Shell(), .. Paths()];

    private static PolicyRule[] Tools() =>
    [
        Rule("tools.reading", Effect.Allow, "Tools that read, search or plan run without a question.", new() { Tools = [.. ReadingTools] }),
        Rule("tools.files", Effect.Allow, "Files may be written; SQL in them and protected places are judged by their own rules.", new() { Tools = [.. FileTools] }),
        Rule("tools.shell", Effect.Allow, "The shell may be used; each program in the command is judged by its own rule.", new() { Tools = ["Bash"] }),
        Rule("tools.snowflake-sql", Effect.Allow, "The gateway's SQL tools may be used; each statement is judged by its own rule.", new() { Tools = [.. SnowflakeTools], SqlInAction = true },
            new() { Tools = [.. UpstreamTools] }),
        Rule("tools.snowflake-reading", Effect.Allow, "The gateway's tools that only look things up, or stop what the session itself started, run without a question.", new() { Tools = [.. SnowflakeReadingTools] },
            new() { Tools = [.. UpstreamTools] }),
        Rule("tools.upstream-reading", Effect.Allow, "Tools of connected MCP servers of which a person has said that they only read run without a question.", new() { Tools = [.. UpstreamTools], KnownReadOnly = true }),
        Rule("tools.upstream", Effect.Review, "A tool of a connected MCP server that is not known to only read: a person decides.", new() { Tools = [.. UpstreamTools], KnownReadOnly = false }),
        Rule("tools.web", Effect.Review, "What is asked of the web leaves the building.", new() { Tools = ["WebFetch", "WebSearch"] }),
        Rule("tools.unknown", Effect.Review, "This tool is not known to EditorBridge, so a person decides.", new() { Tools = ["*"] },
            new() { Tools = [.. ReadingTools, .. FileTools, "Bash", "WebFetch", "WebSearch", .. SnowflakeTools] }),
        Rule("tools.snowflake-other", Effect.Review, "This tool of the gateway shows no SQL that could be judged.", new() { Tools = [.. SnowflakeTools], SqlInAction = false },
            new() { Tools = [.. SnowflakeReadingTools, .. UpstreamTools] }),
    ];

    private static PolicyRule[] Sql() =>
    [
        AsAnalysed(StatementClass.Read, Effect.Allow, "Queries run; those with side effects are judged by what they do."),
        AsAnalysed(StatementClass.Session, Effect.Allow, "Session settings follow the rule table: context and harmless parameters run, others are reviewed."),
        AsAnalysed(StatementClass.Dml, Effect.Allow, "Changes of data follow the rule table: a person looks at them."),
        AsAnalysed(StatementClass.Ddl, Effect.Allow, "New and changed objects follow the rule table."),
        AsAnalysed(StatementClass.Exec, Effect.Review, "Code that runs now or later is reviewed."),
        AsAnalysed(StatementClass.Destructive, Effect.Review, "What destroys data or objects is reviewed, and refused where it takes whole containers."),
        AsAnalysed(StatementClass.Privilege, Effect.Review, "Changes of rights, users and protections are reviewed, and refused where they widen broadly."),
        AsAnalysed(StatementClass.Exfil, Effect.Review, "What takes data out of the account is refused or reviewed."),
        AsAnalysed(StatementClass.Unknown, Effect.Review, "SQL that was not understood is reviewed."),
        Rule("sql.chain", Effect.Review, "These statements do together what none of them does alone.", new() { Chain = true }) with { AsAnalysed = true },
    ];

    private static PolicyRule[] Shell() =>
    [
        Finding(ShellIds.Self, Effect.Deny, "An agent may not use EditorBridge's commands and ports: it could answer for the person.", locked: true),
        Finding(ShellIds.SelfRead, Effect.Review, "EditorBridge's own commands are never run for an agent without a person."),
        Finding(ShellIds.DeleteAll, Effect.Deny, "Deletes everything."),
        Finding(ShellIds.Unreadable, Effect.Review, "The command cannot be read in full."),
        Finding(ShellIds.DynamicProgram, Effect.Review, "Which program runs is known only when it runs."),
        Finding(ShellIds.UnknownProgram, Effect.Review, "A program EditorBridge does not know."),
        Finding(ShellIds.DynamicTarget, Effect.Review, "Which file is written is known only when the command runs."),
        Finding(ShellIds.Privilege, Effect.Review, "Runs with the rights of another user."),
        Finding(ShellIds.PipeToInterpreter, Effect.Review, "Runs text that comes from another program."),
        Finding(ShellIds.InlineCode, Effect.Review, "Code in the command does more than compute."),
        Finding(ShellIds.Delete, Effect.Review, "Deletes files that are not build output."),
        Finding(ShellIds.History, Effect.Review, "Throws away work that is not saved elsewhere."),
        Finding(ShellIds.Publish, Effect.Review, "Publishes work out of the machine."),
        Finding(ShellIds.Upload, Effect.Review, "Sends data to another machine."),
        Finding(ShellIds.Remote, Effect.Review, "Works on other machines or services."),
        Finding(ShellIds.Secrets, Effect.Review, "Shows or uses credentials."),
        Finding(ShellIds.Agent, Effect.Review, "Starts another agent."),
        Finding(ShellIds.Persist, Effect.Review, "Makes something run later."),
        Finding(ShellIds.System, Effect.Review, "Changes the machine itself."),
        Finding(ShellIds.Environment, Effect.Review, "Changes where programs connect to or what they load."),
        Finding(ShellIds.GitConfig, Effect.Review, "Changes what git starts or where it connects to."),
        Finding(ShellIds.Snowflake, Effect.Review, "Changes something in the Snowflake account."),
        Finding(ShellIds.SqlRun, Effect.Review, "Runs SQL of the project in the account."),
        Finding(ShellIds.SqlNotSeen, Effect.Review, "Runs SQL that cannot be seen here."),
    ];

    private static PolicyRule[] Paths() =>
    [
        Path("own-state", null, Effect.Deny, Severity.Critical, "EditorBridge's own state and keys are not for agents.",
            ["{state}/**", "~/.local/state/editorbridge/**", "~/.local/share/editorbridge/**", "~/Library/Application Support/EditorBridge/**", "**/AppData/Local/EditorBridge/**", "**/editorbridge/clients/**", "**/editorbridge/*.token"]) with { Locked = true },
        Path("own-policy", PathAccess.Write, Effect.Deny, Severity.Critical, "An agent may not change the policy of the person or the company.",
            ["/etc/editorbridge/**", "~/.config/editorbridge/**", "/Library/Application Support/EditorBridge/**", "**/ProgramData/EditorBridge/**", "**/AppData/Roaming/EditorBridge/**"]) with { Locked = true },
        Path("workspace-policy", PathAccess.Write, Effect.Review, Severity.High, "Changes the policy of this workspace.", ["**/.editorbridge/**"]),
        Path("agent-settings", PathAccess.Write, Effect.Review, Severity.High, "Agent settings can switch this gate off or point the agent elsewhere.",
            ["**/.claude/**", "**/.claude.json", "**/.mcp.json", "**/mcp.json", "/etc/claude-code/**", "**/ClaudeCode/**", "**/managed-settings.json", "**/managed-mcp.json", "**/managed-settings.d/**", "~/.codex/**", "~/.gemini/**", "**/.cursor/**"]),
        Path("credentials", null, Effect.Review, Severity.High, "Holds credentials.",
            [
                "**/connections.toml", "**/.snowflake/**", "**/.snowsql/**", "**/*.p8", "**/rsa_key*", "**/*private_key*", "**/*.pem", "**/*.pfx", "**/.ssh/**", "**/.aws/**", "**/.azure/**",
                "~/.config/gcloud/**", "~/.config/gh/**", "**/.kube/config", "**/.docker/config.json", "**/.netrc", "**/.pgpass", "**/.git-credentials", "**/.npmrc", "**/.pypirc", "**/.dbt/profiles.yml", "**/.gnupg/**",
                "**/.claude/.credentials.json", "**/.claude/ide/**", "**/.env", "**/.env.local", "**/.env.production", "/proc/*/environ", "**/Keychains/**",
            ]),
        Path("shell-profiles", PathAccess.Write, Effect.Review, Severity.High, "Runs whenever a shell starts.",
            [
                "**/.bashrc", "**/.bash_profile", "**/.bash_login", "**/.bash_logout", "**/.bash_aliases", "**/.profile", "**/.zshrc", "**/.zshenv", "**/.zprofile", "**/.zlogin", "~/.config/fish/**", "**/*profile.ps1", "**/.envrc",
                "~/.gitconfig", "~/.config/git/**", "~/.config/autostart/**", "~/.config/systemd/**", "~/Library/LaunchAgents/**", "~/.local/bin/**", "~/bin/**", "**/AppData/Roaming/Microsoft/Windows/Start Menu/**",
            ]),
        Path("editor-settings", PathAccess.Write, Effect.Review, Severity.High, "Editor settings can start programs and turn extensions off.",
            ["**/.vscode/settings.json", "**/.vscode/tasks.json", "**/.vscode/launch.json", "**/.vscode/mcp.json", "**/.vscode/extensions/**", "**/*.code-workspace", "**/.devcontainer/**", "**/Code/User/**", "**/.vscode-server/**", "**/.idea/**"]),
        Path("git-internals", PathAccess.Write, Effect.Review, Severity.High, "Git runs what stands here.", ["**/.git/**", "**/.githooks/**", "**/.husky/**", "**/.gitmodules", "**/.pre-commit-config.yaml", "**/lefthook.yml"]),
        Path("system-folders", PathAccess.Write, Effect.Review, Severity.High, "Belongs to the system.",
            ["/etc/**", "/usr/**", "/bin/**", "/sbin/**", "/lib/**", "/boot/**", "/opt/**", "/var/spool/**", "/var/lib/**", "/dev/sd*", "/dev/nvme*", "/proc/**", "/sys/**", "/Library/**", "/System/**", "c:/Windows/**", "c:/Program Files/**", "c:/Program Files (x86)/**"]),
    ];

    private static PolicyRule AsAnalysed(StatementClass statementClass, Effect least, string description) =>
        Rule("sql." + statementClass.ToString().ToLowerInvariant(), least, description, new() { Classes = [statementClass] }) with { AsAnalysed = true };

    private static PolicyRule Finding(string id, Effect effect, string description, bool locked = false) =>
        Rule("shell." + id["sh.".Length..], effect, description, new() { Reasons = [id] }) with { Locked = locked, Severity = ShellIds.SeverityOf(id) };

    private static PolicyRule Path(string name, PathAccess? access, Effect effect, Severity severity, string description, ImmutableArray<string> patterns) =>
        Rule("paths." + name, effect, description, new() { Paths = patterns, Access = access }) with { Severity = severity };

    private static PolicyRule Rule(string id, Effect effect, string description, RuleMatch match, RuleMatch? except = null) => new()
    {
        Id = "default." + id,
        Description = description,
        Layer = PolicyLayer.Default,
        Match = match,
        Except = except,
        Effect = effect,
    };
}
