using System.Data.Common;
using DuckDB.NET.Data;
using EditorBridge.Sandbox;
using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Snowflake;

/// <summary>Statements through an ADO.NET provider instead of the SQL API: the same with every provider, so it is tried with two real ones.</summary>
public sealed class DriverStatementsTests
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private static readonly SnowflakeAccount Prod = new("prod", new Uri("https://myorg-acct.snowflakecomputing.com"), IsSandbox: false);

    public static TheoryData<string> Providers => new() { "sqlite", "duckdb" };

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Rows_come_as_text_with_columns_nulls_and_the_handle(string provider)
    {
        var rows = Assert.IsType<SqlRows>(await RunAsync(provider, "select 1 as A, 'two' as B, null as C, 2.5 as D"));

        Assert.Equal(["A", "B", "C", "D"], rows.Columns.Select(column => column.Name));
        Assert.Equal(["1", "two", null, "2.5"], rows.Rows.Single());
        Assert.StartsWith("driver-", rows.Handle, StringComparison.Ordinal);
        Assert.False(rows.Truncated);
    }

    [Theory]
    [InlineData("sqlite", 10, 1_000_000, 10)]
    [InlineData("duckdb", 10, 1_000_000, 10)]
    [InlineData("sqlite", 1000, 30, 6)]
    [InlineData("duckdb", 1000, 30, 6)]
    public async Task Rows_end_at_the_limits_and_the_whole_result_is_there_for_whoever_saves_it(string provider, int mostRows, int mostCharacters, int given)
    {
        var client = Client(provider);
        var rows = Assert.IsType<SqlRows>(await client.ExecuteAsync(Statement(Hundred(provider)) with { MaxRows = mostRows, MaxBytes = mostCharacters }, CancellationToken.None));

        Assert.Equal((given, 100L, true), (rows.Rows.Length, rows.TotalRows, rows.Truncated));
        Assert.Equal(100, Assert.IsType<SqlRows>(await client.PartitionAsync(rows, 0, CancellationToken.None)).Rows.Length);
    }

    [Theory]
    [MemberData(nameof(Providers))]
    public async Task Failure_of_a_statement_is_a_value_in_the_providers_words(string provider)
    {
        var failure = Assert.IsType<SqlFailure>(await RunAsync(provider, "select * from no_such_table"));

        Assert.Contains("no_such_table", failure.Message, StringComparison.Ordinal);
        Assert.NotNull(failure.Handle);
    }

    [Fact]
    public async Task Caller_that_goes_away_takes_its_statement_with_it()
    {
        var client = Client("sqlite");
        using var gone = new CancellationTokenSource();
        var statement = Statement("with recursive c(x) as (select 1 union all select x + 1 from c) select x from c");
        var started = await client.StartAsync(statement, gone.Token);
        var waiting = client.WaitAsync(started.Handle!, statement, gone.Token);

        await gone.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(SqlFailureKind.Canceled, Assert.IsType<SqlFailure>(await client.WaitAsync(started.Handle!, statement, new CancellationTokenSource(Limit).Token)).Kind);
    }

    [Fact]
    public async Task Statement_is_begun_once_for_one_request_and_one_nobody_began_is_unknown()
    {
        var file = Path.Combine(Path.GetTempPath(), $"editorbridge-driver-{Guid.NewGuid():N}.db");
        try
        {
            var client = Client("sqlite", $"Data Source={file};Pooling=False");
            await client.ExecuteAsync(Statement("create table t (x int)"), CancellationToken.None);
            var insert = Statement("insert into t values (1)");
            await client.ExecuteAsync(insert, CancellationToken.None);
            await client.ExecuteAsync(insert, CancellationToken.None);

            Assert.Equal("1", Assert.IsType<SqlRows>(await client.ExecuteAsync(Statement("select count(*) from t"), CancellationToken.None)).Rows[0][0]);
            Assert.Equal(SqlFailureKind.UnknownStatement, Assert.IsType<SqlFailure>(await client.StatusAsync("driver-none", insert, CancellationToken.None)).Kind);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Kept_results_are_bounded_together_and_the_one_that_ended_first_goes_first()
    {
        var file = Path.Combine(Path.GetTempPath(), $"editorbridge-driver-{Guid.NewGuid():N}.db");
        try
        {
            // A hundred rows of five characters each, and a character for a cell: 600. Two of them fit.
            var driver = new DriverStatements(SqliteFactory.Instance, (_, _) => ValueTask.FromResult($"Data Source={file};Pooling=False"), _ => ["create table if not exists ran (x int)"]) { MostHeld = 1300 };
            var client = Client(driver);
            var count = await client.ExecuteAsync(Statement("select count(*) from ran"), CancellationToken.None);
            var insert = Statement("insert into ran values (1)");
            var first = await client.ExecuteAsync(insert, CancellationToken.None);
            var large = new List<SqlOutcome>();
            for (var i = 0; i < 3; i++) large.Add(await client.ExecuteAsync(Statement(Hundred("sqlite")), CancellationToken.None));

            Assert.Equal(SqlFailureKind.UnknownStatement, Assert.IsType<SqlFailure>(await driver.WholeAsync(count.Handle!)).Kind);
            Assert.Equal(SqlFailureKind.UnknownStatement, Assert.IsType<SqlFailure>(await driver.WholeAsync(large[0].Handle!)).Kind);
            Assert.Equal(100, Assert.IsType<SqlRows>(await driver.WholeAsync(large[1].Handle!)).Rows.Length);
            Assert.Equal(100, Assert.IsType<SqlRows>(await driver.WholeAsync(large[2].Handle!)).Rows.Length);
            // What is not kept any more has run all the same, and the same request does not run again.
            Assert.IsType<SqlRows>(first);
            await client.ExecuteAsync(insert, CancellationToken.None);
            Assert.Equal("1", Assert.IsType<SqlRows>(await client.ExecuteAsync(Statement("select count(*) from ran"), CancellationToken.None)).Rows[0][0]);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Session_is_set_up_before_the_statement_and_a_failure_there_runs_nothing()
    {
        var ran = new DriverStatements(SqliteFactory.Instance, (_, _) => ValueTask.FromResult("Data Source=:memory:"), _ => ["create table set_up (x int)", "insert into set_up values (7)"]);
        var refused = new DriverStatements(SqliteFactory.Instance, (_, _) => ValueTask.FromResult("Data Source=:memory:"), _ => ["no such thing"]);

        Assert.Equal("7", Assert.IsType<SqlRows>(await Client(ran).ExecuteAsync(Statement("select x from set_up"), CancellationToken.None)).Rows[0][0]);
        Assert.IsType<SqlFailure>(await Client(refused).ExecuteAsync(Statement("select 1"), CancellationToken.None));
    }

    [Theory]
    [InlineData("date '2026-01-02'", "2026-01-02")]
    [InlineData("time '03:04:05.5'", "03:04:05.5")]
    [InlineData("timestamp '2026-01-02 03:04:05.25'", "2026-01-02T03:04:05.25")]
    [InlineData("true", "true")]
    [InlineData("1.50::decimal(10,2)", "1.50")]
    public async Task Values_are_spelled_as_those_of_the_SQL_API_are(string expression, string text)
    {
        var rows = Assert.IsType<SqlRows>(await RunAsync("duckdb", $"select {expression} as v"));

        Assert.Equal(text, SqlValue.Text(rows.Columns[0], rows.Rows[0][0]));
    }

    // The driver's own texts, as version 6.0.0 wrote them over the sandbox.
    [Theory]
    [InlineData("Error: SQL compilation error:\nObject 'A.B.C' does not exist or not authorized. SqlState: 42S02, VendorCode: 2003, QueryId: 01b66701-0000-001c-0000-0030000b9152", null, "002003", "42S02", "01b66701-0000-001c-0000-0030000b9152", "SQL compilation error:\nObject 'A.B.C' does not exist or not authorized.")]
    [InlineData("Error: SQL execution canceled SqlState: 57014, VendorCode: 604, QueryId: ", null, "000604", "57014", null, "SQL execution canceled")]
    [InlineData("Error: Snowflake Internal Error: Unable to connect SqlState: 08006, VendorCode: 270001, QueryId: ", "Error: Role 'R' specified in the connect string does not exist or not authorized. SqlState: 08006, VendorCode: 390189, QueryId: ", "390189", "08006", null, "Role 'R' specified in the connect string does not exist or not authorized.")]
    public void Error_of_the_driver_is_told_in_the_accounts_words(string message, string? inside, string code, string state, string? query, string words) =>
        Assert.Equal((words, code, state, query), SnowflakeDriver.Words(new InvalidOperationException(message, inside is null ? null : new IOException(inside))));

    [Fact]
    public void Error_of_another_provider_is_left_as_it_is() => Assert.Null(SnowflakeDriver.Words(new InvalidOperationException("SQLite Error 1: 'no such table: t'.")));

    [Fact]
    public void Sandbox_is_reached_by_the_driver_at_its_own_port()
    {
        var profile = new AccountProfile { Name = "sandbox", Account = new SnowflakeAccount("sandbox", new Uri("http://127.0.0.1:4711"), IsSandbox: true), Identifier = "SANDBOX", SignIn = SignInKind.ProgrammaticAccessToken, Sources = [] };

        var read = new DbConnectionStringBuilder { ConnectionString = SnowflakeDriver.ConnectionString(profile, Statement("select 1"), new AccessToken("secret", TokenKind.ProgrammaticAccess, null)) };

        Assert.Equal(("http", "4711", "127.0.0.1"), (read["scheme"], read["port"], read["host"]));
    }

    [Theory]
    [InlineData(TokenKind.OAuth, "authenticator=oauth;token=secret")]
    [InlineData(TokenKind.ProgrammaticAccess, "authenticator=programmatic_access_token;token=secret")]
    [InlineData(TokenKind.KeyPairJwt, "authenticator=snowflake_jwt;private_key_file=/k.p8")]
    public void Connection_of_the_driver_has_the_statements_own_role_and_tag_no_pool_and_no_telemetry(TokenKind kind, string signIn)
    {
        var profile = new AccountProfile
        {
            Name = "prod", Account = Prod, Identifier = "myorg-acct", SignIn = SignInKind.OAuth, User = "ALICE", Role = "WIDE", Warehouse = "WH", PrivateKeyFile = "/k.p8", Sources = [],
        };

        var text = SnowflakeDriver.ConnectionString(profile, Statement("select 1") with { Role = "NARROW", QueryTag = "call=1" }, new AccessToken("secret", kind, null));

        var read = new DbConnectionStringBuilder { ConnectionString = text };
        Assert.Equal(("myorg-acct", "ALICE", "NARROW", "WH", "call=1"), (read["account"], read["user"], read["role"], read["warehouse"], read["query_tag"]));
        Assert.Equal(("false", "false"), (read["poolingEnabled"], read["client_telemetry_enabled"]));
        Assert.Contains(signIn, text, StringComparison.Ordinal);
        Assert.Equal(["USE SECONDARY ROLES NONE", "ALTER SESSION SET STATEMENT_TIMEOUT_IN_SECONDS = 30"], SnowflakeDriver.Before(Statement("select 1") with { Timeout = TimeSpan.FromSeconds(30) }));
    }

    [Theory]
    [InlineData("driver", "-p:SnowflakeDriver=true")]
    [InlineData("odbc", "api (the default) or driver")]
    public void Choice_that_cannot_be_had_is_refused_with_what_mends_it(string choice, string said)
    {
        var profile = new AccountProfile { Name = "prod", Account = Prod, Identifier = "myorg-acct", SignIn = SignInKind.OAuth, Sources = [] };

        var refused = Assert.Throws<SignInException>(() => SnowflakeDriver.Chosen(profile, ProgrammaticAccessToken.FromValue("secret"), choice));

        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.Null(SnowflakeDriver.Chosen(profile, ProgrammaticAccessToken.FromValue("secret"), null));
    }

    private static string Hundred(string provider) => provider == "duckdb"
        ? "select 'abcde' as v from range(100)"
        : "with recursive c(x) as (select 1 union all select x + 1 from c where x < 100) select 'abcde' as v from c";

    private static Task<SqlOutcome> RunAsync(string provider, string sql) => Client(provider).ExecuteAsync(Statement(sql), new CancellationTokenSource(Limit).Token);

    private static SqlStatement Statement(string sql) => new() { Text = sql, RequestId = Guid.NewGuid() };

    private static SqlApiClient Client(string provider, string? connection = null) => Client(provider == "duckdb"
        ? new DriverStatements(DuckDBClientFactory.Instance, (_, _) => ValueTask.FromResult(connection ?? "Data Source=:memory:"), _ => [])
        : new DriverStatements(SqliteFactory.Instance, (_, _) => ValueTask.FromResult(connection ?? "Data Source=:memory:"), _ => []));

    // The account is a name only: no statement goes to it.
    private static SqlApiClient Client(DriverStatements driver) =>
        new SqlApiClient(Prod, ProgrammaticAccessToken.FromValue("secret"), new HttpMessageInvoker(new EgressHandler(EgressHandler.Sockets(), [])), TimeProvider.System, NullLogger<SqlApiClient>.Instance, driver: driver);
}
