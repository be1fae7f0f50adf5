namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private bool Files() => Word() switch
    {
        Kw.LIST or Kw.LS => ListFiles(),
        Kw.REMOVE or Kw.RM => RemoveFiles(),
        Kw.PUT => Put(),
        Kw.GET => Get(),
        _ => Copy(),
    };

    private bool ListFiles()
    {
        var start = _at++;
        _draft.Base(StatementClass.Read, Effect.Allow, Severity.None);
        _draft.Flag("R5", SpanOf(start, _at));
        if (!Stage(ObjectAccess.Read, out var stage)) return false;
        _draft.Title = $"LIST {stage}";
        return Pattern();
    }

    private bool Pattern()
    {
        if (!Eat(Kw.PATTERN)) return true;
        if (!EatOperator('=') || Kind() is not (TokenKind.String or TokenKind.Variable)) return false;
        _at++;
        return true;
    }

    private bool RemoveFiles()
    {
        var start = _at++;
        _draft.Base(StatementClass.Destructive, Effect.Review, Severity.High);
        _draft.Flag("X9", SpanOf(start, _at));
        if (!Stage(ObjectAccess.Drop, out var stage)) return false;
        _draft.Title = $"REMOVE {stage}";
        return Pattern();
    }

    /// <summary>A stage path, bare or in a string.</summary>
    private bool Stage(ObjectAccess access, out string name)
    {
        name = "";
        var token = Token();
        if (Kind() == TokenKind.StagePath) name = StageName(token.Of(_text));
        else if (Kind() is TokenKind.String or TokenKind.DollarString && Literal(token) is { Length: > 0 } value && (value[0] == '@' || value.StartsWith("snow:", StringComparison.OrdinalIgnoreCase))) name = value[0] == '@' ? StageName(value) : value;
        else if (Kind() == TokenKind.Uri && token.Of(_text).StartsWith("snow", StringComparison.OrdinalIgnoreCase)) name = token.Of(_text).ToString();
        else return false;
        _draft.Object(name, "STAGE", access, token.Span);
        if (access == ObjectAccess.Read) _draft.Flag("R4", token.Span);
        _at++;
        return true;
    }

    private bool Put()
    {
        var start = _at++;
        _draft.Base(StatementClass.Exfil, Effect.Review, Severity.High);
        _draft.Flag("E4", SpanOf(start, _at));
        var path = Kind() is TokenKind.String ? Literal(Token()) : TextOf().ToString();
        var span = Here;
        _at++;
        if (IsSensitivePath(path)) _draft.Raise("E4", Effect.Deny, Severity.Critical, span, StatementClass.Exfil, "A file that usually holds keys or settings of this machine is uploaded.");
        if (!Stage(ObjectAccess.Write, out var stage)) return false;
        _draft.Title = $"PUT file to {stage}";
        return Options();
    }

    /// <summary>Paths that hold keys, passwords or settings, and patterns that would sweep them up.</summary>
    private static bool IsSensitivePath(string path)
    {
        var p = path.Replace('\\', '/').ToUpperInvariant();
        string[] places = ["/ETC/", "/ROOT/", "/PROC/", "/VAR/RUN/", "/.SSH", "/.AWS", "/.SNOWFLAKE", "/.SNOWSQL", "/.CONFIG", "/.AZURE", "/.KUBE", "/.GNUPG", "/.DOCKER", "/.DBT", "/.CLAUDE", "/.NETRC", "/.PGPASS", "/.ENV", "/WINDOWS/", "ID_RSA", "ID_ED25519", "CREDENTIALS", ".PEM", ".P8", ".KEY", "FILE:////", "/.BASH_HISTORY", "/.GIT/", "/.NPMRC", "/.PYPIRC"];
        foreach (var place in places)
        {
            if (p.Contains(place, StringComparison.Ordinal)) return true;
        }
        // A wildcard straight under the root or the home directory.
        return p is "FILE:///*" or "FILE://~/*" or "FILE://*" or "FILE:///HOME/*" || p.StartsWith("FILE:///**", StringComparison.Ordinal);
    }

    private bool Options()
    {
        while (Kind() == TokenKind.Word)
        {
            _at++;
            if (!EatOperator('=')) return false;
            if (Kind() == TokenKind.OpenParen) SkipParens();
            else if (Kind() is TokenKind.Word or TokenKind.Number or TokenKind.String or TokenKind.Variable) _at++;
            else return false;
        }
        return true;
    }

    private bool Get()
    {
        var start = _at++;
        _draft.Base(StatementClass.Exfil, Effect.Deny, Severity.High);
        _draft.Flag("E3", SpanOf(start, _at));
        if (!Stage(ObjectAccess.Export, out var stage)) return false;
        _draft.Title = $"GET files from {stage}";
        if (Kind() is not (TokenKind.Uri or TokenKind.String)) return false;
        _at++;
        return Options();
    }

    private bool Copy()
    {
        var start = _at++;
        if (Eat(Kw.FILES)) return CopyFiles(start);
        if (!Eat(Kw.INTO))
        {
            _draft.Base(StatementClass.Dml, Effect.Review, Severity.Medium);
            return false;
        }
        var token = Token();
        if (Kind() is TokenKind.String or TokenKind.DollarString && !Literal(token).StartsWith('@')) return UnloadOutside(start, Literal(token));
        // An address without quotes is no valid SQL today; if it ever is, it leaves the account.
        if (Kind() == TokenKind.Uri || Kind() == TokenKind.Word && Kind(1) == TokenKind.Colon) return UnloadOutside(start, Excerpt(_at, _at + 1));
        if (Kind() is TokenKind.StagePath or TokenKind.String or TokenKind.DollarString) return UnloadToStage(start);
        return Load(start);
    }

    private bool UnloadOutside(int start, string address)
    {
        var span = Here;
        _at++;
        _draft.Base(StatementClass.Exfil, Effect.Deny, Severity.Critical);
        _draft.Flag("E1", span, StatementClass.Exfil);
        var place = address.IndexOf('?', StringComparison.Ordinal) is > 0 and var query ? address[..query] : address;
        _draft.Title = $"COPY data to {place}";
        _draft.Object($"'{place}'", "LOCATION", ObjectAccess.Export, span);
        UnloadSource();
        ScanClauses(start, _end, Kw.COPY, "LOCATION");
        return true;
    }

    private bool UnloadToStage(int start)
    {
        _draft.Base(StatementClass.Exfil, Effect.Review, Severity.High);
        if (!Stage(ObjectAccess.Export, out var stage)) return false;
        _draft.Flag("E2", SpanOf(start, _at), StatementClass.Exfil);
        _draft.Title = $"COPY data to {stage}";
        UnloadSource();
        ScanClauses(start, _end, Kw.COPY, "STAGE");
        return true;
    }

    private void UnloadSource()
    {
        if (Eat(Kw.FROM))
        {
            if (Kind() == TokenKind.OpenParen) Parenthesis();
            else ObjectName("TABLE", ObjectAccess.Read, out _);
        }
        ScanForObjects(_at, _end);
        ScanForFunctions(_at, _end);
        _at = _end;
    }

    private bool Load(int start)
    {
        _draft.Base(StatementClass.Dml, Effect.Review, Severity.Medium);
        if (!ObjectName("TABLE", ObjectAccess.Write, out var table)) return false;
        _draft.Flag("D4", SpanOf(start, _at));
        _draft.Title = $"COPY files into {table.Text}";
        if (Kind() == TokenKind.OpenParen) ColumnNames();
        if (Eat(Kw.FROM)) LoadSource();
        for (var i = _at; i + 2 < _end; i++)
        {
            if (_tokens[i].Keyword == Kw.PURGE && _tokens[i + 2].Keyword == Kw.TRUE) _draft.Raise("D4", Effect.Review, Severity.High, SpanOf(i, i + 3), StatementClass.Dml, "The source files are deleted after loading.");
        }
        ScanClauses(_at, _end, Kw.COPY, "TABLE");
        ScanForFunctions(_at, _end);
        _at = _end;
        return true;
    }

    private void LoadSource()
    {
        if (Kind() == TokenKind.OpenParen)
        {
            Parenthesis();
            return;
        }
        if (Stage(ObjectAccess.Read, out _)) return;
        if (Kind() == TokenKind.String)
        {
            _draft.Raise("D4", Effect.Review, Severity.High, Token().Span, null, "Files are loaded straight from an outside address.");
            _at++;
        }
    }

    /// <summary>COPY FILES INTO @a FROM @b: both ends matter.</summary>
    private bool CopyFiles(int start)
    {
        _draft.Base(StatementClass.Exfil, Effect.Review, Severity.High);
        _draft.Flag("E5", SpanOf(start, _at));
        _draft.Title = "COPY FILES";
        if (!Eat(Kw.INTO) || !Stage(ObjectAccess.Write, out var target)) return false;
        _draft.Title = $"COPY FILES into {target}";
        if (!Eat(Kw.FROM)) return false;
        if (Kind() == TokenKind.OpenParen) Parenthesis();
        else if (!Stage(ObjectAccess.Read, out _)) return false;
        _at = _end;
        return true;
    }
}
