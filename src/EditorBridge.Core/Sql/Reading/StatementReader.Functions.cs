namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    /// <summary>A function call: the cursor is at the parenthesis.</summary>
    private bool Call(SqlName function)
    {
        var open = _at;
        JudgeFunction(function, open);
        if (!Enter()) return Leave(false);
        // COUNT(*) counts rows; the star of any other function is every column.
        return Leave(Arguments(TakesDatePart(function), starIsColumns: function is not { Parts: 1, Text: "COUNT" }));
    }

    private bool Arguments(bool datePart = false, bool starIsColumns = true)
    {
        if (!Eat(TokenKind.OpenParen)) return false;
        if (datePart && Kind() == TokenKind.Word && Kind(1) is TokenKind.Comma && IsDatePart(TextOf())) _at++;
        else if (datePart && Kind() is TokenKind.Word or TokenKind.String && Word(1) == Kw.FROM) _at += 2;
        while (Kind() != TokenKind.CloseParen)
        {
            if (Eat(TokenKind.Comma)) continue;
            if (!Argument(starIsColumns)) return false;
            if (!ArgumentTail()) return false;
            if (Kind() is not (TokenKind.Comma or TokenKind.CloseParen)) return false;
        }
        return Eat(TokenKind.CloseParen);
    }

    private bool Argument(bool starIsColumns)
    {
        if (Word() is Kw.DISTINCT or Kw.ALL && Kind(1) != TokenKind.Dot && Kind(1) != TokenKind.Comma && Kind(1) != TokenKind.CloseParen) _at++;
        if (Kind() == TokenKind.Star || Kind() is TokenKind.Word or TokenKind.QuotedIdentifier && QualifiedStar())
        {
            if (starIsColumns) _draft.Column("*");
            return StarItem();
        }
        if (StartsQuery()) return Query();
        if (Kind() == TokenKind.Word && Kind(1) == TokenKind.Word && Kind(2) == TokenKind.Arrow)
        {
            // A typed lambda parameter: x INT -> ….
            _lambdaParameters.Add(Upper(TextOf()));
            _at += 3;
        }
        return Expression();
    }

    /// <summary>CAST(x AS t), EXTRACT(p FROM x), SUBSTRING(x FROM a FOR b), TRIM(… FROM x), POSITION(a IN b), LISTAGG(x ORDER BY y).</summary>
    private bool ArgumentTail()
    {
        while (true)
        {
            if (Word() == Kw.AS)
            {
                _at++;
                if (!TypeName()) return false;
                // RENAME FIELDS, FORMAT 'x' and NULL behaviours of CAST.
                if (Word() is Kw.RENAME or Kw.ADD && Is(1, "FIELDS")) _at += 2;
                if (Word() == Kw.FORMAT && Kind(1) == TokenKind.String) _at += 2;
            }
            else if (Word() is Kw.FROM or Kw.FOR or Kw.USING && Kind(1) != TokenKind.Dot)
            {
                _at++;
                if (!Expression()) return false;
            }
            else if (Word() == Kw.ORDER && Word(1) == Kw.BY)
            {
                if (!OrderBy()) return false;
            }
            else if (Word() is Kw.UNION or Kw.INTERSECT or Kw.EXCEPT or Kw.MINUS)
            {
                if (!SetTail()) return false;
            }
            else
            {
                return true;
            }
        }
    }

    private static bool TakesDatePart(SqlName function) => function.Parts == 1 && function.Text is
        "DATEADD" or "DATEDIFF" or "DATE_TRUNC" or "DATE_PART" or "TIMEADD" or "TIMEDIFF" or "TIMESTAMPADD" or "TIMESTAMPDIFF" or "EXTRACT" or "DATE_DIFF" or "DATE_ADD";

    private static bool IsDatePart(ReadOnlySpan<char> word) => SqlDateParts.Contains(word);

    /// <summary>What calling a function means. Arguments are judged on their own.</summary>
    private void JudgeFunction(SqlName function, int open)
    {
        if (function.Parts > 1)
        {
            JudgeQualified(function);
            return;
        }
        var found = FunctionTable.Find(function.Text);
        if (found is not { } effect)
        {
            _draft.Raise("C5", Effect.Review, Severity.Low, function.Span, null, $"{function.Text} is not a known built-in function, so what it does is unknown.");
            _draft.Object(function.Text, "FUNCTION", ObjectAccess.Read, function.Span);
            return;
        }
        JudgeBuiltIn(function.Text, effect, function.Span, open);
    }

    private void JudgeBuiltIn(string name, FunctionEffect effect, TextSpan span, int open)
    {
        switch (effect)
        {
            case FunctionEffect.SensitiveRead: _draft.Flag("R2", span); break;
            case FunctionEffect.Ai: _draft.Flag("E15", span, StatementClass.Exfil); break;
            case FunctionEffect.FileLink:
                _draft.Flag("E14", span, StatementClass.Exfil);
                StageArgument(open);
                break;
            case FunctionEffect.EarlierResult: _draft.Flag("R6", span); break;
            case FunctionEffect.RunsQuery: RunsQuery(open, span); break;
            case FunctionEffect.SystemTrace: _draft.Flag("E18", span); break;
            case FunctionEffect.SystemSecret: _draft.Raise("P8", Effect.Review, Severity.High, span, StatementClass.Privilege); break;
            case FunctionEffect.SystemAct: _draft.Flag("S6", span, StatementClass.Session); break;
            case FunctionEffect.SystemDanger: _draft.Raise("S6", Effect.Deny, Severity.Critical, span, StatementClass.Session); break;
            case FunctionEffect.SystemToken: _draft.Flag("P8", span, StatementClass.Privilege); break;
            case FunctionEffect.SystemSend: _draft.Flag("E9", span, StatementClass.Exfil); break;
            case FunctionEffect.Pure when name == "GENERATOR": Generator(open); break;
            case FunctionEffect.Pure when name is "INFER_SCHEMA" or "TO_FILE": StageArgument(open); break;
        }
    }

    private void JudgeQualified(SqlName function)
    {
        var name = function.Text;
        if (function.Last.StartsWith("SYSTEM$", StringComparison.OrdinalIgnoreCase)) _draft.Flag("S6", function.Span, StatementClass.Session);
        if (name.Contains("CORTEX.", StringComparison.Ordinal) && (name.StartsWith("SNOWFLAKE.CORTEX.", StringComparison.Ordinal) || name.StartsWith("CORTEX.", StringComparison.Ordinal)))
        {
            if (function.Last is not ("COUNT_TOKENS" or "SPLIT_TEXT_RECURSIVE_CHARACTER" or "SPLIT_TEXT_MARKDOWN_HEADER")) _draft.Flag("E15", function.Span, StatementClass.Exfil);
            return;
        }
        if (name.StartsWith("SNOWFLAKE.ML.", StringComparison.Ordinal))
        {
            _draft.Flag("C4", function.Span);
            return;
        }
        // Data metric functions, message builders and the alert clock only compute.
        if (name.StartsWith("SNOWFLAKE.CORE.", StringComparison.Ordinal) && IsDataMetric(function.Last) || name.StartsWith("SNOWFLAKE.NOTIFICATION.", StringComparison.Ordinal)
            || name.StartsWith("SNOWFLAKE.ALERT.", StringComparison.Ordinal) || name.StartsWith("SNOWFLAKE.SNOWPARK.", StringComparison.Ordinal) && function.Last.StartsWith("GET_", StringComparison.Ordinal))
        {
            return;
        }
        if (name.StartsWith("INFORMATION_SCHEMA.", StringComparison.Ordinal) || name.Contains(".INFORMATION_SCHEMA.", StringComparison.Ordinal))
        {
            _draft.Flag("R2", function.Span);
            return;
        }
        _draft.Object(name, "FUNCTION", ObjectAccess.Read, function.Span);
        _draft.Raise("C5", Effect.Review, Severity.Low, function.Span, null, $"{name} is a user-defined function, so what it does is unknown.");
    }

    private static bool IsDataMetric(string name) => name is
        "ACCEPTED_VALUES" or "AVG" or "BLANK_COUNT" or "BLANK_PERCENT" or "DATA_METRIC_SCHEDULED_TIME" or "DATA_METRIC_SCHEDULE_TIME" or "DUPLICATE_COUNT" or "FRESHNESS" or "MAX" or "MIN"
        or "NULL_COUNT" or "NULL_PERCENT" or "REFERENTIAL_INTEGRITY" or "ROW_COUNT" or "STDDEV" or "UNIQUE_COUNT";

    /// <summary>TABLE(GENERATOR(ROWCOUNT =&gt; 1e12)) produces rows out of nothing.</summary>
    private void Generator(int open)
    {
        var close = BehindParen(open);
        for (var i = open; i < close; i++)
        {
            if (_tokens[i].Kind != TokenKind.Number) continue;
            if (double.TryParse(_tokens[i].Of(_text), System.Globalization.NumberStyles.Float, System.Globalization.CultureInfo.InvariantCulture, out var rows) && rows > 1e9) _draft.Flag("S8", _tokens[i].Span);
        }
    }

    /// <summary>A stage that is named in a string: <c>INFER_SCHEMA(LOCATION =&gt; '@s/p')</c>.</summary>
    private void StageArgument(int open)
    {
        for (var i = open + 1; i < BehindParen(open); i++)
        {
            if (_tokens[i].Kind != TokenKind.String || Literal(_tokens[i]) is not ['@', _, ..] stage) continue;
            _draft.Object(StageName(stage), "STAGE", ObjectAccess.Read, _tokens[i].Span);
            _draft.Flag("R4", _tokens[i].Span);
            return;
        }
    }

    private void RunsQuery(int open, TextSpan span)
    {
        var inner = Constant(open + 1, BehindParen(open) - 1);
        if (inner is null)
        {
            _draft.Flag("G11", span, StatementClass.Exec);
            return;
        }
        _draft.Flag("G10", span);
        EmbedText(inner, span, verbatimAt: null, takeClass: true);
    }

    /// <summary>Looks at every call in tokens that no rule has read, so that a function cannot hide behind a clause that is not understood.</summary>
    private void ScanForFunctions(int first, int end)
    {
        var (at, saved) = (_at, _end);
        _end = end;
        for (var i = first; i + 1 < end; i++)
        {
            if (_tokens[i].Kind is not (TokenKind.Word or TokenKind.QuotedIdentifier) || _tokens[i + 1].Kind != TokenKind.OpenParen) continue;
            var qualified = i >= 2 && _tokens[i - 1].Kind == TokenKind.Dot;
            if (qualified)
            {
                var start = i;
                while (start >= 2 && _tokens[start - 1].Kind == TokenKind.Dot) start -= 2;
                _at = start;
                if (Name(out var name) && (name.Text.StartsWith("SNOWFLAKE.", StringComparison.Ordinal) || name.Last.StartsWith("SYSTEM$", StringComparison.Ordinal))) JudgeQualified(name);
                continue;
            }
            var function = _tokens[i].Kind == TokenKind.Word ? Upper(_tokens[i].Of(_text)) : Unquoted(_tokens[i]);
            if (FunctionTable.Find(function) is { } effect and not FunctionEffect.Pure) JudgeBuiltIn(function, effect, _tokens[i].Span, i + 1);
        }
        (_at, _end) = (at, saved);
    }
}

/// <summary>The words that name a part of a date where a function expects one.</summary>
internal static class SqlDateParts
{
    private static readonly WordTable<bool> Words = new(
        "YEAR YEARS Y YY YYY YYYY YR YRS QUARTER QUARTERS Q QTR QTRS MONTH MONTHS MM MON MONS DAY DAYS D DD DAYOFMONTH DAYOFWEEK DOW DW WEEKDAY DAYOFWEEKISO DAYOFWEEK_ISO DOW_ISO DAYOFYEAR DOY DY YEARDAY WEEK WEEKS W WK WEEKOFYEAR WOY WY WEEKISO WEEK_ISO WEEKOFYEARISO WEEKOFYEAR_ISO YEAROFWEEK YEAROFWEEKISO HOUR HOURS H HH HR HRS MINUTE MINUTES M MI MIN MINS SECOND SECONDS S SEC SECS MILLISECOND MILLISECONDS MS MSEC MICROSECOND MICROSECONDS US USEC NANOSECOND NANOSECONDS NS NSEC NANOSEC NSECOND NSECONDS EPOCH EPOCH_SECOND EPOCH_SECONDS EPOCH_MILLISECOND EPOCH_MILLISECONDS EPOCH_MICROSECOND EPOCH_NANOSECOND TIMEZONE_HOUR TZH TIMEZONE_MINUTE TZM DATE TIME"
            .Split(' ').Select(word => KeyValuePair.Create(word, true)));

    public static bool Contains(ReadOnlySpan<char> word) => Words.TryGet(word, out _);
}
