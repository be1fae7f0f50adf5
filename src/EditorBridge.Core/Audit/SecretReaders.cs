using System.Buffers;

namespace EditorBridge.Audit;

/// <summary>Find where a secret ends. Each looks ahead a bounded way; what it does not understand it takes as far as it looks like a word.</summary>
internal static class SecretReaders
{
    /// <summary>No quoted secret is longer; without a closing quote within this the text was cut.</summary>
    private const int LongestQuoted = 8192;

    private const int LongestKey = 64 * 1024;

    /// <summary>Shorter unquoted values are numbers and flags, not secrets.</summary>
    private const int ShortestBare = 4;

    private const int ShortestToken = 8;

    private const string Placeholder = "[redacted:";

    private static readonly SearchValues<char> EndOfBare = SearchValues.Create("\"'`,;&|<>(){}[]\\$ \t\r\n\f\v");
    private static readonly SearchValues<char> EndOfUrlPart = SearchValues.Create("/\"'\\ \t\r\n<>");
    private static readonly SearchValues<char> Base64 = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=:, \t\r\n");

    private static readonly SearchValues<char> TokenCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._~+/=:%-");

    /// <summary>The match itself is the secret.</summary>
    public static Range Whole(string text, int matchStart, int matchEnd) => matchStart..matchEnd;

    /// <summary>A run of characters that tokens in headers are made of.</summary>
    public static Range Token(string text, int matchStart, int matchEnd)
    {
        int length = text.AsSpan(matchEnd).IndexOfAnyExcept(TokenCharacters);
        int end = length < 0 ? text.Length : matchEnd + length;
        return end - matchEnd >= ShortestToken ? matchEnd..end : matchEnd..matchEnd;
    }

    /// <summary>What stands after a name: 'SQL string', $$ string $$, "string", "string in an escaped string", or a bare word.</summary>
    public static Range Value(string text, int matchStart, int matchEnd)
    {
        int at = matchEnd;
        while (at < text.Length && text[at] == '\\')
        {
            at++;
        }
        if (at < text.Length && text[at] is '"' or '\'' or '`')
        {
            int start = at + 1;
            int end = text[at] is '\'' ? EndOfSqlString(text, start) : EndOfString(text, start, text[at], at - matchEnd);
            return end >= 0 ? Unless(text, start, end) : Bare(text, start);
        }
        if (text.AsSpan(matchEnd).StartsWith("$$", StringComparison.Ordinal))
        {
            int start = matchEnd + 2;
            int length = Ahead(text, start, LongestQuoted).IndexOf("$$", StringComparison.Ordinal);
            return length >= 0 ? Unless(text, start, start + length) : Bare(text, start);
        }
        return Bare(text, matchEnd);
    }

    /// <summary>Everything up to the closing parenthesis, not counting those in strings.</summary>
    public static Range Parentheses(string text, int matchStart, int matchEnd)
    {
        int limit = Math.Min(text.Length, matchEnd + LongestQuoted);
        bool quoted = false;
        for (int i = matchEnd; i < limit; i++)
        {
            if (text[i] == '\'')
            {
                quoted = !quoted;
            }
            else if (text[i] == ')' && !quoted)
            {
                return Unless(text, matchEnd, i);
            }
        }
        return matchEnd..limit;
    }

    /// <summary>From user:… up to the last @ before the path.</summary>
    public static Range UrlPassword(string text, int matchStart, int matchEnd)
    {
        ReadOnlySpan<char> rest = Ahead(text, matchEnd, LongestQuoted);
        int length = rest.IndexOfAny(EndOfUrlPart);
        int at = (length < 0 ? rest : rest[..length]).LastIndexOf('@');
        return at > 0 ? Unless(text, matchEnd, matchEnd + at) : matchEnd..matchEnd;
    }

    /// <summary>A PEM block up to its END line, or as far as base64 goes when it was cut; line ends may be escaped.</summary>
    public static Range PrivateKey(string text, int matchStart, int matchEnd)
    {
        ReadOnlySpan<char> rest = Ahead(text, matchEnd, LongestKey);
        int end = rest.IndexOf("-----END ", StringComparison.Ordinal);
        int begin = rest.IndexOf("-----BEGIN ", StringComparison.Ordinal);
        if (end >= 0 && (begin < 0 || end < begin))
        {
            int close = rest[(end + 9)..].IndexOf("-----", StringComparison.Ordinal);
            return matchStart..(matchEnd + end + 9 + (close is >= 0 and < 80 ? close + 5 : 0));
        }
        int at = matchEnd;
        while (at < matchEnd + rest.Length && (Base64.Contains(text[at]) || IsEscapedLineEnd(text, at)))
        {
            at += text[at] == '\\' ? 2 : 1;
        }
        return matchStart..at;
    }

    private static bool IsEscapedLineEnd(string text, int at) => text[at] == '\\' && at + 1 < text.Length && text[at + 1] is 'n' or 'r';

    private static ReadOnlySpan<char> Ahead(string text, int start, int most) => text.AsSpan(start, Math.Min(most, text.Length - start));

    private static int EndOfSqlString(string text, int start)
    {
        int limit = Math.Min(text.Length, start + LongestQuoted);
        for (int i = start; i < limit; i++)
        {
            if (text[i] == '\\')
            {
                i++;
            }
            else if (text[i] == '\'')
            {
                if (i + 1 >= text.Length || text[i + 1] != '\'')
                {
                    return i;
                }
                i++;
            }
        }
        return -1;
    }

    /// <summary>Where a string ends that was opened after <paramref name="escapes"/> backslashes: at a quote after as many or fewer.</summary>
    private static int EndOfString(string text, int start, char quote, int escapes)
    {
        int limit = Math.Min(text.Length, start + LongestQuoted);
        int backslashes = 0;
        for (int i = start; i < limit; i++)
        {
            if (text[i] == '\\')
            {
                backslashes++;
                continue;
            }
            if (text[i] == quote && (backslashes <= escapes || (escapes == 0 && backslashes % 2 == 0)))
            {
                return i - Math.Min(backslashes, escapes);
            }
            backslashes = 0;
        }
        return -1;
    }

    private static Range Bare(string text, int start)
    {
        ReadOnlySpan<char> rest = text.AsSpan(start);
        int length = rest.IndexOfAny(EndOfBare);
        int end = length < 0 ? text.Length : start + length;
        return end - start >= ShortestBare ? start..end : start..start;
    }

    /// <summary>Nothing, when an earlier pattern has already said what stood there, or when the value is empty.</summary>
    private static Range Unless(string text, int start, int end) =>
        end > start && !text.AsSpan(start, end - start).Contains(Placeholder, StringComparison.Ordinal) ? start..end : start..start;
}
