using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

public sealed class StatementSplitterTests
{
    [Theory]
    [InlineData("", 0)]
    [InlineData(" ; ;; -- x\n", 0)]
    [InlineData("SELECT 1", 1)]
    [InlineData("SELECT ';' ; SELECT \";\"; SELECT $$;$$ /* ; */", 3)]
    [InlineData("BEGIN; DELETE FROM t; COMMIT", 3)]
    [InlineData("BEGIN TRANSACTION; COMMIT WORK;", 2)]
    [InlineData("BEGIN NAME t1; ROLLBACK", 2)]
    [InlineData("BEGIN SELECT 1; SELECT 2; END; SELECT 3", 2)]
    [InlineData("DECLARE x INT; BEGIN x := 1; RETURN x; END", 1)]
    [InlineData("DECLARE x INT; SELECT 1; SELECT 2", 3)]
    [InlineData("BEGIN IF (x) THEN SELECT 1; ELSEIF (y) THEN SELECT 2; ELSE SELECT 3; END IF; END; SELECT 4", 2)]
    [InlineData("BEGIN DROP TABLE IF EXISTS t; SELECT CASE WHEN a THEN 1 END FROM t; END; SELECT 1", 2)]
    [InlineData("BEGIN FOR i IN 1 TO 3 DO SELECT 1; END FOR; WHILE (x) LOOP SELECT 1; END LOOP; LOOP BREAK; END LOOP; REPEAT SELECT 1; UNTIL (x) END REPEAT; END; SELECT 1", 2)]
    [InlineData("BEGIN CASE (x) WHEN 1 THEN SELECT 1; ELSE SELECT 2; END CASE; BEGIN SELECT 3; EXCEPTION WHEN OTHER THEN SELECT 4; END; END; SELECT 5", 2)]
    [InlineData("BEGIN SELECT start, end FROM t; SELECT repeat('x', 3); END; SELECT 5", 2)]
    [InlineData("CREATE PROCEDURE p() RETURNS INT LANGUAGE SQL AS BEGIN SELECT 1; RETURN 1; END; SELECT 2", 2)]
    [InlineData("CREATE TASK t AS BEGIN SELECT 1; SELECT 2; END; SELECT 2", 2)]
    [InlineData("CREATE VIEW v AS SELECT 1 AS begin; SELECT x AS begin FROM t; SELECT 3", 3)]
    [InlineData("WITH p AS PROCEDURE () RETURNS INT LANGUAGE SQL AS BEGIN RETURN 1; END CALL p(); SELECT 1", 2)]
    [InlineData("SHOW TABLES ->> BEGIN SELECT 1; SELECT 2; END; SELECT 3", 2)]
    [InlineData("!source a.sql\nSELECT 1;!set x=1;\nSELECT 2", 4)]
    [InlineData("BEGIN SELECT 1; DROP TABLE t;", 1)]
    public void Script_has_statements(string sql, int count) => Assert.Equal(count, SqlScript.Read(sql).Statements.Length);

    [Fact]
    public void Splitting_a_long_run_of_declares_reads_each_token_a_bounded_number_of_times()
    {
        // Each DECLARE could look for its BEGIN to the end of the text; only the first one may.
        var sql = string.Concat(Enumerable.Repeat("DECLARE x INT; ", 50_000));
        Assert.Equal(50_000, SqlScript.Read(sql).Statements.Length);
    }
}
