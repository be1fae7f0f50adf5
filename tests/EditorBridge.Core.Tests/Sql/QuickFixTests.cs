using System.Collections.Immutable;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

public sealed class QuickFixTests
{
    [Theory]
    [InlineData("D2", "delete from raw.orders;", "delete from raw.orders WHERE FALSE /* which rows? */;")]
    [InlineData("D2", "update raw.orders set a = 1", "update raw.orders set a = 1 WHERE FALSE /* which rows? */")]
    [InlineData("D2", "update raw.orders set a = 1", "CREATE TABLE IF NOT EXISTS raw.orders_BACKUP CLONE raw.orders;\nupdate raw.orders set a = 1")]
    [InlineData("X1", "drop table \"My Db\".s.\"T\";", "CREATE TABLE IF NOT EXISTS \"My Db\".s.\"T_BACKUP\" CLONE \"My Db\".s.\"T\";\ndrop table \"My Db\".s.\"T\";")]
    [InlineData("X1", "drop table raw.orders cascade;", "drop table raw.orders RESTRICT;")]
    [InlineData("X3", "truncate table raw.orders;", "CREATE TABLE IF NOT EXISTS raw.orders_BACKUP CLONE raw.orders;\ntruncate table raw.orders;")]
    [InlineData("X4", "create or replace table raw.orders (id int);", "create table IF NOT EXISTS raw.orders (id int);")]
    [InlineData("X4", "create or replace schema raw;", "create schema IF NOT EXISTS raw;")]
    [InlineData("D5", "insert overwrite into raw.orders select * from raw.o;", "insert into raw.orders select * from raw.o;")]
    [InlineData("D4", "copy into raw.orders from @stage purge = true;", "copy into raw.orders from @stage purge = FALSE;")]
    [InlineData("P2", "grant select on table raw.orders to role analyst with grant option;", "grant select on table raw.orders to role analyst;")]
    [InlineData("P14", "create procedure p() returns int language sql execute as owner as $$ begin return 1; end $$;", "create procedure p() returns int language sql execute as CALLER as $$ begin return 1; end $$;")]
    [InlineData("G7", "select id from оrders;", "select id from orders;")]
    public void Fix_of_a_finding_makes_the_safer_text(string rule, string sql, string expected) =>
        Assert.Contains(expected, Offered(sql).Where(fix => fix.RuleId == rule).Select(fix => Applied(sql, fix)));

    [Theory]
    [InlineData("select 1;")]
    [InlineData("delete from raw.orders where id = 1;")]
    [InlineData("drop table identifier($name);")]
    [InlineData("drop view raw.v;")]
    [InlineData("create or replace table identifier($name) (id int);")]
    public void Fix_is_not_offered_where_none_is_sure(string sql) => Assert.Empty(Offered(sql));

    [Fact]
    public void Fix_is_offered_only_for_findings_in_the_range()
    {
        const string Sql = "drop table a.b;\ndrop table c.d;\n";
        var fix = Assert.Single(QuickFixes.For(Sql, SqlAnalyzer.Analyze(Sql), new TextSpan(Sql.LastIndexOf("drop", StringComparison.Ordinal), 4)));
        Assert.Equal("drop table a.b;\nCREATE TABLE IF NOT EXISTS c.d_BACKUP CLONE c.d;\ndrop table c.d;\n", Applied(Sql, fix));
    }

    [Fact]
    public void Fix_never_makes_any_labelled_case_riskier()
    {
        var worse = new List<string>();
        var tried = 0;
        foreach (var vector in SqlVector.All)
        {
            var before = SqlAnalyzer.Analyze(vector.Sql);
            foreach (var fix in QuickFixes.For(vector.Sql, before, new TextSpan(0, vector.Sql.Length)))
            {
                tried++;
                var after = SqlAnalyzer.Analyze(Applied(vector.Sql, fix));
                if (after.Effect > before.Effect || after.Severity > before.Severity) worse.Add($"{vector.Id}: {fix.Title}: {Applied(vector.Sql, fix)}");
            }
        }

        Assert.True(tried > 100, $"only {tried} fixes were tried");
        Assert.True(worse.Count == 0, string.Join('\n', worse));
    }

    private static ImmutableArray<QuickFix> Offered(string sql) => QuickFixes.For(sql, SqlAnalyzer.Analyze(sql), new TextSpan(0, sql.Length));

    private static string Applied(string sql, QuickFix fix)
    {
        foreach (var edit in fix.Edits.OrderByDescending(edit => edit.Span.Start)) sql = sql.Remove(edit.Span.Start, edit.Span.Length).Insert(edit.Span.Start, edit.NewText);
        return sql;
    }
}
