namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool Call()
    {
        var start = _at++;
        _draft.Base(StatementClass.Exec, Effect.Review, Severity.Medium);
        if (!Name(out var name)) return false;
        _draft.Title = $"CALL {name.Text}";
        _draft.Flag("C1", SpanOf(start, _at), StatementClass.Exec);
        _scope.ForgetAll();
        if (Kind() == TokenKind.Bang)
        {
            _draft.Flag("C4", SpanOf(start, Math.Min(_at + 2, _end)));
            _at += 2;
        }
        else if (FunctionTable.Find(name.Text) is { } effect and not FunctionEffect.Pure)
        {
            JudgeBuiltIn(name.Text, effect, name.Span, _at);
        }
        else if (name.Text.StartsWith("SNOWFLAKE.CORTEX.", StringComparison.Ordinal))
        {
            _draft.Flag("E15", name.Span);
        }
        if (!name.Text.StartsWith("SYSTEM$", StringComparison.Ordinal)) Note(name, "PROCEDURE", ObjectAccess.Read);
        if (!Arguments()) return false;
        if (Eat(Kw.INTO)) SelectIntoVariable();
        return true;
    }

    private void SelectIntoVariable()
    {
        if (Kind() == TokenKind.Colon) _at++;
        if (Kind() == TokenKind.Word) _scope.Forget(Upper(TextOf()));
        _at++;
    }

    private bool Execute()
    {
        var start = _at++;
        _draft.Base(StatementClass.Exec, Effect.Review, Severity.Medium);
        switch (Word())
        {
            case Kw.IMMEDIATE: return ExecuteImmediate(start);
            case Kw.TASK or Kw.ALERT or Kw.NOTEBOOK or Kw.DBT or Kw.DCM or Kw.JOB or Kw.SERVICE: return ExecuteObject(start);
        }
        _draft.Flag("G22", SpanOf(start, Math.Min(_at + 1, _end)));
        return false;
    }

    private bool ExecuteObject(int start)
    {
        var word = Word();
        if (word == Kw.JOB || word == Kw.SERVICE)
        {
            _draft.Flag("E17", SpanOf(start, _at + 1), StatementClass.Exfil);
            while (_at < _end && !(Word() == Kw.SERVICE)) _at++;
            _at++;
            _draft.Title = "EXECUTE JOB SERVICE";
            var named = _at;
            for (; _at < _end; _at++)
            {
                if (Word() == Kw.NAME && _at + 2 < _end)
                {
                    _at += 2;
                    ObjectName("SERVICE", ObjectAccess.Create, out _);
                    break;
                }
            }
            ScanClauses(named, _end, Kw.EXECUTE, "SERVICE");
            _at = _end;
            return true;
        }
        var noun = MatchNoun();
        var kind = noun?.Name ?? Upper(TextOf());
        if (noun is null) _at++;
        _draft.Flag("C3", SpanOf(start, _at), StatementClass.Exec);
        if (!ObjectName(kind, ObjectAccess.Write, out var name)) return false;
        _draft.Title = $"EXECUTE {kind} {name.Text}";
        if (kind == "DBT PROJECT") ExecuteDbt(start);
        if (kind == "DCM PROJECT") ExecuteDcm(start);
        ScanForFunctions(_at, _end);
        _at = _end;
        return true;
    }

    private void ExecuteDbt(int start)
    {
        var text = _text.AsSpan(_tokens[start].Start, _tokens[_end - 1].End - _tokens[start].Start);
        var full = text.Contains("full-refresh", StringComparison.OrdinalIgnoreCase) || text.Contains("full_refresh", StringComparison.OrdinalIgnoreCase);
        _draft.Raise("X12", Effect.Review, full ? Severity.High : Severity.Medium, SpanOf(start, _end), full ? StatementClass.Exec : null, full ? "A dbt project is run with --full-refresh: tables are dropped and built again." : null);
    }

    private void ExecuteDcm(int start)
    {
        if (Holds(_at, _end, Kw.PLAN) && !Holds(_at, _end, Kw.DEPLOY)) return;
        _draft.Flag("X11", SpanOf(start, _end), StatementClass.Exec);
    }

    private bool ExecuteImmediate(int start)
    {
        _at++;
        if (Eat(Kw.FROM))
        {
            _draft.Flag("G12", SpanOf(start, _at), StatementClass.Exec);
            _scope.ForgetAll();
            if (!Stage(ObjectAccess.Read, out _) && Kind() is TokenKind.String or TokenKind.Word) _at++;
            _draft.Title = "EXECUTE IMMEDIATE FROM file";
            _at = _end;
            return true;
        }
        _draft.Title = "EXECUTE IMMEDIATE";
        var first = _at;
        if (Kind() == TokenKind.Semicolon || !Expression()) return false;
        var behind = _at;
        if (Word() == Kw.USING && Kind(1) == TokenKind.OpenParen)
        {
            _at++;
            if (!Parenthesis()) return false;
        }
        RunText(first, behind);
        return true;
    }

    private void RunText(int first, int end)
    {
        var span = SpanOf(first, end);
        var literal = end - first == 1 && _tokens[first].Kind is TokenKind.String or TokenKind.DollarString;
        if (Constant(first, end) is not { } sql)
        {
            _draft.Doubt(Confidence.Opaque);
            _draft.Flag("G11", span, StatementClass.Exec);
            _scope.ForgetAll();
            return;
        }
        if (string.IsNullOrWhiteSpace(sql)) return;
        if (end - first == 1)
        {
            // The statement is its inner statement: nothing of the wrapper remains but the fact.
            var templated = _draft.Confidence != Confidence.Exact;
            _draft.Replace(StatementClass.Unknown, templated ? Effect.Review : Effect.Allow, Severity.None);
            _draft.Flag("G10", span);
            if (!literal) _draft.Flag("G15", span);
        }
        else
        {
            _draft.Raise("G11", Effect.Review, Severity.Medium, span, null, "The SQL that runs is put together from pieces; they are all known.");
        }
        EmbedText(sql, span, literal ? VerbatimAt(_tokens[first]) : null, takeClass: true);
    }

    /// <summary>Where the body of a literal starts in this text, when it stands there without escapes.</summary>
    private static int? VerbatimAt(SqlToken token) => token.Kind == TokenKind.DollarString ? token.Start + 2 : token.Has(TokenMarks.Escaped) ? null : token.Start + 1;

    /// <summary>CREATE TASK … AS statement, CREATE ALERT … IF (EXISTS (…)) THEN statement, CREATE PIPE … AS COPY, ALTER TASK … MODIFY AS.</summary>
    private bool DeferredStatement(Noun noun)
    {
        var depth = 0;
        for (var i = _at; i < _end; i++)
        {
            if (_tokens[i].Kind == TokenKind.OpenParen) depth++;
            else if (_tokens[i].Kind == TokenKind.CloseParen) depth--;
            if (depth != 0 || i + 1 >= _end || !IntroducesStatement(i, noun)) continue;
            ReadReferences(_at, i);
            ScanForFunctions(_at, i);
            _draft.Flag("C2", SpanOf(i, i + 1));
            _at = i + 1;
            Nested(_end, takeClass: false);
            _at = _end;
            return true;
        }
        return Tail();
    }

    // The AS of a task or pipe is followed by its statement, whatever it is, and so is the THEN of an alert, whose condition stands in parentheses; EXECUTE AS USER is another clause.
    private bool IntroducesStatement(int i, Noun noun) => _tokens[i].Keyword switch
    {
        Kw.AS => _tokens[i - 1].Keyword != Kw.EXECUTE,
        Kw.THEN => noun.Name == "ALERT" || StartsStatement(i + 1),
        Kw.ACTION => _tokens[i - 1].Keyword == Kw.MODIFY || StartsStatement(i + 1),
        _ => false,
    };

    private bool StartsStatement(int i) => _tokens[i].Kind is TokenKind.Template or TokenKind.OpenParen or TokenKind.String or TokenKind.DollarString
        || _tokens[i].Keyword is Kw.SELECT or Kw.WITH or Kw.INSERT or Kw.UPDATE or Kw.DELETE or Kw.MERGE or Kw.TRUNCATE or Kw.COPY or Kw.CALL or Kw.EXECUTE or Kw.BEGIN or Kw.DECLARE
            or Kw.CREATE or Kw.ALTER or Kw.DROP or Kw.UNDROP or Kw.GRANT or Kw.REVOKE or Kw.USE or Kw.SHOW or Kw.SET or Kw.UNSET or Kw.COMMENT or Kw.REMOVE or Kw.PUT or Kw.GET or Kw.LIST or Kw.DESC or Kw.DESCRIBE;

    /// <summary>Reads the tokens up to <paramref name="end"/> as a statement inside this one.</summary>
    private void Nested(int end, bool takeClass)
    {
        if (_at >= end) return;
        if (!Enter())
        {
            Leave(false);
            return;
        }
        var (outer, savedEnd, start) = (_draft, _end, _at);
        _draft = new Draft();
        _end = end;
        LookOver(start, end);
        if (Kind() is TokenKind.String or TokenKind.DollarString && end - _at == 1)
        {
            // A body in quotes: CREATE TASK … AS $$ … $$.
            var token = Token();
            _draft.Replace(StatementClass.Unknown, Effect.Allow, Severity.None);
            EmbedText(Literal(token), token.Span, VerbatimAt(token), takeClass: true, asBlock: true);
            _at = end;
        }
        else
        {
            Chain();
        }
        outer.Embed(_draft.ToAnalysis(SpanOf(start, end)), takeClass);
        (_draft, _end) = (outer, savedEnd);
        Leave(true);
    }

    /// <summary>CREATE PROCEDURE and CREATE FUNCTION: the properties, then the body in its language.</summary>
    private bool Routine(Noun noun)
    {
        if (Kind() == TokenKind.OpenParen)
        {
            ScanForFunctions(_at, BehindParen(_at));
            SkipParens();
        }
        var language = "SQL";
        for (var i = _at; i + 1 < _end; i++)
        {
            if (_tokens[i].Keyword == Kw.LANGUAGE) language = Upper(_tokens[i + 1].Of(_text));
            if (_tokens[i].Keyword != Kw.AS || !BodyAt(i + 1)) continue;
            ScanForFunctions(_at, i);
            if (ServiceBehind(i) is { } service)
            {
                // CREATE FUNCTION … SERVICE = s ENDPOINT = e AS '/path': rows go to a container; the text is a path of it.
                _draft.Raise("E17", Effect.Review, Severity.High, SpanOf(service, service + 3), null, "What is given to this function goes to a container service.");
                _at = service + 2;
                ObjectName("SERVICE", ObjectAccess.Read, out _);
                _at = _end;
                return true;
            }
            _at = i + 1;
            RoutineBody(noun, language);
            _at = _end;
            return true;
        }
        return Tail();
    }

    /// <summary>The SERVICE = … between the cursor and the body, which a function of a container service has instead of a language.</summary>
    private int? ServiceBehind(int body)
    {
        int? service = null;
        for (var i = _at; i + 2 < body; i++)
        {
            if (_tokens[i].Keyword == Kw.LANGUAGE) return null;
            if (_tokens[i].Keyword == Kw.SERVICE && _tokens[i + 1].Kind == TokenKind.Operator) service = i;
        }
        return service;
    }

    private bool BodyAt(int i) => _tokens[i].Kind is TokenKind.String or TokenKind.DollarString or TokenKind.Template || _tokens[i].Keyword is Kw.BEGIN or Kw.DECLARE;

    private void RoutineBody(Noun noun, string language)
    {
        var token = Token();
        if (token.Kind is not (TokenKind.String or TokenKind.DollarString))
        {
            Nested(_end, takeClass: false);
            return;
        }
        var body = Literal(token);
        if (noun.Name == "EXTERNAL FUNCTION")
        {
            _draft.Object($"'{body}'", "LOCATION", ObjectAccess.Export, token.Span);
            return;
        }
        if (token.Has(TokenMarks.HoldsTemplate)) Template(token);
        if (language != "SQL")
        {
            ForeignBody(body, language, token);
            return;
        }
        if (noun.Name == "PROCEDURE") EmbedText(body, token.Span, VerbatimAt(token), takeClass: false, asBlock: true);
        else FunctionBody(body, token);
    }

    /// <summary>A SQL function's body is an expression or a query; read as a query it shows what it reads.</summary>
    private void FunctionBody(string body, SqlToken token)
    {
        var trimmed = body.TrimStart();
        var query = trimmed.StartsWith("SELECT", StringComparison.OrdinalIgnoreCase) || trimmed.StartsWith("WITH", StringComparison.OrdinalIgnoreCase) || trimmed.StartsWith("VALUES", StringComparison.OrdinalIgnoreCase)
            || trimmed.StartsWith("BEGIN", StringComparison.OrdinalIgnoreCase) || trimmed.StartsWith("DECLARE", StringComparison.OrdinalIgnoreCase);
        if (query) EmbedText(body, token.Span, VerbatimAt(token), takeClass: false, asBlock: true);
        else EmbedText($"SELECT ({body})", token.Span, null, takeClass: false);
    }

    /// <summary>Code in another language: the SQL it runs, and whether it reaches out.</summary>
    private void ForeignBody(string body, string language, SqlToken token)
    {
        foreach (var piece in ForeignCode.Sql(body, language))
        {
            if (piece.Dynamic)
            {
                _draft.Doubt(Confidence.Opaque);
                _draft.Flag("G11", token.Span);
            }
            EmbedText(piece.Sql, token.Span, piece.Dynamic ? null : VerbatimAt(token) + piece.Start, takeClass: false, asBlock: false);
        }
        if (ForeignCode.ReachesOut(body) is { } how) _draft.Raise("E7", Effect.Review, Severity.High, token.Span, null, $"The code can reach outside hosts or processes: {how}.");
    }

    /// <summary>WITH p AS PROCEDURE (…) … AS body CALL p(…)</summary>
    private bool AnonymousProcedure()
    {
        var start = _at++;
        _draft.Base(StatementClass.Exec, Effect.Review, Severity.Medium);
        _draft.Flag("G13", SpanOf(start, start + 1), StatementClass.Exec);
        _draft.Title = "WITH … AS PROCEDURE … CALL";
        while (Word() != Kw.PROCEDURE && _at < _end) _at++;
        _at++;
        SkipParens();
        var language = "SQL";
        for (; _at < _end; _at++)
        {
            if (Word() == Kw.LANGUAGE) language = Upper(TextOf(1));
            if (_at + 1 >= _end || Word() != Kw.AS || !BodyAt(_at + 1)) continue;
            _at++;
            var token = Token();
            if (token.Kind is TokenKind.String or TokenKind.DollarString)
            {
                _at++;
                if (language == "SQL") EmbedText(Literal(token), token.Span, VerbatimAt(token), takeClass: false, asBlock: true);
                else ForeignBody(Literal(token), language, token);
            }
            else
            {
                var end = BlockFrom(_at) is { } block ? Math.Min(block, _end) : _end;
                Nested(end, takeClass: false);
                _at = end;
            }
            break;
        }
        ScanClauses(start, _end, Kw.CREATE, "PROCEDURE");
        ScanForFunctions(_at, _end);
        _at = _end;
        return true;
    }

    /// <summary>!source, !system and the other commands of SnowSQL and Snowflake CLI.</summary>
    private void ClientCommand()
    {
        var line = _tokens[_at].Of(_text).TrimEnd();
        var space = line.IndexOfAny(' ', '\t', '=');
        var command = Upper(space < 0 ? line[1..] : line[1..space]);
        var span = _tokens[_at].Span;
        _draft.Base(StatementClass.Unknown, Effect.Review, Severity.Medium);
        _draft.Title = $"!{command.ToLowerInvariant()}";
        switch (command)
        {
            case "SYSTEM" or "SYS":
                _draft.Raise("G17", Effect.Deny, Severity.Critical, span, StatementClass.Exec, "The client starts a program on this machine.");
                break;
            case "SOURCE" or "LOAD":
                var address = line.Contains("://", StringComparison.Ordinal);
                _draft.Raise("G17", address ? Effect.Deny : Effect.Review, address ? Severity.Critical : Severity.High, span, null, address ? "The client fetches SQL from an address and runs it." : "The client runs the SQL in another file.");
                break;
            case "SPOOL":
                _draft.Flag("G17", span);
                _draft.Flag("E19", span, StatementClass.Exfil);
                break;
            case "SET" or "OPTIONS" or "OPTS":
                _draft.Flag("G17", span);
                if (line.Contains("output_file", StringComparison.OrdinalIgnoreCase)) _draft.Flag("E19", span, StatementClass.Exfil);
                break;
            default:
                _draft.Flag("G17", span);
                break;
        }
        _at = _end;
    }
}
