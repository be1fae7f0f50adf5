using System.Text.Json.Nodes;
using CsCheck;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>What the sample account answers to SQL, and to whom.</summary>
public sealed class SqlStatementTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Theory]
    [InlineData("select count(*) from RAW.SHOP.ORDERS", "COUNT(*):fixed", "1500")]
    [InlineData("select current_user(), current_role(), current_warehouse()", "CURRENT_USER():text,CURRENT_ROLE():text,CURRENT_WAREHOUSE():text", "DEVELOPER|ANALYST|COMPUTE_WH")]
    [InlineData("select 1 as \"one\", 'it\\'s' as Two, $$a'b$$ as three", "one:fixed,TWO:text,THREE:text", "1|it's|a'b")]
    [InlineData("select 1.50::number(18,2) as n, 2::number as m, true as b, null as x", "N:fixed,M:fixed,B:boolean,X:fixed", "1.50|2|true|")]
    [InlineData("select '2025-03-01'::date as d, '1969-12-31 23:59:59.5'::timestamp_ntz as t, '10:00:01'::time as c", "D:date,T:timestamp_ntz,C:time", "20148|-0.500000000|36001.000000000")]
    [InlineData("select dateadd(day, 2, '2025-03-01'::date)::date as d, datediff('month', '2025-01-01'::date, '2025-03-01'::date) as m", "D:date,M:fixed", "20150|2")]
    [InlineData("select iff(1 > 0, 'y', 'n') as a, nvl(null, 3) as b, zeroifnull(null) as c", "A:text,B:fixed,C:fixed", "y|3|0")]
    [InlineData("select parse_json('{\"a\":{\"B\":[1,2]}}'):a.\"B\"[1]::int as v", "V:fixed", "2")]
    [InlineData("select column1 from values (1), (2) order by 1 desc limit 1", "COLUMN1:fixed", "2")]
    [InlineData("with o as (select * from raw.shop.orders where status = 'open') select count(*) as n from o", "N:fixed", "250")]
    [InlineData("select status from RAW.SHOP.ORDERS minus select 'open' minus select 'returned' minus select 'cancelled'", "STATUS:text", "completed")]
    [InlineData("-- a comment\nselect /* x */ 1 as a;", "A:fixed", "1")]
    [InlineData("explain using text select 1 from RAW.SHOP.ORDERS", "content:text", "GlobalStats:\n\tpartitionsTotal=1\nOperations:\n0\tResult\n1\t->TableScan RAW.SHOP.ORDERS\n")]
    [InlineData("explain using json select 1 from RAW.SHOP.ORDERS", "content:text", null)]
    public async Task Query_answers_in_snowflakes_columns_and_cells(string statement, string columns, string? row)
    {
        var (status, body) = await sandbox.RunAsync(statement);
        Assert.True(status == 200, body.ToString());
        Assert.Equal(columns, string.Join(',', SqlApi.Columns(body)));
        Assert.Equal(row ?? SqlApi.Rows(body)[0], SqlApi.Rows(body)[0]);
    }

    [Theory]
    [InlineData("select * from RAW.SHOP.NOTHING", "002003", "Object 'RAW.SHOP.NOTHING' does not exist or not authorized.")]
    [InlineData("select * from RAW.HR.SALARIES", "002003", "does not exist or not authorized")]
    [InlineData("select 1 form x y", "001003", "syntax error line 1 at position")]
    [InlineData("select nope from RAW.SHOP.ORDERS", "000904", "invalid identifier 'NOPE'")]
    [InlineData("select no_such_function(1)", "002140", "Unknown function NO_SUCH_FUNCTION")]
    [InlineData("select 'a'::number", "100038", "Numeric value 'a' is not recognized")]
    [InlineData("select 1/0", "100051", "Division by zero")]
    [InlineData("delete from RAW.SHOP.ORDERS", "003001", "Insufficient privileges to operate on table 'ORDERS'")]
    [InlineData("drop table RAW.SHOP.ORDERS", "003001", "Insufficient privileges")]
    [InlineData("create table RAW.SHOP.X (a int)", "003001", "Insufficient privileges to operate on schema 'SHOP'")]
    [InlineData("create table ANALYTICS.MARTS.CUSTOMERS (a int)", "002002", "already exists")]
    [InlineData("create table ANALYTICS.MARTS.LEAK as select * from RAW.HR.SALARIES", "002003", "RAW.HR.SALARIES")]
    [InlineData("update ANALYTICS.MARTS.CUSTOMERS set ORDERS = (select max(SALARY) from RAW.HR.SALARIES)", "002003", "RAW.HR.SALARIES")]
    [InlineData("create role X", "003001", "Insufficient privileges")]
    [InlineData("use role ACCOUNTADMIN", "391911", "not supported")]
    [InlineData("select * from read_csv('/etc/passwd')", "000002", "Unsupported feature")]
    [InlineData("select * from duckdb_tables()", "000002", "Unsupported feature")]
    [InlineData("call NO_SUCH_PROCEDURE()", "002003", "Procedure")]
    [InlineData("show nonsense", "001003", "nonsense")]
    [InlineData("select 'open", "001003", "<EOF>")]
    [InlineData("select ? + 1", "002049", "Bind variable ? not set")]
    public async Task Refused_statement_has_snowflakes_code_and_words(string statement, string code, string message)
    {
        var (status, body) = await sandbox.RunAsync(statement);
        Assert.Equal((422, code), (status, body.GetProperty("code").GetString()));
        Assert.Contains(message, body.GetProperty("message").GetString());
        Assert.Equal(5, body.GetProperty("sqlState").GetString()!.Length);
    }

    [Fact]
    public async Task Any_text_is_answered_with_a_result_or_with_an_error_of_the_account()
    {
        string[] pieces = ["select", "from", "(", ")", "'", "\"", "RAW.SHOP.ORDERS", ",", "*", ":a", "::int", "with x as", "--", "/*", "$$", "?", "insert into", "1", ".", "values", ";", "show", "\\"];
        await Gen.Int[0, pieces.Length - 1].Select(index => pieces[index]).Array[0, 9].SampleAsync(
            async chosen =>
            {
                var (status, body) = await sandbox.RunAsync(string.Join(' ', chosen));
                Assert.True(status is 200 or 422 or 400, $"{status} {body}");
                Assert.NotEqual("000603", body.TryGetProperty("code", out var code) ? code.GetString() : null);
            },
            iter: 400, threads: 1);
    }

    [Fact]
    public async Task Roles_see_different_tables()
    {
        const string Statement = "show tables in account";
        var seen = new Dictionary<string, int>();
        foreach (var role in new[] { "PUBLIC", "READER", "ANALYST" })
        {
            seen[role] = (await sandbox.RowsAsync(Statement, role)).Count;
        }

        Assert.Equal(0, seen["PUBLIC"]);
        Assert.True(seen["READER"] < seen["ANALYST"], string.Join(' ', seen));
        Assert.DoesNotContain(await sandbox.RowsAsync(Statement, "ANALYST"), row => row.Contains("SALARIES", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("select email from RAW.SHOP.CUSTOMERS where customer_id = 7", "ANALYST", "***MASKED***")]
    [InlineData("select c.email from RAW.SHOP.CUSTOMERS as c where c.customer_id = 7", "ANALYST", "***MASKED***")]
    [InlineData("select max(x.email) from RAW.SHOP.ORDERS o join RAW.SHOP.CUSTOMERS x on x.customer_id = o.customer_id", "ANALYST", "***MASKED***")]
    [InlineData("select email from RAW.SHOP.CUSTOMERS where customer_id = 7", "DATA_ENGINEER", "customer7@example.com")]
    public async Task Masked_column_shows_to_the_role_that_may_see_it(string statement, string role, string expected) =>
        Assert.Equal([expected], await sandbox.RowsAsync(statement, role));

    [Fact]
    public async Task Session_takes_database_and_schema_from_the_request_by_exact_name()
    {
        Action<JsonObject> In(string database, string schema) => body => (body["database"], body["schema"]) = (database, schema);
        Assert.Equal(["1500"], await sandbox.RowsAsync("select count(*) from orders", change: In("RAW", "SHOP")));
        var (status, body) = await sandbox.RunAsync("select count(*) from orders", change: In("raw", "shop"));
        Assert.Equal((422, "090105"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Table_lives_through_create_change_and_drop()
    {
        Assert.Equal(["Table LIFE successfully created."], await sandbox.RowsAsync(
            "create or replace transient table ANALYTICS.MARTS.LIFE as select 1::number as id, 'a'::string as name"));
        Assert.Equal(["2"], await sandbox.RowsAsync("insert into analytics.marts.life (id, name) values (2, 'b'), (3, 'c')"));
        Assert.Equal(["1|0"], await sandbox.RowsAsync("update ANALYTICS.MARTS.LIFE set name = 'z' where id = 3"));
        Assert.Equal(["1|2|0"], await sandbox.RowsAsync(
            "merge into ANALYTICS.MARTS.LIFE t using (select column1 as id from values (1), (2), (9)) s on t.id = s.id when matched then update set name = 'm' when not matched then insert (id, name) values (s.id, 'n')"));
        Assert.Equal(["1"], await sandbox.RowsAsync("delete from ANALYTICS.MARTS.LIFE where id = 9"));
        Assert.Equal(["1|m", "2|m", "3|z"], await sandbox.RowsAsync("select * from ANALYTICS.MARTS.LIFE order by id"));
        Assert.Equal(["Table LIFE_COPY successfully created."], await sandbox.RowsAsync("create table ANALYTICS.MARTS.LIFE_COPY clone ANALYTICS.MARTS.LIFE"));
        Assert.Equal(["Statement executed successfully."], await sandbox.RowsAsync("alter table ANALYTICS.MARTS.LIFE add column extra number"));
        Assert.Equal(["Statement executed successfully."], await sandbox.RowsAsync("truncate table ANALYTICS.MARTS.LIFE"));
        Assert.Equal(["View V successfully created."], await sandbox.RowsAsync("create or replace view ANALYTICS.MARTS.V as select id from ANALYTICS.MARTS.LIFE_COPY"));
        Assert.Equal(["3"], await sandbox.RowsAsync("select count(*) from ANALYTICS.MARTS.V"));
        Assert.Equal(["V successfully dropped."], await sandbox.RowsAsync("drop view ANALYTICS.MARTS.V"));
        Assert.Equal(["LIFE successfully dropped."], await sandbox.RowsAsync("drop table ANALYTICS.MARTS.LIFE"));
        Assert.Equal(["Drop statement executed successfully (LIFE already dropped)."], await sandbox.RowsAsync("drop table if exists ANALYTICS.MARTS.LIFE"));
        Assert.Equal(["Schema TRY successfully created."], await sandbox.RowsAsync("create schema ANALYTICS.TRY"));
        Assert.Equal(["TRY successfully dropped."], await sandbox.RowsAsync("drop schema ANALYTICS.TRY"));
    }

    [Fact]
    public async Task Dropped_table_comes_back_with_its_rows()
    {
        await sandbox.RowsAsync("create or replace table ANALYTICS.MARTS.BACK as select 7 as a");
        await sandbox.RowsAsync("drop table ANALYTICS.MARTS.BACK");
        Assert.Equal("002003", (await sandbox.RunAsync("select * from ANALYTICS.MARTS.BACK")).Body.GetProperty("code").GetString());
        Assert.DoesNotContain(await sandbox.RowsAsync("show tables in schema ANALYTICS.MARTS"), row => row.Contains("BACK", StringComparison.Ordinal));

        Assert.Equal(["Table BACK successfully restored."], await sandbox.RowsAsync("undrop table ANALYTICS.MARTS.BACK"));
        Assert.Equal(["7"], await sandbox.RowsAsync("select * from ANALYTICS.MARTS.BACK"));
        Assert.Equal("002002", (await sandbox.RunAsync("undrop table ANALYTICS.MARTS.BACK")).Body.GetProperty("code").GetString());
        Assert.Equal("002003", (await sandbox.RunAsync("undrop table ANALYTICS.MARTS.NEVER")).Body.GetProperty("code").GetString());
        Assert.Equal("002003", (await sandbox.RunAsync("select * from ANALYTICS.MARTS.__DROPPED__BACK")).Body.GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("show databases", "ANALYTICS", "RAW")]
    [InlineData("show terse databases like 'an%'", "ANALYTICS", null)]
    [InlineData("show schemas in database RAW", "SHOP", null)]
    [InlineData("show tables in schema ANALYTICS.MARTS starts with 'D'", "DAILY_REVENUE", null)]
    [InlineData("show columns in table RAW.SHOP.PRODUCTS", "PRODUCT_NAME", "PRICE")]
    [InlineData("show warehouses", "COMPUTE_WH", null)]
    [InlineData("show roles", "ANALYST", "READER")]
    [InlineData("show grants", "DATA_ENGINEER", null)]
    [InlineData("show grants to role READER", "ANALYTICS.MARTS", null)]
    [InlineData("show parameters like 'CORTEX_ENABLED_CROSS_REGION' in account", "ANY_REGION", null)]
    [InlineData("show cortex base models in schema SNOWFLAKE.MODELS", "CLAUDE-SONNET-4-6", null)]
    [InlineData("show ai gateways", "SNOWFLAKE", null)]
    [InlineData("desc table RAW.SHOP.CUSTOMERS", "EMAIL", "MASK_EMAIL")]
    [InlineData("describe user DEVELOPER", "DEFAULT_ROLE|ANALYST", null)]
    [InlineData("desc security integration SNOWFLAKE$LOCAL_APPLICATION", "OAUTH_ACCESS_TOKEN_VALIDITY", null)]
    [InlineData("select table_name from ANALYTICS.INFORMATION_SCHEMA.TABLES", "DAILY_REVENUE", null)]
    [InlineData("select column_name, data_type from RAW.INFORMATION_SCHEMA.COLUMNS where table_name = 'PRODUCTS'", "PRICE|NUMBER", null)]
    public async Task Account_describes_itself_without_a_warehouse_where_none_is_needed(string statement, string first, string? second)
    {
        var rows = await sandbox.RowsAsync(statement, change: body =>
        {
            if (!statement.StartsWith("select", StringComparison.Ordinal))
            {
                body["warehouse"] = "NONE";
            }
        });
        Assert.Contains(rows, row => row.Contains(first, StringComparison.Ordinal));
        Assert.Contains(rows, row => row.Contains(second ?? first, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Query_without_a_warehouse_is_refused()
    {
        var (status, body) = await sandbox.RunAsync("select 1", change: body => body["warehouse"] = "compute_wh");
        Assert.Equal((422, "000606"), (status, body.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task Bound_values_arrive_with_their_types()
    {
        var rows = await sandbox.RowsAsync("select ?::text as a, ? + 1 as b, ? as c, ?::date as d", change: body => body["bindings"] = JsonNode.Parse(
            """{"1":{"type":"TEXT","value":"x"},"2":{"type":"FIXED","value":"41"},"3":{"type":"BOOLEAN","value":"true"},"4":{"type":"DATE","value":"86400000"}}"""));
        Assert.Equal(["x|42|true|1"], rows);
    }
}
