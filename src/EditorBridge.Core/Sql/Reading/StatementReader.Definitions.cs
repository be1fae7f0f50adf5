namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool Create()
    {
        var start = _at++;
        if (Word() == Kw.OR && Word(1) is Kw.REPLACE or Kw.ALTER) _at += 2;
        var noun = MatchNoun();
        while (noun is null && Word() is Kw.SECURE or Kw.TEMP or Kw.TEMPORARY or Kw.TRANSIENT or Kw.LOCAL or Kw.GLOBAL or Kw.VOLATILE or Kw.RECURSIVE or Kw.AGGREGATE or Kw.MANAGED or Kw.READ or Kw.ONLY or Kw.INTERACTIVE)
        {
            _at++;
            noun = MatchNoun();
        }
        if (noun is null) return CreateUnknown(start);
        var row = noun.Create ?? new CommandRow(StatementClass.Ddl, Effect.Review, HoldsCode: false);
        _draft.Base(row.Class, row.Effect, BaseSeverity(row));
        if (noun.Reason is not null) _draft.Raise(noun.Reason, Effect.Allow, BaseSeverity(row), SpanOf(start, _at));
        IfExists();
        var name = default(SqlName);
        if (_at < _end && ObjectName(noun.Name, ObjectAccess.Create, out name)) IfExists();
        _draft.Title = $"CREATE {noun.Name} {name.Text}".TrimEnd();
        Shadows(noun, name);
        ScanClauses(start, _end, Kw.CREATE, noun.Name);
        return CreateBody(noun);
    }

    private bool CreateUnknown(int start)
    {
        // CREATE SNOWFLAKE.ML.FORECAST f(…): an instance of a class.
        if (Is(0, "SNOWFLAKE") && Kind(1) == TokenKind.Dot)
        {
            _draft.Base(StatementClass.Ddl, Effect.Review, Severity.Medium);
            if (!Name(out var cls)) return false;
            _draft.Flag("C4", cls.Span);
            IfExists();
            if (ObjectName("INSTANCE", ObjectAccess.Create, out var instance)) _draft.Title = $"CREATE {cls.Text} {instance.Text}";
            ReadReferences(_at, _end);
            _at = _end;
            return true;
        }
        _draft.Base(StatementClass.Ddl, Effect.Review, Severity.Medium);
        NewNoun(start);
        return false;
    }

    /// <summary>A noun the table does not know keeps the verb's class; the object is the name that follows the unknown words.</summary>
    private void NewNoun(int start)
    {
        _draft.Doubt(Confidence.Opaque);
        _draft.Raise("G22", Effect.Review, Severity.Medium, SpanOf(start, Math.Min(_at + 1, _end)), null, $"This kind of object is not in the table of {RuleCatalogue.Date:yyyy-MM-dd}: {Excerpt(start, Math.Min(_at + 2, _end))}.");
        while (Kind() == TokenKind.Word && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier && !(Word() is Kw.IF)) _at++;
        IfExists();
        ObjectName("OBJECT", ObjectAccess.Write, out _);
    }

    private Noun? MatchNoun()
    {
        var noun = CommandTable.NounPhrases.Match(_text, _tokens.AsSpan(_at, Math.Max(0, _end - _at)), out var length);
        if (noun is not null) _at += length;
        return noun;
    }

    private static Severity BaseSeverity(CommandRow row) => (row.Class, row.Effect) switch
    {
        (_, Effect.Deny) => Severity.High,
        (StatementClass.Destructive, _) => Severity.High,
        (StatementClass.Privilege, _) => Severity.Medium,
        (StatementClass.Ddl, _) => row.HoldsCode ? Severity.Medium : Severity.Low,
        _ => Severity.Medium,
    };

    /// <summary>A function with a built-in's name leads later calls elsewhere.</summary>
    private void Shadows(Noun noun, SqlName name)
    {
        if (noun.Name.EndsWith("FUNCTION", StringComparison.Ordinal) && name.Last is { Length: > 0 } && FunctionTable.Find(name.Last) is not null) _draft.Flag("C8", name.Span);
    }

    /// <summary>Looks for the clauses of the table in the statement's own tokens.</summary>
    private void ScanClauses(int first, int end, Kw verb, string noun)
    {
        for (var i = first; i < end; i++)
        {
            if (_tokens[i].Kind != TokenKind.Word || i > 0 && _tokens[i - 1].Kind == TokenKind.Dot) continue;
            if (_tokens[i].Keyword is Kw.BEGIN or Kw.DECLARE && BlockFrom(i) is { } block)
            {
                i = Math.Min(block, end) - 1;
                continue;
            }
            if (CommandTable.ClauseAt(_text, _tokens.AsSpan(i, end - i), verb, noun) is not { } clause) continue;
            var span = SpanOf(i, Math.Min(i + clause.Pattern.Length, end));
            var message = $"{RuleCatalogue.Get(clause.Reason).Meaning.TrimEnd('.')} ({Excerpt(i, Math.Min(i + clause.Pattern.Length, end))}).";
            // Whatever is set on the account is a change of the account first of all.
            _draft.Raise(clause.Reason, clause.Effect, clause.Severity, span, noun == "ACCOUNT" ? null : clause.Class, message);
            i += clause.Pattern.Length - 1;
        }
    }

    // Only an index is made ON a table without the word TABLE; ON EQUALITY(…) of search optimization is no name.
    private bool _onNamesTable;

    private bool CreateBody(Noun noun)
    {
        switch (noun.Name)
        {
            case "TABLE" or "DYNAMIC TABLE" or "ICEBERG TABLE" or "DYNAMIC ICEBERG TABLE" or "EXTERNAL TABLE" or "HYBRID TABLE" or "EVENT TABLE" or "INTERACTIVE TABLE" or "ONLINE FEATURE TABLE":
                if (Kind() == TokenKind.OpenParen) TableColumns();
                return DefinitionQuery();
            case "SEMANTIC VIEW":
                SemanticTables();
                return Tail();
            case "VIEW" or "MATERIALIZED VIEW":
                if (Kind() == TokenKind.OpenParen) ViewColumns();
                return DefinitionQuery();
            case "TASK" or "ALERT" or "PIPE": return DeferredStatement(noun);
            case "PROCEDURE" or "FUNCTION" or "EXTERNAL FUNCTION" or "DATA METRIC FUNCTION" or "TABLE FUNCTION": return Routine(noun);
            case "MASKING POLICY" or "ROW ACCESS POLICY" or "PROJECTION POLICY" or "AGGREGATION POLICY" or "JOIN POLICY" or "PRIVACY POLICY": return PolicyBody();
            case "CORTEX SEARCH SERVICE": return DefinitionQuery();
            case "INDEX":
                _onNamesTable = true;
                Tail();
                _onNamesTable = false;
                return true;
            default: return Tail();
        }
    }

    /// <summary>The properties of an object: nothing here can make the statement milder, so they are only searched for references.</summary>
    private bool Tail()
    {
        ReadReferences(_at, _end);
        ScanForFunctions(_at, _end);
        _at = _end;
        return true;
    }

    /// <summary><c>TABLES (alias AS db.schema.t PRIMARY KEY (id), u)</c> of a semantic view.</summary>
    private void SemanticTables()
    {
        for (var i = _at; i + 1 < _end; i++)
        {
            if (!_tokens[i].Of(_text).Equals("TABLES", StringComparison.OrdinalIgnoreCase) || _tokens[i + 1].Kind != TokenKind.OpenParen) continue;
            var close = BehindParen(i + 1);
            _at = i + 2;
            while (_at < close - 1)
            {
                if (Word(1) == Kw.AS) _at += 2;
                if (!ObjectName("TABLE", ObjectAccess.Read, out _)) break;
                for (; _at < close - 1 && Kind() != TokenKind.Comma; _at++)
                {
                    if (Kind() == TokenKind.OpenParen) _at = BehindParen(_at) - 1;
                }
                _at++;
            }
            _at = close;
            return;
        }
    }

    private void ViewColumns()
    {
        var close = BehindParen(_at);
        var depth = 0;
        for (var i = _at; i < close; i++)
        {
            if (_tokens[i].Kind == TokenKind.OpenParen) depth++;
            else if (_tokens[i].Kind == TokenKind.CloseParen) depth--;
            else if (depth == 1 && _tokens[i - 1].Kind is TokenKind.OpenParen or TokenKind.Comma && _tokens[i].Kind is TokenKind.Word or TokenKind.QuotedIdentifier) AddColumn(_tokens[i]);
        }
        ReadReferences(_at, close);
        _at = close;
    }

    private void AddColumn(SqlToken token) => _draft.Column(token.Kind == TokenKind.QuotedIdentifier ? Unquoted(token) : Upper(token.Of(_text)));

    private void TableColumns()
    {
        var close = BehindParen(_at);
        var depth = 0;
        for (var i = _at; i < close; i++)
        {
            var token = _tokens[i];
            if (token.Kind == TokenKind.OpenParen) depth++;
            else if (token.Kind == TokenKind.CloseParen) depth--;
            else if (depth == 1 && _tokens[i - 1].Kind is TokenKind.OpenParen or TokenKind.Comma && IsColumnName(token)) AddColumn(token);
        }
        ReadReferences(_at, close);
        ScanForFunctions(_at, close);
        _at = close;

        static bool IsColumnName(SqlToken token) => token.Kind == TokenKind.QuotedIdentifier
            || token.Kind == TokenKind.Word && token.Keyword is not (Kw.CONSTRAINT or Kw.PRIMARY or Kw.FOREIGN or Kw.UNIQUE or Kw.CHECK or Kw.INDEX or Kw.LIKE);
    }

    /// <summary>Everything up to a query behind AS, then the query.</summary>
    private bool DefinitionQuery()
    {
        var depth = 0;
        for (var i = _at; i < _end; i++)
        {
            if (_tokens[i].Kind == TokenKind.OpenParen) depth++;
            else if (_tokens[i].Kind == TokenKind.CloseParen) depth--;
            if (depth != 0 || _tokens[i].Keyword != Kw.AS || i + 1 >= _end || !(_tokens[i + 1].Keyword is Kw.SELECT or Kw.WITH or Kw.VALUES || _tokens[i + 1].Kind is TokenKind.OpenParen or TokenKind.Template)) continue;
            ReadReferences(_at, i);
            ScanForFunctions(_at, i);
            _at = i + 1;
            while (Kind() == TokenKind.Template) _at++;
            if (!Query()) return false;
            ReadReferences(_at, _end);
            _at = _end;
            return true;
        }
        return Tail();
    }

    /// <summary>References to other objects in properties: CLONE x, LIKE x, ON TABLE x, REFERENCES x, USING TEMPLATE, stages, IDENTIFIER.</summary>
    private void ReadReferences(int first, int end)
    {
        var (at, saved) = (_at, _end);
        _end = end;
        for (var i = first; i < end; i++)
        {
            _at = i;
            if (_tokens[i].Kind == TokenKind.StagePath) _draft.Object(StageName(_tokens[i].Of(_text)), "STAGE", ObjectAccess.Read, _tokens[i].Span);
            if (_tokens[i].Kind != TokenKind.Word) continue;
            switch (_tokens[i].Keyword)
            {
                case Kw.SELECT or Kw.WITH when i > first && _tokens[i - 1].Kind == TokenKind.OpenParen && (_tokens[i].Keyword == Kw.SELECT || i + 2 < end && _tokens[i + 2].Keyword == Kw.AS):
                    if (Query()) i = _at - 1;
                    else ScanForObjects(i, end);
                    break;
                case Kw.CLONE:
                    _at++;
                    if (ObjectName("OBJECT", ObjectAccess.Read, out _)) i = _at - 1;
                    break;
                case Kw.LIKE when i == first || _tokens[i - 1].Kind == TokenKind.OpenParen:
                    _at++;
                    if (Kind() != TokenKind.String && ObjectName("TABLE", ObjectAccess.Read, out _)) i = _at - 1;
                    break;
                case Kw.REFERENCES:
                    _at++;
                    if (ObjectName("TABLE", ObjectAccess.Read, out _)) i = _at - 1;
                    break;
                case Kw.ON:
                    _at++;
                    if (StreamSource()) i = Math.Max(i, _at - 1);
                    break;
                case Kw.POLICY when i > first && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier && Word(1) != Kw.UNSET:
                    _at++;
                    if (i >= 1 && _tokens[i - 1].Keyword is Kw.MASKING or Kw.ACCESS or Kw.PROJECTION or Kw.AGGREGATION or Kw.JOIN or Kw.PRIVACY or Kw.NETWORK or Kw.SESSION && ObjectName("POLICY", ObjectAccess.Read, out _)) i = _at - 1;
                    break;
            }
        }
        (_at, _end) = (at, saved);
    }

    /// <summary>ON TABLE x, ON VIEW x, ON STAGE x, ON t (c): what a stream or an index is made of.</summary>
    private bool StreamSource()
    {
        if (Word() is Kw.EXTERNAL or Kw.DYNAMIC or Kw.EVENT) _at++;
        if (Word() is Kw.TABLE or Kw.VIEW or Kw.STAGE && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier)
        {
            var kind = Upper(TextOf());
            _at++;
            return ObjectName(kind, ObjectAccess.Read, out _);
        }
        return _onNamesTable && Kind() == TokenKind.Word && Kind(1) is TokenKind.OpenParen or TokenKind.Dot && ObjectName("TABLE", ObjectAccess.Read, out _);
    }

    private bool PolicyBody()
    {
        for (var i = _at; i < _end; i++)
        {
            if (_tokens[i].Kind != TokenKind.Arrow) continue;
            _at = i + 1;
            TrivialBody(_at, _end);
            if (!Expression()) return false;
            if (_at < _end) Tail();
            return true;
        }
        return Tail();
    }

    /// <summary>A policy whose body is TRUE or the value itself hides nothing.</summary>
    private void TrivialBody(int first, int end)
    {
        while (end - first > 3 && _tokens[end - 3].Keyword == Kw.COMMENT) end -= 3;
        if (end - first != 1 && !AlwaysTrue(first, end)) return;
        if (_tokens[first].Kind is TokenKind.Word && _tokens[first].Keyword != Kw.NULL && _tokens[first].Keyword != Kw.FALSE || AlwaysTrue(first, end))
        {
            _draft.Raise("P10", Effect.Deny, Severity.Critical, SpanOf(first, end), StatementClass.Privilege, "The policy's body lets everything through.");
        }
    }

    private bool Drop()
    {
        var start = _at;
        var undrop = Word() == Kw.UNDROP;
        _at++;
        while (Word() is Kw.TEMP or Kw.TEMPORARY or Kw.TRANSIENT or Kw.SECURE or Kw.AGGREGATE) _at++;
        var noun = MatchNoun();
        if (noun is null)
        {
            _draft.Base(undrop ? StatementClass.Ddl : StatementClass.Destructive, Effect.Review, undrop ? Severity.Medium : Severity.High);
            if (Is(0, "SNOWFLAKE") && Kind(1) == TokenKind.Dot && Name(out var cls))
            {
                _draft.Flag("X1", cls.Span);
                IfExists();
                ObjectName("INSTANCE", ObjectAccess.Drop, out _);
                _at = _end;
                return true;
            }
            _draft.Flag(undrop ? "X10" : "X1", SpanOf(start, _at));
            NewNoun(start);
            return false;
        }
        var row = (undrop ? noun.Undrop : noun.Drop) ?? new CommandRow(undrop ? StatementClass.Ddl : StatementClass.Destructive, Effect.Review, HoldsCode: false);
        _draft.Base(row.Class, row.Effect, row.Effect == Effect.Deny ? Severity.Critical : undrop ? Severity.Low : Severity.High);
        _draft.Raise(undrop ? "X10" : noun.DropReason, Effect.Allow, row.Effect == Effect.Deny ? Severity.Critical : undrop ? Severity.Low : Severity.High, SpanOf(start, _at));
        IfExists();
        if (!ObjectName(noun.Name, undrop ? ObjectAccess.Create : ObjectAccess.Drop, out var name)) return false;
        _draft.Title = $"{(undrop ? "UNDROP" : "DROP")} {noun.Name} {name.Text}";
        IfExists();
        SkipParens();
        if (Is(0, "CASCADE") || Is(0, "RESTRICT")) _at++;
        if (undrop || noun.Name is "VERSION") _at = _end;
        return _at >= _end;
    }

    private bool Comment()
    {
        _at++;
        _draft.Base(StatementClass.Ddl, Effect.Review, Severity.Low);
        IfExists();
        if (!Eat(Kw.ON)) return false;
        var noun = MatchNoun();
        var kind = noun?.Name ?? Upper(TextOf());
        if (noun is null) _at++;
        if (!Name(out var name)) return false;
        if (kind == "COLUMN" && name.Text.LastIndexOf('.') is > 0 and var dot)
        {
            _draft.Column(name.Text[(dot + 1)..]);
            Note(name with { Text = name.Text[..dot], Parts = name.Parts - 1 }, "TABLE", ObjectAccess.Write);
        }
        else
        {
            Note(name, kind, ObjectAccess.Write);
        }
        SkipParens();
        _draft.Title = $"COMMENT ON {kind} {name.Text}";
        return Eat(Kw.IS) && Kind() is TokenKind.String or TokenKind.DollarString && ++_at >= _end;
    }

    /// <summary>DEFINE in a project's definition file: the object is created or altered to match, and dropped when the line goes away.</summary>
    private bool Define()
    {
        var start = _at++;
        _draft.Base(StatementClass.Ddl, Effect.Review, Severity.Medium);
        _draft.Raise("X11", Effect.Review, Severity.Medium, SpanOf(start, _at));
        var noun = MatchNoun();
        while (noun is null && Word() is Kw.SECURE or Kw.TRANSIENT or Kw.TEMPORARY)
        {
            _at++;
            noun = MatchNoun();
        }
        if (noun is null) return false;
        if (noun.Create is { } row) _draft.Base(row.Class, row.Effect, BaseSeverity(row));
        IfExists();
        if (!ObjectName(noun.Name, ObjectAccess.Create, out var name)) return false;
        _draft.Title = $"DEFINE {noun.Name} {name.Text}";
        ScanClauses(start, _end, Kw.CREATE, noun.Name);
        return CreateBody(noun);
    }
}
