using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace EditorBridge.Sql;

/// <summary>The reader of words: quotes, escapes, expansions and here-documents.</summary>
internal sealed partial class ShellReader
{
    /// <summary>Skips blanks, continued lines and comments.</summary>
    /// <returns>True when something was skipped.</returns>
    private bool SkipBlank(bool comments = true)
    {
        if (Current is ' ' or '\t' or '\r')
        {
            _at++;
            return true;
        }
        if (Current == '\\' && Next == '\n')
        {
            _at += 2;
            return true;
        }
        if (!comments || Current != '#') return false;
        while (!AtEnd && Current != '\n') _at++;
        return true;
    }

    private ShellWord ReadWord()
    {
        var start = _at;
        var parts = new PartList();
        while (!AtEnd)
        {
            switch (Current)
            {
                case ' ' or '\t' or '\n' or '\r' or ';' or '|' or '&' or ')' or '(':
                    return new ShellWord(Span(start, _at), parts.Build());
                case '<' or '>':
                    if (Next != '(') return new ShellWord(Span(start, _at), parts.Build());
                    ReadCommandSubstitution(parts, quoted: false, opening: 2);
                    break;
                case '\\':
                    if (Next == '\n') _at += 2;
                    else if (_at + 1 >= text.Length) { Fault(_at, _at + 1, "A backslash ends the text."); _at++; }
                    else { parts.Add(Next, quoted: true); _at += 2; }
                    break;
                case '\'':
                    ReadSingleQuoted(parts);
                    break;
                case '"':
                    ReadDoubleQuoted(parts);
                    break;
                case '`':
                    ReadBackquoted(parts, quoted: false);
                    break;
                case '$':
                    ReadDollar(parts, quoted: false);
                    break;
                case '*' or '?' or '[':
                    parts.AddPattern(Current);
                    _at++;
                    break;
                case '{' when IsBraceExpansion():
                    parts.AddPattern(Current);
                    _at++;
                    break;
                default:
                    parts.Add(Current, quoted: false);
                    _at++;
                    break;
            }
        }
        return new ShellWord(Span(start, _at), parts.Build());
    }

    /// <summary><c>{a,b}</c> or <c>{1..3}</c>. Looks ahead to the end of the word, at most 256 characters: a longer one counts as an expansion.</summary>
    private bool IsBraceExpansion()
    {
        var end = Math.Min(text.Length, _at + 256);
        for (var at = _at + 1; at < end; at++)
        {
            if (text[at] is ',') return true;
            if (text[at] is '.' && text[at - 1] == '.') return true;
            if (text[at] is '}' or ' ' or '\t' or '\n' or ';' or '|' or '&' or '<' or '>') return false;
        }
        return end < text.Length;
    }

    private void ReadSingleQuoted(PartList parts)
    {
        var start = _at;
        var end = text.IndexOf('\'', _at + 1);
        if (end < 0)
        {
            Fault(start, text.Length, "A single quote is not closed.");
            end = text.Length;
        }
        parts.Add(text[(start + 1)..end], quoted: true);
        _at = Math.Min(text.Length, end + 1);
    }

    private void ReadDoubleQuoted(PartList parts)
    {
        var start = _at++;
        parts.Add("", quoted: true);
        while (!AtEnd && Current != '"') ReadExpandable(parts, escapable: "$`\"\\\n");
        if (AtEnd) Fault(start, text.Length, "A double quote is not closed.");
        _at++;
        _at = Math.Min(_at, text.Length);
    }

    /// <summary>One character or expansion of a double-quoted text or of a here-document.</summary>
    private void ReadExpandable(PartList parts, string escapable)
    {
        switch (Current)
        {
            case '\\' when _at + 1 < text.Length && escapable.Contains(Next):
                if (Next != '\n') parts.Add(Next, quoted: true);
                _at += 2;
                break;
            case '`':
                ReadBackquoted(parts, quoted: true);
                break;
            case '$':
                ReadDollar(parts, quoted: true);
                break;
            default:
                parts.Add(Current, quoted: true);
                _at++;
                break;
        }
    }

    private void ReadDollar(PartList parts, bool quoted)
    {
        if (_depth >= ShellLexer.MaxDepth)
        {
            GiveUp();
            return;
        }
        _depth++;
        ReadExpansion(parts, quoted);
        _depth--;
    }

    private void ReadExpansion(PartList parts, bool quoted)
    {
        var start = _at;
        switch (Next)
        {
            case '(' when _at + 2 < text.Length && text[_at + 2] == '(':
                _at++;
                if (ReadArithmetic(out var inner, loop: false)) parts.Add(new ShellPart(ShellPartKind.Arithmetic, text[start.._at], quoted), inner);
                else
                {
                    _at = start;
                    ReadCommandSubstitution(parts, quoted, opening: 2);
                }
                break;
            case '(':
                ReadCommandSubstitution(parts, quoted, opening: 2);
                break;
            case '{':
                ReadParameter(parts, quoted);
                break;
            case '\'' when !quoted:
                ReadAnsiQuoted(parts);
                break;
            case '"' when !quoted:
                _at++;
                ReadDoubleQuoted(parts);
                break;
            case '@' or '*' or '#' or '?' or '-' or '$' or '!' or (>= '0' and <= '9'):
                parts.Add(new ShellPart(ShellPartKind.Variable, text.Substring(start, 2), quoted));
                _at += 2;
                break;
            case '_' or (>= 'a' and <= 'z') or (>= 'A' and <= 'Z'):
                _at++;
                while (Current == '_' || char.IsAsciiLetterOrDigit(Current)) _at++;
                parts.Add(new ShellPart(ShellPartKind.Variable, text[start.._at], quoted));
                break;
            default:
                parts.Add('$', quoted);
                _at++;
                break;
        }
    }

    private void ReadCommandSubstitution(PartList parts, bool quoted, int opening)
    {
        var start = _at;
        _at += opening;
        var script = ReadScript(')', inputPiped: false);
        // "$(cat <<'EOF' … )" is how agents write a long text: it is known, and no command in it runs.
        if (quoted && PrintedText(script) is { } printed) parts.Add(printed, quoted: true);
        else parts.Add(new ShellPart(ShellPartKind.Substitution, text[start.._at], quoted, script));
    }

    private static string? PrintedText(ShellScript script) =>
        script.Commands is [{ Assignments.IsEmpty: true, Words: [var cat], Redirections: [{ Descriptor: null or 0, Body.Literal: { } body }] }] && cat.IsBare("cat") ? body.TrimEnd('\n') : null;

    /// <summary><c>((…))</c> with the cursor on the first parenthesis. Stays where it is when the text is something else, such as nested subshells.</summary>
    private bool ReadArithmetic(out ImmutableArray<ShellPart> substitutions, bool loop)
    {
        var start = _at;
        var faults = _faults.Count;
        var inner = new PartList();
        var open = 0;
        _at += 2;
        while (!AtEnd)
        {
            if (Current == '(') open++;
            if (Current == ')' && open == 0)
            {
                if (Next != ')') break;
                _at += 2;
                substitutions = [.. inner.Build().Where(part => part.Script is not null)];
                return true;
            }
            if (Current == ')') open--;
            if (Current is '\n' or '\'' || (Current == ';' && !loop)) break;
            ReadExpandable(inner, escapable: "$`\\\n");
        }
        while (_faults.Count > faults) _faults.RemoveAt(_faults.Count - 1);
        _at = start;
        // A second reading of the same text must not repeat without end: each failed try costs one level of nesting.
        if (++_depth >= ShellLexer.MaxDepth) GiveUp();
        substitutions = [];
        return false;
    }

    /// <summary><c>${name}</c>, <c>${name:-word}</c> and their kin. Commands inside the word are found.</summary>
    private void ReadParameter(PartList parts, bool quoted)
    {
        var start = _at;
        _at += 2;
        var inner = new PartList();
        var open = 1;
        while (!AtEnd)
        {
            if (Current == '{') open++;
            if (Current == '}' && --open == 0) break;
            if (Current == '\'' && !quoted) ReadSingleQuoted(inner);
            else if (Current == '"') ReadDoubleQuoted(inner);
            else ReadExpandable(inner, escapable: "$`\"\\}\n'");
        }
        if (AtEnd) Fault(start, text.Length, "'${' is not closed.");
        _at = Math.Min(text.Length, _at + 1);
        parts.Add(new ShellPart(ShellPartKind.Variable, text[start.._at], quoted), inner.Build().Where(part => part.Script is not null));
    }

    private void ReadBackquoted(PartList parts, bool quoted)
    {
        var start = _at++;
        var body = new StringBuilder();
        var escaped = false;
        while (!AtEnd && Current != '`')
        {
            if (Current == '\\' && (Next is '`' or '\\' or '$' || (quoted && Next == '"')))
            {
                escaped = true;
                body.Append(Next);
                _at += 2;
                continue;
            }
            body.Append(Current);
            _at++;
        }
        if (AtEnd) Fault(start, text.Length, "A backquote is not closed.");
        _at = Math.Min(text.Length, _at + 1);
        var span = Span(start, _at);
        // Without escapes the text is read where it stands, so that spans stay exact.
        var script = ReadNested(body.ToString(), escaped || fixedSpan is not null ? span : null, start + 1);
        parts.Add(new ShellPart(ShellPartKind.Substitution, text[start.._at], quoted, script));
    }

    private ShellScript ReadNested(string body, TextSpan? span, int offset)
    {
        var reader = new ShellReader(body, span, _depth + 1);
        var script = reader.ReadScript('\0', inputPiped: false);
        foreach (var fault in reader.Faults) _faults.Add(span is null ? fault with { Span = Shift(fault.Span, offset) } : fault);
        return span is null ? ShellSpans.Shift(script, offset) : script;
    }

    private static TextSpan Shift(TextSpan span, int offset) => span with { Start = span.Start + offset };

    /// <summary><c>$'…'</c> with the escapes of C.</summary>
    private void ReadAnsiQuoted(PartList parts)
    {
        var start = _at;
        _at += 2;
        parts.Add("", quoted: true);
        while (!AtEnd && Current != '\'')
        {
            if (Current != '\\' || _at + 1 >= text.Length)
            {
                parts.Add(Current, quoted: true);
                _at++;
                continue;
            }
            var letter = Next;
            _at += 2;
            switch (letter)
            {
                case 'x': parts.Add(ReadCode(16, 2), quoted: true); break;
                case 'u': parts.Add(ReadCode(16, 4), quoted: true); break;
                case 'U': parts.Add(ReadCode(16, 8), quoted: true); break;
                case >= '0' and <= '7':
                    _at--;
                    parts.Add(ReadCode(8, 3), quoted: true);
                    break;
                case 'c':
                    parts.Add((char)(Current & 0x1f), quoted: true);
                    _at = Math.Min(text.Length, _at + 1);
                    break;
                default:
                    parts.Add(letter switch { 'n' => '\n', 't' => '\t', 'r' => '\r', 'a' => '\a', 'b' => '\b', 'e' or 'E' => '\u001b', 'f' => '\f', 'v' => '\v', _ => letter }, quoted: true);
                    break;
            }
        }
        if (AtEnd) Fault(start, text.Length, "A $' quote is not closed.");
        _at = Math.Min(text.Length, _at + 1);
    }

    private string ReadCode(int numberBase, int digits)
    {
        var start = _at;
        while (_at < text.Length && _at - start < digits && (numberBase == 16 ? char.IsAsciiHexDigit(text[_at]) : text[_at] is >= '0' and <= '7')) _at++;
        if (_at == start) return "";
        var code = numberBase == 16
            ? int.Parse(text.AsSpan(start, _at - start), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture)
            : Convert.ToInt32(text[start.._at], 8) & 0xff;
        return Rune.IsValid(code) ? new Rune(code).ToString() : "\ufffd";
    }

    /// <summary>The bodies of the here-documents that were opened on the line just ended.</summary>
    private void ReadHereDocuments()
    {
        if (_pendingHereDocuments.Count == 0) return;
        var pending = _pendingHereDocuments.ToArray();
        _pendingHereDocuments.Clear();
        foreach (var (delimiter, stripTabs, done) in pending)
        {
            var start = _at;
            var bodyEnd = FindDelimiter(delimiter.Value, stripTabs, out var after);
            if (bodyEnd < 0)
            {
                Fault(start, text.Length, "A here-document is not closed.");
                bodyEnd = after = text.Length;
            }
            done(ReadHereBody(start, bodyEnd, literal: delimiter.Parts.Any(part => part.Quoted), stripTabs));
            _at = after;
        }
    }

    private int FindDelimiter(string delimiter, bool stripTabs, out int after)
    {
        for (var line = _at; line < text.Length;)
        {
            var end = text.IndexOf('\n', line);
            if (end < 0) end = text.Length;
            var content = text.AsSpan(line, end - line).TrimEnd('\r');
            if (stripTabs) content = content.TrimStart('\t');
            if (content.SequenceEqual(delimiter))
            {
                after = Math.Min(text.Length, end + 1);
                return line;
            }
            line = end + 1;
        }
        after = text.Length;
        return -1;
    }

    private ShellWord ReadHereBody(int start, int end, bool literal, bool stripTabs)
    {
        var span = Span(start, end);
        var body = text[start..end];
        if (stripTabs) body = string.Join('\n', body.Split('\n').Select(line => line.TrimStart('\t')));
        if (literal || body.AsSpan().IndexOfAny('$', '`', '\\') < 0)
            return new ShellWord(span, [new ShellPart(ShellPartKind.Text, body, Quoted: true)]);
        var reader = new ShellReader(body, stripTabs || fixedSpan is not null ? span : null, _depth + 1);
        var parts = new PartList();
        while (!reader.AtEnd) reader.ReadExpandable(parts, escapable: "$`\\\n");
        foreach (var fault in reader.Faults) _faults.Add(fault with { Span = span });
        var word = new ShellWord(span, parts.Build());
        return stripTabs || fixedSpan is not null ? word : word with { Parts = ShellSpans.Shift(word.Parts, start) };
    }

    private static ShellAssignment? AssignmentOf(ShellWord word)
    {
        if (word.Parts.Length == 0 || word.Parts[0] is not { Quoted: false, Kind: ShellPartKind.Text or ShellPartKind.Pattern } first) return null;
        var equals = first.Text.IndexOf('=');
        if (equals <= 0) return null;
        var name = first.Text.AsSpan(0, equals).TrimEnd('+');
        var bracket = name.IndexOf('[');
        var plain = bracket > 0 ? name[..bracket] : name;
        if (plain.Length == 0 || char.IsAsciiDigit(plain[0])) return null;
        foreach (var letter in plain)
            if (letter != '_' && !char.IsAsciiLetterOrDigit(letter)) return null;
        var rest = first.Text[(equals + 1)..];
        var parts = rest.Length == 0 ? word.Parts.RemoveAt(0) : word.Parts.SetItem(0, first with { Text = rest });
        var offset = Math.Min(equals + 1, word.Span.Length);
        return new ShellAssignment(plain.ToString(), new ShellWord(new TextSpan(word.Span.Start + offset, word.Span.Length - offset), parts));
    }
}
