using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Guard;
using EditorBridge.Server.Tests.Hosting;
using EditorBridge.Snowflake;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Proxy;

/// <summary>A host that does not wait between its attempts, so that failures which last are told at once.</summary>
public sealed class ImpatientHost : IAsyncLifetime
{
    internal HostFixture Host { get; } = new(builder => builder.Services.AddSingleton(provider =>
        provider.GetRequiredService<AccountConnection>().Cortex(new CortexOptions { FirstBackOff = TimeSpan.FromMilliseconds(1) })));

    public ValueTask InitializeAsync() => Host.InitializeAsync();

    public ValueTask DisposeAsync() => Host.DisposeAsync();
}

/// <summary>What the account can answer, one row a failure: what the client is told, whether it should try again, and the hint a person needs.</summary>
public sealed class ErrorRowsTests(ImpatientHost fixture) : IClassFixture<ImpatientHost>
{
    /// <summary>Scenario, status, error type, <c>x-should-retry</c>, <c>retry-after</c> in seconds, and a part of the message.</summary>
    [Theory]
    [InlineData("unknown-model", 404, "not_found_error", "false", null, "CORTEX_ENABLED_CROSS_REGION")]
    [InlineData("context-exceeded", 400, "invalid_request_error", "false", null, "prompt is too long")]
    [InlineData("throttle-400", 429, "rate_limit_error", null, 10, "CORTEX_REST_API_RATE_LIMIT_POLICIES")]
    [InlineData("assistant-last", 400, "invalid_request_error", "false", null, "last message must be the user's")]
    [InlineData("conversation-complete", 400, "invalid_request_error", "false", null, "nothing to add")]
    [InlineData("390144", 401, "authentication_error", "false", null, "RSA_PUBLIC_KEY_FP")]
    [InlineData("390303", 401, "authentication_error", "false", null, "editorbridge login")]
    [InlineData("390318", 401, "authentication_error", "false", null, "editorbridge login")]
    [InlineData("394400", 401, "authentication_error", "false", null, "network policy")]
    [InlineData("390112-200", 401, "authentication_error", "false", null, "editorbridge login")]
    [InlineData("402", 429, "billing_error", "false", null, "budget")]
    [InlineData("403-role", 403, "permission_error", "false", null, "GRANT DATABASE ROLE SNOWFLAKE.CORTEX_USER")]
    [InlineData("003001", 403, "permission_error", "false", null, "Trial accounts")]
    [InlineData("403-network", 403, "permission_error", "false", null, "network policy")]
    [InlineData("395092", 403, "permission_error", "false", null, "kind of token")]
    [InlineData("404", 404, "not_found_error", "false", null, "myorg-myaccount.snowflakecomputing.com")]
    [InlineData("429", 429, "rate_limit_error", null, 10, "CORTEX_REST_API_RATE_LIMIT_POLICIES")]
    [InlineData("500", 500, "api_error", null, null, "Snowflake Cortex failed")]
    [InlineData("503", 529, "overloaded_error", null, null, "overloaded")]
    [InlineData("392606", 529, "overloaded_error", null, null, "overloaded")]
    [InlineData("504", 504, "api_error", null, null, "gave up waiting")]
    [InlineData("html-error", 529, "overloaded_error", null, null, "overloaded")]
    [InlineData("empty-error", 529, "overloaded_error", null, null, "(empty answer)")]
    [InlineData("goaway", 502, "api_error", null, null, "could not be reached")]
    public async Task Failure_of_the_account_is_told_in_anthropics_words_with_a_hint_and_recorded(string scenario, int status, string type, string? shouldRetry, int? retryAfter, string says)
    {
        using var response = await AskAsync(scenario);
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        var callId = response.Headers.GetValues("request-id").Single();

        Assert.Equal((status, "error", type), ((int)response.StatusCode, (string)body["type"]!, (string)body["error"]!["type"]!));
        Assert.Contains(says, (string)body["error"]!["message"]!, StringComparison.Ordinal);
        Assert.Equal(callId, (string)body["request_id"]!);
        Assert.Equal(shouldRetry, response.Headers.TryGetValues("x-should-retry", out var retry) ? retry.Single() : null);
        Assert.Equal(retryAfter, (int?)response.Headers.RetryAfter?.Delta?.TotalSeconds);
        var outcome = (await fixture.Host.EntriesAsync(callId)).Single(entry => entry.Draft.Kind == EntryKind.MessageOutcome);
        Assert.Equal("failed", outcome.Draft.Result);
        Assert.NotEmpty(outcome.Draft.Facts!["attempts"]!.AsArray());
    }

    [Theory]
    [InlineData("mid-stream-error")]
    [InlineData("mid-stream-error-snowflake")]
    [InlineData("truncate")]
    public async Task Failure_in_the_middle_of_a_stream_is_an_error_event_and_never_an_end(string scenario)
    {
        using var response = await AskAsync(scenario, stream: true);
        var stream = await response.Content.ReadAsStringAsync();

        Assert.Equal(200, (int)response.StatusCode);
        Assert.Contains("event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("message_stop", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("end_turn", stream, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("max-tokens-exceeded", 2)]
    [InlineData("429 x1", 2)]
    [InlineData("500 x1", 2)]
    [InlineData("goaway x1", 2)]
    [InlineData("empty-stop x2", 3)]
    public async Task Failure_that_a_repetition_mends_is_not_seen_and_each_attempt_is_on_record(string scenario, int attempts)
    {
        using var response = await AskAsync(scenario, stream: true);
        var stream = await response.Content.ReadAsStringAsync();
        var outcome = (await fixture.Host.EntriesAsync(response.Headers.GetValues("request-id").Single())).Single(entry => entry.Draft.Kind == EntryKind.MessageOutcome);

        Assert.Contains("message_stop", stream, StringComparison.Ordinal);
        Assert.Equal(("done", attempts), (outcome.Draft.Result, outcome.Draft.Facts!["attempts"]!.AsArray().Count));
        Assert.All(outcome.Draft.Facts["attempts"]!.AsArray(), attempt => Assert.NotNull(attempt!["startedAt"]));
    }

    private async Task<HttpResponseMessage> AskAsync(string scenario, bool stream = false)
    {
        using var http = fixture.Host.Client(Client.Claude);
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/messages")
        {
            Content = HostFixture.Json(new JsonObject
            {
                ["model"] = "claude-sonnet-4-6",
                ["max_tokens"] = 32000,
                ["stream"] = stream,
                ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = $"scenario: {scenario}\n{Guid.NewGuid()}" }),
            }),
        };
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("claude-cli", "2.1.330"));
        return await http.SendAsync(request);
    }
}
