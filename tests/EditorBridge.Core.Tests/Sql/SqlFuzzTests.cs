using System.Text;
using CsCheck;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

/// <summary>Random texts made of pieces that matter to the reader. Runs shortly at a developer's desk, for two minutes in CI, longer with EDITORBRIDGE_SOAK=1.</summary>
public sealed class SqlFuzzTests
{
    private static readonly int Seconds = Environment.GetEnvironmentVariable("EDITORBRIDGE_SOAK") == "1" ? 240
        : Environment.GetEnvironmentVariable("CI") == "true" ? 40
        : 2;

    private static readonly string[] Pieces =
    [
        "'", "\"", "$$", "$", "--", "//", "/*", "*/", "\n", "\r", ";", ";>", "->>", "(", ")", "[", "]", "{", "}", "{{", "}}", "{%", "%}", "<%", "%>", "&{", "&x", "!", "!source x", "@", "@~/a", "@%t", "file://", ":", "::", ":=", "=>", "->", "\\", "\\'", "\u00A0", "\u200B", "\uFF1B", "\u202E", "\u2028", "\0", "\uD800", "\u0421",
        " ", "\t", ".", ",", "*", "?", "%", "%(x)s", "1", "1e9", ".5", "a", "t", "\"A\"", "'x'", "$$y$$", "$v", ":b",
        "SELECT", "FROM", "WHERE", "WITH", "AS", "BEGIN", "END", "DECLARE", "IF", "THEN", "ELSE", "CASE", "WHEN", "FOR", "WHILE", "LOOP", "REPEAT", "UNTIL", "DO", "EXCEPTION", "LET", "RETURN", "CREATE", "OR REPLACE", "TABLE", "PROCEDURE", "FUNCTION", "TASK", "ALERT", "VIEW", "LANGUAGE", "PYTHON", "SQL", "DROP", "ALTER", "GRANT", "TO ROLE", "EXECUTE IMMEDIATE", "CALL", "SHOW", "DESC", "EXPLAIN", "LIST", "GET", "PUT", "COPY INTO", "SET", "USE", "IDENTIFIER(", "TABLE(", "PIVOT(", "MATCH_RECOGNIZE(", "OVER(", "JOIN", "UNION", "VALUES", "IN", "BETWEEN", "AND", "OR", "NOT", "INSERT", "ALL", "INTO", "UPDATE", "DELETE", "MERGE", "USING", "ON", "MATCHED", "SYSTEM$WAIT(1)", "s.sql('DROP TABLE x')",
    ];

    private static readonly Gen<string> Texts = Gen.OneOf(Pieces).Array[0, 60].Select(Gen.Bool, (pieces, spaced) => string.Join(spaced ? " " : "", pieces));

    [Fact]
    public void Any_text_is_read_without_exception_and_covered_exactly() => Texts.Sample(
        sql =>
        {
            var joined = new StringBuilder();
            foreach (var token in SqlLexer.Lex(sql)) joined.Append(token.Of(sql));
            var analysis = SqlAnalyzer.Analyze(sql);
            return joined.ToString() == sql && analysis.Statements.All(statement => statement.Span.Start >= 0 && statement.Span.End <= sql.Length);
        },
        time: Seconds);

    [Fact]
    public void Any_text_is_read_as_python_notebook_shell_and_model() => Texts.Sample(
        text =>
        {
            foreach (var name in (string[])["a.py", "a.ipynb", "a.sql", "a.yml", "a.js"]) _ = EmbeddedSql.InFile(name, text);
            _ = EmbeddedSql.InShell(text);
        },
        time: Seconds);

    [Fact]
    public void Changed_cases_never_throw() => Gen.Select(Gen.OneOf(SqlVector.All.Where(vector => vector.Sql.Length < 2000).ToArray()), Gen.Int[0, 2000], Gen.Int[0, 20], Gen.OneOf(Pieces)).Sample(
        change =>
        {
            var (vector, at, length, piece) = change;
            var start = Math.Min(at, vector.Sql.Length);
            _ = SqlAnalyzer.Analyze(vector.Sql[..start] + piece + vector.Sql[Math.Min(vector.Sql.Length, start + length)..]);
        },
        time: Seconds);

    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("{'a':")]
    [InlineData("CASE WHEN ")]
    [InlineData("BEGIN ")]
    [InlineData("SELECT * FROM (")]
    [InlineData("DECLARE x INT; ")]
    [InlineData("CREATE PROCEDURE p() AS BEGIN ")]
    [InlineData("EXECUTE IMMEDIATE 'x' || ")]
    [InlineData("a.")]
    [InlineData("/*")]
    [InlineData("'")]
    [InlineData("$$")]
    [InlineData("->> ")]
    [InlineData("IF (x) THEN ")]
    [InlineData("WITH a AS (")]
    [InlineData("@s--")]
    [InlineData("{{")]
    [InlineData("x -> ")]
    [InlineData("(x, ")]
    [InlineData("JOIN t ")]
    [InlineData("GRANT a ON b TO c ")]
    public void Work_grows_in_step_with_the_text(string piece)
    {
        // Allocated bytes count work without a clock: a reader that goes over its text again and again allocates again and again.
        _ = Work(piece, 50);
        var (small, large) = (Work(piece, 500), Work(piece, 4000));
        Assert.True(large <= small * 8 * 4, $"{small} bytes for 500, {large} bytes for 4000");
    }

    private static long Work(string piece, int times)
    {
        var sql = "SELECT " + string.Concat(Enumerable.Repeat(piece, times));
        var before = GC.GetAllocatedBytesForCurrentThread();
        _ = SqlAnalyzer.Analyze(sql);
        _ = SqlAnalyzer.Analyze(string.Concat(Enumerable.Repeat(piece, times)));
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
