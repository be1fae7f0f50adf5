using System.Buffers;
using System.Text;

namespace EditorBridge.Audit;

/// <summary>Strings as RFC 8785 §3.2.2.2 writes them: only what must be escaped is, in the shortest way.</summary>
internal static class CanonicalText
{
    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        "\"\\\u0000\u0001\u0002\u0003\u0004\u0005\u0006\u0007\b\t\n\u000b\f\r\u000e\u000f" +
        "\u0010\u0011\u0012\u0013\u0014\u0015\u0016\u0017\u0018\u0019\u001a\u001b\u001c\u001d\u001e\u001f");

    /// <summary>Writes a quoted string; half of a surrogate pair becomes U+FFFD, as it does in the database.</summary>
    public static void WriteString(ArrayBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        WriteAscii(output, "\"");
        while (true)
        {
            int at = text.IndexOfAny(Escaped);
            WriteUtf8(output, at < 0 ? text : text[..at]);
            if (at < 0)
            {
                break;
            }
            WriteAscii(output, Escape(text[at]));
            text = text[(at + 1)..];
        }
        WriteAscii(output, "\"");
    }

    public static void WriteAscii(ArrayBufferWriter<byte> output, ReadOnlySpan<char> ascii) => WriteUtf8(output, ascii);

    /// <summary>The text as UTF-8 can carry it: every half of a surrogate pair replaced by U+FFFD.</summary>
    public static string WellFormed(string text)
    {
        for (int i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogate(text[i]))
            {
                if (!(char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1])))
                {
                    return Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text));
                }
                i++;
            }
        }
        return text;
    }

    private static void WriteUtf8(ArrayBufferWriter<byte> output, ReadOnlySpan<char> text)
    {
        Span<byte> target = output.GetSpan(Encoding.UTF8.GetMaxByteCount(text.Length));
        output.Advance(Encoding.UTF8.GetBytes(text, target));
    }

    private static string Escape(char c) => c switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\t' => "\\t",
        '\n' => "\\n",
        '\f' => "\\f",
        '\r' => "\\r",
        _ => $"\\u{(int)c:x4}",
    };
}
