using System.Text;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>Requests in other dialects, member for member.</summary>
public sealed class UpstreamRequestTests
{
    private const string LongName = "mcp__a_server_with_a_long_name__a_tool_with_an_even_longer_name_than_that";

    [Fact]
    public void Claude_speaks_messages_and_others_chat()
    {
        Assert.Equal(UpstreamDialect.Messages, Prepare("""{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}]}""").Dialect);
        Assert.Equal(UpstreamDialect.ChatCompletions, Prepare("""{"model":"openai-gpt-5","max_tokens":9,"messages":[{"role":"user","content":"a"}]}""").Dialect);
        Assert.Equal(UpstreamDialect.InferenceComplete, Prepare("""{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}]}""", legacy: true).Dialect);
    }

    [Fact]
    public void Conversation_with_parallel_calls_becomes_tool_messages_in_call_order() => Check(
        """
        {"model":"openai-gpt-5","max_tokens":200000,"stream":true,"system":[{"type":"text","text":"one"},{"type":"text","text":"two"}],
         "tools":[{"name":"LONG","description":"d","input_schema":{"type":"object"}}],"tool_choice":{"type":"any","disable_parallel_tool_use":true},
         "stop_sequences":["1","2","3","4","5"],"output_config":{"effort":"max","format":{"type":"json_schema","schema":{"type":"object"}}},
         "messages":[{"role":"user","content":"go"},
          {"role":"assistant","content":[{"type":"thinking","thinking":"t","signature":"s"},{"type":"text","text":"I will."},{"type":"tool_use","id":"t1","name":"LONG","input":{"a":1}},{"type":"tool_use","id":"t 2","name":"LONG","input":{}},{"type":"tool_use","id":"t3","name":"LONG","input":{}}]},
          {"role":"user","content":[{"type":"tool_result","tool_use_id":"t 2","is_error":true,"content":"bad"},{"type":"tool_result","tool_use_id":"t1","content":[{"type":"text","text":"fine"},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},{"type":"tool_result","tool_use_id":"unknown","content":"x"},{"type":"text","text":"and?"}]}]}
        """,
        """
        {"model":"openai-gpt-5","max_completion_tokens":131072,"stream":true,"stream_options":{"include_usage":true},
         "tools":[{"type":"function","function":{"name":"SHORT","description":"d","parameters":{"type":"object"}}}],"tool_choice":"required","parallel_tool_calls":false,
         "stop":["1","2","3","4"],"reasoning_effort":"high","response_format":{"type":"json_schema","json_schema":{"name":"answer","strict":true,"schema":{"type":"object"}}},
         "messages":[{"role":"system","content":"one\n\ntwo"},{"role":"user","content":"go"},
          {"role":"assistant","content":"I will.","tool_calls":[{"id":"t1","type":"function","function":{"name":"SHORT","arguments":"{\"a\":1}"}},{"id":"CALL2","type":"function","function":{"name":"SHORT","arguments":"{}"}},{"id":"t3","type":"function","function":{"name":"SHORT","arguments":"{}"}}]},
          {"role":"tool","tool_call_id":"t1","content":"fine"},{"role":"tool","tool_call_id":"CALL2","content":"ERROR: bad"},{"role":"tool","tool_call_id":"t3","content":"ERROR: The call was interrupted and has no result."},
          {"role":"user","content":[{"type":"text","text":"and?"},{"type":"image_url","image_url":{"url":"data:image/png;base64,AAAA"}}]}]}
        """);

    [Fact]
    public void Legacy_request_alternates_and_ends_with_the_user() => Check(
        """
        {"model":"claude-sonnet-4-6","max_tokens":50,"temperature":0.5,"system":"s","tools":[{"name":"A","input_schema":{},"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"tool","name":"A"},
         "messages":[{"role":"user","content":"a"},{"role":"user","content":[{"type":"text","text":"b","cache_control":{"type":"ephemeral"}},{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}]},
          {"role":"assistant","content":[{"type":"tool_use","id":"t","name":"A","input":{"x":1}}]},{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","is_error":true,"content":"no"}]},{"role":"assistant","content":"then"}]}
        """,
        """
        {"model":"claude-sonnet-4-6","max_tokens":50,"stream":false,"temperature":0.5,
         "tools":[{"tool_spec":{"type":"generic","name":"A","input_schema":{}},"cache_control":{"type":"ephemeral"}}],"tool_choice":{"type":"tool","name":["A"]},
         "messages":[{"role":"system","content_list":[{"type":"text","text":"s"}]},
          {"role":"user","content_list":[{"type":"text","text":"a"},{"type":"text","text":"b","cache_control":{"type":"ephemeral"}},{"type":"image","details":{"type":"base64","content":"AAAA","content_type":"image/png"}}]},
          {"role":"assistant","content_list":[{"type":"tool_use","tool_use":{"tool_use_id":"t","name":"A","input":{"x":1}}}]},
          {"role":"user","content_list":[{"type":"tool_results","tool_results":{"tool_use_id":"t","name":"A","content":[{"type":"text","text":"ERROR: no"}]}}]},
          {"role":"assistant","content_list":[{"type":"text","text":"then"}]},
          {"role":"user","content_list":[{"type":"text","text":"Continue from where you stopped."}]}]}
        """, legacy: true);

    /// <summary>What a dialect has no place for leaves the request and is told, never silently.</summary>
    [Theory]
    [InlineData("openai-gpt-5", false, "xhigh", "\"reasoning_effort\":\"high\"", "")]
    [InlineData("llama3.1-70b", false, "low", "\"max_completion_tokens\":9", "stop_sequences output_config.effort output_config.format top_k")]
    [InlineData("claude-sonnet-4-6", true, "low", "\"response_format\":{\"type\":\"json\"", "stop_sequences output_config.effort tool_choice.disable_parallel_tool_use thinking redacted_thinking")]
    public void Part_a_dialect_does_not_know_is_taken_out_and_told(string model, bool legacy, string effort, string sent, string removed)
    {
        var tools = model.StartsWith("llama", StringComparison.Ordinal) ? "" : """ "tools":[{"name":"A","input_schema":{"type":"object"}}],"tool_choice":{"type":"auto","disable_parallel_tool_use":true},""";
        var prepared = Prepare(
            "{\"model\":\"" + model + "\",\"max_tokens\":9," + tools + (legacy ? "\"thinking\":{\"type\":\"adaptive\"}," : "\"top_k\":5,")
            + "\"stop_sequences\":[\"1\"],\"output_config\":{\"effort\":\"" + effort + "\",\"format\":{\"type\":\"json_schema\",\"schema\":{\"type\":\"object\",\"additionalProperties\":false}}},"
            + """ "messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"redacted_thinking","data":"c2VjcmV0"},{"type":"text","text":"b"}]},{"role":"user","content":"c"}]}""", legacy);

        Assert.Contains(sent, Text(prepared), StringComparison.Ordinal);
        Assert.DoesNotContain("c2VjcmV0", Text(prepared), StringComparison.Ordinal);
        Assert.All(removed.Split(' ', StringSplitOptions.RemoveEmptyEntries), what => Assert.Contains(prepared.Removals, removal => removal.What == what));
    }

    [Theory]
    [InlineData(4, false)]
    [InlineData(5, true)]
    public void Stop_sequences_beyond_what_the_dialect_takes_are_left_out_and_told(int count, bool told)
    {
        var stops = string.Join(',', Enumerable.Range(1, count).Select(i => $"\"s{i}\""));
        var prepared = Prepare("{\"model\":\"openai-gpt-5\",\"max_tokens\":9,\"stop_sequences\":[" + stops + "]," + """ "messages":[{"role":"user","content":"a"}]}""");

        Assert.Contains(""" "stop":["s1","s2","s3","s4"] """.Trim(), Text(prepared), StringComparison.Ordinal);
        var removal = prepared.Removals.SingleOrDefault(r => r.What == "stop_sequences beyond 4");
        Assert.Equal(told, removal is not null);
        // The same list is the ledger's and the answer's header.
        Assert.Equal(told, Removals.Header(prepared.Removals).Contains("UnsupportedField=stop_sequences", StringComparison.Ordinal));
    }

    [Fact]
    public void Whole_answer_whose_text_stands_in_its_list_only_keeps_it()
    {
        var request = Prepare("""{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":"a"}]}""", legacy: true);
        var message = ForeignAnswer.Whole(request, "msg_1", Encoding.UTF8.GetBytes("""{"choices":[{"message":{"content":"","content_list":[{"type":"text","text":"here"},{"type":"tool_use","tool_use":{"tool_use_id":"t1","name":"A","input":{"x":1}}}]}}],"usage":{"prompt_tokens":5,"completion_tokens":2}}"""))!;
        Assert.Contains("""{"type":"text","text":"here"},{"type":"tool_use","id":"t1","name":"A","input":{"x":1}}""", Encoding.UTF8.GetString(message), StringComparison.Ordinal);
    }

    [Fact]
    public void Forbidden_tools_are_not_shown_to_a_dialect_that_cannot_forbid_them() => Assert.DoesNotContain(
        "tools", Text(Prepare("""{"model":"claude-sonnet-4-6","max_tokens":9,"tools":[{"name":"A","input_schema":{}}],"tool_choice":{"type":"none"},"messages":[{"role":"user","content":"a"}]}""", legacy: true)), StringComparison.Ordinal);

    [Fact]
    public void Tools_for_a_model_without_any_are_refused_with_the_way_out()
    {
        var request = Vectors.Request("""{"model":"llama3.1-70b","max_tokens":9,"tools":[{"name":"A","input_schema":{}}],"messages":[{"role":"user","content":"a"}]}""");
        Assert.False(UpstreamRequest.TryPrepare(request, new(null, []), SanitizerRules.Default, legacy: false, out _, out var error));
        Assert.Contains("takes no tools", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Long_tool_names_lead_back_to_the_client_own()
    {
        var prepared = Prepare("""{"model":"openai-gpt-5","max_tokens":9,"tools":[{"name":"LONG","input_schema":{}}],"messages":[{"role":"user","content":"a"}]}""".Replace("LONG", LongName, StringComparison.Ordinal));
        var sent = Assert.Single(prepared.ToolNames);
        Assert.Equal(LongName, sent.Value);
        Assert.InRange(sent.Key.Length, 1, 64);
        var answer = new ForeignAnswer(prepared, "msg_1");
        Assert.Contains($"\"name\":\"{LongName}\"", Feed(answer, """{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","function":{"name":"SHORT","arguments":"{}"}}]}}]}""".Replace("SHORT", sent.Key, StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    [Fact]
    public void Interleaved_calls_late_names_and_narration_give_blocks_that_never_overlap()
    {
        var answer = new ForeignAnswer(Prepare("""{"model":"openai-gpt-5","max_tokens":99,"stream":true,"messages":[{"role":"user","content":"a"}]}"""), "msg_1");
        var stream = string.Concat(
            Feed(answer, """{"choices":[{"delta":{"role":"","content":"Hm."}}]}"""),
            Feed(answer, """{"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c0"}]}}]}"""),
            Feed(answer, """{"choices":[{"delta":{"tool_calls":[{"index":1,"id":"c1","function":{"name":"B","arguments":"{\"b\":"}}]}}]}"""),
            Feed(answer, """{"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"name":"A","arguments":"{\"a\":"}}]}}]}"""),
            Feed(answer, """{"choices":[{"delta":{"tool_calls":[{"index":1,"function":{"arguments":"2}"}},{"index":0,"function":{"arguments":"1}"}}]}}]}"""),
            Feed(answer, """{"choices":[{"delta":{"content":" Done."},"finish_reason":"stop"}]}"""),
            Feed(answer, """{"choices":[],"usage":{"prompt_tokens":100,"completion_tokens":7,"prompt_tokens_details":{"cached_tokens":40}}}"""),
            Feed(answer, "[DONE]"), Encoding.UTF8.GetString(answer.End()));
        Assert.Equal(
            ["0 text Hm.", "1 tool_use A {\"a\":1}", "2 tool_use B {\"b\":2}", "3 text  Done.", "tool_use", "60/40/7"], Blocks(stream));
    }

    [Fact]
    public void Answer_cut_by_the_limit_says_so_although_the_dialect_does_not()
    {
        var answer = new ForeignAnswer(Prepare("""{"model":"llama3.1-70b","max_tokens":5,"stream":true,"messages":[{"role":"user","content":"a"}]}"""), "msg_1");
        Feed(answer, """{"choices":[{"delta":{"content":"x"}}],"usage":{"prompt_tokens":1,"completion_tokens":5}}""");
        Assert.Contains("\"stop_reason\":\"max_tokens\"", Encoding.UTF8.GetString(answer.End()), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"error":{"message":"boom","code":"500"}}""")]
    [InlineData("not json")]
    [InlineData("""{"choices":[{"delta":{"content":"half"}}]}""")]
    public void Stream_without_an_ending_ends_with_an_error_and_never_with_end_turn(string last)
    {
        var answer = new ForeignAnswer(Prepare("""{"model":"openai-gpt-5","max_tokens":99,"stream":true,"messages":[{"role":"user","content":"a"}]}"""), "msg_1");
        var stream = Feed(answer, """{"choices":[{"delta":{"content":"so "}}]}""") + Feed(answer, last) + Encoding.UTF8.GetString(answer.End());
        Assert.Contains("event: error", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("end_turn", stream, StringComparison.Ordinal);
    }

    private static void Check(string client, string expected, bool legacy = false)
    {
        static string Named(string json) => json.Replace("LONG", LongName, StringComparison.Ordinal)
            .Replace("SHORT", ToolNaming.Short(LongName), StringComparison.Ordinal).Replace("CALL2", ToolNaming.CallId("t 2"), StringComparison.Ordinal);
        using var wanted = JsonDocument.Parse(Named(expected));
        using var made = JsonDocument.Parse(Prepare(Named(client), legacy).Body);
        Assert.Equal(JsonSerializer.Serialize(wanted), JsonSerializer.Serialize(made));
    }

    private static UpstreamRequest Prepare(string json, bool legacy = false) =>
        UpstreamRequest.TryPrepare(Vectors.Request(json), new(null, ["effort-2025-11-24"]), SanitizerRules.Default, legacy, out var prepared, out var error) ? prepared : throw new Xunit.Sdk.XunitException(error.Message);

    private static string Text(UpstreamRequest request) => Encoding.UTF8.GetString(request.Body.Span);

    private static string Feed(ForeignAnswer answer, string data) =>
        Encoding.UTF8.GetString(answer.Read(new SseFrame(default, default, Encoding.UTF8.GetBytes(data), IsComplete: true)));

    /// <summary>The stream's blocks, its stop reason and usage; fails when blocks overlap or indices jump.</summary>
    private static List<string> Blocks(string stream)
    {
        var reader = new SseReader();
        reader.Append(Encoding.UTF8.GetBytes(stream));
        var found = new List<string>();
        var open = -1;
        while (reader.Read(out var frame) == SseReadResult.Frame)
        {
            var read = SseEvent.Read(frame, withText: true);
            switch (read.Kind)
            {
                case SseEventKind.BlockStart:
                    Assert.Equal(-1, open);
                    Assert.Equal(found.Count, read.Index);
                    open = read.Index;
                    found.Add($"{read.Index} {read.BlockType} {(read.ToolName is { } name ? $"{name} " : "")}");
                    break;
                case SseEventKind.BlockDelta:
                    Assert.Equal(open, read.Index);
                    found[^1] += read.Text ?? read.PartialJson;
                    break;
                case SseEventKind.BlockStop:
                    Assert.Equal(open, read.Index);
                    open = -1;
                    break;
                case SseEventKind.MessageDelta:
                    found.Add(read.StopReason!);
                    found.Add($"{read.Usage.Input}/{read.Usage.CacheRead}/{read.Usage.Output}");
                    break;
            }
        }
        Assert.Equal(-1, open);
        return found;
    }
}
