using System.Text;
using System.Text.Json;
using CsCheck;

namespace EditorBridge.Messages;

/// <summary>Every way the account says no, and what the client is told.</summary>
public sealed class UpstreamErrorTests
{
    public static TheoryData<int> Rows => [.. Enumerable.Range(0, Vectors.Cases("errors.json").Count())];

    [Theory]
    [MemberData(nameof(Rows))]
    public void Answer_of_the_account_is_translated_as_the_vector_says(int row) => Check(Vectors.Cases("errors.json").ElementAt(row));

    private static void Check(JsonElement one)
    {
        var body = Encoding.UTF8.GetBytes(one.GetProperty("body").GetString()!);
        var contentType = one.TryGetProperty("contentType", out var type) ? type.GetString() : "application/json";
        var asked = one.TryGetProperty("asked", out var tokens) ? tokens.GetInt64() : 0;
        var failure = UpstreamErrors.Translate(one.GetProperty("status").GetInt32(), contentType, body, requestedMaxTokens: asked);
        Assert.Equal(one.GetProperty("cause").GetString(), failure.Cause.ToString());
        Assert.Equal(one.GetProperty("answer").GetInt32(), failure.Error.Status);
        Assert.Equal(one.GetProperty("type").GetString(), AnthropicErrors.WireName(failure.Error.Type));
        Assert.Equal(one.GetProperty("retry").GetString(), failure.Retry.ToString());
        Assert.Equal(one.TryGetProperty("retryAfter", out var wait) ? wait.GetInt32() : null, (int?)failure.Error.RetryAfter?.TotalSeconds);
        Assert.All(one.GetProperty("says").EnumerateArray(), said => Assert.Contains(said.GetString()!, failure.Error.Message, StringComparison.Ordinal));
    }

    [Fact]
    public void Cause_has_an_answer_and_a_sentence_each() => Assert.All(Enum.GetValues<UpstreamCause>(), cause =>
    {
        var failure = UpstreamErrors.Local(cause, "detail");
        Assert.InRange(failure.Error.Status, 400, 529);
        Assert.Contains("detail", failure.Error.Message, StringComparison.Ordinal);
    });

    [Theory]
    [InlineData("""{"error":{"message":"boom","code":"500"}}""", UpstreamCause.ServerError)]
    [InlineData("""{"error":{"message":"slow down","code":"429"}}""", UpstreamCause.Throttled)]
    [InlineData("""{"error":{"message":"expired","code":"390112"}}""", UpstreamCause.SessionExpired)]
    [InlineData("""{"type":"error","error":{"type":"overloaded_error","message":"busy"}}""", UpstreamCause.Overloaded)]
    [InlineData("""{"type":"error","error":{"type":"invalid_request_error","message":"no"}}""", UpstreamCause.InvalidRequest)]
    [InlineData("not json", UpstreamCause.ServerError)]
    public void Error_frame_is_translated_like_an_answer(string data, UpstreamCause expected) =>
        Assert.Equal(expected, UpstreamErrors.TranslateFrame(Encoding.UTF8.GetBytes(data)).Cause);

    [Theory]
    [InlineData("""{"data":null,"code":"390112","message":"expired","success":false}""", true)]
    [InlineData("""{"error":{"message":"x"}}""", true)]
    [InlineData("""{"message":"no","code":"390142"}""", true)]
    [InlineData("""{"id":"msg_1","type":"message","role":"assistant","content":[{"type":"text","text":"code"}]}""", false)]
    [InlineData("""{"role":"assistant","content":[],"code":"x"}""", false)]
    [InlineData("""{"models":["claude-sonnet-4-6"]}""", false)]
    public void Refusal_inside_a_200_is_told_from_an_answer(string body, bool expected) =>
        Assert.Equal(expected, UpstreamErrors.IsFailureInSuccess(Encoding.UTF8.GetBytes(body)));

    [Fact]
    public void Secret_echoed_by_the_account_reaches_no_message()
    {
        const string Secret = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJBIn0.c2lnbmF0dXJl";
        var failure = UpstreamErrors.Translate(401, "application/json", Encoding.UTF8.GetBytes($$"""{"message":"bad token {{Secret}} or ver:3-hint:123-XYZ"}"""));
        Assert.DoesNotContain(Secret, failure.Error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hint:123", failure.Error.Message, StringComparison.Ordinal);
        Assert.Contains("[secret]", failure.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Anything_the_account_sends_is_translated_and_never_throws() =>
        Gen.Select(Gen.Int[100, 599], Gen.OneOf(Gen.Byte.Array[0, 200], Gen.String.Select(Encoding.UTF8.GetBytes)), Gen.OneOf<string?>(null, "text/html", "application/json")).Sample(answer =>
        {
            var failure = UpstreamErrors.Translate(answer.Item1, answer.Item3, answer.Item2);
            using var written = JsonDocument.Parse(AnthropicErrors.Write(failure.Error, "req_1"));
            Assert.Equal("error", written.RootElement.GetProperty("type").GetString());
        }, iter: 2000);

    [Fact]
    public void Written_error_has_the_shape_clients_read()
    {
        using var written = JsonDocument.Parse(AnthropicErrors.Write(AnthropicErrors.Refused("budget spent"), "req_eb_1"));
        Assert.Equal("""{"type":"error","error":{"type":"rate_limit_error","message":"budget spent"},"request_id":"req_eb_1"}""", written.RootElement.GetRawText());
        Assert.Equal("event: error\ndata: ", Encoding.UTF8.GetString(AnthropicErrors.WriteFrame(AnthropicErrors.Refused("x"), null))[..19]);
    }
}
