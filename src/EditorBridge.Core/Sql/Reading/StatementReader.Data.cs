namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool DataStatement() => Word() switch
    {
        Kw.INSERT => Insert(),
        Kw.UPDATE => Update(),
        Kw.DELETE => Delete(),
        Kw.MERGE => Merge(),
        Kw.TRUNCATE => Truncate(),
        _ => Unknown(),
    };

    private bool Insert()
    {
        var start = _at++;
        _draft.Base(StatementClass.Dml, Effect.Review, Severity.Medium);
        if (Eat(Kw.OVERWRITE)) _draft.Flag("D5", SpanOf(start, _at), StatementClass.Destructive);
        if (Word() is Kw.ALL or Kw.FIRST) return MultiTableInsert(start);
        // INSERT OVERWRITE TABLE t is accepted without INTO.
        if (!Eat(Kw.INTO) && Word() != Kw.TABLE) return false;
        Eat(Kw.TABLE);
        if (!ObjectName("TABLE", ObjectAccess.Write, out var target)) return false;
        _draft.Title = $"INSERT into {target.Text}";
        _draft.Flag("D1", target.Span);
        if (Kind() == TokenKind.OpenParen && !(Word(1) is Kw.SELECT or Kw.WITH)) ColumnNames();
        return InsertSource();
    }

    private bool InsertSource()
    {
        var known = _draft.ObjectCount;
        var understood = Query();
        FlagStreams(known);
        return understood;
    }

    /// <summary>A stream that is read by a write forgets the rows it gave.</summary>
    private void FlagStreams(int known)
    {
        for (var i = known; i < _draft.ObjectCount; i++)
        {
            var o = _draft.Objects[i];
            if (o.Access == ObjectAccess.Read && (_scope.IsStream(o.Name) || o.Name.EndsWith("_STREAM", StringComparison.Ordinal))) _draft.Flag("C7", o.Span);
        }
    }

    private void ColumnNames()
    {
        var close = BehindParen(_at);
        for (var i = _at + 1; i < close - 1; i++)
        {
            if (_tokens[i].Kind == TokenKind.Word) _draft.Column(Upper(_tokens[i].Of(_text)));
            else if (_tokens[i].Kind == TokenKind.QuotedIdentifier) _draft.Column(Unquoted(_tokens[i]));
        }
        _at = close;
    }

    private bool MultiTableInsert(int start)
    {
        _at++;
        _draft.Flag("D3", SpanOf(start, _at));
        _draft.Title = "INSERT into several tables";
        while (true)
        {
            if (Eat(Kw.WHEN))
            {
                if (!Expression() || !Eat(Kw.THEN)) return false;
            }
            else if (!Eat(Kw.ELSE) && Word() != Kw.INTO)
            {
                break;
            }
            if (!Eat(Kw.INTO)) return false;
            if (!ObjectName("TABLE", ObjectAccess.Write, out var target)) return false;
            _draft.Flag("D1", target.Span);
            if (Kind() == TokenKind.OpenParen) ColumnNames();
            if (Word() == Kw.VALUES && !Values()) return false;
        }
        return InsertSource();
    }

    private bool Update()
    {
        var start = _at++;
        _draft.Base(StatementClass.Dml, Effect.Review, Severity.Medium);
        if (!ObjectName("TABLE", ObjectAccess.Write, out var target)) return false;
        _draft.Title = $"UPDATE {target.Text}";
        _draft.Flag("D1", target.Span);
        Eat(Kw.AS);
        if (Kind() is TokenKind.Word or TokenKind.QuotedIdentifier && Word() != Kw.SET) _at++;
        if (!Eat(Kw.SET) || !Assignments()) return false;
        if (Word() == Kw.FROM && !From()) return false;
        return Where(start);
    }

    private bool Assignments()
    {
        do
        {
            var column = _at;
            if (!Name(out _)) return false;
            NoteColumn(column);
            if (!EatOperator('=') || !Expression()) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    private bool Where(int start)
    {
        if (Word() != Kw.WHERE)
        {
            if (_at >= _end) _draft.Flag("D2", SpanOf(start, _end), StatementClass.Destructive);
            return true;
        }
        var first = ++_at;
        var understood = Expression();
        if (understood && AlwaysTrue(first, _at)) _draft.Raise("D2", Effect.Review, Severity.High, SpanOf(first, _at), StatementClass.Destructive, "The condition is always true, so all rows change.");
        return understood;
    }

    private bool Delete()
    {
        var start = _at++;
        _draft.Base(StatementClass.Dml, Effect.Review, Severity.Medium);
        if (!Eat(Kw.FROM)) return false;
        if (!ObjectName("TABLE", ObjectAccess.Write, out var target)) return false;
        _draft.Title = $"DELETE from {target.Text}";
        _draft.Flag("D1", target.Span);
        Eat(Kw.AS);
        if (Kind() is TokenKind.Word or TokenKind.QuotedIdentifier && !(Word() is Kw.USING or Kw.WHERE)) _at++;
        if (Word() == Kw.USING && !From()) return false;
        return Where(start);
    }

    private bool Merge()
    {
        _at++;
        _draft.Base(StatementClass.Dml, Effect.Review, Severity.Medium);
        if (!Eat(Kw.INTO)) return false;
        if (!ObjectName("TABLE", ObjectAccess.Write, out var target)) return false;
        _draft.Title = $"MERGE into {target.Text}";
        _draft.Flag("D1", target.Span);
        Eat(Kw.AS);
        if (Kind() is TokenKind.Word or TokenKind.QuotedIdentifier && Word() != Kw.USING) _at++;
        var known = _draft.ObjectCount;
        if (!Eat(Kw.USING) || !TablePrimary()) return false;
        FlagStreams(known);
        if (!Eat(Kw.ON)) return false;
        var first = _at;
        if (!Expression()) return false;
        if (AlwaysTrue(first, _at)) _draft.Raise("D2", Effect.Review, Severity.High, SpanOf(first, _at), StatementClass.Destructive, "The merge condition is always true, so all rows match.");
        while (Word() == Kw.WHEN)
        {
            if (!MergeClause()) return false;
        }
        return true;
    }

    private bool MergeClause()
    {
        _at++;
        Eat(Kw.NOT);
        if (!Eat(Kw.MATCHED)) return false;
        if (Eat(Kw.BY) && !(Eat(Kw.SOURCE) || Eat(Kw.TARGET))) return false;
        if (Eat(Kw.AND) && !Expression()) return false;
        if (!Eat(Kw.THEN)) return false;
        switch (Word())
        {
            case Kw.DELETE:
                _draft.Raise("D1", Effect.Review, Severity.High, Token().Span, null, "Matched rows are deleted.");
                _at++;
                return true;
            case Kw.UPDATE:
                _at++;
                return AllByName() || Eat(Kw.SET) && Assignments();
            case Kw.INSERT:
                _at++;
                if (AllByName()) return true;
                if (Kind() == TokenKind.OpenParen) ColumnNames();
                return Word() == Kw.VALUES && Values();
            default: return false;
        }
    }

    private bool AllByName()
    {
        if (Word() != Kw.ALL || Word(1) != Kw.BY || Word(2) != Kw.NAME) return false;
        _at += 3;
        return true;
    }

    private bool Truncate()
    {
        var start = _at++;
        _draft.Base(StatementClass.Destructive, Effect.Review, Severity.High);
        var kind = "TABLE";
        if (Word() == Kw.MATERIALIZED && Word(1) == Kw.VIEW)
        {
            _at += 2;
            kind = "MATERIALIZED VIEW";
        }
        else
        {
            Eat(Kw.TABLE);
        }
        IfExists();
        if (!ObjectName(kind, ObjectAccess.Drop, out var name)) return false;
        _draft.Flag("X3", SpanOf(start, _at));
        _draft.Title = $"TRUNCATE {kind} {name.Text}";
        return true;
    }

    private bool IfExists()
    {
        if (Word() != Kw.IF) return false;
        if (Word(1) == Kw.EXISTS) _at += 2;
        else if (Word(1) == Kw.NOT && Word(2) == Kw.EXISTS) _at += 3;
        else return false;
        return true;
    }
}
