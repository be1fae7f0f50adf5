using System.Globalization;
using System.Text.Json;

namespace EditorBridge.Snowflake;

/// <summary>Reads a cell of a result: the account sends every value as text, and the column says what it means.</summary>
public static class SqlValue
{
    private static readonly DateTime Epoch = DateTime.UnixEpoch;

    /// <summary>
    /// The value as .NET knows it: long, decimal, double, bool, byte[], DateOnly, TimeOnly, DateTime, DateTimeOffset, or text where
    /// .NET has no type wide enough (38 digits, nanoseconds are cut to 100). Null for SQL's NULL; the text itself when it is not what
    /// the column promises.
    /// </summary>
    public static object? Read(SqlColumn column, string? cell)
    {
        if (cell is null)
        {
            return null;
        }
        return column.Type switch
        {
            "fixed" => Number(cell, column.Scale ?? 0),
            "real" => double.TryParse(cell, NumberStyles.Float, CultureInfo.InvariantCulture, out var real) ? real : cell,
            "boolean" => cell switch { "true" or "1" => true, "false" or "0" => false, _ => cell },
            "binary" => Hex(cell),
            "date" => int.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var days) && days is > -700_000 and < 2_900_000 ? DateOnly.FromDateTime(Epoch).AddDays(days) : cell,
            "time" => Ticks(cell) is { } time and >= 0 and < TimeSpan.TicksPerDay ? new TimeOnly(time) : cell,
            "timestamp_ntz" => Moment(cell) is { } local ? DateTime.SpecifyKind(local, DateTimeKind.Unspecified) : cell,
            "timestamp_ltz" => Moment(cell) is { } moment ? new DateTimeOffset(moment, TimeSpan.Zero) : cell,
            "timestamp_tz" => Zoned(cell),
            _ => cell,
        };
    }

    /// <summary>Writes the value as JSON for an agent: numbers as numbers where they fit, semi-structured text as what it is.</summary>
    public static void Write(Utf8JsonWriter json, SqlColumn column, string? cell)
    {
        switch (Read(column, cell))
        {
            case null: json.WriteNullValue(); break;
            case long whole: json.WriteNumberValue(whole); break;
            case decimal number: json.WriteNumberValue(number); break;
            case double real when double.IsFinite(real): json.WriteNumberValue(real); break;
            case bool flag: json.WriteBooleanValue(flag); break;
            case var other: json.WriteStringValue(Text(other, cell)); break;
        }
    }

    /// <summary>The value as text, as people and spreadsheets read it: dates and times in ISO 8601, bytes in hexadecimal, numbers with all their digits. Null for SQL's NULL.</summary>
    public static string? Text(SqlColumn column, string? cell) => Text(Read(column, cell), cell);

    /// <summary>The same of a value that is one of .NET's already; <paramref name="cell"/> for every other kind.</summary>
    internal static string? Text(object? value, string? cell) => value switch
    {
        bool flag => flag ? "true" : "false",
        byte[] bytes => Convert.ToHexString(bytes),
        DateOnly date => date.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        TimeOnly time => time.ToString("HH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        DateTime moment => moment.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFF", CultureInfo.InvariantCulture),
        DateTimeOffset moment => moment.ToString("yyyy-MM-ddTHH:mm:ss.FFFFFFFzzz", CultureInfo.InvariantCulture),
        _ => cell,
    };

    private static object Number(string cell, int scale) =>
        scale == 0 && long.TryParse(cell, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole) ? whole
        // A decimal holds 28 digits and rounds silently beyond; the text keeps all 38.
        : cell.Count(char.IsAsciiDigit) <= 28 && decimal.TryParse(cell, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var number) ? number
        : cell;

    private static object Hex(string cell)
    {
        try
        {
            return Convert.FromHexString(cell);
        }
        catch (FormatException)
        {
            return cell;
        }
    }

    private static object Zoned(string cell)
    {
        var space = cell.IndexOf(' ', StringComparison.Ordinal);
        if (space < 0 || Moment(cell[..space]) is not { } moment
            || !int.TryParse(cell.AsSpan(space + 1), NumberStyles.None, CultureInfo.InvariantCulture, out var shifted) || Math.Abs(shifted - 1440) > 14 * 60)
        {
            return cell;
        }
        return new DateTimeOffset(moment, TimeSpan.Zero).ToOffset(TimeSpan.FromMinutes(shifted - 1440));
    }

    private static DateTime? Moment(string cell) =>
        Ticks(cell) is { } ticks && ticks + Epoch.Ticks >= DateTime.MinValue.Ticks + TimeSpan.TicksPerDay && ticks + Epoch.Ticks <= DateTime.MaxValue.Ticks - TimeSpan.TicksPerDay
            ? Epoch.AddTicks(ticks) : null;

    /// <summary>Seconds with up to nine decimals; .NET's clock has seven.</summary>
    private static long? Ticks(string cell)
    {
        if (!decimal.TryParse(cell, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) || Math.Abs(seconds) > 1_000_000_000_000m)
        {
            return null;
        }
        return (long)decimal.Floor(seconds * TimeSpan.TicksPerSecond);
    }
}
