using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Messages;

namespace EditorBridge.Budgets;

/// <summary>Counts anew from the ledger: after a restart, and for a command while no host runs.</summary>
internal static class LedgerCounts
{
    private const int Page = 500;

    /// <summary>The folder of a request in its intent's facts.</summary>
    public const string Project = "project";

    /// <exception cref="LedgerUnreadableException">The ledger cannot be read, so nothing is known to be below its limit.</exception>
    public static async Task<LimitCounts> ReadAsync(ImmutableArray<Limit> limits, ModelPrices prices, LedgerReader reader, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var counts = new LimitCounts(limits, prices);
        if (LimitCounts.Earliest(limits, now) is not { } from) return counts;
        var entries = new List<AuditEntry>();
        for (long? before = null; ;)
        {
            var page = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.MessageIntent, EntryKind.MessageOutcome], From = from }, before, Page, cancellationToken);
            entries.AddRange(page);
            if (page.Length < Page) break;
            before = page[^1].Sequence;
        }

        var sent = new Dictionary<string, LimitedUse>(StringComparer.Ordinal);
        foreach (var entry in Enumerable.Reverse(entries))
        {
            var draft = entry.Draft;
            if (draft.Facts is not { } facts || facts["repeatOf"] is not null) continue;
            if (draft.Kind == EntryKind.MessageIntent)
            {
                var use = sent[draft.CallId] = new LimitedUse(draft.Model ?? "", draft.SessionId, (string?)facts[Project]);
                counts.Sent(use, entry.At);
            }
            else if (sent.Remove(draft.CallId, out var use))
            {
                counts.Used(use, Usage(facts), entry.At);
            }
        }

        return counts;
    }

    private static TokenUsage Usage(JsonObject facts) => new((long?)facts["inputTokens"], (long?)facts["outputTokens"], (long?)facts["cacheReadTokens"], (long?)facts["cacheCreationTokens"]);
}
