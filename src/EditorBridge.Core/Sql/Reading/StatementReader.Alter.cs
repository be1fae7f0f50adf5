namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool Alter()
    {
        var start = _at++;
        if (Word() == Kw.SESSION && Word(1) != Kw.POLICY) return AlterSession();
        var noun = MatchNoun();
        while (noun is null && Word() is Kw.SECURE or Kw.TRANSIENT or Kw.TEMPORARY)
        {
            _at++;
            noun = MatchNoun();
        }
        if (noun is null)
        {
            _draft.Base(StatementClass.Ddl, Effect.Review, Severity.Medium);
            if (Is(0, "SNOWFLAKE") && Kind(1) == TokenKind.Dot && Name(out _))
            {
                _draft.Flag("C4", SpanOf(start, _at));
                return ObjectName("INSTANCE", ObjectAccess.Write, out _) && Tail();
            }
            NewNoun(start);
            return false;
        }
        var row = noun.Alter ?? new CommandRow(StatementClass.Ddl, Effect.Review, HoldsCode: false);
        _draft.Base(row.Class, row.Effect, BaseSeverity(row));
        if (noun.Reason is not null) _draft.Raise(noun.Reason, Effect.Allow, BaseSeverity(row), SpanOf(start, _at));
        IfExists();
        var name = default(SqlName);
        // ALTER ACCOUNT SET …, ALTER USER SET … and ALTER WAREHOUSE SUSPEND name no object: the current one is meant.
        var unnamed = Word() is Kw.SET or Kw.UNSET && Kind(1) is TokenKind.Word || noun.Name == "ACCOUNT" && Word() is Kw.ADD or Kw.DROP or Kw.REMOVE;
        if (!unnamed && !ObjectName(noun.Name, ObjectAccess.Write, out name)) return false;
        IfExists();
        SkipParens();
        _draft.Title = $"ALTER {noun.Name} {name.Text}".TrimEnd();
        ScanClauses(_at, _end, Kw.ALTER, noun.Name);
        if (noun.Name is "USER" && Word() == Kw.ABORT && _end - _at == 3) _draft.Replace(StatementClass.Session, Effect.Review, Severity.High);
        return AlterBody(noun);
    }

    private bool AlterBody(Noun noun)
    {
        if (noun.Name is "MASKING POLICY" or "ROW ACCESS POLICY" && Holds(_at, _end, Kw.BODY)) return PolicyBody();
        if (noun.Name is "TASK" or "ALERT" && Word() == Kw.MODIFY) return DeferredStatement(noun);
        AlterColumns();
        for (var i = _at; i < _end; i++)
        {
            if (_tokens[i].Keyword is Kw.TO && i > _at && _tokens[i - 1].Keyword == Kw.RENAME || _tokens[i].Keyword == Kw.WITH && i > _at && _tokens[i - 1].Keyword == Kw.SWAP)
            {
                var saved = _at;
                _at = i + 1;
                ObjectName(noun.Name, _tokens[i].Keyword == Kw.TO ? ObjectAccess.Create : ObjectAccess.Write, out _);
                _at = saved;
            }
        }
        return Tail();
    }

    /// <summary>The columns that ADD, DROP, RENAME, ALTER and MODIFY name.</summary>
    private void AlterColumns()
    {
        for (var i = _at; i + 1 < _end; i++)
        {
            if (_tokens[i].Keyword == Kw.COLUMN && i > _at) ColumnList(i + 1);
            else if (_tokens[i].Keyword is Kw.ADD or Kw.DROP or Kw.ALTER or Kw.MODIFY && i == _at && _tokens[i + 1].Keyword is Kw.Unlisted or Kw.IF or Kw.COMMENT or Kw.DATE or Kw.TYPE or Kw.NAME) ColumnList(i + 1);
        }
    }

    private void ColumnList(int at)
    {
        while (at < _end)
        {
            if (_tokens[at].Keyword == Kw.IF) at += at + 1 < _end && _tokens[at + 1].Keyword == Kw.NOT ? 3 : 2;
            if (at >= _end || _tokens[at].Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier)) return;
            AddColumn(_tokens[at]);
            // ADD a INT, b VARCHAR(10): the next column stands behind a comma outside parentheses.
            var depth = 0;
            for (at++; at < _end; at++)
            {
                if (_tokens[at].Kind == TokenKind.OpenParen) depth++;
                else if (_tokens[at].Kind == TokenKind.CloseParen) depth--;
                else if (depth == 0 && _tokens[at].Kind == TokenKind.Comma) break;
            }
            at++;
            if (at < _end && _tokens[at].Keyword is Kw.COLUMN or Kw.ADD or Kw.DROP or Kw.ALTER or Kw.MODIFY) at++;
            if (at < _end && _tokens[at].Keyword is Kw.COLUMN) at++;
        }
    }

    private bool AlterSession()
    {
        var start = _at - 1;
        _at++;
        _draft.Base(StatementClass.Session, Effect.Allow, Severity.None);
        _draft.Title = "ALTER SESSION";
        var unset = Word() == Kw.UNSET;
        if (!unset && Word() != Kw.SET) return false;
        _at++;
        while (Kind() == TokenKind.Word)
        {
            var name = Upper(TextOf());
            SessionParameter(name, unset);
            _at++;
            if (!unset)
            {
                if (!EatOperator('=')) return false;
                EatPrefix();
                if (Kind() is not (TokenKind.Number or TokenKind.String or TokenKind.Word or TokenKind.Variable)) return false;
                _at++;
            }
            Eat(TokenKind.Comma);
        }
        return _at - start > 2;
    }

    private void SessionParameter(string name, bool unset)
    {
        switch (name)
        {
            case "MULTI_STATEMENT_COUNT": _draft.Flag("G25", Token().Span); break;
            case "SEARCH_PATH": _draft.Flag("C8", Token().Span, StatementClass.Session); break;
            case "QUERY_TAG":
                _draft.Flag("S2", Token().Span);
                _draft.Flag("E18", Token().Span);
                break;
            default:
                if (HarmlessParameters.TryGet(name, out _)) _draft.Flag("S2", Token().Span);
                else _draft.Raise("S3", Effect.Review, Severity.Medium, Token().Span, StatementClass.Session, $"{(unset ? "Unsetting" : "Setting")} {name} can change the meaning of later statements.");
                break;
        }
    }

    /// <summary>Session parameters that only change how results look or how long clients wait.</summary>
    private static readonly WordTable<bool> HarmlessParameters = new(
        """
        TIMEZONE DATE_INPUT_FORMAT DATE_OUTPUT_FORMAT TIME_INPUT_FORMAT TIME_OUTPUT_FORMAT TIMESTAMP_INPUT_FORMAT TIMESTAMP_OUTPUT_FORMAT
        TIMESTAMP_LTZ_OUTPUT_FORMAT TIMESTAMP_NTZ_OUTPUT_FORMAT TIMESTAMP_TZ_OUTPUT_FORMAT TIMESTAMP_TYPE_MAPPING TIMESTAMP_DAY_IS_ALWAYS_24H
        BINARY_INPUT_FORMAT BINARY_OUTPUT_FORMAT GEOGRAPHY_OUTPUT_FORMAT GEOMETRY_OUTPUT_FORMAT JSON_INDENT WEEK_START WEEK_OF_YEAR_POLICY TWO_DIGIT_CENTURY_START
        ROWS_PER_RESULTSET USE_CACHED_RESULT CLIENT_RESULT_COLUMN_CASE_INSENSITIVE CLIENT_TIMESTAMP_TYPE_MAPPING CLIENT_SESSION_KEEP_ALIVE
        CLIENT_SESSION_KEEP_ALIVE_HEARTBEAT_FREQUENCY CLIENT_PREFETCH_THREADS CLIENT_RESULT_CHUNK_SIZE CLIENT_MEMORY_LIMIT CLIENT_METADATA_REQUEST_USE_CONNECTION_CTX
        DEFAULT_NULL_ORDERING JDBC_TREAT_DECIMAL_AS_INT ODBC_TREAT_DECIMAL_AS_INT PYTHON_CONNECTOR_QUERY_RESULT_FORMAT
        """.Split((char[])[' ', '\n'], StringSplitOptions.RemoveEmptyEntries).Select(name => KeyValuePair.Create(name, true)));
}
