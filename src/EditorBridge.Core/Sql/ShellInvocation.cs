using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>
/// A program that a shell command starts, seen through the programs that only start another one
/// (<c>env</c>, <c>timeout</c>, <c>sudo</c>, <c>xargs</c>, <c>sh -c '…'</c>, <c>eval '…'</c>, <c>find -exec</c>).
/// </summary>
public sealed record ShellInvocation
{
    /// <summary>The name without folder and without <c>.exe</c>; null when it is known only at run time.</summary>
    public required string? Name { get; init; }
    /// <summary>The name as written.</summary>
    public required ShellWord Program { get; init; }
    public required ImmutableArray<ShellWord> Arguments { get; init; }
    /// <summary>Where it stands: its redirections, pipes and assignments.</summary>
    public required ShellCommand Command { get; init; }
    /// <summary>The starters around it, outermost first: <c>sudo</c>, <c>xargs</c>, <c>bash -c</c>.</summary>
    public ImmutableArray<string> Via { get; init; } = [];
    /// <summary>Arguments are added at run time (<c>xargs</c>, <c>find -exec … {}</c>).</summary>
    public bool MoreArguments { get; init; }
}

/// <summary>A shell text as the programs it starts.</summary>
/// <param name="Understood">False when some text could not be read or some code is only known at run time.</param>
public sealed record ShellPrograms(ImmutableArray<ShellInvocation> Invocations, ImmutableArray<ShellCommand> Commands, ImmutableArray<string> Functions, ImmutableArray<ShellFault> Faults)
{
    public bool Understood => Faults.IsEmpty;

    public static ShellPrograms Of(string command)
    {
        var finder = new ProgramFinder();
        finder.Add(ShellLexer.Read(command), [], depth: 0);
        return finder.Build();
    }
}

/// <summary>Walks commands and looks through starters. Which options of a starter take a value is written in <see cref="Starters"/>.</summary>
internal sealed class ProgramFinder
{
    private const int MaxDepth = 12;

    /// <summary>Programs that run their arguments, with the short and long options that take a separate value.</summary>
    private static readonly Dictionary<string, string[]> Starters = new(StringComparer.Ordinal)
    {
        ["env"] = ["-u", "--unset", "-C", "--chdir"],
        ["sudo"] = ["-u", "--user", "-g", "--group", "-h", "--host", "-p", "--prompt", "-C", "-D", "-R", "-T"],
        ["doas"] = ["-u", "-C"],
        ["timeout"] = ["-s", "--signal", "-k", "--kill-after"],
        ["nice"] = ["-n", "--adjustment"],
        ["ionice"] = ["-c", "-n", "-p"],
        ["nohup"] = [],
        ["setsid"] = [],
        ["stdbuf"] = ["-i", "-o", "-e"],
        ["command"] = [],
        ["builtin"] = [],
        ["exec"] = ["-a"],
        ["time"] = ["-f", "--format", "-o", "--output"],
        ["xargs"] = ["-I", "-n", "-P", "-L", "-d", "-a", "-s", "-E", "--max-args", "--max-procs", "--delimiter", "--arg-file"],
        ["watch"] = ["-n", "--interval"],
        ["caffeinate"] = ["-t", "-w"],
        ["arch"] = [],
        ["unbuffer"] = [],
        ["winpty"] = [],
    };

    private static readonly HashSet<string> Shells = new(StringComparer.Ordinal) { "sh", "bash", "zsh", "dash", "ksh", "ash", "fish" };

    private readonly ImmutableArray<ShellInvocation>.Builder _invocations = ImmutableArray.CreateBuilder<ShellInvocation>();
    private readonly ImmutableArray<ShellCommand>.Builder _commands = ImmutableArray.CreateBuilder<ShellCommand>();
    private readonly ImmutableArray<ShellFault>.Builder _faults = ImmutableArray.CreateBuilder<ShellFault>();
    private readonly ImmutableArray<string>.Builder _functions = ImmutableArray.CreateBuilder<string>();

    public ShellPrograms Build() => new(_invocations.ToImmutable(), _commands.ToImmutable(), _functions.ToImmutable(), _faults.ToImmutable());

    public void Add(ShellScript script, ImmutableArray<string> via, int depth)
    {
        _faults.AddRange(script.Faults);
        _functions.AddRange(script.Functions);
        foreach (var command in script.Commands)
        {
            foreach (var inner in command.Substitutions) Add(inner, via, depth);
            _commands.Add(command);
            if (command.Words.Length > 0) AddInvocation(command.Words, command, via, moreArguments: false, depth);
        }
    }

    private void AddInvocation(ImmutableArray<ShellWord> words, ShellCommand command, ImmutableArray<string> via, bool moreArguments, int depth)
    {
        if (depth > MaxDepth)
        {
            _faults.Add(new ShellFault(command.Span, "Programs start each other too deeply."));
            return;
        }
        var invocation = new ShellInvocation
        {
            // A lone bracket is a program, not the start of a pattern.
            Name = words[0].IsBare("[") || words[0].IsBare("[[") ? words[0].Value : BaseName(words[0].Literal),
            Program = words[0],
            Arguments = words[1..],
            Command = command,
            Via = via,
            MoreArguments = moreArguments,
        };
        if (invocation.Name is not { } name)
        {
            _invocations.Add(invocation);
            return;
        }
        if (Starters.TryGetValue(name, out var valued))
        {
            var inner = AfterOptions(invocation.Arguments, valued, name);
            if (inner.Length > 0)
            {
                AddInvocation(inner, command, via.Add(name), moreArguments || name == "xargs", depth + 1);
                return;
            }
        }
        if (Shells.Contains(name) && CodeOfShell(invocation.Arguments) is { } code)
        {
            AddCode(code, invocation, via.Add(name + " -c"), depth);
            return;
        }
        if (name == "eval" && invocation.Arguments.Length > 0)
        {
            AddEval(invocation, via, depth);
            return;
        }
        _invocations.Add(invocation);
        if (name is "find" or "fd" or "fdfind") AddExec(invocation, via.Add(name), depth);
    }

    /// <summary>The words after a starter's own options, assignments and, for <c>timeout</c>, the duration.</summary>
    private static ImmutableArray<ShellWord> AfterOptions(ImmutableArray<ShellWord> arguments, string[] valued, string name)
    {
        var at = 0;
        var durationSeen = name != "timeout";
        while (at < arguments.Length)
        {
            var word = arguments[at].Value;
            if (word == "--") { at++; if (durationSeen) break; continue; }
            // "command -v x" and "env -S 'x y'" do something else than start their arguments as they stand.
            if (name == "command" && word is "-v" or "-V") return [];
            if (name == "env" && (word.StartsWith("-S", StringComparison.Ordinal) || word.StartsWith("--split-string", StringComparison.Ordinal))) return [];
            if (word.Length > 1 && word[0] == '-') at += Array.IndexOf(valued, word) >= 0 ? 2 : 1;
            else if (name is "env" or "sudo" && word.Contains('=') && word[0] != '/') at++;
            else if (!durationSeen) { durationSeen = true; at++; }
            else break;
        }
        return at < arguments.Length ? arguments[at..] : [];
    }

    /// <summary>The text after <c>-c</c>, also in joined options such as <c>-lc</c>.</summary>
    private static ShellWord? CodeOfShell(ImmutableArray<ShellWord> arguments)
    {
        for (var at = 0; at < arguments.Length; at++)
        {
            var word = arguments[at].Value;
            if (word is "-o" or "+o" or "-O" or "--rcfile" or "--init-file") { at++; continue; }
            if (word.Length < 2 || word[0] != '-') return null;
            if (word[1] == '-' || !word.Contains('c')) continue;
            return at + 1 < arguments.Length ? arguments[at + 1] : null;
        }
        return null;
    }

    private void AddCode(ShellWord code, ShellInvocation invocation, ImmutableArray<string> via, int depth)
    {
        // Patterns are not expanded inside the quotes that hold code; variables and substitutions are.
        if (code.Dynamic)
        {
            _invocations.Add(invocation with { Via = via });
            _faults.Add(new ShellFault(code.Span, "Code for a shell is put together at run time."));
        }
        Add(ShellLexer.Read(code.Value, code.Span, depth), via, depth + 1);
    }

    private void AddEval(ShellInvocation invocation, ImmutableArray<string> via, int depth)
    {
        var span = invocation.Command.Span;
        if (invocation.Arguments.Any(word => word.Literal is null))
        {
            _invocations.Add(invocation);
            _faults.Add(new ShellFault(span, "'eval' runs text that is put together at run time."));
        }
        var code = string.Join(' ', invocation.Arguments.Select(word => word.Value));
        Add(ShellLexer.Read(code, span, depth), via.Add("eval"), depth + 1);
    }

    private void AddExec(ShellInvocation invocation, ImmutableArray<string> via, int depth)
    {
        for (var at = 0; at < invocation.Arguments.Length; at++)
        {
            if (invocation.Arguments[at].Value is not ("-exec" or "-execdir" or "-ok" or "-okdir" or "-x" or "-X" or "--exec" or "--exec-batch")) continue;
            var end = at + 1;
            while (end < invocation.Arguments.Length && invocation.Arguments[end].Value is not (";" or "+")) end++;
            if (end > at + 1) AddInvocation(invocation.Arguments[(at + 1)..end], invocation.Command, via, moreArguments: true, depth + 1);
            at = end;
        }
    }

    private static string? BaseName(string? program)
    {
        if (string.IsNullOrEmpty(program)) return null;
        var name = program[(program.LastIndexOfAny(['/', '\\']) + 1)..];
        return name.EndsWith(".exe", StringComparison.OrdinalIgnoreCase) ? name[..^4].ToLowerInvariant() : name;
    }
}
