using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Fact 1: the judgement before and after, with the rules that changed it. Fact 8: what stays uncertain.</summary>
internal static class RiskFacts
{
    public static void Add(ImmutableArray<DiffFact>.Builder facts, StatementAnalysis before, StatementAnalysis after)
    {
        var old = Reasons(before);
        var current = Reasons(after);
        foreach (var reason in current.Where(reason => old.All(other => other.Id != reason.Id)))
            facts.Add(new DiffFact(DiffFactKind.Risk, reason.Severity, reason.Message, reason.Id));
        foreach (var reason in old.Where(reason => current.All(other => other.Id != reason.Id)))
            facts.Add(new DiffFact(DiffFactKind.Risk, Severity.None, "No longer: " + reason.Message, reason.Id));
        if (Judgement(before) != Judgement(after))
            facts.Add(new DiffFact(DiffFactKind.Risk, after.Severity, $"Judged {Judgement(before)} before, {Judgement(after)} now."));
        AddUncertain(facts, before, after);
    }

    public static void AddNew(ImmutableArray<DiffFact>.Builder facts, StatementAnalysis statement)
    {
        if (statement.Effect == Effect.Allow) return;
        foreach (var reason in Reasons(statement)) facts.Add(new DiffFact(DiffFactKind.Risk, reason.Severity, reason.Message, reason.Id));
    }

    private static void AddUncertain(ImmutableArray<DiffFact>.Builder facts, StatementAnalysis before, StatementAnalysis after)
    {
        var message = (before.Confidence, after.Confidence) switch
        {
            (Confidence.Exact, Confidence.Exact) => null,
            (Confidence.Exact, Confidence.Ambiguous) => "Can now be read in two ways; the worse is shown.",
            (Confidence.Exact, Confidence.Opaque) => "Parts are now known only when it runs.",
            (_, Confidence.Exact) => "Everything in it is now known before it runs.",
            (_, Confidence.Ambiguous) => "Can be read in two ways, before and after; the worse is shown.",
            _ => "Parts are known only when it runs, before and after.",
        };
        if (message is not null) facts.Add(new DiffFact(DiffFactKind.Uncertain, after.Confidence == Confidence.Exact ? Severity.None : Severity.Medium, message));
    }

    private static ImmutableArray<Reason> Reasons(StatementAnalysis statement) =>
        statement.Embedded.IsEmpty ? statement.Reasons : [.. statement.Reasons, .. statement.Embedded.SelectMany(inner => Reasons(inner))];

    private static string Judgement(StatementAnalysis statement) =>
        $"{statement.Class.ToString().ToUpperInvariant()}, {Word(statement.Effect)}, {statement.Severity.ToString().ToLowerInvariant()}";

    internal static string Word(Effect effect) => effect switch { Effect.Allow => "allowed", Effect.Review => "to be reviewed", _ => "refused" };
}
