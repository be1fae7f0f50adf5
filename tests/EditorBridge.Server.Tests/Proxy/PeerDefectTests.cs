using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Cli;
using EditorBridge.Guard;
using EditorBridge.Launching;
using EditorBridge.Messages;
using EditorBridge.Review;
using EditorBridge.Sandbox;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;
using EditorBridge.Server.Tests.Ledger;
using EditorBridge.Snowflake;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>
/// What a well-known proxy from Claude Code to Cortex gets wrong, one test each, in the order of the table in docs/proxy.md: here it goes right, seen through the whole host wherever
/// it can be.
/// </summary>
public sealed class PeerDefectTests(ImpatientHost fixture) : IClassFixture<ImpatientHost>
{
    private const string Said = """sandbox: [{"text":"Fine."}]""";
    private readonly HostFixture _host = fixture.Host;

    [Fact]
    public async Task D01_port_asks_for_a_token_and_refuses_web_pages_and_foreign_names()
    {
        using var nobody = _host.Client(null);
        using var known = _host.Client(Client.Claude);
        using var page = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = HostFixture.Json(Body(Said)) };
        page.Headers.Add("Origin", "https://example.com");
        using var rebound = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = HostFixture.Json(Body(Said)) };
        rebound.Headers.Host = "rebound.example.com";

        Assert.Equal(HttpStatusCode.Unauthorized, (await nobody.PostAsync("/v1/messages", HostFixture.Json(Body(Said)))).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await known.SendAsync(page)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await known.SendAsync(rebound)).StatusCode);
    }

    [Fact]
    public async Task D02_answer_to_a_question_without_a_stream_is_whole()
    {
        var (_, answer) = await AskAsync(Body("""sandbox: [{"blocks":[{"text":"One."},{"text":"Two."}]}]"""));
        Assert.Equal(["One.", "Two."], answer["content"]!.AsArray().Select(block => (string)block!["text"]!));
    }

    [Fact]
    public async Task D03_breakpoint_on_a_single_text_block_reaches_the_account()
    {
        var marker = Marker();
        var body = Body("");
        body["messages"]![0]!["content"] = JsonNode.Parse($$$"""[{"type":"text","text":"{{{marker}}}","cache_control":{"type":"ephemeral"}}]""");
        await AskAsync(body);
        Assert.Equal("ephemeral", (string)(await SentAsync(marker))["messages"]![0]!["content"]![0]!["cache_control"]!["type"]!);
    }

    [Fact]
    public async Task D04_error_in_the_middle_of_a_stream_is_an_error_and_not_an_end()
    {
        var stream = await StreamAsync(Body($"scenario: mid-stream-error-snowflake\n{Marker()}"));
        Assert.Contains("event: error", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("end_turn", stream, StringComparison.Ordinal);
    }

    [Fact]
    public async Task D05_stream_without_an_end_is_told_as_broken_and_a_cut_answer_as_cut()
    {
        var broken = await StreamAsync(Body($"scenario: no-message-stop\n{Marker()}"));
        Assert.Contains("ended in the middle", broken, StringComparison.Ordinal);
        Assert.DoesNotContain("stop_reason\":\"end_turn", broken, StringComparison.Ordinal);
        var cut = Legacy("""{"choices":[{"delta":{"type":"text","content":"x","text":"x"}}],"usage":{"prompt_tokens":3,"completion_tokens":5}}""", maxTokens: 5);
        Assert.Contains("\"stop_reason\":\"max_tokens\"", cut, StringComparison.Ordinal);
    }

    [Fact]
    public async Task D06_all_four_kinds_of_tokens_are_told_and_the_prompts_already_at_the_start()
    {
        var prompt = $"{Said}\n{Marker()} {new string('x', 4000)}";
        JsonObject Cached()
        {
            var body = Body("");
            body["messages"]![0]!["content"] = new JsonArray(new JsonObject { ["type"] = "text", ["text"] = prompt, ["cache_control"] = new JsonObject { ["type"] = "ephemeral" } });
            return body;
        }

        var first = StreamScript.Read(await StreamAsync(Cached()));
        var second = StreamScript.Read(await StreamAsync(Cached()));
        Assert.True(first[0].Usage.Prompt > 500 && first[0].Usage.CacheCreation > 500, $"{first[0].Usage}");
        Assert.True(second[0].Usage.CacheRead > 500, $"{second[0].Usage}");
        Assert.True(first.Last(e => e.Kind == SseEventKind.MessageDelta).Usage.Output > 0);
    }

    [Fact]
    public async Task D07_forbidden_tools_stay_forbidden()
    {
        var marker = Marker();
        var body = WithTool(Body($"{Said}\n{marker}"));
        body["tool_choice"] = new JsonObject { ["type"] = "none" };
        await AskAsync(body);
        Assert.Equal("none", (string)(await SentAsync(marker))["tool_choice"]!["type"]!);
        Assert.True(UpstreamRequest.TryPrepare(Parsed(body), new(null, []), SanitizerRules.Default, legacy: true, out var legacy, out _));
        Assert.DoesNotContain("tool_spec", Encoding.UTF8.GetString(legacy.Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task D08_failed_tool_result_stays_a_failure_and_structure_stays_json()
    {
        var marker = Marker();
        await AskAsync(AfterTool(marker, """{"type":"tool_result","tool_use_id":"toolu_1","is_error":true,"content":[{"type":"text","text":"{\"rows\":[1]}"}]}"""));
        var result = (await SentAsync(marker))["messages"]![2]!["content"]![0]!;
        Assert.True((bool)result["is_error"]!);
        Assert.Equal("""{"rows":[1]}""", (string)result["content"]![0]!["text"]!);
    }

    [Fact]
    public async Task D09_image_reaches_each_path_in_its_own_shape()
    {
        const string image = """[{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw0KGgo="}},{"type":"text","text":"What is this? MARKER"}]""";
        var marker = Marker();
        var body = Body("");
        body["messages"]![0]!["content"] = JsonNode.Parse(image.Replace("MARKER", marker, StringComparison.Ordinal));
        await AskAsync(body);
        Assert.Equal("iVBORw0KGgo=", (string)(await SentAsync(marker))["messages"]![0]!["content"]![0]!["source"]!["data"]!);
        Assert.True(UpstreamRequest.TryPrepare(Parsed(body), new(null, []), SanitizerRules.Default, legacy: true, out var legacy, out _));
        Assert.Contains("\"details\":{\"type\":\"base64\",\"content\":\"iVBORw0KGgo=\",\"content_type\":\"image/png\"", Encoding.UTF8.GetString(legacy.Body.Span), StringComparison.Ordinal);
    }

    [Fact]
    public async Task D10_thinking_effort_and_stop_sequences_arrive_and_thinking_comes_back_signed()
    {
        var marker = Marker();
        var body = Body("""sandbox: [{"blocks":[{"thinking":"Let me see."},{"text":"Yes."}]}]""" + "\n" + marker);
        body["thinking"] = new JsonObject { ["type"] = "adaptive" };
        body["output_config"] = new JsonObject { ["effort"] = "high" };
        body["stop_sequences"] = new JsonArray("END");
        var (_, answer) = await AskAsync(body);
        var sent = await SentAsync(marker);
        Assert.Equal(("adaptive", "high", "END"), ((string)sent["thinking"]!["type"]!, (string)sent["output_config"]!["effort"]!, (string)sent["stop_sequences"]![0]!));
        Assert.Equal(("Let me see.", true), ((string)answer["content"]![0]!["thinking"]!, ((string)answer["content"]![0]!["signature"]!).Length > 0));
    }

    [Fact]
    public async Task D11_server_tool_and_tool_without_a_name_are_a_clear_400()
    {
        var server = Body(Said);
        server["tools"] = JsonNode.Parse("""[{"type":"web_search_20250305","name":"web_search"}]""");
        var nameless = Body(Said);
        nameless["tools"] = JsonNode.Parse("""[{"input_schema":{"type":"object"}}]""");
        foreach (var body in (JsonObject[])[server, nameless])
        {
            var (response, answer) = await AskAsync(body);
            Assert.Equal((HttpStatusCode.BadRequest, "invalid_request_error"), (response.StatusCode, (string)answer["error"]!["type"]!));
            Assert.Contains("tool", (string)answer["error"]!["message"]!, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task D12_message_that_held_nothing_but_unsigned_thinking_leaves_no_empty_message()
    {
        var body = Body(Said);
        var marker = Marker();
        body["messages"] = JsonNode.Parse($$"""[{"role":"user","content":"Hello"},{"role":"assistant","content":[{"type":"thinking","thinking":"hm","signature":""}]},{"role":"user","content":"{{marker}}"}]""");
        var (response, _) = await AskAsync(body);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.DoesNotContain((await SentAsync(marker))["messages"]!.AsArray(), message => message!["content"] is JsonArray { Count: 0 });
    }

    [Fact]
    public async Task D13_failure_keeps_its_kind_so_that_a_client_can_act_on_it()
    {
        foreach (var (scenario, status) in ((string, int)[])[("429", 429), ("402", 429), ("403-role", 403), ("context-exceeded", 400), ("503", 529)])
        {
            var (response, _) = await AskAsync(Body($"scenario: {scenario}\n{Marker()}"));
            Assert.Equal(status, (int)response.StatusCode);
        }
    }

    [Fact]
    public async Task D14_expired_session_inside_a_200_is_a_failed_sign_in_and_no_empty_answer()
    {
        var (response, answer) = await AskAsync(Body($"scenario: 390112-200\n{Marker()}"));
        Assert.Equal((HttpStatusCode.Unauthorized, "authentication_error"), (response.StatusCode, (string)answer["error"]!["type"]!));
    }

    [Fact]
    public async Task D15_many_requests_with_an_ended_token_renew_it_once()
    {
        var clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
        var renewals = 0;
        using var credential = new CountingCredential(clock, () => Interlocked.Increment(ref renewals));
        var first = await credential.GetAsync(default);
        clock.Advance(TimeSpan.FromHours(2));
        var tokens = await Task.WhenAll(Enumerable.Range(0, 20).Select(_ => credential.GetAsync(default).AsTask()));
        Assert.NotSame(first, Assert.Single(tokens.Distinct()));
        Assert.Equal(2, renewals);
    }

    [Fact]
    public async Task D16_pings_of_a_thinking_account_reach_the_client()
    {
        await using var host = new HostFixture(null, new SandboxOptions { SlowGap = TimeSpan.FromMilliseconds(10) });
        await host.InitializeAsync();
        using var http = host.Client(Client.Claude);
        var body = Body($"scenario: slow\n{Marker()}");
        body["stream"] = true;
        using var response = await http.PostAsync("/v1/messages", HostFixture.Json(body));
        var events = StreamScript.Read(await response.Content.ReadAsStringAsync());
        Assert.True(events.FindIndex(e => e.Kind == SseEventKind.BlockStart) < events.FindLastIndex(e => e.Kind == SseEventKind.Ping));
    }

    [Fact]
    public async Task D17_tokens_are_counted_and_models_come_from_the_account_in_anthropics_shape()
    {
        using var http = _host.Client(Client.Claude);
        using var counted = await http.PostAsync("/v1/messages/count_tokens", HostFixture.Json(Body("Hello there")));
        var list = JsonNode.Parse(await http.GetStringAsync("/v1/models"))!;
        var one = JsonNode.Parse(await http.GetStringAsync("/v1/models/claude-sonnet-4-6"))!;
        Assert.True((long)JsonNode.Parse(await counted.Content.ReadAsStringAsync())!["input_tokens"]! > 0);
        Assert.Equal(("model", "claude-sonnet-4-6"), ((string)one["type"]!, (string)one["id"]!));
        Assert.True(list["data"]!.AsArray().Count >= 20 && list["has_more"] is not null && list["first_id"] is not null);
    }

    [Fact]
    public void D18_connection_may_name_role_warehouse_key_pair_and_a_private_host()
    {
        var home = Directory.CreateTempSubdirectory("eb-peer-");
        try
        {
            Directory.CreateDirectory(Path.Combine(home.FullName, ".snowflake"));
            var file = Path.Combine(home.FullName, ".snowflake", "connections.toml");
            File.WriteAllText(file, "[work]\naccount = \"myorg-my_account.privatelink\"\nuser = \"ANN\"\nauthenticator = \"SNOWFLAKE_JWT\"\nprivate_key_file = \"/keys/ann.p8\"\nrole = \"ANALYST\"\nwarehouse = \"WH\"\n");
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            var profile = SnowflakeAccounts.Load(new ProfileSearch(new Dictionary<string, string>(), home.FullName)).Choose("work");
            Assert.Equal(("ANALYST", "WH", SignInKind.KeyPair), (profile.Role, profile.Warehouse, profile.SignIn));
            Assert.EndsWith(".privatelink.snowflakecomputing.com", profile.Account.BaseAddress.Host, StringComparison.Ordinal);
        }
        finally
        {
            home.Delete(recursive: true);
        }
    }

    [Fact]
    public async Task D19_token_is_taken_from_a_private_file_and_never_from_the_command_line()
    {
        var file = Path.Combine(_host.State.Path, "shared.pat");
        await File.WriteAllTextAsync(file, "secret");
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.OtherRead);
            await Assert.ThrowsAsync<SignInException>(() => ProgrammaticAccessToken.FromFile(file).GetAsync(default).AsTask());
        }

        Assert.DoesNotContain(ServeCommand.Build().Options, option => option.Name is "--token" or "--pat" or "--password");
    }

    [Fact]
    public void D20_clients_own_arguments_stay_its_own_and_hooks_and_mcp_stay_on()
    {
        var settings = ClaudeSession.Settings("http://127.0.0.1:4000", hooked: true, JsonNode.Parse("""{"model":"opus","hooks":{"Stop":[{"hooks":[]}]}}""")!.AsObject());
        Assert.Equal("opus", (string)settings["model"]!);
        Assert.NotNull(settings["hooks"]!["Stop"]);
        Assert.NotNull(settings["hooks"]!["PreToolUse"]);
        Assert.False((bool)settings["disableAllHooks"]!);
        Assert.NotNull(ClaudeSession.McpServers("http://127.0.0.1:4000", "/p")["mcpServers"]!["editorbridge"]);
        Assert.DoesNotContain("--bare", File.ReadAllText(Path.Combine(SourceTree.Root, "src/EditorBridge.Server/Cli/ClaudeCommand.cs")), StringComparison.Ordinal);
    }

    [Fact]
    public void D21_variables_of_other_providers_do_not_reach_the_client()
    {
        string[] others = ["ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY", "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL"];
        Assert.Empty(others.Except(ClaudeSession.Removed));
        Assert.Empty(others.Intersect(ClaudeSession.Environment("http://127.0.0.1:4000", "token", null, "mcp", null).Keys));
    }

    [Fact]
    public void D22_underscore_in_an_account_becomes_a_host_that_has_a_certificate()
    {
        Assert.True(SnowflakeHosts.TryDerive("myorg-my_account", out var host, out _));
        Assert.Equal("myorg-my-account.snowflakecomputing.com", host);
    }

    [Fact]
    public async Task D23_two_hosts_run_side_by_side()
    {
        await using var second = new HostFixture();
        await second.InitializeAsync();
        using var http = second.Client(Client.Claude);
        Assert.NotEqual(_host.Address.Port, second.Address.Port);
        Assert.Equal(HttpStatusCode.OK, (await http.PostAsync("/v1/messages", HostFixture.Json(Body(Said)))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await AskAsync(Body(Said))).Response.StatusCode);
    }

    [Fact]
    public async Task D24_malformed_body_is_a_400_that_says_where()
    {
        using var http = _host.Client(Client.Claude);
        using var response = await http.PostAsync("/v1/messages", new StringContent("{\"model\":", Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_request_error", (string)JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!["type"]!);
    }

    [Fact]
    public async Task D25_client_that_leaves_ends_the_accounts_work()
    {
        using var leaving = new CancellationTokenSource();
        using var http = _host.Client(Client.Claude);
        var body = Body($"scenario: silent\n{Marker()}");
        body["stream"] = true;
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages") { Content = HostFixture.Json(body) };
        var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, leaving.Token);
        var upstream = response.Headers.GetValues("x-snowflake-request-id").Single();
        await leaving.CancelAsync();
        response.Dispose();

        // No clock of ours stands between: the account sees its connection close.
        await _host.Account.Received.WhenAbortedAsync(upstream).WaitAsync(TestLimits.Signal);
    }

    [Fact]
    public async Task D26_request_and_call_are_on_record_and_a_dangerous_call_waits_for_a_person()
    {
        var asking = AskAsync(WithTool(Body($$$"""sandbox: [{"tool":"Write","input":{"file_path":"/nowhere/{{{Marker()}}}.sql","content":"drop table raw.orders;"}}]""")));
        var item = await _host.Desk.NextAsync(review => review.Tool == "Write");
        await _host.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        var (response, answer) = await asking;
        Assert.Equal("end_turn", (string)answer["stop_reason"]!);
        Assert.Equal([EntryKind.MessageIntent, EntryKind.MessageOutcome], (await _host.EntriesAsync(response.Headers.GetValues("request-id").Single())).Select(entry => entry.Draft.Kind));
        Assert.Contains(await _host.EntriesAsync(item.CallId), entry => entry.Draft.Kind == EntryKind.ReviewVerdict);
    }

    [Fact]
    public void D27_nothing_claims_that_inference_runs_in_the_accounts_region()
    {
        var texts = Directory.EnumerateFiles(Path.Combine(SourceTree.Root, "docs"), "*.md").Append(Path.Combine(SourceTree.Root, "README.md")).Select(File.ReadAllText).ToArray();
        Assert.DoesNotContain(texts, text => text.Contains("in your account's region", StringComparison.OrdinalIgnoreCase));
        Assert.Contains(texts, text => text.Contains("cross-region", StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task D28_tools_for_a_model_that_has_none_are_refused_with_the_way_out()
    {
        var (response, answer) = await AskAsync(WithTool(Body(Said, "llama3.1-70b")));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains("openai-", (string)answer["error"]!["message"]!, StringComparison.Ordinal);
    }

    [Fact]
    public void D29_text_after_a_finish_reason_gets_an_index_of_its_own()
    {
        var stream = Legacy(
            """{"choices":[{"delta":{"type":"text","content":"a","text":"a"},"finish_reason":"stop"}]}""",
            """{"choices":[{"delta":{"type":"tool_use","tool_use_id":"t1","name":"Read"}}]}""",
            """{"choices":[{"delta":{"type":"tool_use","input":"{}"}}]}""",
            """{"choices":[{"delta":{"type":"text","content":"b","text":"b"}}],"usage":{"prompt_tokens":3,"completion_tokens":2}}""");
        var starts = StreamScript.Read(stream).Where(e => e.Kind == SseEventKind.BlockStart).Select(e => e.Index).ToArray();
        Assert.Equal([0, 1, 2], starts);
        Assert.Equal(starts, StreamScript.Read(stream).Where(e => e.Kind == SseEventKind.BlockStop).Select(e => e.Index));
    }

    [Fact]
    public void Each_defect_of_the_table_has_its_test_here()
    {
        var page = File.ReadAllText(Path.Combine(SourceTree.Root, "docs/proxy.md"));
        var tests = typeof(PeerDefectTests).GetMethods().Select(method => method.Name).Where(name => name.StartsWith('D')).ToArray();
        Assert.Equal(29, tests.Length);
        Assert.All(tests, name => Assert.Contains($"`{name}`", page, StringComparison.Ordinal));
    }

    private async Task<(HttpResponseMessage Response, JsonNode Answer)> AskAsync(JsonObject body)
    {
        using var http = _host.Client(Client.Claude);
        var response = await http.PostAsync("/v1/messages", HostFixture.Json(body));
        return (response, JsonNode.Parse(await response.Content.ReadAsStringAsync())!);
    }

    private async Task<string> StreamAsync(JsonObject body)
    {
        body["stream"] = true;
        using var http = _host.Client(Client.Claude);
        using var response = await http.PostAsync("/v1/messages", HostFixture.Json(body));
        return await response.Content.ReadAsStringAsync();
    }

    /// <summary>The body with this text in it as the account got it.</summary>
    private async Task<JsonNode> SentAsync(string marker) => JsonNode.Parse((string)Assert.Single(await _host.ReceivedAsync(marker))["body"]!)!;

    /// <summary>An answer on the older path, told as a Messages stream.</summary>
    private static string Legacy(params string[] frames) => Legacy(frames, 99);

    private static string Legacy(string frame, int maxTokens) => Legacy([frame], maxTokens);

    private static string Legacy(string[] frames, int maxTokens)
    {
        Assert.True(UpstreamRequest.TryPrepare(Parsed(Body("a", maxTokens: maxTokens)), new(null, []), SanitizerRules.Default, legacy: true, out var prepared, out _));
        var answer = new ForeignAnswer(prepared, "msg_1");
        return string.Concat(frames.Select(frame => Encoding.UTF8.GetString(answer.Read(new SseFrame(default, default, Encoding.UTF8.GetBytes(frame), IsComplete: true))))) + Encoding.UTF8.GetString(answer.End());
    }

    private static MessagesRequest Parsed(JsonObject body)
    {
        Assert.True(MessagesRequest.TryParse(Encoding.UTF8.GetBytes(body.ToJsonString()), out var request, out _));
        return request;
    }

    private static string Marker() => "peer-" + Guid.NewGuid().ToString("N");

    private static JsonObject Body(string prompt, string model = "claude-sonnet-4-6", int maxTokens = 1000) => new()
    {
        ["model"] = model,
        ["max_tokens"] = maxTokens,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
    };

    private static JsonObject WithTool(JsonObject body)
    {
        body["tools"] = JsonNode.Parse("""[{"name":"Write","description":"writes","input_schema":{"type":"object"}}]""");
        return body;
    }

    private static JsonObject AfterTool(string marker, string result)
    {
        var body = WithTool(Body(""));
        body["messages"] = JsonNode.Parse($$$"""[{"role":"user","content":"Go"},{"role":"assistant","content":[{"type":"tool_use","id":"toolu_1","name":"Write","input":{}}]},{"role":"user","content":[{{{result}}},{"type":"text","text":"{{{marker}}}"}]}]""");
        return body;
    }

    /// <summary>A credential whose token lives an hour and whose renewals are counted.</summary>
    private sealed class CountingCredential : RenewingCredential
    {
        private readonly TimeProvider _clock;
        private readonly Action _renewed;

        public CountingCredential(TimeProvider clock, Action renewed) : base(clock, NullLogger.Instance) => (_clock, _renewed) = (clock, renewed);

        public override string Description => "counted";

        public override TokenKind Kind => TokenKind.OAuth;

        private protected override async Task<Fetched> FetchAsync(bool force, CancellationToken cancellationToken)
        {
            _renewed();
            await Task.Yield();
            return new Fetched(new AccessToken(Guid.NewGuid().ToString("N"), TokenKind.OAuth, _clock.GetUtcNow().AddHours(1)), _clock.GetUtcNow().AddMinutes(48));
        }
    }
}
