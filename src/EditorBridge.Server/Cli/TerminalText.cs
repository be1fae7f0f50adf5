using System.Globalization;
using System.Text;

namespace EditorBridge.Cli;

/// <summary>Text an agent wrote, made safe for a terminal: control, formatting and bidi characters are shown by their code points.</summary>
internal static class TerminalText
{
    public static string Visible(string text) =>
        string.Concat(text.EnumerateRunes().Select(rune => rune.Value is '\n' or '\t' || !IsHidden(rune) ? rune.ToString() : $"<U+{rune.Value:X4}>"));

    /// <summary>On one line.</summary>
    public static string Line(string text) => Visible(text.ReplaceLineEndings(" ").Replace('\t', ' '));

    private static bool IsHidden(Rune rune) => Rune.GetUnicodeCategory(rune)
        is UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.OtherNotAssigned;
}
