using System.Collections.Immutable;
using System.Text;

namespace EditorBridge.Sql;

/// <summary>A piece of SQL in code of another language.</summary>
/// <param name="Start">Where its text starts in the code; the text stands there verbatim only when the piece is not dynamic and has no escapes.</param>
/// <param name="Length">Length of the literal or expression in the code.</param>
/// <param name="Sql">The text, with <c>{{ expression }}</c> for each part that is put in at run time.</param>
internal readonly record struct ForeignSql(string Sql, int Start, int Length, bool Dynamic, string Call);

/// <summary>Finds the SQL that Python, JavaScript, Java and Scala code hands to Snowflake, and signs that the code reaches beyond it.</summary>
internal static class ForeignCode
{
    private static readonly string[] Calls =
        ["sql", "execute", "execute_async", "execute_string", "execute_stream", "executemany", "executescript", "read_sql", "read_sql_query", "query", "createStatement", "sqlText", "prepareStatement", "executeQuery", "executeUpdate", "fetch_pandas_all", "run_query", "execute_query", "run_sql", "text"];

    /// <summary>What starts a program: Python's os and subprocess, Node's child_process.</summary>
    private static readonly string[] ShellCalls =
        ["system", "popen", "Popen", "run", "call", "check_call", "check_output", "getoutput", "getstatusoutput", "create_subprocess_shell", "exec", "execSync", "spawn", "spawnSync", "execFile", "execFileSync"];

    private static readonly (string Word, string What)[] Reaches =
    [
        ("requests", "requests"), ("urllib", "urllib"), ("urllib3", "urllib3"), ("httpx", "httpx"), ("aiohttp", "aiohttp"), ("http.client", "http.client"), ("socket", "socket"), ("ftplib", "ftplib"), ("smtplib", "smtplib"), ("paramiko", "paramiko"),
        ("boto3", "boto3"), ("subprocess", "subprocess"), ("os.system", "os.system"), ("os.popen", "os.popen"), ("_snowflake.get_generic_secret_string", "a secret"), ("_snowflake.get_oauth_access_token", "a secret"), ("_snowflake.get_username_password", "a secret"),
        ("java.net", "java.net"), ("HttpClient", "HttpClient"), ("ProcessBuilder", "ProcessBuilder"), ("Runtime.getRuntime", "Runtime.exec"), ("fetch(", "fetch"),
    ];

    /// <summary>The SQL that <paramref name="code"/> runs.</summary>
    public static ImmutableArray<ForeignSql> Sql(string code, string language)
    {
        var scanner = new CodeScanner(code, hashComments: language.Equals("PYTHON", StringComparison.OrdinalIgnoreCase));
        return scanner.Find(Calls);
    }

    /// <summary>The command lines that <paramref name="code"/> starts, as text of a shell; a list of arguments is one command line.</summary>
    public static ImmutableArray<ForeignSql> CommandLines(string code, string language)
    {
        if (!code.Contains("snow", StringComparison.Ordinal)) return [];
        var scanner = new CodeScanner(code, hashComments: language.Equals("PYTHON", StringComparison.OrdinalIgnoreCase));
        return scanner.Find(ShellCalls);
    }

    /// <summary>The first sign that the code reaches outside hosts, processes or secrets; null when there is none.</summary>
    public static string? ReachesOut(string code)
    {
        foreach (var (word, what) in Reaches)
        {
            var at = code.IndexOf(word, StringComparison.Ordinal);
            if (at < 0) continue;
            var end = at + word.Length;
            var starts = at == 0 || !(char.IsLetterOrDigit(code[at - 1]) || code[at - 1] == '_');
            var ends = end >= code.Length || word[^1] == '(' || !(char.IsLetterOrDigit(code[end]) || code[end] == '_');
            if (starts && ends) return what;
        }
        return null;
    }
}

/// <summary>Reads just enough of a C-like or Python text to know what is a string, what is a comment, and what is handed to a call.</summary>
internal sealed class CodeScanner(string code, bool hashComments)
{
    private readonly Dictionary<string, ForeignSql> _variables = new(StringComparer.Ordinal);
    private readonly ImmutableArray<ForeignSql>.Builder _found = ImmutableArray.CreateBuilder<ForeignSql>();
    private int _at;

    public ImmutableArray<ForeignSql> Find(string[] calls)
    {
        var word = "";
        while (_at < code.Length)
        {
            if (SkipTrivia()) continue;
            var c = code[_at];
            if (IsStringStart(out var prefix))
            {
                ReadString(prefix);
                word = "";
            }
            else if (char.IsLetter(c) || c == '_')
            {
                var start = _at;
                while (_at < code.Length && (char.IsLetterOrDigit(code[_at]) || code[_at] is '_' or '$')) _at++;
                word = code[start.._at];
            }
            else if ((c == '(' || c == ':' && word == "sqlText") && Array.IndexOf(calls, word) >= 0)
            {
                _at++;
                Argument(word);
                word = "";
            }
            else if (c == '=' && word.Length > 0 && (_at + 1 >= code.Length || code[_at + 1] is not ('=' or '>')))
            {
                _at++;
                Assignment(word, appends: false);
                word = "";
            }
            else if (c == '+' && _at + 1 < code.Length && code[_at + 1] == '=' && word.Length > 0)
            {
                // query += …: what is put together is no longer known in full.
                _at += 2;
                Assignment(word, appends: true);
                word = "";
            }
            else
            {
                if (!char.IsWhiteSpace(c)) word = c == '.' ? word : "";
                _at++;
            }
        }
        return _found.DrainToImmutable();
    }

    private void Assignment(string name, bool appends)
    {
        if (Expression() is not { } value)
        {
            _variables.Remove(name);
            return;
        }
        if (appends && _variables.TryGetValue(name, out var before)) value = value with { Sql = before.Sql + value.Sql, Start = before.Start, Dynamic = true };
        _variables[name] = value;
    }

    private void Argument(string call)
    {
        var start = _at;
        // createStatement({ sqlText: … }): the key is a call word of its own.
        while (_at < code.Length && char.IsWhiteSpace(code[_at])) _at++;
        if (_at < code.Length && code[_at] is '{' or ')') return;
        if (_at < code.Length && code[_at] == '[')
        {
            Arguments(call);
            return;
        }
        if (call == "execute" && StartsWithWord("text") || StartsWithWord("sqlalchemy.text")) return;
        if (Expression() is { } value && value.Sql.Length > 0) _found.Add(value with { Call = call });
        else if (_at == start) _at++;
    }

    /// <summary>A list of strings, as the words of a command line. What is no string is put in at run time.</summary>
    private void Arguments(string call)
    {
        var start = _at++;
        var line = new StringBuilder();
        var dynamic = false;
        while (_at < code.Length && code[_at] != ']')
        {
            if (SkipTrivia() || code[_at] == ',')
            {
                if (_at < code.Length && code[_at] == ',') _at++;
                continue;
            }
            var value = Expression();
            while (_at < code.Length && code[_at] is not (',' or ']')) _at++;
            dynamic |= value?.Dynamic ?? true;
            line.Append(line.Length > 0 ? " '" : "'").Append((value?.Sql ?? "{{ argument }}").Replace("'", "'\\''", StringComparison.Ordinal)).Append('\'');
        }
        if (line.Length > 0) _found.Add(new ForeignSql(line.ToString(), start, Math.Min(_at, code.Length) - start, dynamic, call));
    }

    private bool StartsWithWord(string word) => string.CompareOrdinal(code, _at, word, 0, word.Length) == 0 && _at + word.Length < code.Length && code[_at + word.Length] == '(';

    /// <summary>A value made of strings, names and joining operators, up to a comma or bracket. Null when no text is in it.</summary>
    private ForeignSql? Expression()
    {
        var text = new StringBuilder();
        var start = -1;
        var dynamic = false;
        var depth = 0;
        var pieces = 0;
        while (_at < code.Length)
        {
            var before = _at;
            if (SkipTrivia(stopAtLine: depth == 0 && pieces > 0)) continue;
            if (_at >= code.Length) break;
            var c = code[_at];
            if (IsStringStart(out var prefix))
            {
                var opening = _at;
                var (value, formatted, contentStart) = ReadString(prefix);
                if (start < 0) start = pieces == 0 && !formatted ? contentStart : opening;
                text.Append(value);
                dynamic |= formatted;
                pieces++;
                continue;
            }
            if (char.IsLetter(c) || c == '_')
            {
                var from = _at;
                while (_at < code.Length && (char.IsLetterOrDigit(code[_at]) || code[_at] is '_' or '.' or '$')) _at++;
                var name = code[from.._at];
                if (name is ".format" or "format") dynamic = true;
                if (start < 0) start = from;
                if (_variables.TryGetValue(name, out var known))
                {
                    text.Append(known.Sql);
                    dynamic |= known.Dynamic;
                }
                else
                {
                    text.Append("{{ ").Append(name).Append(" }}");
                    dynamic = true;
                }
                pieces++;
                continue;
            }
            if (c is '(' or '[')
            {
                if (pieces > 0)
                {
                    SkipBrackets();
                    continue;
                }
                depth++;
                _at++;
                continue;
            }
            if (c is ')' or ']')
            {
                if (depth == 0) break;
                depth--;
                _at++;
                continue;
            }
            if (c == '.')
            {
                // A method of the string: .format(…), .strip(), .replace(…).
                var from = ++_at;
                while (_at < code.Length && (char.IsLetterOrDigit(code[_at]) || code[_at] == '_')) _at++;
                if (code[from.._at] is not ("strip" or "trim" or "stripMargin" or "dedent")) dynamic = true;
                SkipBrackets();
                continue;
            }
            if (c == '%' && pieces > 0)
            {
                dynamic = true;
                _at++;
                SkipOperand();
                continue;
            }
            if (c is '+' or '\\')
            {
                _at++;
                continue;
            }
            if (_at == before && (c is ',' or ';' or '}' or '\n' or '\r' or ':' || pieces > 0)) break;
            _at++;
        }
        return pieces == 0 || text.Length == 0 ? null : new ForeignSql(text.ToString(), Math.Max(start, 0), Math.Max(0, _at - Math.Max(start, 0)), dynamic, "");
    }

    private void SkipOperand()
    {
        while (_at < code.Length && code[_at] == ' ') _at++;
        if (_at < code.Length && code[_at] is '(' or '{') SkipBrackets();
        else
        {
            while (_at < code.Length && (char.IsLetterOrDigit(code[_at]) || code[_at] is '_' or '.')) _at++;
        }
    }

    private void SkipBrackets()
    {
        var depth = 0;
        while (_at < code.Length)
        {
            if (SkipTrivia()) continue;
            if (_at >= code.Length) return;
            if (IsStringStart(out var prefix))
            {
                ReadString(prefix);
                continue;
            }
            var c = code[_at];
            if (c is '(' or '[' or '{') depth++;
            else if (c is ')' or ']' or '}') depth--;
            else if (depth == 0) return;
            _at++;
            if (depth <= 0) return;
        }
    }

    private bool SkipTrivia(bool stopAtLine = false)
    {
        var c = code[_at];
        if (stopAtLine && c is '\n' or '\r') return false;
        if (char.IsWhiteSpace(c))
        {
            _at++;
            return true;
        }
        var next = _at + 1 < code.Length ? code[_at + 1] : '\0';
        if (hashComments ? c == '#' : c == '/' && next == '/')
        {
            while (_at < code.Length && code[_at] != '\n') _at++;
            return true;
        }
        if (!hashComments && c == '/' && next == '*')
        {
            var end = code.IndexOf("*/", _at + 2, StringComparison.Ordinal);
            _at = end < 0 ? code.Length : end + 2;
            return true;
        }
        return false;
    }

    private bool IsStringStart(out int prefix)
    {
        prefix = 0;
        var at = _at;
        while (hashComments && prefix < 2 && at < code.Length && code[at] is 'r' or 'R' or 'f' or 'F' or 'b' or 'B' or 'u' or 'U')
        {
            at++;
            prefix++;
        }
        if (!hashComments && at < code.Length && code[at] is 's' && at + 1 < code.Length && code[at + 1] == '"')
        {
            at++;
            prefix = 1;
        }
        if (at >= code.Length || code[at] is not ('"' or '\'') && !(code[at] == '`' && !hashComments)) return false;
        if (prefix > 0 && _at > 0 && (char.IsLetterOrDigit(code[_at - 1]) || code[_at - 1] == '_')) return false;
        return true;
    }

    /// <summary>The string at the cursor: its value with run-time parts as templates, whether it has such parts, and where its content starts.</summary>
    private (string Value, bool Formatted, int ContentStart) ReadString(int prefix)
    {
        var flags = code.AsSpan(_at, prefix);
        var raw = flags.ContainsAny('r', 'R');
        var formatted = flags.ContainsAny('f', 'F') || flags.Contains('s');
        _at += prefix;
        var quote = code[_at];
        var triple = _at + 2 < code.Length && code[_at + 1] == quote && code[_at + 2] == quote && quote != '`';
        _at += triple ? 3 : 1;
        var contentStart = _at;
        var value = new StringBuilder();
        var inserted = false;
        while (_at < code.Length)
        {
            var c = code[_at];
            if (c == quote && (!triple || _at + 2 < code.Length && code[_at + 1] == quote && code[_at + 2] == quote))
            {
                _at += triple ? 3 : 1;
                break;
            }
            if (c is '\n' && !triple && quote != '`') break;
            if (c == '\\' && !raw && _at + 1 < code.Length)
            {
                var next = code[_at + 1];
                if (next is not ('\n' or '\r')) value.Append(next switch { 'n' => '\n', 't' => '\t', 'r' => '\r', _ => next });
                _at += 2;
                continue;
            }
            if (Insertion(c, quote, formatted, value))
            {
                inserted = true;
                continue;
            }
            value.Append(c);
            _at++;
        }
        return (value.ToString(), inserted, contentStart);
    }

    /// <summary>f"{x}", `${x}` and s"$x": a part put in at run time.</summary>
    private bool Insertion(char c, char quote, bool formatted, StringBuilder value)
    {
        var open = quote == '`' ? c == '$' && _at + 1 < code.Length && code[_at + 1] == '{' : formatted && c == '{';
        if (!open) return false;
        if (quote != '`' && _at + 1 < code.Length && code[_at + 1] == '{')
        {
            value.Append('{');
            _at += 2;
            return false;
        }
        var from = _at + (quote == '`' ? 2 : 1);
        var end = code.IndexOf('}', from);
        if (end < 0) end = code.Length - 1;
        value.Append("{{ ").Append(code.AsSpan(from, Math.Max(0, end - from))).Append(" }}");
        _at = end + 1;
        return true;
    }
}
