namespace EditorBridge.Sql;

/// <summary>A fixed map from ASCII words to values, without regard to case and without allocation on lookup.</summary>
internal sealed class WordTable<T>
{
    private readonly string?[] _words;
    private readonly T[] _values;
    private readonly int _mask;

    public WordTable(IEnumerable<KeyValuePair<string, T>> entries)
    {
        var all = entries.ToArray();
        var size = 16;
        while (size < all.Length * 3) size *= 2;
        _words = new string?[size];
        _values = new T[size];
        _mask = size - 1;
        foreach (var (word, value) in all) Add(word, value);
    }

    public bool TryGet(ReadOnlySpan<char> word, out T value)
    {
        for (var slot = Hash(word) & _mask; _words[slot] is { } candidate; slot = (slot + 1) & _mask)
        {
            if (candidate.Length == word.Length && SameWord(candidate, word))
            {
                value = _values[slot];
                return true;
            }
        }
        value = default!;
        return false;
    }

    private void Add(string word, T value)
    {
        var slot = Hash(word) & _mask;
        while (_words[slot] is { } taken && taken != word) slot = (slot + 1) & _mask;
        _words[slot] = word;
        _values[slot] = value;
    }

    private static int Hash(ReadOnlySpan<char> word)
    {
        // Clearing bit 5 folds the case of letters; what it does to other characters only costs a rare extra probe.
        uint hash = (uint)word.Length * 0x9E3779B1;
        foreach (var c in word) hash = (hash ^ (uint)(c & ~0x20)) * 0x01000193;
        return (int)(hash ^ (hash >> 15));
    }

    private static bool SameWord(string upper, ReadOnlySpan<char> word)
    {
        for (var i = 0; i < upper.Length; i++)
        {
            var c = word[i];
            if (c is >= 'a' and <= 'z') c = (char)(c & ~0x20);
            if (c != upper[i]) return false;
        }
        return true;
    }
}
