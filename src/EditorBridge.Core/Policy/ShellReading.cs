using System.Collections.Immutable;
using System.Text;
using EditorBridge.Sql;

namespace EditorBridge.Policy;

/// <summary>
/// A shell command as parts: its programs with what is remarkable about them (<see cref="ShellCatalog"/>), and the paths they use.
/// Paths are followed through <c>cd</c> and through variables that are set to plain text in the same command.
/// </summary>
internal sealed class ShellReading
{
    private const int MaxValues = 8;

    /// <summary>Stands in a text for a piece that is known only when the command runs.</summary>
    private const string Unknown = "\u0001";

    private readonly ActionFacts _facts;
    private readonly ShellPrograms _programs;
    private readonly Dictionary<string, List<(string Text, bool IsPattern)>?> _variables = new(StringComparer.Ordinal);
    private readonly ImmutableArray<ActionPart>.Builder _parts = ImmutableArray.CreateBuilder<ActionPart>();
    private readonly HashSet<string> _seenPaths = new(StringComparer.Ordinal);
    private string? _folder;

    public ShellReading(ActionFacts facts)
    {
        _facts = facts;
        _folder = facts.Workspace;
        _programs = ShellPrograms.Of(facts.Command ?? "");
        foreach (var command in _programs.Commands) NoteVariables(command);
    }

    public ImmutableArray<ActionPart> Parts()
    {
        if (!_programs.Understood) AddWhole(new ShellFinding(ShellIds.Unreadable, $"The command cannot be read in full: {_programs.Faults[0].Message}"));
        AddSqlNotSeen();
        var invocations = _programs.Invocations.ToLookup(invocation => invocation.Command, ReferenceEqualityComparer.Instance);
        foreach (var command in _programs.Commands)
        {
            AddCommand(command);
            foreach (var invocation in invocations[command]) AddProgram(invocation);
        }
        AddTogether();
        return _parts.ToImmutable();
    }

    private void AddWhole(ShellFinding finding) =>
        _parts.Add(new ActionPart { Kind = PartKind.Command, Label = "the command", Findings = [finding], Severity = ShellIds.SeverityOf(finding.Id) });

    // Each SQL client must have shown its SQL: one that did not may run anything.
    private void AddSqlNotSeen()
    {
        var clients = _programs.Invocations.Count(ShellCatalog.RunsSql);
        var seen = _facts.Sql.Count(piece => piece.Host == SqlHost.Shell);
        if (clients > seen)
            AddWhole(new ShellFinding(ShellIds.SqlNotSeen, "A Snowflake client is started, but the SQL it would run does not stand in the command."));
    }

    private void AddCommand(ShellCommand command)
    {
        foreach (var assignment in command.Assignments.Where(assignment => ShellCatalog.IsSensitiveVariable(assignment.Name)))
            AddWhole(new ShellFinding(ShellIds.Environment, $"Sets {assignment.Name}, which changes where programs connect to or what they load."));
        foreach (var redirection in command.Redirections) AddRedirection(redirection);
        foreach (var text in command.Assignments.Select(assignment => assignment.Value.Value).Concat(command.Redirections.Where(redirection => redirection.Body is null).Select(redirection => redirection.Target.Value)))
            AddMentions(text);
    }

    /// <summary>What programs of one command do together.</summary>
    private void AddTogether()
    {
        var all = _programs.Invocations;
        if (all.Any(ShellCatalog.Kills) && all.Any(invocation => ShellCatalog.LooksForOwnPort(invocation, _facts.OwnPorts)))
            AddWhole(new ShellFinding(ShellIds.Self, "Stops whoever listens on a port of EditorBridge."));
        for (var at = 0; at < all.Length; at++)
        {
            if (ShellCatalog.FetchedFile(all[at]) is not { Length: > 0 } file || !all.Skip(at + 1).Any(later => ShellCatalog.Starts(later, file))) continue;
            AddWhole(new ShellFinding(ShellIds.PipeToInterpreter, "Runs a file that it has just fetched from another machine."));
        }
    }

    private void AddMentions(string text)
    {
        if (ShellCatalog.MentionsOwnPort(text, _facts.OwnPorts)) AddWhole(new ShellFinding(ShellIds.Self, "Connects to a port of EditorBridge."));
        if (ShellCatalog.MentionsCredentialVariable(text)) AddWhole(new ShellFinding(ShellIds.Secrets, "Uses the value of a credential variable."));
    }

    private void AddProgram(ShellInvocation invocation)
    {
        var view = new CommandView(invocation, _facts, invocation.Name is { } defined && _programs.Functions.Contains(defined, StringComparer.Ordinal));
        var findings = ShellCatalog.Findings(view).ToImmutableArray();
        _parts.Add(new ActionPart
        {
            Kind = PartKind.Command,
            Label = Label(invocation),
            Program = invocation,
            Findings = findings,
            Severity = findings.IsEmpty ? Severity.None : findings.Max(finding => ShellIds.SeverityOf(finding.Id)),
        });
        foreach (var text in TextsOf(invocation))
        {
            // A commit message or a text that is only written may speak of anything; a variable in it is still filled in.
            if (!ShellCatalog.TreatsArgumentsAsText(view)) AddMentions(text);
            else if (ShellCatalog.MentionsCredentialVariable(text)) AddWhole(new ShellFinding(ShellIds.Secrets, "Uses the value of a credential variable."));
        }
        foreach (var (word, access) in ShellCatalog.Paths(view)) AddPath(word, access);
        if (invocation.Name is "cd" or "pushd") _folder = Follow(invocation);
    }

    private void AddRedirection(ShellRedirection redirection)
    {
        if (redirection.Operator is "<<" or "<<<" or "<&" || (redirection.Operator == ">&" && !redirection.WritesFile)) return;
        if (redirection.Target.Value.StartsWith("/dev/tcp/", StringComparison.Ordinal) || redirection.Target.Value.StartsWith("/dev/udp/", StringComparison.Ordinal))
            AddWhole(new ShellFinding(ShellIds.Remote, "Opens a network connection from the shell."));
        AddPath(redirection.Target, redirection.WritesFile ? PathAccess.Write : PathAccess.Read);
    }

    private void AddPath(ShellWord word, PathAccess? access)
    {
        foreach (var (value, isPattern) in Values(word))
        {
            var text = StripScheme(value);
            if (text.Length == 0 || text.StartsWith("/dev/null", StringComparison.Ordinal)) continue;
            if (text.Replace(Unknown, "", StringComparison.Ordinal).Trim('/').Length == 0)
            {
                if (access == PathAccess.Write) AddWhole(new ShellFinding(ShellIds.DynamicTarget, "Which file is written is known only when the command runs."));
                continue;
            }
            var unknownStart = text.LastIndexOf(Unknown + "/", StringComparison.Ordinal);
            if (unknownStart >= 0)
            {
                AddPath(PathText.Of(text[(unknownStart + 2)..].Replace(Unknown, "*", StringComparison.Ordinal), null, _facts.Home, isPattern), access);
                if (text.StartsWith(Unknown, StringComparison.Ordinal)) continue;
            }
            // A cd inside a subshell ends with it, and subshells are not tracked: both folders count.
            text = text.Replace(Unknown, "*", StringComparison.Ordinal);
            AddPath(PathText.Of(text, _folder, _facts.Home, isPattern), access);
            if (_folder != _facts.Workspace) AddPath(PathText.Of(text, _facts.Workspace, _facts.Home, isPattern), access);
        }
    }

    private void AddPath(PathText path, PathAccess? access)
    {
        if (_seenPaths.Add($"{access}:{path}:{path.IsPattern}")) _parts.Add(ActionPart.OfPath(path, access));
    }

    /// <summary>The file a word names, where it is written as an option's value, a form field or a URL.</summary>
    private static string StripScheme(string text)
    {
        if (text.StartsWith('-') && text.IndexOf('=') is var equals and > 0) text = text[(equals + 1)..];
        if (text.IndexOf('@') is var at and >= 0 && (at == 0 || text[at - 1] == '=')) text = text[(at + 1)..];
        return text.StartsWith("file://", StringComparison.OrdinalIgnoreCase) ? text[7..] : text;
    }

    /// <summary>What a word may stand for, with <see cref="Unknown"/> for the pieces that are not known.</summary>
    private List<(string Text, bool IsPattern)> Values(ShellWord word)
    {
        List<(StringBuilder Text, bool IsPattern)> values = [(new StringBuilder(), false)];
        foreach (var part in word.Parts)
        {
            var pieces = Pieces(part);
            values = [.. from value in values
                         from piece in pieces
                         select (new StringBuilder().Append(value.Text).Append(piece.Text), value.IsPattern || piece.IsPattern)];
            if (values.Count > MaxValues) values = [(new StringBuilder(Unknown), true)];
        }
        return [.. values.Select(value => (value.Text.ToString(), value.IsPattern))];
    }

    private List<(string Text, bool IsPattern)> Pieces(ShellPart part)
    {
        switch (part.Kind)
        {
            case ShellPartKind.Text:
                return [(part.Text, false)];
            case ShellPartKind.Pattern:
                return [(Simplify(part.Text), true)];
            case ShellPartKind.Variable when part.Text.Trim('$', '{', '}') is var name && ValuesOf(name) is { } known:
                return known;
            case ShellPartKind.Substitution when part.Script?.Commands is [var only]:
                return [FolderPrintedBy(only) is { } folder ? (folder, false) : (Unknown, true)];
            default:
                return part.Text.Length == 0 ? [("", false)] : [(Unknown, true)];
        }
    }

    private List<(string Text, bool IsPattern)>? ValuesOf(string name) => name switch
    {
        "HOME" => [("~", false)],
        "PWD" or "CLAUDE_PROJECT_DIR" => _folder is null ? null : [(_folder, false)],
        "TMPDIR" => [("/tmp", false)],
        _ => _variables.GetValueOrDefault(name),
    };

    private string? FolderPrintedBy(ShellCommand command) => command.Words.FirstOrDefault()?.Literal switch
    {
        "pwd" => _folder,
        "git" when command.Words.Length == 3 && command.Words[2].Value == "--show-toplevel" => _folder,
        "mktemp" => "/tmp/mktemp",
        _ => null,
    };

    private void NoteVariables(ShellCommand command)
    {
        foreach (var assignment in command.Assignments) Note(assignment.Name, [assignment.Value]);
        if (command.Words is [var first, var name, ..] && name.Literal is { } variable)
        {
            if (first.Value == "for") Note(variable, command.Words.Length > 3 ? command.Words[3..] : [first with { Parts = [new ShellPart(ShellPartKind.Variable, "$@", false)] }]);
            if (first.Value is "read" or "mapfile" or "readarray" or "printf" or "getopts")
                foreach (var word in command.Words.Skip(1)) _variables[word.Value] = null;
            if (first.Value is "export" or "declare" or "local" or "readonly" or "typeset")
                foreach (var word in command.Words.Skip(1))
                    if (word.Value.IndexOf('=') is var equals and > 0) _variables[word.Value[..equals]] = word.Literal is { } whole ? [(whole[(equals + 1)..], false)] : null;
        }
    }

    private void Note(string name, IEnumerable<ShellWord> words)
    {
        if (_variables.TryGetValue(name, out var known) && known is null) return;
        known ??= [];
        foreach (var word in words)
        {
            foreach (var (text, isPattern) in Values(word))
            {
                if (text.Contains(Unknown, StringComparison.Ordinal) || known.Count >= MaxValues)
                {
                    _variables[name] = null;
                    return;
                }
                known.Add((text, isPattern));
            }
        }
        _variables[name] = known;
    }

    private string? Follow(ShellInvocation invocation)
    {
        var target = invocation.Arguments.FirstOrDefault(word => !word.Value.StartsWith('-'));
        if (target is null) return invocation.Name == "cd" ? "~" : null;
        if (Values(target) is not [(var text, false)]) return null;
        var path = PathText.Of(text, _folder, _facts.Home);
        return path.Segments[0] == PathText.UnknownFolder ? null : string.Join('/', path.Segments) is "" ? "/" : string.Join('/', path.Segments);
    }

    /// <summary>Character classes and braces as the wider <c>*</c>.</summary>
    private static string Simplify(string pattern)
    {
        var text = new StringBuilder();
        for (var at = 0; at < pattern.Length; at++)
        {
            var close = pattern[at] switch { '[' => pattern.IndexOf(']', at + 1), '{' => pattern.IndexOf('}', at + 1), _ => -1 };
            if (close > 0 || pattern[at] is '[' or '{')
            {
                text.Append('*');
                at = close > 0 ? close : pattern.Length;
            }
            else
            {
                text.Append(pattern[at]);
            }
        }
        return text.ToString();
    }

    // A here-document with quotes around its delimiter fills nothing in; the mention of a variable there is text.
    private static IEnumerable<string> TextsOf(ShellInvocation invocation) =>
        invocation.Arguments.Concat(invocation.Command.Redirections.Select(redirection => redirection.Body).OfType<ShellWord>())
            .Select(word => word.Dynamic || !word.Value.Contains('$') ? word.Value : word.Value.Replace('$', ' '));

    private static string Label(ShellInvocation invocation)
    {
        var text = string.Join(' ', invocation.Arguments.Select(word => word.Value).Prepend(invocation.Program.Value)).ReplaceLineEndings(" ");
        return text.Length <= 80 ? text : string.Concat(text.AsSpan(0, 79), "…");
    }
}
