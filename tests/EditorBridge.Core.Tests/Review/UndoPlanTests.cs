using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Review;

public sealed class UndoPlanTests
{
    [Theory]
    [InlineData("SELECT 1", Undo.NotNeeded, "")]
    [InlineData("USE SCHEMA a.b", Undo.NotNeeded, "")]
    [InlineData("DROP TABLE a.b.t", Undo.Possible, "UNDROP TABLE A.B.T")]
    [InlineData("DROP SCHEMA a.b", Undo.Possible, "UNDROP SCHEMA A.B")]
    [InlineData("DROP DATABASE a", Undo.Possible, "UNDROP DATABASE A")]
    [InlineData("DROP VIEW v", Undo.Partly, "")]
    [InlineData("DROP ROLE r", Undo.Impossible, "")]
    [InlineData("DROP USER u", Undo.Impossible, "")]
    [InlineData("UNDROP TABLE t", Undo.Possible, "DROP TABLE T")]
    [InlineData("DELETE FROM t WHERE id = 7", Undo.Possible, "CREATE TABLE T_RESTORED CLONE T BEFORE (STATEMENT => '<query id>')|ALTER TABLE T SWAP WITH T_RESTORED")]
    [InlineData("TRUNCATE TABLE a.\"my table\"", Undo.Possible, "CREATE TABLE A.\"my table_RESTORED\" CLONE A.\"my table\" BEFORE (STATEMENT => '<query id>')|ALTER TABLE A.\"my table\" SWAP WITH A.\"my table_RESTORED\"")]
    [InlineData("INSERT INTO t VALUES (1)", Undo.Possible, "CREATE TABLE T_RESTORED CLONE T BEFORE (STATEMENT => '<query id>')|ALTER TABLE T SWAP WITH T_RESTORED")]
    [InlineData("CREATE OR REPLACE TABLE a.b.t (x INT)", Undo.Possible, "ALTER TABLE A.B.T RENAME TO A.B.T_NEW|UNDROP TABLE A.B.T")]
    [InlineData("CREATE TABLE t (x INT)", Undo.Possible, "DROP TABLE T")]
    [InlineData("CREATE TABLE IF NOT EXISTS t (x INT)", Undo.Partly, "DROP TABLE T")]
    [InlineData("CREATE OR REPLACE VIEW v AS SELECT 1 AS a", Undo.Partly, "")]
    [InlineData("ALTER TABLE t ADD COLUMN extra INT", Undo.Possible, "ALTER TABLE T DROP COLUMN EXTRA")]
    [InlineData("ALTER TABLE t RENAME TO u", Undo.Possible, "ALTER TABLE U RENAME TO T")]
    [InlineData("ALTER TABLE a SWAP WITH b", Undo.Possible, "ALTER TABLE a SWAP WITH b")]
    [InlineData("ALTER TASK k RESUME", Undo.Partly, "ALTER TASK K SUSPEND")]
    [InlineData("ALTER TABLE t SET DATA_RETENTION_TIME_IN_DAYS = 0", Undo.Impossible, "")]
    [InlineData("GRANT SELECT, INSERT ON TABLE t TO ROLE r", Undo.Partly, "REVOKE SELECT, INSERT ON TABLE t FROM ROLE r")]
    [InlineData("GRANT SELECT ON TABLE t TO ROLE r WITH GRANT OPTION", Undo.Partly, "REVOKE SELECT ON TABLE t FROM ROLE r")]
    [InlineData("GRANT ROLE a TO USER u", Undo.Partly, "REVOKE ROLE a FROM USER u")]
    [InlineData("REVOKE SELECT ON TABLE t FROM ROLE r", Undo.Partly, "GRANT SELECT ON TABLE t TO ROLE r")]
    [InlineData("REVOKE SELECT ON TABLE t FROM ROLE r CASCADE", Undo.Impossible, "")]
    [InlineData("GRANT OWNERSHIP ON TABLE t TO ROLE r", Undo.Partly, "")]
    [InlineData("COPY INTO 's3://x/' FROM t", Undo.Impossible, "")]
    [InlineData("REMOVE @s/x", Undo.Impossible, "")]
    [InlineData("CALL p(1)", Undo.Impossible, "")]
    [InlineData("DROP TABLE IDENTIFIER($x)", Undo.Impossible, "")]
    public void Statement_has_its_plan(string sql, Undo expected, string statements)
    {
        var plan = UndoPlan.Of(sql, Assert.Single(SqlAnalyzer.Analyze(sql).Statements));
        Assert.Equal(expected, plan.Undo);
        Assert.Equal(statements, string.Join('|', plan.Statements));
        Assert.NotEmpty(plan.Explanation);
    }

    [Theory]
    [InlineData("DROP VIEW a.b.v")]
    [InlineData("CREATE OR REPLACE VIEW v AS SELECT 1 AS a")]
    [InlineData("GRANT OWNERSHIP ON TABLE t TO ROLE r")]
    [InlineData("ALTER WAREHOUSE w SET WAREHOUSE_SIZE = 'LARGE'")]
    public void What_is_kept_before_only_reads(string sql)
    {
        var plan = UndoPlan.Of(sql, Assert.Single(SqlAnalyzer.Analyze(sql).Statements));
        Assert.NotEmpty(plan.Prepare);
        Assert.All(plan.Prepare, query => Assert.Equal(StatementClass.Read, Assert.Single(SqlAnalyzer.Analyze(query).Statements).Class));
    }
}
