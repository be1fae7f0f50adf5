using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Mcp;
using EditorBridge.Review;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>A review at an MCP client that can ask its person: it can reject there, and never approve.</summary>
public sealed class ElicitedReviewTests(HostFixture host) : IClassFixture<HostFixture>
{
    private static readonly JsonObject Forms = new() { ["elicitation"] = new JsonObject { ["form"] = new JsonObject() } };
    private static readonly JsonObject Addresses = new() { ["elicitation"] = new JsonObject { ["form"] = new JsonObject(), ["url"] = new JsonObject() } };

    [Fact]
    public async Task Rejection_at_the_client_is_the_verdict_and_its_reason_reaches_the_model()
    {
        var (question, sql) = await AskAsync(Forms);
        var item = Pending(sql);
        Assert.Contains(item.Id, question["inputRequests"]!["review"]!["params"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);

        var result = await AnswerAsync(question, sql, """{"action":"accept","content":{"decision":"reject","reason":"Ask the owner first."}}""");

        Assert.True(result["result"]!["isError"]!.GetValue<bool>());
        Assert.Contains("Ask the owner first.", result.ToJsonString(), StringComparison.Ordinal);
        var verdict = (await host.EntriesAsync(item.CallId)).Single(entry => entry.Draft.Kind == EntryKind.ReviewVerdict);
        Assert.Equal(("rejected", "mcp"), (verdict.Draft.Result, verdict.Draft.Facts!["surface"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Declining_rejects()
    {
        var (question, sql) = await AskAsync(Forms);
        var result = await AnswerAsync(question, sql, """{"action":"decline"}""");

        Assert.Contains("Declined in the MCP client.", result.ToJsonString(), StringComparison.Ordinal);
    }

    /// <summary>The token of this door lies where an agent can read it: nothing that comes in with it approves, and a client that cancels by itself decides nothing.</summary>
    [Theory]
    [InlineData("""{"action":"accept","content":{"decision":"approve"}}""")]
    [InlineData("""{"action":"accept","content":{"decision":"elsewhere"}}""")]
    [InlineData("""{"action":"accept"}""")]
    [InlineData("""{"action":"cancel"}""")]
    [InlineData("""{"action":7,"content":[]}""")]
    public async Task Nothing_else_decides_and_the_call_waits_on(string answer)
    {
        var (question, sql) = await AskAsync(Forms);
        var item = Pending(sql);
        var waiting = AnswerAsync(question, sql, answer);
        var outcome = await host.Desk.GiveAsync(item.Id, GateFixture.Reject("by a person"));

        Assert.Equal(VerdictResult.Accepted, outcome.Result);
        Assert.Contains("by a person", (await waiting).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Approval_elsewhere_while_the_client_asks_lets_the_call_run_when_it_comes_back()
    {
        var (question, sql) = await AskAsync(Forms);
        await host.Desk.GiveAsync(Pending(sql).Id, GateFixture.Approve());
        var result = await AnswerAsync(question, sql, """{"action":"cancel"}""");

        Assert.True(result["result"]!["isError"]?.GetValue<bool>() != true, result.ToJsonString());
        Assert.Contains("approved this in EditorBridge", result.ToJsonString(), StringComparison.Ordinal);
    }

    /// <summary>The last look, just before the statement would be sent.</summary>
    [Fact]
    public async Task Approval_that_no_longer_fits_when_the_client_comes_back_runs_nothing()
    {
        var folder = Directory.CreateTempSubdirectory("editorbridge-elicited-");
        try
        {
            var (question, sql) = await AskAsync(Forms, folder.FullName);
            var item = Pending(sql);
            await host.Desk.GiveAsync(item.Id, GateFixture.Approve());
            // The admission is released by now, and waits for its client.
            await AdmittedAsync(item.CallId);
            Directory.CreateDirectory(Path.Combine(folder.FullName, ".editorbridge"));
            await File.WriteAllTextAsync(Path.Combine(folder.FullName, ".editorbridge", "policy.yaml"), "version: 1\nrules:\n  - id: no-deletes\n    description: Nothing is deleted here.\n    match: { classes: dml }\n    effect: deny\n");
            var result = await AnswerAsync(question, sql, """{"action":"cancel"}""", folder.FullName);

            Assert.True(result["result"]!["isError"]!.GetValue<bool>());
            Assert.Contains("since this was approved", result.ToJsonString(), StringComparison.Ordinal);
            // What the account was asked for the reviewer, the statement's plan among it, is no run.
            Assert.DoesNotContain(await host.ReceivedAsync(sql), sent => !sent["body"]!.GetValue<string>().Contains("reach", StringComparison.Ordinal));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Theory]
    [InlineData("another statement")]
    [InlineData("used twice")]
    [InlineData("made up")]
    public async Task Handle_is_good_for_its_own_call_once(string misuse)
    {
        var (question, sql) = await AskAsync(Forms);
        var item = Pending(sql);
        if (misuse == "used twice") await AnswerAsync(question, sql, """{"action":"decline"}""");
        if (misuse == "made up") question["requestState"] = "eb-review-00000000000000000000000000000000";
        var answer = await AnswerAsync(question, misuse == "another statement" ? Statement() : sql, """{"action":"decline"}""");

        Assert.Contains("requestState was not given for this request", answer["result"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(misuse != "used twice", host.Desk.Pending.Any(open => open.Id == item.Id));
        await host.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
    }

    [Fact]
    public async Task Client_that_opens_addresses_is_led_to_the_review_in_the_portal()
    {
        await host.RestartAsync(options => options with { PortalUrl = "http://127.0.0.1:4080/" });
        var (question, sql) = await AskAsync(Addresses);
        var item = Pending(sql);
        var asked = question["inputRequests"]!["review"]!["params"]!;

        Assert.Equal(("url", $"http://127.0.0.1:4080/reviews/{item.CallId}"), (asked["mode"]!.GetValue<string>(), asked["url"]!.GetValue<string>()));
        var waiting = AnswerAsync(question, sql, """{"action":"accept"}""");
        await host.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Contains("approved this in EditorBridge", (await waiting).ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Client_that_cannot_ask_is_held_as_before()
    {
        var sql = Statement();
        var asking = CallAsync(sql, capabilities: null);
        await host.Desk.GiveAsync((await OpenedAsync(sql)).Id, GateFixture.Reject("no"));

        Assert.True((await asking)["result"]!["isError"]!.GetValue<bool>());
    }

    /// <summary>A client of 2025-11-25 is asked by a request of ours on the call's own stream.</summary>
    [Theory]
    [InlineData("reject", true)]
    [InlineData("approve", false)]
    public async Task Client_of_the_session_era_is_asked_and_the_question_is_taken_back_when_somebody_decides_elsewhere(string decision, bool decides)
    {
        var asked = new TaskCompletionSource<ElicitRequestParams>(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var client = await SessionClientAsync(request =>
        {
            asked.TrySetResult(request);
            return new ElicitResult { Action = "accept", Content = new Dictionary<string, System.Text.Json.JsonElement> { ["decision"] = Json(decision), ["reason"] = Json("Seen in the client.") } };
        });
        var sql = Statement();
        var calling = client.CallToolAsync("execute_sql", new Dictionary<string, object?> { ["sql"] = sql }).AsTask();
        Assert.Contains("EditorBridge holds this", (await asked.Task.WaitAsync(TestLimits.Signal)).Message, StringComparison.Ordinal);
        if (!decides) await host.Desk.GiveAsync((await OpenedAsync(sql)).Id, GateFixture.Reject("Seen in the portal."));
        var result = await calling;

        Assert.True(result.IsError);
        Assert.Contains(decides ? "Seen in the client." : "Seen in the portal.", ((TextContentBlock)result.Content[0]).Text, StringComparison.Ordinal);
    }

    private static System.Text.Json.JsonElement Json(string text) => System.Text.Json.JsonSerializer.SerializeToElement(text);

    private async Task<McpClient> SessionClientAsync(Func<ElicitRequestParams, ElicitResult> answer)
    {
        var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = new Uri(host.Address, "/mcp"),
            AdditionalHeaders = new Dictionary<string, string> { ["Authorization"] = "Bearer " + ClientTokens.Of(host.State, Client.Mcp) },
        });
        return await McpClient.CreateAsync(transport, new McpClientOptions
        {
            ProtocolVersion = "2025-11-25",
            Capabilities = new ClientCapabilities { Elicitation = new ElicitationCapability() },
            Handlers = new McpClientHandlers { ElicitationHandler = (request, _) => ValueTask.FromResult(answer(request!)) },
        });
    }

    private static string Statement() => $"delete from analytics.staging.stg_orders where order_id = {Random.Shared.Next():D}";

    /// <summary>A statement of its own that a person must see, and the question the client got for it.</summary>
    private async Task<(JsonNode Question, string Sql)> AskAsync(JsonObject capabilities, string? workspace = null)
    {
        var sql = Statement();
        var answer = await CallAsync(sql, capabilities, workspace: workspace);
        var result = answer["result"] ?? throw new InvalidOperationException(answer.ToJsonString());
        Assert.Equal("input_required", result["resultType"]!.GetValue<string>());
        Assert.Equal("elicitation/create", result["inputRequests"]!["review"]!["method"]!.GetValue<string>());
        return (result, sql);
    }

    private Task<JsonNode> AnswerAsync(JsonNode question, string sql, string answer, string? workspace = null) =>
        CallAsync(sql, Forms, new JsonObject { ["requestState"] = question["requestState"]!.DeepClone(), ["inputResponses"] = new JsonObject { ["review"] = JsonNode.Parse(answer) } }, workspace);

    private async Task AdmittedAsync(string callId)
    {
        var waited = System.Diagnostics.Stopwatch.StartNew();
        while ((await host.EntriesAsync(callId)).All(entry => entry.Draft.Kind != EntryKind.ActionAdmitted)) Assert.True(waited.Elapsed < TestLimits.Signal, "The approval did not become an admission.");
    }

    private async Task<JsonNode> CallAsync(string sql, JsonObject? capabilities, JsonObject? more = null, string? workspace = null)
    {
        var parameters = more ?? [];
        parameters["name"] = "execute_sql";
        parameters["arguments"] = new JsonObject { ["sql"] = sql };
        using var http = host.Client(Client.Mcp);
        using var request = McpRequests.Post("tools/call", parameters, capabilities);
        if (workspace is not null) request.Headers.Add(McpDoor.WorkspaceHeader, Uri.EscapeDataString(workspace));
        using var response = await http.SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        return JsonNode.Parse(text.Split('\n').LastOrDefault(line => line.StartsWith("data: ", StringComparison.Ordinal))?[6..] ?? text)!;
    }

    private ReviewItem Pending(string sql) => Assert.Single(host.Desk.Pending, item => item.Input.Contains(sql, StringComparison.Ordinal));

    private Task<ReviewItem> OpenedAsync(string sql) => host.OpenedAsync(item => item.Input.Contains(sql, StringComparison.Ordinal));
}
