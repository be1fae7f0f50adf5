using DuckDB.NET.Data;
using EditorBridge.Sandbox.Auth;

namespace EditorBridge.Sandbox.Sql;

/// <summary>
/// Makes a statement that changes something ready for DuckDB: its target and its sources are resolved and checked against the role,
/// and every query inside it is rewritten as a query of its own.
/// </summary>
internal sealed class StatementRewrite(DuckDBConnection connection, SqlContext context, AccessRules rules, UsageViews views)
{
    private static readonly string[] BeforeNames = ["INTO", "UPDATE", "FROM", "USING", "JOIN", "TABLE", "VIEW", "CLONE", "TRUNCATE"];
    private static readonly string[] Fillers = ["IF", "NOT", "EXISTS", "TABLE", "INTO"];

    /// <summary>The object the statement works on, once it has been applied.</summary>
    public ObjectName? Target { get; private set; }

    /// <summary>True for <c>… if exists</c> of an object that is not there.</summary>
    public bool TargetMissing { get; private set; }

    public string Apply(string statement)
    {
        var tokens = WithQueriesRewritten(SqlLexer.Cut(statement));
        var verb = tokens.First(token => !token.IsBlank).Text.ToUpperInvariant();
        var ifExists = Contains(tokens, "IF", "EXISTS");
        var result = new List<SqlToken>();
        for (var at = 0; at < tokens.Count; at++)
        {
            result.Add(tokens[at].Is("CLONE") ? new SqlToken(SqlTokenKind.Symbol, "AS FROM") : tokens[at]);
            // MERGE says "update set" further on; there UPDATE names nothing.
            var names = BeforeNames.Any(tokens[at].Is) && (!tokens[at].Is("UPDATE") || verb is "UPDATE");
            var (start, length) = names ? NameAfter(tokens, at) : default;
            if (length == 0)
            {
                continue;
            }

            for (var between = at + 1; between < start; between++)
            {
                result.Add(tokens[between]);
            }

            result.Add(new SqlToken(SqlTokenKind.Symbol, Resolve(tokens, start, length, verb, ifExists)));
            at = start + length - 1;
        }

        return DuckSpelling.Of(result);
    }

    private string Resolve(List<SqlToken> tokens, int start, int length, string verb, bool ifExists)
    {
        var name = ObjectName.Of([.. tokens.Skip(start).Take(length).Where(token => token.IsName).Select(token => token.Name)], context);
        if (Target is not null)
        {
            rules.Demand(connection, context, name, Access.Read);
            return name.Quoted;
        }

        Target = name;
        if (verb is "CREATE")
        {
            rules.DemandCreate(connection, context, name);
        }
        else if (ifExists && !rules.Visible(connection, context.Roles).Any(table => table.Name == name))
        {
            TargetMissing = true;
        }
        else
        {
            rules.Demand(connection, context, name, Access.Write);
        }

        return name.Quoted;
    }

    /// <summary>Where the name stands that follows a keyword, past the words that may stand between; length 0 when there is none.</summary>
    private static (int Start, int Length) NameAfter(List<SqlToken> tokens, int at)
    {
        var start = at + 1;
        while (start < tokens.Count && (tokens[start].IsBlank || Fillers.Any(tokens[start].Is)))
        {
            start++;
        }

        var end = start;
        while (end < tokens.Count && tokens[end].IsName)
        {
            end++;
            if (end + 1 >= tokens.Count || !tokens[end].Is(".") || !tokens[end + 1].IsName)
            {
                break;
            }

            end++;
        }

        return (start, end - start);
    }

    /// <summary>Each query, in parentheses or at the end of the statement, becomes one token that holds its rewritten text.</summary>
    private List<SqlToken> WithQueriesRewritten(IReadOnlyList<SqlToken> tokens)
    {
        var result = new List<SqlToken>();
        for (var at = 0; at < tokens.Count; at++)
        {
            if (!IsQueryStart(tokens, at))
            {
                result.Add(tokens[at]);
                continue;
            }

            var end = at;
            for (var depth = 0; end < tokens.Count && depth >= 0; end++)
            {
                depth += tokens[end].Is("(") ? 1 : tokens[end].Is(")") ? -1 : 0;
            }

            var length = end - at - (end <= tokens.Count && tokens[end - 1].Is(")") && Unbalanced(tokens, at, end) ? 1 : 0);
            var query = DuckSpelling.Of([.. tokens.Skip(at).Take(length)]);
            result.Add(new SqlToken(SqlTokenKind.Symbol, new QueryRewrite(connection, context, rules, views).Apply(query)));
            at += length - 1;
        }

        return result;
    }

    private static bool IsQueryStart(IReadOnlyList<SqlToken> tokens, int at) => tokens[at].Is("SELECT")
        || (tokens[at].Is("WITH") && tokens.Skip(at + 1).FirstOrDefault(token => !token.IsBlank).IsName);

    private static bool Unbalanced(IReadOnlyList<SqlToken> tokens, int start, int end) =>
        tokens.Skip(start).Take(end - start).Sum(token => token.Is("(") ? 1 : token.Is(")") ? -1 : 0) < 0;

    private static bool Contains(List<SqlToken> tokens, params string[] words)
    {
        var solid = tokens.Where(token => !token.IsBlank).ToList();
        return Enumerable.Range(0, Math.Max(0, solid.Count - words.Length + 1))
            .Any(at => words.Index().All(word => solid[at + word.Index].Is(word.Item)));
    }
}
