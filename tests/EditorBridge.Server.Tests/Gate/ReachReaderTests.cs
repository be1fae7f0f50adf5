using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Gate;

public sealed class ReachReaderTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task Drop_shows_rows_grants_dependants_and_the_undo_statement()
    {
        var (item, reach) = await ReachOfAsync("drop table analytics.marts.daily_revenue");
        var statement = Assert.Single(reach.Statements);

        var exists = Answer(statement, "Does it exist");
        Assert.Equal(ReachOutcome.Answered, exists.Outcome);
        Assert.Contains("ANALYTICS.MARTS.DAILY_REVENUE exists, ", exists.Answer, StringComparison.Ordinal);
        Assert.Contains("time travel of 1 day", exists.Answer, StringComparison.Ordinal);
        Assert.Contains("SELECT to ROLE READER", Answer(statement, "Which grants").Lines);
        // The sandbox's ANALYST does not see account usage, which is said together with what mends it.
        var dependants = Answer(statement, "What depends");
        Assert.Equal(ReachOutcome.Failed, dependants.Outcome);
        Assert.Contains("GRANT DATABASE ROLE SNOWFLAKE.OBJECT_VIEWER", dependants.Answer, StringComparison.Ordinal);
        Assert.Equal(["UNDROP TABLE ANALYTICS.MARTS.DAILY_REVENUE"], statement.Undo.Statements);

        var entry = Assert.Single(await host.EntriesAsync(item.CallId), e => e.Draft.Kind == EntryKind.ReviewReach);
        Assert.Equal(item.Id, entry.Draft.Facts!["reviewId"]!.GetValue<string>());
        Assert.Equal(2, entry.Draft.Facts["answered"]!.GetValue<int>());
    }

    [Fact]
    public async Task Delete_shows_how_many_rows_its_condition_matches()
    {
        var (_, reach) = await ReachOfAsync("delete from analytics.staging.stg_orders where status = 'open' and order_id > 0");
        var statement = Assert.Single(reach.Statements);

        Assert.Equal("250 rows of ANALYTICS.STAGING.STG_ORDERS match.", Answer(statement, "How many rows").Answer);
        Assert.StartsWith("Scans 1 of 1 partitions", Answer(statement, "How much does it read").Answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Object_that_is_not_there_is_told_apart_from_a_failure()
    {
        var (_, reach) = await ReachOfAsync("truncate table analytics.marts.no_such_table");

        var exists = Answer(Assert.Single(reach.Statements), "Does it exist");
        Assert.Equal(ReachOutcome.NotFound, exists.Outcome);
        Assert.Contains("or this role does not see it", exists.Answer, StringComparison.Ordinal);
        Assert.Single(reach.Statements[0].Answers);
    }

    [Fact]
    public async Task Question_of_several_statements_is_put_and_told_once()
    {
        var request = new ActionRequest
        {
            Door = Door.Hook, Tool = "Write", Actor = "agent:test", Workspace = Path.GetTempPath(),
            Input = """{"file_path":"reach-twice.sql","content":"grant select on table analytics.marts.customers to role reader; grant insert on table analytics.marts.customers to role reader"}""",
        };
        var reach = (await AmendedAsync(host, () => host.Services.GetRequiredService<ActionGate>().AdmitAsync(request, TestContext.Current.CancellationToken))).Reach!;

        Assert.Equal(2, reach.Statements.Length);
        Assert.Equal(3, reach.Statements[0].Answers.Length);
        Assert.Empty(reach.Statements[1].Answers);
    }

    [Theory]
    [InlineData("()", "", "1")]
    [InlineData("('ALL')", "USE SECONDARY ROLES NONE;\n", "2")]
    public async Task Questions_are_asked_with_one_role_and_carry_the_review(string secondaryRoles, string before, string count)
    {
        await using var own = new HostFixture();
        await own.InitializeAsync();
        await own.AdministerAsync($"ALTER USER DEVELOPER SET DEFAULT_SECONDARY_ROLES = {secondaryRoles}");
        var item = await AmendedAsync(own, () => own.McpAsync("tools/call", new { name = "execute_sql", arguments = new { sql = "drop table analytics.marts.customers" } }));
        var sent = await own.ReceivedAsync(item.Id);

        Assert.NotEmpty(sent);
        Assert.All(sent, request =>
        {
            var body = JsonNode.Parse(request["body"]!.GetValue<string>())!;
            Assert.StartsWith(before, body["statement"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.Equal(count, body["parameters"]!["multi_statement_count"]!.GetValue<string>());
            Assert.Equal(10, body["timeout"]!.GetValue<int>());
        });
    }

    [Fact]
    public async Task Condition_that_would_run_code_is_not_asked()
    {
        var (item, reach) = await ReachOfAsync("delete from analytics.staging.stg_orders where ops.leak(order_id) = 1");

        Assert.Equal(ReachOutcome.NotAsked, Answer(Assert.Single(reach.Statements), "How many rows").Outcome);
        Assert.DoesNotContain(await host.ReceivedAsync(item.Id), request => request["body"]!.GetValue<string>().Contains("leak", StringComparison.OrdinalIgnoreCase));
    }

    private async Task<(ReviewItem Item, Reach Reach)> ReachOfAsync(string sql)
    {
        var item = await AmendedAsync(host, () => host.McpAsync("tools/call", new { name = "execute_sql", arguments = new { sql } }));
        return (item, item.Reach!);
    }

    private static async Task<ReviewItem> AmendedAsync(HostFixture host, Func<Task> ask)
    {
        var amended = new TaskCompletionSource<ReviewItem>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Signal(ReviewItem item) => amended.TrySetResult(item);
        host.Desk.Amended += Signal;
        var asking = ask();
        var item = await amended.Task.WaitAsync(TestLimits.Signal);
        host.Desk.Amended -= Signal;
        await host.Desk.GiveAsync(item.Id, GateFixture.Reject("only looking"));
        await asking;
        return item;
    }

    private static ReachAnswer Answer(StatementReach statement, string question) =>
        Assert.Single(statement.Answers, answer => answer.Question.StartsWith(question, StringComparison.Ordinal));
}

/// <summary>A host whose account cannot be used: reviews open as ever.</summary>
public sealed class ReachWithoutAccountTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Fact]
    public async Task Review_opens_without_the_account_and_says_why_nothing_was_read()
    {
        var folder = Directory.CreateTempSubdirectory("editorbridge-reach-");
        try
        {
            var token = Path.Combine(folder.FullName, "pat");
            StateFolder.WritePrivate(token, "no-such-token");
            await host.RestartAsync(options => options with { TokenFile = token });
            var amended = new TaskCompletionSource<ReviewItem>(TaskCreationOptions.RunContinuationsAsynchronously);
            host.Desk.Amended += item => amended.TrySetResult(item);
            using var http = host.Client(Client.Hook);
            var asking = http.PostAsync("/hooks/claude", HostFixture.Json(new
            {
                hook_event_name = "PreToolUse", session_id = "s", tool_name = "Bash", tool_use_id = "toolu_reach", cwd = folder.FullName,
                tool_input = new { command = "snow sql -q 'drop table analytics.marts.customers'" },
            }));

            var item = await amended.Task.WaitAsync(TestLimits.Signal);
            Assert.NotNull(item.Reach!.Problem);
            Assert.All(item.Reach.Statements.SelectMany(statement => statement.Answers).Skip(1), answer => Assert.Equal(ReachOutcome.NotAsked, answer.Outcome));
            Assert.Equal(Undo.Possible, Assert.Single(item.Reach.Statements).Undo.Undo);
            await host.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
            (await asking).Dispose();
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }
}
