using System.Text;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

/// <summary>Changes of the text that must not change the judgement, and wrappings that must not make it milder.</summary>
public sealed class SqlMetamorphicTests
{
    /// <summary>Cases that are complete on their own: no literal, comment or block runs over their end, and no reader doubts them.</summary>
    private static readonly SqlVector[] Complete = [.. SqlVector.All.Where(vector => SqlScript.Read(vector.Sql) is { Doubts: SqlReading.Server, Bidi: null, Statements.Length: > 0 } script && vector.Sql[0] != '\uFEFF' && !script.Tokens.ToArray().Any(token => token.Has(TokenMarks.Unterminated) || token.Kind is TokenKind.ClientCommand or TokenKind.Template) && script.Statements.All(statement => (statement.Marks & StatementMarks.OpenBlock) == 0) && vector.Sql.Length < 5000)];

    [Fact]
    public void Case_of_keywords_and_names_never_changes_the_class()
    {
        Same(vector => Rewrite(vector.Sql, token => token.Kind == TokenKind.Word ? token.Of(vector.Sql).ToString().ToLowerInvariant() : null, " "));
        Same(vector => Rewrite(vector.Sql, token => token.Kind == TokenKind.Word ? token.Of(vector.Sql).ToString().ToUpperInvariant() : null, " "));
        Same(vector => Rewrite(vector.Sql, token => token.Kind == TokenKind.Word ? string.Concat(token.Of(vector.Sql).ToString().Select((c, at) => at % 2 == 0 ? char.ToUpperInvariant(c) : char.ToLowerInvariant(c))) : null, " "));
    }

    [Fact]
    public void Empty_statements_around_a_text_never_change_it() => Same(vector => ";;\n;" + vector.Sql.TrimEnd().TrimEnd(';') + "\n;;\n; -- end");

    [Fact]
    public void Query_in_a_CTE_reads_the_same_objects()
    {
        var changed = new List<string>();
        foreach (var vector in Complete.Where(vector => vector.Max == Effect.Allow && SqlScript.Read(vector.Sql) is { Statements.Length: 1 } script && script.Tokens[0].Keyword == Kw.SELECT && !vector.Sql.Contains("--", StringComparison.Ordinal) && !script.Tokens.ToArray().Any(token => token.Kind is TokenKind.Flow)))
        {
            var query = vector.Sql.TrimEnd().TrimEnd(';');
            var (bare, inside) = (SqlAnalyzer.Analyze(query), SqlAnalyzer.Analyze($"WITH wrapped AS ({query}\n) SELECT * FROM wrapped"));
            var (read, readInside) = (Objects(bare), Objects(inside));
            if (inside.Effect != bare.Effect || inside.Statements is not [{ Class: StatementClass.Read }] || !read.SequenceEqual(readInside)) changed.Add($"{vector.Id} {bare.Effect} {string.Join(' ', read)} -> {inside.Effect} {string.Join(' ', readInside)}: {query}");
        }
        Assert.True(changed.Count == 0, string.Join('\n', changed.Take(40)) + $"\n{changed.Count} in all");
    }

    private static string[] Objects(SqlAnalysis analysis) => [.. analysis.Statements.SelectMany(statement => statement.Objects).Select(o => $"{o.Kind} {o.Name} {o.Access}").Order(StringComparer.Ordinal)];

    [Fact]
    public void Comments_and_white_space_never_change_the_class()
    {
        Same(vector => Rewrite(vector.Sql, _ => null, " /* ; DROP DATABASE x; ' \" */ "));
        Same(vector => Rewrite(vector.Sql, _ => null, " -- ; GRANT '\n"));
        Same(vector => Rewrite(vector.Sql, _ => null, "\r\n\t // \" $$ \r\n"));
        Same(vector => "-- lead\n" + vector.Sql + "\n/* end */");
    }

    [Fact]
    public void Splitting_a_sum_is_the_sum_of_the_splits()
    {
        for (var i = 0; i < Complete.Length; i++)
        {
            // An anonymous DECLARE looks ahead for its BEGIN, which a second script could supply. Neighbours are alike, so each text meets one far away too.
            var (x, y) = (Complete[i].Sql + "\n", Complete[i % 2 == 0 ? (i + 1) % Complete.Length : (i * 31 + 17) % Complete.Length].Sql);
            if (x.Contains("DECLARE", StringComparison.OrdinalIgnoreCase)) continue;
            var together = Texts(x + ";" + y);
            Assert.Equal([.. Texts(x), .. Texts(y)], together);
        }
    }

    [Theory]
    [InlineData("BEGIN {0}; END")]
    [InlineData("BEGIN IF (TRUE) THEN SELECT 1; ELSE {0}; END IF; END")]
    [InlineData("BEGIN SELECT 1; EXCEPTION WHEN OTHER THEN {0}; END")]
    [InlineData("BEGIN BEGIN {0}; END; END")]
    [InlineData("SHOW TABLES ->> {0}")]
    [InlineData("{0} ->> SELECT 1")]
    [InlineData("EXECUTE IMMEDIATE '{1}'")]
    [InlineData("CREATE TASK wrapped SCHEDULE = '1 minute' AS {0}")]
    [InlineData("CREATE PROCEDURE wrapped() RETURNS INT LANGUAGE SQL AS 'BEGIN {1}; END'")]
    [InlineData("WITH wrapped AS PROCEDURE () RETURNS INT LANGUAGE SQL AS 'BEGIN {1}; END' CALL wrapped()")]
    [InlineData("EXECUTE IMMEDIATE 'BEGIN {1}; END'")]
    [InlineData("SELECT 1; {0}")]
    [InlineData("BEGIN EXECUTE IMMEDIATE '{1}'; END")]
    [InlineData("SET wrapped = '{1}'; EXECUTE IMMEDIATE $wrapped")]
    [InlineData("EXECUTE IMMEDIATE 'EXECUTE IMMEDIATE ''{2}'''")]
    [InlineData("CREATE TASK wrapped AS BEGIN {0}; END")]
    [InlineData("CREATE ALERT wrapped IF (EXISTS (SELECT 1)) THEN {0}")]
    [InlineData("BEGIN WHILE (TRUE) DO {0}; END WHILE; END")]
    [InlineData("BEGIN FOR i IN 1 TO 2 DO {0}; END FOR; END")]
    [InlineData("BEGIN REPEAT {0}; UNTIL (TRUE) END REPEAT; END")]
    [InlineData("BEGIN CASE (1) WHEN 1 THEN {0}; END CASE; END")]
    public void Wrapping_never_makes_a_judgement_milder(string wrapper)
    {
        var milder = new List<string>();
        foreach (var vector in Complete.Where(vector => vector.Min > Effect.Allow && vector.Count is null or 1))
        {
            var sql = vector.Sql.TrimEnd().TrimEnd(';') + "\n";
            if (Fits(wrapper, sql) is false) continue;
            var escaped = sql.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal);
            var twice = escaped.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal);
            var wrapped = wrapper.Replace("{0}", sql, StringComparison.Ordinal).Replace("{1}", escaped, StringComparison.Ordinal).Replace("{2}", twice, StringComparison.Ordinal);
            var (bare, inside) = (SqlAnalyzer.Analyze(sql), SqlAnalyzer.Analyze(wrapped));
            if (inside.Effect < bare.Effect || inside.Severity < bare.Severity) milder.Add($"{vector.Id} {bare.Effect}/{bare.Severity} -> {inside.Effect}/{inside.Severity}: {wrapped}");
        }
        Assert.True(milder.Count == 0, string.Join('\n', milder.Take(40)) + $"\n{milder.Count} in all");
    }

    // LET, RETURN and IF are unknown outside a block and right inside one; DECLARE cannot follow ->>.
    private static bool Fits(string wrapper, string sql) =>
        SqlScript.Read(sql).Statements.Length == 1
        && !(wrapper.Contains("BEGIN", StringComparison.Ordinal) && SqlScript.Read(sql).Tokens[0].Keyword is Kw.LET or Kw.RETURN or Kw.IF)
        && !(wrapper.Contains("->>", StringComparison.Ordinal) && SqlScript.Read(sql).Tokens[0].Keyword is Kw.BEGIN or Kw.DECLARE && sql.Contains("DECLARE", StringComparison.OrdinalIgnoreCase));

    private static void Same(Func<SqlVector, string> change)
    {
        var changed = new List<string>();
        foreach (var vector in Complete)
        {
            var sql = change(vector);
            var (before, after) = (Judgement(vector.Sql), Judgement(sql));
            if (before != after) changed.Add($"{vector.Id}: {before} -> {after}: {sql}");
        }
        Assert.True(changed.Count == 0, string.Join('\n', changed.Take(40)) + $"\n{changed.Count} in all");
    }

    private static string Judgement(string sql) => string.Join(' ', SqlAnalyzer.Analyze(sql).Statements.Select(statement => $"{statement.Class}/{statement.Effect}/{statement.Severity}"));

    private static string[] Texts(string sql) => [.. SqlScript.Read(sql).Statements.Select(statement => sql.Substring(statement.Span.Start, statement.Span.Length))];

    /// <summary>The text with words replaced and every stretch of trivia replaced by <paramref name="gap"/>.</summary>
    private static string Rewrite(string sql, Func<SqlToken, string?> word, string gap)
    {
        var text = new StringBuilder();
        foreach (var token in SqlLexer.Lex(sql))
        {
            if (!token.IsTrivia) text.Append(word(token) ?? token.Of(sql).ToString());
            else if (text.Length > 0) text.Append(gap);
        }
        return text.ToString();
    }
}
