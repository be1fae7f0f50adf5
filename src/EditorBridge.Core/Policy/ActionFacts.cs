using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>Where an action comes in. Every door ends in the same gate.</summary>
public enum Door
{
    /// <summary>Claude Code's PreToolUse hook over HTTP.</summary>
    Hook,
    /// <summary>A tool_use block in a Messages stream or answer.</summary>
    Stream,
    /// <summary>A tools/call at the MCP gateway.</summary>
    Mcp,
    /// <summary>Claude Code's IDE protocol.</summary>
    OpenDiff,
    /// <summary>A person asks from the editor.</summary>
    Editor,
}

/// <summary>All that policy may look at. Values only: reading files and clocks is the gate's work.</summary>
public sealed record ActionFacts
{
    public required Door Door { get; init; }
    /// <summary>The tool's name as the agent calls it: <c>Write</c>, <c>Bash</c>, <c>mcp__snowflake__execute_sql</c>.</summary>
    public required string Tool { get; init; }
    /// <summary>Files the action would write, absolute, with the separators of the platform.</summary>
    public ImmutableArray<string> Paths { get; init; } = [];
    /// <summary>The shell command, when the tool runs one.</summary>
    public string? Command { get; init; }
    /// <summary>Every piece of SQL found in the action.</summary>
    public ImmutableArray<SqlPiece> Sql { get; init; } = [];
    public string? Workspace { get; init; }
    public string? Account { get; init; }
    public string? Role { get; init; }
    public string? Warehouse { get; init; }
    /// <summary>The local time of the decision, for rules with hours.</summary>
    public required DateTimeOffset At { get; init; }
}

/// <summary>What a reviewer must do beyond saying yes.</summary>
public sealed record Obligations
{
    public static readonly Obligations None = new();

    public bool ReasonRequired { get; init; }
    public bool TwoPeople { get; init; }
    public bool ExplainFirst { get; init; }
    public int? RowLimit { get; init; }
    /// <summary>How long an approval may wait to be used.</summary>
    public TimeSpan? GrantLifetime { get; init; }
}

/// <summary>A rule that took part in a decision.</summary>
/// <param name="Layer">managed, user, workspace or default.</param>
public sealed record MatchedRule(string Id, string Layer, Effect Effect, string Description);

/// <summary>What policy says about one action.</summary>
public sealed record Decision
{
    public required Effect Effect { get; init; }
    public required ImmutableArray<MatchedRule> Rules { get; init; }
    public required Obligations Obligations { get; init; }
    /// <summary>One sentence for the model and for people: why this effect.</summary>
    public required string Summary { get; init; }
    /// <summary>Digest of the policy that decided (lower-case hex SHA-256 of its canonical form).</summary>
    public required string PolicyVersion { get; init; }
}
