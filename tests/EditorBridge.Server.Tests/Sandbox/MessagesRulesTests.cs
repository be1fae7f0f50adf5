using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>What the account refuses, each with its place in the body named.</summary>
public sealed class MessagesRulesTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    public static TheoryData<string, string> Refused => new()
    {
        { """{"betas":["x"]}""", "betas: Extra inputs are not permitted" },
        { """{"service_tier":"auto"}""", "service_tier" },
        { """{"context_management":{"edits":[]}}""", "context_management: Extra inputs are not permitted" },
        { """{"speed":"fast"}""", "speed: Extra inputs" },
        { """{"safeguards":[]}""", "safeguards: Extra inputs" },
        { """{"max_tokens":0}""", "max_tokens" },
        { """{"model":"claude-sonnet-4-6-20260101"}""", "unknown model claude-sonnet-4-6-20260101" },
        { """{"model":"claude-sonnet-4-6[1m]"}""", "unknown model" },
        { """{"model":"llama3.1-70b"}""", "unknown model" },
        { """{"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","ttl":"1h"}}]}""", "system.0.text.cache_control.ephemeral.ttl" },
        { """{"system":[{"type":"text","text":"a","cache_control":{"type":"ephemeral","scope":"global"}}]}""", "cache_control.ephemeral.scope" },
        { """{"system":[{"type":"text","text":""}]}""", "text content blocks must be non-empty" },
        { """{"messages":[{"role":"user","content":[]}]}""", "non-empty content" },
        { """{"messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}""", "messages.1.role: Input should be 'user' or 'assistant'" },
        { """{"messages":[{"role":"user","content":"a","output_config":{}}]}""", "messages.0.output_config" },
        { """{"messages":[{"role":"assistant","content":"a"}]}""", "first message must use the \"user\" role" },
        { """{"messages":[{"role":"user","content":[{"type":"document","source":{}}]}]}""", "'document'" },
        { """{"messages":[{"role":"user","content":[{"type":"image","source":{"type":"url","url":"http://x"}}]}]}""", "only base64" },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}],"tools":[{"name":"T","input_schema":{"type":"object"}}]}""", "`assistant` role in the final position when `tools` are used" },
        { """{"tools":[{"name":"T","input_schema":{"type":"object"},"eager_input_streaming":true}]}""", "tools.0.custom.eager_input_streaming" },
        { """{"tools":[{"name":"T","input_schema":{"type":"object"},"defer_loading":true}]}""", "tools.0.custom.defer_loading" },
        { """{"tools":[{"name":"T","input_schema":{"type":"object"},"strict":true}]}""", "tools.0.custom.strict" },
        { """{"tools":[{"type":"web_search_20250305","name":"web_search"}]}""", "web_search_20250305" },
        { """{"tools":[{"name":"bad name","input_schema":{"type":"object"}}]}""", "tools.0.custom.name" },
        { """{"tools":[{"name":"T","input_schema":{"type":"object"}},{"name":"T","input_schema":{"type":"object"}}]}""", "unique" },
        { """{"tools":[1]}""", "schema validation failed" },
        { """{"tool_choice":{"type":"auto"}}""", "tool_choice" },
        { """{"thinking":{"type":"enabled","budget_tokens":4096}}""", "`max_tokens` must be greater" },
        { """{"thinking":{"type":"enabled","budget_tokens":100}}""", "budget_tokens" },
        { """{"thinking":{"type":"adaptive","display":"updates"}}""", "thinking.adaptive.display" },
        { """{"thinking":{"type":"adaptive"},"temperature":0.5}""", "temperature" },
        { """{"model":"claude-opus-4-8","thinking":{"type":"enabled","budget_tokens":2000}}""", "thinking.type.adaptive" },
        { """{"model":"claude-sonnet-4-5","thinking":{"type":"adaptive"}}""", "adaptive thinking is not supported" },
        { """{"model":"claude-opus-4-8","temperature":1}""", "temperature" },
        { """{"model":"claude-sonnet-4-5","output_config":{"effort":"high"}}""", "effort" },
        { """{"output_config":{"effort":"xhigh"}}""", "output_config.effort" },
        { """{"output_config":{"format":{"type":"json_schema","schema":{"type":"object"}}}}""", "additionalProperties" },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"forged"}]},{"role":"user","content":"b"}]}""", "Invalid `signature`" },
        { """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"T","input":{}}]},{"role":"user","content":"b"}]}""", "without `tool_result` blocks immediately after: t1" },
        { """{"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t9","content":"x"}]}]}""", "unexpected `tool_use_id`" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Messages_outside_the_rules_are_refused_and_the_place_is_named(string change, string expected)
    {
        var body = SandboxFixture.Ask("hello", body =>
        {
            foreach (var (name, value) in JsonNode.Parse(change)!.AsObject())
            {
                body[name] = value?.DeepClone();
            }
        });
        await Check(SandboxFixture.Post(SandboxFixture.Messages, body.ToJsonString()), expected);
    }

    [Theory]
    [InlineData("claude-code-20250219", "claude-code-20250219")]
    [InlineData("context-management-2025-06-27, prompt-caching-scope-2026-01-05", "prompt-caching-scope-2026-01-05")]
    public async Task Beta_the_account_does_not_know_is_refused_by_name(string header, string expected)
    {
        var request = SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask("hello").ToJsonString());
        request.Headers.Add("anthropic-beta", header);
        await Check(request, $"Unexpected value(s) `{expected}`");
    }

    [Fact]
    public async Task Version_header_missing_is_refused()
    {
        var request = SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask("hello").ToJsonString());
        request.Headers.Remove("anthropic-version");
        await Check(request, "anthropic-version");
    }

    [Fact]
    public async Task Query_string_is_refused() =>
        await Check(SandboxFixture.Post(SandboxFixture.Messages + "?beta=true", SandboxFixture.Ask("hello").ToJsonString()), "?beta=true");

    [Fact]
    public async Task Breakpoints_beyond_four_are_refused() => await Check(
        SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask("hello", body => body["system"] = Repeat(5,
            """{"type":"text","text":"a","cache_control":{"type":"ephemeral"}}""")).ToJsonString()),
        "A maximum of 4 blocks with cache_control may be provided. Found 5.");

    [Fact]
    public async Task Images_beyond_twenty_are_refused() => await Check(
        SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask("hello", body => body["messages"]![0]!["content"] = Repeat(21,
            """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}""")).ToJsonString()),
        "too many images");

    [Fact]
    public async Task Body_beyond_twenty_mebibytes_is_refused() => await Check(
        SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask(new string('x', 20 * 1024 * 1024)).ToJsonString()), "20 MiB");

    [Fact]
    public async Task Fields_of_a_beta_pass_while_its_header_is_there()
    {
        var request = SandboxFixture.Post(SandboxFixture.Messages, SandboxFixture.Ask("hello", body =>
        {
            body["context_management"] = new JsonObject { ["edits"] = new JsonArray() };
            body["tools"] = JsonNode.Parse("""[{"name":"T","input_schema":{"type":"object"},"defer_loading":true,"input_examples":[]}]""");
        }).ToJsonString());
        request.Headers.Add("anthropic-beta", "context-management-2025-06-27,tool-search-tool-2025-10-19,tool-examples-2025-10-29");
        using var response = await sandbox.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    private static JsonArray Repeat(int count, string json) => [.. Enumerable.Range(0, count).Select(_ => JsonNode.Parse(json))];

    private async Task Check(HttpRequestMessage request, string expected)
    {
        using var response = await sandbox.Client.SendAsync(request);
        var error = JsonElement.Parse(await response.Content.ReadAsStringAsync());

        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, error.GetProperty("message").GetString());
        Assert.Equal(response.Headers.GetValues("X-Snowflake-Request-ID").Single(), error.GetProperty("request_id").GetString());
        Assert.Equal("1", response.Headers.GetValues("X-EditorBridge-Sandbox").Single());
    }
}
