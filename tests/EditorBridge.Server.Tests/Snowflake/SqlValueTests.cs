using System.Text;
using System.Text.Json;

namespace EditorBridge.Snowflake;

public sealed class SqlValueTests
{
    [Theory]
    [InlineData("fixed", 0, "42", "42")]
    [InlineData("fixed", 2, "123.45", "123.45")]
    [InlineData("fixed", 0, "12345678901234567890123456789012345678", "\"12345678901234567890123456789012345678\"")]
    [InlineData("fixed", 10, "0.1234567890123456789012345678", "\"0.1234567890123456789012345678\"")]
    [InlineData("real", null, "1.5e10", "15000000000")]
    [InlineData("real", null, "NaN", "\"NaN\"")]
    [InlineData("boolean", null, "true", "true")]
    [InlineData("text", null, "true", "\"true\"")]
    [InlineData("text", null, null, "null")]
    [InlineData("variant", null, "{\"a\":1}", "\"{\\u0022a\\u0022:1}\"")]
    [InlineData("binary", null, "48656C6C6F", "\"48656C6C6F\"")]
    [InlineData("binary", null, "xyz", "\"xyz\"")]
    [InlineData("date", null, "0", "\"1970-01-01\"")]
    [InlineData("date", null, "-1", "\"1969-12-31\"")]
    [InlineData("date", null, "99999999", "\"99999999\"")]
    [InlineData("time", null, "3661.5", "\"01:01:01.5\"")]
    [InlineData("time", null, "90000", "\"90000\"")]
    [InlineData("timestamp_ntz", null, "1597090533.987000000", "\"2020-08-10T20:15:33.987\"")]
    [InlineData("timestamp_ntz", null, "-0.5", "\"1969-12-31T23:59:59.5\"")]
    [InlineData("timestamp_ltz", null, "0.000000100", "\"1970-01-01T00:00:00.0000001\\u002B00:00\"")]
    [InlineData("timestamp_tz", null, "0.000000000 1500", "\"1970-01-01T01:00:00\\u002B01:00\"")]
    [InlineData("timestamp_tz", null, "0.000000000 1020", "\"1969-12-31T17:00:00-07:00\"")]
    [InlineData("timestamp_tz", null, "0", "\"0\"")]
    [InlineData("timestamp_ntz", null, "1e400", "\"1e400\"")]
    [InlineData("of_tomorrow", null, "x", "\"x\"")]
    public void Cell_is_written_as_what_its_column_says_or_stays_text(string type, int? scale, string? cell, string expected)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            SqlValue.Write(json, new SqlColumn("C", type, Nullable: true, null, scale), cell);
        }
        Assert.Equal(expected, Encoding.UTF8.GetString(buffer.ToArray()));
    }
}
