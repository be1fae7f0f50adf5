using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Messages;

namespace EditorBridge.Ledger;

public sealed partial class LedgerReader
{
    private const int EstimatesPage = 500;

    /// <summary>
    /// Prompts whose estimate and count are both on record, in the order of their answers: the newest ones when there are more than <paramref name="limit"/>. Only answers that came
    /// to their end count, because the beginning of a translated one carries an estimate in place of the count.
    /// </summary>
    /// <param name="from">Only answers since then; null for all.</param>
    public async Task<ImmutableArray<EstimatedPrompt>> EstimatedPromptsAsync(DateTimeOffset? from, int limit, CancellationToken cancellationToken = default)
    {
        var found = new List<EstimatedPrompt>();
        for (long? before = null; found.Count < limit;)
        {
            var page = await EntriesAsync(new EntryFilter { Kinds = [EntryKind.MessageOutcome], Results = ["done"], From = from }, before, EstimatesPage, cancellationToken);
            found.AddRange(page.Select(entry => Estimated(entry.Draft)).OfType<EstimatedPrompt>());
            if (page.Length < EstimatesPage) break;
            before = page[^1].Sequence;
        }

        return [.. found.Take(limit).Reverse()];
    }

    private static EstimatedPrompt? Estimated(AuditDraft draft) =>
        draft is { Model: { } model, Facts: { } facts } && Number(facts, "promptEstimate") is { } estimate && Number(facts, "inputTokens") is { } input
            ? new EstimatedPrompt(model, estimate, input + (Number(facts, "cacheReadTokens") ?? 0) + (Number(facts, "cacheCreationTokens") ?? 0))
            : null;

    private static long? Number(JsonObject facts, string name) => facts[name] is JsonValue value && value.TryGetValue(out long number) ? number : null;
}
