using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;

namespace EditorBridge.Messages;

/// <summary>What holds for every request: bytes are stable, prefixes grow, nothing throws.</summary>
public sealed class SanitizerTests
{
    private const string Betas = "claude-code-20250219,interleaved-thinking-2025-05-14,context-management-2025-06-27,per-turn-control-2026-07-01,mid-conversation-tool-changes-2026-07-01,effort-2025-11-24";

    [Fact]
    public void Equal_requests_give_equal_bytes() =>
        Assert.Equal(Sanitize(ClaudeCode(turns: 3)).Body.ToArray(), Sanitize(ClaudeCode(turns: 3)).Body.ToArray());

    [Fact]
    public void Next_turn_begins_with_the_bytes_of_the_one_before()
    {
        for (var turns = 1; turns < 6; turns++)
        {
            var before = Unmarked(Sanitize(ClaudeCode(turns)));
            var after = Unmarked(Sanitize(ClaudeCode(turns + 1)));
            // Breakpoints move with the end of the conversation and are no part of the cached text.
            Assert.StartsWith(before[..^2], after, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Claude_Code_request_reports_what_was_changed_in_header_form()
    {
        var sent = Sanitize(ClaudeCode(turns: 1));
        Assert.Equal("interleaved-thinking-2025-05-14,context-management-2025-06-27,effort-2025-11-24", sent.Headers.Single(header => header.Key == "anthropic-beta").Value);
        Assert.Equal("claude-opus-5", sent.Model);
        var header = Removals.Header(sent.Removals);
        Assert.Contains("Model=claude-opus-5-5->claude-opus-5", header, StringComparison.Ordinal);
        Assert.Contains("SystemMessage=role:system", header, StringComparison.Ordinal);
        Assert.True(header.Length <= 1000 && header.All(char.IsAscii));
    }

    [Fact]
    public void Images_beyond_the_limit_lose_the_oldest_also_inside_tool_results()
    {
        var image = """{"type":"image","source":{"type":"base64","media_type":"image/png","data":"AAAA"}}""";
        var many = string.Join(',', Enumerable.Repeat(image, 20));
        var sent = Sanitize($$"""{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":[{"type":"tool_result","tool_use_id":"t","content":[{{image}}]},{{image}},{{many}}]}]}""");
        var body = Encoding.UTF8.GetString(sent.Body.Span);
        Assert.Equal(20, body.Split("\"type\":\"image\"").Length - 1);
        Assert.Equal(2, body.Split("older image was left out").Length - 1);
        Assert.Equal(2, sent.Removals.Single(removal => removal.Kind == RemovalKind.ExcessImage).Count);
    }

    [Fact]
    public void Body_beyond_the_account_limit_is_413_and_says_what_to_do()
    {
        var request = Vectors.Request($$"""{"model":"claude-sonnet-4-6","max_tokens":9,"messages":[{"role":"user","content":"{{new string('x', 2000)}}"}]}""");
        Assert.False(CortexSanitizer.TrySanitize(request, new(null, []), SanitizerRules.Default with { MaxBodyBytes = 1000 }, out _, out var error));
        Assert.Equal((413, AnthropicErrorType.RequestTooLarge), (error.Status, error.Type));
        Assert.Contains("Nothing was sent", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Report_of_a_hostile_request_is_bounded()
    {
        var fields = string.Join(',', Enumerable.Range(0, 5000).Select(index => $"\"f{index}\":0"));
        var sent = Sanitize($$"""{"model":"claude-sonnet-4-6","max_tokens":9,{{fields}},"messages":[{"role":"user","content":"a"}]}""");
        Assert.InRange(sent.Removals.Length, 1, 200);
    }

    [Fact]
    public void Any_json_is_sanitised_or_refused_and_never_throws() => Json.Sample(text =>
    {
        if (MessagesRequest.TryParse(Encoding.UTF8.GetBytes(text), out var request, out var error))
        {
            if (CortexSanitizer.TrySanitize(request, new(null, ["effort-2025-11-24"]), SanitizerRules.Default, out var sent, out var refusal))
            {
                using var _ = JsonDocument.Parse(sent.Body);
            }
            else
            {
                Assert.NotEmpty(refusal.Message);
            }
        }
        else
        {
            Assert.NotEmpty(error.Message);
        }
    }, iter: 3000);

    /// <summary>Values that look like parts of a request, in places where they belong and where they do not.</summary>
    private static Gen<string> Json { get; } = Gen.Recursive<string>((depth, inner) =>
    {
        var leaf = Gen.OneOf("0", "1", "-1", "1e9", "true", "null", "\"\"", "\"a\"", "\"\\ud800\"", "\"user\"", "\"system\"", "\"assistant\"", "\"text\"", "\"image\"",
            "\"tool_use\"", "\"tool_result\"", "\"thinking\"", "\"document\"", "\"base64\"", "\"enabled\"", "\"adaptive\"", "\"ephemeral\"", "\"claude-opus-4-8\"", "[]", "{}");
        if (depth > 5)
        {
            return leaf;
        }
        var name = Gen.OneOf("role", "content", "type", "text", "source", "data", "cache_control", "ttl", "signature", "thinking", "input", "name", "tool_use_id", "budget_tokens", "defer_loading", "\\ud800", "x");
        var list = inner.List[0, 4].Select(items => $"[{string.Join(',', items)}]");
        var members = Gen.Select(name, inner).List[0, 5].Select(pairs => $"{{{string.Join(',', pairs.DistinctBy(pair => pair.Item1).Select(pair => $"\"{pair.Item1}\":{pair.Item2}"))}}}");
        var body = Gen.Select(inner, inner, inner, inner, inner, inner).Select(parts =>
            $$"""{"model":"claude-sonnet-4-5","max_tokens":4000,"messages":[{"role":"user","content":[{{parts.Item1}}]},{"role":"assistant","content":{{parts.Item2}}}],"tools":[{{parts.Item3}}],"system":{{parts.Item4}},"thinking":{{parts.Item5}},"context_management":{{parts.Item6}},"output_config":{{parts.Item6}},"tool_choice":{{parts.Item1}},"metadata":{{parts.Item2}}}""");
        return depth == 0 ? Gen.Frequency((9, body), (1, members)) : Gen.Frequency((2, leaf), (1, list), (3, members));
    });

    private static SanitizedRequest Sanitize(string json)
    {
        var headers = AnthropicHeaders.Read("2023-06-01", [Betas]);
        return CortexSanitizer.TrySanitize(Vectors.Request(json), headers, SanitizerRules.Default, out var sent, out var error) ? sent : throw new Xunit.Sdk.XunitException(error.Message);
    }

    private static string Unmarked(SanitizedRequest sent) =>
        Encoding.UTF8.GetString(sent.Body.Span).Replace(",\"cache_control\":{\"type\":\"ephemeral\"}", "", StringComparison.Ordinal);

    /// <summary>The shape Claude Code 2.1.330 sends: cached system, an environment message of role system, tool results with a moving breakpoint.</summary>
    private static string ClaudeCode(int turns)
    {
        var messages = new JsonArray(
            JsonNode.Parse("""{"role":"user","content":[{"type":"text","text":"<system-reminder>\nnotes\n</system-reminder>"},{"type":"text","text":"Create the SQL model. é\u00e9"}]}"""),
            JsonNode.Parse($$$"""{"role":"system","content":[{"type":"text","text":"# Environment\nlinux"{{{Mark(turns == 1)}}}}],"output_config":{"effort":"medium"}}"""));
        for (var turn = 1; turn < turns; turn++)
        {
            messages.Add(JsonNode.Parse($$$"""{"role":"assistant","content":[{"type":"thinking","thinking":"","signature":"c2ln{{{turn}}}=="},{"type":"text","text":"Step {{{turn}}}"},{"type":"tool_use","id":"toolu_{{{turn}}}","name":"Write","input":{"file_path":"/a.sql","content":"select {{{turn}}};\n"}}]}"""));
            messages.Add(JsonNode.Parse($$$"""{"role":"user","content":[{"tool_use_id":"toolu_{{{turn}}}","type":"tool_result","content":"File created"{{{Mark(turn == turns - 1)}}}}]}"""));
        }
        return $$$"""
            {"model":"claude-opus-5-5","metadata":{"user_id":"{\"device_id\":\"d\",\"session_id\":\"s-1\"}"},"max_tokens":128000,"thinking":{"type":"adaptive","display":"updates"},
             "context_management":{"edits":[{"type":"clear_thinking_20251015","keep":"all"}]},"output_config":{"effort":"medium"},"stream":true,
             "system":[{"type":"text","text":"x-anthropic-billing-header: cc_version=2.1.330;"},{"type":"text","text":"You are a Claude agent.","cache_control":{"type":"ephemeral"}},{"type":"text","text":"\nMain prompt","cache_control":{"type":"ephemeral"}}],
             "tools":[{"name":"Write","description":"w","input_schema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object"}},{"name":"DeferredToolPlaceholder","description":"","input_schema":{"type":"object"},"defer_loading":true}],
             "messages":{{{messages.ToJsonString()}}}}
            """;
    }

    private static string Mark(bool marked) => marked ? ",\"cache_control\":{\"type\":\"ephemeral\"}" : "";
}
