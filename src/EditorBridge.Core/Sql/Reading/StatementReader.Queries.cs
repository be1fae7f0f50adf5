namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool QueryStatement()
    {
        var start = _at;
        if (Word() == Kw.WITH && WithLeadsTo() is { } other) return other();
        _draft.Base(StatementClass.Read, Effect.Allow, Severity.None);
        var understood = Query();
        if (_draft.ObjectCount > 0) _draft.Flag("R1", SpanOf(start, start + 1));
        _draft.Title = _draft.ObjectCount > 0 ? $"SELECT from {_draft.Objects[0].Name}" : "SELECT";
        return understood;
    }

    /// <summary>WITH may introduce a write, or define a procedure and call it.</summary>
    private Func<bool>? WithLeadsTo()
    {
        var depth = 0;
        for (var i = _at + 1; i < _end; i++)
        {
            switch (_tokens[i].Kind)
            {
                case TokenKind.OpenParen: depth++; continue;
                case TokenKind.CloseParen: depth--; continue;
                case TokenKind.Word when depth == 0: break;
                default: continue;
            }
            if (_tokens[i].Keyword == Kw.PROCEDURE && _tokens[i - 1].Keyword == Kw.AS) return AnonymousProcedure;
            if (_tokens[i].Keyword == Kw.SELECT) return null;
            if (_tokens[i].Keyword is Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.MERGE && _tokens[i - 1].Kind == TokenKind.CloseParen) return WriteBehindWith;
        }
        return null;
    }

    private bool WriteBehindWith()
    {
        var start = _at;
        var understood = Ctes();
        _draft.Flag("G20", SpanOf(start, start + 1));
        return DataStatement() && understood;
    }

    private bool Query()
    {
        if (!Enter()) return Leave(false);
        var known = _ctes.Count;
        var understood = (Word() != Kw.WITH || Ctes()) && SetOperand() && SetTail() && QueryTail();
        if (_nesting > 1) _ctes.RemoveRange(known, _ctes.Count - known);
        return Leave(understood);
    }

    private bool Ctes()
    {
        _at++;
        Eat(Kw.RECURSIVE);
        do
        {
            if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier) || !Name(out var name)) return false;
            if (Kind() == TokenKind.OpenParen && !SkipNames()) return false;
            if (!Eat(Kw.AS)) return false;
            if (Word() == Kw.NOT) _at++;
            Eat(Kw.MATERIALIZED);
            if (Kind() != TokenKind.OpenParen) return false;
            // Only a recursive expression sees its own name; elsewhere the name inside is a table's.
            var recursive = HoldsUnion(_at + 1, BehindParen(_at));
            if (recursive) _ctes.Add(name.Text);
            _at++;
            if (!Query() || !Eat(TokenKind.CloseParen)) return false;
            if (!recursive) _ctes.Add(name.Text);
        }
        while (Eat(TokenKind.Comma) && !StartsQuery());
        return true;
    }

    private bool HoldsUnion(int first, int end)
    {
        for (var i = first; i < end; i++)
        {
            if (_tokens[i].Keyword == Kw.UNION) return true;
        }
        return false;
    }

    private bool SetTail()
    {
        while (Word() is Kw.UNION or Kw.INTERSECT or Kw.EXCEPT or Kw.MINUS)
        {
            _at++;
            if (Word() is Kw.ALL or Kw.DISTINCT) _at++;
            if (Word() == Kw.BY && Word(1) == Kw.NAME) _at += 2;
            if (!SetOperand()) return false;
        }
        return true;
    }

    private bool SetOperand()
    {
        switch (Word())
        {
            case Kw.SELECT: return Select();
            case Kw.VALUES: return Values();
            case Kw.WITH: return Query();
        }
        if (Kind() != TokenKind.OpenParen) return false;
        _at++;
        return Query() && Eat(TokenKind.CloseParen);
    }

    private bool Values()
    {
        _at++;
        do
        {
            if (Kind() != TokenKind.OpenParen) return false;
            if (!Parenthesis()) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    private bool QueryTail()
    {
        while (true)
        {
            switch (Word())
            {
                case Kw.ORDER when Word(1) == Kw.BY || Is(1, "SIBLINGS") && Word(2) == Kw.BY:
                    if (!OrderBy()) return false;
                    continue;
                case Kw.LIMIT:
                    _at++;
                    if (!Expression()) return false;
                    continue;
                case Kw.OFFSET:
                    _at++;
                    if (!Expression()) return false;
                    if (Word() is Kw.ROW or Kw.ROWS) _at++;
                    continue;
                case Kw.FETCH:
                    _at++;
                    if (Word() is Kw.FIRST or Kw.NEXT) _at++;
                    if (Kind() is TokenKind.Number or TokenKind.Variable or TokenKind.Placeholder) _at++;
                    if (Word() is Kw.ROW or Kw.ROWS) _at++;
                    Eat(Kw.ONLY);
                    continue;
                case Kw.FOR when Word(1) == Kw.UPDATE:
                    _draft.Raise("S8", Effect.Review, Severity.Low, SpanOf(_at, _at + 2), null, "The rows that are read stay locked until the transaction ends.");
                    _at += 2;
                    if (Eat("NOWAIT") || !Eat("WAIT")) continue;
                    Eat(TokenKind.Number);
                    continue;
                default: return true;
            }
        }
    }

    private bool Select()
    {
        if (!Enter()) return Leave(false);
        _at++;
        if (Word() is Kw.DISTINCT or Kw.ALL && Kind(1) is not (TokenKind.Comma or TokenKind.Dot)) _at++;
        if (Word() == Kw.TOP && Kind(1) is TokenKind.Number or TokenKind.Variable or TokenKind.Placeholder) _at += 2;
        if (!SelectList()) return Leave(false);
        if (Word() == Kw.INTO && !SelectInto()) return Leave(false);
        if (Word() == Kw.FROM && !From()) return Leave(false);
        return Leave(Clauses());
    }

    private bool SelectList()
    {
        do
        {
            // A trailing comma before FROM is accepted by the server.
            if (Word() == Kw.FROM) return true;
            if (Kind() == TokenKind.Star || QualifiedStar())
            {
                _draft.Column("*");
                if (!StarItem()) return false;
                continue;
            }
            if (!Expression()) return false;
            if (!Alias()) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    /// <summary>Moves to the star of <c>t.*</c>; stays where it is when there is none.</summary>
    private bool QualifiedStar()
    {
        var i = 0;
        while (Kind(i) is TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Variable or TokenKind.Template && Kind(i + 1) == TokenKind.Dot) i += 2;
        if (i == 0 || Kind(i) != TokenKind.Star) return false;
        _at += i;
        return true;
    }

    /// <summary><c>*</c> with EXCLUDE, ILIKE, RENAME and REPLACE.</summary>
    private bool StarItem()
    {
        if (!Eat(TokenKind.Star)) return false;
        while (true)
        {
            switch (Word())
            {
                case Kw.ILIKE when Kind(1) is TokenKind.String or TokenKind.Variable:
                    _at += 2;
                    continue;
                case Kw.EXCLUDE or Kw.RENAME:
                    _at++;
                    if (Kind() == TokenKind.OpenParen) SkipNames();
                    else if (Kind() is TokenKind.Word or TokenKind.QuotedIdentifier)
                    {
                        _at++;
                        if (Eat(Kw.AS)) _at++;
                    }
                    continue;
                case Kw.REPLACE when Kind(1) == TokenKind.OpenParen:
                    _at += 2;
                    do
                    {
                        if (!Expression() || !Alias()) return false;
                    }
                    while (Eat(TokenKind.Comma));
                    if (!Eat(TokenKind.CloseParen)) return false;
                    continue;
                default: return true;
            }
        }
    }

    /// <summary>A parenthesis that holds only names, commas and AS.</summary>
    private bool SkipNames()
    {
        var close = BehindParen(_at);
        for (var i = _at + 1; i < close - 1; i++)
        {
            if (_tokens[i].Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Comma or TokenKind.Dot or TokenKind.Variable or TokenKind.Template)) return false;
        }
        _at = close;
        return true;
    }

    private bool Alias()
    {
        if (Eat(Kw.AS))
        {
            if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Template or TokenKind.Substitution or TokenKind.Variable)) return false;
            _at++;
            SkipStickingName();
            return true;
        }
        if (Kind() == TokenKind.QuotedIdentifier || Kind() == TokenKind.Word && !EndsAlias(Word())) _at++;
        return true;
    }

    private void SkipStickingName()
    {
        while (_at < _end && _tokens[_at].Start == _tokens[_at - 1].End && _tokens[_at].Kind is TokenKind.Word or TokenKind.Template or TokenKind.Substitution) _at++;
    }

    /// <summary>Words that cannot be an alias without AS.</summary>
    private bool EndsAlias(Kw word) => word switch
    {
        Kw.WHERE or Kw.FROM or Kw.GROUP or Kw.HAVING or Kw.QUALIFY or Kw.ORDER or Kw.UNION or Kw.INTERSECT or Kw.EXCEPT or Kw.MINUS => true,
        Kw.ON or Kw.USING or Kw.JOIN or Kw.INNER or Kw.LEFT or Kw.RIGHT or Kw.FULL or Kw.CROSS or Kw.NATURAL or Kw.LATERAL => true,
        Kw.SELECT or Kw.WITH or Kw.AND or Kw.OR or Kw.NOT or Kw.IN or Kw.IS or Kw.LIKE or Kw.ILIKE or Kw.RLIKE or Kw.REGEXP or Kw.BETWEEN => true,
        Kw.CASE or Kw.WHEN or Kw.THEN or Kw.ELSE or Kw.AS or Kw.INTO or Kw.SET or Kw.VALUES or Kw.CONNECT or Kw.FOR => true,
        Kw.SAMPLE or Kw.TABLESAMPLE or Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.CREATE or Kw.ALTER or Kw.DROP or Kw.GRANT or Kw.REVOKE => true,
        Kw.MERGE or Kw.TRUNCATE or Kw.CALL or Kw.EXECUTE or Kw.LIMIT or Kw.FETCH or Kw.DISTINCT or Kw.EXISTS or Kw.BY => true,
        Kw.OFFSET => Kind(1) is TokenKind.Number or TokenKind.Variable or TokenKind.Placeholder or TokenKind.Colon,
        Kw.START => Word(1) == Kw.WITH,
        Kw.ASOF => Word(1) == Kw.JOIN,
        Kw.DIRECTED => Word(1) == Kw.JOIN,
        Kw.WINDOW => Kind(1) == TokenKind.Word && Word(2) == Kw.AS,
        Kw.MATCH_CONDITION or Kw.MATCH_RECOGNIZE or Kw.PIVOT or Kw.UNPIVOT or Kw.AT or Kw.BEFORE or Kw.CHANGES or Kw.RESAMPLE => Kind(1) == TokenKind.OpenParen || word == Kw.UNPIVOT && Word(1) is Kw.INCLUDE or Kw.EXCLUDE,
        Kw.END => _inBlock || _nesting > 1,
        Kw.LOOP or Kw.DO => _inBlock,
        _ => false,
    };

    private bool SelectInto()
    {
        var start = _at++;
        var variables = true;
        do
        {
            if (Kind() == TokenKind.Colon && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier)
            {
                _scope.Forget(Upper(TextOf(1)));
                _at += 2;
            }
            else
            {
                variables = false;
                if (!Name(out var name)) return false;
                if (_inBlock) _scope.Forget(name.Text);
                else _draft.Object(name.Text, "TABLE", ObjectAccess.Create, name.Span);
            }
        }
        while (Eat(TokenKind.Comma));
        if (!_inBlock || !variables) _draft.Flag("G21", SpanOf(start, _at));
        return true;
    }
}
