using System.Collections.Immutable;
using System.Text;

namespace EditorBridge.Sql;

/// <summary>Finds the SQL that shell commands hand to Snowflake's clients.</summary>
internal static class ShellSql
{
    private const int MaxDepth = 4;

    public static ImmutableArray<SqlPiece> Find(string command)
    {
        var pieces = ImmutableArray.CreateBuilder<SqlPiece>();
        Find(command, null, pieces, 0);
        return pieces.DrainToImmutable();
    }

    private static void Find(string text, TextSpan? outer, ImmutableArray<SqlPiece>.Builder pieces, int depth)
    {
        if (depth > MaxDepth) return;
        var programs = ShellPrograms.Of(text);
        foreach (var invocation in programs.Invocations)
        {
            var call = new ClientCall(invocation, programs.Commands, outer, pieces);
            if (invocation.Name is { } name) Program(call, name, [.. invocation.Arguments], depth);
        }
    }

    /// <summary>One program that is started, and where its pieces of SQL go.</summary>
    private readonly record struct ClientCall(ShellInvocation Invocation, ImmutableArray<ShellCommand> Commands, TextSpan? Outer, ImmutableArray<SqlPiece>.Builder Pieces)
    {
        public TextSpan SpanOf(ShellWord word) => Outer ?? word.Span;

        public void Add(string sql, TextSpan span, bool dynamic, string source) => Pieces.Add(EmbeddedSql.Piece(SqlHost.Shell, span, sql, dynamic || Invocation.MoreArguments, source));

        public void Add(ShellWord word, string source) => Add(TextOf(word), SpanOf(word), word.Dynamic, source);

        public IEnumerable<ShellWord> Inputs => Invocation.Command.Redirections.Where(redirection => redirection.Operator is "<<" or "<<-" or "<<<").Select(redirection => redirection.Body ?? redirection.Target);

        public IEnumerable<ShellWord> InputFiles => Invocation.Command.Redirections.Where(redirection => redirection.Operator == "<").Select(redirection => redirection.Target);
    }

    /// <summary>A word with <c>{{ … }}</c> for each part that the shell puts in when it runs.</summary>
    private static string TextOf(ShellWord word)
    {
        if (!word.Dynamic) return word.Value;
        var text = new StringBuilder();
        foreach (var part in word.Parts)
        {
            if (part.Kind is ShellPartKind.Text or ShellPartKind.Pattern) text.Append(part.Text);
            else text.Append("{{ $").Append(part.Text.Replace("}}", "} }", StringComparison.Ordinal)).Append(" }}");
        }
        return text.ToString();
    }

    private static void Program(ClientCall call, string name, List<ShellWord> arguments, int depth)
    {
        switch (name)
        {
            case "snow": Snow(call, arguments); break;
            case "snowsql": Client(call, arguments, "snowsql"); break;
            case "sh" or "bash" or "zsh" or "dash" or "ksh": Script(call, depth); break;
            case "ssh" when arguments.Count > 1: Find(TextOf(arguments[^1]), call.SpanOf(arguments[^1]), call.Pieces, depth + 1); break;
            case "uv" or "poetry" or "pipenv" or "pdm" or "hatch" or "conda" or "npx" or "uvx" or "pixi": Runner(call, arguments, depth); break;
            case "curl" or "wget" or "http" or "https": SqlApi(call, arguments); break;
            default:
                if (name.StartsWith("python", StringComparison.Ordinal) || name is "ipython" or "pypy") Python(call, arguments);
                break;
        }
    }

    /// <summary>uv run snow …, poetry run python …: what is run stands behind the options.</summary>
    private static void Runner(ClientCall call, List<ShellWord> arguments, int depth)
    {
        for (var i = 0; i < arguments.Count; i++)
        {
            if (arguments[i].Literal is not { } word || word is not ("snow" or "snowsql" or "python" or "python3" or "ipython" or "bash" or "sh")) continue;
            Program(call, word, arguments[(i + 1)..], depth);
            return;
        }
    }

    private static void Snow(ClientCall call, List<ShellWord> arguments)
    {
        // Options of the program itself stand before the group of commands.
        var at = 0;
        while (at < arguments.Count && arguments[at].Value.StartsWith('-'))
        {
            at += arguments[at].Value.Contains('=', StringComparison.Ordinal) || arguments[at].Value is "--debug" or "--verbose" or "-v" or "--silent" ? 1 : 2;
        }
        if (at >= arguments.Count) return;
        if (arguments[at].Value == "sql")
        {
            Client(call, arguments[(at + 1)..], "snow sql");
            return;
        }
        if (SnowCommands.ToSql(arguments[at..]) is { } sql) call.Add(sql, call.SpanOf(arguments[at]), arguments.Any(word => word.Dynamic), $"snow {arguments[at].Value}");
    }

    /// <summary>-q TEXT, --query=TEXT, -f FILE, standard input; of snow sql and snowsql alike.</summary>
    private static void Client(ClientCall call, List<ShellWord> arguments, string source)
    {
        var given = false;
        for (var i = 0; i < arguments.Count; i++)
        {
            var (option, value, word) = Option(arguments, ref i);
            if (word is null) continue;
            var text = value ?? TextOf(word);
            switch (option)
            {
                case "-q" or "--query": call.Add(text, call.SpanOf(word), word.Dynamic, $"{source} -q"); break;
                case "-f" or "--filename": call.Add($"!source {text}", call.SpanOf(word), word.Dynamic, $"{source} -f"); break;
                case "-o" or "--option" when text.StartsWith("output_file", StringComparison.OrdinalIgnoreCase): call.Add($"!set {text}", call.SpanOf(word), word.Dynamic, $"{source} -o"); continue;
                default: continue;
            }
            given = true;
        }
        foreach (var input in call.Inputs) call.Add(input, $"{source} standard input");
        foreach (var file in call.InputFiles) call.Add($"!source {TextOf(file)}", call.SpanOf(file), file.Dynamic, $"{source} standard input");
        if (call.Invocation.Command.InputPiped) Piped(call, source);
        else if (!given && !call.Inputs.Any() && !call.InputFiles.Any() && arguments.Any(word => word.Value is "-i" or "--stdin")) call.Add("!source standard-input", call.Outer ?? call.Invocation.Command.Span, dynamic: true, $"{source} standard input");
    }

    /// <summary><c>-q x</c>, <c>-qx</c>, <c>--query x</c> and <c>--query=x</c>: the option, the value if it is part of the word, and the word that holds it.</summary>
    private static (string Option, string? Value, ShellWord? Word) Option(List<ShellWord> arguments, ref int i)
    {
        var word = arguments[i];
        var text = TextOf(word);
        if (text.StartsWith("--", StringComparison.Ordinal) && text.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals) return (text[..equals], text[(equals + 1)..], word);
        if (text is "-q" or "-f" or "-o" or "--query" or "--filename" or "--option") return i + 1 < arguments.Count ? (text, null, arguments[++i]) : (text, null, null);
        return text.Length > 2 && text[0] == '-' && text[1] is 'q' or 'f' or 'o' ? (text[..2], text[2..], word) : (text, null, null);
    }

    /// <summary>What <c>echo</c>, <c>printf</c> or <c>cat</c> writes into the client.</summary>
    private static void Piped(ClientCall call, string source)
    {
        var own = call.Invocation.Command.Span.Start;
        var feeders = call.Commands.Where(command => command.OutputPiped && command.Span.Start < own && command.Words.Length > 0).ToList();
        if (feeders.Count == 0)
        {
            call.Add("!source standard-input", call.Outer ?? call.Invocation.Command.Span, dynamic: true, $"pipe into {source}");
            return;
        }
        var feeder = feeders[^1];
        var name = feeder.Words[0].Literal ?? "";
        var arguments = feeder.Words.Skip(1).ToList();
        switch (name)
        {
            case "echo" or "printf" when arguments.Count > 0:
                if (name == "echo") arguments.RemoveAll(word => word.Value is "-n" or "-e" or "-E" or "-ne" or "-en");
                var text = string.Join(' ', arguments.Select(TextOf));
                if (name == "printf" && arguments.Count > 1 && text.Contains("%s", StringComparison.Ordinal)) text = string.Join('\n', arguments.Skip(1).Select(TextOf));
                call.Add(text.Replace("\\n", "\n", StringComparison.Ordinal), arguments.Count > 0 ? call.SpanOf(arguments[0]) : feeder.Span, arguments.Any(word => word.Dynamic), $"{name} into {source}");
                break;
            case "cat" when feeder.Redirections.FirstOrDefault(redirection => redirection.Body is not null) is { Body: { } body }: call.Add(body, $"here-document into {source}"); break;
            case "cat" when arguments.Count > 0: call.Add(string.Join('\n', arguments.Select(word => $"!source {TextOf(word)}")), call.SpanOf(arguments[0]), arguments.Any(word => word.Dynamic), $"cat into {source}"); break;
            default: call.Add($"!source {name}", call.Outer ?? feeder.Span, dynamic: true, $"{name} into {source}"); break;
        }
    }

    /// <summary>A script on a shell's standard input.</summary>
    private static void Script(ClientCall call, int depth)
    {
        foreach (var input in call.Inputs) Find(TextOf(input), call.SpanOf(input), call.Pieces, depth + 1);
    }

    private static void Python(ClientCall call, List<ShellWord> arguments)
    {
        for (var i = 0; i + 1 < arguments.Count; i++)
        {
            if (arguments[i].Value == "-c") Code(call, arguments[i + 1]);
            if (arguments[i].Value == "-m" && arguments[i + 1].Value.StartsWith("snowflake.cli", StringComparison.Ordinal)) Snow(call, arguments[(i + 2)..]);
        }
        foreach (var input in call.Inputs) Code(call, input);
    }

    private static void Code(ClientCall call, ShellWord code)
    {
        foreach (var piece in PythonSql.Find(TextOf(code), "python")) call.Add(piece.Sql, call.SpanOf(code), piece.Dynamic || code.Dynamic, $"python, {piece.Source}");
    }

    /// <summary>A call of the SQL API with its statement in the body.</summary>
    private static void SqlApi(ClientCall call, List<ShellWord> arguments)
    {
        if (!arguments.Any(word => word.Value.Contains("/api/v2/statements", StringComparison.OrdinalIgnoreCase))) return;
        var bodies = arguments.Concat(call.Inputs).Where(word => word.Value.Contains("\"statement\"", StringComparison.Ordinal)).ToList();
        if (bodies.Count == 0) call.Add("!source request-body", call.Outer ?? call.Invocation.Command.Span, dynamic: true, "SQL API request");
        foreach (var body in bodies)
        {
            var sql = JsonString(TextOf(body), "statement");
            call.Add(sql ?? "!source request-body", call.SpanOf(body), body.Dynamic || sql is null, "SQL API request");
        }
    }

    private static string? JsonString(string json, string property)
    {
        try
        {
            using var document = System.Text.Json.JsonDocument.Parse(json);
            return document.RootElement.ValueKind == System.Text.Json.JsonValueKind.Object && document.RootElement.TryGetProperty(property, out var value) && value.ValueKind == System.Text.Json.JsonValueKind.String ? value.GetString() : null;
        }
        catch (Exception e) when (e is System.Text.Json.JsonException or InvalidOperationException or ArgumentException)
        {
            return null;
        }
    }
}

/// <summary>What the other commands of Snowflake CLI do, said in SQL, so that one analyser judges them all.</summary>
internal static class SnowCommands
{
    public static string? ToSql(IReadOnlyList<ShellWord> words)
    {
        var arguments = words.Where(word => !word.Value.StartsWith('-')).Select(word => word.Literal ?? "{{ unknown }}").ToList();
        if (arguments.Count < 2) return null;
        string Argument(int i) => i < arguments.Count ? arguments[i] : "{{ unknown }}";
        return (arguments[0], arguments[1]) switch
        {
            ("object", "drop") => $"DROP {Argument(2).Replace('-', ' ')} {Argument(3)}",
            ("object", "create") => $"CREATE {Argument(2).Replace('-', ' ')} {{{{ definition }}}}",
            ("object", "list") => $"SHOW {Argument(2).Replace('-', ' ')}S",
            ("object", "describe") => $"DESCRIBE {Argument(2).Replace('-', ' ')} {Argument(3)}",
            ("stage", "copy") => Argument(2).StartsWith('@') ? Argument(3).StartsWith('@') ? $"COPY FILES INTO {Argument(3)} FROM {Argument(2)}" : $"GET {Argument(2)} 'file://{Argument(3)}'" : $"PUT 'file://{Argument(2)}' {Stage(Argument(3))}",
            ("stage", "remove") => $"REMOVE {Stage(Argument(2))}/{Argument(3)}",
            ("stage", "create") => $"CREATE STAGE IF NOT EXISTS {Argument(2).TrimStart('@')}",
            ("stage", "drop") => $"DROP STAGE {Argument(2).TrimStart('@')}",
            ("stage", "execute") => $"EXECUTE IMMEDIATE FROM {Stage(Argument(2))}",
            ("stage", "list" or "list-files") => $"LIST {Stage(Argument(2))}",
            ("git", "execute") => $"EXECUTE IMMEDIATE FROM {Stage(Argument(2))}",
            ("git", "fetch") => $"ALTER GIT REPOSITORY {Argument(2)} FETCH",
            ("git", "setup") => $"CREATE GIT REPOSITORY {Argument(2)}",
            ("git", "copy") => $"COPY FILES INTO {Stage(Argument(3))} FROM {Stage(Argument(2))}",
            ("dcm", "deploy") => $"EXECUTE DCM PROJECT {Argument(2)} DEPLOY",
            ("dcm", "plan") => $"EXECUTE DCM PROJECT {Argument(2)} PLAN",
            ("dbt", "execute") => $"EXECUTE DBT PROJECT {Argument(2)} ARGS = '{string.Join(' ', words.Skip(3).Select(word => word.Value.Replace("'", "''", StringComparison.Ordinal)))}'",
            ("dbt", "deploy") => $"CREATE OR REPLACE DBT PROJECT {Argument(2)}",
            ("notebook", "execute") => $"EXECUTE NOTEBOOK {Argument(2)}()",
            ("notebook", "deploy" or "create") => $"CREATE OR REPLACE NOTEBOOK {Argument(2)}",
            ("streamlit", "deploy") => $"CREATE OR REPLACE STREAMLIT {Argument(2)}",
            ("streamlit", "drop") => $"DROP STREAMLIT {Argument(2)}",
            ("app", "run" or "deploy") => "CREATE APPLICATION {{ app }}",
            ("app", "teardown") => "DROP APPLICATION {{ app }}",
            ("app", "publish") => "ALTER APPLICATION PACKAGE {{ app }} PUBLISH",
            ("snowpark", "deploy") => "CREATE OR REPLACE PROCEDURE {{ project }}() RETURNS STRING LANGUAGE PYTHON AS {{ code }}",
            ("snowpark", "drop") => $"DROP {Argument(2)} {Argument(3)}",
            ("snowpark", "execute") => $"CALL {Argument(3)}",
            ("spcs", _) => arguments.Count > 2 && arguments[2] is "list" or "describe" or "status" or "logs" ? null : $"ALTER SERVICE {Argument(3)} {Argument(2)}",
            _ => null,
        };
    }

    private static string Stage(string name) => name.StartsWith('@') ? name : $"@{name}";
}
