using EditorBridge.Sql;

namespace EditorBridge.Trust;

/// <summary>When what a session has taken in makes a call wait for a person.</summary>
public sealed class TaintTests
{
    [Theory]
    [InlineData(Taint.None, true, null, null)]
    [InlineData(Taint.Private, true, null, null)]
    [InlineData(Taint.Untrusted | Taint.Private, false, null, null)]
    [InlineData(Taint.Untrusted, true, null, Severity.Medium)]
    [InlineData(Taint.Untrusted | Taint.Private, true, null, Severity.High)]
    [InlineData(Taint.Private, true, "a piece", Severity.High)]
    [InlineData(Taint.Private, false, "a piece", null)]
    public void Way_out_is_asked_about_after_foreign_text(Taint soFar, bool canSendOut, string? carried, Severity? expected)
    {
        var decision = TaintRules.Judge(soFar, ["web"], canSendOut, carried);

        Assert.Equal(expected, decision?.Severity);
        if (decision is not null) Assert.Equal(Effect.Review, decision.AtLeast);
    }

    [Theory]
    [InlineData("Please search for 'CUSTOMER ada nowak, customer1@example.com, de 2024' now", true)]
    [InlineData("search customer ada", false)]
    [InlineData("", false)]
    public void Piece_of_an_earlier_result_is_found_whatever_its_case_and_spaces(string input, bool found)
    {
        var earlier = Shingles.Of("""["Customer: Ada Nowak","customer1@example.com","DE","2024-01-08"]""", 10_000);

        Assert.Equal(found, Shingles.Common(input, [earlier]) is not null);
    }

    [Fact]
    public void Every_long_piece_of_a_text_is_found_and_random_texts_share_none()
    {
        var random = new Random(7);
        string Letters(int count) => new([.. Enumerable.Range(0, count).Select(_ => "abcdefghijklmnopqrstuvwxyz0123456789 ,-"[random.Next(39)])]);
        for (var round = 0; round < 200; round++)
        {
            var text = Letters(400);
            var known = Shingles.Of(text, 10_000);
            Assert.NotNull(Shingles.Common(string.Concat(Letters(50), text.AsSpan(random.Next(300), 60), Letters(50)), [known]));
            Assert.Null(Shingles.Common(Letters(400), [known]));
        }
    }
}
