namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private readonly List<string> _lambdaParameters = [];
    private int _openCases;

    /// <summary>
    /// An expression. Precedence does not matter for what it reads, so operands and operators are read in a row; BETWEEN … AND and ESCAPE then need no rule.
    /// </summary>
    private bool Expression()
    {
        if (!Enter()) return Leave(false);
        while (true)
        {
            while (EatPrefix()) { }
            if (!Operand()) return Leave(false);
            if (!Postfix()) return Leave(false);
            if (!EatInfix()) return Leave(true);
        }
    }

    private bool EatPrefix()
    {
        if (Kind() == TokenKind.Operator && Token().Length == 1 && TextOf()[0] is '-' or '+' or '~')
        {
            _at++;
            return true;
        }
        if (Word() is Kw.NOT or Kw.CONNECT_BY_ROOT || Word() == Kw.PRIOR && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier)
        {
            _at++;
            return true;
        }
        // The spread operator: [1, ** rest].
        if (Kind() == TokenKind.Star && Kind(1) == TokenKind.Star)
        {
            _at += 2;
            return true;
        }
        return false;
    }

    private bool EatInfix()
    {
        switch (Kind())
        {
            case TokenKind.Star or TokenKind.Arrow or TokenKind.FatArrow:
                _at++;
                return true;
            case TokenKind.Assign when !_inBlock:
                // The older spelling of a named argument.
                _at++;
                return true;
            case TokenKind.Operator:
                var op = TextOf();
                if (op is not ("+" or "-" or "/" or "%" or "||" or "=" or "==" or "<>" or "!=" or "<" or ">" or "<=" or ">=")) return false;
                _at++;
                EatQuantifier();
                return true;
            case TokenKind.Word: return EatInfixWord();
            default: return false;
        }
    }

    private bool EatInfixWord()
    {
        switch (Word())
        {
            case Kw.AND or Kw.OR or Kw.BETWEEN or Kw.ESCAPE:
                _at++;
                return true;
            case Kw.LIKE or Kw.ILIKE or Kw.RLIKE or Kw.REGEXP:
                _at++;
                EatQuantifier();
                return true;
            case Kw.IN:
                _at++;
                return true;
            case Kw.NOT when Word(1) is Kw.LIKE or Kw.ILIKE or Kw.RLIKE or Kw.REGEXP or Kw.IN or Kw.BETWEEN:
                _at += 2;
                EatQuantifier();
                return true;
            case Kw.AT when Word(1) == Kw.TIME && Word(2) == Kw.ZONE:
                _at += 3;
                return true;
            case Kw.IS when Word(1) == Kw.DISTINCT && Word(2) == Kw.FROM:
                _at += 3;
                return true;
            case Kw.IS when Word(1) == Kw.NOT && Word(2) == Kw.DISTINCT && Word(3) == Kw.FROM:
                _at += 4;
                return true;
            default: return false;
        }
    }

    private void EatQuantifier()
    {
        if (Word() is Kw.ANY or Kw.ALL or Kw.SOME && Kind(1) == TokenKind.OpenParen) _at++;
    }

    private bool Postfix()
    {
        while (true)
        {
            switch (Kind())
            {
                case TokenKind.Cast:
                    _at++;
                    if (!TypeName()) return false;
                    continue;
                case TokenKind.OpenBracket:
                    if (!Bracket()) return false;
                    continue;
                case TokenKind.Colon when Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Variable:
                    _at += 2;
                    continue;
                case TokenKind.Dot when Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier:
                    _at += 2;
                    if (Kind() != TokenKind.OpenParen) continue;
                    // Called as a method of a value: no built-in is.
                    _draft.Flag("C5", SpanOf(_at - 1, _at));
                    if (!Arguments()) return false;
                    continue;
                case TokenKind.OpenParen when IsOuterJoinMark():
                    _at += 3;
                    continue;
                case TokenKind.Word:
                    if (!PostfixWord(out var more)) return false;
                    if (more) continue;
                    return true;
                default: return true;
            }
        }
    }

    private bool PostfixWord(out bool more)
    {
        more = true;
        switch (Word())
        {
            case Kw.COLLATE when Kind(1) == TokenKind.String:
                _at += 2;
                return true;
            case Kw.WITHIN when Word(1) == Kw.GROUP && Kind(2) == TokenKind.OpenParen:
                _at += 3;
                return OrderBy() && Eat(TokenKind.CloseParen);
            case Kw.FILTER when Kind(1) == TokenKind.OpenParen && Word(2) == Kw.WHERE:
                _at += 3;
                return Expression() && Eat(TokenKind.CloseParen);
            case Kw.IGNORE or Kw.RESPECT when Word(1) == Kw.NULLS:
                _at += 2;
                return true;
            case Kw.FROM when Word(1) is Kw.FIRST or Kw.LAST && Word(2) is Kw.OVER or Kw.IGNORE or Kw.RESPECT:
                _at += 2;
                return true;
            case Kw.OVER when Kind(1) == TokenKind.OpenParen:
                _at++;
                return Window();
            case Kw.OVER when Kind(1) == TokenKind.Word:
                _at += 2;
                return true;
            case Kw.IS when Word(1) is Kw.NULL or Kw.TRUE or Kw.FALSE:
                _at += 2;
                return true;
            case Kw.IS when Word(1) == Kw.NOT && Word(2) is Kw.NULL or Kw.TRUE or Kw.FALSE:
                _at += 3;
                return true;
        }
        more = false;
        return true;
    }

    /// <summary>A type after :: or AS.</summary>
    private bool TypeName()
    {
        if (Kind() is TokenKind.Template or TokenKind.Substitution)
        {
            _at++;
            return true;
        }
        if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return false;
        _at++;
        if (Is(0, "PRECISION") || Is(0, "VARYING")) _at++;
        while (Kind() == TokenKind.Dot && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier) _at += 2;
        if (Kind() == TokenKind.OpenParen)
        {
            var close = BehindParen(_at);
            for (var i = _at; i < close; i++)
            {
                if (_tokens[i].Kind is not (TokenKind.Word or TokenKind.Number or TokenKind.Comma or TokenKind.OpenParen or TokenKind.CloseParen or TokenKind.QuotedIdentifier or TokenKind.String or TokenKind.Template)) return false;
                if (_tokens[i].Keyword is Kw.SELECT || HidesCall(i)) return false;
            }
            _at = close;
        }
        if (Word() is Kw.WITH && Word(1) == Kw.TIME && Word(2) == Kw.ZONE) _at += 3;
        else if (Word() is Kw.WITH && Word(1) == Kw.LOCAL && Word(2) == Kw.TIME && Word(3) == Kw.ZONE) _at += 4;
        else if (Is(0, "WITHOUT") && Word(1) == Kw.TIME && Word(2) == Kw.ZONE) _at += 3;
        return true;
    }
}
