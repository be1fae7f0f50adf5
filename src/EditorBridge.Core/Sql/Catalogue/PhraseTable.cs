namespace EditorBridge.Sql;

/// <summary>A map from phrases of one or more words to values, matched against tokens without regard to case; the longest phrase wins.</summary>
internal sealed class PhraseTable<T>
    where T : class
{
    private readonly Node _root = new();

    public void Add(ReadOnlySpan<string> words, T value)
    {
        var node = _root;
        foreach (var word in words)
        {
            if (!node.Next.TryGetValue(word, out var next))
            {
                next = new Node();
                node.Next.Add(word, next);
                node.Lookup = node.Next.GetAlternateLookup<ReadOnlySpan<char>>();
            }
            node = next;
        }
        node.Value = value;
    }

    /// <summary>The value of the longest phrase that starts at <paramref name="tokens"/>[0], and its number of words; null when there is none.</summary>
    public T? Match(string text, ReadOnlySpan<SqlToken> tokens, out int length)
    {
        var node = _root;
        T? found = null;
        length = 0;
        for (var i = 0; i < tokens.Length && node.Next.Count > 0; i++)
        {
            if (!node.Lookup.TryGetValue(tokens[i].Of(text), out var next)) break;
            node = next;
            if (node.Value is null) continue;
            found = node.Value;
            length = i + 1;
        }
        return found;
    }

    private sealed class Node
    {
        public Dictionary<string, Node> Next { get; } = new(StringComparer.OrdinalIgnoreCase);
        public Dictionary<string, Node>.AlternateLookup<ReadOnlySpan<char>> Lookup { get; set; }
        public T? Value { get; set; }
    }
}
