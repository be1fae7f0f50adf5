namespace EditorBridge.Sql;

/// <summary>Comments, literals, paths and templates: the tokens whose end has rules of its own.</summary>
public ref partial struct SqlLexer
{
    private TokenKind LineComment(ref TokenMarks flags)
    {
        _at += 2;
        for (; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == '\n') break;
            if (c == '\r' && Peek(1) == '\n') break;
            if (c is '\r' or '\u2028' or '\u2029' or '\u0085' or '\v' or '\f')
            {
                flags |= TokenMarks.OddLineEnd;
                if ((_reading & SqlReading.OddLineEnds) != 0) break;
            }
            else if (c is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069')
            {
                flags |= TokenMarks.Bidi;
            }
        }
        return TokenKind.LineComment;
    }

    private TokenKind BlockComment(ref TokenMarks flags)
    {
        var depth = 1;
        _at += 2;
        for (; _at < _text.Length; _at++)
        {
            var c = _text[_at];
            if (c == '*' && Peek(1) == '/')
            {
                _at += 2;
                if (--depth == 0) return TokenKind.BlockComment;
                _at--;
            }
            else if (c == '/' && Peek(1) == '*')
            {
                flags |= TokenMarks.NestedComment;
                if ((_reading & SqlReading.NestedComments) == 0) continue;
                depth++;
                _at++;
            }
            else if (c is >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069')
            {
                flags |= TokenMarks.Bidi;
            }
        }
        flags |= TokenMarks.Unterminated;
        return TokenKind.BlockComment;
    }

    private TokenKind String(ref TokenMarks flags)
    {
        var start = _at++;
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c == '\'')
            {
                if (Peek(1) != '\'')
                {
                    _at++;
                    if ((flags & TokenMarks.HoldsTemplate) != 0 && !HoldsTemplate(_text.AsSpan(start, _at - start))) flags &= ~TokenMarks.HoldsTemplate;
                    return TokenKind.String;
                }
                flags |= TokenMarks.Escaped;
                _at++;
            }
            else if (c == '\\')
            {
                flags |= TokenMarks.Escaped;
                if (_at + 1 < _text.Length) _at++;
            }
            else
            {
                flags |= InLiteral(c);
                if (c is '{' or '<' or '&') flags |= TemplateAt(c);
            }
            _at++;
        }
        flags |= TokenMarks.Unterminated;
        return TokenKind.String;
    }

    private TokenKind Quoted(ref TokenMarks flags)
    {
        var start = _at++;
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c == '"')
            {
                if (Peek(1) != '"')
                {
                    _at++;
                    if ((flags & TokenMarks.Deceptive) != 0 && !LookAlikes.MixesScripts(_text.AsSpan(start, _at - start))) flags &= ~TokenMarks.Deceptive;
                    return TokenKind.QuotedIdentifier;
                }
                flags |= TokenMarks.Escaped;
                _at++;
            }
            else
            {
                flags |= InLiteral(c);
                if (c >= '\u0080' || c < ' ') flags |= TokenMarks.Deceptive;
            }
            _at++;
        }
        flags |= TokenMarks.Unterminated;
        return TokenKind.QuotedIdentifier;
    }

    private TokenKind Dollar(ref TokenMarks flags)
    {
        if (Peek(1) != '$')
        {
            _at++;
            if (!IsWordPart(Peek(0))) return TokenKind.Unknown;
            while (IsWordPart(Peek(0))) _at++;
            return TokenKind.Variable;
        }
        var body = _at + 2;
        var end = _text.IndexOf("$$", body, StringComparison.Ordinal);
        if (end < 0)
        {
            _at = _text.Length;
            flags |= TokenMarks.Unterminated;
            return TokenKind.DollarString;
        }
        if (LookAlikes.HoldsBidi(_text.AsSpan(body, end - body))) flags |= TokenMarks.Bidi;
        if (HoldsTemplate(_text.AsSpan(body, end - body))) flags |= TokenMarks.HoldsTemplate;
        _at = end + 2;
        return TokenKind.DollarString;
    }

    private TokenKind Stage(ref TokenMarks flags)
    {
        _at++;
        return Path(TokenKind.StagePath, ref flags);
    }

    /// <summary>The rest of an unquoted path. Ends at white space, a comma, a parenthesis, a semicolon or a flow arrow.</summary>
    private TokenKind Path(TokenKind kind, ref TokenMarks flags)
    {
        while (_at < _text.Length)
        {
            var c = _text[_at];
            if (c <= ' ' || c is ';' or ',' or '(' or ')' or '\'') break;
            if (c == '"')
            {
                Quoted(ref flags);
                continue;
            }
            var next = Peek(1);
            if (c == '-' && next == '>' && Peek(2) == '>') break;
            if ((c == '-' && next == '-') || (c == '/' && next is '/' or '*'))
            {
                flags |= TokenMarks.CommentInPath;
                if ((_reading & SqlReading.CommentsInPaths) != 0) break;
            }
            if ((c == '{' && next is '{' or '%') || (c == '<' && next == '%') || (c == '&' && (next == '{' || IsWordPart(next))))
            {
                flags |= TokenMarks.HoldsTemplate;
                var close = c == '<' ? "%>" : c == '&' ? "}" : next == '%' ? "%}" : "}}";
                var end = c == '&' && next != '{' ? -1 : _text.IndexOf(close, _at + 2, StringComparison.Ordinal);
                if (end >= 0)
                {
                    _at = end + close.Length;
                    continue;
                }
            }
            if (c >= '\u0080' && (LookAlikes.IsInvisible(c) || LookAlikes.Fold(c) != c))
            {
                flags |= TokenMarks.Deceptive;
            }
            _at++;
        }
        return kind;
    }

    private TokenKind Brace(ref TokenMarks flags) => Peek(1) switch
    {
        '{' => Template("}}", ref flags),
        '%' => Template("%}", ref flags),
        '#' => Template("#}", ref flags),
        _ => Take(1, TokenKind.OpenBrace),
    };

    private TokenKind Template(string close, ref TokenMarks flags)
    {
        var end = _text.IndexOf(close, _at + 2, StringComparison.Ordinal);
        if (end < 0)
        {
            flags |= TokenMarks.Unterminated;
            _at = _text.Length;
            return TokenKind.Template;
        }
        _at = end + close.Length;
        return TokenKind.Template;
    }

    private TokenKind Ampersand(ref TokenMarks flags)
    {
        if (Peek(1) == '{')
        {
            Template("}", ref flags);
            return TokenKind.Substitution;
        }
        if (Peek(1) == '&') return Take(2, TokenKind.Operator);
        _at++;
        if (!IsWordPart(Peek(0))) return TokenKind.Operator;
        while (IsWordPart(Peek(0))) _at++;
        return TokenKind.Substitution;
    }

    private static TokenMarks InLiteral(char c) => c switch
    {
        >= '\u202A' and <= '\u202E' or >= '\u2066' and <= '\u2069' => TokenMarks.Bidi,
        _ => TokenMarks.None,
    };

    private readonly TokenMarks TemplateAt(char c) => (c, Peek(1)) switch
    {
        ('{', '{' or '%') or ('<', '%') or ('&', _) => TokenMarks.HoldsTemplate,
        _ => TokenMarks.None,
    };

    // '&name' is what SnowSQL replaces; AT&T and ?a=1&b=2 are text.
    private static bool HoldsTemplate(ReadOnlySpan<char> literal) => literal.Length > 3 && literal[0] == '\'' && literal[1] == '&' && char.IsAsciiLetter(literal[2]) && IsOneWord(literal[2..^1])
        || HoldsPair(literal, "{{", "}}") || HoldsPair(literal, "{%", "%}") || HoldsPair(literal, "<%", "%>") || HoldsPair(literal, "&{", "}");

    private static bool IsOneWord(ReadOnlySpan<char> text)
    {
        foreach (var c in text)
        {
            if (!IsWordPart(c)) return false;
        }
        return true;
    }

    private static bool HoldsPair(ReadOnlySpan<char> literal, string open, string close)
    {
        var at = literal.IndexOf(open, StringComparison.Ordinal);
        return at >= 0 && literal[(at + 2)..].Contains(close, StringComparison.Ordinal);
    }
}
