using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>The other dialects of inference, each with the quirks it has on Cortex.</summary>
public sealed class DialectTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string Chat = "/api/v2/cortex/v1/chat/completions";
    private const string Native = "/api/v2/cortex/inference:complete";
    private const string Gateway = "/api/v2/aigateways/SNOWFLAKE/v1";
    private const string CallScript = """sandbox: [[{"text":"on it"},{"tool":"get_weather","input":{"city":"México"},"id":"toolu_bdrk_01x"}],{"text":"sunny"}]""";

    public static TheoryData<string, string, string> Refused => new()
    {
        { Chat, """{"model":"claude-sonnet-4-6","max_tokens":5}""", "max_completion_tokens" },
        { Chat, """{"model":"openai-gpt-5","store":true}""", "store is not supported" },
        { Chat, """{"model":"llama3.1-70b","service_tier":"auto"}""", "service_tier" },
        { Chat, """{"model":"llama3.1-70b","tools":[{"type":"function","function":{"name":"t"}}]}""", "tools are not supported" },
        { Chat, """{"model":"llama3.1-70b","messages":[{"role":"tool","tool_call_id":"x","content":"y"}]}""", "role 'tool' is not supported" },
        { Chat, """{"model":"claude-sonnet-4-6","messages":[{"role":"developer","content":"y"}]}""", "role 'developer'" },
        { Chat, """{"model":"claude-sonnet-4-6","reasoning":{"max_tokens":2000}}""", "temperature" },
        { Chat, """{"model":"claude-sonnet-4-6","response_format":{"type":"json_object"}}""", "json_schema" },
        { Chat, """{"model":"llama3.1-70b","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"data:image/png;base64,AA"}}]}]}""", "image_url is not supported" },
        { Chat, """{"model":"openai-gpt-5","messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"https://x/y.png"}}]}]}""", "data URL" },
        { Chat, """{"model":"openai-gpt-5","messages":[{"role":"tool","tool_call_id":"x","content":"y"}]}""", "answers no tool call" },
        { Chat, """{"model":"openai-gpt-5","thinking":{}}""", "unknown field thinking" },
        { Chat, """{"model":"gpt-5"}""", "unknown model gpt-5" },
        { Gateway + "/chat/completions", """{"model":"claude-sonnet-4-6"}""", "unknown model claude-sonnet-4-6" },
        { Native, """{"model":"claude-sonnet-4-6","top_k":3}""", "unknown field top_k" },
        { Native, """{"model":"claude-sonnet-4-6","tool_choice":{"type":"any"}}""", "tool_choice" },
        { Native, """{"model":"claude-sonnet-4-6","messages":[{"role":"user","content":"a"},{"role":"user","content":"b"}]}""", "roles must alternate" },
        { Native, """{"model":"claude-sonnet-4-6","messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""", "last message" },
        { Native, """{"model":"claude-sonnet-4-6","messages":[{"role":"user","content":"a"},{"role":"system","content":"b"}]}""", "system must be the first" },
        { Native, """{"model":"claude-sonnet-4-6","messages":[{"role":"user","content_list":[{"type":"tool_results","tool_results":{"tool_use_id":"a"}}]}]}""", "tool_results.name" },
        { "/api/v2/cortex/inference:embed", """{"model":"x","text":["a"]}""", "unknown model" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Body_outside_the_dialect_is_refused(string path, string change, string expected)
    {
        var body = JsonNode.Parse(change)!.AsObject();
        if (!body.ContainsKey("messages") && !body.ContainsKey("text"))
        {
            body["messages"] = JsonNode.Parse("""[{"role":"user","content":"hello"}]""");
        }

        using var response = await sandbox.Client.SendAsync(SandboxFixture.Post(path, body.ToJsonString()));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(expected, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Chat_with_claude_hides_the_finish_reason_and_sums_the_cache()
    {
        var answer = await PostAsync(Chat, ChatBody("claude-sonnet-4-6", """sandbox: [{"text":"a","usage":{"input":1,"cache_creation":2,"cache_read":4,"output":8}}]"""));
        var usage = answer.GetProperty("usage");

        Assert.Equal(("", "", "claude-sonnet-4-6"), (
            answer.GetProperty("choices")[0].GetProperty("finish_reason").GetString(), answer.GetProperty("id").GetString(), answer.GetProperty("model").GetString()));
        Assert.Equal((7, 6, 8), (usage.GetProperty("prompt_tokens").GetInt32(),
            usage.GetProperty("prompt_tokens_details").GetProperty("cached_tokens").GetInt32(), usage.GetProperty("completion_tokens").GetInt32()));
    }

    [Theory]
    [InlineData("openai-gpt-5", "tool_calls", "")]
    [InlineData("claude-sonnet-4-6", "", "claude-sonnet-4-6")]
    public async Task Chat_tool_call_and_its_answer_go_round(string model, string finishReason, string modelEcho)
    {
        var body = ChatBody(model, CallScript);
        body["tools"] = JsonNode.Parse("""[{"type":"function","function":{"name":"get_weather","parameters":{"type":"object"}}}]""");
        var first = await PostAsync(Chat, body);
        var choice = first.GetProperty("choices")[0];
        Assert.Equal((finishReason, modelEcho), (choice.GetProperty("finish_reason").GetString(), first.GetProperty("model").GetString()));
        var call = choice.GetProperty("message").GetProperty("tool_calls")[0];
        Assert.Equal("""{"city":"México"}""", call.GetProperty("function").GetProperty("arguments").GetString());

        body["messages"]!.AsArray().Add(new JsonObject
        {
            ["role"] = "assistant", ["content"] = null, ["tool_calls"] = JsonNode.Parse($"[{call.GetRawText()}]"),
        });
        body["messages"]!.AsArray().Add(new JsonObject { ["role"] = "tool", ["tool_call_id"] = "toolu_bdrk_01x", ["content"] = "ok" });
        var second = await PostAsync(Chat, body);
        Assert.Equal("sunny", second.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Theory]
    [InlineData("claude-sonnet-4-6", null)]
    [InlineData("openai-gpt-5", "tool_calls")]
    [InlineData("openai-gpt-5", "stop", "hello")]
    public async Task Chat_stream_rebuilds_the_call_and_ends_with_done(string model, string? finishReason, string prompt = CallScript)
    {
        var body = ChatBody(model, prompt);
        body["stream"] = true;
        body["stream_options"] = new JsonObject { ["include_usage"] = true };
        body["tools"] = JsonNode.Parse("""[{"type":"function","function":{"name":"get_weather"}}]""");
        var text = await TextAsync(Chat, body);
        Assert.EndsWith("data: [DONE]\n\n", text);
        Assert.DoesNotContain("event:", text);

        var chunks = Data(text);
        var choices = chunks.SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray()).ToList();
        var reasons = choices.Where(choice => choice.TryGetProperty("finish_reason", out _)).Select(choice => choice.GetProperty("finish_reason").GetString());
        Assert.Equal(finishReason is null ? [] : [finishReason], reasons);
        Assert.True(chunks[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32() > 0);
        var calls = choices.Select(choice => choice.GetProperty("delta").GetProperty("tool_calls"))
            .Where(part => part.ValueKind == JsonValueKind.Array).Select(part => part[0].GetProperty("function").GetProperty("arguments").GetString());
        Assert.Equal(prompt == CallScript ? """{"city":"México"}""" : "", string.Concat(calls));
    }

    [Fact]
    public async Task Chat_reasoning_is_shown_with_its_signature()
    {
        var body = ChatBody("claude-sonnet-4-6", """sandbox: [[{"thinking":"so"},{"text":"a"}]]""");
        body["reasoning"] = new JsonObject { ["max_tokens"] = 2000 };
        body["temperature"] = 1;
        var details = (await PostAsync(Chat, body)).GetProperty("choices")[0].GetProperty("message").GetProperty("reasoning_details")[0];
        Assert.Equal(("so", "reasoning.text"), (details.GetProperty("text").GetString(), details.GetProperty("type").GetString()));
        Assert.NotEmpty(details.GetProperty("signature").GetString()!);
    }

    [Fact]
    public async Task Role_is_empty_in_every_chunk_of_its_scenario()
    {
        var body = ChatBody("claude-sonnet-4-6", "scenario: role-empty");
        body["stream"] = true;
        var roles = Data(await TextAsync(Chat, body)).SelectMany(chunk => chunk.GetProperty("choices").EnumerateArray())
            .Select(choice => choice.GetProperty("delta").GetProperty("role").GetString());
        Assert.All(roles, role => Assert.Equal("", role));
    }

    [Fact]
    public async Task Native_streams_by_default_and_its_input_chunks_carry_no_id()
    {
        var body = ChatBody("claude-sonnet-4-6", CallScript);
        body["tools"] = JsonNode.Parse("""[{"tool_spec":{"type":"generic","name":"get_weather","input_schema":{"type":"object"}}}]""");
        var text = await TextAsync(Native, body);
        Assert.DoesNotContain("[DONE]", text);

        var deltas = Data(text).Select(chunk => chunk.GetProperty("choices")[0].GetProperty("delta")).ToList();
        var declared = deltas.Single(delta => delta.TryGetProperty("tool_use_id", out _));
        Assert.Equal("get_weather", declared.GetProperty("name").GetString());
        Assert.Equal("""{"city":"México"}""", string.Concat(deltas.Select(delta => delta.TryGetProperty("input", out var input) ? input.GetString() : "")));
        Assert.True(Data(text)[^1].GetProperty("usage").GetProperty("total_tokens").GetInt32() > 0);
        Assert.Equal("{}", Data(text)[0].GetProperty("usage").GetRawText());
    }

    [Fact]
    public async Task Native_message_lists_its_content_and_takes_the_result_back()
    {
        var body = ChatBody("claude-sonnet-4-6", CallScript);
        body["stream"] = false;
        body["tools"] = JsonNode.Parse("""[{"tool_spec":{"type":"generic","name":"get_weather","input_schema":{"type":"object"}}}]""");
        var content = (await PostAsync(Native, body)).GetProperty("choices")[0].GetProperty("message").GetProperty("content_list");
        Assert.Equal("toolu_bdrk_01x", content[1].GetProperty("tool_use").GetProperty("tool_use_id").GetString());

        body["messages"]!.AsArray().Add(new JsonObject { ["role"] = "assistant", ["content_list"] = JsonNode.Parse(content.GetRawText()) });
        body["messages"]!.AsArray().Add(JsonNode.Parse(
            """{"role":"user","content_list":[{"type":"tool_results","tool_results":{"tool_use_id":"toolu_bdrk_01x","name":"get_weather","content":[{"type":"text","text":"ok"}]}}]}"""));
        Assert.Equal("sunny", (await PostAsync(Native, body)).GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task Embedding_is_nested_and_the_same_for_the_same_text()
    {
        var body = new JsonObject { ["model"] = "snowflake-arctic-embed-m-v1.5", ["text"] = new JsonArray("a", "b", "a") };
        var data = (await PostAsync("/api/v2/cortex/inference:embed", body)).GetProperty("data");
        Assert.Equal(768, data[0].GetProperty("embedding")[0].GetArrayLength());
        Assert.Equal(data[0].GetProperty("embedding").GetRawText(), data[2].GetProperty("embedding").GetRawText());
        Assert.NotEqual(data[0].GetProperty("embedding").GetRawText(), data[1].GetProperty("embedding").GetRawText());
    }

    [Fact]
    public async Task Gateway_speaks_messages_for_claude_and_takes_traces()
    {
        var answer = await PostAsync($"{Gateway}/messages", SandboxFixture.Ask("hello"));
        Assert.Equal("message", answer.GetProperty("type").GetString());
        Assert.Equal(JsonValueKind.Object, (await PostAsync("/api/v2/aigateways/SNOWFLAKE/telemetry/v1/traces", [])).ValueKind);
    }

    private static JsonObject ChatBody(string model, string prompt) => new()
    {
        ["model"] = model,
        ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
    };

    private static List<JsonElement> Data(string text) =>
        [.. text.Split('\n').Where(line => line.StartsWith("data: {", StringComparison.Ordinal)).Select(line => JsonElement.Parse(line[6..]))];

    private async Task<JsonElement> PostAsync(string path, JsonObject body) => JsonElement.Parse(await TextAsync(path, body));

    private async Task<string> TextAsync(string path, JsonObject body)
    {
        using var response = await sandbox.Client.SendAsync(SandboxFixture.Post(path, body.ToJsonString()));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }
}
