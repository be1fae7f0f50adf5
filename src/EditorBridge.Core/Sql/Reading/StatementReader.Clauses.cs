namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool Clauses()
    {
        while (true)
        {
            switch (Word())
            {
                case Kw.WHERE or Kw.HAVING or Kw.QUALIFY:
                    _at++;
                    if (!Expression()) return false;
                    continue;
                case Kw.START when Word(1) == Kw.WITH:
                case Kw.CONNECT when Word(1) == Kw.BY:
                    _at += 2;
                    Eat("NOCYCLE");
                    if (!Expression()) return false;
                    continue;
                case Kw.GROUP when Word(1) == Kw.BY:
                    _at += 2;
                    if (!GroupBy()) return false;
                    continue;
                case Kw.WINDOW:
                    _at++;
                    do
                    {
                        if (Kind() != TokenKind.Word || Word(1) != Kw.AS) return false;
                        _at += 2;
                        if (!Window()) return false;
                    }
                    while (Eat(TokenKind.Comma));
                    continue;
                default: return true;
            }
        }
    }

    private bool GroupBy()
    {
        if (Word() == Kw.ALL && Kind(1) is not (TokenKind.Dot or TokenKind.Comma))
        {
            _at++;
            return true;
        }
        do
        {
            if (Word() == Kw.GROUPING && Word(1) == Kw.SETS) _at += 2;
            if (!Expression()) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    private bool OrderBy()
    {
        if (Word() != Kw.ORDER) return false;
        _at += Is(1, "SIBLINGS") ? 2 : 1;
        if (!Eat(Kw.BY)) return false;
        if (Word() == Kw.ALL && Kind(1) is not (TokenKind.Dot or TokenKind.Comma)) _at++;
        else if (!OrderItems()) return false;
        return OrderDirection();
    }

    private bool OrderItems()
    {
        do
        {
            if (!Expression() || !OrderDirection()) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    private bool OrderDirection()
    {
        if (Word() is Kw.ASC or Kw.DESC) _at++;
        if (Word() == Kw.NULLS && Word(1) is Kw.FIRST or Kw.LAST) _at += 2;
        return true;
    }

    /// <summary><c>([name] PARTITION BY … ORDER BY … frame)</c>, or the name of a window.</summary>
    private bool Window()
    {
        if (Kind() != TokenKind.OpenParen)
        {
            if (Kind() != TokenKind.Word) return false;
            _at++;
            return true;
        }
        _at++;
        if (Kind() == TokenKind.Word && !(Word() is Kw.PARTITION or Kw.ORDER or Kw.ROWS or Kw.RANGE or Kw.GROUPS)) _at++;
        if (Word() == Kw.PARTITION && Word(1) == Kw.BY)
        {
            _at += 2;
            do
            {
                if (!Expression()) return false;
            }
            while (Eat(TokenKind.Comma));
        }
        if (Word() == Kw.ORDER && !OrderBy()) return false;
        if (Word() is Kw.ROWS or Kw.RANGE or Kw.GROUPS && !Frame()) return false;
        return Eat(TokenKind.CloseParen);
    }

    private bool Frame()
    {
        _at++;
        Eat(Kw.BETWEEN);
        do
        {
            if (!Eat(Kw.UNBOUNDED) && !(Eat(Kw.CURRENT) && Eat(Kw.ROW)))
            {
                while (EatPrefix()) { }
                if (!Operand() || !Postfix()) return false;
            }
            if (Word() is Kw.PRECEDING or Kw.FOLLOWING) _at++;
        }
        while (Eat(Kw.AND));
        return true;
    }
}
