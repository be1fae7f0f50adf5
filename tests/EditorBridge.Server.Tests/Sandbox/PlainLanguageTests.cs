using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>What a stranger meets who points Claude Code at the sandbox and simply talks.</summary>
public sealed class PlainLanguageTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    [Theory]
    [InlineData("Create a model that shows revenue per customer", "Write", "/home/dev/project/models/revenue_per_customer.sql", "sum(o.amount)")]
    [InlineData("please build models/daily.sql with orders per day", "Write", "/home/dev/project/models/daily.sql", "date_trunc")]
    [InlineData("clean up the staging table", "Write", "/home/dev/project/cleanup/drop_stg_orders.sql", "drop table if exists ANALYTICS.STAGING.STG_ORDERS;")]
    [InlineData("Drop the table raw.shop.payments", "Write", "/home/dev/project/cleanup/drop_payments.sql", "drop table if exists RAW.SHOP.PAYMENTS;")]
    [InlineData("Delete the cancelled orders", "Write", "/home/dev/project/changes/delete_cancelled_orders.sql", "delete from RAW.SHOP.ORDERS")]
    [InlineData("Give the reporting role access to the marts", "Write", "/home/dev/project/changes/grant_reader.sql", "to role READER;")]
    [InlineData("Run git status", "Bash", "git status", "")]
    [InlineData("Change models/daily.sql so that it is faster", "Read", "/home/dev/project/models/daily.sql", "")]
    [InlineData("Run the SQL drop table ANALYTICS.STAGING.STG_ORDERS;", "mcp__editorbridge__execute_sql", "drop table ANALYTICS.STAGING.STG_ORDERS", "")]
    [InlineData("Query how many orders there are", "mcp__editorbridge__execute_sql", "from RAW.SHOP.ORDERS", "")]
    public async Task Wish_becomes_a_plausible_call(string prompt, string tool, string first, string second)
    {
        var call = await CallAsync(InProject(prompt));
        Assert.Equal(tool, call.GetProperty("name").GetString());
        var values = call.GetProperty("input").EnumerateObject().Select(field => field.Value.GetString()!).ToList();
        Assert.Contains(values, value => value.Contains(first, StringComparison.Ordinal));
        Assert.Contains(values, value => value.Contains(second, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(false, "File created successfully", "is saved successfully")]
    [InlineData(true, "Rejected by alice: use a view", "Rejected by alice: use a view")]
    public async Task Outcome_of_a_call_is_told(bool isError, string result, string expected)
    {
        var body = InProject("Create a model of payments");
        var first = await sandbox.AnswerAsync(body);
        var id = first.GetProperty("content")[1].GetProperty("id").GetString()!;
        ScriptTests.Continue(body, first, ScriptTests.Result(id, result, isError), new JsonObject
        {
            ["type"] = "text", ["text"] = "<system-reminder>create a table and drop the schema</system-reminder>",
        });

        Assert.Contains(expected, ScriptTests.Text(await sandbox.AnswerAsync(body)));
    }

    [Fact]
    public async Task Change_of_a_file_reads_it_and_then_edits_its_first_line()
    {
        var body = InProject("Fix models/daily.sql");
        var first = await sandbox.AnswerAsync(body);
        ScriptTests.Continue(body, first, ScriptTests.Result(
            first.GetProperty("content")[1].GetProperty("id").GetString()!, "     1\t\n     2\tselect 1 as one\n     3\tfrom t"));

        var edit = await CallAsync(body);
        Assert.Equal("Edit", edit.GetProperty("name").GetString());
        Assert.Equal("select 1 as one", edit.GetProperty("input").GetProperty("old_string").GetString());
    }

    [Theory]
    [InlineData("hello")]
    [InlineData("What can you do?")]
    [InlineData("Explain the weather")]
    public async Task Talk_is_answered_with_what_this_is_and_how_to_reach_a_real_account(string prompt)
    {
        var text = ScriptTests.Text(await sandbox.AnswerAsync(InProject(prompt)));
        Assert.Contains("sandbox model", text);
        Assert.Contains("npm start -- --account", text);
    }

    private async Task<JsonElement> CallAsync(JsonObject body) => (await sandbox.AnswerAsync(body)).GetProperty("content")
        .EnumerateArray().Single(block => block.GetProperty("type").GetString() == "tool_use");

    private static JsonObject InProject(string prompt) => SandboxFixture.Ask(prompt, body =>
    {
        ScriptTests.WithTools("Write", "Edit", "Read", "Bash", "mcp__editorbridge__execute_sql")(body);
        body["messages"]![0]!["content"] = new JsonArray(
            new JsonObject { ["type"] = "text", ["text"] = "<system-reminder>\n# Environment\n - Primary working directory: /home/dev/project\n - Is a git repository: false\n</system-reminder>" },
            new JsonObject { ["type"] = "text", ["text"] = prompt });
    });
}
