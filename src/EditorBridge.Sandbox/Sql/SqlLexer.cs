namespace EditorBridge.Sandbox.Sql;

internal enum SqlTokenKind
{
    Space,
    Comment,
    Word,
    QuotedName,
    Text,
    Number,
    Symbol,
}

/// <param name="Text">The token exactly as written.</param>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text)
{
    public bool IsBlank => Kind is SqlTokenKind.Space or SqlTokenKind.Comment;

    public bool Is(string wordOrSymbol) =>
        Kind is SqlTokenKind.Word or SqlTokenKind.Symbol && Text.Equals(wordOrSymbol, StringComparison.OrdinalIgnoreCase);

    public bool IsName => Kind is SqlTokenKind.Word or SqlTokenKind.QuotedName;

    /// <summary>The identifier's name as the account stores it: unquoted names in upper case.</summary>
    public string Name => Kind == SqlTokenKind.QuotedName ? Text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : Text.ToUpperInvariant();

    /// <summary>What a text literal means: quotes off, doubled quotes and backslash escapes resolved.</summary>
    public string TextValue => Text.StartsWith("$$", StringComparison.Ordinal) ? Text[2..^2] : Unescaped(Text[1..^1]);

    private static string Unescaped(string inner)
    {
        var value = new System.Text.StringBuilder(inner.Length);
        for (var index = 0; index < inner.Length; index++)
        {
            if (inner[index] is not ('\\' or '\'') || index + 1 == inner.Length)
            {
                value.Append(inner[index]);
                continue;
            }

            var next = inner[++index];
            value.Append(inner[index - 1] == '\'' ? '\'' : next switch { 'n' => '\n', 't' => '\t', 'r' => '\r', '0' => '\0', _ => next });
        }

        return value.ToString();
    }
}

/// <summary>Cuts Snowflake SQL into tokens, enough to split statements and to translate the bits DuckDB spells differently.</summary>
internal static class SqlLexer
{
    private static readonly string[] LongSymbols = ["::", "=>", "<=", ">=", "<>", "!=", "||", "->"];

    public static IReadOnlyList<SqlToken> Cut(string sql)
    {
        var tokens = new List<SqlToken>();
        var at = 0;
        while (at < sql.Length)
        {
            var (kind, length) = Next(sql, at);
            tokens.Add(new SqlToken(kind, sql.Substring(at, length)));
            at += length;
        }

        return tokens;
    }

    /// <summary>The statements of a text, without the semicolons between them; blank ones are dropped.</summary>
    public static IReadOnlyList<string> Statements(string sql)
    {
        var statements = new List<List<SqlToken>> { new() };
        foreach (var token in Cut(sql))
        {
            if (token.Is(";"))
            {
                statements.Add([]);
            }
            else
            {
                statements[^1].Add(token);
            }
        }

        return [.. statements.Where(tokens => tokens.Exists(token => !token.IsBlank)).Select(tokens => string.Concat(tokens.Select(token => token.Text)).Trim())];
    }

    private static (SqlTokenKind Kind, int Length) Next(string sql, int at)
    {
        var rest = sql.AsSpan(at);
        var first = rest[0];
        return first switch
        {
            _ when char.IsWhiteSpace(first) => (SqlTokenKind.Space, While(rest, char.IsWhiteSpace)),
            '-' when rest.StartsWith("--") => (SqlTokenKind.Comment, LineEnd(rest)),
            '/' when rest.StartsWith("//") => (SqlTokenKind.Comment, LineEnd(rest)),
            '/' when rest.StartsWith("/*") => (SqlTokenKind.Comment, Through(rest, "*/", 2)),
            '$' when rest.StartsWith("$$") => (SqlTokenKind.Text, rest[2..].IndexOf("$$") < 0 ? throw Unfinished(rest.Length) : Through(rest, "$$", 2)),
            '\'' => (SqlTokenKind.Text, Quoted(rest, '\'', backslash: true)),
            '"' => (SqlTokenKind.QuotedName, Quoted(rest, '"', backslash: false)),
            _ when char.IsLetter(first) || first == '_' => (SqlTokenKind.Word, While(rest, c => char.IsLetterOrDigit(c) || c is '_' or '$')),
            _ when char.IsAsciiDigit(first) => (SqlTokenKind.Number, While(rest, c => char.IsLetterOrDigit(c) || c == '.')),
            _ => (SqlTokenKind.Symbol, LongSymbols.Any(symbol => sql.AsSpan(at).StartsWith(symbol)) ? 2 : 1),
        };
    }

    private static int While(ReadOnlySpan<char> text, Func<char, bool> belongs)
    {
        var length = 1;
        while (length < text.Length && belongs(text[length]))
        {
            length++;
        }

        return length;
    }

    private static int LineEnd(ReadOnlySpan<char> text) => text.IndexOf('\n') is var end && end < 0 ? text.Length : end;

    private static int Through(ReadOnlySpan<char> text, string end, int from) =>
        text[from..].IndexOf(end) is var found && found < 0 ? text.Length : from + found + end.Length;

    private static int Quoted(ReadOnlySpan<char> text, char quote, bool backslash)
    {
        var at = 1;
        while (at < text.Length)
        {
            if (backslash && text[at] == '\\')
            {
                at += 2;
            }
            else if (text[at] == quote && at + 1 < text.Length && text[at + 1] == quote)
            {
                at += 2;
            }
            else if (text[at++] == quote)
            {
                return at;
            }
        }

        throw Unfinished(text.Length);
    }

    private static SqlException Unfinished(int position) =>
        new("001003", "42000", $"SQL compilation error:\nparse error line 1 at position {position} near '<EOF>'.");
}
