using System.Text;

namespace EditorBridge.Sql;

/// <summary>A name as written: unquoted parts in upper case, quoted parts with their quotes unless they say the same without.</summary>
/// <param name="Last">The last part, without quotes.</param>
/// <param name="Known">False when a part is only known at run time.</param>
internal readonly record struct SqlName(string Text, string Last, int Parts, TextSpan Span, bool Known);

internal sealed partial class StatementReader
{
    /// <summary>Reads a dotted name. Any word may be a part: the caller knows that a name must stand here.</summary>
    private bool Name(out SqlName name)
    {
        name = default;
        if (Word() == Kw.IDENTIFIER && Kind(1) == TokenKind.OpenParen) return IdentifierCall(out name);
        var start = _at;
        if (!NamePart(out var first, out var known)) return false;
        if (Kind() != TokenKind.Dot)
        {
            name = new SqlName(first, Bare(first), 1, SpanOf(start, _at), known);
            return true;
        }
        var text = new StringBuilder(first);
        var last = first;
        var parts = 1;
        while (Kind() == TokenKind.Dot)
        {
            // `db..table` leaves the schema out.
            if (Kind(1) == TokenKind.Dot)
            {
                text.Append('.');
                _at++;
                parts++;
                continue;
            }
            _at++;
            if (!NamePart(out last, out var partKnown)) return false;
            known &= partKnown;
            parts++;
            text.Append('.').Append(last);
        }
        name = new SqlName(text.ToString(), Bare(last), parts, SpanOf(start, _at), known);
        return true;
    }

    private bool NamePart(out string part, out bool known)
    {
        known = true;
        part = "";
        var token = Token();
        switch (Kind())
        {
            case TokenKind.Word or TokenKind.Number or TokenKind.Template or TokenKind.Substitution or TokenKind.Variable: break;
            case TokenKind.QuotedIdentifier:
                part = Unquoted(token);
                _at++;
                return true;
            default: return false;
        }
        _at++;
        known = token.Kind is TokenKind.Word or TokenKind.Number;
        if (_at >= _end || _tokens[_at].Start != token.End || !Sticks(_tokens[_at]))
        {
            part = Upper(token.Of(_text));
            return true;
        }
        // `raw_{{ env }}` and `&{prefix}_x` are one part.
        var end = token.End;
        while (_at < _end && _tokens[_at].Start == end && Sticks(_tokens[_at]))
        {
            known &= _tokens[_at].Kind is TokenKind.Word or TokenKind.Number;
            end = _tokens[_at++].End;
        }
        part = Upper(_text.AsSpan(token.Start, end - token.Start));
        return true;

        static bool Sticks(SqlToken token) => token.Kind is TokenKind.Word or TokenKind.Number or TokenKind.Template or TokenKind.Substitution;
    }

    private static string Upper(ReadOnlySpan<char> word) => string.Create(word.Length, word, static (buffer, source) => source.ToUpperInvariant(buffer));

    private string Unquoted(SqlToken token)
    {
        var quoted = token.Of(_text);
        if (token.Has(TokenMarks.Unterminated)) return quoted.ToString();
        var inner = quoted[1..^1];
        return IsPlainUpper(inner) ? inner.ToString() : quoted.ToString();
    }

    private static bool IsPlainUpper(ReadOnlySpan<char> name)
    {
        if (name.Length == 0 || !(name[0] is >= 'A' and <= 'Z' or '_')) return false;
        foreach (var c in name)
        {
            if (c is not (>= 'A' and <= 'Z' or >= '0' and <= '9' or '_' or '$')) return false;
        }
        return true;
    }

    private static string Bare(string part) => part.Length > 1 && part[0] == '"' ? part[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : part;

    /// <summary><c>IDENTIFIER('a.b')</c>, <c>IDENTIFIER($v)</c>, <c>IDENTIFIER(:v)</c>: the name if it can be known.</summary>
    private bool IdentifierCall(out SqlName name)
    {
        var start = _at;
        _at += 2;
        var behind = BehindParen(start + 1);
        var value = Constant(_at, behind - 1);
        var argument = Upper(Excerpt(_at, behind - 1));
        _at = behind;
        var span = SpanOf(start, _at);
        if (value is not null && ParseName(value) is { } known)
        {
            _draft.Raise("G14", Effect.Allow, Severity.Low, span, null, $"The name comes from a string or variable and is {known.Text}.");
            name = known with { Span = span };
        }
        else
        {
            _draft.Doubt(Confidence.Opaque);
            _draft.Raise("G14", Effect.Review, Severity.Medium, span, null, $"Which object is touched is only known at run time: {argument}.");
            name = new SqlName($"IDENTIFIER({argument})", argument, 1, span, Known: false);
        }
        // IDENTIFIER($db).schema.table
        if (Kind() == TokenKind.Dot && Kind(1) is TokenKind.Word or TokenKind.QuotedIdentifier)
        {
            _at++;
            if (Name(out var rest)) name = new SqlName($"{name.Text}.{rest.Text}", rest.Last, name.Parts + rest.Parts, SpanOf(start, _at), name.Known && rest.Known);
        }
        return true;
    }

    /// <summary>The name a string spells, or null when it spells something else.</summary>
    private static SqlName? ParseName(string value)
    {
        var script = SqlScript.Read(value);
        if (script.Statements.Length != 1) return null;
        var reader = new StatementReader(script, new AnalysisScope()) { _end = script.TokenCount };
        return reader.Name(out var name) && reader._at == reader._end && name.Known ? name : null;
    }

    /// <summary>Notes the object whose name stands here.</summary>
    private bool ObjectName(string kind, ObjectAccess access, out SqlName name)
    {
        if (Kind() == TokenKind.StagePath)
        {
            var token = Token();
            var stage = StageName(token.Of(_text));
            name = new SqlName(stage, stage, 1, token.Span, !token.Has(TokenMarks.HoldsTemplate));
            _draft.Object(stage, "STAGE", access, token.Span);
            _at++;
            return true;
        }
        if (!Name(out name)) return false;
        Note(name, kind, access);
        return true;
    }

    private void Note(SqlName name, string kind, ObjectAccess access)
    {
        _draft.Object(name.Text, kind, access, name.Span);
        if (!name.Known)
        {
            _draft.Doubt(Confidence.Opaque);
            _draft.Raise("G14", Effect.Review, Severity.Medium, name.Span, null, $"Which object is touched is only known at run time: {name.Text}.");
        }
        if (access == ObjectAccess.Read) SensitiveName(name);
        else _scope.NoteWrite(name.Text, kind, access);
    }

    private void SensitiveName(SqlName name)
    {
        if (name.Parts < 2) return;
        if (name.Text.Contains("ACCOUNT_USAGE.", StringComparison.Ordinal) || name.Text.Contains("ORGANIZATION_USAGE.", StringComparison.Ordinal)
            || name.Text.Contains("INFORMATION_SCHEMA.", StringComparison.Ordinal) || name.Text.StartsWith("SNOWFLAKE.", StringComparison.Ordinal))
        {
            _draft.Flag("R2", name.Span);
        }
    }

    /// <summary><c>@DB.SCHEMA.STAGE</c> of a stage path; <c>@~</c> and <c>@%TABLE</c> stay as they are.</summary>
    private static string StageName(ReadOnlySpan<char> path)
    {
        var name = new StringBuilder(path.Length).Append('@');
        var i = path.Length > 0 && path[0] == '@' ? 1 : 0;
        while (i < path.Length)
        {
            var c = path[i];
            if (c is '/' or ' ' or '\\') break;
            if (c == '"')
            {
                var end = path[(i + 1)..].IndexOf('"');
                if (end < 0) break;
                var inner = path.Slice(i + 1, end);
                if (IsPlainUpper(inner)) name.Append(inner);
                else name.Append('"').Append(inner).Append('"');
                i += end + 2;
                continue;
            }
            name.Append(char.ToUpperInvariant(c));
            i++;
        }
        return name.ToString();
    }
}
