using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>How a command follows the one before it.</summary>
public enum ShellJoin
{
    First,
    /// <summary>After <c>;</c>, <c>&amp;</c> or a new line.</summary>
    Sequence,
    And,
    Or,
    Pipe,
}

public enum ShellPartKind
{
    Text,
    /// <summary>Unquoted text with <c>*</c>, <c>?</c>, <c>[…]</c> or <c>{a,b}</c>: stands for names that only the shell knows.</summary>
    Pattern,
    /// <summary><c>$name</c>, <c>${…}</c>; <see cref="ShellPart.Text"/> is the name or the expression without the dollar sign.</summary>
    Variable,
    /// <summary><c>$(…)</c>, <c>`…`</c>, <c>&lt;(…)</c>, <c>&gt;(…)</c>: the output of <see cref="ShellPart.Script"/>.</summary>
    Substitution,
    Arithmetic,
}

/// <summary>A stretch of a word that is read in one way.</summary>
/// <param name="Text">Quotes and escapes removed; for the dynamic kinds as written.</param>
public sealed record ShellPart(ShellPartKind Kind, string Text, bool Quoted, ShellScript? Script = null);

/// <summary>One word, or the body of a here-document.</summary>
public sealed record ShellWord(TextSpan Span, ImmutableArray<ShellPart> Parts)
{
    /// <summary>The word as the program gets it, with the dynamic parts left as written.</summary>
    public string Value { get; } = Parts.Length switch
    {
        0 => "",
        1 => Parts[0].Text,
        _ => string.Concat(Parts.Select(part => part.Text)),
    };

    /// <summary>A part is known only when the command runs.</summary>
    public bool Dynamic => Parts.Any(part => part.Kind is ShellPartKind.Variable or ShellPartKind.Substitution or ShellPartKind.Arithmetic);

    public bool IsPattern => Parts.Any(part => part.Kind is ShellPartKind.Pattern);

    /// <summary>The exact value; null when it is not known before the run.</summary>
    public string? Literal => Dynamic || IsPattern ? null : Value;

    internal bool IsBare(string text) => Parts is [{ Kind: ShellPartKind.Text or ShellPartKind.Pattern, Quoted: false } only] && only.Text == text;
}

/// <summary><c>NAME=value</c>, before a command or alone.</summary>
public sealed record ShellAssignment(string Name, ShellWord Value);

/// <summary>A redirection of input or output.</summary>
/// <param name="Operator"><c>&gt;</c>, <c>&gt;&gt;</c>, <c>&lt;</c>, <c>&lt;&lt;</c>, <c>&lt;&lt;&lt;</c>, <c>&gt;&amp;</c>, … without the descriptor.</param>
/// <param name="Descriptor">The number before the operator; null when none was written.</param>
/// <param name="Target">The file; for a here-document the delimiter, for <c>&lt;&lt;&lt;</c> the text itself.</param>
/// <param name="Body">The text of a here-document, otherwise null.</param>
public sealed record ShellRedirection(string Operator, int? Descriptor, ShellWord Target, ShellWord? Body)
{
    /// <summary>True when a file may be created or changed; <c>2&gt;&amp;1</c> is not such a case.</summary>
    public bool WritesFile => Operator is ">" or ">>" or ">|" or "&>" or "&>>" or "<>"
        || (Operator is ">&" && !(Target.Literal is { } text && (text == "-" || text.TrimEnd('-').All(char.IsAsciiDigit))));
}

/// <summary>A simple command. Compound commands are flattened: what stands inside <c>if</c>, loops, groups, subshells and functions follows in order, as if it ran.</summary>
public sealed record ShellCommand
{
    public required TextSpan Span { get; init; }
    public required ShellJoin Join { get; init; }
    public ImmutableArray<ShellAssignment> Assignments { get; init; } = [];
    /// <summary>Name and arguments. Empty for an assignment or redirection alone. <c>for</c>, <c>case</c>, <c>[[</c> and <c>((</c> count as names.</summary>
    public ImmutableArray<ShellWord> Words { get; init; } = [];
    public ImmutableArray<ShellRedirection> Redirections { get; init; } = [];
    /// <summary>Its input comes from another command, directly or because it stands in a group or loop that is piped into.</summary>
    public bool InputPiped { get; init; }
    /// <summary>Its output goes into another command.</summary>
    public bool OutputPiped { get; init; }

    /// <summary>The scripts inside its words, values and here-documents.</summary>
    public IEnumerable<ShellScript> Substitutions =>
        Words.Concat(Assignments.Select(assignment => assignment.Value))
            .Concat(Redirections.SelectMany(redirection => redirection.Body is { } body ? new[] { redirection.Target, body } : [redirection.Target]))
            .SelectMany(word => word.Parts)
            .Select(part => part.Script)
            .OfType<ShellScript>();
}

/// <summary>A place where the reading failed or is not certain.</summary>
public sealed record ShellFault(TextSpan Span, string Message);

/// <summary>A shell text as its commands, in the order in which they stand.</summary>
public sealed record ShellScript
{
    public required ImmutableArray<ShellCommand> Commands { get; init; }
    /// <summary>Functions defined here; their bodies are among <see cref="Commands"/>.</summary>
    public ImmutableArray<string> Functions { get; init; } = [];
    public ImmutableArray<ShellFault> Faults { get; init; } = [];

    /// <summary>False when some of the text could not be read; nothing may then be called harmless.</summary>
    public bool Understood => Faults.IsEmpty;

    /// <summary>Every command, those inside substitutions first because they run first.</summary>
    public IEnumerable<ShellCommand> All()
    {
        foreach (var command in Commands)
        {
            foreach (var inner in command.Substitutions.SelectMany(script => script.All())) yield return inner;
            yield return command;
        }
    }
}
