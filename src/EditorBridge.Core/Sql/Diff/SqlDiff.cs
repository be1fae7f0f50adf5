using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>What became of a statement between two versions of a text.</summary>
public enum StatementChange
{
    /// <summary>The same tokens; comments, white space and the case of unquoted names do not count.</summary>
    Unchanged,
    Changed,
    Added,
    Removed,
    /// <summary>The same tokens at another place in the order.</summary>
    Moved,
}

/// <summary>What a fact is about, numbered as the list of facts a reviewer asks for.</summary>
public enum DiffFactKind
{
    /// <summary>Class, effect or severity changed, with the rule that changed it.</summary>
    Risk = 1,
    /// <summary>Columns, and the clauses of a query.</summary>
    Shape = 2,
    /// <summary>Privileges, policies and what they say.</summary>
    Rights = 3,
    /// <summary>Where data goes or comes from, and credentials.</summary>
    Destination = 4,
    /// <summary>The body of a procedure, function, task or block.</summary>
    Body = 5,
    /// <summary>Role, warehouse, schema, schedule and other properties under which something runs.</summary>
    Context = 6,
    /// <summary>A safeguard or a definition that is gone.</summary>
    Safeguard = 7,
    /// <summary>Pieces that are not known before the run.</summary>
    Uncertain = 8,
}

/// <summary>One thing that changed, in a sentence for a reviewer.</summary>
/// <param name="RuleId">The rule of the catalogue that came or went, for <see cref="DiffFactKind.Risk"/>.</param>
public sealed record DiffFact(DiffFactKind Kind, Severity Severity, string Message, string? RuleId = null);

/// <summary>One statement in two versions.</summary>
public sealed record StatementDiff
{
    public required StatementChange Change { get; init; }
    /// <summary>Null when added.</summary>
    public StatementAnalysis? Before { get; init; }
    /// <summary>Null when removed.</summary>
    public StatementAnalysis? After { get; init; }
    /// <summary>Position among the statements of the old text, from 0; -1 when added.</summary>
    public required int BeforeIndex { get; init; }
    public required int AfterIndex { get; init; }
    public ImmutableArray<DiffFact> Facts { get; init; } = [];
    /// <summary>The part of the old text, and of the new one, outside of which the two versions are equal.</summary>
    public TextSpan BeforeSpan { get; init; }
    public TextSpan AfterSpan { get; init; }
    /// <summary>The comparison of the bodies, when both are SQL.</summary>
    public SqlDiff? Body { get; init; }

    /// <summary>False only for a statement that is the same and runs in the same context with the same judgement.</summary>
    public bool NeedsLook => Change != StatementChange.Unchanged || !Facts.IsEmpty;

    public string Title => (After ?? Before)!.Title;
}

/// <summary>Two versions of a SQL text compared by what they do.</summary>
public sealed record SqlDiff
{
    /// <summary>In the order of the new text; a removed statement stands where it stood.</summary>
    public required ImmutableArray<StatementDiff> Statements { get; init; }
    public required SqlAnalysis Before { get; init; }
    public required SqlAnalysis After { get; init; }
    /// <summary>Objects only the new version touches.</summary>
    public required ImmutableArray<SqlObject> NewObjects { get; init; }
    /// <summary>Objects only the old version touched.</summary>
    public required ImmutableArray<SqlObject> GoneObjects { get; init; }
    /// <summary>Chains across statements that came or went.</summary>
    public required ImmutableArray<DiffFact> ChainFacts { get; init; }

    public int Added => Statements.Count(statement => statement.Change == StatementChange.Added);
    public int Removed => Statements.Count(statement => statement.Change == StatementChange.Removed);
    public int Changed => Statements.Count(statement => statement.Change == StatementChange.Changed);
    public int Moved => Statements.Count(statement => statement.Change == StatementChange.Moved);
    /// <summary>True when only comments, white space or the case of unquoted names changed, or nothing.</summary>
    public bool NoSemanticChange => Statements.All(statement => statement.Change == StatementChange.Unchanged);
}
