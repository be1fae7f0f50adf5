using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Review;

public sealed class BlastRadiusTests
{
    [Theory]
    [InlineData("DELETE FROM t WHERE id = 7", "SELECT COUNT(*) FROM t WHERE id = 7")]
    [InlineData("DELETE FROM a.b.t", "SELECT COUNT(*) FROM a.b.t")]
    [InlineData("UPDATE db.s.t x SET a = 1 WHERE x.id = 7 AND b = 'c'", "SELECT COUNT(*) FROM db.s.t x WHERE x.id = 7 AND b = 'c'")]
    [InlineData("UPDATE t SET a = (SELECT max(b) FROM u) WHERE id = 1", "SELECT COUNT(*) FROM t WHERE id = 1")]
    [InlineData("DROP TABLE a.b.t", "SHOW GRANTS ON TABLE A.B.T")]
    [InlineData("DROP TABLE a.b.t", "SHOW TABLES LIKE 'T' IN SCHEMA A.B")]
    [InlineData("CREATE OR REPLACE TABLE t (x INT)", "SHOW GRANTS ON TABLE T")]
    [InlineData("DROP SCHEMA a.b", "SHOW OBJECTS IN SCHEMA A.B")]
    [InlineData("DROP ROLE r", "SHOW GRANTS OF ROLE R")]
    [InlineData("GRANT SELECT ON TABLE t TO ROLE r", "SHOW GRANTS TO ROLE R")]
    [InlineData("REMOVE @db.s.st/x", "LIST @DB.S.ST")]
    [InlineData("ALTER WAREHOUSE w SET WAREHOUSE_SIZE = 'LARGE'", "SHOW WAREHOUSES LIKE 'W'")]
    public void Reach_is_asked_for(string sql, string query) => Assert.Contains(query, Of(sql).Queries.Select(asked => asked.Sql));

    [Theory]
    [InlineData("UPDATE t SET a = u.a FROM u WHERE t.id = u.id")]
    [InlineData("DELETE FROM t USING u WHERE t.id = u.id")]
    public void Rows_that_hang_on_other_tables_are_said_to_be_unknown(string sql)
    {
        var radius = Of(sql);
        Assert.DoesNotContain(radius.Queries, query => query.Sql.StartsWith("SELECT COUNT", StringComparison.Ordinal));
        Assert.NotEmpty(radius.Unknown);
    }

    [Fact]
    public void Table_that_is_emptied_keeps_its_grants()
    {
        var radius = Of("TRUNCATE TABLE a.b.t");
        Assert.Contains(radius.Queries, query => query.Kind == BlastQuestion.Exists);
        Assert.DoesNotContain(radius.Queries, query => query.Kind == BlastQuestion.Grants);
    }

    [Fact]
    public void Name_known_only_at_run_time_is_not_put_into_a_query()
    {
        var radius = Of("DROP TABLE IDENTIFIER($x)");
        Assert.Empty(radius.Queries);
        Assert.Contains(radius.Unknown, sentence => sentence.Contains("IDENTIFIER($X)", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("DROP TABLE \"a'; DROP TABLE x; --\"")]
    [InlineData("DROP TABLE a.b.t")]
    [InlineData("DROP VIEW v")]
    [InlineData("DELETE FROM t WHERE id = 7;")]
    [InlineData("MERGE INTO t USING u ON t.id = u.id WHEN MATCHED THEN UPDATE SET a = u.a")]
    [InlineData("INSERT INTO t SELECT * FROM u")]
    [InlineData("DROP DATABASE d")]
    [InlineData("DROP USER u")]
    [InlineData("DROP MASKING POLICY p")]
    [InlineData("ALTER TASK k RESUME")]
    [InlineData("COPY INTO @s FROM t")]
    public void Every_query_is_one_statement_that_only_reads(string sql)
    {
        Assert.All(Of(sql).Queries, query =>
        {
            var statement = Assert.Single(SqlAnalyzer.Analyze(query.Sql).Statements);
            Assert.Equal(StatementClass.Read, statement.Class);
            Assert.Equal(Effect.Allow, statement.Effect);
        });
    }

    private static BlastRadius Of(string sql) => BlastRadius.Of(sql, SqlAnalyzer.Analyze(sql).Statements[0]);
}
