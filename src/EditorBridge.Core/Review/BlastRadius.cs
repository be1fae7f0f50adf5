using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Review;

/// <summary>What a query about a statement's reach asks for; decides how its rows are told.</summary>
public enum BlastQuestion
{
    /// <summary>How many rows the condition of the statement matches.</summary>
    Rows,
    /// <summary>EXPLAIN of the statement.</summary>
    Plan,
    Exists,
    Grants,
    Holders,
    Rights,
    Dependants,
    Contents,
    Files,
}

/// <summary>A query that tells a reviewer how far a statement reaches. It only reads; the gate runs it when an account is connected.</summary>
/// <param name="Question">What it answers, for people: "Does it exist, and how many rows does it have?"</param>
/// <param name="Target">The object it is about.</param>
/// <param name="MayBeOld">True when the answer can be up to three hours old (account usage views).</param>
public sealed record BlastQuery(BlastQuestion Kind, string Question, string Sql, string Target, bool MayBeOld = false);

/// <summary>What can be found out about the reach of a statement before it runs.</summary>
/// <param name="Unknown">What cannot be found out, in sentences for people.</param>
public sealed record BlastRadius(ImmutableArray<BlastQuery> Queries, ImmutableArray<string> Unknown)
{
    private const int MaxTargets = 5;

    private static readonly HashSet<string> TableKinds = new(StringComparer.OrdinalIgnoreCase)
    {
        "TABLE", "VIEW", "MATERIALIZED VIEW", "DYNAMIC TABLE", "EXTERNAL TABLE", "ICEBERG TABLE", "HYBRID TABLE", "EVENT TABLE",
    };

    /// <summary>True for the kinds of objects that have rows and columns.</summary>
    public static bool HasRows(string kind) => TableKinds.Contains(kind);

    /// <param name="sql">The text the analysis was made of.</param>
    public static BlastRadius Of(string sql, StatementAnalysis statement)
    {
        var queries = ImmutableArray.CreateBuilder<BlastQuery>();
        var unknown = ImmutableArray.CreateBuilder<string>();
        if (statement.Class == StatementClass.Read) return new BlastRadius([], []);
        if (statement.Confidence == Confidence.Opaque) unknown.Add("Parts of the statement are known only when it runs; it may reach further than what is listed.");
        AddCounts(queries, unknown, sql, statement);
        var targets = statement.Objects.Where(target => target.Access != ObjectAccess.Read).DistinctBy(target => (target.Name, target.Kind)).ToArray();
        foreach (var target in targets.Take(MaxTargets))
        {
            if (!IsName(target.Name)) unknown.Add($"Which object {target.Name} stands for is known only when it runs.");
            else AddAbout(queries, target, statement);
        }
        if (targets.Length > MaxTargets) unknown.Add($"{targets.Length - MaxTargets} more objects are not looked at.");
        if (statement.Class == StatementClass.Exec) unknown.Add("What the code does besides is not known from its name.");
        return new BlastRadius(queries.ToImmutable(), unknown.ToImmutable());
    }

    // A count of the same condition says how many rows change; EXPLAIN says how much is scanned and does not run the statement.
    private static void AddCounts(ImmutableArray<BlastQuery>.Builder queries, ImmutableArray<string>.Builder unknown, string sql, StatementAnalysis statement)
    {
        if (TokenStatement.Of(sql, statement) is not { } tokens || tokens.Verb is not (Kw.UPDATE or Kw.DELETE or Kw.MERGE or Kw.INSERT or Kw.TRUNCATE)) return;
        var target = statement.Objects.FirstOrDefault(candidate => candidate.Access != ObjectAccess.Read)?.Name;
        if (target is null || !IsName(target)) return;
        if (tokens.Verb is Kw.UPDATE or Kw.DELETE)
        {
            if (CountOf(tokens) is { } count) queries.Add(new BlastQuery(BlastQuestion.Rows, "How many rows does it change?", count, target));
            else unknown.Add("How many rows it changes depends on other tables; EXPLAIN shows what is read.");
        }
        if (statement.Confidence == Confidence.Exact && tokens.Verb != Kw.TRUNCATE)
            queries.Add(new BlastQuery(BlastQuestion.Plan, "How much does it read, and in which steps?", "EXPLAIN " + sql.Substring(statement.Span.Start, statement.Span.Length).TrimEnd().TrimEnd(';'), target));
    }

    private static string? CountOf(TokenStatement tokens)
    {
        var where = tokens.Find("WHERE");
        var nameAt = tokens.Verb == Kw.DELETE ? 2 : 1;
        var nameEnd = nameAt + 1;
        while (nameEnd + 1 < tokens.Length && tokens.TokenAt(nameEnd).Kind == TokenKind.Dot) nameEnd += 2;
        var bodyEnd = where < 0 ? tokens.Length : where;
        var listEnd = tokens.Verb == Kw.UPDATE ? tokens.Find("SET", nameEnd) : bodyEnd;
        if (listEnd < nameEnd || listEnd - nameEnd > 2 || nameAt >= tokens.Length || tokens.Find("USING", nameEnd) >= 0) return null;
        // An UPDATE … FROM joins other tables: a FROM between SET and WHERE, outside of parentheses.
        if (tokens.Verb == Kw.UPDATE && HasOuterFrom(tokens, listEnd, bodyEnd)) return null;
        var from = tokens.Raw(nameAt, listEnd);
        return where < 0 ? $"SELECT COUNT(*) FROM {from}" : $"SELECT COUNT(*) FROM {from} {tokens.Raw(where, tokens.Length)}";
    }

    private static bool HasOuterFrom(TokenStatement tokens, int first, int end)
    {
        var depth = 0;
        for (var offset = first; offset < end; offset++)
        {
            var token = tokens.TokenAt(offset);
            if (token.Kind == TokenKind.OpenParen) depth++;
            if (token.Kind == TokenKind.CloseParen) depth--;
            if (depth == 0 && token.Keyword == Kw.FROM) return true;
        }
        return false;
    }

    private static void AddAbout(ImmutableArray<BlastQuery>.Builder queries, SqlObject target, StatementAnalysis statement)
    {
        var name = target.Name;
        var kind = target.Kind.ToUpperInvariant();
        switch (kind)
        {
            case "STAGE":
                if (statement.Class is StatementClass.Destructive or StatementClass.Exfil) queries.Add(new BlastQuery(BlastQuestion.Files, "Which files are there?", $"LIST {(name.StartsWith('@') ? name : "@" + name)}", name));
                return;
            case "DATABASE" or "SCHEMA":
                queries.Add(new BlastQuery(BlastQuestion.Contents, "What is in it?", $"SHOW OBJECTS IN {kind} {name}", name));
                queries.Add(new BlastQuery(BlastQuestion.Grants, target.Access == ObjectAccess.Grant ? "Who has rights on it now?" : "Who loses access?", $"SHOW GRANTS ON {kind} {name}", name));
                return;
            case "ROLE" or "DATABASE ROLE":
                queries.Add(new BlastQuery(BlastQuestion.Holders, "Who has this role?", $"SHOW GRANTS OF {kind} {name}", name));
                queries.Add(new BlastQuery(BlastQuestion.Rights, "What may this role do?", $"SHOW GRANTS TO {kind} {name}", name));
                return;
            case "USER" or "SHARE":
                queries.Add(new BlastQuery(BlastQuestion.Rights, $"What may this {kind.ToLowerInvariant()} do?", $"SHOW GRANTS TO {kind} {name}", name));
                return;
        }
        if (TableKinds.Contains(kind)) AddAboutTable(queries, target, kind, statement);
        else if (Plural(kind) is { } plural) queries.Add(new BlastQuery(BlastQuestion.Exists, "Does it exist, and how is it set?", $"SHOW {plural} LIKE {Literal(Last(name))}", name));
    }

    private static void AddAboutTable(ImmutableArray<BlastQuery>.Builder queries, SqlObject target, string kind, StatementAnalysis statement)
    {
        var parts = Names(target.Name);
        var listing = kind is "VIEW" or "MATERIALIZED VIEW" ? "VIEWS" : "TABLES";
        var scope = parts.Length switch { 3 => $" IN SCHEMA {parts[0]}.{parts[1]}", 2 => $" IN SCHEMA {parts[0]}", _ => "" };
        queries.Add(new BlastQuery(BlastQuestion.Exists, "Does it exist, how many rows and bytes has it, and how long can it be brought back?", $"SHOW {listing} LIKE {Literal(Bare(parts[^1]))}{scope}", target.Name));
        if (target.Access is not (ObjectAccess.Drop or ObjectAccess.Create)) return;
        // A table that is emptied keeps its grants.
        if (!statement.Reasons.Any(reason => reason.Id == "X3")) queries.Add(new BlastQuery(BlastQuestion.Grants, "Which grants are lost?", $"SHOW GRANTS ON {(listing == "VIEWS" ? "VIEW" : "TABLE")} {target.Name}", target.Name));
        var where = $"referenced_object_name = {Literal(Bare(parts[^1]))}"
            + (parts.Length > 1 ? $" AND referenced_schema = {Literal(Bare(parts[^2]))}" : "")
            + (parts.Length > 2 ? $" AND referenced_database = {Literal(Bare(parts[0]))}" : "");
        queries.Add(new BlastQuery(BlastQuestion.Dependants, "What depends on it?",
            $"SELECT referencing_database, referencing_schema, referencing_object_name, referencing_object_domain FROM snowflake.account_usage.object_dependencies WHERE {where} LIMIT 100", target.Name, MayBeOld: true));
    }

    private static string? Plural(string kind) => kind switch
    {
        "WAREHOUSE" or "TASK" or "STREAM" or "PIPE" or "PROCEDURE" or "FUNCTION" or "SEQUENCE" or "ALERT" or "TAG" or "SECRET" or "INTEGRATION" or "STREAMLIT" or "NOTEBOOK" => kind + "S",
        "FILE FORMAT" => "FILE FORMATS",
        "MASKING POLICY" or "ROW ACCESS POLICY" or "NETWORK POLICY" => kind[..^1] + "IES",
        "RESOURCE MONITOR" or "COMPUTE POOL" or "NETWORK RULE" => kind + "S",
        _ => null,
    };

    /// <summary>A dotted name of plain or quoted parts, and nothing else: only such a name may go into a query.</summary>
    internal static bool IsName(string name)
    {
        var text = name.StartsWith('@') ? name[1..] : name;
        var tokens = SqlLexer.Lex(text);
        return tokens.Count > 0 && tokens.Count <= 5 && tokens.Select((token, index) => index % 2 == 0
            ? token.Kind is TokenKind.Word || (token.Kind == TokenKind.QuotedIdentifier && !token.Has(TokenMarks.Unterminated))
            : token.Kind == TokenKind.Dot).All(fits => fits) && tokens.Count % 2 == 1 && tokens.All(token => !token.Has(TokenMarks.Deceptive));
    }

    /// <summary>The parts of a dotted name without their quotes; null when it is no name, because it is put together at run time or holds look-alikes.</summary>
    public static string[]? PartsOf(string name) => IsName(name) ? [.. Names(name).Select(Bare)] : null;

    internal static string[] Names(string name) => [.. SqlLexer.Lex(name).Where(token => token.Kind != TokenKind.Dot).Select(token => token.Of(name).ToString())];

    private static string Last(string name) => Bare(Names(name)[^1]);

    internal static string Bare(string part) => part.StartsWith('"') ? part[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal) : part;

    private static string Literal(string text) => "'" + text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal) + "'";
}
