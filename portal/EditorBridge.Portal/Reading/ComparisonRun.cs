using System.Collections.Immutable;
using System.Globalization;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

/// <summary>A comparison with the account's own record, as its entry tells it.</summary>
public sealed record ComparisonRun
{
    public required AuditEntry Entry { get; init; }
    public required DateTimeOffset From { get; init; }
    public required DateTimeOffset To { get; init; }
    public string? Source { get; init; }

    /// <summary>Whose calls were compared; null for everybody's.</summary>
    public string? User { get; init; }

    public long Matched { get; init; }
    public long Mismatch { get; init; }
    public long LocalOnly { get; init; }
    public long NotYetDue { get; init; }
    public long AccountOnly { get; init; }
    public ImmutableArray<string> Views { get; init; } = [];
    public ImmutableArray<string> NotRead { get; init; } = [];

    /// <summary>Calls per inference region, of those this run recorded for the first time.</summary>
    public ImmutableArray<(string Region, long Calls)> Regions { get; init; } = [];

    public bool Agrees => AccountOnly + Mismatch + LocalOnly == 0;

    /// <summary>The newest comparisons first.</summary>
    public static async Task<ImmutableArray<ComparisonRun>> ReadAsync(LedgerReader reader, DateTimeOffset? from, DateTimeOffset? to, int limit, CancellationToken cancellationToken)
    {
        var entries = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ReconciliationRun], From = from, To = to }, null, limit, cancellationToken);
        return [.. entries.Select(Of)];
    }

    private static ComparisonRun Of(AuditEntry entry)
    {
        var facts = entry.Draft.Facts ?? [];
        return new ComparisonRun
        {
            Entry = entry,
            From = Moment(facts, "from"),
            To = Moment(facts, "to"),
            Source = ReviewQuestion.TextOf(facts, "source"),
            User = ReviewQuestion.TextOf(facts, "user"),
            Matched = Number(facts["matched"]),
            Mismatch = Number(facts["mismatch"]),
            LocalOnly = Number(facts["localOnly"]),
            NotYetDue = Number(facts["notYetDue"]),
            AccountOnly = Number(facts["accountOnly"]),
            Views = Words(facts["views"]),
            NotRead = Words(facts["notRead"]),
            Regions = facts["regions"] is JsonObject regions ? [.. regions.Select(region => (region.Key, Number(region.Value)))] : [],
        };
    }

    private static DateTimeOffset Moment(JsonObject facts, string name) =>
        DateTimeOffset.TryParse(ReviewQuestion.TextOf(facts, name), CultureInfo.InvariantCulture, DateTimeStyles.RoundtripKind, out var moment) ? moment : default;

    private static ImmutableArray<string> Words(JsonNode? words) => words is JsonArray array ? [.. array.OfType<JsonNode>().Select(word => word.ToString())] : [];

    private static long Number(JsonNode? number) => long.TryParse(number?.ToString(), CultureInfo.InvariantCulture, out var value) ? value : 0;
}
