using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>
/// Compares two versions of a SQL text by what they do. Statements are paired by their normalised tokens, then by verb, kind and name, then by likeness;
/// each pair is told as facts. Never throws. Linear in the length of the texts, but for the statements that have no partner, which are compared within a window.
/// </summary>
public static class SemanticDiff
{
    /// <summary>How many statements without a partner are looked at for each other: beyond it they count as removed and added.</summary>
    private const int Window = 24;

    /// <summary>Share of tokens that two statements without the same name must have in common to be versions of each other.</summary>
    private const double Alike = 0.6;

    private const int MaxBodies = 4;

    public static SqlDiff Compare(string before, string after) => Compare(before, after, depth: 0);

    internal static SqlDiff Compare(string before, string after, int depth)
    {
        var old = new TokenText(before);
        var current = new TokenText(after);
        var pairs = new Pairing(old.Statements, current.Statements);
        pairs.ByTokens();
        pairs.ByKey();
        pairs.ByLikeness(Window, Alike);
        var moved = pairs.OutOfOrder();
        var statements = ImmutableArray.CreateBuilder<StatementDiff>(current.Statements.Length);
        var nextRemoved = 0;
        for (var index = 0; index < current.Statements.Length; index++)
        {
            var partner = pairs.PartnerOf(index);
            if (partner >= 0 && !moved.Contains(index))
                for (; nextRemoved < partner; nextRemoved++) AddRemoved(nextRemoved);
            statements.Add(partner < 0 ? Added(current.Statements[index]) : Paired(old.Statements[partner], current.Statements[index], moved.Contains(index), depth));
        }
        for (; nextRemoved < old.Statements.Length; nextRemoved++) AddRemoved(nextRemoved);

        return new SqlDiff
        {
            Statements = statements.ToImmutable(),
            Before = old.Analysis,
            After = current.Analysis,
            NewObjects = Only(current.Analysis, old.Analysis),
            GoneObjects = Only(old.Analysis, current.Analysis),
            ChainFacts = ChainFacts(old.Analysis, current.Analysis),
        };

        void AddRemoved(int index)
        {
            if (!pairs.IsOldPaired(index)) statements.Add(Removed(old.Statements[index]));
        }
    }

    private static StatementDiff Paired(TokenStatement before, TokenStatement after, bool moved, int depth)
    {
        var same = before.Hash == after.Hash;
        var facts = ImmutableArray.CreateBuilder<DiffFact>();
        SqlDiff? body = null;
        var (beforeSpan, afterSpan) = same ? (default, default) : ChangedSpans(before, after);
        if (!same)
        {
            if (depth < MaxBodies) body = BodyFacts.Add(facts, before, after, depth);
            RiskFacts.Add(facts, before.Analysis, after.Analysis);
            QueryFacts.Add(facts, before, after);
            DefinitionFacts.Add(facts, before, after);
            SafeguardFacts.Add(facts, before, after);
        }
        else if (moved && (after.SetsContext || before.Context != after.Context))
        {
            facts.Add(new DiffFact(DiffFactKind.Context, Severity.Medium, "Moved across a statement that sets the context (USE, SET, a transaction), so it may act on other objects or with other rights."));
        }
        else if (same && before.Context != after.Context && after.Analysis.Effect != Effect.Allow)
        {
            facts.Add(new DiffFact(DiffFactKind.Context, Severity.Medium, "The text is the same, but what sets its context (USE, SET, a transaction) changed before it."));
        }
        if (moved && !same) facts.Add(new DiffFact(DiffFactKind.Context, Severity.Low, "Also moved to another place."));
        if (same && before.Analysis.Effect != after.Analysis.Effect) RiskFacts.Add(facts, before.Analysis, after.Analysis);
        return new StatementDiff
        {
            Change = !same ? StatementChange.Changed : moved ? StatementChange.Moved : StatementChange.Unchanged,
            Before = before.Analysis,
            After = after.Analysis,
            BeforeIndex = before.Index,
            AfterIndex = after.Index,
            Facts = facts.ToImmutable(),
            BeforeSpan = beforeSpan,
            AfterSpan = afterSpan,
            Body = body,
        };
    }

    private static StatementDiff Added(TokenStatement statement)
    {
        var facts = ImmutableArray.CreateBuilder<DiffFact>();
        RiskFacts.AddNew(facts, statement.Analysis);
        SafeguardFacts.AddNew(facts, statement);
        return new StatementDiff { Change = StatementChange.Added, After = statement.Analysis, BeforeIndex = -1, AfterIndex = statement.Index, Facts = facts.ToImmutable(), AfterSpan = statement.Analysis.Span };
    }

    private static StatementDiff Removed(TokenStatement statement)
    {
        var facts = ImmutableArray.CreateBuilder<DiffFact>();
        SafeguardFacts.AddGone(facts, statement);
        return new StatementDiff { Change = StatementChange.Removed, Before = statement.Analysis, BeforeIndex = statement.Index, AfterIndex = -1, Facts = facts.ToImmutable(), BeforeSpan = statement.Analysis.Span };
    }

    private static (TextSpan Before, TextSpan After) ChangedSpans(TokenStatement before, TokenStatement after)
    {
        var start = 0;
        var shorter = Math.Min(before.Length, after.Length);
        while (start < shorter && before.Source.HashAt(before.First + start) == after.Source.HashAt(after.First + start)) start++;
        var tail = 0;
        while (tail < shorter - start && before.Source.HashAt(before.End - 1 - tail) == after.Source.HashAt(after.End - 1 - tail)) tail++;
        return (Span(before, start, tail), Span(after, start, tail));
    }

    private static TextSpan Span(TokenStatement statement, int start, int tail)
    {
        var end = statement.Length - tail;
        if (end > start) return new TextSpan(statement.TokenAt(start).Start, statement.TokenAt(end - 1).End - statement.TokenAt(start).Start);
        return new TextSpan(start > 0 ? statement.TokenAt(start - 1).End : statement.Analysis.Span.Start, 0);
    }

    private static ImmutableArray<SqlObject> Only(SqlAnalysis mine, SqlAnalysis theirs)
    {
        var known = All(theirs).Select(target => (target.Name, target.Kind, target.Access)).ToHashSet();
        return [.. All(mine).Where(target => !known.Contains((target.Name, target.Kind, target.Access))).DistinctBy(target => (target.Name, target.Kind, target.Access))];
    }

    private static IEnumerable<SqlObject> All(SqlAnalysis analysis) => analysis.Statements.SelectMany(All);

    private static IEnumerable<SqlObject> All(StatementAnalysis statement) =>
        statement.Embedded.IsEmpty ? statement.Objects : statement.Objects.Concat(statement.Embedded.SelectMany(All));

    private static ImmutableArray<DiffFact> ChainFacts(SqlAnalysis before, SqlAnalysis after) =>
    [
        .. after.ChainReasons.Where(reason => before.ChainReasons.All(old => old.Id != reason.Id)).Select(reason => new DiffFact(DiffFactKind.Risk, reason.Severity, "New: " + reason.Message, reason.Id)),
        .. before.ChainReasons.Where(reason => after.ChainReasons.All(current => current.Id != reason.Id)).Select(reason => new DiffFact(DiffFactKind.Risk, Severity.None, "No longer: " + reason.Message, reason.Id)),
    ];
}
