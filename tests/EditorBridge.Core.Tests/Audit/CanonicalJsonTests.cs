using System.Globalization;
using EditorBridge.Audit;

namespace EditorBridge.Core.Tests.Audit;

public class CanonicalJsonTests
{
    [Theory]
    // RFC 8785 §3.2.2 and §3.2.3: the two worked examples.
    [InlineData(
        """{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001], "string": "\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/", "literals": [null, true, false]}""",
        "{\"literals\":[null,true,false],\"numbers\":[333333333.3333333,1e+30,4.5,0.002,1e-27],\"string\":\"€$\\u000f\\nA'B\\\"\\\\\\\\\\\"/\"}")]
    [InlineData(
        "{\"\\u20ac\": \"Euro Sign\", \"\\r\": \"Carriage Return\", \"\\ufb33\": \"Hebrew Letter Dalet With Dagesh\", \"1\": \"One\", \"\\ud83d\\ude00\": \"Emoji: Grinning Face\", \"\\u0080\": \"Control\", \"\\u00f6\": \"Latin Small Letter O With Diaeresis\"}",
        "{\"\\r\":\"Carriage Return\",\"1\":\"One\",\"\u0080\":\"Control\",\"ö\":\"Latin Small Letter O With Diaeresis\",\"€\":\"Euro Sign\",\"😀\":\"Emoji: Grinning Face\",\"\ufb33\":\"Hebrew Letter Dalet With Dagesh\"}")]
    [InlineData("""{ "b" : { "z" : 1 , "a" : [ ] } , "a" : { } }""", """{"a":{},"b":{"a":[],"z":1}}""")]
    [InlineData("""  "" """, "\"\"")]
    [InlineData("\"\\u0000\\u001f\\u007f\\/\"", "\"\\u0000\\u001f\u007f/\"")]
    public void Json_is_written_in_the_one_spelling(string json, string canonical) => Check(json, canonical);

    [Theory]
    // RFC 8785 appendix B: the bits of a double and its text.
    [InlineData(0x0000000000000000, "0")]
    [InlineData(0x8000000000000000, "0")]
    [InlineData(0x0000000000000001, "5e-324")]
    [InlineData(0x8000000000000001, "-5e-324")]
    [InlineData(0x7fefffffffffffff, "1.7976931348623157e+308")]
    [InlineData(0xffefffffffffffff, "-1.7976931348623157e+308")]
    [InlineData(0x4340000000000000, "9007199254740992")]
    [InlineData(0xc340000000000000, "-9007199254740992")]
    [InlineData(0x4430000000000000, "295147905179352830000")]
    [InlineData(0x44b52d02c7e14af5, "9.999999999999997e+22")]
    [InlineData(0x44b52d02c7e14af6, "1e+23")]
    [InlineData(0x44b52d02c7e14af7, "1.0000000000000001e+23")]
    [InlineData(0x444b1ae4d6e2ef4e, "999999999999999700000")]
    [InlineData(0x444b1ae4d6e2ef4f, "999999999999999900000")]
    [InlineData(0x444b1ae4d6e2ef50, "1e+21")]
    [InlineData(0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7")]
    [InlineData(0x3eb0c6f7a0b5ed8d, "0.000001")]
    [InlineData(0x41b3de4355555553, "333333333.3333332")]
    [InlineData(0x41b3de4355555554, "333333333.33333325")]
    [InlineData(0x41b3de4355555555, "333333333.3333333")]
    [InlineData(0x41b3de4355555556, "333333333.3333334")]
    [InlineData(0x41b3de4355555557, "333333333.33333343")]
    [InlineData(0xbecbf647612f3696, "-0.0000033333333333333333")]
    [InlineData(0x43143ff3c1cb0959, "1424953923781206.2")]
    public void Double_is_written_as_ecmascript_does(ulong bits, string text)
    {
        double value = BitConverter.UInt64BitsToDouble(bits);
        Assert.Equal(text, CanonicalNumber.Format(value));
        Check(value.ToString("E17", CultureInfo.InvariantCulture), text);
    }

    [Theory]
    [InlineData("9007199254740991", "9007199254740991")]
    [InlineData("9007199254740992", "9007199254740992")]
    [InlineData("9007199254740993", "9007199254740993")]
    [InlineData("-9007199254740993", "-9007199254740993")]
    [InlineData("9007199254740993.0", "9007199254740992")]
    [InlineData("1000000000000000000000", "1e+21")]
    [InlineData("1000000000000000000001", "1000000000000000000001")]
    [InlineData("-0", "0")]
    [InlineData("-0.0", "0")]
    [InlineData("1e-400", "0")]
    public void Integer_a_double_cannot_carry_keeps_its_digits(string literal, string canonical) => Check(literal, canonical);

    [Theory]
    [InlineData("1e400", "outside the range")]
    [InlineData("-1E309", "outside the range")]
    [InlineData("""{"a":1,"a":2}""", "strict JSON")]
    [InlineData("""{"a":1,"\u0061":2}""", "strict JSON")]
    [InlineData("[1,]", "strict JSON")]
    [InlineData("[1] //", "strict JSON")]
    [InlineData("[NaN]", "strict JSON")]
    [InlineData("01", "strict JSON")]
    [InlineData("", "strict JSON")]
    [InlineData("\uFEFF{}", "strict JSON")]
    [InlineData("\"\\ud800\"", "not valid Unicode")]
    [InlineData("\"\\ude00\\ud83d\"", "not valid Unicode")]
    [InlineData("""{"\udfff":1}""", "not valid Unicode")]
    public void Json_with_two_meanings_is_refused(string json, string reason)
    {
        Assert.False(CanonicalJson.TryCanonicalize(json, out _, out string? problem));
        Assert.Contains(reason, problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Raw_half_of_a_surrogate_pair_is_refused()
    {
        Assert.False(CanonicalJson.TryCanonicalize("\"" + (char)0xD800 + "\"", out _, out string? problem));
        Assert.Contains("surrogate", problem, StringComparison.Ordinal);
    }

    [Fact]
    public void Nesting_beyond_the_limit_is_refused()
    {
        int limit = CanonicalJson.MaxDepth;
        Check(new string('[', limit) + new string(']', limit), new string('[', limit) + new string(']', limit));
        Assert.False(CanonicalJson.TryCanonicalize(new string('[', limit + 1) + new string(']', limit + 1), out _, out _));
        Assert.False(CanonicalJson.TryCanonicalize(new string('[', 1_000_000), out _, out _));
    }

    private static void Check(string json, string canonical)
    {
        Assert.True(CanonicalJson.TryCanonicalize(json, out string? written, out string? problem), problem);
        Assert.Equal(canonical, written);
        Assert.True(CanonicalJson.TryCanonicalize(written, out string? again, out problem), problem);
        Assert.Equal(canonical, again);
    }
}
