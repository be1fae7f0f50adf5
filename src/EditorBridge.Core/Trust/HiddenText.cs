using System.Globalization;
using System.Text;

namespace EditorBridge.Trust;

/// <summary>How a character hides what a text says.</summary>
public enum HiddenKind
{
    /// <summary>Changes the direction of what is shown (U+202A … U+202E, U+2066 … U+2069): shown and said differ.</summary>
    Bidirectional,
    /// <summary>Has no width: U+200B, U+2060, U+FEFF and the like.</summary>
    ZeroWidth,
    /// <summary>The tags block (U+E0000 … U+E007F): invisible letters a model reads.</summary>
    Tag,
    /// <summary>A variation selector that selects nothing: bytes can be carried in them.</summary>
    VariationSelector,
    /// <summary>A control character, such as the escape that begins a terminal's commands.</summary>
    Control,
}

/// <param name="Start">Offset in UTF-16 units.</param>
public sealed record HiddenCharacter(HiddenKind Kind, int CodePoint, int Start);

/// <summary>Finds characters a person does not see and a model reads. What writing and emoji need is left alone.</summary>
public static class HiddenText
{
    public static IEnumerable<HiddenCharacter> Find(string text)
    {
        var before = 0;
        var beforeVisible = 0;
        for (var i = 0; i < text.Length;)
        {
            var rune = Rune.TryGetRuneAt(text, i, out var whole) ? whole.Value : 0xFFFD;
            var next = i + (rune > 0xFFFF ? 2 : 1);
            if (KindOf(rune) is { } kind && !IsNeeded(kind, rune, before, beforeVisible, After(text, next))) yield return new HiddenCharacter(kind, rune, i);
            if (KindOf(rune) is null) beforeVisible = rune;
            before = rune;
            i = next;
        }
    }

    /// <summary>The text with every hidden character, line ends and tabs aside, written as its code point: <c>⟨U+202E⟩</c>.</summary>
    public static string Reveal(string text)
    {
        StringBuilder? shown = null;
        var done = 0;
        foreach (var hidden in Find(text))
        {
            shown ??= new StringBuilder();
            shown.Append(text, done, hidden.Start - done).Append(CultureInfo.InvariantCulture, $"⟨U+{hidden.CodePoint:X4}⟩");
            done = hidden.Start + (hidden.CodePoint > 0xFFFF ? 2 : 1);
        }

        return shown?.Append(text, done, text.Length - done).ToString() ?? text;
    }

    /// <summary>The text without its hidden characters: what is looked for cannot be broken up by them.</summary>
    public static string Strip(string text)
    {
        StringBuilder? kept = null;
        var done = 0;
        foreach (var hidden in Find(text))
        {
            (kept ??= new StringBuilder()).Append(text, done, hidden.Start - done);
            done = hidden.Start + (hidden.CodePoint > 0xFFFF ? 2 : 1);
        }

        return kept?.Append(text, done, text.Length - done).ToString() ?? text;
    }

    private static HiddenKind? KindOf(int rune) => rune switch
    {
        0x061C or 0x200E or 0x200F or (>= 0x202A and <= 0x202E) or (>= 0x2066 and <= 0x2069) => HiddenKind.Bidirectional,
        0x00AD or 0x034F or 0x115F or 0x1160 or 0x17B4 or 0x17B5 or 0x180E or (>= 0x200B and <= 0x200D) or (>= 0x2060 and <= 0x2064) or (>= 0x206A and <= 0x206F) or 0x3164 or 0xFEFF or 0xFFA0 => HiddenKind.ZeroWidth,
        >= 0xE0000 and <= 0xE007F => HiddenKind.Tag,
        (>= 0xFE00 and <= 0xFE0F) or (>= 0xE0100 and <= 0xE01EF) => HiddenKind.VariationSelector,
        '\t' or '\n' or '\r' => null,
        < 0x20 or (>= 0x7F and <= 0x9F) => HiddenKind.Control,
        _ => null,
    };

    // An emoji may carry one selector, may be joined to the next, and a flag of a region is spelled in tags after U+1F3F4. Joiners stand inside words of Arabic
    // and Indic scripts; direction marks stand beside their letters.
    private static bool IsNeeded(HiddenKind kind, int rune, int before, int beforeVisible, int after) => kind switch
    {
        HiddenKind.VariationSelector => before == beforeVisible && before > 0 && (rune is 0xFE0E or 0xFE0F ? IsSymbol(before) || before is '#' or '*' or (>= '0' and <= '9') : IsIdeograph(before)),
        HiddenKind.ZeroWidth when rune == 0x200D => (IsSymbol(beforeVisible) && IsSymbol(after)) || (IsJoining(before) && IsJoining(after)),
        HiddenKind.ZeroWidth when rune == 0x200C => IsJoining(before) && IsJoining(after),
        HiddenKind.Tag => beforeVisible == 0x1F3F4 && rune is (>= 0xE0030 and <= 0xE0039) or (>= 0xE0061 and <= 0xE007A) or 0xE007F,
        HiddenKind.Bidirectional when rune is 0x200E or 0x200F or 0x061C => IsRightToLeft(before) || IsRightToLeft(after),
        _ => false,
    };

    private static int After(string text, int index) => index < text.Length && Rune.TryGetRuneAt(text, index, out var rune) ? rune.Value : 0;

    private static bool IsSymbol(int rune) => rune > 0 && Rune.IsValid(rune) && Rune.GetUnicodeCategory(new Rune(rune)) is UnicodeCategory.OtherSymbol or UnicodeCategory.ModifierSymbol or UnicodeCategory.MathSymbol or UnicodeCategory.OtherPunctuation;

    private static bool IsIdeograph(int rune) => rune is (>= 0x3400 and <= 0x9FFF) or (>= 0xF900 and <= 0xFAFF) or (>= 0x20000 and <= 0x3FFFF) or (>= 0x1820 and <= 0x18AA);

    private static bool IsJoining(int rune) => rune is (>= 0x0600 and <= 0x08FF) or (>= 0x0900 and <= 0x0DFF) or (>= 0x1000 and <= 0x109F) or (>= 0x1780 and <= 0x17FF) or (>= 0xFB50 and <= 0xFDFF);

    private static bool IsRightToLeft(int rune) => rune is (>= 0x0590 and <= 0x08FF) or (>= 0xFB1D and <= 0xFDFF) or (>= 0xFE70 and <= 0xFEFC);
}
