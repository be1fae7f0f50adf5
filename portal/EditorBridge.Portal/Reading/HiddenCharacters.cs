using System.Globalization;

namespace EditorBridge.Portal.Reading;

/// <summary>A run of text that is shown as it is, or one character that must not work but be seen.</summary>
/// <param name="Hidden">Text is the code point's name, such as <c>U+202E</c>.</param>
public readonly record struct TextRun(string Text, bool Hidden);

/// <summary>
/// Splits foreign text so that characters which reorder or hide text become visible marks:
/// bidirectional controls (the "Trojan Source" trick), zero-width characters, other controls and lone surrogates.
/// </summary>
public static class HiddenCharacters
{
    public static IEnumerable<TextRun> Split(string text)
    {
        var start = 0;
        for (var i = 0; i < text.Length; i++)
        {
            var pair = char.IsSurrogatePair(text, i);
            if (!IsHidden(text, i, pair))
            {
                if (pair) i++;
                continue;
            }

            if (i > start) yield return new TextRun(text[start..i], Hidden: false);
            var code = pair ? char.ConvertToUtf32(text, i) : text[i];
            yield return new TextRun(string.Create(CultureInfo.InvariantCulture, $"U+{code:X4}"), Hidden: true);
            if (pair) i++;
            start = i + 1;
        }

        if (start < text.Length) yield return new TextRun(text[start..], Hidden: false);
    }

    private static bool IsHidden(string text, int index, bool pair)
    {
        var c = text[index];
        if (c is '\t' or '\n' or '\r') return false;
        if (!pair && char.IsSurrogate(c)) return true;
        return CharUnicodeInfo.GetUnicodeCategory(text, index) switch
        {
            UnicodeCategory.Control or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator => true,
            // Format characters join emoji too; in a record to be judged, seeing them matters more than a pretty emoji.
            UnicodeCategory.Format => true,
            _ => c is '\u115F' or '\u1160' or '\u3164' or '\uFFA0' or '\u00A0' or '\u2800',
        };
    }
}
