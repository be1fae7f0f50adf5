namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool Sample()
    {
        _at++;
        if (Word() is Kw.SYSTEM or Kw.BLOCK or Kw.BERNOULLI or Kw.ROW) _at++;
        if (!Eat(TokenKind.OpenParen) || !Expression()) return false;
        Eat(Kw.ROWS);
        if (!Eat(TokenKind.CloseParen)) return false;
        if (Word() is Kw.SEED or Kw.REPEATABLE && Kind(1) == TokenKind.OpenParen)
        {
            _at++;
            return Parenthesis();
        }
        return true;
    }

    /// <summary><c>RESAMPLE (USING ts INCREMENT BY INTERVAL '1 hour' PARTITION BY region METADATA_COLUMNS IS_GENERATED())</c></summary>
    private bool Resample()
    {
        _at += 2;
        if (!Eat(Kw.USING) || !Expression() || !Eat("INCREMENT") || !Eat(Kw.BY) || !Expression()) return false;
        if (Eat(Kw.PARTITION) && (!Eat(Kw.BY) || !OrderItems())) return false;
        if (Eat("METADATA_COLUMNS"))
        {
            do
            {
                if (Kind() != TokenKind.Word || !(Is(0, "IS_GENERATED") || Is(0, "BUCKET_START"))) return false;
                _at++;
                if (!Eat(TokenKind.OpenParen) || !Eat(TokenKind.CloseParen) || !Alias()) return false;
            }
            while (Eat(TokenKind.Comma));
        }
        return Eat(TokenKind.CloseParen);
    }

    private bool Pivot()
    {
        _at += 2;
        do
        {
            if (!Expression() || !Alias()) return false;
        }
        while (Eat(TokenKind.Comma));
        if (!Eat(Kw.FOR) || !PivotColumn() || !Eat(Kw.IN) || !Eat(TokenKind.OpenParen)) return false;
        if (Eat(Kw.ANY))
        {
            if (Word() == Kw.ORDER && !OrderBy()) return false;
        }
        else if (StartsQuery())
        {
            if (!Query()) return false;
        }
        else
        {
            do
            {
                if (!Expression() || !Alias()) return false;
            }
            while (Eat(TokenKind.Comma));
        }
        if (!Eat(TokenKind.CloseParen)) return false;
        if (Word() == Kw.DEFAULT && Word(1) == Kw.ON && Word(2) == Kw.NULL)
        {
            _at += 3;
            if (!Parenthesis()) return false;
        }
        return Eat(TokenKind.CloseParen);
    }

    private bool PivotColumn()
    {
        var start = _at;
        if (!Name(out _)) return false;
        NoteColumn(start);
        return true;
    }

    private bool Unpivot()
    {
        _at++;
        if (Word() is Kw.INCLUDE or Kw.EXCLUDE && Word(1) == Kw.NULLS) _at += 2;
        if (!Eat(TokenKind.OpenParen) || !Name(out _) || !Eat(Kw.FOR) || !Name(out _) || !Eat(Kw.IN) || !Eat(TokenKind.OpenParen)) return false;
        do
        {
            if (!Expression()) return false;
            if (Eat(Kw.AS)) _at++;
            else if (Kind() is TokenKind.Word or TokenKind.QuotedIdentifier) _at++;
        }
        while (Eat(TokenKind.Comma));
        return Eat(TokenKind.CloseParen) && Eat(TokenKind.CloseParen);
    }

    private bool MatchRecognize()
    {
        _at += 2;
        while (Kind() != TokenKind.CloseParen)
        {
            switch (Word())
            {
                case Kw.PARTITION when Word(1) == Kw.BY:
                    _at += 2;
                    if (!OrderItems()) return false;
                    continue;
                case Kw.ORDER:
                    if (!OrderBy()) return false;
                    continue;
                case Kw.MEASURES:
                    _at++;
                    do
                    {
                        if (Is(0, "FINAL") || Is(0, "RUNNING")) _at++;
                        if (!Expression() || !Alias()) return false;
                    }
                    while (Eat(TokenKind.Comma));
                    continue;
                case Kw.AFTER when Word(1) == Kw.MATCH:
                    SkipWordsUntilPattern();
                    continue;
                case Kw.PATTERN when Kind(1) == TokenKind.OpenParen:
                    _at++;
                    SkipParens();
                    continue;
                case Kw.SUBSET or Kw.DEFINE:
                    if (!Definitions()) return false;
                    continue;
            }
            if (Is(0, "ONE") || Word() is Kw.ALL or Kw.SHOW or Kw.OMIT or Kw.WITH)
            {
                SkipWordsUntilPattern();
                continue;
            }
            return false;
        }
        return Eat(TokenKind.CloseParen);
    }

    // ONE ROW PER MATCH, ALL ROWS PER MATCH OMIT EMPTY MATCHES, AFTER MATCH SKIP TO LAST x.
    private void SkipWordsUntilPattern()
    {
        do
        {
            _at++;
        }
        while (Kind() == TokenKind.Word && !(Word() is Kw.PATTERN or Kw.DEFINE or Kw.AFTER or Kw.MEASURES or Kw.SUBSET));
    }

    private bool Definitions()
    {
        var subset = Word() == Kw.SUBSET;
        _at++;
        do
        {
            if (!Name(out _)) return false;
            if (subset ? !EatOperator('=') : !Eat(Kw.AS)) return false;
            if (!Expression()) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }
}
