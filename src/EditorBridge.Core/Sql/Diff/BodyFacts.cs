using System.Collections.Immutable;

namespace EditorBridge.Sql;

/// <summary>Fact 5: what changed inside a body. SQL bodies are compared like files; of other languages the lines, the SQL in them and the modules they load.</summary>
internal static class BodyFacts
{
    private static readonly string[] Networking = ["requests", "urllib", "httpx", "aiohttp", "socket", "http.client", "smtplib", "ftplib", "paramiko", "java.net", "fetch(", "XMLHttpRequest", "_snowflake", "subprocess", "os.system"];

    /// <returns>The comparison of the bodies when both are SQL and differ.</returns>
    public static SqlDiff? Add(ImmutableArray<DiffFact>.Builder facts, TokenStatement before, TokenStatement after, int depth)
    {
        if (BodyOf(before) is not { } old || BodyOf(after) is not { } current || old.Text == current.Text) return null;
        if (old.Language != current.Language) facts.Add(Fact(Severity.Medium, $"The language of the body: {old.Language} → {current.Language}"));
        if (old.Language != "SQL" || current.Language != "SQL")
        {
            AddLines(facts, old.Text, current.Text);
            return null;
        }
        var body = SemanticDiff.Compare(old.Text, current.Text, depth + 1);
        if (body.NoSemanticChange) return null;
        facts.Add(Fact(body.After.Severity, $"Statements in the body: {body.Added} added, {body.Removed} removed, {body.Changed} changed, {body.Moved} moved."));
        return body;
    }

    private static (string Text, string Language)? BodyOf(TokenStatement statement)
    {
        if (statement.Verb is Kw.BEGIN or Kw.DECLARE && !statement.SetsContext) return (Inner(statement, 0), "SQL");
        if (statement.Verb is not (Kw.CREATE or Kw.ALTER or Kw.EXECUTE or Kw.WITH)) return null;
        for (var offset = 1; offset + 1 < statement.Length; offset++)
        {
            if (statement.TokenAt(offset).Keyword is not (Kw.AS or Kw.IMMEDIATE)) continue;
            var body = statement.TokenAt(offset + 1);
            if (body.Kind == TokenKind.DollarString && body.Length >= 4) return (statement.TextAt(offset + 1)[2..^2].ToString(), Language(statement));
            if (body.Kind == TokenKind.String && body.Length >= 2) return (statement.TextAt(offset + 1)[1..^1].ToString().Replace("''", "'", StringComparison.Ordinal), Language(statement));
            if (body.Keyword is Kw.BEGIN or Kw.DECLARE) return (Inner(statement, offset + 1), "SQL");
        }
        return null;
    }

    /// <summary>The text between the first BEGIN and the last END of a block.</summary>
    private static string Inner(TokenStatement statement, int from)
    {
        var begin = statement.Find("BEGIN", from);
        var end = statement.Length - 1;
        while (end > begin && !statement.Is(end, "END")) end--;
        if (begin < 0 || end <= begin) return "";
        var start = statement.TokenAt(begin).End;
        return statement.Source.Text[start..statement.TokenAt(end).Start];
    }

    private static string Language(TokenStatement statement)
    {
        var at = statement.Find("LANGUAGE");
        return at > 0 && at + 1 < statement.Length ? statement.TextAt(at + 1).ToString().ToUpperInvariant() : "SQL";
    }

    private static void AddLines(ImmutableArray<DiffFact>.Builder facts, string before, string after)
    {
        var old = Lines(before);
        var current = Lines(after);
        var added = current.Except(old, StringComparer.Ordinal).ToArray();
        var removed = old.Except(current, StringComparer.Ordinal).ToArray();
        if (added.Length + removed.Length == 0) return;
        facts.Add(Fact(Severity.Medium, $"Lines of the body: {added.Length} added, {removed.Length} removed."));
        foreach (var module in Networking.Where(module => added.Any(line => line.Contains(module, StringComparison.Ordinal)) && !before.Contains(module, StringComparison.Ordinal)))
            facts.Add(Fact(Severity.High, $"The body now uses '{module}', which reaches outside."));
        foreach (var piece in EmbeddedSql.InFile("body.py", after).Where(piece => !before.Contains(piece.Sql, StringComparison.Ordinal)))
            foreach (var statement in piece.Analysis.Statements)
                facts.Add(Fact(statement.Severity, $"The body now runs: {statement.Title}"));
    }

    private static string[] Lines(string text) => [.. text.Split('\n').Select(line => line.Trim()).Where(line => line.Length > 0)];

    private static DiffFact Fact(Severity severity, string message) => new(DiffFactKind.Body, severity, message);
}
