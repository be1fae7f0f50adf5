using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

/// <summary>Calls by weekday and hour in the viewer's zone.</summary>
public sealed class HeatCells
{
    /// <summary>The roll-up gives hours only for short stretches; a longer window is read in pieces of this length.</summary>
    private static readonly TimeSpan Piece = TimeSpan.FromDays(4);

    /// <summary>More days than this add nothing to the picture but time.</summary>
    private static readonly TimeSpan Most = TimeSpan.FromDays(28);

    private readonly long[,] _calls = new long[7, 24];

    public long Largest { get; private set; }

    /// <summary>Day 0 is Monday.</summary>
    public long this[int day, int hour] => _calls[day, hour];

    public static async Task<HeatCells> ReadAsync(LedgerReader reader, CallFilter filter, TimeWindow window, ViewerClock clock, CancellationToken cancellationToken)
    {
        var cells = new HeatCells();
        var from = window.To - window.From > Most ? window.To - Most : window.From;
        for (; from < window.To; from += Piece)
        {
            var to = from + Piece < window.To ? from + Piece : window.To;
            var histogram = await reader.HistogramAsync(filter with { From = null, To = null }, from, to, cancellationToken);
            foreach (var bar in histogram.Bars) cells.Add(clock.Local(bar.Start), bar.Calls);
        }

        return cells;
    }

    private void Add(DateTimeOffset local, long calls)
    {
        var day = ((int)local.DayOfWeek + 6) % 7;
        Largest = Math.Max(Largest, _calls[day, local.Hour] += calls);
    }
}
