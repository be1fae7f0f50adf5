using System.Text;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

public sealed class SqlLexerTests
{
    [Theory]
    [InlineData("")]
    [InlineData("SELECT 'it''s', \"a\"\"b\", $$x$y$$, $1, :v, ?, @~/a/b.csv, 1.5e-3 FROM t -- c\n/* d */;")]
    [InlineData("SELECT 'open")]
    [InlineData("/* open")]
    [InlineData("$$ open")]
    [InlineData("\u00A0\u200B\uFF1B\0\u202E\uFEFF;é")]
    [InlineData("{{ x }} {% if %} <% y %> &{z} &w &&")]
    [InlineData("put file://c:\\tmp\\x.csv @%\"my table\"/p overwrite = true")]
    public void Tokens_in_a_row_are_the_text(string sql)
    {
        var joined = new StringBuilder();
        foreach (var token in SqlLexer.Lex(sql)) joined.Append(token.Of(sql));
        Assert.Equal(sql, joined.ToString());
    }

    [Theory]
    [InlineData("'a\\'b' x", "String Word")]
    [InlineData("\"a\\\" x", "QuotedIdentifier Word")]
    [InlineData("a$$b c$$d", "Word Word")]
    [InlineData("1$$ x $$", "Number DollarString")]
    [InlineData("/* a /* b */ c", "Word")]
    [InlineData("// a\nb", "Word")]
    [InlineData("a ->> b -> c => d :: e := f", "Word Flow Word Arrow Word FatArrow Word Cast Word Assign Word")]
    [InlineData("@db.s.stage/dt=1/x.csv (", "StagePath OpenParen")]
    [InlineData("get @~ file:///tmp/a b", "Word StagePath Uri Word")]
    [InlineData("m!predict() != 1", "Word Bang Word OpenParen CloseParen Operator Number")]
    [InlineData("!source a b;c", "ClientCommand Semicolon Word")]
    [InlineData("x ;> y", "Word Semicolon Word")]
    [InlineData("t.a.\"b\" .5 1.e3", "Word Dot Word Dot QuotedIdentifier Number Number")]
    [InlineData("a%(b)s c % (d)", "Word Template Word Operator OpenParen Word CloseParen")]
    [InlineData("{'a': {{ b }} }", "OpenBrace String Colon Template CloseBrace")]
    public void Text_is_cut_into(string sql, string kinds) =>
        Assert.Equal(kinds, string.Join(' ', SqlLexer.Lex(sql).Where(token => !token.IsTrivia).Select(token => token.Kind)));

    [Theory]
    [InlineData("/* a /* b */ SELECT 1", SqlReading.NestedComments)]
    [InlineData("-- a\rDROP TABLE t", SqlReading.OddLineEnds)]
    [InlineData("LIST @s/a--b", SqlReading.CommentsInPaths)]
    [InlineData("GET @~ file:///tmp/", SqlReading.CommentsInPaths)]
    [InlineData("SELECT 1\uFF1BDROP TABLE t", SqlReading.LookAlikes)]
    [InlineData("SELECT 'caf\u00E9 \u2019 \u00A0' -- \u201Cquoted\u201D", SqlReading.Server)]
    public void Doubtful_text_names_the_other_reading(string sql, SqlReading doubt) => Assert.Equal(doubt, SqlScript.Read(sql).Doubts);

    [Fact]
    public void Lexer_allocates_nothing_but_the_tokens_its_caller_keeps()
    {
        // Characters that look like others are compared with what they look like, which is rare and may cost.
        var texts = SqlVector.All.Select(vector => vector.Sql).Where(text => System.Text.Ascii.IsValid(text)).ToArray();
        Count(texts);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var tokens = Count(texts);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.True(tokens > texts.Length);

        static long Count(string[] texts)
        {
            var tokens = 0L;
            foreach (var text in texts)
            {
                var lexer = new SqlLexer(text);
                while (lexer.Next(out _)) tokens++;
            }
            return tokens;
        }
    }
}
