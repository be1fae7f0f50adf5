using System.Collections.Immutable;
using EditorBridge.Gate;
using EditorBridge.Snowflake;

namespace EditorBridge.Reconciliation;

/// <summary>Body of <c>POST /bridge/reconciliation</c>, from the portal and from the command line.</summary>
/// <param name="Surface">portal or terminal.</param>
internal sealed record ReconciliationBody(
    DateTimeOffset From, DateTimeOffset To, string Person, string Surface, string? User, bool Everybody, string? Role, ExportedFile[]? Files);

/// <summary>One line of the answer: a step, the report at the end, or why there is none.</summary>
internal sealed record ReconciliationLine(string? Step, ReportWire? Report, string? Problem)
{
    public static ReconciliationLine Of(ReconciliationNews news) => new(
        news.Step is { } step ? GateEntries.Wirename(step) : null, news.Report is { } report ? ReportWire.Of(report) : null, news.Problem);
}

/// <summary>A report as it is sent: the counts, and what does not agree.</summary>
/// <param name="Omitted">Findings beyond <see cref="MostFindings"/>, which stand in the ledger.</param>
internal sealed record ReportWire(
    string RunId, DateTimeOffset From, DateTimeOffset To, string Source, string? User, bool Agrees, int Matched, int Mismatch, int LocalOnly, int NotYetDue, int AccountOnly,
    ImmutableArray<string> Views, ImmutableArray<string> NotRead, ImmutableArray<FindingWire> Findings, int Omitted)
{
    private const int MostFindings = 500;

    public static ReportWire Of(ReconciliationReport report)
    {
        var findings = report.Lines.Where(line => line.Answer is ReconciliationAnswer.AccountOnly or ReconciliationAnswer.Mismatch or ReconciliationAnswer.LocalOnly).ToArray();
        return new ReportWire(
            report.RunId, report.From, report.To, report.Source, report.User, report.Agrees,
            report.Count(ReconciliationAnswer.Matched), report.Count(ReconciliationAnswer.Mismatch), report.Count(ReconciliationAnswer.LocalOnly),
            report.Count(ReconciliationAnswer.NotYetDue), report.Count(ReconciliationAnswer.AccountOnly),
            [.. report.Views.Select(UsageViews.Name)], report.NotRead, [.. findings.Take(MostFindings).Select(FindingWire.Of)], Math.Max(0, findings.Length - MostFindings));
    }
}

/// <param name="AccountId">Request id, or a statement's QUERY_ID.</param>
internal sealed record FindingWire(string Answer, DateTimeOffset At, string? CallId, string? AccountId, string? View, string? Model, string? User, string? Region, string How)
{
    public static FindingWire Of(Reconciled line) => new(
        ReconciliationEntries.Wirename(line.Answer), line.At, line.Local?.CallId, line.Account?.Id ?? line.Local?.Ids.LastOrDefault(), line.Account is { } use ? UsageViews.Name(use.View) : null,
        line.Account?.Model ?? line.Account?.StatementType ?? line.Local?.Model, line.Account?.User, line.Account?.Region, line.How);
}
