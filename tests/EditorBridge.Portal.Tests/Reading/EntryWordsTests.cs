using EditorBridge.Audit;

namespace EditorBridge.Portal.Reading;

public sealed class EntryWordsTests
{
    [Fact]
    public void Every_kind_of_entry_has_words_of_its_own()
    {
        var words = Enum.GetValues<EntryKind>().Select(kind => (kind, Words: EntryWords.Of(kind))).ToArray();
        Assert.All(words, pair => Assert.NotEqual(pair.kind.WireName(), pair.Words));
        Assert.Equal(words.Length, words.Select(pair => pair.Words).Distinct(StringComparer.Ordinal).Count());
    }
}
