using System.Buffers;
using System.Globalization;
using System.Text;

namespace EditorBridge.Sql;

/// <summary>Characters that make a text look unlike what runs: invisible ones, ones that turn the direction of writing, and ones that resemble ASCII.</summary>
internal static class LookAlikes
{
    private const string Cyrillic = "\u0410\u0412\u0415\u0405\u0406\u0408\u041A\u041C\u041D\u041E\u0420\u0421\u0422\u0423\u0425\u0430\u0435\u043E\u0440\u0456\u0455\u0458\u0441\u0443\u0445\u0501\u051B\u051D\u04BB\u0475";
    private const string CyrillicAs = "ABESIJKMHOPCTYXaeopisjcyxdqwhv";
    private const string Greek = "\u0391\u0392\u0395\u0396\u0397\u0399\u039A\u039C\u039D\u039F\u03A1\u03A4\u03A5\u03A7\u03BF\u03BD\u03B9";
    private const string GreekAs = "ABEZHIKMNOPTYXovi";
    private const string Latin = "\u0131\u017FK\u212F\u210A\u210E\u2113";
    private const string LatinAs = "isKeghl";
    private const string Punctuation = "\u037E\u2018\u2019\u201A\u201B\u2032\u201C\u201D\u201E\u201F\u2033\u2010\u2011\u2012\u2013\u2014\u2212\u2044\u2215\u29F8\u2024";
    private const string PunctuationAs = ";'''''\"\"\"\"\"------///.";

    private static readonly SearchValues<char> BidiControls = SearchValues.Create("\u202A\u202B\u202C\u202D\u202E\u2066\u2067\u2068\u2069");

    public static bool HoldsBidi(ReadOnlySpan<char> text) => text.ContainsAny(BidiControls);

    public static bool IsInvisible(char c) =>
        c is '\u200B' or '\u200C' or '\u200D' or '\u200E' or '\u200F' or '\u2060' or '\u00AD' or '\uFEFF' or '\u180E' or '\0'
        || c is >= '\u202A' and <= '\u202E' || c is >= '\u2066' and <= '\u2069'
        || (c is < ' ' and not ('\t' or '\n' or '\r' or '\f' or '\v')) || c == '\u007F';

    /// <summary>True for what some readers, but perhaps not the server, take for white space.</summary>
    public static bool IsOddSpace(char c) => c >= '\u0080' && (char.IsWhiteSpace(c) || c == '\u0085');

    /// <summary>The ASCII character that <paramref name="c"/> looks like, or <paramref name="c"/> itself.</summary>
    public static char Fold(char c)
    {
        if (c < '\u0080') return c;
        if (c is >= '\uFF01' and <= '\uFF5E') return (char)(c - 0xFEE0);
        if (c is '\u2028' or '\u2029' or '\u0085') return '\n';
        if (char.IsWhiteSpace(c)) return ' ';
        return Find(Cyrillic, CyrillicAs, c) ?? Find(Greek, GreekAs, c) ?? Find(Latin, LatinAs, c) ?? Find(Punctuation, PunctuationAs, c) ?? c;
    }

    /// <summary>The text without invisible characters and with look-alikes replaced, compared as a person would read it.</summary>
    public static string Fold(ReadOnlySpan<char> text)
    {
        var folded = new StringBuilder(text.Length);
        foreach (var c in text)
        {
            if (!IsInvisible(c)) folded.Append(Fold(c));
        }
        return folded.ToString();
    }

    /// <summary>True when one name mixes Latin letters with letters of another script that look like Latin ones.</summary>
    public static bool MixesScripts(ReadOnlySpan<char> name)
    {
        bool latin = false, other = false;
        foreach (var c in name)
        {
            if (char.IsAsciiLetter(c)) latin = true;
            else if (c >= '\u0080' && Fold(c) is var folded && folded != c && char.IsAsciiLetter(folded)) other = true;
            else if (IsInvisible(c)) return true;
        }
        return other && (latin || name.Length > 0 && AllFold(name));
    }

    public static bool IsLetter(char c) => char.IsLetterOrDigit(c) || CharUnicodeInfo.GetUnicodeCategory(c) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.Surrogate or UnicodeCategory.LetterNumber;

    private static bool AllFold(ReadOnlySpan<char> name)
    {
        foreach (var c in name)
        {
            if (Fold(c) >= '\u0080') return false;
        }
        return true;
    }

    private static char? Find(string from, string to, char c)
    {
        var at = from.IndexOf(c, StringComparison.Ordinal);
        return at < 0 ? null : to[at];
    }
}
