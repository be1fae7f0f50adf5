using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Ledger;
using EditorBridge.Mcp;
using EditorBridge.Policies;
using EditorBridge.Policy;
using EditorBridge.Server.Tests.Hosting;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>Rules on governance tags, with the tags read from the account.</summary>
public sealed class TagReaderTests(HostFixture host) : IClassFixture<HostFixture>, IDisposable
{
    private const string NoPersonalData = """
        version: 1
        rules:
          - id: no-personal-data
            description: Personal data is not for agents
            match: { tags: "PII*" }
            effect: deny
        """;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-tags-");

    [Theory]
    [InlineData("select email from raw.shop.customers")]
    [InlineData("select * from raw.shop.customers")]
    [InlineData("select customer_id, object_construct(*) from raw.shop.customers")]
    [InlineData("with c as (select email as x from raw.shop.customers) select x from c")]
    [InlineData("delete from raw.shop.customers where customer_id = 1")]
    public async Task Tagged_column_is_found_and_the_rule_holds(string sql)
    {
        var result = await AskAsync(NoPersonalData, sql);

        Assert.True(result["isError"]!.GetValue<bool>());
        Assert.Contains("Personal data is not for agents", result["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select customer_id from raw.shop.customers limit 1")]
    [InlineData("select count(*) from raw.shop.customers")]
    [InlineData("select order_id from raw.shop.orders limit 1")]
    [InlineData("show tables in schema raw.shop")]
    public async Task What_carries_no_such_tag_runs_without_a_question(string sql) =>
        Assert.Null((await AskAsync(NoPersonalData, sql))["isError"]);

    [Theory]
    [InlineData("select a from raw.shop.no_such_table")]
    [InlineData("select a from nowhere.shop.orders")]
    [InlineData("select a from no_such_table")]
    [InlineData("select * from table(result_scan(last_query_id()))")]
    public async Task Unknown_tags_ask_a_person(string sql)
    {
        var asking = AskAsync(NoPersonalData, sql);
        var item = await host.AnswerAsync(GateFixture.Reject("not known"));

        Assert.True((await asking)["isError"]!.GetValue<bool>());
        Assert.Contains(item.Decision.Rules, rule => rule.Id == "no-personal-data");
    }

    [Fact]
    public async Task Statement_of_the_shell_is_asked_about_by_its_full_name_only()
    {
        File.WriteAllText(PolicyFile(), NoPersonalData);
        Assert.Equal("deny", await HookAsync("snow sql -q 'select email from raw.shop.customers'"));

        // The shell's session may stand anywhere, so a short name may be any table.
        var asking = HookAsync("snow sql -q 'select order_id from orders'");
        await host.AnswerAsync(GateFixture.Reject("not known"));
        Assert.Equal("deny", await asking);
    }

    [Fact]
    public async Task Account_that_cannot_be_asked_leaves_tags_unknown()
    {
        await host.ControlAsync(new { network_blocked = true });
        try
        {
            var asking = AskAsync(NoPersonalData, "select status from analytics.staging.stg_orders");
            var item = await host.AnswerAsync(GateFixture.Reject("not known"));
            Assert.True((await asking)["isError"]!.GetValue<bool>());
            Assert.Contains(item.Decision.Rules, rule => rule.Id == "no-personal-data");
        }
        finally
        {
            await host.ControlAsync(new { network_blocked = false });
        }
    }

    [Fact]
    public async Task Tags_are_recorded_and_a_simulation_judges_by_them()
    {
        await AskAsync("""
            version: 1
            rules:
              - id: look-for-tags
                match: { tags: "NO_SUCH_TAG" }
                effect: deny
            """, "select email from analytics.staging.stg_customers limit 2");
        using var reader = LedgerReader.Open(host.State.LedgerFolder);
        var entry = Assert.Single(await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ActionAdmitted] }, null, 1, CancellationToken.None));
        Assert.Contains("PII=email", entry.Draft.Facts!["tags"]!["ANALYTICS.STAGING.STG_CUSTOMERS.EMAIL"]!.AsArray().Select(tag => tag!.GetValue<string>()));

        File.WriteAllText(PolicyFile(), NoPersonalData);
        var policy = PolicyLoader.Load(new PolicyPaths(null, null, PolicyFile())).OrThrow();
        var result = await new PolicySimulation(reader, policy).RunAsync(null, null, 1, CancellationToken.None);
        Assert.Equal(EditorBridge.Sql.Effect.Deny, Assert.Single(result.Changes).WouldBe);
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private string PolicyFile() => Path.Combine(_folder.CreateSubdirectory(".editorbridge").FullName, "policy.yaml");

    private async Task<JsonNode> AskAsync(string policy, string sql)
    {
        File.WriteAllText(PolicyFile(), policy);
        var answer = await host.McpAsync("tools/call", new { name = "execute_sql", arguments = new { sql } }, default, (McpDoor.WorkspaceHeader, Uri.EscapeDataString(_folder.FullName)));
        return answer["result"]!;
    }

    private async Task<string> HookAsync(string command)
    {
        using var http = host.Client(Client.Hook);
        using var response = await http.PostAsync("/hooks/claude", HostFixture.Json(new
        {
            hook_event_name = "PreToolUse", session_id = "tags", tool_name = "Bash", tool_use_id = "toolu_" + Guid.NewGuid().ToString("N"), cwd = _folder.FullName, tool_input = new { command },
        }));
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!["hookSpecificOutput"]!["permissionDecision"]!.GetValue<string>();
    }
}
