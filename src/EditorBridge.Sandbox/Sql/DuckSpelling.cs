using System.Text;

namespace EditorBridge.Sandbox.Sql;

/// <summary>
/// Spells Snowflake SQL the way DuckDB reads it: types, a few functions, date parts, variant paths, literals and bind marks.
/// What the two share is left as it stands.
/// </summary>
internal static class DuckSpelling
{
    /// <summary>Begins the names of the macros that stand for Snowflake's own functions.</summary>
    public const string MacroPrefix = "sbx_";

    private static readonly Dictionary<string, string> Types = new(StringComparer.OrdinalIgnoreCase)
    {
        ["NUMBER"] = "DECIMAL", ["INT"] = "BIGINT", ["INTEGER"] = "BIGINT", ["BYTEINT"] = "BIGINT", ["FLOAT"] = "DOUBLE",
        ["VARIANT"] = "JSON", ["OBJECT"] = "JSON", ["TIMESTAMP_NTZ"] = "TIMESTAMP", ["DATETIME"] = "TIMESTAMP",
        ["TIMESTAMP_LTZ"] = "TIMESTAMPTZ", ["TIMESTAMP_TZ"] = "TIMESTAMPTZ", ["BINARY"] = "BLOB",
    };

    private static readonly HashSet<string> SessionFunctions = new(StringComparer.OrdinalIgnoreCase)
    {
        "CURRENT_USER", "CURRENT_ROLE", "CURRENT_ACCOUNT", "CURRENT_ACCOUNT_NAME", "CURRENT_ORGANIZATION_NAME", "CURRENT_WAREHOUSE",
        "CURRENT_DATABASE", "CURRENT_SCHEMA", "CURRENT_VERSION", "CURRENT_REGION", "CURRENT_SESSION", "CURRENT_AVAILABLE_ROLES",
        "CURRENT_SECONDARY_ROLES",
    };

    private static readonly HashSet<string> DatePartFirst = new(StringComparer.OrdinalIgnoreCase)
    {
        "DATEADD", "TIMEADD", "TIMESTAMPADD", "DATEDIFF", "TIMEDIFF", "TIMESTAMPDIFF", "DATE_PART",
    };

    private static readonly Dictionary<string, string> Functions = new(StringComparer.OrdinalIgnoreCase)
    {
        ["IFF"] = "sbx_iff", ["NVL"] = "ifnull", ["ZEROIFNULL"] = "sbx_zeroifnull", ["DIV0"] = "sbx_div0", ["TO_VARCHAR"] = "sbx_to_varchar",
        ["TO_CHAR"] = "sbx_to_varchar", ["TO_DATE"] = "sbx_to_date", ["TO_NUMBER"] = "sbx_to_number", ["DATEADD"] = "sbx_dateadd",
        ["TIMEADD"] = "sbx_dateadd", ["TIMESTAMPADD"] = "sbx_dateadd", ["TIMEDIFF"] = "datediff", ["TIMESTAMPDIFF"] = "datediff",
        ["SYSDATE"] = "now", ["GETDATE"] = "now", ["SYSTIMESTAMP"] = "now", ["CURRENT_TIMESTAMP"] = "now", ["PARSE_JSON"] = "sbx_parse_json",
        ["COUNT_IF"] = "count_if", ["APPROX_COUNT_DISTINCT"] = "approx_count_distinct", ["STARTSWITH"] = "starts_with", ["ENDSWITH"] = "ends_with",
    };

    public static string Of(IReadOnlyList<SqlToken> tokens)
    {
        var text = new StringBuilder();
        for (var at = 0; at < tokens.Count; at++)
        {
            at += Write(text, tokens, at);
        }

        return text.ToString();
    }

    /// <returns>How many tokens after this one were used up.</returns>
    private static int Write(StringBuilder text, IReadOnlyList<SqlToken> tokens, int at)
    {
        var token = tokens[at];
        var next = Following(tokens, at);
        switch (token.Kind)
        {
            case SqlTokenKind.Comment:
                text.Append(' ');
                return 0;
            case SqlTokenKind.Text:
                text.Append('\'').Append(token.TextValue.Replace("'", "''", StringComparison.Ordinal)).Append('\'');
                return 0;
            case SqlTokenKind.Symbol when token.Is(":") && at + 1 < tokens.Count:
                return WriteColon(text, tokens, at);
            case SqlTokenKind.Word when Previous(tokens, at) is { } before && before.Is(".") || next is { } dot && dot.Is("."):
                text.Append(token.Text);
                return 0;
            case SqlTokenKind.Word:
                return WriteWord(text, tokens, at, next);
            default:
                text.Append(token.Text);
                return 0;
        }
    }

    private static int WriteWord(StringBuilder text, IReadOnlyList<SqlToken> tokens, int at, SqlToken? next)
    {
        var token = tokens[at];
        var called = next is { } open && open.Is("(");
        if (called && SessionFunctions.Contains(token.Text))
        {
            text.Append(MacroPrefix).Append(token.Text.ToLowerInvariant());
        }
        else if (token.Is("VALUES") && called && Previous(tokens, at) is { } before && (before.Is("FROM") || before.Is("JOIN")))
        {
            return WriteValues(text, tokens, at);
        }
        else if (token.Is("CURRENT_TIMESTAMP") && !called)
        {
            text.Append("now()");
        }
        else if (token.Is("CURRENT_DATE") && called)
        {
            text.Append("current_date");
            return ThroughParenthesis(tokens, at);
        }
        else if (called && Functions.TryGetValue(token.Text, out var function))
        {
            text.Append(function);
            return DatePartFirst.Contains(token.Text) ? WriteDatePart(text, tokens, at) : 0;
        }
        else if (called && DatePartFirst.Contains(token.Text))
        {
            text.Append(token.Text);
            return WriteDatePart(text, tokens, at);
        }
        else if (Types.TryGetValue(token.Text, out var type) && (!called || HasPrecision(tokens, at)))
        {
            text.Append(type is "DECIMAL" && !called ? "DECIMAL(38,0)" : type);
            return called && type is not "DECIMAL" ? ThroughParenthesis(tokens, at) : 0;
        }
        else
        {
            text.Append(token.Is("MINUS") ? "EXCEPT" : token.Is("TRANSIENT") || token.Is("SECURE") ? "" : token.Text);
        }

        return 0;
    }

    /// <summary>Writes <c>('day'</c> for <c>(day</c>.</summary>
    private static int WriteDatePart(StringBuilder text, IReadOnlyList<SqlToken> tokens, int at)
    {
        var part = at + 1;
        while (part < tokens.Count && (tokens[part].IsBlank || tokens[part].Is("(")))
        {
            part++;
        }

        if (part == tokens.Count || tokens[part].Kind is not (SqlTokenKind.Word or SqlTokenKind.Text))
        {
            return 0;
        }

        var name = tokens[part].Kind == SqlTokenKind.Text ? tokens[part].TextValue : tokens[part].Text;
        text.Append("('").Append(name.ToLowerInvariant().Replace("'", "", StringComparison.Ordinal)).Append('\'');
        return part - at;
    }

    /// <summary>A variant path (<c>col:a."b"[0]</c>), a numbered bind (<c>:1</c>), or a plain colon.</summary>
    private static int WriteColon(StringBuilder text, IReadOnlyList<SqlToken> tokens, int at)
    {
        if (tokens[at + 1].Kind == SqlTokenKind.Number)
        {
            text.Append('$').Append(tokens[at + 1].Text);
            return 1;
        }

        if (!tokens[at + 1].IsName)
        {
            text.Append(':');
            return 0;
        }

        var path = new StringBuilder("$");
        var used = 0;
        while (at + used + 1 < tokens.Count)
        {
            var key = tokens[at + used + 1];
            if ((used == 0 || tokens[at + used].Is(".")) && key.IsName)
            {
                path.Append(".\"").Append(key.Kind == SqlTokenKind.QuotedName ? key.Name : key.Text).Append('"');
                used += 2;
            }
            else if (tokens[at + used].Is("[") && key.Kind == SqlTokenKind.Number)
            {
                path.Append('[').Append(key.Text).Append(']');
                used += 3;
            }
            else
            {
                break;
            }
        }

        var operand = OperandStart(text);
        text.Insert(operand, "json_extract_string(").Append(", '").Append(path.Replace("'", "''")).Append("')");
        return used - 1;
    }

    /// <summary><c>from values (1, 'a'), …</c> names its columns COLUMN1, COLUMN2 and needs parentheses in DuckDB.</summary>
    private static int WriteValues(StringBuilder text, IReadOnlyList<SqlToken> tokens, int at)
    {
        var (end, depth, columns, firstRow) = (at + 1, 0, 1, true);
        for (var index = at + 1; index < tokens.Count; index++)
        {
            var token = tokens[index];
            depth += token.Is("(") ? 1 : token.Is(")") ? -1 : 0;
            columns += firstRow && depth == 1 && token.Is(",") ? 1 : 0;
            if (depth == 0 && token.Is(")"))
            {
                (end, firstRow) = (index + 1, false);
            }
            else if (depth < 0 || (depth == 0 && !token.IsBlank && !token.Is(",")))
            {
                break;
            }
        }

        var names = string.Join(", ", Enumerable.Range(0, columns).Select(column => $"col{column} AS COLUMN{column + 1}"));
        text.Append($"(SELECT {names} FROM (VALUES {Of([.. tokens.Skip(at + 1).Take(end - at - 1)])}))");
        return end - at - 1;
    }

    /// <summary>Where the column reference or the function call begins that ends the text so far.</summary>
    private static int OperandStart(StringBuilder text)
    {
        var start = text.Length;
        for (var depth = 0; start > 0 && (depth > 0 || text[start - 1] == ')'); start--)
        {
            depth += text[start - 1] switch { ')' => 1, '(' => -1, _ => 0 };
        }

        while (start > 0 && (char.IsLetterOrDigit(text[start - 1]) || text[start - 1] is '_' or '.' or '"' or '$'))
        {
            start--;
        }

        return start;
    }

    private static bool HasPrecision(IReadOnlyList<SqlToken> tokens, int at) =>
        Following(tokens, at + 1) is { Kind: SqlTokenKind.Number };

    private static int ThroughParenthesis(IReadOnlyList<SqlToken> tokens, int at)
    {
        var end = at + 1;
        while (end < tokens.Count && !tokens[end].Is(")"))
        {
            end++;
        }

        return end - at;
    }

    private static SqlToken? Following(IReadOnlyList<SqlToken> tokens, int at)
    {
        for (var index = at + 1; index < tokens.Count; index++)
        {
            if (!tokens[index].IsBlank)
            {
                return tokens[index];
            }
        }

        return null;
    }

    private static SqlToken? Previous(IReadOnlyList<SqlToken> tokens, int at)
    {
        for (var index = at - 1; index >= 0; index--)
        {
            if (!tokens[index].IsBlank)
            {
                return tokens[index];
            }
        }

        return null;
    }
}
