using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>Where a rule comes from, from the weakest to the strongest.</summary>
public enum PolicyLayer
{
    /// <summary>Ships with EditorBridge; the only layer whose rules another layer may relax.</summary>
    Default,
    /// <summary>A project's <c>.editorbridge/policy.yaml</c>. An agent can write there, so it can only tighten.</summary>
    Workspace,
    User,
    /// <summary>Installed by an administrator.</summary>
    Managed,
}

/// <summary>What an action does with a path.</summary>
public enum PathAccess
{
    Read,
    Write,
}

/// <summary>Hours of the day, in the host's local time.</summary>
/// <param name="Days">Empty for every day.</param>
/// <param name="From">The first minute.</param>
/// <param name="To">The first minute that no longer counts. Earlier than <paramref name="From"/>: over midnight, and the days are those on which the span begins.</param>
/// <param name="Outside">True when the rule speaks of all other times.</param>
public sealed record TimeWindow(ImmutableArray<DayOfWeek> Days, TimeOnly From, TimeOnly To, bool Outside)
{
    internal bool Holds(DateTimeOffset at)
    {
        var time = TimeOnly.FromDateTime(at.DateTime);
        var overMidnight = To <= From;
        var inHours = overMidnight ? time >= From || time < To : time >= From && time < To;
        var day = overMidnight && time < To ? at.AddDays(-1).DayOfWeek : at.DayOfWeek;
        return (inHours && (Days.IsEmpty || Days.Contains(day))) != Outside;
    }
}

/// <summary>What a rule speaks of. Every condition that is given must hold; in a list one fitting entry is enough. An empty list is no condition.</summary>
public sealed record RuleMatch
{
    /// <summary>Tool names, <c>*</c> allowed: <c>Write</c>, <c>mcp__github__*</c>.</summary>
    public ImmutableArray<string> Tools { get; init; } = [];
    /// <summary>Tools of MCP servers, behind the gateway or beside it, as <c>server:tool</c>, <c>*</c> allowed in both.</summary>
    public ImmutableArray<string> McpTools { get; init; } = [];
    /// <summary>Values in the input of an MCP tool's call, as <c>name=value</c>, <c>*</c> allowed in both: <c>*=-*</c>.</summary>
    public ImmutableArray<string> Arguments { get; init; } = [];
    public ImmutableArray<Door> Doors { get; init; } = [];
    public ImmutableArray<string> Roles { get; init; } = [];
    public ImmutableArray<string> Warehouses { get; init; } = [];
    public ImmutableArray<string> Accounts { get; init; } = [];
    /// <summary>Path patterns of the folder the agent works in.</summary>
    public ImmutableArray<string> Workspaces { get; init; } = [];
    public TimeWindow? When { get; init; }

    /// <summary>Path patterns of files that are read or written (<see cref="PathPattern"/>).</summary>
    public ImmutableArray<string> Paths { get; init; } = [];
    /// <summary>With <see cref="Paths"/>: only this kind of access. A use that is not known counts as both.</summary>
    public PathAccess? Access { get; init; }

    /// <summary>Programs with arguments: <c>dbt run *</c>. Word by word, a last <c>*</c> stands for all further words.</summary>
    public ImmutableArray<string> Commands { get; init; } = [];

    public ImmutableArray<StatementClass> Classes { get; init; } = [];
    /// <summary>Ids of the SQL rules (<c>X4</c>) and of the shell rules (<c>sh.delete</c>), <c>*</c> allowed.</summary>
    public ImmutableArray<string> Reasons { get; init; } = [];
    public ImmutableArray<string> Objects { get; init; } = [];
    public ImmutableArray<string> ObjectKinds { get; init; } = [];
    public ImmutableArray<ObjectAccess> ObjectAccess { get; init; } = [];
    public ImmutableArray<string> Columns { get; init; } = [];
    public ImmutableArray<string> Tags { get; init; } = [];
    /// <summary>At least this severe.</summary>
    public Severity? Severity { get; init; }
    /// <summary>True: only SQL with parts put in at run time or with two readings.</summary>
    public bool? Uncertain { get; init; }
    /// <summary>True: only what several SQL statements do together.</summary>
    public bool Chain { get; init; }
    /// <summary>True: only when SQL was found in the action, which its own rules then judge.</summary>
    public bool? SqlInAction { get; init; }
    /// <summary>True: only tools of MCP servers of which a person has said that they only read. False: only others.</summary>
    public bool? KnownReadOnly { get; init; }

    /// <summary>True when the rule speaks of SQL statements.</summary>
    public bool IsAboutSql => !Classes.IsEmpty || !Objects.IsEmpty || !ObjectKinds.IsEmpty || !ObjectAccess.IsEmpty || !Columns.IsEmpty || !Tags.IsEmpty || Uncertain is not null;
    /// <summary>True when the rule speaks of what reaches the account: SQL, and programs that run it.</summary>
    public bool IsAboutAccount => !Roles.IsEmpty || !Warehouses.IsEmpty || !Accounts.IsEmpty;
    public bool IsAboutCommands => !Commands.IsEmpty;
    /// <summary>True when the rule speaks of the call of a tool by what it is given.</summary>
    public bool IsAboutArguments => !Arguments.IsEmpty;
    public bool IsAboutPaths => !Paths.IsEmpty || Access is not null;
}

/// <summary>One rule of policy.</summary>
public sealed record PolicyRule
{
    /// <summary>Unique in its layer. Those that ship start with <c>default.</c>.</summary>
    public required string Id { get; init; }
    public required string Description { get; init; }
    public required PolicyLayer Layer { get; init; }
    public required RuleMatch Match { get; init; }
    /// <summary>What the rule does not speak of though <see cref="Match"/> does.</summary>
    public RuleMatch? Except { get; init; }
    public required Effect Effect { get; init; }
    /// <summary>For the shipped rules on SQL: the effect is the analyser's own for the statement, when that is stricter than <see cref="Effect"/>.</summary>
    public bool AsAnalysed { get; init; }
    public Obligations Obligations { get; init; } = Obligations.None;
    /// <summary>Ids of default rules that do not count where this rule matches, <c>*</c> allowed.</summary>
    public ImmutableArray<string> Relaxes { get; init; } = [];
    /// <summary>A default rule that only an administrator's policy may relax.</summary>
    public bool Locked { get; init; }
    /// <summary>How severe it is when this rule speaks, for rules that are not about SQL.</summary>
    public Severity Severity { get; init; }
}
