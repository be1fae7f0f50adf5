using System.Collections.Immutable;
using System.Text;

namespace EditorBridge.Sql;

/// <summary>A template after what is known was put in.</summary>
/// <param name="Unrendered">The text as it stands in the file, without the tags that hold the end of a tag in a string: a lexer that knows no templates would stop inside them.</param>
/// <param name="Opaque">True when something is left that only the template engine knows; it stands in the text as a template still.</param>
/// <param name="Hooks">Statements the template runs besides its text: hooks of a dbt model, run_query, statement blocks.</param>
internal readonly record struct RenderedTemplate(string Text, string Unrendered, bool Opaque, ImmutableArray<string> Hooks);

/// <summary>
/// Puts in what the text and the project's own files say: ref, source, var, set, config, this. Control blocks keep the text of every branch. Nothing
/// is guessed: what is not known stays a template and makes the result opaque.
/// </summary>
internal sealed class JinjaTemplate
{
    private readonly string _text;
    private readonly SqlContext _context;
    private readonly Dictionary<string, string> _set = new(StringComparer.Ordinal);
    private readonly StringBuilder _out;
    private readonly ImmutableArray<string>.Builder _hooks = ImmutableArray.CreateBuilder<string>();
    private char[]? _blanked;
    private bool _opaque;

    private JinjaTemplate(string text, SqlContext context)
    {
        _text = text;
        _context = context;
        _out = new StringBuilder(text.Length);
    }

    /// <summary>True when the text holds a tag with both its ends.</summary>
    public static bool IsTemplate(string text) => Holds(text, "{{", "}}") || Holds(text, "{%", "%}") || Holds(text, "{#", "#}") || Holds(text, "<%", "%>");

    private static bool Holds(string text, string open, string close)
    {
        var at = text.IndexOf(open, StringComparison.Ordinal);
        return at >= 0 && text.IndexOf(close, at + 2, StringComparison.Ordinal) >= 0;
    }

    public static RenderedTemplate Render(string text, SqlContext context)
    {
        var template = new JinjaTemplate(text, context);
        template.Run();
        return new RenderedTemplate(template._out.ToString(), template._blanked is { } blanked ? new string(blanked) : text, template._opaque, template._hooks.DrainToImmutable());
    }

    private void Run()
    {
        var at = 0;
        while (at < _text.Length)
        {
            var next = NextTag(at);
            if (next < 0) break;
            _out.Append(_text, at, next - at);
            var close = _text[next] == '<' ? "%>" : _text[next + 1] switch { '{' => "}}", '%' => "%}", _ => "#}" };
            var end = EndOf(next + 2, close);
            if (end < 0)
            {
                _opaque = true;
                at = next;
                break;
            }
            if (_text.IndexOf(close, next + 2, StringComparison.Ordinal) < end) Blank(next, end + 2);
            var inner = _text.AsSpan(next + 2, end - next - 2).Trim(" \t\r\n-+").ToString();
            if (close == "}}" || close == "%>") Expression(inner, _text[next..(end + 2)]);
            else if (close == "%}") Statement(inner);
            at = end + 2;
        }
        _out.Append(_text, at, _text.Length - at);
    }

    /// <summary>Where the tag ends; -1 when it does not. An end inside a string is part of the string: <c>{{ config(post_hook="grant select on {{ this }} to role r") }}</c>.</summary>
    private int EndOf(int from, string close)
    {
        if (close == "#}") return _text.IndexOf(close, from, StringComparison.Ordinal);
        for (var i = from; i + 1 < _text.Length; i++)
        {
            if (_text[i] == close[0] && _text[i + 1] == close[1]) return i;
            if (_text[i] is not ('\'' or '"')) continue;
            var quote = _text[i];
            for (i++; i < _text.Length && _text[i] != quote; i++)
            {
                if (_text[i] == '\\') i++;
            }
        }
        return -1;
    }

    // Of the same length, so that places in the text stay what they are.
    private void Blank(int first, int end)
    {
        _blanked ??= _text.ToCharArray();
        for (var i = first; i < end; i++)
            if (_blanked[i] is not ('\r' or '\n')) _blanked[i] = ' ';
    }

    private int NextTag(int from)
    {
        for (var i = from; i + 1 < _text.Length; i++)
        {
            if (_text[i] == '{' && _text[i + 1] is '{' or '%' or '#' || _text[i] == '<' && _text[i + 1] == '%') return i;
        }
        return -1;
    }

    private void Expression(string expression, string tag)
    {
        if (Value(expression) is { } value)
        {
            _out.Append(value);
            return;
        }
        Hooks(expression);
        if (expression.StartsWith("config", StringComparison.Ordinal) && expression.AsSpan(6).TrimStart().StartsWith("(")) return;
        _opaque = true;
        _out.Append(tag);
    }

    private void Statement(string statement)
    {
        Hooks(statement);
        if (statement.StartsWith("set ", StringComparison.Ordinal) && statement.IndexOf('=', StringComparison.Ordinal) is > 0 and var equals)
        {
            var name = statement[4..equals].Trim();
            if (Value(statement[(equals + 1)..].Trim()) is { } value) _set[name] = value;
            else _set.Remove(name);
            return;
        }
        // Branches and loops: all text stays, but which of it runs, and how often, is not known.
        if (!statement.StartsWith("end", StringComparison.Ordinal)) _opaque = true;
        _out.Append(' ');
    }

    /// <summary>SQL in the strings of hooks, run_query and statement calls.</summary>
    private void Hooks(string code)
    {
        foreach (var word in (string[])["pre_hook", "post_hook", "run_query", "on_run_start", "on_run_end", "run_sql"])
        {
            for (var at = code.IndexOf(word, StringComparison.Ordinal); at >= 0; at = code.IndexOf(word, at + word.Length, StringComparison.Ordinal))
            {
                foreach (var text in Strings(code[(at + word.Length)..]))
                {
                    if (text.Any(char.IsWhiteSpace)) _hooks.Add(text);
                }
            }
        }
    }

    /// <summary>The string literals up to the end of the first argument: one string, or a list of them.</summary>
    private static IEnumerable<string> Strings(string code)
    {
        var depth = 0;
        for (var i = 0; i < code.Length; i++)
        {
            var c = code[i];
            if (c is '\'' or '"')
            {
                var value = new StringBuilder();
                for (i++; i < code.Length && code[i] != c; i++)
                {
                    if (code[i] == '\\' && i + 1 < code.Length) i++;
                    value.Append(code[i]);
                }
                yield return value.ToString();
                continue;
            }
            if (c is '(' or '[' or '{') depth++;
            else if (c is ')' or ']' or '}') depth--;
            else if (c == ',' && depth <= 0) yield break;
            if (depth < 0) yield break;
        }
    }

    private string? Value(string expression)
    {
        expression = expression.Trim();
        if (expression.Length >= 2 && expression[0] is '\'' or '"' && expression[^1] == expression[0] && expression.IndexOf(expression[0], 1) == expression.Length - 1) return expression[1..^1];
        if (expression.Length > 0 && expression.All(char.IsAsciiDigit)) return expression;
        if (_set.TryGetValue(expression, out var set)) return set;
        if (_context.TemplateVariables.TryGetValue(expression, out var variable)) return variable;
        if (Call(expression, out var name, out var arguments))
        {
            switch (name)
            {
                case "ref" or "source" when arguments.Count > 0: return _context.Models.GetValueOrDefault(string.Join('.', arguments)) ?? _context.Models.GetValueOrDefault(arguments[^1]);
                case "var" or "env_var" when arguments.Count > 0: return _context.TemplateVariables.GetValueOrDefault(arguments[0]) ?? (arguments.Count > 1 && name == "var" && _context.TemplateVariables.Count > 0 ? arguments[1] : null);
            }
        }
        return expression == "this" ? _context.Models.GetValueOrDefault("this") : null;
    }

    /// <summary>A call whose arguments are all string literals.</summary>
    private static bool Call(string expression, out string name, out List<string> arguments)
    {
        arguments = [];
        name = "";
        var open = expression.IndexOf('(', StringComparison.Ordinal);
        if (open <= 0 || expression[^1] != ')') return false;
        name = expression[..open].Trim();
        foreach (var part in expression[(open + 1)..^1].Split(','))
        {
            var argument = part.Trim();
            if (argument.Length < 2 || argument[0] is not ('\'' or '"') || argument[^1] != argument[0]) return false;
            arguments.Add(argument[1..^1]);
        }
        return true;
    }
}
