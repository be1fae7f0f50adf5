using System.Globalization;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Turns bound values, which all travel as text, into what they mean.</summary>
internal static class BindingValues
{
    public static readonly IReadOnlySet<string> Types = new HashSet<string>
    {
        "FIXED", "REAL", "DECFLOAT", "TEXT", "BINARY", "BOOLEAN", "DATE", "TIME", "TIMESTAMP_NTZ", "TIMESTAMP_LTZ", "TIMESTAMP_TZ",
    };

    /// <exception cref="SqlException">The text is no value of its type.</exception>
    public static object? Of(SqlBinding binding)
    {
        try
        {
            return binding.Value is not { } text ? null : binding.Type switch
            {
                "FIXED" => text.Contains('.', StringComparison.Ordinal) ? decimal.Parse(text, CultureInfo.InvariantCulture) : long.Parse(text, CultureInfo.InvariantCulture),
                "REAL" or "DECFLOAT" => double.Parse(text, CultureInfo.InvariantCulture),
                "BOOLEAN" => bool.Parse(text),
                "BINARY" => Convert.FromHexString(text),
                "DATE" => DateOnly.FromDateTime(DateTime.UnixEpoch.AddMilliseconds(long.Parse(text, CultureInfo.InvariantCulture))),
                "TIME" => new TimeOnly(Ticks(text)),
                "TIMESTAMP_NTZ" or "TIMESTAMP_LTZ" => DateTime.UnixEpoch.AddTicks(Ticks(text)),
                "TIMESTAMP_TZ" => DateTime.UnixEpoch.AddTicks(Ticks(text.Split(' ')[0])),
                _ => (object)text,
            };
        }
        catch (Exception error) when (error is FormatException or OverflowException)
        {
            throw new SqlException("100037", "22018", $"{binding.Type} value '{binding.Value}' is not recognized");
        }
    }

    /// <summary>Nanoseconds to ticks of 100 ns.</summary>
    private static long Ticks(string nanoseconds) => (long)(decimal.Parse(nanoseconds, CultureInfo.InvariantCulture) / 100);
}
