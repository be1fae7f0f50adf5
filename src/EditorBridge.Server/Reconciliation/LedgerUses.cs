using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Snowflake;

namespace EditorBridge.Reconciliation;

/// <summary>What the ledger says left for the account, and what earlier comparisons already recorded about it.</summary>
internal sealed class LedgerUses(LedgerReader reader)
{
    private const int Page = 500;

    /// <summary>Requests and statements that began in a time, oldest first.</summary>
    public async Task<IReadOnlyList<LocalUse>> ReadAsync(DateTimeOffset from, DateTimeOffset to, CancellationToken cancellationToken)
    {
        var calls = new Dictionary<string, List<AuditEntry>>(StringComparer.Ordinal);
        var filter = new EntryFilter
        {
            Kinds = [EntryKind.MessageIntent, EntryKind.MessageOutcome, EntryKind.ActionAdmitted, EntryKind.ActionOutcome],
            From = from,
            // An answer may take longer than the window; its beginning decides whether it belongs to it.
            To = to + Reconciler.Lateness,
        };
        await foreach (var entry in EntriesAsync(filter, cancellationToken))
        {
            if (!calls.TryGetValue(entry.Draft.CallId, out var entries)) calls[entry.Draft.CallId] = entries = [];
            entries.Add(entry);
        }

        return [.. calls.Values.Select(Use).OfType<LocalUse>().Where(use => use.StartedAt >= from && use.StartedAt < to).OrderBy(use => use.StartedAt)];
    }

    /// <summary>What was already recorded since a time: the last answer per call, and the ids of account-only incidents.</summary>
    public async Task<(Dictionary<string, string> Calls, HashSet<string> AccountOnly)> KnownAsync(DateTimeOffset since, CancellationToken cancellationToken)
    {
        var calls = new Dictionary<string, string>(StringComparer.Ordinal);
        await foreach (var entry in EntriesAsync(new EntryFilter { Kinds = [EntryKind.CallReconciled], From = since }, cancellationToken))
            calls.TryAdd(entry.Draft.CallId, entry.Draft.Result ?? "");
        var incidents = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        await foreach (var entry in EntriesAsync(new EntryFilter { Kinds = [EntryKind.Incident], Results = [ReconciliationEntries.AccountOnly], From = since }, cancellationToken))
            if ((string?)entry.Draft.Facts?["accountId"] is { } id) incidents.Add(id);
        return (calls, incidents);
    }

    private async IAsyncEnumerable<AuditEntry> EntriesAsync(EntryFilter filter, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        for (long? before = null; ;)
        {
            var page = await reader.EntriesAsync(filter, before, Page, cancellationToken);
            foreach (var entry in page) yield return entry;
            if (page.Length < Page) yield break;
            before = page[^1].Sequence;
        }
    }

    private static LocalUse? Use(List<AuditEntry> newestFirst)
    {
        var last = newestFirst[0];
        return last.Draft.Kind switch
        {
            EntryKind.MessageOutcome => Request(last, newestFirst.Find(e => e.Draft.Kind == EntryKind.MessageIntent)),
            // Sent, and nothing heard: the account may have counted it.
            EntryKind.MessageIntent => new LocalUse { CallId = last.Draft.CallId, StartedAt = last.At, IsStatement = false, Model = last.Draft.Model, Answered = false },
            EntryKind.ActionOutcome or EntryKind.ActionAdmitted => Statement(newestFirst),
            _ => null,
        };
    }

    private static LocalUse? Request(AuditEntry outcome, AuditEntry? intent)
    {
        // An answer given again was sent to the account once, by the call it repeats.
        if (outcome.Draft.Facts is not { } facts || facts["repeatOf"] is not null) return null;
        var attempts = facts["attempts"] as JsonArray ?? [];
        var last = attempts.Count > 0 ? attempts[^1] : null;
        var started = DateTimeOffset.TryParse((string?)last?["startedAt"], CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var at) ? at : intent?.At ?? outcome.At;
        var ids = attempts.Select(attempt => (string?)attempt?["requestId"]).Append((string?)facts["requestId"]).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToImmutableArray();
        return new LocalUse
        {
            CallId = outcome.Draft.CallId,
            StartedAt = started,
            IsStatement = false,
            Ids = ids,
            Model = intent?.Draft.Model ?? outcome.Draft.Model,
            UncachedTokens = (long?)facts["inputTokens"],
            PromptTokens = Sum(facts, "inputTokens", "cacheReadTokens", "cacheCreationTokens"),
            OutputTokens = (long?)facts["outputTokens"],
            Answered = outcome.Draft.Result == "done" && (int?)facts["status"] == 200,
        };
    }

    private static LocalUse Statement(List<AuditEntry> newestFirst)
    {
        var handles = newestFirst.Select(e => (string?)e.Draft.Facts?["queryId"] ?? (string?)e.Draft.Facts?["statementHandle"]).OfType<string>().Distinct(StringComparer.OrdinalIgnoreCase).ToImmutableArray();
        return new LocalUse { CallId = newestFirst[0].Draft.CallId, StartedAt = newestFirst[^1].At, IsStatement = true, Ids = handles, Answered = handles.Length > 0 };
    }

    private static long? Sum(JsonObject facts, params string[] names) => names.All(name => facts[name] is null) ? null : names.Sum(name => (long?)facts[name] ?? 0);
}
