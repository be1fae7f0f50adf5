namespace EditorBridge.Sql;

internal sealed partial class StatementReader
{
    private static bool IsSystemRole(string name) => name is "ACCOUNTADMIN" or "SECURITYADMIN" or "USERADMIN" or "SYSADMIN" or "ORGADMIN" or "GLOBALORGADMIN";

    private bool Grant()
    {
        var start = _at;
        var revoke = Word() == Kw.REVOKE;
        _at++;
        _draft.Base(StatementClass.Privilege, Effect.Review, Severity.Medium);
        _draft.Flag(revoke ? "P6" : "P1", SpanOf(start, _at));
        if (revoke && Word() == Kw.GRANT && Word(1) == Kw.OPTION && Word(2) == Kw.FOR) _at += 3;
        var caller = false;
        if (Is(0, "INHERITED")) _at++;
        if (Eat(Kw.CALLER) || Is(0, "CALLER"))
        {
            caller = true;
            _draft.Flag("P5", SpanOf(start, _at));
        }
        var understood = !caller && GrantsRole(revoke, start) || GrantsPrivileges(revoke, start);
        if (_draft.Title.Length == 0) _draft.Title = Excerpt(start, _end);
        if (revoke && (Is(0, "CASCADE") || Is(0, "RESTRICT"))) _at++;
        return understood;
    }

    /// <summary>GRANT [DATABASE|APPLICATION|SERVICE] ROLE r TO …</summary>
    private bool GrantsRole(bool revoke, int start)
    {
        var at = _at;
        var kind = "ROLE";
        if (Word() is Kw.DATABASE or Kw.APPLICATION or Kw.SERVICE or Kw.INSTANCE && Word(1) == Kw.ROLE)
        {
            kind = $"{Upper(TextOf())} ROLE";
            _at++;
        }
        if (!Eat(Kw.ROLE) || Kind() is TokenKind.Comma || Word() is Kw.ON)
        {
            _at = at;
            return false;
        }
        do
        {
            if (!ObjectName(kind, ObjectAccess.Grant, out var role)) return false;
            SystemRole(role, revoke);
            if (kind != "ROLE" && !revoke) _draft.Flag("P5", role.Span);
        }
        while (Eat(TokenKind.Comma));
        if (Word() is not (Kw.TO or Kw.FROM)) return false;
        _at++;
        var understood = Grantees(revoke);
        if (Word() == Kw.WITH && Word(1) is Kw.ADMIN or Kw.GRANT)
        {
            _draft.Flag("P2", SpanOf(_at, Math.Min(_at + 3, _end)), StatementClass.Privilege);
            _at = Math.Min(_at + 3, _end);
        }
        _draft.Title = Excerpt(start, _end);
        return understood;
    }

    private void SystemRole(SqlName role, bool revoke)
    {
        if (IsSystemRole(LookAlikes.Fold(role.Last.AsSpan()).ToUpperInvariant())) _draft.Raise("P3", revoke ? Effect.Review : Effect.Deny, revoke ? Severity.High : Severity.Critical, role.Span, StatementClass.Privilege);
    }

    /// <summary>GRANT privileges ON scope TO grantee</summary>
    private bool GrantsPrivileges(bool revoke, int start)
    {
        if (!Privileges(revoke)) return false;
        if (!Eat(Kw.ON))
        {
            // Account privileges may leave ON ACCOUNT out in none of the documented forms; what stands here is unknown.
            return false;
        }
        if (!GrantScope(revoke)) return false;
        if (Word() is not (Kw.TO or Kw.FROM)) return false;
        _at++;
        if (!Grantees(revoke)) return false;
        while (_at < _end)
        {
            if (Word() == Kw.WITH && Word(1) == Kw.GRANT && Word(2) == Kw.OPTION)
            {
                _draft.Flag("P2", SpanOf(_at, _at + 3), StatementClass.Privilege);
                _at += 3;
            }
            else if (Word() is Kw.COPY or Kw.REVOKE && Word(1) == Kw.CURRENT)
            {
                _draft.Flag("P4", SpanOf(_at, Math.Min(_at + 3, _end)), StatementClass.Privilege);
                _at = Math.Min(_at + 3, _end);
            }
            else
            {
                break;
            }
        }
        _draft.Title = Excerpt(start, _end);
        return true;
    }

    private bool Privileges(bool revoke)
    {
        var any = false;
        do
        {
            var first = _at;
            while (Kind() == TokenKind.Word && Word() != Kw.ON && Word() != Kw.TO && Word() != Kw.FROM) _at++;
            if (_at == first) return false;
            any = true;
            if (Kind() == TokenKind.OpenParen) ColumnNames();
            if (!revoke) Privilege(first);
        }
        while (Eat(TokenKind.Comma));
        return any;
    }

    private void Privilege(int first)
    {
        var span = SpanOf(first, _at);
        switch (_tokens[first].Keyword)
        {
            case Kw.ALL or Kw.MANAGE or Kw.IMPERSONATE or Kw.IMPORTED: _draft.Flag("P2", span, StatementClass.Privilege); return;
            case Kw.OWNERSHIP: _draft.Flag("P4", span, StatementClass.Privilege); return;
            case Kw.CREATE when Holds(first, _at, Kw.INTEGRATION) || Holds(first, _at, Kw.ACCOUNT) || Holds(first, _at, Kw.USER) || Holds(first, _at, Kw.SHARE) || Holds(first, _at, Kw.ROLE) && _tokens[first + 1].Keyword == Kw.ROLE:
                _draft.Flag("P2", span, StatementClass.Privilege);
                return;
        }
        var word = Upper(_tokens[first].Of(_text));
        if (word is "ATTACH" or "BIND" or "OVERRIDE" or "IMPORT" or "RESOLVE" or "PURCHASE" or "AUDIT") _draft.Flag("P2", span, StatementClass.Privilege);
    }

    /// <summary>ACCOUNT; a kind and a name; ALL or FUTURE kinds IN a container.</summary>
    private bool GrantScope(bool revoke)
    {
        var first = _at;
        if (Eat(Kw.ACCOUNT))
        {
            if (!revoke) _draft.Raise("P2", Effect.Deny, Severity.High, SpanOf(first, _at), StatementClass.Privilege, "A privilege is granted on the whole account.");
            return true;
        }
        if (Word() is Kw.ALL or Kw.FUTURE && Word() is var scope)
        {
            _at++;
            if (!revoke && scope == Kw.FUTURE) _draft.Flag("P2", SpanOf(first, _at), StatementClass.Privilege);
            else if (!revoke) _draft.Raise("P2", Effect.Review, Severity.High, SpanOf(first, _at), StatementClass.Privilege, "The privilege is granted on all objects of a kind.");
            while (Kind() == TokenKind.Word && Word() != Kw.IN) _at++;
            if (!Eat(Kw.IN)) return false;
            var container = MatchNoun();
            if (container is null || container.Name == "ACCOUNT") return container is not null;
            return ObjectName(container.Name, ObjectAccess.Grant, out _);
        }
        var noun = MatchNoun();
        if (noun is null && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier && Word(1) != Kw.TO)
        {
            // A kind of object the table does not know: its last word stands before the name.
            while (Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier && Word(1) is not (Kw.TO or Kw.FROM)) _at++;
        }
        if (!ObjectName(noun?.Name ?? "TABLE", ObjectAccess.Grant, out _)) return false;
        SkipParens();
        while (Eat(TokenKind.Comma))
        {
            if (!ObjectName(noun?.Name ?? "TABLE", ObjectAccess.Grant, out _)) return false;
        }
        return true;
    }

    private bool Grantees(bool revoke)
    {
        do
        {
            var kind = GranteeKind(revoke);
            if (!ObjectName(kind, ObjectAccess.Grant, out var grantee)) return false;
            if (revoke) continue;
            if (grantee.Last == "PUBLIC" && kind == "ROLE") _draft.Raise("P2", Effect.Deny, Severity.High, grantee.Span, StatementClass.Privilege, "The grant reaches everybody in the account.");
            if (kind == "SHARE") _draft.Flag("E10", grantee.Span, StatementClass.Exfil);
        }
        while (Eat(TokenKind.Comma));
        return true;
    }

    private string GranteeKind(bool revoke)
    {
        if (Word() is Kw.DATABASE or Kw.APPLICATION && Word(1) == Kw.ROLE)
        {
            var kind = $"{Upper(TextOf())} ROLE";
            if (!revoke) _draft.Raise("P5", Effect.Review, Severity.Medium, SpanOf(_at, _at + 2));
            _at += 2;
            return kind;
        }
        if (Word() is not (Kw.ROLE or Kw.USER or Kw.SHARE or Kw.APPLICATION or Kw.CLASS or Kw.SERVICE)) return "ROLE";
        var word = Upper(TextOf());
        _at++;
        return word == "APPLICATION" && Eat(Kw.PACKAGE) ? "APPLICATION PACKAGE" : word;
    }

    private bool Use()
    {
        var start = _at++;
        _draft.Base(StatementClass.Session, Effect.Allow, Severity.None);
        if (Word() == Kw.SECONDARY && Word(1) is Kw.ROLES or Kw.ROLE)
        {
            _at += 2;
            return SecondaryRoles(start);
        }
        if (Word() == Kw.ROLE && Kind(1) != TokenKind.Semicolon)
        {
            _at++;
            if (!ObjectName("ROLE", ObjectAccess.Read, out var role)) return false;
            _draft.Title = $"USE ROLE {role.Text}";
            if (IsSystemRole(role.Last.ToUpperInvariant())) _draft.Raise("P16", Effect.Deny, Severity.High, role.Span, StatementClass.Privilege, "The session switches to an administrator role.");
            else _draft.Flag("P16", role.Span, StatementClass.Session);
            return true;
        }
        var kind = "DATABASE";
        if (Word() is Kw.DATABASE or Kw.SCHEMA or Kw.WAREHOUSE or Kw.CATALOG && Kind(1) != TokenKind.Semicolon)
        {
            kind = Upper(TextOf());
            _at++;
        }
        if (!ObjectName(kind, ObjectAccess.Read, out var name)) return false;
        _draft.Title = $"USE {kind} {name.Text}";
        _draft.Flag("S1", name.Span);
        return true;
    }

    private bool SecondaryRoles(int start)
    {
        _draft.Title = Excerpt(start, _end);
        if (Eat(Kw.NONE))
        {
            // Rights only shrink, so the role behind later statements is the one that was known before.
            _draft.Flag("S1", SpanOf(start, _at));
            return true;
        }
        _draft.Raise("P16", Effect.Review, Severity.High, SpanOf(start, _at), StatementClass.Privilege, "Later statements run with the rights of further roles.");
        if (Eat(Kw.ALL)) return true;
        do
        {
            if (!ObjectName("ROLE", ObjectAccess.Read, out _)) return false;
        }
        while (Eat(TokenKind.Comma));
        return true;
    }
}
