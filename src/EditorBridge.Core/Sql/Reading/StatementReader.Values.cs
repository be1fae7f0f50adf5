using System.Text;

namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    /// <summary>The value of a string literal, escapes resolved.</summary>
    private string Literal(SqlToken token)
    {
        var raw = token.Of(_text);
        if (token.Kind == TokenKind.DollarString) return raw.Length >= 4 && !token.Has(TokenMarks.Unterminated) ? raw[2..^2].ToString() : raw[2..].ToString();
        var end = token.Has(TokenMarks.Unterminated) ? raw.Length : raw.Length - 1;
        if (!token.Has(TokenMarks.Escaped)) return raw[1..end].ToString();
        var value = new StringBuilder(raw.Length);
        for (var i = 1; i < end; i++)
        {
            var c = raw[i];
            if (c == '\'') i++;
            else if (c == '\\' && i + 1 < end)
            {
                i = Escape(raw, i + 1, end, value);
                continue;
            }
            value.Append(c);
        }
        return value.ToString();
    }

    private static int Escape(ReadOnlySpan<char> raw, int at, int end, StringBuilder value)
    {
        var c = raw[at];
        switch (c)
        {
            case 'n': value.Append('\n'); return at;
            case 't': value.Append('\t'); return at;
            case 'r': value.Append('\r'); return at;
            case 'b': value.Append('\b'); return at;
            case 'f': value.Append('\f'); return at;
            case 'x' when at + 2 < end && Number(raw.Slice(at + 1, 2), 16) is { } hex: value.Append((char)hex); return at + 2;
            case 'u' when at + 4 < end && Number(raw.Slice(at + 1, 4), 16) is { } code: value.Append((char)code); return at + 4;
            case >= '0' and <= '7' when at + 2 < end && Number(raw.Slice(at, 3), 8) is { } octal: value.Append((char)octal); return at + 2;
            case '0': value.Append('\0'); return at;
            default: value.Append(c); return at;
        }
    }

    private static int? Number(ReadOnlySpan<char> digits, int radix)
    {
        var number = 0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToInt32(c.ToString(), 16) : radix;
            if (digit >= radix) return null;
            number = number * radix + digit;
        }
        return number;
    }

    /// <summary>
    /// The value of the expression in tokens [<paramref name="first"/>, <paramref name="end"/>) when it can be known from the text: literals, variables
    /// with a known value, concatenation, CONCAT and CHR.
    /// </summary>
    private string? Constant(int first, int end)
    {
        while (end - first >= 2 && _tokens[first].Kind == TokenKind.OpenParen && _tokens[end - 1].Kind == TokenKind.CloseParen && ClosesAt(first, end)) (first, end) = (first + 1, end - 1);
        var value = new StringBuilder();
        var at = first;
        while (at < end)
        {
            if (ConstantOperand(ref at, end) is not { } operand) return null;
            value.Append(operand);
            if (value.Length > MaxLiteral) return null;
            if (at == end) return value.ToString();
            if (_tokens[at].Kind != TokenKind.Operator || _tokens[at].Of(_text) is not "||") return null;
            at++;
        }
        return null;
    }

    private bool ClosesAt(int open, int end)
    {
        var depth = 0;
        for (var i = open; i < end; i++)
        {
            if (_tokens[i].Kind == TokenKind.OpenParen) depth++;
            else if (_tokens[i].Kind == TokenKind.CloseParen && --depth == 0) return i == end - 1;
        }
        return false;
    }

    private string? ConstantOperand(ref int at, int end)
    {
        var token = _tokens[at];
        switch (token.Kind)
        {
            case TokenKind.String or TokenKind.DollarString when !token.Has(TokenMarks.HoldsTemplate):
                at++;
                return Literal(token);
            case TokenKind.Number:
                at++;
                return token.Of(_text).ToString();
            case TokenKind.Variable:
                at++;
                return _scope.Value(Upper(token.Of(_text)[1..]));
            case TokenKind.Colon when at + 1 < end && _tokens[at + 1].Kind == TokenKind.Word:
                at += 2;
                return _scope.Value(Upper(_tokens[at - 1].Of(_text)));
            case TokenKind.Word when at + 1 < end && _tokens[at + 1].Kind == TokenKind.OpenParen: return ConstantCall(ref at, end);
            case TokenKind.Word when _inBlock:
                at++;
                return _scope.Value(Upper(token.Of(_text)));
            default: return null;
        }
    }

    private string? ConstantCall(ref int at, int end)
    {
        var name = Upper(_tokens[at].Of(_text));
        var close = BehindParen(at + 1);
        if (close > end || name is not ("CONCAT" or "CHR" or "CHAR" or "UPPER" or "LOWER" or "TRIM")) return null;
        var value = new StringBuilder();
        var start = at + 2;
        var depth = 0;
        for (var i = start; i < close; i++)
        {
            if (_tokens[i].Kind == TokenKind.OpenParen) depth++;
            else if (_tokens[i].Kind == TokenKind.CloseParen && i < close - 1) depth--;
            if (depth > 0 || !(i == close - 1 || _tokens[i].Kind == TokenKind.Comma)) continue;
            if (Constant(start, i) is not { } part) return null;
            if (name is "CHR" or "CHAR")
            {
                if (!int.TryParse(part, out var code) || code is < 0 or > 0xFFFF) return null;
                part = ((char)code).ToString();
            }
            value.Append(part);
            start = i + 1;
        }
        at = close;
        return name switch { "UPPER" => value.ToString().ToUpperInvariant(), "LOWER" => value.ToString().ToLowerInvariant(), "TRIM" => value.ToString().Trim(), _ => value.ToString() };
    }

    /// <summary>Analyses SQL that stands inside this statement as a string.</summary>
    /// <param name="verbatimAt">Where the inner text stands in this one, character for character; null when it does not.</param>
    private void EmbedText(string sql, TextSpan span, int? verbatimAt, bool takeClass, bool asBlock = false)
    {
        if (_scope.Depth >= MaxEmbedding)
        {
            _draft.Flag("G23", span);
            return;
        }
        var scope = takeClass && !asBlock ? _scope.Enter() : new AnalysisScope().Enter();
        var inner = SqlAnalyzer.ReadWorst(sql, scope, asBlock);
        if (inner.Length == 0 && sql.Length > 0 && !string.IsNullOrWhiteSpace(sql)) return;
        foreach (var statement in inner) _draft.Embed(verbatimAt is { } offset ? Shift(statement, offset) : Pin(statement, span), takeClass);
    }

    private static StatementAnalysis Shift(StatementAnalysis statement, int by) => Respan(statement, span => new TextSpan(span.Start + by, span.Length));

    private static StatementAnalysis Pin(StatementAnalysis statement, TextSpan span) => Respan(statement, _ => span);

    private static StatementAnalysis Respan(StatementAnalysis statement, Func<TextSpan, TextSpan> map) => statement with
    {
        Span = map(statement.Span),
        Reasons = [.. statement.Reasons.Select(reason => reason with { Span = map(reason.Span) })],
        Objects = [.. statement.Objects.Select(o => o with { Span = map(o.Span) })],
        Embedded = [.. statement.Embedded.Select(inner => Respan(inner, map))],
    };

    /// <summary>True when a condition holds for every row: <c>1=1</c>, <c>x OR TRUE</c>, <c>a = a</c>.</summary>
    private bool AlwaysTrue(int first, int end, int depth = 0)
    {
        if (first >= end || depth > MaxNesting) return false;
        while (end - first >= 2 && _tokens[first].Kind == TokenKind.OpenParen && ClosesAt(first, end)) (first, end) = (first + 1, end - 1);
        if (SplitAt(first, end, Kw.OR) is { Count: > 1 } alternatives)
        {
            foreach (var (start, stop) in alternatives)
            {
                if (AlwaysTrue(start, stop, depth + 1)) return true;
            }
            return alternatives.Count == 2 && Complements(alternatives[0], alternatives[1]);
        }
        if (SplitAt(first, end, Kw.AND) is { Count: > 1 } all)
        {
            foreach (var (start, stop) in all)
            {
                if (!AlwaysTrue(start, stop, depth + 1)) return false;
            }
            return true;
        }
        return AtomAlwaysTrue(first, end);
    }

    private bool AtomAlwaysTrue(int first, int end)
    {
        var length = end - first;
        if (length == 1) return _tokens[first].Keyword == Kw.TRUE || _tokens[first].Kind == TokenKind.Number && _tokens[first].Of(_text) is not "0";
        if (_tokens[first].Keyword == Kw.NOT) return AlwaysFalse(first + 1, end);
        if (_tokens[first].Keyword == Kw.EXISTS && length > 3) return _tokens[first + 2].Keyword == Kw.SELECT && !Holds(first, end, Kw.FROM);
        for (var i = first + 1; i < end - 1; i++)
        {
            if (_tokens[i].Keyword == Kw.LIKE && i == end - 2 && _tokens[i + 1].Kind == TokenKind.String) return Literal(_tokens[i + 1]) == "%";
            if (_tokens[i].Keyword == Kw.IN && i == first + 1 && IsLiteral(first)) return InList(first, i + 1, end);
            if (_tokens[i].Kind != TokenKind.Operator) continue;
            var op = _tokens[i].Of(_text);
            if (op is "=" or "==" or "<=" or ">=" && SameTokens(first, i, i + 1, end)) return true;
            if (i == first + 1 && end == first + 3 && IsLiteral(first) && IsLiteral(first + 2)) return Compare(first, op, first + 2);
        }
        return false;
    }

    private bool AlwaysFalse(int first, int end)
    {
        while (end - first >= 2 && _tokens[first].Kind == TokenKind.OpenParen && ClosesAt(first, end)) (first, end) = (first + 1, end - 1);
        if (end - first == 1) return _tokens[first].Keyword == Kw.FALSE || _tokens[first].Of(_text) is "0";
        return end - first == 3 && IsLiteral(first) && IsLiteral(first + 2) && _tokens[first + 1].Kind == TokenKind.Operator && _tokens[first + 1].Of(_text) is "=" && !SameTokens(first, first + 1, first + 2, end);
    }

    private bool InList(int value, int open, int end)
    {
        for (var i = open; i < end; i++)
        {
            if (SameTokens(value, value + 1, i, i + 1)) return true;
        }
        return false;
    }

    private bool IsLiteral(int i) => _tokens[i].Kind is TokenKind.Number or TokenKind.String || _tokens[i].Keyword is Kw.TRUE or Kw.FALSE;

    private bool Compare(int left, ReadOnlySpan<char> op, int right)
    {
        var style = System.Globalization.CultureInfo.InvariantCulture;
        int order;
        if (double.TryParse(_tokens[left].Of(_text), System.Globalization.NumberStyles.Float, style, out var a) && double.TryParse(_tokens[right].Of(_text), System.Globalization.NumberStyles.Float, style, out var b)) order = a.CompareTo(b);
        else order = string.CompareOrdinal(_tokens[left].Of(_text).ToString(), _tokens[right].Of(_text).ToString());
        return op switch { "=" or "==" => order == 0, "<>" or "!=" => order != 0, "<" => order < 0, ">" => order > 0, "<=" => order <= 0, ">=" => order >= 0, _ => false };
    }

    private bool Complements((int First, int End) a, (int First, int End) b)
    {
        var (shorter, longer) = a.End - a.First <= b.End - b.First ? (a, b) : (b, a);
        // x IS NULL OR x IS NOT NULL
        return longer.End - longer.First == shorter.End - shorter.First + 1 && longer.End - longer.First >= 4
            && _tokens[longer.End - 1].Keyword == Kw.NULL && _tokens[longer.End - 2].Keyword == Kw.NOT && _tokens[shorter.End - 1].Keyword == Kw.NULL
            && SameTokens(longer.First, longer.End - 2, shorter.First, shorter.End - 1);
    }

    private bool SameTokens(int first, int end, int otherFirst, int otherEnd)
    {
        if (end - first != otherEnd - otherFirst || end <= first) return false;
        for (var i = 0; i < end - first; i++)
        {
            var (a, b) = (_tokens[first + i], _tokens[otherFirst + i]);
            if (a.Kind != b.Kind || !a.Of(_text).Equals(b.Of(_text), a.Kind == TokenKind.Word ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal)) return false;
            if (a.Kind is TokenKind.Placeholder) return false;
        }
        return true;
    }

    private bool Holds(int first, int end, Kw word)
    {
        for (var i = first; i < end; i++)
        {
            if (_tokens[i].Keyword == word) return true;
        }
        return false;
    }

    /// <summary>The ranges between occurrences of a word outside parentheses; BETWEEN keeps its AND.</summary>
    private List<(int First, int End)> SplitAt(int first, int end, Kw word)
    {
        var parts = new List<(int, int)>();
        int depth = 0, start = first, between = 0;
        for (var i = first; i < end; i++)
        {
            switch (_tokens[i].Kind)
            {
                case TokenKind.OpenParen: depth++; break;
                case TokenKind.CloseParen: depth--; break;
                case TokenKind.Word when depth == 0 && _tokens[i].Keyword == Kw.BETWEEN: between++; break;
                case TokenKind.Word when depth == 0 && _tokens[i].Keyword == Kw.AND && between > 0: between--; break;
                case TokenKind.Word when depth == 0 && _tokens[i].Keyword == word:
                    parts.Add((start, i));
                    start = i + 1;
                    break;
            }
        }
        parts.Add((start, end));
        return parts;
    }
}
