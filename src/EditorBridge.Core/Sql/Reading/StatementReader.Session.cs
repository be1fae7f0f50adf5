namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool SetVariable()
    {
        var start = _at++;
        _draft.Base(StatementClass.Session, Effect.Allow, Severity.None);
        _draft.Flag("S2", SpanOf(start, _at));
        if (Eat(TokenKind.OpenParen)) return SetSeveral();
        if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return false;
        var name = Token().Kind == TokenKind.Word ? Upper(TextOf()) : Bare(Unquoted(Token()));
        _draft.Title = $"SET {name}";
        _at++;
        if (!EatOperator('=')) return false;
        var value = _at;
        if (StartsQuery() ? !Query() : !Expression()) return false;
        _scope.Set(name, Constant(value, _at));
        return true;
    }

    /// <summary><c>SET (a, b) = (1, 2)</c></summary>
    private bool SetSeveral()
    {
        var names = new List<string>();
        do
        {
            if (Kind() != TokenKind.Word) return false;
            names.Add(Upper(TextOf()));
            _scope.Forget(names[^1]);
            _at++;
        }
        while (Eat(TokenKind.Comma));
        _draft.Title = $"SET {string.Join(", ", names)}";
        if (!Eat(TokenKind.CloseParen) || !EatOperator('=') || Kind() != TokenKind.OpenParen) return false;
        if (Word(1) == Kw.SELECT) return Parenthesis();
        _at++;
        for (var i = 0; ; i++)
        {
            var value = _at;
            if (!Expression()) return false;
            if (i < names.Count) _scope.Set(names[i], Constant(value, _at));
            if (!Eat(TokenKind.Comma)) return Eat(TokenKind.CloseParen);
        }
    }

    private bool UnsetVariable()
    {
        var start = _at++;
        _draft.Base(StatementClass.Session, Effect.Allow, Severity.None);
        _draft.Flag("S2", SpanOf(start, _at));
        var several = Eat(TokenKind.OpenParen);
        do
        {
            if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return false;
            _scope.Forget(Upper(TextOf()));
            _at++;
        }
        while (Eat(TokenKind.Comma));
        _draft.Title = Excerpt(start, _at);
        return !several || Eat(TokenKind.CloseParen);
    }

    private bool BlockOrTransaction()
    {
        if (Word() is Kw.BEGIN or Kw.DECLARE && BlockFrom(_at) is { } end) return Block(Math.Min(end, _end));
        if (Word() == Kw.DECLARE) return Unknown();
        var start = _at++;
        _draft.Base(StatementClass.Session, Effect.Allow, Severity.None);
        _draft.Flag("S7", SpanOf(start, _at));
        _draft.Title = Excerpt(start, _end);
        if (_tokens[start].Keyword == Kw.START) return Eat(Kw.TRANSACTION) && TransactionName();
        if (Word() is Kw.TRANSACTION or Kw.WORK) _at++;
        return TransactionName();
    }

    private bool TransactionName()
    {
        if (Eat(Kw.NAME)) _at++;
        return true;
    }

    private bool Show()
    {
        var start = _at++;
        _draft.Base(StatementClass.Read, Effect.Allow, Severity.None);
        _draft.Flag("R5", SpanOf(start, _at));
        Eat(Kw.TERSE);
        var noun = CommandTable.ShowPhrases.Match(_text, _tokens.AsSpan(_at, Math.Max(0, _end - _at)), out var length);
        if (noun is null)
        {
            // SHOW <new thing> is a read by its verb, but what follows could be anything.
            if (Kind() != TokenKind.Word) return false;
            if (Is(0, "SNOWFLAKE") && Kind(1) == TokenKind.Dot) return Name(out _) && ShowOptions();
            _draft.Raise("G22", Effect.Review, Severity.Low, SpanOf(start, Math.Min(_at + 1, _end)), null, $"This list is not in the table of {RuleCatalogue.Date:yyyy-MM-dd}: {Excerpt(start, Math.Min(_at + 2, _end))}.");
            return true;
        }
        _draft.Title = "SHOW";
        for (var i = 0; i < length; i++) _draft.Title += $" {Upper(TextOf(i))}";
        _at += length;
        if (_draft.Title is "SHOW GRANTS" or "SHOW FUTURE GRANTS" or "SHOW CALLER GRANTS" or "SHOW USERS" or "SHOW SECRETS" or "SHOW ROLES") _draft.Flag("R2", SpanOf(start, _at));
        if (_draft.Title == "SHOW OBJECTS OWNED BY APPLICATION" && !ObjectName("APPLICATION", ObjectAccess.Read, out _)) return false;
        return ShowOptions();
    }

    private bool ShowOptions()
    {
        while (_at < _end)
        {
            switch (Word())
            {
                case Kw.HISTORY:
                    _at++;
                    continue;
                case Kw.LIKE when Kind(1) is TokenKind.String or TokenKind.Variable or TokenKind.DollarString:
                    _at += 2;
                    continue;
                case Kw.STARTS when Word(1) == Kw.WITH && Kind(2) == TokenKind.String:
                    _at += 3;
                    continue;
                case Kw.LIMIT when Kind(1) is TokenKind.Number or TokenKind.Variable:
                    _at += 2;
                    if (Word() == Kw.FROM && Kind(1) == TokenKind.String) _at += 2;
                    continue;
                case Kw.WITH when Word(1) == Kw.PRIMARY:
                    _at += 2;
                    if (!Name(out _)) return false;
                    continue;
                case Kw.VERSION when Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier:
                    _at += 2;
                    continue;
                case Kw.WITH when Word(1) == Kw.PRIVILEGES:
                    _at += 2;
                    do
                    {
                        while (Kind() == TokenKind.Word) _at++;
                    }
                    while (Eat(TokenKind.Comma));
                    continue;
                case Kw.IN or Kw.FROM or Kw.OF or Kw.TO or Kw.ON or Kw.FOR or Kw.WITHIN or Kw.BY:
                    _at++;
                    if (!ShowScope()) return false;
                    continue;
            }
            if (Is(0, "ROOT") && Word(1) == Kw.ONLY)
            {
                _at += 2;
                continue;
            }
            if (Kind() == TokenKind.Word && Kind(1) == TokenKind.Operator && Is(1, "=") && Word(2) is Kw.TRUE or Kw.FALSE)
            {
                _at += 3;
                continue;
            }
            if (Word() == Kw.EXCLUDE && Kind(1) == TokenKind.Word)
            {
                _at += 2;
                continue;
            }
            return false;
        }
        return true;
    }

    private bool ShowScope()
    {
        if (Word() is Kw.ACCOUNT or Kw.SESSION && Kind(1) != TokenKind.Dot)
        {
            _at++;
            return true;
        }
        if (Word() is Kw.FUTURE or Kw.ALL) _at++;
        if (Kind() == TokenKind.StagePath) return ObjectName("STAGE", ObjectAccess.Read, out _);
        var noun = MatchNoun();
        if (noun is null && (Is(0, "CLASS") || Is(0, "METRIC"))) _at++;
        var kind = noun?.Name ?? "OBJECT";
        // SHOW TABLES IN DATABASE, with the current one meant.
        if (noun is not null && (_at >= _end || Word() is Kw.LIKE or Kw.STARTS or Kw.LIMIT or Kw.IN or Kw.HISTORY)) return true;
        if (!ObjectName(kind == "OBJECT" ? "SCHEMA" : kind, ObjectAccess.Read, out _)) return false;
        // A role of a class instance: TO SNOWFLAKE.CORE.BUDGET ROLE my_budget!ADMIN.
        if (Eat(Kw.ROLE) && !ObjectName("INSTANCE ROLE", ObjectAccess.Read, out _)) return false;
        if (Eat(TokenKind.Bang)) _at++;
        SkipParens();
        return true;
    }

    private bool Describe()
    {
        var start = _at++;
        _draft.Base(StatementClass.Read, Effect.Allow, Severity.None);
        _draft.Flag("R5", SpanOf(start, _at));
        var noun = MatchNoun();
        var kind = noun?.Name ?? "TABLE";
        if (kind is "RESULT")
        {
            if (Kind() is TokenKind.String or TokenKind.Variable) _at++;
            else if (!Expression()) return false;
            _draft.Flag("R6", SpanOf(start, _at));
            return true;
        }
        if (kind is "SEARCH OPTIMIZATION" && !Eat(Kw.ON)) return false;
        if (kind is "USER" or "SECRET" || kind.EndsWith("INTEGRATION", StringComparison.Ordinal)) _draft.Flag("R2", SpanOf(start, _at));
        if (kind is "TRANSACTION" or "SPECIFICATION" && Kind() is TokenKind.Number)
        {
            _at++;
            return true;
        }
        if (!ObjectName(kind, ObjectAccess.Read, out var name)) return false;
        _draft.Title = $"DESCRIBE {kind} {name.Text}";
        if (noun is not null && kind is "PROCEDURE" or "FUNCTION" or "DATA METRIC FUNCTION" or "EXTERNAL FUNCTION") SkipParens();
        if (Word() == Kw.TYPE)
        {
            _at++;
            EatOperator('=');
            if (Kind() is not (TokenKind.Word or TokenKind.String)) return false;
            _at++;
        }
        return true;
    }

    /// <summary>EXPLAIN runs nothing; what it explains must be read all the same, or its end is unknown.</summary>
    private bool Explain()
    {
        var start = _at++;
        if (Eat(Kw.USING))
        {
            if (!(Word() is Kw.TABULAR or Kw.JSON or Kw.TEXT)) return false;
            _at++;
        }
        var outer = _draft;
        _draft = new Draft();
        var verb = Word();
        var understood = verb is Kw.SELECT or Kw.WITH or Kw.VALUES or Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.MERGE or Kw.CREATE or Kw.COPY or Kw.CALL || Kind() == TokenKind.OpenParen;
        understood = understood && Verb() && _at >= _end;
        var inner = _draft;
        _draft = outer;
        _draft.Base(StatementClass.Read, Effect.Allow, Severity.None);
        _draft.Flag("R5", SpanOf(start, start + 1));
        _draft.Title = $"EXPLAIN {inner.Title}";
        foreach (var o in inner.Objects) _draft.Object(o.Name, o.Kind, ObjectAccess.Read, o.Span);
        // Functions of constants are evaluated while a statement is compiled, so those that act may act even here.
        foreach (var reason in inner.ToAnalysis(default).Reasons)
        {
            if (reason.Id is "S6" or "E9" or "P8" or "E14" or "C5" or "G18" or "G7") _draft.Raise(reason.Id, RuleCatalogue.Get(reason.Id).Effect, reason.Severity, reason.Span, null, reason.Message);
        }
        return understood;
    }
}
