using System.Collections.Immutable;
using EditorBridge.Accounts;
using EditorBridge.Dbt;
using EditorBridge.Gate;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Editor;

/// <summary>What the host knows, as an editor shows it.</summary>
internal static class EditorViews
{
    private const int MostChanges = 12;

    public static ReviewView Of(ReviewItem item) => Of(item, ReviewState.Pending, null, null);

    public static ReviewView Of(ClosedReview closed) => Of(closed.Item, closed.State, closed.Person, closed.Reason);

    /// <summary>The statements and findings of a file's text; both empty when it carries no SQL.</summary>
    public static AnalyzeResult Of(string path, string text)
    {
        var statements = new List<StatementView>();
        var findings = new List<FindingView>();
        foreach (var piece in EmbeddedSql.InFile(path, text, DbtProject.ContextFor(path)))
        {
            var verbatim = IsVerbatim(piece, text);
            TextSpan InText(TextSpan span) => verbatim ? new TextSpan(piece.Span.Start + span.Start, span.Length) : piece.Span;

            foreach (var statement in piece.Analysis.Statements)
            {
                statements.Add(StatementOf(statement, InText(statement.Span)));
                findings.AddRange(ReasonsOf(statement).Select(reason => FindingOf(reason, InText(reason.Span))));
            }

            findings.AddRange(piece.Analysis.ChainReasons.Select(reason => FindingOf(reason, InText(reason.Span))));
        }

        return new AnalyzeResult([.. statements], [.. findings.Distinct()]);
    }

    /// <summary>The fixes of findings that touch a range of a file's text. SQL that stands in the file in another spelling has none: an edit would hit the wrong place.</summary>
    public static FixesResult FixesOf(FixParams asked)
    {
        var range = new TextSpan(asked.Start, asked.Length);
        return new FixesResult([..
            from piece in EmbeddedSql.InFile(asked.Path, asked.Text, DbtProject.ContextFor(asked.Path))
            where IsVerbatim(piece, asked.Text)
            from fix in QuickFixes.For(piece.Sql, piece.Analysis, range with { Start = range.Start - piece.Span.Start })
            select new FixView(fix.RuleId, fix.Title, [.. fix.Edits.Select(edit => new EditView(piece.Span.Start + edit.Span.Start, edit.Span.Length, edit.NewText))])]);
    }

    // Spans point into the SQL as it is unescaped; they are places of the file only where that is the same text.
    private static bool IsVerbatim(SqlPiece piece, string text) => piece.Span.End <= text.Length && string.CompareOrdinal(text, piece.Span.Start, piece.Sql, 0, piece.Sql.Length) == 0;

    private static IEnumerable<Reason> ReasonsOf(StatementAnalysis statement) => statement.Reasons.Concat(statement.Embedded.SelectMany(ReasonsOf));

    private static ReviewView Of(ReviewItem item, ReviewState state, string? person, string? reason) => new(
        item.Id, EditorWire.Name(state), item.OpenedAt, item.ExpiresAt,
        item.Title, EditorWire.Name(item.Door), item.Tool, item.Actor, item.SessionId, item.Workspace,
        EditorWire.Name(item.Severity), item.Decision.Summary, [.. item.Decision.Rules.Select(rule => rule.Id)],
        item.Decision.Obligations.ReasonRequired, item.Decision.Obligations.TwoPeople,
        item.Change?.Path, item.Change?.Before, item.Change?.After, item.Change?.Complete ?? true, item.Proposed, item.EditableProperty is not null, ChangesOf(item.Change), UndoOf(item), ReachOf(item.Reach),
        [.. item.Findings.Select(finding => new FindingView(finding.RuleId, EditorWire.Name(finding.Severity), finding.Message, finding.Start, finding.Length))],
        ObjectsOf(item.Objects), [.. item.Columns], item.Account, item.Role, item.Warehouse, item.Prompt, item.SessionScope?.Same, item.RevisionOf, person, reason);

    public static NoticesResult Of(ImmutableArray<Notice> notices) =>
        new([.. notices.Select(notice => new NoticeView(EditorWire.Name(notice.Level), notice.Text, notice.Fix))]);

    public static GrantsResult Of(IEnumerable<SessionGrant> grants) =>
        new([.. grants.Select(grant => new GrantView(grant.Id, grant.Title, grant.Scope.Same, grant.Person, grant.SessionId, grant.Uses, grant.GivenAt, grant.ExpiresAt))]);

    /// <summary>What a change of an existing SQL file does, statement by statement.</summary>
    internal static string[] ChangesOf(FileChange? change)
    {
        if (change is not { Before: { } before, Complete: true } || !change.Path.EndsWith(".sql", StringComparison.OrdinalIgnoreCase)) return [];
        var diff = SemanticDiff.Compare(before, change.After);
        if (diff.NoSemanticChange) return ["Only comments, white space or the case of names change."];
        var told = diff.Statements
            .Where(statement => statement.Change != StatementChange.Unchanged)
            .Select(statement => (statement.Facts.Select(fact => fact.Severity).DefaultIfEmpty(RiskOf(statement)).Max(), Text: TextOf(statement)))
            .Concat(diff.ChainFacts.Select(fact => (fact.Severity, Text: fact.Message)))
            .OrderByDescending(line => line.Item1)
            .Select(line => line.Text)
            .ToArray();
        return told.Length <= MostChanges ? told : [.. told.Take(MostChanges), $"and {told.Length - MostChanges} more"];
    }

    /// <summary>How what is asked for would be taken back, statement by statement.</summary>
    internal static string[] UndoOf(ReviewItem item)
    {
        if (item.Objects.IsEmpty) return [];
        var pieces = item switch
        {
            { Change: { } change } => EmbeddedSql.InFile(change.Path, change.After, DbtProject.ContextFor(change.Path)),
            { Tool: "Bash", Proposed: { } command } => EmbeddedSql.InShell(command),
            { Proposed: { } sql } => EmbeddedSql.InFile("proposed.sql", sql),
            _ => [],
        };
        var told =
            (from piece in pieces
             from statement in piece.Analysis.Statements
             where statement.Effect != Effect.Allow
             let plan = UndoPlan.Of(piece.Sql, statement)
             where plan.Undo != Undo.NotNeeded
             select $"{statement.Title}: {plan.Explanation}{(plan.Statements.IsEmpty ? "" : $" Undo: {string.Join("; ", plan.Statements)}")}").Distinct().ToArray();
        return told.Length <= MostChanges ? told : [.. told.Take(MostChanges), $"and {told.Length - MostChanges} more"];
    }

    /// <summary>What the account said, question by question; what was found stands behind its answer.</summary>
    internal static string[]? ReachOf(Reach? reach)
    {
        if (reach is null) return null;
        var several = reach.Statements.Length > 1;
        var told = new List<string>();
        if (reach.Problem is { } problem) told.Add(problem);
        foreach (var statement in reach.Statements)
        {
            var about = several ? statement.Title + ": " : "";
            told.AddRange(statement.Answers.Select(answer =>
                $"{about}{answer.Question} {answer.Answer}{(answer.Lines.IsEmpty ? "" : $" ({string.Join("; ", answer.Lines)})")}{(answer is { MayBeOld: true, Outcome: ReachOutcome.Answered } ? " This list can be up to three hours old." : "")}"));
            told.AddRange(statement.Unknown.Select(unknown => about + unknown));
        }
        return [.. told.Distinct()];
    }

    private static Severity RiskOf(StatementDiff statement) => statement.Change == StatementChange.Added ? statement.After!.Severity : Severity.None;

    private static string TextOf(StatementDiff statement)
    {
        var what = statement.Change switch
        {
            StatementChange.Added => "Adds",
            StatementChange.Removed => "Takes out",
            StatementChange.Moved => "Moves",
            _ => "Changes",
        };
        var facts = string.Join(" ", statement.Facts.OrderByDescending(fact => fact.Severity).Select(fact => fact.Message));
        return facts.Length == 0 ? $"{what} {statement.Title}." : $"{what} {statement.Title}: {facts}";
    }

    private static StatementView StatementOf(StatementAnalysis statement, TextSpan span) => new(
        span.Start, span.Length, EditorWire.Name(statement.Class), EditorWire.Name(statement.Effect), EditorWire.Name(statement.Severity), statement.Title, ObjectsOf(statement.Objects));

    private static FindingView FindingOf(Reason reason, TextSpan span) => new(reason.Id, EditorWire.Name(reason.Severity), reason.Message, span.Start, span.Length);

    private static ObjectView[] ObjectsOf(IEnumerable<SqlObject> objects) =>
        [.. objects.Select(o => new ObjectView(o.Name, o.Kind, EditorWire.Name(o.Access))).Distinct()];
}
