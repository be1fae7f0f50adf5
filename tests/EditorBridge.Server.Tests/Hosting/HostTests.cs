using System.Net;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Setup;
using EditorBridge.Snowflake;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Hosting;

/// <summary>The host as its clients meet it: real HTTP, a real ledger, the sandbox account behind it.</summary>
public sealed class HostTests(HostFixture host) : IClassFixture<HostFixture>
{
    [Theory]
    [InlineData("/v1/models", null)]
    [InlineData("/v1/models", Client.Hook)]
    [InlineData("/v1/models", Client.Portal)]
    [InlineData("/mcp", Client.Claude)]
    public async Task Route_without_its_own_token_is_refused(string path, object? client)
    {
        using var http = host.Client((Client?)client);
        using var response = path == "/mcp" ? await http.PostAsync(path, HostFixture.Json(new { })) : await http.GetAsync(path);

        Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
    }

    [Fact]
    public async Task Every_route_but_the_health_of_the_host_asks_for_a_token_before_it_reads_anything()
    {
        string[] open = ["/health", "/", "/api/hello"];
        var routes = host.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().ToArray();
        Assert.Equal(open.Order(), routes.Where(route => route.Metadata.GetMetadata<TokenRequired>() is null).Select(route => "/" + route.RoutePattern.RawText!.Trim('/')).Order());
        using var http = host.Client(null);
        foreach (var route in routes.Where(route => route.Metadata.GetMetadata<TokenRequired>() is not null))
        {
            foreach (var method in route.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods)
            {
                var path = System.Text.RegularExpressions.Regex.Replace("/" + route.RoutePattern.RawText!.Trim('/'), "{[^}]*}", "x");
                using var request = new HttpRequestMessage(new HttpMethod(method), path);
                if (method == "POST") request.Content = new StringContent("{ this is no JSON", System.Text.Encoding.UTF8, "application/json");
                using var response = await http.SendAsync(request);
                Assert.True(response.StatusCode == HttpStatusCode.Unauthorized, $"{method} {path} was answered with {(int)response.StatusCode} without a token.");
            }
        }
    }

    [Theory]
    [InlineData("Origin", "https://example.com")]
    [InlineData("Origin", "null")]
    [InlineData("Sec-Fetch-Site", "cross-site")]
    [InlineData("Host", "example.com")]
    [InlineData("Host", "127.0.0.1.example.com:4000")]
    public async Task Request_of_a_web_page_is_refused_whatever_its_token(string header, string value)
    {
        using var http = host.Client(Client.Claude);
        using var request = new HttpRequestMessage(HttpMethod.Get, "/v1/models");
        request.Headers.TryAddWithoutValidation(header, value);
        using var response = await http.SendAsync(request);

        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
    }

    [Fact]
    public async Task Message_leaves_an_intent_before_and_an_outcome_with_its_tokens_after()
    {
        using var http = host.Client(Client.Claude);
        using var response = await http.PostAsync("/v1/messages", Message("sandbox: [{\"text\":\"Fine.\"}]", stream: false));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        var entries = await host.EntriesAsync(response.Headers.GetValues("request-id").Single());

        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal("Fine.", answer["content"]![0]!["text"]!.GetValue<string>());
        Assert.Equal([EntryKind.MessageIntent, EntryKind.MessageOutcome], entries.Select(e => e.Draft.Kind));
        Assert.Equal(answer["usage"]!["output_tokens"]!.GetValue<long>(), entries[1].Draft.Facts!["outputTokens"]!.GetValue<long>());
        Assert.Equal("1", response.Headers.GetValues("x-editorbridge-sandbox").Single());
    }

    [Fact]
    public async Task Whole_answer_is_held_like_a_stream()
    {
        using var http = host.Client(Client.Claude);
        var asking = http.PostAsync("/v1/messages", Message("""sandbox: [{"tool":"Write","input":{"file_path":"/nowhere/a.sql","content":"drop table raw.orders;"}}]""", stream: false, "Write"));
        await host.AnswerAsync(GateFixture.Reject("not this one"));
        using var response = await asking;
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal("end_turn", answer["stop_reason"]!.GetValue<string>());
        Assert.DoesNotContain("tool_use", answer["content"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("not this one", answer["content"]!.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Session_whose_hook_was_passed_by_is_held_from_that_answer_on(bool failed)
    {
        const string prompt = """sandbox: [[{"tool":"Write","id":"toolu_silent","input":{"file_path":"/nowhere/a.sql","content":"drop table raw.a;"}}],[{"tool":"Write","input":{"file_path":"/nowhere/b.sql","content":"drop table raw.b;"}}]]""";
        var session = "session-silent-" + failed;
        await HookAsync("Read", new { file_path = "/nowhere/x" }, session: session);
        using var http = host.Client(Client.Claude);
        http.DefaultRequestHeaders.Add("x-claude-code-session-id", session);
        object question = new { role = "user", content = prompt };
        using var first = await http.PostAsync("/v1/messages", Conversation(question));
        var answer = JsonNode.Parse(await first.Content.ReadAsStringAsync())!;
        Assert.Equal("tool_use", answer["stop_reason"]!.GetValue<string>());

        object result = new { role = "user", content = new[] { new { type = "tool_result", tool_use_id = answer["content"]![0]!["id"]!.GetValue<string>(), content = "done", is_error = failed } } };
        var asking = http.PostAsync("/v1/messages", Conversation(question, new { role = "assistant", content = answer["content"] }, result));
        await host.AnswerAsync(GateFixture.Reject("held here"));
        using var second = await asking;

        Assert.Contains("held here", await second.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not json", HttpStatusCode.BadRequest)]
    [InlineData("{}", HttpStatusCode.BadRequest)]
    [InlineData("""{"model":"claude-sonnet-4-6","max_tokens":1,"messages":[{"role":"user","content":"x"}],"mcp_servers":[{"type":"url","name":"x","url":"https://example.com"}]}""", HttpStatusCode.BadRequest)]
    public async Task Bad_message_gets_an_error_a_client_can_read_and_nothing_is_sent(string body, HttpStatusCode expected)
    {
        using var http = host.Client(Client.Claude);
        using var response = await http.PostAsync("/v1/messages", new StringContent(body));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal(expected, response.StatusCode);
        Assert.Equal("invalid_request_error", answer["error"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public async Task Hook_has_no_opinion_on_what_policy_allows()
    {
        var answer = await HookAsync("Read", new { file_path = "/nowhere/a.sql" });

        Assert.Equal("{}", answer.ToJsonString());
    }

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("""{"hook_event_name":"PreToolUse"}""")]
    public async Task Hook_call_that_cannot_be_read_is_denied(string body)
    {
        using var http = host.Client(Client.Hook);
        using var response = await http.PostAsync("/hooks/claude", new StringContent(body));
        var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;

        Assert.Equal("deny", answer["hookSpecificOutput"]!["permissionDecision"]!.GetValue<string>());
    }

    [Fact]
    public async Task Edit_by_a_reviewer_reaches_the_hook_as_a_new_input_and_is_told()
    {
        var asking = HookAsync("Bash", new { command = "snow sql -q 'drop table raw.orders'" });
        await host.AnswerAsync(GateFixture.Edited("snow sql -q 'select 1'"));
        var decision = (await asking)["hookSpecificOutput"]!;

        Assert.Equal("allow", decision["permissionDecision"]!.GetValue<string>());
        Assert.Equal("snow sql -q 'select 1'", decision["updatedInput"]!["command"]!.GetValue<string>());
        Assert.Contains("changed this", decision["additionalContext"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mcp_query_runs_under_the_account_and_leaves_its_handle()
    {
        var answer = await host.McpAsync("tools/call", new { name = "execute_sql", arguments = new { sql = "select order_id from raw.shop.orders order by 1 limit 2;", max_rows = 5 } });
        var result = answer["result"]!;

        Assert.Null(result["isError"]);
        Assert.Equal(2, result["structuredContent"]!["total_rows"]!.GetValue<int>());
        Assert.NotNull(result["structuredContent"]!["statement_handle"]);
    }

    [Fact]
    public async Task Mcp_statement_that_changes_data_waits_and_a_rejection_is_a_result()
    {
        var asking = host.McpAsync("tools/call", new { name = "execute_sql", arguments = new { sql = "delete from raw.shop.orders" } });
        var item = await host.AnswerAsync(GateFixture.Reject("keep them"));
        var result = (await asking)["result"]!;

        Assert.True(result["isError"]!.GetValue<bool>());
        Assert.Contains("keep them", result["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal([EntryKind.ReviewOpened, EntryKind.ReviewVerdict, EntryKind.ActionRefused], (await host.EntriesAsync(item.CallId)).Select(e => e.Draft.Kind).Where(kind => kind != EntryKind.ReviewReach));
    }

    [Fact]
    public async Task Mcp_query_keeps_the_row_limit_and_the_explain_policy_asks_for()
    {
        using var policy = new WorkspacePolicy("""
            version: 1
            rules:
              - id: few-rows
                match: { tools: "mcp__editorbridge__execute_sql" }
                effect: review
                obligations: { row_limit: 3, explain_first: true }
            """);
        const string id = "toolu_limited";
        var input = new { sql = "select order_id from raw.shop.orders" };
        var hook = HookAsync("mcp__editorbridge__execute_sql", input, id, policy.Folder);
        await host.AnswerAsync(GateFixture.Approve());
        await hook;
        var result = (await host.McpAsync("tools/call", new { name = "execute_sql", arguments = input, _meta = new JsonObject { ["claudecode/toolUseId"] = id } }))["result"]!;

        Assert.Equal(3, result["structuredContent"]!["rows"]!.AsArray().Count);
        Assert.True(result["structuredContent"]!["truncated"]!.GetValue<bool>());
    }

    [Theory]
    [InlineData("Bash", "command", "snow sql -q 'select order_id from raw.shop.orders'")]
    [InlineData("mcp__snowflake__run_query", "query", "select order_id from raw.shop.orders")]
    public async Task Row_limit_that_another_program_would_have_to_keep_refuses_the_action(string tool, string property, string text)
    {
        using var policy = new WorkspacePolicy("""
            version: 1
            rules:
              - id: few-rows
                match: { classes: read }
                effect: review
                obligations: { row_limit: 3 }
            """);
        var answer = (await HookAsync(tool, new JsonObject { [property] = text }, folder: policy.Folder))["hookSpecificOutput"]!;

        Assert.Equal("deny", answer["permissionDecision"]!.GetValue<string>());
        Assert.Contains("at most 3 rows (rule few-rows)", answer["permissionDecisionReason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("execute_sql", answer["permissionDecisionReason"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("select 1; select 2", "2 statements")]
    [InlineData("-- nothing", "no statement")]
    public async Task Mcp_call_runs_one_statement_only(string sql, string reason)
    {
        var result = (await host.McpAsync("tools/call", new { name = "execute_sql", arguments = new { sql } }))["result"]!;

        Assert.True(result["isError"]!.GetValue<bool>());
        Assert.Contains(reason, result["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Mcp_call_that_the_hook_was_asked_about_is_not_asked_again()
    {
        const string id = "toolu_joined";
        var input = new { sql = "delete from analytics.staging.stg_orders where order_id = 1" };
        var hook = HookAsync("mcp__editorbridge__execute_sql", input, id);
        await host.AnswerAsync(GateFixture.Approve());
        await hook;

        var meta = new JsonObject { ["claudecode/toolUseId"] = id };
        var first = host.McpAsync("tools/call", new { name = "execute_sql", arguments = input, _meta = meta });
        Assert.Null((await first)["result"]!["isError"]);

        // The approval ran once: the same id again is a question of its own.
        var second = host.McpAsync("tools/call", new { name = "execute_sql", arguments = input, _meta = meta });
        await host.AnswerAsync(GateFixture.Reject("once"));
        Assert.True((await second)["result"]!["isError"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Gate_withstands_the_doctor()
    {
        using var proof = new GateProof(host.State, host.State.ReadHost()!);

        Assert.All(await proof.RunAsync(CancellationToken.None), finding => Assert.Equal(FindingLevel.Good, finding.Level));
    }

    private sealed class WorkspacePolicy : IDisposable
    {
        private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-policy-");

        public WorkspacePolicy(string yaml)
        {
            _folder.CreateSubdirectory(".editorbridge");
            File.WriteAllText(Path.Combine(Folder, ".editorbridge", "policy.yaml"), yaml);
        }

        public string Folder => _folder.FullName;

        public void Dispose() => _folder.Delete(recursive: true);
    }

    private async Task<JsonNode> HookAsync(string tool, object input, string? id = null, string? folder = null, string? session = null)
    {
        using var http = host.Client(Client.Hook);
        using var response = await http.PostAsync("/hooks/claude", HostFixture.Json(new
        {
            hook_event_name = "PreToolUse",
            session_id = session ?? "session-" + tool,
            tool_name = tool,
            tool_input = input,
            tool_use_id = id ?? "toolu_" + Guid.NewGuid().ToString("N"),
            cwd = folder ?? Path.GetTempPath(),
        }));
        return JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
    }

    private static StringContent Conversation(params object[] messages) => HostFixture.Json(new
    {
        model = "claude-sonnet-4-6",
        max_tokens = 500,
        messages,
        tools = new[] { new { name = "Write", input_schema = new { type = "object" } } },
    });

    private static StringContent Message(string prompt, bool stream, params string[] tools) => HostFixture.Json(new
    {
        model = "claude-sonnet-4-6",
        max_tokens = 500,
        stream,
        messages = new[] { new { role = "user", content = prompt } },
        tools = tools.Select(name => new { name, input_schema = new { type = "object" } }).ToArray(),
    });
}
