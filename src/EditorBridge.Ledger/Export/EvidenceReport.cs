using System.Globalization;
using System.Net;
using System.Text;
using EditorBridge.Audit;

namespace EditorBridge.Ledger;

/// <summary>The page of a pack that a person reads first: no script, nothing from outside, every foreign text as text.</summary>
internal static class EvidenceReport
{
    private const int MostRows = 500;

    private const string Style = """
        body{font:15px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a;background:#fff}
        table{border-collapse:collapse;width:100%;margin:1rem 0;font-size:13px}th,td{text-align:left;padding:.35rem .6rem;border-bottom:1px solid #ccc;vertical-align:top}
        th{background:#f2f2f2}td.n{text-align:right;font-variant-numeric:tabular-nums}code{font-size:12px;overflow-wrap:anywhere}
        @media print{body{margin:0;max-width:none}tr{break-inside:avoid}}
        """;

    public static async Task<string> BuildAsync(
        LedgerReader reader, EvidenceRequest request, DateTimeOffset now, long first, long last, string ledgerId, CancellationToken cancellationToken)
    {
        CallTotals totals = await reader.TotalsAsync(request.From, request.To, cancellationToken);
        var html = new StringBuilder();
        void Line(FormattableString line) => html.AppendLine(string.Format(CultureInfo.InvariantCulture, line.Format, [.. line.GetArguments().Select(static a => a is string text ? WebUtility.HtmlEncode(text) : a)]));
        html.Append("<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\"><title>EditorBridge evidence</title><style>")
            .Append(Style).Append("</style></head><body>");
        Line($"<h1>Record of AI tool calls</h1><p>From {CanonicalEntry.Time(request.From)} to {CanonicalEntry.Time(request.To)} (UTC), made {CanonicalEntry.Time(now)} for {request.Actor}: {request.Reason}</p>");
        Line($"<p>Ledger <code>{ledgerId}</code>, entries {first:N0} to {last:N0}. This page is a reading aid; the proof is in the files beside it. README.txt says how to verify them.</p>");
        html.Append("<h2>In numbers</h2><table>");
        foreach ((string name, long value) in new[]
        {
            ("Requests to the account", totals.Requests), ("Actions of agents", totals.Actions), ("Held for a person", totals.Reviewed), ("Rejected by a person", totals.Rejected),
            ("Refused by policy", totals.Refused), ("Nobody answered in time", totals.Expired), ("Failed after release", totals.Failed), ("Outcome unknown", totals.Unknown),
            ("Input tokens", totals.InputTokens), ("Output tokens", totals.OutputTokens),
        })
        {
            Line($"<tr><th scope=\"row\">{name}</th><td class=\"n\">{value:N0}</td></tr>");
        }
        html.Append("</table>");
        await AppendAsync("Judged by people", [CallState.Approved, CallState.Edited, CallState.Rejected]);
        await AppendAsync("Refused, expired or unknown", [CallState.Refused, CallState.Expired, CallState.Unknown]);
        return html.Append("</body></html>\n").ToString();

        async Task AppendAsync(string title, CallState[] states)
        {
            CallPage page = await reader.CallsAsync(new CallFilter { From = request.From, To = request.To, States = [.. states] }, null, MostRows, cancellationToken);
            Line($"<h2>{title}</h2>");
            if (page.Older is not null)
            {
                Line($"<p>The newest {MostRows} are shown; calls.csv has all.</p>");
            }
            html.Append("<table><tr><th>Time (UTC)</th><th>Who</th><th>What</th><th>Severity</th><th>State</th><th>Reviewer</th><th>Held</th><th>Entry</th></tr>");
            foreach (AuditCall call in page.Calls)
            {
                Line($"<tr><td>{CanonicalEntry.Time(call.StartedAt)}</td><td>{call.Actor}</td><td>{call.Tool ?? ""} {call.Subject ?? ""}</td><td>{call.Severity ?? ""}</td><td>{call.State.ToString()}</td><td>{call.Reviewer ?? ""}</td><td class=\"n\">{(call.HeldMilliseconds is { } held ? (held / 1000.0).ToString("0.0", CultureInfo.InvariantCulture) + " s" : "")}</td><td class=\"n\">{call.FirstSequence}</td></tr>");
            }
            html.Append("</table>");
        }
    }
}
