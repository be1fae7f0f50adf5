namespace EditorBridge.Sandbox.Cortex;

internal static class TextChunks
{
    /// <summary>Pieces of <paramref name="size"/> characters; a surrogate pair stays whole, since half of one is no valid JSON text.</summary>
    public static IEnumerable<string> Of(string text, int size)
    {
        var start = 0;
        while (start < text.Length)
        {
            var end = Math.Min(text.Length, start + size);
            if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
            {
                end++;
            }

            yield return text[start..end];
            start = end;
        }
    }
}
