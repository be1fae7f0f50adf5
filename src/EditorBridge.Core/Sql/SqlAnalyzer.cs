using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>The door of the Sql room. Reads Snowflake SQL and says what it would do. Never throws, never answers "allow" for what it did not fully read.</summary>
public static class SqlAnalyzer
{
    /// <summary>A submission longer than this is not reviewed statement by statement by any person.</summary>
    private const int MaxStatements = 200;

    public static SqlAnalysis Analyze(string sql) => Analyze(sql, SqlContext.Empty);

    /// <summary>Analyses a text with what is known around it.</summary>
    public static SqlAnalysis Analyze(string sql, SqlContext context)
    {
        if (string.IsNullOrWhiteSpace(sql)) return SqlAnalysis.Empty;
        var statements = ReadWorst(sql, new AnalysisScope(context), asBlock: false);
        if (JinjaTemplate.IsTemplate(sql)) statements = WorseOf(statements, Rendered(sql, context));
        if (statements.Length == 0) return SqlAnalysis.Empty;
        if (statements.Length > 1) statements = StatementChains.Facts(statements);
        var chains = StatementChains.Find(statements, MaxStatements);
        if (chains.Length > 0) statements = StatementChains.Raise(statements, chains);
        return new SqlAnalysis
        {
            Statements = statements,
            ChainReasons = chains,
            Effect = statements.Max(statement => statement.Effect),
            Severity = chains.Aggregate(statements.Max(statement => statement.Severity), (worst, chain) => chain.Severity > worst ? chain.Severity : worst),
        };
    }

    /// <summary>
    /// Reads a text as the server does and, where other readers would cut it otherwise, in every other way too; the worst reading counts.
    /// </summary>
    internal static ImmutableArray<StatementAnalysis> ReadWorst(string sql, AnalysisScope scope, bool asBlock)
    {
        var script = SqlScript.Read(sql);
        var worst = StatementReader.Read(script, scope, asBlock);
        if (script.Bidi is { } bidi) worst = Mark(worst, "G7", bidi);
        if (script.Doubts == SqlReading.Server) return worst;

        var doubted = script.Doubts;
        var pathsDiffer = false;
        foreach (var reading in OtherReadings(doubted))
        {
            var other = StatementReader.Read(SqlScript.Read(sql, reading), new AnalysisScope(), asBlock);
            // A path that ends at its slashes is mostly no SQL at all; that alone makes nothing worse.
            if (reading == SqlReading.CommentsInPaths && other.Length == worst.Length && other.All(OnlyNotUnderstood)) continue;
            pathsDiffer |= (reading & SqlReading.CommentsInPaths) != 0 && (other.Length != worst.Length || Rank(other) != Rank(worst));
            if (Rank(other).CompareTo(Rank(worst)) > 0) worst = other;
        }
        var rule = (doubted & (SqlReading.NestedComments | SqlReading.OddLineEnds)) != 0 ? "G3" : (doubted & SqlReading.LookAlikes) != 0 ? "G7" : pathsDiffer ? "G5" : null;
        return rule is null ? worst : Mark(worst, rule, script.DoubtSpan);
    }

    /// <summary>What the text would be after its template engine ran, as far as that is known; hooks included.</summary>
    private static ImmutableArray<StatementAnalysis> Rendered(string sql, SqlContext context)
    {
        var template = JinjaTemplate.Render(sql, context);
        var rendered = ReadWorst(template.Text, new AnalysisScope(context), asBlock: false);
        foreach (var hook in template.Hooks) rendered = WithHook(rendered, ReadWorst(hook, new AnalysisScope(context), asBlock: false));
        return Mark(rendered, "G18", new TextSpan(0, sql.Length));
    }

    /// <summary>A hook runs with the model it belongs to, so the model's statement carries it.</summary>
    private static ImmutableArray<StatementAnalysis> WithHook(ImmutableArray<StatementAnalysis> statements, ImmutableArray<StatementAnalysis> hook)
    {
        if (statements.Length == 0 || hook.Length == 0) return statements.AddRange(hook);
        var draft = new Draft();
        var model = statements[0];
        draft.Embed(model, takeClass: true);
        foreach (var statement in hook) draft.Embed(statement, takeClass: true);
        draft.Title = model.Title;
        return statements.SetItem(0, draft.ToAnalysis(model.Span) with { Embedded = [.. model.Embedded, .. hook] });
    }

    private static ImmutableArray<StatementAnalysis> WorseOf(ImmutableArray<StatementAnalysis> a, ImmutableArray<StatementAnalysis> b) => Rank(b).CompareTo(Rank(a)) > 0 ? b : a;

    /// <summary>The analysis of a piece of which nothing can be seen.</summary>
    internal static SqlAnalysis Unseen(string sql)
    {
        var rule = RuleCatalogue.Get("G11");
        var span = new TextSpan(0, sql.Length);
        return new SqlAnalysis
        {
            Statements = [new StatementAnalysis { Span = span, Class = StatementClass.Unknown, Effect = rule.Effect, Severity = rule.Severity, Confidence = Confidence.Opaque, Title = "SQL built at run time", Reasons = [new Reason(rule.Id, rule.Meaning, span, rule.Severity)] }],
            ChainReasons = [],
            Effect = rule.Effect,
            Severity = rule.Severity,
        };
    }

    internal static SqlAnalysis AtLeastReview(SqlAnalysis analysis, string ruleId)
    {
        var statements = Mark(analysis.Statements, ruleId, analysis.Statements[0].Span);
        return analysis with { Statements = statements, Effect = statements.Max(statement => statement.Effect), Severity = statements.Max(statement => statement.Severity) };
    }

    private static bool OnlyNotUnderstood(StatementAnalysis statement) => statement.Effect < Effect.Deny && statement.Class is StatementClass.Read or StatementClass.Unknown or StatementClass.Exfil
        && statement.Reasons.All(reason => reason.Id is "G22" or "G24" || RuleCatalogue.Get(reason.Id).Effect == Effect.Allow);

    private static IEnumerable<SqlReading> OtherReadings(SqlReading doubts)
    {
        yield return doubts;
        foreach (var reading in (SqlReading[])[SqlReading.NestedComments, SqlReading.OddLineEnds, SqlReading.CommentsInPaths, SqlReading.LookAlikes])
        {
            if ((doubts & reading) != 0 && reading != doubts) yield return reading;
        }
    }

    private static (Effect Effect, Severity Severity) Rank(ImmutableArray<StatementAnalysis> statements) =>
        statements.Length == 0 ? (Effect.Allow, Severity.None) : (statements.Max(statement => statement.Effect), statements.Max(statement => statement.Severity));

    private static ImmutableArray<StatementAnalysis> Mark(ImmutableArray<StatementAnalysis> statements, string ruleId, TextSpan span)
    {
        var rule = RuleCatalogue.Get(ruleId);
        var builder = ImmutableArray.CreateBuilder<StatementAnalysis>(statements.Length);
        foreach (var statement in statements)
        {
            // A deceptive character beside a verb that acts is no accident.
            var effect = ruleId == "G7" && statement.Class is not (StatementClass.Read or StatementClass.Unknown or StatementClass.Session) && statement.Reasons.Any(reason => reason.Id == "G7") ? Effect.Deny : rule.Effect;
            builder.Add(statement with
            {
                Effect = statement.Effect > effect ? statement.Effect : effect,
                Severity = statement.Severity > rule.Severity ? statement.Severity : rule.Severity,
                Confidence = statement.Confidence > Confidence.Ambiguous ? statement.Confidence : Confidence.Ambiguous,
                Reasons = statement.Reasons.Any(reason => reason.Id == ruleId) ? statement.Reasons : statement.Reasons.Add(new Reason(ruleId, rule.Meaning, span, rule.Severity)),
            });
        }
        return builder.MoveToImmutable();
    }
}
