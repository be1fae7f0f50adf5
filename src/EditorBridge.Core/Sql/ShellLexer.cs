using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>
/// Reads a POSIX shell command line, with the bash additions that agents use, into its commands.
/// Never throws; runs in linear time (nesting is limited); what it cannot read is a fault, and text with a fault is never harmless.
/// It expands nothing: variables, patterns and substitutions stay visible as parts of words.
/// </summary>
public static class ShellLexer
{
    internal const int MaxDepth = 64;

    public static ShellScript Read(string command) => Read(command, fixedSpan: null, depth: 0);

    /// <summary>Reads a text that does not stand verbatim in the outer one; every span is then <paramref name="fixedSpan"/>.</summary>
    internal static ShellScript Read(string text, TextSpan? fixedSpan, int depth)
    {
        var reader = new ShellReader(text, fixedSpan, depth);
        var script = reader.ReadScript(closer: '\0', inputPiped: false);
        return script with { Faults = reader.Faults };
    }
}

/// <summary>The reader of commands. Words are read in the other half of the class.</summary>
internal sealed partial class ShellReader(string text, TextSpan? fixedSpan, int depth)
{
    private static readonly HashSet<string> Skipped =
        new(StringComparer.Ordinal) { "if", "then", "elif", "else", "fi", "do", "done", "while", "until", "{", "}", "!", "time", "coproc" };

    private readonly List<(ShellWord Delimiter, bool StripTabs, Action<ShellWord> Done)> _pendingHereDocuments = [];
    private readonly ImmutableArray<ShellFault>.Builder _faults = ImmutableArray.CreateBuilder<ShellFault>();
    private int _at;
    private int _depth = depth;

    public ImmutableArray<ShellFault> Faults => _faults.ToImmutable();

    private char Current => _at < text.Length ? text[_at] : '\0';
    private char Next => _at + 1 < text.Length ? text[_at + 1] : '\0';
    private bool AtEnd => _at >= text.Length;

    /// <summary>Reads commands up to <paramref name="closer"/>, which is consumed, or to the end of the text.</summary>
    public ShellScript ReadScript(char closer, bool inputPiped)
    {
        if (_depth >= ShellLexer.MaxDepth)
        {
            GiveUp();
            return new ShellScript { Commands = [] };
        }
        _depth++;
        var body = new ScriptBuilder { CompoundPiped = inputPiped };
        var closed = ReadCommands(body, closer);
        body.EndCommand(_at, Span);
        if (AtEnd) ReadHereDocuments();
        if (closer != '\0' && !closed) Fault(_at, _at, "A parenthesis is not closed.");
        _depth--;
        return body.Build();
    }

    private bool ReadCommands(ScriptBuilder body, char closer)
    {
        while (!AtEnd)
        {
            if (SkipBlank()) continue;
            if (body.ExpectsCasePattern)
            {
                ReadCasePattern(body);
                continue;
            }
            var start = _at;
            switch (Current)
            {
                case '\n':
                    body.EndCommand(_at, Span);
                    body.Join = ShellJoin.Sequence;
                    _at++;
                    ReadHereDocuments();
                    break;
                case ';':
                    _at++;
                    body.EndCommand(start, Span);
                    body.Join = ShellJoin.Sequence;
                    if (Current is ';' or '&')
                    {
                        while (Current is ';' or '&') _at++;
                        if (body.CaseDepth > 0) body.ExpectsCasePattern = true;
                        else Fault(start, _at, "';;' outside of a case.");
                    }
                    break;
                case '&' when Next == '>':
                    ReadRedirection(body, null);
                    break;
                case '&':
                    body.EndCommand(start, Span);
                    _at += Next == '&' ? 2 : 1;
                    body.Join = _at - start == 2 ? ShellJoin.And : ShellJoin.Sequence;
                    break;
                case '|':
                    var isOr = Next == '|';
                    if (!isOr) body.MarkOutputPiped();
                    body.EndCommand(start, Span);
                    _at += isOr || Next == '&' ? 2 : 1;
                    body.Join = isOr ? ShellJoin.Or : ShellJoin.Pipe;
                    break;
                case '(':
                    ReadParenthesis(body);
                    break;
                case ')':
                    _at++;
                    if (closer == ')') return true;
                    Fault(start, _at, "A closing parenthesis has no partner.");
                    break;
                case '<' or '>' when Next != '(':
                    ReadRedirection(body, null);
                    break;
                default:
                    ReadWordOfCommand(body);
                    break;
            }
        }
        return false;
    }

    private void ReadWordOfCommand(ScriptBuilder body)
    {
        if (DescriptorLength() is var digits and > 0)
        {
            var descriptor = int.TryParse(text.AsSpan(_at, digits), out var number) ? number : int.MaxValue;
            _at += digits;
            ReadRedirection(body, descriptor);
            return;
        }
        var start = _at;
        var word = ReadWord();
        if (_at == start)
        {
            Fault(start, ++_at, "An unexpected character.");
            return;
        }
        if (body.AtCommandPosition && word.Parts is [{ Quoted: false } part] && TakeReserved(body, part.Text)) return;
        if (body.Words.Count == 0 && AssignmentOf(word) is { } assignment)
        {
            if (Current == '(' && assignment.Value.Value.Length == 0) assignment = ReadArray(assignment, start);
            body.Begin(start);
            body.Assignments.Add(assignment);
            return;
        }
        body.Begin(start);
        if (body.Words is [var function, var name] && function.IsBare("function") && word.IsBare("{"))
        {
            body.Functions.Add(name.Value);
            body.Words.Clear();
            return;
        }
        body.Words.Add(word);
        if (body.Words.Count == 1 && word.IsBare("[[")) ReadTest(body);
        if (body.Words.Count == 3 && body.Words[0].IsBare("case") && word.IsBare("in")) body.EnterCase(_at, Span);
    }

    /// <summary>Words of the grammar are dropped so that the command after them is seen as one.</summary>
    private static bool TakeReserved(ScriptBuilder body, string word)
    {
        if (word == "esac" && body.CaseDepth > 0)
        {
            body.CaseDepth--;
            return true;
        }
        if (!Skipped.Contains(word)) return false;
        if (body.Join == ShellJoin.Pipe) body.CompoundPiped = true;
        return true;
    }

    private void ReadParenthesis(ScriptBuilder body)
    {
        var start = _at;
        if (body.Words.Count == 1 && body.Assignments.Count == 0 && IsEmptyParentheses(out var after))
        {
            body.Functions.Add(body.Words[0].Value);
            body.Words.Clear();
            _at = after;
            return;
        }
        if (body.Words is [var function, var name] && function.IsBare("function") && IsEmptyParentheses(out after))
        {
            body.Functions.Add(name.Value);
            body.Words.Clear();
            _at = after;
            return;
        }
        if (body.Words is [var loop] && loop.IsBare("for") && Next == '(' && ReadArithmetic(out var head, loop: true))
        {
            body.Words.Add(new ShellWord(Span(start, _at), [new ShellPart(ShellPartKind.Text, "((", Quoted: false), .. head]));
            return;
        }
        if (!body.AtCommandPosition)
        {
            _at++;
            Fault(start, _at, "A parenthesis inside a command was not understood.");
            return;
        }
        if (Next == '(' && ReadArithmetic(out var arithmetic, loop: false))
        {
            body.Begin(start);
            body.Words.Add(new ShellWord(Span(start, _at), [new ShellPart(ShellPartKind.Text, "((", Quoted: false), .. arithmetic]));
            return;
        }
        _at++;
        body.AddSubshell(ReadScript(')', body.CompoundPiped || body.Join == ShellJoin.Pipe));
    }

    private bool IsEmptyParentheses(out int after)
    {
        var at = _at + 1;
        while (at < text.Length && text[at] is ' ' or '\t') at++;
        after = at + 1;
        return at < text.Length && text[at] == ')';
    }

    /// <summary><c>[[ … ]]</c>: operators inside are words, not operators of the shell.</summary>
    private void ReadTest(ScriptBuilder body)
    {
        var start = _at;
        while (!AtEnd)
        {
            if (SkipBlank()) continue;
            if (Current is '\n' or '(' or ')' or '<' or '>' or '&' or '|' or ';')
            {
                _at++;
                continue;
            }
            var word = ReadWord();
            body.Words.Add(word);
            if (word.IsBare("]]")) return;
        }
        Fault(start, _at, "'[[' is not closed.");
    }

    private void ReadCasePattern(ScriptBuilder body)
    {
        var start = _at;
        if (Current == '\n')
        {
            _at++;
            ReadHereDocuments();
            return;
        }
        if (Current == '(') _at++;
        while (!AtEnd)
        {
            if (SkipBlank()) continue;
            if (Current == ')')
            {
                _at++;
                body.ExpectsCasePattern = false;
                body.Join = ShellJoin.Sequence;
                return;
            }
            if (Current == '|')
            {
                _at++;
                continue;
            }
            var wordStart = _at;
            var word = ReadWord();
            if (_at == wordStart) break;
            if (wordStart == start && word.IsBare("esac"))
            {
                body.ExpectsCasePattern = false;
                body.CaseDepth--;
                return;
            }
            body.AddOutside(word, Span);
        }
        body.ExpectsCasePattern = false;
        Fault(start, Math.Max(start + 1, _at), "A case pattern was not understood.");
        if (_at == start) _at++;
    }

    private ShellAssignment ReadArray(ShellAssignment assignment, int start)
    {
        _at++;
        var parts = ImmutableArray.CreateBuilder<ShellPart>();
        while (!AtEnd)
        {
            if (SkipBlank()) continue;
            if (Current == '\n')
            {
                _at++;
                continue;
            }
            if (Current == ')')
            {
                _at++;
                return new ShellAssignment(assignment.Name, new ShellWord(Span(start, _at), parts.ToImmutable()));
            }
            var wordStart = _at;
            var word = ReadWord();
            if (_at == wordStart) break;
            if (parts.Count > 0) parts.Add(new ShellPart(ShellPartKind.Text, " ", Quoted: true));
            parts.AddRange(word.Parts);
        }
        Fault(start, _at, "An array is not closed.");
        return assignment;
    }

    private int DescriptorLength()
    {
        var at = _at;
        while (at < text.Length && char.IsAsciiDigit(text[at])) at++;
        return at > _at && at < text.Length && text[at] is '<' or '>' ? at - _at : 0;
    }

    private void ReadRedirection(ScriptBuilder body, int? descriptor)
    {
        var start = _at;
        string[] operators = ["<<<", "<<-", "&>>", "<<", ">>", ">|", ">&", "<&", "<>", "&>", "<", ">"];
        var found = Array.Find(operators, candidate => string.CompareOrdinal(text, _at, candidate, 0, candidate.Length) == 0)!;
        _at += found.Length;
        while (SkipBlank(comments: false)) { }
        var targetStart = _at;
        var target = ReadWord();
        if (_at == targetStart) Fault(start, _at, "A redirection has no target.");
        body.Begin(start);
        var index = body.Redirections.Count;
        body.Redirections.Add(new ShellRedirection(found == "<<-" ? "<<" : found, descriptor, target, Body: null));
        if (found is not ("<<" or "<<-")) return;
        var redirections = body.Redirections;
        _pendingHereDocuments.Add((target, found == "<<-", document => redirections[index] = redirections[index] with { Body = document }));
    }

    private void GiveUp()
    {
        Fault(_at, text.Length, "The command is nested too deeply to be read.");
        _at = text.Length;
    }

    private void Fault(int start, int end, string message) => _faults.Add(new ShellFault(Span(start, end), message));

    private TextSpan Span(int start, int end) => fixedSpan ?? new TextSpan(start, end - start);
}
