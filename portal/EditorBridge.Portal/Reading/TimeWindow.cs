using System.Globalization;

namespace EditorBridge.Portal.Reading;

/// <summary>A stretch of time as a URL names it: <c>range=7d</c>, or <c>from=…&amp;to=…</c> in UTC.</summary>
/// <param name="Range">Null when from and to are fixed.</param>
public sealed record TimeWindow(string? Range, DateTimeOffset From, DateTimeOffset To)
{
    public const string Default = "7d";

    /// <summary>Ranges that move with the clock, smallest first.</summary>
    public static readonly (string Name, TimeSpan Length, string Words)[] Ranges =
    [
        ("1h", TimeSpan.FromHours(1), "Last hour"),
        ("24h", TimeSpan.FromHours(24), "Last 24 hours"),
        ("7d", TimeSpan.FromDays(7), "Last 7 days"),
        ("30d", TimeSpan.FromDays(30), "Last 30 days"),
        ("90d", TimeSpan.FromDays(90), "Last 90 days"),
        ("1y", TimeSpan.FromDays(366), "Last year"),
    ];

    /// <summary>What a URL says; the default range when it says nothing that can be read.</summary>
    public static TimeWindow Of(string? range, string? from, string? to, DateTimeOffset now, string fallback = Default)
    {
        if (Instant(from) is { } start && Instant(to) is { } end && end > start) return new(null, start, end);
        var known = Ranges.FirstOrDefault(item => item.Name == range);
        if (known.Name is null) known = Ranges.First(item => item.Name == fallback);
        // A minute ahead, so that what happens now is inside.
        return new(known.Name, now - known.Length, now + TimeSpan.FromMinutes(1));
    }

    /// <summary>The part of a query string that names this window.</summary>
    public string Query => Range is not null ? "range=" + Range : $"from={Text(From)}&to={Text(To)}";

    public static string Text(DateTimeOffset instant) => instant.ToUniversalTime().ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);

    private static DateTimeOffset? Instant(string? text) =>
        DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant : null;
}
