using System.Runtime.CompilerServices;

namespace EditorBridge.Sql;

/// <summary>
/// Cuts Snowflake SQL into tokens that cover every character exactly once. Never throws and reads each character a fixed number of times.
/// <para>What is particular to Snowflake: block comments do not nest; <c>//</c> starts a comment as <c>--</c> does; strings know <c>''</c> and
/// backslash escapes, quoted identifiers only <c>""</c>; <c>$$</c> opens a string only where a token may start, because <c>$</c> is a letter inside
/// a word; <c>file://</c> and stage paths are single tokens. Where readers differ, the token is flagged and <see cref="SqlReading"/> picks the other reading.</para>
/// </summary>
public ref partial struct SqlLexer
{
    private static readonly WordTable<Kw> Words = new(Enum.GetValues<Kw>().Where(word => word != Kw.Unlisted).Select(word => KeyValuePair.Create(word.ToString(), word)));

    private readonly string _text;
    private readonly SqlReading _reading;
    private int _at;
    private bool _statementStart = true;

    public SqlLexer(string text, SqlReading reading = SqlReading.Server)
    {
        _text = text;
        _reading = reading;
    }

    /// <summary>All tokens of <paramref name="text"/> with trivia: their texts in a row are the text.</summary>
    public static List<SqlToken> Lex(string text, SqlReading reading = SqlReading.Server)
    {
        var tokens = new List<SqlToken>(text.Length / 3 + 4);
        var lexer = new SqlLexer(text, reading);
        while (lexer.Next(out var token)) tokens.Add(token);
        return tokens;
    }

    /// <summary>The keyword a word spells, or <see cref="Kw.Unlisted"/>.</summary>
    public static Kw KeywordOf(ReadOnlySpan<char> word) => Words.TryGet(word, out var keyword) ? keyword : Kw.Unlisted;

    /// <summary>Reads the next token; false at the end of the text.</summary>
    public bool Next(out SqlToken token)
    {
        if (_at >= _text.Length)
        {
            token = default;
            return false;
        }
        var start = _at;
        var flags = TokenMarks.None;
        var keyword = Kw.Unlisted;
        var kind = Read(ref flags, ref keyword);
        token = new SqlToken(kind, flags, keyword, start, _at - start);
        if (!token.IsTrivia) _statementStart = kind is TokenKind.Semicolon or TokenKind.ClientCommand;
        return true;
    }

    private TokenKind Read(ref TokenMarks flags, ref Kw keyword)
    {
        var c = _text[_at];
        switch (c)
        {
            case ' ' or '\t' or '\r' or '\n' or '\f' or '\v': return Space();
            case '-' when Peek(1) == '-': return LineComment(ref flags);
            case '/' when Peek(1) == '/': return LineComment(ref flags);
            case '/' when Peek(1) == '*': return BlockComment(ref flags);
            case '-' when Peek(1) == '>': return Peek(2) == '>' ? Take(3, TokenKind.Flow) : Take(2, TokenKind.Arrow);
            case '\'': return String(ref flags);
            case '"': return Quoted(ref flags);
            case '$': return Dollar(ref flags);
            case '@': return Stage(ref flags);
            case ';': return Take(Peek(1) == '>' ? 2 : 1, TokenKind.Semicolon);
            case ',': return Take(1, TokenKind.Comma);
            case '(': return Take(1, TokenKind.OpenParen);
            case ')': return Take(1, TokenKind.CloseParen);
            case '[': return Take(1, TokenKind.OpenBracket);
            case ']': return Take(1, TokenKind.CloseBracket);
            case '}': return Take(1, TokenKind.CloseBrace);
            case '{': return Brace(ref flags);
            case '?': return Take(1, TokenKind.Placeholder);
            case '*': return Take(1, TokenKind.Star);
            case '.': return char.IsAsciiDigit(Peek(1)) && !AfterName() ? Number() : Take(1, TokenKind.Dot);
            case ':': return Peek(1) switch { ':' => Take(2, TokenKind.Cast), '=' => Take(2, TokenKind.Assign), _ => Take(1, TokenKind.Colon) };
            case '=': return Peek(1) switch { '>' => Take(2, TokenKind.FatArrow), '=' => Take(2, TokenKind.Operator), _ => Take(1, TokenKind.Operator) };
            case '<' when Peek(1) == '%': return Template("%>", ref flags);
            case '<' or '>': return Take(Peek(1) == '=' || (c == '<' && Peek(1) == '>') ? 2 : 1, TokenKind.Operator);
            case '|': return Peek(1) == '|' ? Take(2, TokenKind.Operator) : Take(1, TokenKind.Operator);
            case '!': return Exclamation();
            case '&': return Ampersand(ref flags);
            case '%': return Percent();
            case '+' or '-' or '/' or '^' or '~': return Take(1, TokenKind.Operator);
            case >= '0' and <= '9': return Number();
        }
        if (char.IsAsciiLetter(c) || c == '_') return Word(ref flags, ref keyword);
        return c < '\u0080' && !LookAlikes.IsInvisible(c) ? Take(1, TokenKind.Unknown) : NonAscii(ref flags, ref keyword);
    }

    private readonly char Peek(int ahead) => _at + ahead < _text.Length ? _text[_at + ahead] : '\0';

    // `t.1` does not exist, but `$1.5` and `a.5` must not become a number after a name.
    private readonly bool AfterName() => _at > 0 && (char.IsLetterOrDigit(_text[_at - 1]) || _text[_at - 1] is '_' or '"' or ']' or ')');

    private TokenKind Take(int count, TokenKind kind)
    {
        _at += count;
        return kind;
    }

    private TokenKind Space()
    {
        while (Peek(0) is ' ' or '\t' or '\r' or '\n' or '\f' or '\v') _at++;
        return TokenKind.Whitespace;
    }

    private TokenKind Exclamation()
    {
        if (Peek(1) == '=') return Take(2, TokenKind.Operator);
        if (!_statementStart || !char.IsAsciiLetter(Peek(1))) return Take(1, TokenKind.Bang);
        while (_at < _text.Length && _text[_at] is not ('\n' or '\r' or ';')) _at++;
        return TokenKind.ClientCommand;
    }

    // %(name)s is how Python drivers write a value; a modulo of a parenthesis is not followed by a bare s.
    private TokenKind Percent()
    {
        if (Peek(1) == '(')
        {
            var at = _at + 2;
            while (at < _text.Length && IsWordPart(_text[at])) at++;
            if (at > _at + 2 && at + 1 < _text.Length && _text[at] == ')' && _text[at + 1] == 's' && (at + 2 == _text.Length || !IsWordPart(_text[at + 2])))
            {
                _at = at + 2;
                return TokenKind.Template;
            }
        }
        return Take(1, TokenKind.Operator);
    }

    private TokenKind Number()
    {
        while (char.IsAsciiDigit(Peek(0))) _at++;
        if (Peek(0) == '.' && !(Peek(1) == '.'))
        {
            _at++;
            while (char.IsAsciiDigit(Peek(0))) _at++;
        }
        if (Peek(0) is 'e' or 'E')
        {
            var sign = Peek(1) is '+' or '-' ? 2 : 1;
            if (char.IsAsciiDigit(Peek(sign)))
            {
                _at += sign;
                while (char.IsAsciiDigit(Peek(0))) _at++;
            }
        }
        return TokenKind.Number;
    }

    private TokenKind Word(ref TokenMarks flags, ref Kw keyword)
    {
        var start = _at;
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (IsWordPart(c))
            {
                _at++;
            }
            else if (c >= '\u0080' && (LookAlikes.IsLetter(c) || LookAlikes.IsInvisible(c)))
            {
                flags |= TokenMarks.Deceptive;
                _at++;
            }
            else
            {
                break;
            }
        }
        var word = _text.AsSpan(start, _at - start);
        if (word.Length is 4 or 5 && Peek(0) == ':' && Peek(1) == '/' && Peek(2) == '/' && IsUnquotedScheme(word))
        {
            // The scheme's own two slashes are the ambiguity: a reader that takes them for a comment ends the word here.
            flags |= TokenMarks.CommentInPath;
            if ((_reading & SqlReading.CommentsInPaths) == 0) return Path(TokenKind.Uri, ref flags);
        }
        keyword = flags == TokenMarks.None ? KeywordOf(word) : KeywordOf(LookAlikes.Fold(word));
        return TokenKind.Word;
    }

    private static bool IsUnquotedScheme(ReadOnlySpan<char> word) =>
        word.Equals("file", StringComparison.OrdinalIgnoreCase) || word.Equals("snow", StringComparison.OrdinalIgnoreCase);

    private TokenKind NonAscii(ref TokenMarks flags, ref Kw keyword)
    {
        var c = _text[_at];
        if (c == '\uFEFF' && _at == 0) return Take(1, TokenKind.Whitespace);
        flags |= TokenMarks.Deceptive;
        if (c < '\u0080') return Take(1, TokenKind.Unknown);
        if (LookAlikes.IsInvisible(c) && !(_at + 1 < _text.Length && (char.IsAsciiLetter(_text[_at + 1]) || _text[_at + 1] == '_'))) return Take(1, TokenKind.Unknown);
        if (LookAlikes.IsOddSpace(c)) return Take(1, TokenKind.Unknown);
        return LookAlikes.IsLetter(c) || LookAlikes.IsInvisible(c) ? Word(ref flags, ref keyword) : Take(1, TokenKind.Unknown);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsWordPart(char c) => char.IsAsciiLetterOrDigit(c) || c is '_' or '$';
}
