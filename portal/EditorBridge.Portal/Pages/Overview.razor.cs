using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Pages;

public sealed partial class Overview
{
    private static readonly CallFilter Actions = new() { Kind = CallKind.Action };

    private TimeWindow _window = new(TimeWindow.Default, default, default);
    private Picture? _picture;

    [SupplyParameterFromQuery] private string? Range { get; set; }
    [SupplyParameterFromQuery] private string? From { get; set; }
    [SupplyParameterFromQuery] private string? To { get; set; }

    private string? Oldest => Queue.Pending.FirstOrDefault() is { } oldest
        ? T["oldest since {0}", Clock.Short(oldest.HeldSince ?? oldest.StartedAt)]
        : T["nobody is kept waiting"].Value;

    private string CheckpointNote => _picture?.Checkpoint is { } checkpoint
        ? T["signed up to {0} at {1}", Number(checkpoint.Sequence), Clock.Short(checkpoint.At)]
        : T["no checkpoint yet"];

    protected override async Task LoadAsync(CancellationToken cancellationToken)
    {
        _window = TimeWindow.Of(Range, From, To, Clock.Now);
        var reader = Window.Reader;
        await Queue.ReadAsync(cancellationToken);
        var filter = Actions with { From = _window.From, To = _window.To };
        // Independent questions, asked at once: the reader runs a few side by side.
        var histogram = reader.HistogramAsync(Actions, _window.From, _window.To, cancellationToken);
        var totals = reader.TotalsAsync(_window.From, _window.To, cancellationToken);
        var rules = reader.RuleHitsAsync(_window.From, _window.To, cancellationToken);
        var facets = reader.FacetsAsync(filter, cancellationToken);
        var heat = HeatCells.ReadAsync(reader, Actions, _window, Clock, cancellationToken);
        var incidents = reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Incident], From = _window.From, To = _window.To }, null, 8, cancellationToken);
        var checkpoints = reader.CheckpointsAsync(1, cancellationToken);
        await Task.WhenAll(histogram, totals, rules, facets, heat, incidents, checkpoints);
        _picture = new Picture
        {
            Histogram = await histogram,
            Totals = await totals,
            Rules = await rules,
            Risks = (await facets).Facets.First(facet => facet.Facet == CallFacet.Severity).Values.ToImmutableDictionary(value => value.Value, value => value.Calls),
            Incidents = await incidents,
            Checkpoint = (await checkpoints).FirstOrDefault(),
            Head = await Window.HeadAsync(cancellationToken),
            Comparison = (await ComparisonRun.ReadAsync(reader, null, null, 1, cancellationToken)).FirstOrDefault(),
            Heat = await heat,
        };
        await NoteAsync(AccessAction.View, "/", query: _window.Query);
    }

    private void Go(string window) => Navigation.NavigateTo("?" + window);

    private void Brush((DateTimeOffset From, DateTimeOffset To) chosen) =>
        Navigation.NavigateTo($"calls?q=kind%3Aaction&{new TimeWindow(null, chosen.From, chosen.To).Query}");

    private string Calls(string line) => $"calls?q={Uri.EscapeDataString(line)}&{_window.Query}";

    private string Share(long part, long whole) => whole == 0 ? T["no calls"] : T["{0} of all", ((double)part / whole).ToString("P1", CultureInfo.InvariantCulture)];

    private string Compared(ComparisonRun? run) => run switch
    {
        null => "–",
        { AccountOnly: > 0 } => T["{0} went round", Number(run.AccountOnly)],
        { Agrees: true } => T["agrees"],
        _ => T["differs"],
    };

    private string ComparedNote(ComparisonRun? run) => run is null ? T["not compared yet"] : T["compared {0}", Clock.Short(run.Entry.At)];

    private static string Number(long number) => number.ToString("N0", CultureInfo.InvariantCulture);

    private static string Short(long number) => number switch
    {
        >= 1_000_000_000 => (number / 1e9).ToString("0.0", CultureInfo.InvariantCulture) + " G",
        >= 1_000_000 => (number / 1e6).ToString("0.0", CultureInfo.InvariantCulture) + " M",
        >= 10_000 => (number / 1e3).ToString("0", CultureInfo.InvariantCulture) + " k",
        _ => Number(number),
    };

    private static string Wait(CallTotals totals) =>
        totals.Reviewed == 0 ? "–" : ViewerClock.Length(TimeSpan.FromMilliseconds((double)totals.HeldMilliseconds / totals.Reviewed));

    private sealed record Picture
    {
        public required CallHistogram Histogram { get; init; }
        public required CallTotals Totals { get; init; }
        public required ImmutableArray<RuleHits> Rules { get; init; }
        public required ImmutableDictionary<string, long> Risks { get; init; }
        public required ImmutableArray<AuditEntry> Incidents { get; init; }
        public required CheckpointNote? Checkpoint { get; init; }
        public required long Head { get; init; }
        public required HeatCells Heat { get; init; }

        /// <summary>The last comparison with the account's own record; null when there was none.</summary>
        public required ComparisonRun? Comparison { get; init; }

        public long Refused => Totals.Rejected + Totals.Refused + Totals.Expired;

        public long Tokens => Totals.InputTokens + Totals.OutputTokens + Totals.CacheReadTokens + Totals.CacheWriteTokens;
    }
}
