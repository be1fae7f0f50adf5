using System.IO.Pipelines;
using System.Text;
using System.Text.Json;
using EditorBridge.Messages;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Snowflake;

/// <summary>What the client makes of the account's answers, good and bad.</summary>
public sealed class CortexClientTests(CortexAccount account) : IClassFixture<CortexAccount>
{
    [Fact]
    public async Task Stream_arrives_whole_with_the_account_request_id()
    {
        await using var response = await SendAsync("sandbox: [{\"text\":\"Grüße 😀\"}]");
        var stream = await CortexAccount.ReadAsync(response);
        Assert.StartsWith("event: message_start", stream, StringComparison.Ordinal);
        Assert.Contains("event: message_stop", stream, StringComparison.Ordinal);
        Assert.Equal(200, response.Status);
        Assert.False(string.IsNullOrEmpty(response.RequestId));
        Assert.Equal(response.RequestId, Assert.Single(response.Attempts).RequestId);
    }

    [Fact]
    public async Task Whole_message_keeps_its_text_and_usage()
    {
        await using var response = await SendAsync("sandbox: [{\"text\":\"Here it is.\"}]", stream: false);
        using var message = JsonDocument.Parse(response.Message!.Value);
        Assert.Equal("Here it is.", message.RootElement.GetProperty("content")[0].GetProperty("text").GetString());
        Assert.True(TokenUsage.FromMessage(response.Message.Value).Output > 0);
    }

    [Theory]
    [InlineData("402", UpstreamCause.BudgetExceeded, 429)]
    [InlineData("403-role", UpstreamCause.NotAuthorized, 403)]
    [InlineData("403-network", UpstreamCause.NetworkPolicy, 403)]
    [InlineData("395092", UpstreamCause.TokenKindNotAccepted, 403)]
    [InlineData("003001", UpstreamCause.EndpointNotAllowed, 403)]
    [InlineData("390144", UpstreamCause.KeyPairTokenInvalid, 401)]
    [InlineData("390303", UpstreamCause.TokenExpired, 401)]
    [InlineData("390318", UpstreamCause.TokenExpired, 401)]
    [InlineData("394400", UpstreamCause.AccessTokenInvalid, 401)]
    [InlineData("390112-200", UpstreamCause.SessionExpired, 401)]
    [InlineData("context-exceeded", UpstreamCause.PromptTooLong, 400)]
    [InlineData("unknown-model", UpstreamCause.UnknownModel, 404)]
    [InlineData("assistant-last", UpstreamCause.AssistantLast, 400)]
    [InlineData("conversation-complete", UpstreamCause.ConversationComplete, 400)]
    public async Task Refusal_that_repeating_cannot_mend_is_told_after_one_attempt(string scenario, UpstreamCause cause, int status)
    {
        await using var response = await SendAsync(Scenario(scenario));
        Assert.Equal((cause, status), (response.Failure!.Cause, response.Failure.Error.Status));
        Assert.Single(response.Attempts);
        Assert.False(response.Failure.Error.ShouldRetry);
    }

    [Theory]
    [InlineData("throttle-400", UpstreamCause.Throttled, 429, 3)]
    [InlineData("429", UpstreamCause.Throttled, 429, 3)]
    [InlineData("503", UpstreamCause.Overloaded, 529, 3)]
    [InlineData("392606", UpstreamCause.Overloaded, 529, 3)]
    [InlineData("504", UpstreamCause.GatewayTimeout, 504, 3)]
    [InlineData("html-error", UpstreamCause.Overloaded, 529, 3)]
    [InlineData("empty-error", UpstreamCause.Overloaded, 529, 3)]
    [InlineData("500", UpstreamCause.ServerError, 500, 2)]
    [InlineData("goaway", UpstreamCause.Unreachable, 502, 2)]
    public async Task Passing_trouble_is_tried_again_within_its_budget_and_then_told(string scenario, UpstreamCause cause, int status, int attempts)
    {
        await using var response = await SendAsync(Scenario(scenario));
        Assert.Equal((cause, status), (response.Failure!.Cause, response.Failure.Error.Status));
        Assert.Equal(attempts, response.Attempts.Length);
        Assert.All(response.Attempts, attempt => Assert.Equal(cause, attempt.Cause));
    }

    [Theory]
    [InlineData("429 x2", 3)]
    [InlineData("throttle-400 x1", 2)]
    [InlineData("503 x1", 2)]
    [InlineData("500 x1", 2)]
    [InlineData("goaway x1", 2)]
    [InlineData("empty-stop x1", 2)]
    [InlineData("empty-stop x2", 3)]
    public async Task Passing_trouble_that_passes_is_never_seen_by_the_caller(string scenario, int attempts)
    {
        await using var response = await SendAsync(Scenario(scenario));
        Assert.Contains("event: message_stop", await CortexAccount.ReadAsync(response), StringComparison.Ordinal);
        Assert.Null(response.Failure);
        Assert.Equal(attempts, response.Attempts.Length);
    }

    [Fact]
    public async Task Answer_that_stays_empty_is_passed_on_after_two_repetitions()
    {
        await using var response = await SendAsync(Scenario("empty-stop"));
        var stream = await CortexAccount.ReadAsync(response);
        Assert.DoesNotContain("content_block_start", stream, StringComparison.Ordinal);
        Assert.Equal(3, response.Attempts.Length);
    }

    [Fact]
    public async Task Max_tokens_are_clamped_once_to_the_limit_the_account_names()
    {
        await using var response = await SendAsync(Scenario("max-tokens-exceeded"), maxTokens: 32000);
        Assert.Contains("event: message_stop", await CortexAccount.ReadAsync(response), StringComparison.Ordinal);
        Assert.Equal([UpstreamCause.MaxTokensExceeded, null], response.Attempts.Select(attempt => attempt.Cause));
    }

    [Fact]
    public async Task Wait_the_account_asks_for_is_kept_to_the_second()
    {
        var clock = new WatchedClock(TimeSpan.FromSeconds(7));
        var handler = new Throttling(retryAfter: 7);
        var asking = account.Client(handler: handler, time: clock).SendMessagesAsync(CortexAccount.Ask("a").Body, [], default);
        await clock.Waiting.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, handler.Asked);
        clock.Advance(TimeSpan.FromSeconds(7));
        await using var response = await asking.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Null(response.Failure);
        Assert.Equal(2, handler.Asked);
    }

    [Fact]
    public async Task Wait_beyond_our_patience_is_handed_to_the_client()
    {
        await using var response = await account.Client(handler: new Throttling(retryAfter: 60)).SendMessagesAsync(CortexAccount.Ask("a").Body, [], default);
        Assert.Equal((429, TimeSpan.FromSeconds(60)), (response.Failure!.Error.Status, response.Failure.Error.RetryAfter));
        Assert.Single(response.Attempts);
    }

    [Fact]
    public async Task Dead_pooled_connection_is_replaced_without_the_caller_noticing()
    {
        var client = account.Client();
        var (body, headers) = CortexAccount.Ask("scenario: stale-keepalive");
        await using (var first = await client.SendMessagesAsync(body, headers, default))
        {
            await CortexAccount.ReadAsync(first);
        }
        var (next, nextHeaders) = CortexAccount.Ask("sandbox: [{\"text\":\"still here\"}]");
        await using var second = await client.SendMessagesAsync(next, nextHeaders, default);
        Assert.Contains("still", await CortexAccount.ReadAsync(second), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("mid-stream-error")]
    [InlineData("mid-stream-error-snowflake")]
    public async Task Error_after_content_stays_in_the_stream_and_is_not_repeated(string scenario)
    {
        await using var response = await SendAsync(Scenario(scenario));
        var stream = await CortexAccount.ReadAsync(response);
        Assert.Contains("\"error\"", stream, StringComparison.Ordinal);
        Assert.DoesNotContain("event: message_stop", stream, StringComparison.Ordinal);
        Assert.Single(response.Attempts);
    }

    [Fact]
    public async Task Error_before_any_content_is_an_answer_with_its_own_status()
    {
        await using var response = await SendAsync("""sandbox: [{"blocks":[{"text":"x"}],"fault":"mid-stream-error","fault_after":1}]""");
        Assert.Null(response.Stream);
        Assert.Equal(200, response.Status);
        Assert.InRange(response.Failure!.Error.Status, 500, 529);
    }

    [Fact]
    public async Task Stream_cut_by_the_account_is_an_exception_that_says_so()
    {
        await using var response = await SendAsync(Scenario("truncate"));
        var exception = await Assert.ThrowsAsync<UpstreamStreamException>(() => CortexAccount.ReadAsync(response));
        Assert.Equal(UpstreamCause.Truncated, exception.Failure.Cause);
    }

    [Fact]
    public async Task Silence_beyond_the_idle_limit_is_an_error_and_not_an_endless_wait()
    {
        var (body, headers) = CortexAccount.Ask("scenario: silent");
        await using var response = await account.Client(CortexAccount.Quick with { IdleTimeout = TimeSpan.FromMilliseconds(300) }).SendMessagesAsync(body, headers, default);
        Assert.Equal((UpstreamCause.Stalled, 504), (response.Failure!.Cause, response.Failure.Error.Status));
    }

    [Theory]
    [InlineData(299, false)]
    [InlineData(301, true)]
    public async Task Account_may_be_silent_for_as_long_as_the_limit_and_no_longer(int seconds, bool stalls)
    {
        var time = new FakeTimeProvider();
        var account = new Pipe();
        await using var stream = new UpstreamStream(account.Reader.AsStream(), TimeSpan.FromSeconds(300), time, CancellationToken.None);
        await account.Writer.WriteAsync("one"u8.ToArray());
        var buffer = new byte[16];
        Assert.Equal(3, await stream.ReadAsync(buffer));

        var reading = stream.ReadAsync(buffer).AsTask();
        time.Advance(TimeSpan.FromSeconds(seconds));
        if (!stalls) await account.Writer.WriteAsync("two"u8.ToArray());

        if (stalls) Assert.Equal(UpstreamCause.Stalled, (await Assert.ThrowsAsync<UpstreamStreamException>(() => reading.WaitAsync(TestLimits.Signal))).Failure.Cause);
        else Assert.Equal(3, await reading.WaitAsync(TestLimits.Signal));
    }

    [Fact]
    public async Task Account_silent_after_its_first_frame_is_passed_on_and_not_waited_for()
    {
        var (body, headers) = CortexAccount.Ask("scenario: silent");
        await using var response = await account.Client(CortexAccount.Quick with { IdleTimeout = TimeSpan.FromMinutes(1) }).SendMessagesAsync(body, headers, default);
        var first = new byte[4096];
        var length = await response.Stream!.ReadAsync(first);
        Assert.StartsWith("event: message_start", System.Text.Encoding.UTF8.GetString(first, 0, length), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Slow_stream_lives_as_long_as_bytes_come()
    {
        var (body, headers) = CortexAccount.Ask("scenario: slow");
        await using var response = await account.Client(CortexAccount.Quick with { IdleTimeout = TimeSpan.FromSeconds(2) }).SendMessagesAsync(body, headers, default);
        Assert.Contains("event: message_stop", await CortexAccount.ReadAsync(response), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Cancelled_caller_ends_the_request_to_the_account()
    {
        using var cancelled = new CancellationTokenSource();
        var (body, headers) = CortexAccount.Ask("""sandbox: [{"blocks":[{"text":"first words of a long answer"}],"delay_ms":20,"chunk":1}]""");
        await using var response = await account.Client().SendMessagesAsync(body, headers, cancelled.Token);
        var buffer = new byte[64];
        Assert.True(await response.Stream!.ReadAsync(buffer, cancelled.Token) > 0);
        await cancelled.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
        {
            while (await response.Stream.ReadAsync(buffer, cancelled.Token) > 0)
            {
            }
        });
    }

    [Fact]
    public async Task Html_where_json_belongs_is_not_taken_for_an_answer()
    {
        await using var response = await account.Client(handler: new Answering("text/html", "<title>Sign in</title>")).SendMessagesAsync(CortexAccount.Ask("a").Body, [], default);
        Assert.Equal(UpstreamCause.NotUnderstood, response.Failure!.Cause);
        Assert.Contains("Sign in", response.Failure.Error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_the_account_own_list() =>
        Assert.Contains("claude-sonnet-4-6", await account.Client().ListModelsAsync(default));

    [Fact]
    public async Task Models_that_cannot_be_listed_say_why()
    {
        var exception = await Assert.ThrowsAsync<CortexException>(() => account.Client(credential: ProgrammaticAccessToken.FromValue("wrong")).ListModelsAsync(default));
        Assert.Equal(UpstreamCause.AccessTokenInvalid, exception.Failure.Cause);
    }

    private async Task<CortexResponse> SendAsync(string prompt, bool stream = true, int maxTokens = 4096)
    {
        var (body, headers) = CortexAccount.Ask(prompt, stream, maxTokens);
        return await account.Client().SendMessagesAsync(body, headers, default);
    }

    /// <summary>The sandbox counts a scenario per prompt, so each test has its own.</summary>
    private static string Scenario(string name) => $"scenario: {name}\n{Guid.NewGuid()}";

    /// <summary>An account that is busy once and says for how long.</summary>
    private sealed class Throttling(int retryAfter) : HttpMessageHandler
    {
        public int Asked { get; private set; }

        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (++Asked > 1) return Task.FromResult(new HttpResponseMessage { Content = new StringContent("""{"type":"message","content":[]}""", Encoding.UTF8, "application/json") });
            var busy = new HttpResponseMessage(System.Net.HttpStatusCode.TooManyRequests) { Content = new StringContent("""{"message":"too many requests","code":"390505"}""", Encoding.UTF8, "application/json") };
            busy.Headers.RetryAfter = new(TimeSpan.FromSeconds(retryAfter));
            return Task.FromResult(busy);
        }
    }

    /// <summary>Tells when somebody begins to wait exactly this long.</summary>
    private sealed class WatchedClock(TimeSpan awaited) : FakeTimeProvider(DateTimeOffset.UtcNow)
    {
        private readonly TaskCompletionSource _waiting = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public Task Waiting => _waiting.Task;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime == awaited) _waiting.TrySetResult();
            return timer;
        }
    }

    /// <summary>Something on the way that answers in the account's place.</summary>
    private sealed class Answering(string mediaType, string text) : HttpMessageHandler
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            Task.FromResult(new HttpResponseMessage { Content = new StringContent(text, Encoding.UTF8, mediaType) });
    }
}
