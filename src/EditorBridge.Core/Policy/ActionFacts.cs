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

/// <summary>A value in the input of an MCP tool's call.</summary>
/// <param name="Name">The members that lead to it, with dots: <c>options.path</c>; the items of a list are called like the list.</param>
/// <param name="Value">A text as it is; a number, true or false as JSON spells it.</param>
public readonly record struct ToolArgument(string Name, string Value);

/// <summary>All that policy may look at. Values only: reading files and clocks is the gate's work.</summary>
public sealed record ActionFacts
{
    public required Door Door { get; init; }
    /// <summary>The tool's name as the agent calls it: <c>Write</c>, <c>Bash</c>, <c>mcp__snowflake__execute_sql</c>.</summary>
    public required string Tool { get; init; }
    /// <summary>Files the action would write, absolute, with the separators of the platform.</summary>
    public ImmutableArray<string> Paths { get; init; } = [];
    /// <summary>Files and folders the action would read, absolute.</summary>
    public ImmutableArray<string> ReadPaths { get; init; } = [];
    /// <summary>Files and folders that a tool of an MCP server is given and that it may read or write; absolute, or as written where the folder they start from is not known.</summary>
    public ImmutableArray<string> UsedPaths { get; init; } = [];
    /// <summary>The values in the input of an MCP tool's call.</summary>
    public ImmutableArray<ToolArgument> Arguments { get; init; } = [];
    /// <summary>The shell command, when the tool runs one.</summary>
    public string? Command { get; init; }
    /// <summary>A person has said of this tool of an MCP server that it only reads. What the server says of itself does not count.</summary>
    public bool KnownReadOnly { get; init; }
    /// <summary>Every piece of SQL found in the action.</summary>
    public ImmutableArray<SqlPiece> Sql { get; init; } = [];
    public string? Workspace { get; init; }
    public string? Account { get; init; }
    public string? Role { get; init; }
    public string? Warehouse { get; init; }
    /// <summary>The database and schema that unqualified names are looked up in; null when not known, and then an unqualified name may be any object.</summary>
    public string? Database { get; init; }
    public string? Schema { get; init; }
    /// <summary>Governance tags by object (<c>DB.SCHEMA.TABLE</c>) or column (<c>DB.SCHEMA.TABLE.COLUMN</c>), names as in <see cref="SqlObject.Name"/>. Null when the account was not asked.</summary>
    public ImmutableDictionary<string, ImmutableArray<string>>? Tags { get; init; }
    /// <summary>The home folder of the person the agent runs as; null when not known.</summary>
    public string? Home { get; init; }
    /// <summary>EditorBridge's own state folder, when it is not in its usual place.</summary>
    public string? StateFolder { get; init; }
    /// <summary>The loopback ports EditorBridge listens on.</summary>
    public ImmutableArray<int> OwnPorts { get; init; } = [4000, 4080];
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
    /// <summary>"Allow the same again for this session" is not offered.</summary>
    public bool NoSessionGrant { get; init; }

    /// <summary>Both together: each obligation in its stricter form.</summary>
    public Obligations With(Obligations other) => new()
    {
        ReasonRequired = ReasonRequired || other.ReasonRequired,
        TwoPeople = TwoPeople || other.TwoPeople,
        ExplainFirst = ExplainFirst || other.ExplainFirst,
        NoSessionGrant = NoSessionGrant || other.NoSessionGrant,
        RowLimit = RowLimit is { } mine && other.RowLimit is { } theirs ? Math.Min(mine, theirs) : RowLimit ?? other.RowLimit,
        GrantLifetime = GrantLifetime is { } own && other.GrantLifetime is { } given ? (own < given ? own : given) : GrantLifetime ?? other.GrantLifetime,
    };
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
    /// <summary>The highest severity found in the action: of its SQL and of its shell command.</summary>
    public Severity Severity { get; init; }
    /// <summary>Digest of the policy that decided (lower-case hex SHA-256 of its canonical form).</summary>
    public required string PolicyVersion { get; init; }
}
