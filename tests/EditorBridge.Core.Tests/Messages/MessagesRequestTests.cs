using System.Text;

namespace EditorBridge.Messages;

public sealed class MessagesRequestTests
{
    [Theory]
    [InlineData("", "not valid JSON")]
    [InlineData("{", "not valid JSON")]
    [InlineData("[]", "must be a JSON object")]
    [InlineData("null", "must be a JSON object")]
    [InlineData("""{"max_tokens":1,"messages":[]}""", "model: Field required")]
    [InlineData("""{"model":"m","model":"n","max_tokens":1,"messages":[{"role":"user","content":"a"}]}""", "uplicate")]
    [InlineData("""{"model":"m","messages":[{"role":"user","content":"a"}]}""", "max_tokens: Field required")]
    [InlineData("""{"model":"m","max_tokens":-1,"messages":[{"role":"user","content":"a"}]}""", "max_tokens")]
    [InlineData("""{"model":"m","max_tokens":1}""", "messages: Field required")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[]}""", "at least one message")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user"}]}""", "messages.0.content")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"tool","content":"a"}]}""", "messages.0.role: Input should be")]
    [InlineData("""{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"text":"a"}]}]}""", "messages.0.content.0.type")]
    [InlineData("""{"model":"m","max_tokens":1,"stream":"yes","messages":[{"role":"user","content":"a"}]}""", "stream")]
    [InlineData("""{"model":"m","max_tokens":1,"tools":{},"messages":[{"role":"user","content":"a"}]}""", "tools")]
    [InlineData("""{"model":"m","max_tokens":1,"system":1,"messages":[{"role":"user","content":"a"}]}""", "system")]
    public void Body_no_upstream_could_take_is_a_400_that_names_the_place(string body, string expected)
    {
        Assert.False(MessagesRequest.TryParse(Encoding.UTF8.GetBytes(body), out _, out var error));
        Assert.Equal((400, AnthropicErrorType.InvalidRequest), (error.Status, error.Type));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Body_that_is_not_utf8_is_a_400()
    {
        Assert.False(MessagesRequest.TryParse(new byte[] { (byte)'{', 0xFF, (byte)'}' }, out _, out var error));
        Assert.Contains("UTF-8", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Messages_beyond_the_limit_are_a_400()
    {
        var many = string.Join(',', Enumerable.Repeat("""{"role":"user","content":"a"}""", MessagesRequest.MaxMessages + 1));
        Assert.False(MessagesRequest.TryParse(Encoding.UTF8.GetBytes($$"""{"model":"m","max_tokens":1,"messages":[{{many}}]}"""), out _, out var error));
        Assert.Contains("100001", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{\"device_id\":\"d\",\"account_uuid\":\"\",\"session_id\":\"2d692111-cd74\"}""", "2d692111-cd74")]
    [InlineData("user_9f_account__session_2d692111-cd74", "2d692111-cd74")]
    [InlineData("""{\"device_id\":\"d\"}""", null)]
    [InlineData("{broken", null)]
    [InlineData("somebody", null)]
    [InlineData("user_session_", null)]
    public void Session_is_found_in_every_form_of_user_id(string userId, string? expected) =>
        Assert.Equal(expected, Vectors.Request($$$"""{"model":"m","max_tokens":1,"metadata":{"user_id":"{{{userId}}}"},"messages":[{"role":"user","content":"a"}]}""").SessionId);

    [Fact]
    public void Retry_and_non_streaming_fallback_share_the_conversation_hash()
    {
        const string Messages = """[{"role":"user","content":[{"type":"text","text":"a"}]}]""";
        var streaming = Vectors.Request($$"""{"model":"m","max_tokens":128000,"stream":true,"messages":{{Messages}}}""");
        var fallback = Vectors.Request($$"""{"model":"m","max_tokens":64000,"stream":false,"messages":{{Messages}}}""");
        Assert.Equal(streaming.ConversationHash, fallback.ConversationHash);
        Assert.NotEqual(streaming.BodyHash, fallback.BodyHash);
        Assert.True(streaming.Stream);
        Assert.False(fallback.Stream);
    }

    [Fact]
    public void Tools_and_answered_calls_are_listed()
    {
        var request = Vectors.Request("""
            {"model":"m","max_tokens":1,"tools":[{"name":"A"},{"type":"web_search_20250305","name":"web_search"}],
             "messages":[{"role":"user","content":"a"},{"role":"assistant","content":[{"type":"tool_use","id":"t1","name":"A","input":{}}]},
                         {"role":"user","content":[{"type":"tool_result","tool_use_id":"t1"},{"type":"text","text":"and then"}]},{"role":"system","content":"x"}]}
            """);
        Assert.Equal(["A", "web_search"], request.ToolNames);
        Assert.Equal([new AnsweredToolUse("t1", IsError: false)], request.AnsweredToolUses);
        Assert.Equal("and then", request.LastUserText);
        Assert.Equal(Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData("and then"u8)), request.LastUserTextHash);
        Assert.Equal(4, request.MessageCount);
    }

    [Fact]
    public void Count_tokens_needs_no_max_tokens() =>
        Assert.True(MessagesRequest.TryParseCount("""{"model":"m","messages":[{"role":"user","content":"a"}]}"""u8.ToArray(), out _, out _));

    [Theory]
    [InlineData("""{"model":"m","max_tokens":32000,"messages":[]}""", 8192, """{"model":"m","max_tokens":8192,"messages":[]}""")]
    [InlineData("""{"max_tokens":100,"messages":[{"max_tokens":99999}]}""", 8192, """{"max_tokens":100,"messages":[{"max_tokens":99999}]}""")]
    [InlineData("""{"max_tokens":32000,"thinking":{"type":"enabled","budget_tokens":31999}}""", 8192, """{"max_tokens":8192,"thinking":{"type":"enabled","budget_tokens":8191}}""")]
    [InlineData("""{"messages":[]}""", 8192, """{"messages":[]}""")]
    [InlineData("""{"max_tok""", 8192, """{"max_tok""")]
    public void Clamping_changes_the_limits_and_nothing_else(string body, long limit, string expected) =>
        Assert.Equal(expected, Encoding.UTF8.GetString(RequestBody.WithMaxTokens(Encoding.UTF8.GetBytes(body), limit).Span));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Request_whose_body_was_let_go_of_is_still_known_by_its_question(bool keepsText)
    {
        const string body = """{"model":"m","max_tokens":1,"tools":[{"name":"A"}],"messages":[{"role":"user","content":"hello"}]}""";
        var request = Vectors.Request(body);
        var (hash, conversation) = (Vectors.Request(body).QuestionHash, request.ConversationHash);

        request.ReleaseBody(keepsText);

        Assert.Equal((hash, conversation, 0), (request.QuestionHash, request.ConversationHash, request.Body.Length));
        Assert.Equal(keepsText ? "hello" : null, request.LastUserText);
        Assert.Equal(["A"], request.ToolNames);
        Assert.Throws<InvalidOperationException>(() => request.BodyHash);
    }

    [Fact]
    public void Half_a_surrogate_pair_in_a_type_is_read_without_an_exception()
    {
        var body = """{"model":"m","max_tokens":1,"messages":[{"role":"user","content":[{"type":"\ud800"},{"type":"text","text":"x"}]}],"thinking":{"type":"\ud800"}}"""u8.ToArray();

        Assert.True(MessagesRequest.TryParse(body, out var request, out _));
        Assert.Equal("x", request.LastUserText);
    }
}
