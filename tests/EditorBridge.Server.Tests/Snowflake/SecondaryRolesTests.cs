using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Snowflake;

/// <summary>When a statement may be sent alone, and what is read out of the failure of one that was not.</summary>
public sealed class SecondaryRolesTests
{
    private static readonly SqlStatement Statement = new() { Text = "select 1", RequestId = Guid.Empty, Role = "ANALYST", Warehouse = "WH", OneRole = true };

    private readonly FakeTimeProvider _time = new();
    private readonly List<SqlStatement> _asked = [];
    private SqlOutcome _answer = Said("""{"roles":"","value":""}""");

    [Theory]
    [InlineData("""{"roles":"","value":""}""", true)]
    [InlineData("""{"roles":"","value":"NONE"}""", true)]
    [InlineData("""{"roles":"A,B","value":"ALL"}""", false)]
    [InlineData("""{"roles":"","value":"ALL"}""", false)]
    [InlineData("""{"roles":"A","value":""}""", false)]
    [InlineData("""{"roles":null,"value":""}""", false)]
    [InlineData("""{"value":""}""", false)]
    [InlineData("[]", false)]
    [InlineData("NONE", false)]
    [InlineData("", false)]
    public void Only_a_clear_answer_says_that_they_are_off(string said, bool off) => Assert.Equal(off, SecondaryRoles.AreOff(said));

    [Fact]
    public async Task Account_is_asked_once_a_minute_with_the_statements_role_and_a_tag_of_its_own()
    {
        var roles = Roles();
        Assert.True(await roles.AreOffAsync(Statement, default));
        _time.Advance(TimeSpan.FromSeconds(59));
        Assert.True(await roles.AreOffAsync(Statement, default));
        var asked = Assert.Single(_asked);
        Assert.Equal(("ANALYST", "WH", false, OwnQuestions.Tag("secondary roles")), (asked.Role, asked.Warehouse, asked.OneRole, asked.QueryTag));

        _answer = Said("""{"roles":"HR","value":"ALL"}""");
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.False(await roles.AreOffAsync(Statement, default));
        Assert.False(await roles.AreOffAsync(Statement, default));
        Assert.Equal(2, _asked.Count);
    }

    [Fact]
    public async Task Unknown_is_not_off_and_is_asked_again()
    {
        var roles = Roles();
        _answer = new SqlFailure(SqlFailureKind.Unreachable, "away");
        Assert.False(await roles.AreOffAsync(Statement, default));
        _answer = Said("""{"roles":"","value":""}""");

        Assert.True(await roles.AreOffAsync(Statement, default));
    }

    [Fact]
    public async Task Those_who_ask_at_once_get_one_answer_and_one_who_leaves_does_not_end_it()
    {
        var answer = new TaskCompletionSource<SqlOutcome>();
        var roles = new SecondaryRoles((statement, _) =>
        {
            _asked.Add(statement);
            return answer.Task;
        }, _time);
        using var leaving = new CancellationTokenSource();
        var left = roles.AreOffAsync(Statement, leaving.Token);
        var stayed = roles.AreOffAsync(Statement, default);
        await leaving.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => left);
        answer.SetResult(Said("""{"roles":"","value":""}"""));

        Assert.True(await stayed);
        Assert.Single(_asked);
    }

    [Theory]
    [InlineData("SQL compilation error:\nObject 'A.B.C' does not exist or not authorized.", "002003")]
    [InlineData("SQL compilation error: error line 1 at position 7\ninvalid identifier 'NOTHING'", "000904")]
    [InlineData("SQL compilation error:\nsyntax error line 1 at position 0 unexpected 'selec'.", "001003")]
    [InlineData("SQL access control error:\nInsufficient privileges to operate on table 'ORDERS'", "003001")]
    [InlineData("No active warehouse selected in the current session.  Select an active warehouse with the 'use warehouse' command.", "000606")]
    [InlineData("DML operation to table T failed on column I with error: Numeric value 'x' is not recognized", null)]
    public void Error_of_the_statement_is_found_inside_the_one_text_for_several(string own, string? code)
    {
        var text = $"JavaScript execution error: Uncaught Execution of multiple statements failed on statement \"insert into table1 (i) values ...\" (at line 1, position 75).\n{own}"
            + " in SYSTEM$MULTISTMT at '    throw `Execution of multiple statements failed on statement {0} (at line {1}, position {2}).`.replace('{1}', LINES[i])' position 4\nstackstrace: \nSYSTEM$MULTISTMT line: 10";

        Assert.Equal((own, code), SecondaryRoles.Inside(text));
    }

    [Fact]
    public void Text_of_another_form_is_left_as_it_is() => Assert.Null(SecondaryRoles.Inside("JavaScript execution error: Uncaught in MY_PROCEDURE at 'throw 1' position 0"));

    private SecondaryRoles Roles() => new((statement, _) =>
    {
        _asked.Add(statement);
        return Task.FromResult(_answer);
    }, _time);

    private static SqlRows Said(string text) => new() { Columns = [], Rows = [[text]], TotalRows = 1 };
}
