using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Snowflake;

/// <summary>Statements through the account's SQL API, against the sandbox's embedded database.</summary>
public sealed class SqlApiClientTests : IAsyncLifetime
{
    private SandboxServer? _server;

    private SandboxServer Server => _server!;

    public async ValueTask InitializeAsync() => _server = await SandboxServer.StartAsync(
        new SandboxOptions { SqlSyncWait = TimeSpan.FromMilliseconds(50), SqlPartitionRows = 10 }, CancellationToken.None);

    public async ValueTask DisposeAsync() => await Server.DisposeAsync();

    [Fact]
    public async Task Rows_come_with_columns_types_and_the_query_id()
    {
        var rows = await RowsAsync("select customer_id, customer_name, email from raw.shop.customers order by 1 limit 3");
        Assert.Equal(["CUSTOMER_ID", "CUSTOMER_NAME", "EMAIL"], rows.Columns.Select(column => column.Name));
        Assert.Equal(3, rows.Rows.Length);
        Assert.Equal("fixed", rows.Columns[0].Type);
        Assert.False(string.IsNullOrEmpty(rows.Handle));
        Assert.False(rows.Truncated);
    }

    [Fact]
    public async Task Further_partitions_are_fetched_up_to_the_row_limit()
    {
        var all = await RowsAsync("select seq from (select unnest(range(35)) as seq)", maxRows: 100);
        Assert.Equal(35, all.Rows.Length);
        Assert.Equal(Enumerable.Range(0, 35).Select(number => number.ToString(System.Globalization.CultureInfo.InvariantCulture)), all.Rows.Select(row => row[0]));
        var some = await RowsAsync("select seq from (select unnest(range(35)) as seq)", maxRows: 12);
        Assert.Equal((12, 35L, true), (some.Rows.Length, some.TotalRows, some.Truncated));
    }

    [Fact]
    public async Task Result_is_cut_where_its_bytes_would_flood_the_agent()
    {
        var rows = (SqlRows)await ExecuteAsync(Statement("select repeat('x', 1000) from (select unnest(range(20)) as seq)") with { MaxBytes = 5000 });
        Assert.InRange(rows.Rows.Length, 1, 5);
        Assert.True(rows.Truncated);
    }

    [Theory]
    [InlineData("select * from raw.shop.no_such_table", SqlFailureKind.NotFound, "does not exist")]
    [InlineData("selec 1", SqlFailureKind.Syntax, "syntax")]
    [InlineData("select 1; select 2", SqlFailureKind.StatementCount, "what was reviewed is what runs")]
    public async Task Statement_the_account_refuses_says_why_and_what_to_do(string text, SqlFailureKind kind, string says)
    {
        var failure = Assert.IsType<SqlFailure>(await ExecuteAsync(Statement(text)));
        Assert.Equal(kind, failure.Kind);
        Assert.Contains(says, failure.Message, StringComparison.OrdinalIgnoreCase);
        Assert.False(string.IsNullOrEmpty(failure.Code));
    }

    [Fact]
    public async Task Bindings_stay_values()
    {
        var rows = (SqlRows)await ExecuteAsync(Statement("select ?, ?") with { Bindings = [new SqlBinding("TEXT", "a'; drop table x; --"), new SqlBinding("FIXED", "7")] });
        Assert.Equal(["a'; drop table x; --", "7"], rows.Rows[0]);
    }

    [Fact]
    public async Task Caller_that_goes_away_takes_its_statement_with_it()
    {
        using var gone = new CancellationTokenSource(TimeSpan.FromMilliseconds(400));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Client().ExecuteAsync(Statement("select system$wait(60)"), gone.Token));
        var history = await RowsAsync("select execution_status from snowflake.account_usage.query_history where query_text ilike '%system$wait(60)%' and query_text not ilike '%query_history%'", role: "AUDITOR", admin: true);
        Assert.All(history.Rows, row => Assert.DoesNotContain("SUCCESS", row[0], StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task Long_statement_is_waited_for_by_its_handle()
    {
        var rows = await RowsAsync("select system$wait(300, 'MILLISECONDS')");
        Assert.Single(rows.Rows);
    }

    [Fact]
    public async Task Wrong_token_is_a_sign_in_failure_with_the_way_out()
    {
        var failure = Assert.IsType<SqlFailure>(await Client(token: "wrong").ExecuteAsync(Statement("select 1"), default));
        Assert.Equal(SqlFailureKind.SignIn, failure.Kind);
        Assert.Contains("editorbridge login", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Account_that_is_not_there_is_told_and_the_outcome_called_unknown()
    {
        await Server.DisposeAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var failure = Assert.IsType<SqlFailure>(await Client(time: new ImpatientTime()).ExecuteAsync(Statement("select 1"), patience.Token));
        Assert.Equal(SqlFailureKind.Unreachable, failure.Kind);
        Assert.Contains("unknown", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Statement_that_never_left_is_not_sent_again_when_nobody_asks_any_more()
    {
        await Server.DisposeAsync();
        // A clock that stands still: without the cancellation the pause before the next attempt would never end.
        var clock = new FakeTimeProvider();
        using var asker = new CancellationTokenSource();
        var asking = Client(time: clock).ExecuteAsync(Statement("select 1"), asker.Token);
        await asker.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking.WaitAsync(TestLimits.Signal));
    }

    private async Task<SqlRows> RowsAsync(string text, int maxRows = 1000, string? role = null, bool admin = false) =>
        Assert.IsType<SqlRows>(await Client(admin ? Server.AdminToken : null).ExecuteAsync(Statement(text) with { MaxRows = maxRows, Role = role }, default));

    private Task<SqlOutcome> ExecuteAsync(SqlStatement statement) => Client().ExecuteAsync(statement, default);

    private SqlApiClient Client(string? token = null, TimeProvider? time = null) => new(
        new SnowflakeAccount("sandbox", Server.BaseAddress, IsSandbox: true), ProgrammaticAccessToken.FromValue(token ?? Server.ProgrammaticAccessToken),
        new HttpMessageInvoker(new EgressHandler(EgressHandler.Sockets(), [Server.BaseAddress])), time ?? TimeProvider.System, NullLogger<SqlApiClient>.Instance);

    private static SqlStatement Statement(string text) => new() { Text = text, RequestId = Guid.NewGuid(), Warehouse = "COMPUTE_WH", QueryTag = "{\"app\":\"editorbridge\"}" };

    /// <summary>A clock whose timers end at once, for waits between attempts.</summary>
    private sealed class ImpatientTime : TimeProvider
    {
        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
            base.CreateTimer(callback, state, dueTime > TimeSpan.FromSeconds(20) ? dueTime : TimeSpan.Zero, period);
    }
}
