using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>The same conversation through every path the account has.</summary>
public sealed class OtherDialectsTests(CortexAccount account) : IClassFixture<CortexAccount>
{
    private const string Scripted = """sandbox: [{"blocks":[{"text":"First a file."},{"tool":"Write","input":{"file_path":"/p/a.sql","content":"select 'é😀'"}},{"tool":"Bash","input":{"command":"ls"}}]}]""";

    public static TheoryData<string, bool, string> Paths => new()
    {
        { "claude-sonnet-4-6", false, CortexOptions.DefaultBasePath },
        { "claude-sonnet-4-6", false, CortexOptions.AiGatewayBasePath },
        { "claude-sonnet-4-6", true, CortexOptions.DefaultBasePath },
        { "openai-gpt-5", false, CortexOptions.DefaultBasePath },
        { "openai-gpt-5", false, CortexOptions.AiGatewayBasePath },
    };

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Parallel_tool_calls_arrive_the_same_streamed_and_whole(string model, bool legacy, string basePath)
    {
        var streamed = await AskAsync(model, legacy, basePath, Scripted, stream: true);
        Assert.Equal(["text First a file.", """Write {"file_path":"/p/a.sql","content":"select 'é😀'"}""", """Bash {"command":"ls"}""", "tool_use"], streamed.Content);
        Assert.True(streamed.Usage.Input > 0 && streamed.Usage.Output > 0);
        var whole = await AskAsync(model, legacy, basePath, Scripted, stream: false);
        Assert.Equal(streamed.Content[..3], whole.Content[..3]);
        // The older path never says why it stopped when it is not streamed; a call in the answer says enough.
        Assert.Equal("tool_use", whole.Content[3]);
    }

    [Theory]
    [InlineData("openai-gpt-5", false, "mid-stream-error")]
    [InlineData("openai-gpt-5", false, "truncate")]
    [InlineData("claude-sonnet-4-6", true, "mid-stream-error")]
    public async Task Broken_answer_never_looks_finished(string model, bool legacy, string scenario)
    {
        await using var response = await SendAsync(model, legacy, CortexOptions.DefaultBasePath, $"scenario: {scenario}\n{Guid.NewGuid()}", stream: true);
        string stream;
        try
        {
            stream = await CortexAccount.ReadAsync(response);
        }
        catch (UpstreamStreamException exception)
        {
            Assert.Equal(UpstreamCause.Truncated, exception.Failure.Cause);
            return;
        }
        Assert.Contains("event: error", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", stream, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("429 x1")]
    [InlineData("role-empty")]
    public async Task Quirks_of_the_chat_path_are_not_seen(string scenario)
    {
        await using var response = await SendAsync("openai-gpt-5", false, CortexOptions.DefaultBasePath, $"scenario: {scenario}\n{Guid.NewGuid()}", stream: true);
        Assert.Contains("event: message_stop", await CortexAccount.ReadAsync(response), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Unknown_model_is_told_as_one()
    {
        await using var response = await SendAsync("openai-gpt-99", false, CortexOptions.DefaultBasePath, "hello", stream: true);
        Assert.Equal(UpstreamCause.UnknownModel, response.Failure!.Cause);
    }

    private async Task<(List<string> Content, TokenUsage Usage)> AskAsync(string model, bool legacy, string basePath, string prompt, bool stream)
    {
        await using var response = await SendAsync(model, legacy, basePath, prompt, stream);
        Assert.Null(response.Failure);
        return stream ? Streamed(await CortexAccount.ReadAsync(response)) : Whole(response.Message!.Value);
    }

    private async Task<CortexResponse> SendAsync(string model, bool legacy, string basePath, string prompt, bool stream)
    {
        var body = new JsonObject
        {
            ["model"] = model,
            ["max_tokens"] = 4096,
            ["stream"] = stream,
            ["tools"] = JsonNode.Parse("""[{"name":"Write","description":"w","input_schema":{"type":"object"}},{"name":"Bash","description":"b","input_schema":{"type":"object"}}]"""),
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
        };
        Assert.True(MessagesRequest.TryParse(Encoding.UTF8.GetBytes(body.ToJsonString()), out var request, out _));
        Assert.True(UpstreamRequest.TryPrepare(request, new AnthropicHeaders(null, []), SanitizerRules.Default, legacy, out var prepared, out _));
        return await account.Client(CortexAccount.Quick with { BasePath = basePath }).SendAsync(prepared, default);
    }

    private static (List<string>, TokenUsage) Streamed(string stream)
    {
        var reader = new SseReader();
        reader.Append(Encoding.UTF8.GetBytes(stream));
        var content = new List<string>();
        var usage = default(TokenUsage);
        ToolUseAssembler? tool = null;
        while (reader.Read(out var frame) == SseReadResult.Frame)
        {
            var read = SseEvent.Read(frame, withText: true);
            usage = usage.Overwrite(read.Usage);
            if (read.Kind == SseEventKind.BlockStart)
            {
                tool = read.BlockType == "tool_use" ? new ToolUseAssembler(read) : null;
                content.Add(read.BlockType + " ");
            }
            tool?.Append(read);
            content.AddRange(read.StopReason is { } reason ? [reason] : []);
            if (read.Text is { } text)
            {
                content[^1] += text;
            }
            if (read.Kind == SseEventKind.BlockStop && tool?.Complete() is { } use)
            {
                content[^1] = $"{use.Name} {use.InputJson}";
            }
        }
        return (content, usage);
    }

    private static (List<string>, TokenUsage) Whole(ReadOnlyMemory<byte> message)
    {
        using var json = JsonDocument.Parse(message);
        var content = json.RootElement.GetProperty("content").EnumerateArray().Select(block => block.GetProperty("type").GetString() == "tool_use"
            ? $"{block.GetProperty("name").GetString()} {block.GetProperty("input").GetRawText()}"
            : $"text {block.GetProperty("text").GetString()}").ToList();
        content.Add(json.RootElement.GetProperty("stop_reason").GetString()!);
        return (content, TokenUsage.FromMessage(message));
    }
}
