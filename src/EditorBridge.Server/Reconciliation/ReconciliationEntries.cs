using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Snowflake;

namespace EditorBridge.Reconciliation;

/// <summary>A comparison's entries: one per call the account spoke of, an incident per call only the account knows, and the run itself. Described in docs/audit-format.md.</summary>
internal static class ReconciliationEntries
{
    /// <summary>The kind of the incident for a call that went round EditorBridge.</summary>
    public const string AccountOnly = "account_only";

    public static string Wirename(ReconciliationAnswer answer) => answer switch
    {
        ReconciliationAnswer.Matched => "matched",
        ReconciliationAnswer.Mismatch => "mismatch",
        ReconciliationAnswer.LocalOnly => "local_only",
        ReconciliationAnswer.NotYetDue => "not_yet_due",
        ReconciliationAnswer.AccountOnly => AccountOnly,
        _ => throw new ArgumentOutOfRangeException(nameof(answer), answer, "An answer without a wire name."),
    };

    public static AuditDraft Call(string runId, Reconciled line) => new()
    {
        Kind = EntryKind.CallReconciled,
        CallId = line.Local!.CallId,
        Actor = "host",
        Result = Wirename(line.Answer),
        Facts = new JsonObject
        {
            ["run"] = runId,
            ["how"] = line.How,
            ["view"] = line.Account is { } account ? UsageViews.Name(account.View) : null,
            ["accountId"] = line.Account?.Id,
            ["region"] = line.Account?.Region,
            ["user"] = line.Account?.User,
            ["accountInputTokens"] = line.Account?.InputTokens,
            ["accountOutputTokens"] = line.Account?.OutputTokens,
        },
    };

    public static AuditDraft Incident(string runId, Reconciled line)
    {
        var use = line.Account!;
        var what = use.View == UsageView.Queries ? $"A statement ({use.StatementType ?? "type unknown"})" : $"A request to {use.Model ?? "a model"}";
        return GateEntries.Incident(runId, null, "host", AccountOnly,
            string.Create(CultureInfo.InvariantCulture, $"{what} by {use.User ?? "an unknown user"} at {use.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC stands in the account's record only: {line.How}"),
            new JsonObject
            {
                ["run"] = runId,
                ["view"] = UsageViews.Name(use.View),
                ["accountId"] = use.Id,
                ["startedAt"] = use.StartedAt.ToString("O"),
                ["user"] = use.User,
                ["model"] = use.Model,
                ["region"] = use.Region,
                ["statementType"] = use.StatementType,
                ["agentType"] = use.AgentType,
                ["accountInputTokens"] = use.InputTokens,
                ["accountOutputTokens"] = use.OutputTokens,
            });
    }

    public static AuditDraft Run(ReconciliationReport report, string actor, string surface) => new()
    {
        Kind = EntryKind.ReconciliationRun,
        CallId = report.RunId,
        Actor = actor,
        Door = surface,
        Subject = report.Summary,
        Result = report.Agrees ? "agrees" : "differs",
        Facts = new JsonObject
        {
            ["from"] = report.From.ToString("O"),
            ["to"] = report.To.ToString("O"),
            ["readAt"] = report.ReadAt.ToString("O"),
            ["source"] = report.Source,
            ["user"] = report.User,
            ["matched"] = report.Count(ReconciliationAnswer.Matched),
            ["mismatch"] = report.Count(ReconciliationAnswer.Mismatch),
            ["localOnly"] = report.Count(ReconciliationAnswer.LocalOnly),
            ["notYetDue"] = report.Count(ReconciliationAnswer.NotYetDue),
            ["accountOnly"] = report.Count(ReconciliationAnswer.AccountOnly),
            ["accountOnlyNew"] = report.NewAccountOnly,
            ["views"] = Words(report.Views.Select(UsageViews.Name)),
            ["notRead"] = Words(report.NotRead),
            ["regions"] = new JsonObject(report.Regions.Select(region => KeyValuePair.Create(region.Key, (JsonNode?)region.Value))),
        },
    };

    private static JsonArray Words(IEnumerable<string> words) => new([.. words.Select(word => (JsonNode?)word)]);
}
