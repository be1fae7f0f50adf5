namespace EditorBridge.Portal.Reading;

public sealed class TextDiffTests
{
    [Theory]
    [InlineData("", "", "")]
    [InlineData("", "a\n", "+a")]
    [InlineData("a\n", "", "-a")]
    [InlineData("a\nb\nc\n", "a\nx\nc\n", " a|-b|+x| c")]
    [InlineData("a\nb", "a\nb\n", " a| b")]
    [InlineData("a\r\nb\r\n", "a\nb\r\n", "-a\r|+a| b")]
    public void Lines_are_kept_added_and_removed(string before, string after, string expected)
    {
        var diff = TextDiff.Compare(before, after);
        Assert.Equal(expected, string.Join('|', diff.Lines.Select(line => Sign(line.Kind) + line.Text)));
    }

    [Theory]
    [InlineData("select a from t\n", "select b from t\n", "a", "b")]
    [InlineData("grant select to role REPORTING;\n", "grant select to role PUBLIC;\n", "REPORTING", "PUBLIC")]
    public void The_changed_words_of_a_line_are_marked(string before, string after, string oldWord, string newWord)
    {
        var diff = TextDiff.Compare(before, after);
        Assert.Equal(oldWord, Marked(diff.Lines[0]));
        Assert.Equal(newWord, Marked(diff.Lines[1]));
    }

    [Fact]
    public void Numbers_and_offsets_follow_their_own_text()
    {
        var line = TextDiff.Compare("one\ntwo\n", "zero\none\ntwo\n").Lines[2];
        Assert.Equal((2, 3, 4, 9), (line.OldNumber, line.NewNumber, line.OldStart, line.NewStart));
    }

    [Fact]
    public void Colours_follow_the_lexer_over_line_ends()
    {
        const string Text = "select 'a\nb' -- c\n";
        var colours = SqlColours.Of(Text);
        Assert.Equal(["kw:select", "str:'a"], Shown(colours, Text, 0));
        Assert.Equal(["str:b'", "com:-- c"], Shown(colours, Text, 10));
    }

    private static IEnumerable<string> Shown(SqlColours colours, string text, int lineStart) =>
        colours.OfLineAt(lineStart).Select(mark => $"{mark.CssClass}:{text.Substring(lineStart + mark.Start, mark.Length)}");

    private static string Marked(DiffLine line) => string.Concat(line.Marks.Select(mark => line.Text.Substring(mark.Start, mark.Length)));

    private static string Sign(DiffLineKind kind) => kind switch
    {
        DiffLineKind.Added => "+",
        DiffLineKind.Removed => "-",
        _ => " ",
    };
}
