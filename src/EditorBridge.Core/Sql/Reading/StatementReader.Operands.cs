namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool Operand()
    {
        switch (Kind())
        {
            case TokenKind.Number or TokenKind.String or TokenKind.DollarString or TokenKind.Template or TokenKind.Substitution:
                var template = Kind() is TokenKind.Template or TokenKind.Substitution;
                _at++;
                // A template may stand for any operand; what sticks to it belongs to it.
                if (template) SkipSticking();
                return true;
            case TokenKind.Variable:
                NotePlace(Token());
                _at++;
                return true;
            case TokenKind.Placeholder:
                _draft.Flag("G19", Token().Span);
                _at++;
                return true;
            case TokenKind.Colon when Kind(1) is TokenKind.Word or TokenKind.Number or TokenKind.QuotedIdentifier:
                _draft.Flag("G19", Token(1).Span);
                _at += 2;
                return true;
            case TokenKind.StagePath: return StageOperand();
            case TokenKind.OpenParen: return Parenthesis();
            case TokenKind.OpenBracket: return Bracket();
            case TokenKind.OpenBrace: return Brace();
            case TokenKind.Word: return WordOperand();
            case TokenKind.QuotedIdentifier: return Path();
            default: return false;
        }
    }

    private void SkipSticking()
    {
        while (_at < _end && _tokens[_at].Start == _tokens[_at - 1].End && _tokens[_at].Kind is TokenKind.Word or TokenKind.Template or TokenKind.Substitution or TokenKind.Dot) _at++;
        if (Kind() == TokenKind.OpenParen && Token().Start == _tokens[_at - 1].End) SkipParens();
    }

    private bool StageOperand()
    {
        var token = Token();
        if (token.Length < 2 || _text[token.Start + 1] == '@') return false;
        _draft.Object(StageName(token.Of(_text)), "STAGE", ObjectAccess.Read, token.Span);
        _draft.Flag("R4", token.Span);
        _at++;
        return true;
    }

    private bool WordOperand()
    {
        switch (Word())
        {
            case Kw.CASE when Kind(1) != TokenKind.Dot: return Case();
            case Kw.INTERVAL when Kind(1) == TokenKind.String:
                _at += 2;
                if (Kind() == TokenKind.Word && !EndsOperand(Word()) && IsDatePart(TextOf())) _at++;
                if (Word() == Kw.TO && Kind(1) == TokenKind.Word && IsDatePart(TextOf(1))) _at += 2;
                return true;
            case Kw.DATE or Kw.TIME or Kw.TIMESTAMP or Kw.DATETIME or Kw.TIMESTAMP_LTZ or Kw.TIMESTAMP_NTZ or Kw.TIMESTAMP_TZ when Kind(1) == TokenKind.String:
                _at += 2;
                return true;
            case Kw.NULL or Kw.TRUE or Kw.FALSE or Kw.DEFAULT when Kind(1) is not (TokenKind.Dot or TokenKind.OpenParen):
                _at++;
                return true;
            case Kw.EXISTS when Kind(1) == TokenKind.OpenParen:
                _at++;
                return Parenthesis();
            case Kw.SELECT or Kw.WITH: return _tokens[_at - 1].Kind == TokenKind.FatArrow && Query();
            case Kw.TABLE when Kind(1) == TokenKind.OpenParen:
                // A table argument: f(TABLE(SELECT …)), or a reference to a name.
                return TableFunctionSource();
            case Kw.ANY or Kw.ALL or Kw.SOME when Kind(1) == TokenKind.OpenParen:
                _at++;
                return Parenthesis();
        }
        if (Kind(1) == TokenKind.String && Token().Length == 1 && TextOf()[0] is 'x' or 'X' && Token(1).Start == Token().End)
        {
            _at += 2;
            return true;
        }
        // END is a column's name where no CASE or block is open.
        return (!EndsOperand(Word()) || Word() == Kw.END && _openCases == 0 && !_inBlock) && Path();
    }

    /// <summary>Words that cannot start an operand: they belong to the clause that follows.</summary>
    private static bool EndsOperand(Kw word) => word is
        Kw.FROM or Kw.WHERE or Kw.GROUP or Kw.HAVING or Kw.QUALIFY or Kw.ORDER or Kw.LIMIT or Kw.FETCH or Kw.UNION or Kw.INTERSECT or Kw.EXCEPT or Kw.MINUS
        or Kw.ON or Kw.USING or Kw.JOIN or Kw.INNER or Kw.FULL or Kw.CROSS or Kw.NATURAL or Kw.AND or Kw.OR or Kw.IN or Kw.IS
        or Kw.BETWEEN or Kw.WHEN or Kw.THEN or Kw.ELSE or Kw.END or Kw.AS or Kw.INTO or Kw.SET or Kw.CONNECT or Kw.BY or Kw.CREATE or Kw.ALTER or Kw.DROP
        or Kw.GRANT or Kw.REVOKE or Kw.DELETE or Kw.UPDATE or Kw.TABLESAMPLE or Kw.HAVING or Kw.DISTINCT;

    private bool Parenthesis()
    {
        if (!Enter()) return Leave(false);
        if (!Eat(TokenKind.OpenParen)) return Leave(false);
        if (Eat(TokenKind.CloseParen)) return Leave(true);
        if (StartsQuery()) return Leave(Query() && Eat(TokenKind.CloseParen));
        if (LambdaParameters()) return Leave(true);
        do
        {
            if (Kind() == TokenKind.CloseParen) break;
            if (!Expression()) return Leave(false);
            if (Word() is Kw.UNION or Kw.INTERSECT or Kw.EXCEPT or Kw.MINUS && !SetTail()) return Leave(false);
            if (Word() is Kw.ORDER or Kw.LIMIT && !QueryTail()) return Leave(false);
        }
        while (Eat(TokenKind.Comma));
        return Leave(Eat(TokenKind.CloseParen));
    }

    private bool StartsQuery() => Word() is Kw.SELECT or Kw.WITH || Word() == Kw.VALUES && Kind(1) == TokenKind.OpenParen;

    /// <summary><c>(x INT, y) -&gt; …</c>. Answers false, without moving, when the parenthesis is something else.</summary>
    private bool LambdaParameters()
    {
        var close = BehindParen(_at - 1);
        if (close >= _end || _tokens[close].Kind != TokenKind.Arrow) return false;
        for (var i = _at; i < close - 1; i++)
        {
            if (_tokens[i].Kind is not (TokenKind.Word or TokenKind.Comma or TokenKind.QuotedIdentifier or TokenKind.OpenParen or TokenKind.CloseParen or TokenKind.Number)) return false;
            if (HidesCall(i)) return false;
            if (i == _at || _tokens[i - 1].Kind == TokenKind.Comma) _lambdaParameters.Add(Upper(_tokens[i].Of(_text)));
        }
        _at = close;
        return true;
    }

    /// <summary>True for a call of a function that acts, in a place where only names and types belong.</summary>
    private bool HidesCall(int i) => i + 1 < _end && _tokens[i + 1].Kind == TokenKind.OpenParen && FunctionTable.Find(_tokens[i].Of(_text)) is not (null or FunctionEffect.Pure);

    private bool Bracket()
    {
        if (!Enter()) return Leave(false);
        _at++;
        while (Kind() != TokenKind.CloseBracket)
        {
            if (!Expression()) return Leave(false);
            // A slice: a[1:2].
            if (Eat(TokenKind.Colon) && Kind() != TokenKind.CloseBracket && !Expression()) return Leave(false);
            if (!Eat(TokenKind.Comma)) break;
        }
        return Leave(Eat(TokenKind.CloseBracket));
    }

    /// <summary>An object constant <c>{'a': 1, **o}</c>, <c>{*}</c>, or an ODBC literal <c>{d '2024-01-01'}</c>.</summary>
    private bool Brace()
    {
        if (!Enter()) return Leave(false);
        _at++;
        if (Kind() == TokenKind.Word && Kind(1) == TokenKind.String && Kind(2) == TokenKind.CloseBrace)
        {
            _at += 3;
            return Leave(true);
        }
        if (Is(0, "fn") && Kind(1) == TokenKind.Word)
        {
            _at++;
            return Leave(Expression() && Eat(TokenKind.CloseBrace));
        }
        while (Kind() != TokenKind.CloseBrace)
        {
            if (Kind() == TokenKind.Star && Kind(1) != TokenKind.Star)
            {
                _draft.Column("*");
                if (!StarItem()) return Leave(false);
            }
            else if (Kind() == TokenKind.Star)
            {
                if (!Expression()) return Leave(false);
            }
            else if (Kind() == TokenKind.Word && Kind(1) == TokenKind.Dot && Kind(2) == TokenKind.Star)
            {
                _draft.Column("*");
                _at += 2;
                if (!StarItem()) return Leave(false);
            }
            else
            {
                if (Kind() is not (TokenKind.String or TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Variable or TokenKind.DollarString)) return Leave(false);
                _at++;
                if (!Eat(TokenKind.Colon) || !Expression()) return Leave(false);
            }
            if (!Eat(TokenKind.Comma)) break;
        }
        return Leave(Eat(TokenKind.CloseBrace));
    }

    private bool Case()
    {
        if (!Enter()) return Leave(false);
        _openCases++;
        _at++;
        var understood = (Word() == Kw.WHEN || Expression()) && Branches();
        _openCases--;
        return Leave(understood);
    }

    private bool Branches()
    {
        while (Eat(Kw.WHEN))
        {
            if (!Expression() || !Eat(Kw.THEN) || !Expression()) return false;
        }
        return (!Eat(Kw.ELSE) || Expression()) && Eat(Kw.END);
    }

    /// <summary>A column, a function call or a method call.</summary>
    private bool Path()
    {
        var start = _at;
        if (Word() == Kw.IDENTIFIER && Kind(1) == TokenKind.OpenParen)
        {
            if (!IdentifierCall(out var called)) return false;
            return Kind() != TokenKind.OpenParen || Call(called);
        }
        _at++;
        while (Kind() == TokenKind.Dot)
        {
            if (Kind(1) == TokenKind.Star) return true;
            if (Kind(1) is not (TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Variable or TokenKind.Template or TokenKind.Substitution or TokenKind.Dot)) return false;
            _at += Kind(1) == TokenKind.Dot ? 1 : 2;
        }
        if (Kind() == TokenKind.OpenParen && !IsOuterJoinMark())
        {
            var end = _at;
            _at = start;
            if (!Name(out var function)) return false;
            _at = end;
            return Call(function);
        }
        if (Kind() == TokenKind.Bang && Kind(1) == TokenKind.Word && Kind(2) == TokenKind.OpenParen) return Method(start);
        NoteColumn(start);
        return true;
    }

    // `a.id = b.id (+)`, the older way to write an outer join.
    private bool IsOuterJoinMark() => Kind(1) == TokenKind.Operator && Is(1, "+") && Kind(2) == TokenKind.CloseParen;

    private bool Method(int start)
    {
        _draft.Flag("C4", SpanOf(start, _at + 2));
        var end = _at;
        _at = start;
        if (Name(out var instance)) _draft.Object(instance.Text, "INSTANCE", ObjectAccess.Read, instance.Span);
        _at = end + 2;
        return Arguments();
    }

    private void NotePlace(SqlToken token)
    {
        if (token.Kind == TokenKind.Variable && token.Length > 1 && char.IsAsciiDigit(_text[token.Start + 1])) _draft.ColumnByPlace();
    }

    private void NoteColumn(int start)
    {
        var last = _tokens[_at - 1];
        NotePlace(last);
        if (last.Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return;
        if (Kind() is TokenKind.FatArrow) return;
        if (Kind() == TokenKind.Arrow)
        {
            _lambdaParameters.Add(Upper(last.Of(_text)));
            return;
        }
        if (_at - start >= 3 && last.Length == 7 && last.Of(_text).Equals("NEXTVAL", StringComparison.OrdinalIgnoreCase))
        {
            var end = _at;
            _at = start;
            var saved = _end;
            _end = end - 2;
            if (Name(out var sequence)) _draft.Object(sequence.Text, "SEQUENCE", ObjectAccess.Read, sequence.Span);
            _end = saved;
            _at = end;
            _draft.Flag("C6", SpanOf(start, end));
            return;
        }
        var column = last.Kind == TokenKind.Word ? Upper(last.Of(_text)) : Unquoted(last);
        if (_lambdaParameters.Count > 0 && _lambdaParameters.Contains(column)) return;
        if (last.Keyword is Kw.CURRENT or Kw.UNBOUNDED || FunctionTable.IsBareFunction(column)) return;
        _draft.Column(column);
    }
}
