using System.Collections.Immutable;
using System.Text;

namespace EditorBridge.Sql;

/// <summary>Commands of one script while it is read.</summary>
internal sealed class ScriptBuilder
{
    private readonly ImmutableArray<ShellCommand>.Builder _commands = ImmutableArray.CreateBuilder<ShellCommand>();
    // Here-documents arrive after their command has ended, so the list of redirections is read only when the script is built.
    private readonly List<(int Index, List<ShellRedirection> Redirections)> _lateRedirections = [];
    private int _start = -1;
    private bool _outputPiped;

    public List<ShellWord> Words { get; } = [];
    public List<ShellAssignment> Assignments { get; } = [];
    public List<ShellRedirection> Redirections { get; private set; } = [];
    public List<string> Functions { get; } = [];
    public ShellJoin Join { get; set; }
    /// <summary>True from the moment a group or loop is piped into, to the end of the script: the end of the group is not tracked, and the stricter reading is kept.</summary>
    public bool CompoundPiped { get; set; }
    public int CaseDepth { get; set; }
    public bool ExpectsCasePattern { get; set; }
    public bool AtCommandPosition => Words.Count == 0 && Assignments.Count == 0 && Redirections.Count == 0;

    public void Begin(int start)
    {
        if (_start < 0) _start = start;
    }

    public void EnterCase(int end, Func<int, int, TextSpan> span)
    {
        EndCommand(end, span);
        CaseDepth++;
        ExpectsCasePattern = true;
    }

    public void MarkOutputPiped()
    {
        if (!AtCommandPosition)
        {
            _outputPiped = true;
            return;
        }
        // "done | cat", "( … ) | cat": the whole group is piped; every command so far may write into it.
        for (var index = 0; index < _commands.Count; index++) _commands[index] = _commands[index] with { OutputPiped = true };
    }

    public void EndCommand(int end, Func<int, int, TextSpan> span)
    {
        if (!AtCommandPosition)
        {
            if (Words is [var function, var name] && function.IsBare("function")) Functions.Add(name.Value);
            if (Redirections.Count > 0) _lateRedirections.Add((_commands.Count, Redirections));
            _commands.Add(new ShellCommand
            {
                Span = span(_start, end),
                Join = Join,
                Assignments = [.. Assignments],
                Words = [.. Words],
                InputPiped = CompoundPiped || Join == ShellJoin.Pipe,
                OutputPiped = _outputPiped,
            });
            Redirections = [];
            Join = ShellJoin.Sequence;
        }
        Words.Clear();
        Assignments.Clear();
        _outputPiped = false;
        _start = -1;
    }

    /// <summary>A subshell's commands take their place among the others.</summary>
    public void AddSubshell(ShellScript script)
    {
        for (var index = 0; index < script.Commands.Length; index++)
            _commands.Add(index == 0 ? script.Commands[0] with { Join = Join } : script.Commands[index]);
        Functions.AddRange(script.Functions);
        Join = ShellJoin.Sequence;
    }

    /// <summary>A word that belongs to no command but may hold substitutions, such as a case pattern.</summary>
    public void AddOutside(ShellWord word, Func<int, int, TextSpan> span)
    {
        if (word.Parts.Any(part => part.Script is not null))
            _commands.Add(new ShellCommand { Span = word.Span, Join = ShellJoin.Sequence, Words = [new ShellWord(span(word.Span.Start, word.Span.Start), [new ShellPart(ShellPartKind.Text, "case", Quoted: false)]), word] });
    }

    public ShellScript Build()
    {
        foreach (var (index, redirections) in _lateRedirections)
            _commands[index] = _commands[index] with { Redirections = [.. redirections] };
        return new ShellScript { Commands = _commands.ToImmutable(), Functions = [.. Functions] };
    }
}

/// <summary>Parts of one word while it is read; neighbours of the same kind grow together.</summary>
internal sealed class PartList
{
    private readonly ImmutableArray<ShellPart>.Builder _parts = ImmutableArray.CreateBuilder<ShellPart>();
    private readonly StringBuilder _text = new();
    private ShellPartKind _kind;
    private bool _quoted;
    private bool _open;

    public void Add(char value, bool quoted)
    {
        Open(quoted);
        _text.Append(value);
    }

    public void Add(string value, bool quoted)
    {
        Open(quoted);
        _text.Append(value);
    }

    public void AddPattern(char value)
    {
        Open(quoted: false);
        _kind = ShellPartKind.Pattern;
        _text.Append(value);
    }

    public void Add(ShellPart part)
    {
        Close();
        _parts.Add(part);
    }

    /// <summary>A part with what was found inside it: the inner scripts are kept as empty-texted parts so that no command is lost.</summary>
    public void Add(ShellPart part, IEnumerable<ShellPart> inner)
    {
        Add(part);
        foreach (var found in inner) _parts.Add(found with { Text = "" });
    }

    public ImmutableArray<ShellPart> Build()
    {
        Close();
        return _parts.ToImmutable();
    }

    private void Open(bool quoted)
    {
        if (_open && _quoted == quoted) return;
        Close();
        _open = true;
        _quoted = quoted;
        _kind = ShellPartKind.Text;
    }

    private void Close()
    {
        if (!_open) return;
        _parts.Add(new ShellPart(_kind, _text.ToString(), _quoted));
        _text.Clear();
        _open = false;
    }
}

/// <summary>Moves the spans of a script that was read as a text of its own to their place in the outer text.</summary>
internal static class ShellSpans
{
    public static ShellScript Shift(ShellScript script, int offset) =>
        script with { Commands = [.. script.Commands.Select(command => Shift(command, offset))] };

    public static ImmutableArray<ShellPart> Shift(ImmutableArray<ShellPart> parts, int offset) =>
        [.. parts.Select(part => part.Script is { } script ? part with { Script = Shift(script, offset) } : part)];

    private static ShellCommand Shift(ShellCommand command, int offset) => command with
    {
        Span = Shift(command.Span, offset),
        Assignments = [.. command.Assignments.Select(assignment => assignment with { Value = Shift(assignment.Value, offset) })],
        Words = [.. command.Words.Select(word => Shift(word, offset))],
        Redirections = [.. command.Redirections.Select(redirection => redirection with { Target = Shift(redirection.Target, offset), Body = redirection.Body is { } body ? Shift(body, offset) : null })],
    };

    private static ShellWord Shift(ShellWord word, int offset) => new(Shift(word.Span, offset), Shift(word.Parts, offset));

    private static TextSpan Shift(TextSpan span, int offset) => span with { Start = span.Start + offset };
}
