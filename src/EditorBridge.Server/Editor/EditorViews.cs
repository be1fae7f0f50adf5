using EditorBridge.Gate;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Editor;

/// <summary>What the host knows, as an editor shows it.</summary>
internal static class EditorViews
{
    public static ReviewView Of(ReviewItem item) => Of(item, ReviewState.Pending, null, null);

    public static ReviewView Of(ClosedReview closed) => Of(closed.Item, closed.State, closed.Person, closed.Reason);

    /// <summary>The statements and findings of a file's text; both empty when it carries no SQL.</summary>
    public static AnalyzeResult Of(string path, string text)
    {
        var statements = new List<StatementView>();
        var findings = new List<FindingView>();
        foreach (var piece in EmbeddedSql.InFile(path, text))
        {
            // Spans point into the SQL as it is unescaped; they are places of the file only where that is the same text.
            var verbatim = piece.Span.End <= text.Length && string.CompareOrdinal(text, piece.Span.Start, piece.Sql, 0, piece.Sql.Length) == 0;
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

    private static IEnumerable<Reason> ReasonsOf(StatementAnalysis statement) => statement.Reasons.Concat(statement.Embedded.SelectMany(ReasonsOf));

    private static ReviewView Of(ReviewItem item, ReviewState state, string? person, string? reason) => new(
        item.Id, EditorWire.Name(state), item.OpenedAt, item.ExpiresAt,
        item.Title, EditorWire.Name(item.Door), item.Tool, item.Actor, item.SessionId, item.Workspace,
        EditorWire.Name(item.Severity), item.Decision.Summary, [.. item.Decision.Rules.Select(rule => rule.Id)],
        item.Decision.Obligations.ReasonRequired, item.Decision.Obligations.TwoPeople,
        item.Change?.Path, item.Change?.Before, item.Change?.After, item.Change?.Complete ?? true, item.Proposed, item.EditableProperty is not null,
        [.. item.Findings.Select(finding => new FindingView(finding.RuleId, EditorWire.Name(finding.Severity), finding.Message, finding.Start, finding.Length))],
        ObjectsOf(item.Objects), person, reason);

    private static StatementView StatementOf(StatementAnalysis statement, TextSpan span) => new(
        span.Start, span.Length, EditorWire.Name(statement.Class), EditorWire.Name(statement.Effect), EditorWire.Name(statement.Severity), statement.Title, ObjectsOf(statement.Objects));

    private static FindingView FindingOf(Reason reason, TextSpan span) => new(reason.Id, EditorWire.Name(reason.Severity), reason.Message, span.Start, span.Length);

    private static ObjectView[] ObjectsOf(IEnumerable<SqlObject> objects) =>
        [.. objects.Select(o => new ObjectView(o.Name, o.Kind, EditorWire.Name(o.Access))).Distinct()];
}
