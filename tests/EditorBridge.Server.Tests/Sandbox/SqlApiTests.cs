using System.IO.Compression;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>The SQL API's own rules: waiting, polling, paging, cancelling, repeating.</summary>
public sealed class SqlApiTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Fact]
    public async Task Answer_carries_handle_code_and_links()
    {
        var (status, body) = await sandbox.RunAsync("select 1 as a", query: "?requestId=6d1b8c8a-0000-4000-8000-000000000001");
        Assert.Equal((200, "090001", "00000"), (status, body.GetProperty("code").GetString(), body.GetProperty("sqlState").GetString()));
        Assert.Matches("^01b[0-9a-f]{5}-[0-9a-f]{4}-[0-9a-f]{4}-0000-[0-9a-f]{12}$", body.GetProperty("statementHandle").GetString()!);
        Assert.Equal("6d1b8c8a-0000-4000-8000-000000000001", body.GetProperty("requestId").GetString());
        Assert.EndsWith("requestId=6d1b8c8a-0000-4000-8000-000000000001", body.GetProperty("statementStatusUrl").GetString());
    }

    [Fact]
    public async Task Long_statement_is_202_then_running_then_done()
    {
        var (status, started) = await sandbox.RunAsync("select system$wait(30)", query: "?async=true");
        Assert.Equal((202, "333334"), (status, started.GetProperty("code").GetString()));
        var url = $"{SqlApi.Statements}/{started.GetProperty("statementHandle").GetString()}";
        Assert.Equal(202, (await GetAsync(url)).Status);

        sandbox.Clock.Advance(TimeSpan.FromSeconds(31));
        var (done, body) = await UntilFinishedAsync(url);
        Assert.Equal(200, done);
        Assert.Equal(["waited 30 seconds"], SqlApi.Rows(body));
    }

    [Fact]
    public async Task Statement_slower_than_the_wait_is_answered_202()
    {
        await using var impatient = await EditorBridge.Sandbox.SandboxServer.StartAsync(
            new EditorBridge.Sandbox.SandboxOptions { SqlSyncWait = TimeSpan.FromMilliseconds(1) }, CancellationToken.None);
        using var client = new HttpClient { BaseAddress = impatient.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new("Bearer", impatient.ProgrammaticAccessToken);
        Assert.Equal(202, (await sandbox.RunAsync("select system$wait(600)", client: client)).Status);
    }

    [Fact]
    public async Task Cancelled_statement_says_so_afterwards()
    {
        var (_, started) = await sandbox.RunAsync("select system$wait(3000)", query: "?async=true");
        var url = $"{SqlApi.Statements}/{started.GetProperty("statementHandle").GetString()}";
        using var cancelled = await sandbox.Client.PostAsync($"{url}/cancel", null);
        Assert.Contains("\"000604\"", await cancelled.Content.ReadAsStringAsync());

        var (status, body) = await UntilFinishedAsync(url);
        Assert.Equal((422, "000604"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Statement_beyond_its_timeout_is_408()
    {
        var (_, started) = await sandbox.RunAsync("select system$wait(3000)", change: body => body["timeout"] = 5, query: "?async=true");
        var url = $"{SqlApi.Statements}/{started.GetProperty("statementHandle").GetString()}";
        sandbox.Clock.Advance(TimeSpan.FromSeconds(6));
        var (status, body) = await UntilFinishedAsync(url);
        Assert.Equal((408, "000630"), (status, body.GetProperty("code").GetString()));
        Assert.Contains("timeout of 5 second(s)", body.GetProperty("message").GetString());
    }

    [Fact]
    public async Task Further_partitions_are_gzipped_and_together_hold_every_row()
    {
        var (_, first) = await sandbox.RunAsync("select order_id from RAW.SHOP.ORDERS order by order_id");
        Assert.Equal([1000, 500], first.GetProperty("resultSetMetaData").GetProperty("partitionInfo").EnumerateArray().Select(part => part.GetProperty("rowCount").GetInt32()));

        using var response = await sandbox.Client.GetAsync($"{SqlApi.Statements}/{first.GetProperty("statementHandle").GetString()}?partition=1");
        Assert.Equal("gzip", response.Content.Headers.ContentEncoding.Single());
        await using var gzip = new GZipStream(await response.Content.ReadAsStreamAsync(), CompressionMode.Decompress);
        using var second = await JsonDocument.ParseAsync(gzip);
        Assert.Equal(["data"], second.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.Equal(Enumerable.Range(1, 1500).Select(id => id.ToString()), SqlApi.Rows(first).Concat(SqlApi.Rows(second.RootElement)));
    }

    [Fact]
    public async Task Repeated_request_runs_once()
    {
        await sandbox.RowsAsync("create or replace table ANALYTICS.MARTS.ONCE (a int)");
        const string Query = "?requestId=6d1b8c8a-0000-4000-8000-000000000002";
        var (_, first) = await sandbox.RunAsync("insert into ANALYTICS.MARTS.ONCE values (1)", query: Query);
        var (_, again) = await sandbox.RunAsync("insert into ANALYTICS.MARTS.ONCE values (1)", query: Query + "&retry=true");
        Assert.Equal(first.GetProperty("statementHandle").GetString(), again.GetProperty("statementHandle").GetString());
        Assert.Equal(1, again.GetProperty("stats").GetProperty("numRowsInserted").GetInt32());
        Assert.Equal(["1"], await sandbox.RowsAsync("select count(*) from ANALYTICS.MARTS.ONCE"));
    }

    [Fact]
    public async Task Statement_count_must_match_unless_any_number_is_allowed()
    {
        const string Two = "select 1 as a; select ';' as b";
        var (status, body) = await sandbox.RunAsync(Two);
        Assert.Equal((422, "000008"), (status, body.GetProperty("code").GetString()));
        Assert.Equal("Actual statement count 2 did not match the desired statement count 1.", body.GetProperty("message").GetString());

        var (ok, parent) = await sandbox.RunAsync(Two, change: body => body["parameters"] = new JsonObject { ["multi_statement_count"] = "0" });
        Assert.Equal(200, ok);
        var children = parent.GetProperty("statementHandles").EnumerateArray().Select(handle => handle.GetString()).ToList();
        Assert.Equal([";"], SqlApi.Rows((await GetAsync($"{SqlApi.Statements}/{children[1]}")).Body));
    }

    [Fact]
    public async Task Several_statements_are_one_session_that_may_switch_its_secondary_roles()
    {
        using var admin = sandbox.NewClient();
        admin.DefaultRequestHeaders.Authorization = new("Bearer", sandbox.Server.AdminToken);
        const string Usage = "select count(*) > 0 from SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY";
        Assert.Equal(422, (await sandbox.RunAsync(Usage, role: "ANALYST")).Status);
        await sandbox.RunAsync("ALTER USER DEVELOPER SET DEFAULT_SECONDARY_ROLES = ('ALL')", client: admin);
        try
        {
            Assert.Equal(200, (await sandbox.RunAsync(Usage, role: "ANALYST")).Status);
            Assert.Equal(422, (await sandbox.RunAsync("create table RAW.SHOP.NEW_ONE (a int)", role: "ANALYST")).Status);
            Assert.Equal("""{"roles":"READER,DATA_ENGINEER,AUDITOR","value":"ALL"}""", Assert.Single(await sandbox.RowsAsync("select current_secondary_roles()", role: "ANALYST")));

            var (status, failed) = await sandbox.RunAsync($"use secondary roles none;\n{Usage}", role: "ANALYST", change: Two);
            Assert.Equal((422, "100132"), (status, failed.GetProperty("code").GetString()));
            Assert.Contains("(at line 2, position 26).\nSQL compilation error:\nObject 'SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY' does not exist or not authorized. in SYSTEM$MULTISTMT at '", failed.GetProperty("message").GetString());

            var (noWarehouse, refused) = await sandbox.RunAsync("use secondary roles none; show tables", role: "ANALYST", change: body =>
            {
                Two(body);
                body["warehouse"] = "NO_SUCH_WH";
            });
            Assert.Equal((422, "000606"), (noWarehouse, refused.GetProperty("code").GetString()));
        }
        finally
        {
            await sandbox.RunAsync("ALTER USER DEVELOPER SET DEFAULT_SECONDARY_ROLES = ()", client: admin);
        }

        static void Two(JsonObject body) => body["parameters"] = new JsonObject { ["multi_statement_count"] = "2" };
    }

    [Theory]
    [InlineData("""{"statement":"select 1","nonsense":1}""", "nonsense")]
    [InlineData("""{"statement":"select 1","parameters":{"autocommit":true}}""", "autocommit")]
    [InlineData("""{"statement":" ; "}""", "statement is required")]
    [InlineData("""{"statement":"select ?","bindings":{"1":{"type":"INT","value":"1"}}}""", "known type")]
    [InlineData("not json", "valid payload")]
    public async Task Body_outside_the_api_is_refused(string body, string expected)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, SqlApi.Statements) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.UserAgent.ParseAdd("sandbox-tests/1.0");
        using var response = await sandbox.Client.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.Equal(400, (int)response.StatusCode);
        Assert.Contains("390142", text);
        Assert.Contains(expected, text);
    }

    [Fact]
    public async Task Role_that_is_not_granted_is_refused()
    {
        var (status, body) = await sandbox.RunAsync("select 1", role: "ACCOUNTADMIN");
        Assert.Equal((403, "390189"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Unknown_handle_is_not_found()
    {
        var (status, body) = await GetAsync($"{SqlApi.Statements}/01b00000-0000-0000-0000-000000000000");
        Assert.Equal((422, "000709"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Scenario_in_a_comment_is_played()
    {
        var (status, body) = await sandbox.RunAsync("-- scenario: 429\nselect 1");
        Assert.Equal((429, "390505"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task History_names_handle_tag_and_failure()
    {
        var (_, done) = await sandbox.RunAsync("select 42 as tagged", change: body => body["parameters"] = new JsonObject { ["query_tag"] = """{"app":"x"}""" });
        await sandbox.RunAsync("select nothing_here");
        var handle = done.GetProperty("statementHandle").GetString();
        const string Columns = "query_id, query_tag, execution_status, query_type, role_name, error_code";
        var live = await sandbox.RowsAsync($"select {Columns} from table(information_schema.query_history(result_limit => 10))");
        Assert.Contains($$"""{{handle}}|{"app":"x"}|SUCCESS|SELECT|ANALYST|""", live);
        Assert.Contains(live, row => row.Contains("|FAIL|SELECT|ANALYST|000904", StringComparison.Ordinal));

        var view = await sandbox.RowsAsync($"select {Columns} from SNOWFLAKE.ACCOUNT_USAGE.QUERY_HISTORY where query_id = '{handle}'", "AUDITOR");
        Assert.Equal([$$"""{{handle}}|{"app":"x"}|SUCCESS|SELECT|ANALYST|"""], view);
    }

    [Fact]
    public async Task Inference_shows_in_the_usage_view_under_its_request_id()
    {
        using var response = await sandbox.Client.SendAsync(SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask(
            """sandbox: [{"text":"a","usage":{"input":1,"cache_creation":2,"cache_read":4,"output":8}}]""").ToJsonString()));
        var id = response.Headers.GetValues("X-Snowflake-Request-ID").Single();
        var rows = await sandbox.RowsAsync(
            $"""
            SELECT r.MODEL_NAME, r.TOKENS, r.TOKENS_GRANULAR:"input"::INT, r.TOKENS_GRANULAR:"output"::INT, u.NAME
            FROM SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_USAGE_HISTORY r JOIN SNOWFLAKE.ACCOUNT_USAGE.USERS u ON u.USER_ID = r.USER_ID
            WHERE r.REQUEST_ID = '{id}' AND r.START_TIME >= '2020-01-01'
            """, "AUDITOR");
        Assert.Equal(["claude-sonnet-4-6|15|7|8|DEVELOPER"], rows);
    }

    private async Task<(int Status, JsonElement Body)> GetAsync(string url)
    {
        using var response = await sandbox.Client.GetAsync(url);
        return ((int)response.StatusCode, JsonElement.Parse(await response.Content.ReadAsStringAsync()));
    }

    private async Task<(int Status, JsonElement Body)> UntilFinishedAsync(string url)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var answer = await GetAsync(url);
            if (answer.Status != 202)
            {
                return answer;
            }

            patience.Token.ThrowIfCancellationRequested();
        }
    }
}
