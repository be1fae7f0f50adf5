namespace EditorBridge.Portal.Reading;

public sealed class HiddenCharactersTests
{
    [Theory]
    [InlineData("plain text\twith\ttabs", "plain text\twith\ttabs")]
    [InlineData("a\u202Eb", "a[U+202E]b")]
    [InlineData("x\u200B\u200Dy", "x[U+200B][U+200D]y")]
    [InlineData("\u001B[31mred", "[U+001B][31mred")]
    [InlineData("\uFEFFselect", "[U+FEFF]select")]
    [InlineData("a\u00A0b", "a[U+00A0]b")]
    [InlineData("\U000E0041tag", "[U+E0041]tag")]
    [InlineData("Grüße 漢字 🙂", "Grüße 漢字 🙂")]
    public void What_hides_or_reorders_is_named(string text, string expected) => Assert.Equal(expected, Shown(text));

    [Fact]
    public void Half_a_surrogate_pair_is_named() => Assert.Equal("a[U+D83D]b", Shown("a\uD83Db"));

    private static string Shown(string text) => string.Concat(HiddenCharacters.Split(text).Select(run => run.Hidden ? $"[{run.Text}]" : run.Text));
}
