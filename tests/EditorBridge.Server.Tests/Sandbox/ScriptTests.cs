using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>The script language: what stands in the prompt is what comes out, turn by turn.</summary>
public sealed class ScriptTests(SandboxFixture sandbox) : IClassFixture<SandboxFixture>
{
    private const string Odd = """{"file_path":"/p/café 😀.sql","content":"select 'ß→😀' as \"x\";\n"}""";

    [Fact]
    public async Task Turns_are_taken_one_assistant_message_at_a_time()
    {
        var script = """
            Do it.
            ```sandbox
            [[{"text":"first"},{"tool":"A","input":{"n":1},"id":"toolu_1"},{"tool":"B","input":{},"id":"toolu_2"}],
             {"text":"second"}]
            ```
            """;
        var body = SandboxFixture.Ask(script, WithTools("A", "B"));

        var first = await sandbox.AnswerAsync(body);
        Assert.Equal("tool_use", first.GetProperty("stop_reason").GetString());
        Assert.Equal(["text", "tool_use", "tool_use"], Types(first));

        Continue(body, first, Result("toolu_2", "b"), Result("toolu_1", "a"));
        var second = await sandbox.AnswerAsync(body);
        Assert.Equal("second", Text(second));

        Continue(body, second, new JsonObject { ["type"] = "text", ["text"] = "<system-reminder>sandbox: [{\"text\":\"no\"}]</system-reminder>" });
        Assert.Contains("finished: 2 turns", Text(await sandbox.AnswerAsync(body)));
    }

    [Fact]
    public async Task New_prompt_after_a_script_is_what_counts()
    {
        var body = SandboxFixture.Ask("""sandbox: [{"text":"a"}]""");
        var first = await sandbox.AnswerAsync(body);
        Continue(body, first, new JsonObject { ["type"] = "text", ["text"] = """sandbox: [{"text":"b"}]""" });

        Assert.Equal("b", Text(await sandbox.AnswerAsync(body)));
    }

    [Theory]
    [MemberData(nameof(Splits))]
    public async Task Streamed_input_is_the_scripted_text_at_every_chunk_size(int chunk, bool escape, int bytes)
    {
        var script = $$$"""sandbox: [{"blocks":[{"tool":"Write","input":{{{Odd}}}}],"chunk":{{{chunk}}},"escape":{{{(escape ? "true" : "false")}}},"bytes":{{{bytes}}}}]""";
        var events = await sandbox.StreamAsync(SandboxFixture.Ask(script, WithTools("Write")));

        var json = string.Concat(events
            .Where(item => Type(item) == "content_block_delta")
            .Select(item => item.GetProperty("delta").GetProperty("partial_json").GetString()));
        Assert.Equal(escape, json.Contains("\\ud83d\\ude00", StringComparison.Ordinal));
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(Odd), JsonNode.Parse(json)), json);
    }

    public static TheoryData<int, bool, int> Splits
    {
        get
        {
            var data = new TheoryData<int, bool, int>();
            for (var chunk = 1; chunk <= Odd.Length + 1; chunk += 3)
            {
                data.Add(chunk, chunk % 2 == 0, 0);
            }

            data.Add(5, false, 1);
            data.Add(1, true, 3);
            return data;
        }
    }

    [Fact]
    public async Task Stream_follows_the_grammar_of_the_messages_api()
    {
        var events = await sandbox.StreamAsync(SandboxFixture.Ask(
            """sandbox: [[{"thinking":"so"},{"text":"ok"},{"tool":"A","input":{}}]]""", WithTools("A")));

        Assert.Equal(
            ["message_start", "ping", "content_block_start 0", "content_block_delta 0", "content_block_delta 0", "content_block_stop 0",
             "content_block_start 1", "content_block_delta 1", "content_block_stop 1",
             "content_block_start 2", "content_block_delta 2", "content_block_delta 2", "content_block_stop 2", "message_delta", "message_stop"],
            events.Select(item => item.TryGetProperty("index", out var index) ? $"{Type(item)} {index}" : Type(item)));
        Assert.StartsWith("msg_bdrk_", events[0].GetProperty("message").GetProperty("id").GetString());
        Assert.StartsWith("toolu_bdrk_", events[9].GetProperty("content_block").GetProperty("id").GetString());
        Assert.Equal("tool_use", events[^2].GetProperty("delta").GetProperty("stop_reason").GetString());
    }

    [Fact]
    public async Task Thinking_comes_back_only_with_the_text_it_was_signed_for()
    {
        var body = SandboxFixture.Ask("""sandbox: [[{"thinking":"so"},{"text":"ok"}],{"text":"again"}]""");
        var first = await sandbox.AnswerAsync(body);
        Continue(body, first, new JsonObject { ["type"] = "text", ["text"] = "<system-reminder>go on</system-reminder>" });
        Assert.Equal("again", Text(await sandbox.AnswerAsync(body)));

        body["messages"]![1]!["content"]![0]!["thinking"] = "so.";
        using var refused = await sandbox.Client.SendAsync(SandboxFixture.Post(SandboxFixture.Messages, body.ToJsonString()));
        Assert.Contains("Invalid `signature`", await refused.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Events_a_script_gives_go_out_as_they_stand()
    {
        const string Script = """sandbox: [{"events":[{"event":"message_start","data":{"type":"message_start","message":{}}},{"event":"odd","data":"not json"},{"data":{"a":1}}]}]""";
        using var response = await sandbox.Client.SendAsync(SandboxFixture.Post(
            SandboxFixture.Messages, SandboxFixture.Ask(Script, body => body["stream"] = true).ToJsonString()));
        Assert.Equal(
            "event: message_start\ndata: {\"type\":\"message_start\",\"message\":{}}\n\nevent: odd\ndata: not json\n\ndata: {\"a\":1}\n\n",
            await response.Content.ReadAsStringAsync());
    }

    [Theory]
    [InlineData("crlf", "\r\n\r\n")]
    [InlineData("cr", "\r\r")]
    [InlineData("comments", ": keep-alive\n\nevent:message_start\ndata:{")]
    [InlineData("multi-line", "data: {\"type\":\"message_start\",\ndata: \"message\"")]
    [InlineData("unknown-events", "event: sandbox_unknown")]
    public async Task Framing_is_spelt_as_asked(string framing, string expected)
    {
        using var response = await sandbox.Client.SendAsync(SandboxFixture.Post(
            SandboxFixture.Messages, SandboxFixture.Ask($$"""sandbox: [{"text":"a","framing":"{{framing}}"}]""", body => body["stream"] = true).ToJsonString()));
        Assert.Contains(expected, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Redacted_thinking_goes_out_and_comes_back()
    {
        var body = SandboxFixture.Ask("""sandbox: [[{"redacted":"b3BhcXVl"},{"text":"ok"}],{"text":"again"}]""");
        var first = await sandbox.AnswerAsync(body);
        Assert.Equal("b3BhcXVl", first.GetProperty("content")[0].GetProperty("data").GetString());
        Continue(body, first, new JsonObject { ["type"] = "text", ["text"] = "<system-reminder>go on</system-reminder>" });
        Assert.Equal("again", Text(await sandbox.AnswerAsync(body)));
    }

    [Fact]
    public async Task Call_is_not_made_in_a_request_without_tools()
    {
        var answer = await sandbox.AnswerAsync(SandboxFixture.Ask("""sandbox: [{"tool":"Write","input":{}}]"""));
        Assert.Equal("end_turn", answer.GetProperty("stop_reason").GetString());
        Assert.Contains("offers no tools", Text(answer));
    }

    [Fact]
    public async Task Structured_output_fits_the_schema()
    {
        var answer = await sandbox.AnswerAsync(SandboxFixture.Ask("name this", body => body["output_config"] = JsonNode.Parse(
            """{"format":{"type":"json_schema","schema":{"type":"object","properties":{"title":{"type":"string"},"kind":{"enum":["a","b"]}},"additionalProperties":false}}}""")));
        Assert.Equal("""{"title":"name this","kind":"a"}""", Text(answer));
    }

    [Theory]
    [InlineData("""sandbox: [{"oops":1}]""", "cannot be read")]
    [InlineData("""sandbox: [{"text":"a"}""", "cannot be read")]
    [InlineData("""sandbox: [{"text":"a","framing":"x"}]""", "unknown framing")]
    public async Task Bad_script_says_what_is_wrong(string prompt, string expected) =>
        Assert.Contains(expected, Text(await sandbox.AnswerAsync(SandboxFixture.Ask(prompt))));

    [Fact]
    public async Task Limits_of_the_request_cut_the_turn()
    {
        var cut = await sandbox.AnswerAsync(SandboxFixture.Ask("""sandbox: [{"text":"0123456789"}]""", body => body["max_tokens"] = 2));
        Assert.Equal(("01234567", "max_tokens"), (Text(cut), cut.GetProperty("stop_reason").GetString()));

        var stopped = await sandbox.AnswerAsync(SandboxFixture.Ask("""sandbox: [{"text":"one END two"}]""", body => body["stop_sequences"] = new JsonArray("END")));
        Assert.Equal(("one ", "stop_sequence", "END"),
            (Text(stopped), stopped.GetProperty("stop_reason").GetString(), stopped.GetProperty("stop_sequence").GetString()));
    }

    [Fact]
    public async Task Prefix_is_written_once_then_read_until_its_lifetime_ends()
    {
        var body = SandboxFixture.Ask("hello", body => body["system"] = JsonNode.Parse(
            """[{"type":"text","text":"a stable prefix of the prompt cache test","cache_control":{"type":"ephemeral"}}]"""));

        Assert.Equal((2, 10, 0), Cache(await sandbox.AnswerAsync(body)));
        Assert.Equal((2, 0, 10), Cache(await sandbox.AnswerAsync(body)));
        sandbox.Clock.Advance(TimeSpan.FromMinutes(4));
        Assert.Equal((2, 0, 10), Cache(await sandbox.AnswerAsync(body)));
        sandbox.Clock.Advance(TimeSpan.FromMinutes(6));
        Assert.Equal((2, 10, 0), Cache(await sandbox.AnswerAsync(body)));
    }

    [Fact]
    public async Task Usage_a_script_dictates_is_reported()
    {
        var answer = await sandbox.AnswerAsync(SandboxFixture.Ask(
            """sandbox: [{"text":"a","usage":{"input":7,"cache_creation":8,"cache_read":9,"output":10}}]"""));
        Assert.Equal((7, 8, 9), Cache(answer));
        Assert.Equal(10, answer.GetProperty("usage").GetProperty("output_tokens").GetInt32());
    }

    internal static Action<JsonObject> WithTools(params string[] names) => body => body["tools"] = new JsonArray([.. names.Select(name =>
        new JsonObject { ["name"] = name, ["input_schema"] = new JsonObject { ["type"] = "object" } })]);

    internal static void Continue(JsonObject body, JsonElement answer, params JsonNode[] userBlocks)
    {
        var messages = body["messages"]!.AsArray();
        messages.Add(new JsonObject { ["role"] = "assistant", ["content"] = JsonNode.Parse(answer.GetProperty("content").GetRawText()) });
        messages.Add(new JsonObject { ["role"] = "user", ["content"] = new JsonArray(userBlocks) });
    }

    internal static JsonObject Result(string id, string text, bool isError = false)
    {
        var block = new JsonObject { ["type"] = "tool_result", ["tool_use_id"] = id, ["content"] = text };
        if (isError)
        {
            block["is_error"] = true;
        }

        return block;
    }

    internal static string Text(JsonElement answer) => answer.GetProperty("content").EnumerateArray()
        .First(block => Type(block) == "text").GetProperty("text").GetString()!;

    private static (int Input, int Creation, int Read) Cache(JsonElement answer)
    {
        var usage = answer.GetProperty("usage");
        return (usage.GetProperty("input_tokens").GetInt32(), usage.GetProperty("cache_creation_input_tokens").GetInt32(),
            usage.GetProperty("cache_read_input_tokens").GetInt32());
    }

    private static IEnumerable<string?> Types(JsonElement answer) => answer.GetProperty("content").EnumerateArray().Select(Type);

    private static string? Type(JsonElement item) => item.GetProperty("type").GetString();
}
