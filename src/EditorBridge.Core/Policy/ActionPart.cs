using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>What one part of an action is.</summary>
public enum PartKind
{
    /// <summary>The call of the tool itself.</summary>
    Tool,
    Path,
    /// <summary>One program that a shell command starts, or the command as a whole.</summary>
    Command,
    /// <summary>One SQL statement.</summary>
    Sql,
    /// <summary>What several SQL statements do together.</summary>
    Chain,
}

/// <summary>Something in a shell command that policy should know.</summary>
/// <param name="Id">Stable id of the list in docs/policy.md, such as <c>sh.delete</c>.</param>
public sealed record ShellFinding(string Id, string Message);

/// <summary>One thing in an action that rules look at. Every part is judged alone, and the strictest answer is the action's.</summary>
public sealed record ActionPart
{
    public required PartKind Kind { get; init; }
    /// <summary>For people: <c>Write</c>, <c>writes ~/.bashrc</c>, <c>npm test</c>, <c>DROP TABLE T</c>.</summary>
    public required string Label { get; init; }
    public ShellInvocation? Program { get; init; }
    public ImmutableArray<ShellFinding> Findings { get; init; } = [];
    public SqlPiece? Piece { get; init; }
    public StatementAnalysis? Statement { get; init; }

    internal PathText? Path { get; init; }
    /// <summary>Null when what happens with the path is not known.</summary>
    internal PathAccess? Access { get; init; }

    /// <summary>The analyser's answer for SQL, otherwise <see cref="Effect.Allow"/>.</summary>
    internal Effect Analysed { get; init; }
    internal Severity Severity { get; init; }
    internal ImmutableArray<Reason> Reasons { get; init; } = [];

    /// <summary>Takes an action apart.</summary>
    public static ImmutableArray<ActionPart> Of(ActionFacts facts)
    {
        var parts = ImmutableArray.CreateBuilder<ActionPart>();
        parts.Add(new ActionPart { Kind = PartKind.Tool, Label = facts.Tool });
        foreach (var path in facts.Paths) parts.Add(OfPath(PathText.Of(path, facts.Workspace, facts.Home), PathAccess.Write));
        foreach (var path in facts.ReadPaths) parts.Add(OfPath(PathText.Of(path, facts.Workspace, facts.Home), PathAccess.Read));
        foreach (var path in facts.UsedPaths) parts.Add(OfPath(PathText.Of(path, facts.Workspace, facts.Home), facts.KnownReadOnly ? PathAccess.Read : null));
        if (facts.Command is not null) parts.AddRange(new ShellReading(facts).Parts());
        foreach (var piece in facts.Sql) AddSql(parts, piece);
        return parts.ToImmutable();
    }

    internal static ActionPart OfPath(PathText path, PathAccess? access) => new()
    {
        Kind = PartKind.Path,
        Label = (access switch { PathAccess.Read => "reads ", PathAccess.Write => "writes ", _ => "uses " }) + path,
        Path = path,
        Access = access,
    };

    private static void AddSql(ImmutableArray<ActionPart>.Builder parts, SqlPiece piece)
    {
        foreach (var statement in piece.Analysis.Statements) AddStatement(parts, piece, statement);
        if (piece.Analysis.ChainReasons.IsEmpty) return;
        var single = piece.Analysis.Statements.IsEmpty ? Effect.Allow : piece.Analysis.Statements.Max(statement => statement.Effect);
        parts.Add(new ActionPart
        {
            Kind = PartKind.Chain,
            Label = "the statements together",
            Piece = piece,
            // A chain is there because it is worse than its statements: it never counts less than a review.
            Analysed = piece.Analysis.Effect > single ? piece.Analysis.Effect : Effect.Review,
            Severity = piece.Analysis.ChainReasons.Max(reason => reason.Severity),
            Reasons = piece.Analysis.ChainReasons,
        });
    }

    private static void AddStatement(ImmutableArray<ActionPart>.Builder parts, SqlPiece piece, StatementAnalysis statement)
    {
        parts.Add(new ActionPart
        {
            Kind = PartKind.Sql,
            Label = statement.Title,
            Piece = piece,
            Statement = statement,
            Analysed = statement.Effect,
            Severity = statement.Severity,
            Reasons = statement.Reasons,
        });
        foreach (var embedded in statement.Embedded) AddStatement(parts, piece, embedded);
    }
}
