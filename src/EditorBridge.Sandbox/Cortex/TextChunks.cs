using System.Globalization;
using System.Text;
using EditorBridge.Sandbox.Script;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>Cuts a turn's texts into the deltas its pacing asks for.</summary>
internal static class TextChunks
{
    private const int DefaultSize = 24;

    public static IEnumerable<string> OfText(string text, Pacing pacing) => Cut(text, pacing.Chunk > 0 ? pacing.Chunk : DefaultSize);

    /// <summary>Pieces of a tool call's JSON text; escaped, even an escape or a surrogate pair may be split.</summary>
    public static IEnumerable<string> OfInput(string json, Pacing pacing) => OfText(pacing.Escape ? Escaped(json) : json, pacing);

    private static IEnumerable<string> Cut(string text, int size)
    {
        var start = 0;
        while (start < text.Length)
        {
            var end = Math.Min(text.Length, start + size);
            if (end < text.Length && char.IsHighSurrogate(text[end - 1]))
            {
                // Half of a surrogate pair is no valid JSON text.
                end++;
            }

            yield return text[start..end];
            start = end;
        }
    }

    private static string Escaped(string json)
    {
        var text = new StringBuilder();
        foreach (var character in json)
        {
            if (character < 0x80)
            {
                text.Append(character);
            }
            else
            {
                text.Append(CultureInfo.InvariantCulture, $"\\u{(int)character:x4}");
            }
        }

        return text.ToString();
    }
}
