using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>One kind of change that requests needed on their way to the account.</summary>
/// <param name="What">The beta, field, block or tool.</param>
/// <param name="Requests">How many requests it concerned.</param>
internal sealed record RemovalCount(RemovalKind Kind, string What, int Requests);

/// <summary>What was changed in recent requests, out of the ledger.</summary>
/// <param name="Requests">Requests looked at.</param>
/// <param name="Changed">Those with any change.</param>
/// <param name="Counts">The changes, the most frequent first.</param>
internal sealed record RemovalReport(int Requests, int Changed, ImmutableArray<RemovalCount> Counts)
{
    private const int MostRequests = 1000;

    /// <summary>Reads the newest requests since a time.</summary>
    public static async Task<RemovalReport> ReadAsync(LedgerReader reader, DateTimeOffset from, CancellationToken cancellationToken)
    {
        var intents = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.MessageIntent], From = from }, before: null, MostRequests, cancellationToken);
        var changes = intents.Select(entry => (entry.Draft.Facts?["removals"] as JsonArray ?? []).Select(Read).OfType<(RemovalKind, string)>().Distinct().ToArray()).ToArray();
        return new(intents.Length, changes.Count(change => change.Length > 0),
            [.. changes.SelectMany(change => change).CountBy(change => change).OrderByDescending(count => count.Value).ThenBy(count => count.Key.Item2, StringComparer.Ordinal)
                .Select(count => new RemovalCount(count.Key.Item1, count.Key.Item2, count.Value))]);
    }

    private static (RemovalKind, string)? Read(JsonNode? removal) =>
        removal?["kind"]?.GetValue<string>() is { } kind && Enum.TryParse<RemovalKind>(kind, out var known) && removal["what"]?.GetValue<string>() is { } what ? (known, what) : null;
}
