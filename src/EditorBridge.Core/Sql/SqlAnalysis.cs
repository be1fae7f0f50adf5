using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>A range of characters (UTF-16 code units) in the text that was analysed.</summary>
public readonly record struct TextSpan(int Start, int Length)
{
    public int End => Start + Length;
}

/// <summary>What a statement does, ordered from harmless to unknown. The classes of facts/sql §3.2.</summary>
public enum StatementClass
{
    Read,
    Dml,
    Ddl,
    Destructive,
    Privilege,
    Exfil,
    Session,
    Exec,
    /// <summary>Not understood in full. Never released without a person.</summary>
    Unknown,
}

/// <summary>What happens with an action: the answer of a rule, and of a whole policy. Ordered: the larger is the stricter.</summary>
public enum Effect
{
    Allow,
    Review,
    Deny,
}

/// <summary>How bad it is when the statement runs and should not have.</summary>
public enum Severity
{
    None,
    Low,
    Medium,
    High,
    Critical,
}

public enum ObjectAccess
{
    Read,
    Write,
    Create,
    Drop,
    Grant,
    Export,
}

/// <summary>How sure the analyser is of its reading.</summary>
public enum Confidence
{
    /// <summary>Every token was understood by the rule that judged it.</summary>
    Exact,
    /// <summary>Two readings exist (facts/sql §0.4); the worse one is reported.</summary>
    Ambiguous,
    /// <summary>A part is only known at run time: a template, an unresolved variable, a dynamic string.</summary>
    Opaque,
}

/// <summary>An object a statement touches.</summary>
/// <param name="Name">As written, unquoted parts upper-cased, quoted parts with their quotes unless they are plain upper case; stages as <c>@DB.SCHEMA.STAGE</c> without the path.</param>
/// <param name="Kind">The noun: TABLE, VIEW, STAGE, ROLE, USER, WAREHOUSE, … in upper case.</param>
public sealed record SqlObject(string Name, string Kind, ObjectAccess Access, TextSpan Span);

/// <summary>Why a statement is judged as it is.</summary>
/// <param name="Id">Stable id of the threat catalogue (docs/sql-rules.md), such as <c>G8</c>.</param>
/// <param name="Message">One plain sentence for a person who does not know the catalogue.</param>
public sealed record Reason(string Id, string Message, TextSpan Span, Severity Severity);

/// <summary>What is known of one statement.</summary>
public sealed record StatementAnalysis
{
    public required TextSpan Span { get; init; }
    public required StatementClass Class { get; init; }
    /// <summary>What the shipped rule table proposes for this statement; policy has the last word and may be stricter or, where it says so, more lenient.</summary>
    public required Effect Effect { get; init; }
    public required Severity Severity { get; init; }
    public required Confidence Confidence { get; init; }
    /// <summary>A title for people: verb, noun and target, e.g. <c>DROP TABLE RAW.ORDERS</c>.</summary>
    public required string Title { get; init; }
    public ImmutableArray<Reason> Reasons { get; init; } = [];
    public ImmutableArray<SqlObject> Objects { get; init; } = [];
    public ImmutableArray<string> Columns { get; init; } = [];
    /// <summary>Statements inside this one: blocks, flow chains, EXECUTE IMMEDIATE literals, procedure and task bodies. Their spans point into the same text where it exists there verbatim.</summary>
    public ImmutableArray<StatementAnalysis> Embedded { get; init; } = [];
}

/// <summary>What is known of a text of SQL: its statements in order and what they do together.</summary>
public sealed record SqlAnalysis
{
    public static readonly SqlAnalysis Empty = new() { Statements = [], ChainReasons = [] };

    public required ImmutableArray<StatementAnalysis> Statements { get; init; }
    /// <summary>What several statements do together though none does alone (facts/sql §7).</summary>
    public required ImmutableArray<Reason> ChainReasons { get; init; }
    /// <summary>The strictest effect of all statements and chains. Nothing to run is <see cref="Effect.Allow"/>.</summary>
    public Effect Effect { get; init; }
    public Severity Severity { get; init; }
}
