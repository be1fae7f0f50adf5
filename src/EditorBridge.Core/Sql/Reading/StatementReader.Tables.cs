namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool From()
    {
        _at++;
        do
        {
            // A trailing comma is accepted by the server.
            if (_at >= _end || Word() is Kw.WHERE or Kw.GROUP or Kw.ORDER or Kw.LIMIT or Kw.QUALIFY) return _tokens[_at - 1].Kind == TokenKind.Comma;
            if (!TableReference()) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    private bool TableReference()
    {
        if (!TablePrimary()) return false;
        while (true)
        {
            var at = _at;
            Eat(Kw.NATURAL);
            if (Word() is Kw.INNER or Kw.CROSS or Kw.ASOF) _at++;
            else if (Word() is Kw.LEFT or Kw.RIGHT or Kw.FULL)
            {
                _at++;
                Eat(Kw.OUTER);
            }
            Eat(Kw.DIRECTED);
            if (!Eat(Kw.JOIN))
            {
                _at = at;
                return true;
            }
            if (!TablePrimary()) return false;
            if (Word() == Kw.MATCH_CONDITION)
            {
                _at++;
                if (!Parenthesis()) return false;
            }
            // a JOIN b JOIN c ON … ON …: conditions may follow inside out.
            while (Eat(Kw.ON))
            {
                if (!Expression()) return false;
            }
            if (Word() == Kw.USING && Kind(1) == TokenKind.OpenParen)
            {
                _at++;
                if (!SkipNames()) return false;
            }
        }
    }

    private bool TablePrimary()
    {
        if (!Enter()) return Leave(false);
        Eat(Kw.LATERAL);
        return Leave(TableSource() && TableSuffixes());
    }

    private bool TableSource()
    {
        switch (Kind())
        {
            case TokenKind.OpenParen:
                _at++;
                if (StartsQuery()) return Query() && Eat(TokenKind.CloseParen);
                if (!TableReference()) return false;
                while (Eat(TokenKind.Comma))
                {
                    if (!TableReference()) return false;
                }
                // FROM ((SELECT …) UNION (SELECT …))
                return SetTail() && QueryTail() && Eat(TokenKind.CloseParen);
            case TokenKind.StagePath: return StageSource();
            case TokenKind.String: return StageLiteral();
            case TokenKind.Variable when char.IsAsciiDigit(TextOf()[1]):
                // The result of an earlier part of a flow chain.
                _at++;
                return true;
            case TokenKind.Variable or TokenKind.Placeholder: return false;
        }
        switch (Word())
        {
            case Kw.VALUES when Kind(1) == TokenKind.OpenParen: return Values();
            case Kw.TABLE when Kind(1) == TokenKind.OpenParen: return TableFunctionSource();
            case Kw.SEMANTIC_VIEW when Kind(1) == TokenKind.OpenParen: return SemanticView();
            case Kw.DIRECTORY when Kind(1) == TokenKind.OpenParen && Kind(2) == TokenKind.StagePath:
                _at += 2;
                return StageOperand() && Eat(TokenKind.CloseParen);
        }
        if (EndsOperand(Word()) && Word() != Kw.END) return false;
        if (!Name(out var name)) return false;
        if (Kind() == TokenKind.OpenParen) return Call(name);
        if (Kind() == TokenKind.Bang && Kind(1) == TokenKind.Word)
        {
            _draft.Flag("C4", SpanOf(_at - 1, _at + 2));
            _draft.Object(name.Text, "INSTANCE", ObjectAccess.Read, name.Span);
            _at += 2;
            return Arguments();
        }
        if (name.Parts == 1 && _ctes.Contains(name.Text)) return true;
        Note(name, "TABLE", ObjectAccess.Read);
        return true;
    }

    private bool StageSource()
    {
        if (!StageOperand()) return false;
        return Kind() != TokenKind.OpenParen || StageOptions();
    }

    /// <summary><c>(FILE_FORMAT =&gt; f, PATTERN =&gt; 'x')</c></summary>
    private bool StageOptions()
    {
        _at++;
        while (Kind() == TokenKind.Word)
        {
            _at++;
            if (Kind() == TokenKind.FatArrow) _at++;
            else if (!EatOperator('=')) return false;
            if (Kind() == TokenKind.OpenParen) SkipParens();
            else if (Kind() is TokenKind.String or TokenKind.DollarString) _at++;
            else if (!Name(out _)) return false;
            Eat(TokenKind.Comma);
        }
        return Eat(TokenKind.CloseParen);
    }

    /// <summary><c>FROM '@stage/path'</c></summary>
    private bool StageLiteral()
    {
        var token = Token();
        var value = Literal(token);
        if (!value.StartsWith('@')) return false;
        _draft.Object(StageName(value), "STAGE", ObjectAccess.Read, token.Span);
        _draft.Flag("R4", token.Span);
        _at++;
        return Kind() != TokenKind.OpenParen || StageOptions();
    }

    /// <summary><c>TABLE(f(…))</c>, <c>TABLE('a.b')</c>, <c>TABLE($v)</c>, <c>TABLE(SELECT …)</c>; the cursor is at TABLE.</summary>
    private bool TableFunctionSource()
    {
        var open = _at + 1;
        var close = BehindParen(open);
        _at = open + 1;
        if (StartsQuery()) return Query() && Eat(TokenKind.CloseParen);
        if (Kind() is TokenKind.String or TokenKind.DollarString or TokenKind.Variable or TokenKind.Colon or TokenKind.Placeholder)
        {
            var value = Constant(_at, close - 1);
            var span = SpanOf(open - 1, close);
            if (value is not null && ParseName(value) is { } known)
            {
                _draft.Raise("G14", Effect.Allow, Severity.Low, span);
                Note(known with { Span = span }, "TABLE", ObjectAccess.Read);
            }
            else if (!(_inBlock && Kind() == TokenKind.Colon))
            {
                _draft.Doubt(Confidence.Opaque);
                _draft.Raise("G14", Effect.Review, Severity.Medium, span, null, "Which object is read is only known at run time.");
            }
            _at = close;
            return true;
        }
        if (!Name(out var name)) return false;
        if (Kind() == TokenKind.OpenParen)
        {
            if (!Call(name)) return false;
        }
        else if (Kind() == TokenKind.Bang && Kind(1) == TokenKind.Word)
        {
            _draft.Flag("C4", name.Span);
            _draft.Object(name.Text, "INSTANCE", ObjectAccess.Read, name.Span);
            _at += 2;
            if (!Arguments()) return false;
        }
        else if (!_inBlock && !_ctes.Contains(name.Text))
        {
            Note(name, "TABLE", ObjectAccess.Read);
        }
        if (Word() == Kw.OVER)
        {
            _at++;
            if (!Window()) return false;
        }
        return Eat(TokenKind.CloseParen);
    }

    /// <summary><c>SEMANTIC_VIEW(v METRICS m DIMENSIONS d WHERE p)</c></summary>
    private bool SemanticView()
    {
        _at += 2;
        if (!ObjectName("SEMANTIC VIEW", ObjectAccess.Read, out _)) return false;
        while (Kind() != TokenKind.CloseParen)
        {
            if (Word() == Kw.WHERE)
            {
                _at++;
                if (!Expression()) return false;
                continue;
            }
            if (!(Word() is Kw.METRICS or Kw.DIMENSIONS or Kw.FACTS)) return false;
            _at++;
            do
            {
                if (QualifiedStar())
                {
                    _at++;
                    continue;
                }
                if (!Expression()) return false;
                if (Eat(Kw.AS)) _at++;
                else if (Kind() == TokenKind.Word && !(Word() is Kw.METRICS or Kw.DIMENSIONS or Kw.FACTS or Kw.WHERE)) _at++;
            }
            while (Eat(TokenKind.Comma));
        }
        return Eat(TokenKind.CloseParen);
    }

    // One alias for what stands there, and one more for each shape that is made of it; a second in a row is no alias.
    private bool TableSuffixes()
    {
        var aliased = false;
        while (true)
        {
            var before = _at;
            if (!TableShape()) return false;
            if (_at > before)
            {
                aliased = false;
                continue;
            }
            if (aliased) return true;
            if (!TableAlias()) return false;
            if (_at == before) return true;
            aliased = true;
        }
    }

    /// <summary>One shape that is made of a source; stays where it is when there is none.</summary>
    private bool TableShape()
    {
        switch (Word())
        {
            case Kw.AT or Kw.BEFORE or Kw.END or Kw.CHANGES when Kind(1) == TokenKind.OpenParen:
                _draft.Flag("R3", Token().Span);
                _at++;
                return Arguments();
            case Kw.PIVOT when Kind(1) == TokenKind.OpenParen: return Pivot();
            case Kw.UNPIVOT when Kind(1) == TokenKind.OpenParen || Word(1) is Kw.INCLUDE or Kw.EXCLUDE: return Unpivot();
            case Kw.MATCH_RECOGNIZE when Kind(1) == TokenKind.OpenParen: return MatchRecognize();
            case Kw.SAMPLE or Kw.TABLESAMPLE: return Sample();
            case Kw.RESAMPLE when Kind(1) == TokenKind.OpenParen: return Resample();
            case Kw.OVER when Kind(1) == TokenKind.OpenParen:
                _at++;
                return Window();
            default: return true;
        }
    }

    /// <summary>An alias, with its columns; stays where it is when there is none.</summary>
    private bool TableAlias()
    {
        if (Eat(Kw.AS))
        {
            if (Kind() is not (TokenKind.Word or TokenKind.QuotedIdentifier or TokenKind.Template)) return false;
            _at++;
            SkipStickingName();
        }
        else if (Kind() == TokenKind.QuotedIdentifier || Kind() == TokenKind.Word && !EndsAlias(Word()))
        {
            _at++;
        }
        else
        {
            return true;
        }
        return Kind() != TokenKind.OpenParen || SkipNames();
    }
}
