namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    /// <summary>DECLARE … BEGIN … EXCEPTION … END. The block is judged by the worst of its statements; what is not understood inside keeps it from being allowed.</summary>
    private bool Block(int end)
    {
        var start = _at;
        _draft.Flag("G9", SpanOf(start, start + 1));
        _draft.Title = "Scripting block";
        _draft.Replace(StatementClass.Session, _draft.Effect, _draft.Severity);
        _draft.Base(StatementClass.Read, Effect.Allow, Severity.None);
        var (savedEnd, savedBlock) = (_end, _inBlock);
        _end = end;
        _inBlock = true;
        ForgetReassigned(start, end);
        var understood = BlockBody();
        var stop = _at;
        (_end, _inBlock) = (savedEnd, savedBlock);
        if (understood && Kind() == TokenKind.Word && _at == end) _at++;
        if (!understood && stop < end)
        {
            // The rest of the block is still looked through, statement by statement.
            _end = end;
            _inBlock = true;
            BlockRest();
            (_end, _inBlock) = (savedEnd, savedBlock);
            _at = end;
            _draft.Raise("G22", Effect.Review, Severity.Medium, SpanOf(stop, Math.Min(stop + 1, end)), null, $"Not understood from here on: {Excerpt(stop, end)}");
            _draft.Doubt(Confidence.Opaque);
        }
        return true;
    }

    /// <summary>A variable that is assigned more than once, or by INTO, has no certain value.</summary>
    private void ForgetReassigned(int first, int end)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var i = first + 1; i < end; i++)
        {
            if (_tokens[i].Kind != TokenKind.Assign || _tokens[i - 1].Kind != TokenKind.Word) continue;
            var name = Upper(_tokens[i - 1].Of(_text));
            if (!seen.Add(name)) _reassigned.Add(name);
        }
    }

    private readonly HashSet<string> _reassigned = new(StringComparer.Ordinal);

    private bool BlockBody()
    {
        if (!Enter()) return Leave(false);
        if (Eat(Kw.DECLARE))
        {
            while (Word() != Kw.BEGIN && _at < _end)
            {
                if (!Declaration()) return Leave(false);
            }
        }
        if (!Eat(Kw.BEGIN)) return Leave(false);
        if (!Statements()) return Leave(false);
        if (Eat(Kw.EXCEPTION))
        {
            while (Eat(Kw.WHEN))
            {
                while (Kind() == TokenKind.Word && Word() != Kw.THEN) _at++;
                if (!Eat(Kw.THEN) || !Statements()) return Leave(false);
            }
        }
        return Leave(Eat(Kw.END));
    }

    private bool Declaration()
    {
        if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return false;
        var name = Upper(TextOf());
        _at++;
        if (Word() == Kw.EXCEPTION)
        {
            _at++;
            SkipParens();
            return Eat(TokenKind.Semicolon);
        }
        if (Eat(Kw.CURSOR)) return CursorSource() && Eat(TokenKind.Semicolon);
        if (Kind() == TokenKind.Word && Word() is not Kw.DEFAULT && !TypeName()) return false;
        if (Kind() == TokenKind.Assign || Word() == Kw.DEFAULT)
        {
            _at++;
            if (!Value(name)) return false;
        }
        return Eat(TokenKind.Semicolon);
    }

    private bool CursorSource()
    {
        if (!Eat(Kw.FOR)) return false;
        if (StartsQuery()) return InnerQuery();
        if (Kind() == TokenKind.OpenParen) return InnerParenthesis();
        // A result set variable.
        if (Kind() != TokenKind.Word) return false;
        _at++;
        return true;
    }

    private bool InnerQuery()
    {
        var start = _at;
        var stop = StatementEnd(start);
        Nested(stop, takeClass: true);
        _at = stop;
        return true;
    }

    /// <summary>The value of an assignment: an expression, a query or another statement in parentheses, or ASYNC (statement).</summary>
    private bool Value(string name)
    {
        var first = _at;
        if (StartsQuery())
        {
            _scope.Forget(name);
            return InnerQuery();
        }
        if (Word() == Kw.ASYNC && Kind(1) == TokenKind.OpenParen) _at++;
        if (Kind() == TokenKind.OpenParen && StatementInParens())
        {
            _scope.Forget(name);
            return InnerParenthesis();
        }
        if (!Expression()) return false;
        _scope.Set(name, _reassigned.Contains(name) ? null : Constant(first, _at));
        return true;
    }

    private bool StatementInParens() => _at + 1 < _end && StartsStatement(_at + 1) && _tokens[_at + 1].Kind == TokenKind.Word;

    private bool InnerParenthesis()
    {
        var close = BehindParen(_at);
        _at++;
        Nested(close - 1, takeClass: true);
        _at = close;
        return true;
    }

    /// <summary>The index of the semicolon that ends the statement at <paramref name="from"/>, blocks inside skipped.</summary>
    private int StatementEnd(int from)
    {
        var depth = 0;
        for (var i = from; i < _end; i++)
        {
            if (_tokens[i].Kind == TokenKind.Semicolon) return i;
            if (_tokens[i].Kind == TokenKind.OpenParen) depth++;
            else if (_tokens[i].Kind == TokenKind.CloseParen && --depth < 0) return i;
        }
        return _end;
    }

    private bool Statements()
    {
        while (_at < _end)
        {
            if (Eat(TokenKind.Semicolon)) continue;
            if (Word() is Kw.END or Kw.EXCEPTION or Kw.ELSE or Kw.ELSEIF or Kw.UNTIL or Kw.WHEN && Kind(1) != TokenKind.Assign) return true;
            var before = _at;
            if (!ScriptStatement()) return false;
            if (Kind() != TokenKind.Semicolon && !(Word() is Kw.END or Kw.UNTIL)) return false;
            if (_at == before) return false;
        }
        return true;
    }

    private bool ScriptStatement()
    {
        switch (Word())
        {
            case Kw.LET: return Let();
            case Kw.IF: return If();
            case Kw.CASE: return CaseStatement();
            case Kw.FOR: return For();
            case Kw.WHILE: return While();
            case Kw.LOOP: return Loop();
            case Kw.REPEAT when Kind(1) != TokenKind.OpenParen: return Repeat();
            case Kw.RETURN: return Return();
            case Kw.RAISE:
                _at++;
                if (Kind() == TokenKind.Word) _at++;
                return true;
            case Kw.BREAK or Kw.EXIT or Kw.CONTINUE or Kw.ITERATE:
                _at++;
                if (Kind() == TokenKind.Word) _at++;
                return true;
            case Kw.NULL:
                _at++;
                return true;
            case Kw.OPEN or Kw.CLOSE or Kw.CANCEL or Kw.AWAIT or Kw.FETCH: return CursorStatement();
            case Kw.ASYNC when Kind(1) == TokenKind.OpenParen:
                _at++;
                return InnerParenthesis();
            case Kw.BEGIN or Kw.DECLARE when !(Word(1) is Kw.TRANSACTION or Kw.WORK) && Kind(1) != TokenKind.Semicolon: return BlockBody() && Label();
        }
        if (Kind() is TokenKind.Word or TokenKind.QuotedIdentifier && Kind(1) == TokenKind.Assign)
        {
            var name = Upper(TextOf());
            _at += 2;
            return Value(name);
        }
        // SYSTEM$LOG_INFO('…'); stands alone in a block.
        if (Kind() == TokenKind.Word && Kind(1) == TokenKind.OpenParen && TextOf().StartsWith("SYSTEM$", StringComparison.OrdinalIgnoreCase)) return Expression();
        return SqlInBlock();
    }

    private bool Label()
    {
        if (Kind() == TokenKind.Word && Kind(1) == TokenKind.Semicolon) _at++;
        return true;
    }

    private bool SqlInBlock()
    {
        var stop = BodyEnd(_at);
        Nested(stop, takeClass: true);
        _at = stop;
        return true;
    }

    /// <summary>The end of a SQL statement in a block: its semicolon, blocks that it carries left out (CREATE PROCEDURE … AS BEGIN … END).</summary>
    private int BodyEnd(int from)
    {
        if (_tokens[from].Keyword is not (Kw.CREATE or Kw.ALTER or Kw.WITH)) return StatementEnd(from);
        for (var i = from; i + 1 < _end && _tokens[i].Kind != TokenKind.Semicolon; i++)
        {
            if (_tokens[i].Keyword is Kw.AS or Kw.THEN or Kw.ACTION && _tokens[i + 1].Keyword is Kw.BEGIN or Kw.DECLARE && BlockFrom(i + 1) is { } block) return StatementEnd(Math.Min(block, _end));
        }
        return StatementEnd(from);
    }

    private bool Let()
    {
        _at++;
        if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return false;
        var name = Upper(TextOf());
        _at++;
        if (Eat(Kw.CURSOR)) return CursorSource();
        if (Kind() == TokenKind.Word && Word() != Kw.DEFAULT && !TypeName()) return false;
        if (Kind() != TokenKind.Assign && Word() != Kw.DEFAULT) return Kind() == TokenKind.Semicolon;
        _at++;
        return Value(name);
    }

    private bool If()
    {
        _at++;
        if (!Expression() || !Eat(Kw.THEN) || !Statements()) return false;
        while (Eat(Kw.ELSEIF))
        {
            if (!Expression() || !Eat(Kw.THEN) || !Statements()) return false;
        }
        if (Eat(Kw.ELSE) && !Statements()) return false;
        return Eat(Kw.END) && Eat(Kw.IF);
    }

    private bool CaseStatement()
    {
        _at++;
        if (Word() != Kw.WHEN && !Expression()) return false;
        while (Eat(Kw.WHEN))
        {
            if (!Expression() || !Eat(Kw.THEN) || !Statements()) return false;
        }
        if (Eat(Kw.ELSE) && !Statements()) return false;
        if (!Eat(Kw.END)) return false;
        Eat(Kw.CASE);
        return true;
    }

    private bool For()
    {
        _at++;
        if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return false;
        _scope.Forget(Upper(TextOf()));
        _at++;
        if (!Eat(Kw.IN)) return false;
        Eat(Kw.REVERSE);
        if (Kind() == TokenKind.OpenParen && StatementInParens())
        {
            if (!InnerParenthesis()) return false;
        }
        else if (!Expression())
        {
            return false;
        }
        if (Eat(Kw.TO) && !Expression()) return false;
        if (!(Word() is Kw.DO or Kw.LOOP)) return false;
        _at++;
        return Statements() && Eat(Kw.END) && EatLoopWord();
    }

    private bool EatLoopWord()
    {
        if (!(Word() is Kw.FOR or Kw.LOOP or Kw.WHILE or Kw.REPEAT)) return false;
        _at++;
        return Label();
    }

    private bool While()
    {
        _at++;
        if (!Expression() || !(Word() is Kw.DO or Kw.LOOP)) return false;
        _at++;
        return Statements() && Eat(Kw.END) && EatLoopWord();
    }

    private bool Loop()
    {
        _at++;
        return Statements() && Eat(Kw.END) && EatLoopWord();
    }

    private bool Repeat()
    {
        _at++;
        return Statements() && Eat(Kw.UNTIL) && Expression() && Eat(Kw.END) && EatLoopWord();
    }

    private bool Return()
    {
        _at++;
        if (Kind() == TokenKind.Semicolon || Word() == Kw.END) return true;
        if (Kind() == TokenKind.OpenParen && StatementInParens()) return InnerParenthesis();
        if (Word() == Kw.TABLE && Kind(1) == TokenKind.OpenParen && Kind(2) == TokenKind.Word && Kind(3) == TokenKind.CloseParen)
        {
            _at += 4;
            return true;
        }
        if (Word() == Kw.TABLE && Kind(1) == TokenKind.OpenParen)
        {
            _at++;
            return StatementInParens() ? InnerParenthesis() : Parenthesis();
        }
        return StartsQuery() ? InnerQuery() : Expression();
    }

    private bool CursorStatement()
    {
        var fetch = Word() == Kw.FETCH;
        _at++;
        if (Eat(Kw.ALL)) return true;
        if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return false;
        _at++;
        if (Word() == Kw.USING && Kind(1) == TokenKind.OpenParen)
        {
            _at++;
            return Parenthesis();
        }
        if (!fetch || !Eat(Kw.INTO)) return !fetch;
        do
        {
            Eat(TokenKind.Colon);
            if (Kind() != TokenKind.Word) return false;
            _scope.Forget(Upper(TextOf()));
            _at++;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    /// <summary>What a block that was not understood still shows: each statement between semicolons, read on its own.</summary>
    private void BlockRest()
    {
        while (_at < _end)
        {
            while (_at < _end && (Kind() == TokenKind.Semicolon || Word() is Kw.BEGIN or Kw.THEN or Kw.ELSE or Kw.DO or Kw.LOOP or Kw.END or Kw.EXCEPTION)) _at++;
            var stop = StatementEnd(_at);
            for (var i = _at; i < stop; i++)
            {
                if (_tokens[i].Keyword is Kw.THEN or Kw.ELSE or Kw.DO or Kw.LOOP or Kw.BEGIN && i + 1 < stop && StartsStatement(i + 1) && _tokens[i + 1].Kind == TokenKind.Word) _at = i + 1;
            }
            if (_at < stop && StartsStatement(_at)) Nested(stop, takeClass: true);
            _at = Math.Max(stop, _at + 1);
        }
    }
}
