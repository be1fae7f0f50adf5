using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>What several statements do together: a stage built and then filled, a role made, given and taken, a protection removed and then a read.</summary>
internal static class StatementChains
{
    public static ImmutableArray<Reason> Find(ImmutableArray<StatementAnalysis> statements, int limit)
    {
        if (statements.Length < 2) return [];
        var found = ImmutableArray.CreateBuilder<Reason>();
        var whole = new TextSpan(statements[0].Span.Start, statements[^1].Span.End - statements[0].Span.Start);
        if (statements.Length > limit)
        {
            found.Add(new Reason("G23", $"The text holds {statements.Length} statements, more than a person reviews at once.", whole, Severity.Medium));
        }
        if (statements.All(statement => statement.Effect == Effect.Allow)) return found.DrainToImmutable();
        var outside = new HashSet<string>(StringComparer.Ordinal);
        var filled = new HashSet<string>(StringComparer.Ordinal);
        var roles = new HashSet<string>(StringComparer.Ordinal);
        var unprotected = new HashSet<string>(StringComparer.Ordinal);
        foreach (var statement in statements)
        {
            var ids = statement.Reasons.Select(reason => reason.Id).ToHashSet(StringComparer.Ordinal);
            foreach (var o in statement.Objects)
            {
                if (o.Kind == "STAGE" && o.Access is ObjectAccess.Create or ObjectAccess.Write && (ids.Contains("E6") || ids.Contains("E5"))) outside.Add(o.Name.TrimStart('@'));
                if (o.Kind == "STAGE" && o.Access == ObjectAccess.Export && ids.Contains("E2"))
                {
                    if (outside.Contains(o.Name.TrimStart('@'))) found.Add(new Reason("E1", $"Data is written to {o.Name}, which this text points to a place outside the account.", statement.Span, Severity.Critical));
                    filled.Add(o.Name);
                }
                if (ids.Contains("E3") && filled.Contains(o.Name)) found.Add(new Reason("E3", $"Data is written to {o.Name} and then downloaded.", statement.Span, Severity.Critical));
                if (ids.Contains("E14") && filled.Contains(o.Name)) found.Add(new Reason("E14", $"Data is written to {o.Name} and then handed out by link.", statement.Span, Severity.High));
                if (o is { Kind: "ROLE", Access: ObjectAccess.Create }) roles.Add(o.Name);
                if (o is { Kind: "ROLE", Access: ObjectAccess.Read } && ids.Contains("P16") && roles.Contains(o.Name)) found.Add(new Reason("P16", $"Role {o.Name} is created, given rights and then used in the same text.", statement.Span, Severity.High));
                if (ids.Contains("P9") && o.Access == ObjectAccess.Write) unprotected.Add(o.Name);
                if (o.Access is ObjectAccess.Read or ObjectAccess.Export && unprotected.Contains(o.Name)) found.Add(new Reason("P9", $"The protection of {o.Name} is removed and the data is then read.", statement.Span, Severity.Critical));
            }
        }
        return found.DrainToImmutable();
    }

    /// <summary>What is a fact about a statement because of those before it: that it is not the first, and that its short names mean something else.</summary>
    public static ImmutableArray<StatementAnalysis> Facts(ImmutableArray<StatementAnalysis> statements)
    {
        var builder = statements.ToBuilder();
        string? context = null;
        for (var i = 0; i < builder.Count; i++)
        {
            var statement = builder[i];
            var reasons = statement.Reasons;
            if (i > 0) reasons = reasons.Add(new Reason("G1", $"Statement {i + 1} of {builder.Count}.", statement.Span, Severity.None));
            if (context is not null && statement.Objects.Any(WritesShortName)) reasons = reasons.Add(new Reason("G16", $"Short names mean objects in {context} since an earlier statement.", statement.Span, Severity.Low));
            builder[i] = statement with { Reasons = reasons };
            if (statement.Class == StatementClass.Session && statement.Objects.FirstOrDefault(o => o.Kind is "SCHEMA" or "DATABASE") is { } used) context = used.Name;
        }
        return builder.MoveToImmutable();
    }

    private static bool WritesShortName(SqlObject o) =>
        o.Access != ObjectAccess.Read && !o.Name.Contains('.', StringComparison.Ordinal) && o.Kind is not ("ROLE" or "USER" or "WAREHOUSE" or "DATABASE" or "SHARE");

    /// <summary>
    /// Every statement of a chain's submission is reviewed: released one by one they would do the same. The one that completes the chain takes its severity.
    /// </summary>
    public static ImmutableArray<StatementAnalysis> Raise(ImmutableArray<StatementAnalysis> statements, ImmutableArray<Reason> chains)
    {
        var builder = ImmutableArray.CreateBuilder<StatementAnalysis>(statements.Length);
        foreach (var statement in statements)
        {
            var severity = statement.Severity;
            foreach (var chain in chains)
            {
                if (chain.Span == statement.Span && chain.Severity > severity) severity = chain.Severity;
            }
            builder.Add(statement with
            {
                Effect = statement.Effect > Effect.Review ? statement.Effect : Effect.Review,
                Severity = severity > Severity.Low ? severity : Severity.Low,
                Reasons = [.. statement.Reasons, .. chains.Where(chain => statement.Reasons.All(own => own.Id != chain.Id))],
            });
        }
        return builder.MoveToImmutable();
    }
}
