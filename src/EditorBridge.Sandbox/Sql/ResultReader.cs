using System.Globalization;
using System.Numerics;
using System.Text.Json;
using DuckDB.NET.Data;

namespace EditorBridge.Sandbox.Sql;

/// <summary>Reads a DuckDB result into Snowflake's columns and cells.</summary>
internal static class ResultReader
{
    /// <summary>A safety limit: results beyond it are refused rather than held in memory.</summary>
    private const int RowLimit = 200_000;

    private static readonly DateTime Epoch = DateTime.UnixEpoch;

    /// <param name="quotedNames">Names that stood in double quotes in the statement and so keep their case.</param>
    public static StatementResult Read(DuckDBDataReader reader, IReadOnlySet<string> quotedNames, int? rowLimit)
    {
        var columns = Enumerable.Range(0, reader.FieldCount).Select(index => Column(reader, index, quotedNames)).ToList();
        var rows = new List<string?[]>();
        while ((rowLimit is null || rows.Count < rowLimit) && reader.Read())
        {
            if (rows.Count == RowLimit)
            {
                throw new SqlException("391908", "54000", $"The result set is too large for the sandbox ({RowLimit} rows). Add a LIMIT.");
            }

            rows.Add([.. columns.Select((column, index) => reader.IsDBNull(index) ? null : Cell(reader.GetValue(index), column))]);
        }

        return new StatementResult(columns, rows);
    }

    /// <summary>Unquoted names are in upper case; an expression is named by its text.</summary>
    private static string Name(string duckName, IReadOnlySet<string> quotedNames)
    {
        if (quotedNames.Contains(duckName))
        {
            return duckName;
        }

        return duckName.Replace("count_star()", "COUNT(*)", StringComparison.Ordinal)
            .Replace(DuckSpelling.MacroPrefix, "", StringComparison.Ordinal).ToUpperInvariant();
    }

    private static ResultColumn Column(DuckDBDataReader reader, int index, IReadOnlySet<string> quotedNames)
    {
        var name = Name(reader.GetName(index), quotedNames);
        return reader.GetDataTypeName(index) switch
        {
            "TinyInt" or "SmallInt" or "Integer" or "BigInt" or "HugeInt"
                or "UnsignedTinyInt" or "UnsignedSmallInt" or "UnsignedInteger" or "UnsignedBigInt" => ResultColumn.Fixed(name),
            "Decimal" => new ResultColumn(name, "fixed", 38, Scale(reader, index)),
            "Float" or "Double" => new ResultColumn(name, "real"),
            "Boolean" => new ResultColumn(name, "boolean"),
            "Date" => new ResultColumn(name, "date"),
            "Time" => new ResultColumn(name, "time", Scale: 9),
            "Timestamp" or "TimestampS" or "TimestampMs" or "TimestampNs" => new ResultColumn(name, "timestamp_ntz", Scale: 9),
            "TimestampTz" => new ResultColumn(name, "timestamp_ltz", Scale: 9),
            "Blob" => new ResultColumn(name, "binary", Length: 8_388_608),
            "List" or "Array" => new ResultColumn(name, "array"),
            "Struct" or "Map" => new ResultColumn(name, "object"),
            _ => ResultColumn.Text(name),
        };
    }

    private static int Scale(DuckDBDataReader reader, int index) =>
        reader.GetSchemaTable()?.Rows[index]["NumericScale"] is { } scale and not DBNull ? Convert.ToInt32(scale, CultureInfo.InvariantCulture) : 0;

    private static string Cell(object value, ResultColumn column) => value switch
    {
        bool flag => flag ? "true" : "false",
        DateOnly date => (date.DayNumber - DateOnly.FromDateTime(Epoch).DayNumber).ToString(CultureInfo.InvariantCulture),
        TimeOnly time => Seconds(time.Ticks),
        DateTime moment => Seconds(moment.Ticks - Epoch.Ticks),
        DateTimeOffset moment => Seconds(moment.UtcTicks - Epoch.Ticks),
        double number when double.IsInfinity(number) || double.IsNaN(number) => throw new SqlException("100051", "22012", "Division by zero"),
        double number => number.ToString("R", CultureInfo.InvariantCulture),
        float number => number.ToString("R", CultureInfo.InvariantCulture),
        BigInteger number => number.ToString(CultureInfo.InvariantCulture),
        Stream bytes => Hex(bytes),
        string text => text,
        _ when column.Type is "array" or "object" => JsonSerializer.Serialize(value, Http.SandboxJson.Options),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture) ?? "",
    };

    /// <summary>Seconds since the epoch, or since midnight, with nine decimals; may be negative.</summary>
    private static string Seconds(long ticks) =>
        (ticks / (decimal)TimeSpan.TicksPerSecond).ToString("0.000000000", CultureInfo.InvariantCulture);

    private static string Hex(Stream bytes)
    {
        using var buffer = new MemoryStream();
        bytes.CopyTo(buffer);
        return Convert.ToHexString(buffer.ToArray());
    }
}
