using System.Globalization;

namespace EditorBridge.Portal.Reading;

/// <summary>Times as the viewer's wall clock shows them. One per circuit; the browser names the zone.</summary>
public sealed class ViewerClock(TimeProvider time)
{
    public TimeZoneInfo Zone { get; private set; } = TimeZoneInfo.Utc;

    /// <summary>The zone's own name, or its offset where this machine has no data about the zone.</summary>
    public string ZoneName { get; private set; } = "UTC";

    public DateTimeOffset Now => TimeZoneInfo.ConvertTime(time.GetUtcNow(), Zone);

    public void Use(string zone, int offsetMinutes)
    {
        if (TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found))
        {
            (Zone, ZoneName) = (found, zone);
            return;
        }

        var offset = TimeSpan.FromMinutes(Math.Clamp(offsetMinutes, -14 * 60, 14 * 60));
        ZoneName = string.Create(CultureInfo.InvariantCulture, $"UTC{(offset < TimeSpan.Zero ? '-' : '+')}{offset.Duration():hh\\:mm}");
        Zone = TimeZoneInfo.CreateCustomTimeZone(ZoneName, offset, ZoneName, ZoneName);
    }

    public DateTimeOffset Local(DateTimeOffset instant) => TimeZoneInfo.ConvertTime(instant, Zone);

    /// <summary>Wall clock time to the second, with the day when it is not today.</summary>
    public string Short(DateTimeOffset instant)
    {
        var local = Local(instant);
        var format = local.Date == Now.Date ? "HH:mm:ss" : local.Year == Now.Year ? "d MMM HH:mm:ss" : "d MMM yyyy HH:mm";
        return local.ToString(format, CultureInfo.InvariantCulture);
    }

    /// <summary>Everything: date, milliseconds and offset.</summary>
    public string Full(DateTimeOffset instant) => Local(instant).ToString("yyyy-MM-dd HH:mm:ss.fff zzz", CultureInfo.InvariantCulture);

    /// <summary>The instant of a local date and time as a person types it: <c>2026-11-23T06:00</c>.</summary>
    public DateTimeOffset? Instant(string? local) =>
        DateTime.TryParse(local, CultureInfo.InvariantCulture, DateTimeStyles.None, out var wall)
            ? new DateTimeOffset(wall, Zone.GetUtcOffset(wall)).ToUniversalTime()
            : null;

    /// <summary>A length of time with its two largest units: <c>1 h 04 min</c>, <c>3.2 s</c>.</summary>
    public static string Length(TimeSpan length) => length switch
    {
        { TotalMilliseconds: < 1000 } => string.Create(CultureInfo.InvariantCulture, $"{length.TotalMilliseconds:0} ms"),
        { TotalSeconds: < 10 } => string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0.0} s"),
        { TotalSeconds: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{length.TotalSeconds:0} s"),
        { TotalMinutes: < 60 } => string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalMinutes} min {length.Seconds:00} s"),
        { TotalHours: < 24 } => string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalHours} h {length.Minutes:00} min"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{(int)length.TotalDays} d {length.Hours:00} h"),
    };
}
