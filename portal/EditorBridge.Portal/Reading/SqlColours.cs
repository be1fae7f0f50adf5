using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Portal.Reading;

/// <summary>Colours of SQL, line by line, from the same lexer that judges it: what is shown as a comment is what was read as one.</summary>
public sealed class SqlColours
{
    public static readonly SqlColours None = new([]);

    /// <summary>Longer texts are shown without colours.</summary>
    private const int MostCharacters = 100_000;

    private readonly Dictionary<int, ImmutableArray<Mark>> _byLineStart;

    private SqlColours(Dictionary<int, ImmutableArray<Mark>> byLineStart) => _byLineStart = byLineStart;

    /// <summary>Marks of the line that begins at this offset, relative to it.</summary>
    public ImmutableArray<Mark> OfLineAt(int start) => _byLineStart.GetValueOrDefault(start, []);

    /// <summary>Whether a text is worth reading as SQL.</summary>
    public static bool Fits(string? path, string? tool) =>
        path?.EndsWith(".sql", StringComparison.OrdinalIgnoreCase) == true
        || tool?.Contains("sql", StringComparison.OrdinalIgnoreCase) == true;

    public static SqlColours Of(string text)
    {
        if (text.Length is 0 or > MostCharacters) return None;
        var lines = new Dictionary<int, ImmutableArray<Mark>.Builder>();
        var lineStart = 0;
        foreach (var token in SqlLexer.Lex(text))
        {
            // A token may span lines: each line gets its part.
            var css = CssOf(token);
            for (var at = token.Start; at < token.End;)
            {
                var end = text.IndexOf('\n', at, token.End - at);
                var stop = end < 0 ? token.End : end;
                if (css is not null && stop > at)
                {
                    if (!lines.TryGetValue(lineStart, out var marks)) lines[lineStart] = marks = ImmutableArray.CreateBuilder<Mark>();
                    marks.Add(new Mark(at - lineStart, stop - at, css));
                }

                at = stop;
                if (end < 0) continue;
                at = lineStart = end + 1;
            }
        }

        return new SqlColours(lines.ToDictionary(line => line.Key, line => line.Value.ToImmutable()));
    }

    private static string? CssOf(SqlToken token) => token.Kind switch
    {
        TokenKind.LineComment or TokenKind.BlockComment => "com",
        TokenKind.String or TokenKind.DollarString => "str",
        TokenKind.Number => "num",
        TokenKind.Word when token.Keyword != Kw.Unlisted => "kw",
        TokenKind.Variable or TokenKind.Template or TokenKind.Substitution or TokenKind.Placeholder => "var",
        TokenKind.StagePath or TokenKind.Uri => "num",
        _ => null,
    };
}
