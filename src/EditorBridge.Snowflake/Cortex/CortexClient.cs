using System.Collections.Immutable;
using System.Net.Http.Headers;
using System.Text.Json;
using EditorBridge.Messages;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Snowflake;

/// <summary>
/// Talks to Snowflake Cortex. A request is repeated only while nothing of its answer has been given to the caller.
/// </summary>
/// <remarks>
/// <code>
///   credential ─▶ POST ─▶ status? ──2xx, stream──▶ first frames? ──content──▶ caller
///       ▲                   │ other                    │ empty, error, end
///       └── renew, clamp, wait ◀── translated failure ◀┘
/// </code>
/// </remarks>
public sealed partial class CortexClient
{
    internal const string UserAgent = "EditorBridge/0.1.0";

    private const string RequestIdHeader = "X-Snowflake-Request-ID";
    private const int MaxErrorBytes = 64 * 1024;

    /// <summary>Below this a clock is not what a refused key-pair token comes from.</summary>
    private static readonly TimeSpan NoticedSkew = TimeSpan.FromSeconds(30);

    private readonly HttpMessageInvoker _http;
    private readonly Credential _credential;
    private readonly CortexOptions _options;
    private readonly TimeProvider _time;
    private readonly ILogger<CortexClient> _logger;
    private readonly Uri _messages;
    private readonly Uri _chat;
    private readonly Uri _inference;
    private readonly Uri _models;

    /// <param name="account">Checked here once more: no credential is attached for a host that is not Snowflake's or named in the configuration.</param>
    /// <param name="http">Goes through an <see cref="EgressHandler"/> that allows the account's origin.</param>
    /// <param name="allowedHosts">Private hosts the configuration names.</param>
    /// <exception cref="ArgumentException">The account's host may not hold a credential.</exception>
    public CortexClient(SnowflakeAccount account, Credential credential, HttpMessageInvoker http, CortexOptions options, TimeProvider time, ILogger<CortexClient> logger, IReadOnlyCollection<string>? allowedHosts = null)
    {
        if (!SnowflakeHosts.MayHoldCredential(account.BaseAddress, account.IsSandbox, allowedHosts ?? []))
        {
            throw new ArgumentException(
                $"{account.BaseAddress.Host} is no Snowflake host and is not named in account.allowedHosts: no credential will be sent there.", nameof(account));
        }
        _http = http;
        _credential = credential;
        _options = options;
        _time = time;
        _logger = logger;
        var basePath = options.BasePath.TrimEnd('/');
        _messages = new Uri(account.BaseAddress, $"{basePath}/v1/messages");
        _chat = new Uri(account.BaseAddress, $"{basePath}/v1/chat/completions");
        _inference = new Uri(account.BaseAddress, $"{CortexOptions.DefaultBasePath}/inference:complete");
        _models = new Uri(account.BaseAddress, $"{CortexOptions.DefaultBasePath}/models");
    }

    /// <summary>Sends a sanitised Messages request. Failures are values; only the caller's own cancellation throws.</summary>
    /// <param name="headers">Protocol headers, as <see cref="SanitizedRequest.Headers"/> gives them.</param>
    public Task<CortexResponse> SendMessagesAsync(ReadOnlyMemory<byte> body, IReadOnlyList<KeyValuePair<string, string>> headers, CancellationToken cancellationToken) =>
        SendAsync(new Call(_messages, body, headers, Foreign: null), cancellationToken);

    /// <summary>
    /// Sends a request in the dialect it was prepared for. Whatever that is, the answer is Anthropic's: a Messages stream, a message,
    /// or a failure.
    /// </summary>
    public Task<CortexResponse> SendAsync(UpstreamRequest request, CancellationToken cancellationToken) => request.Dialect switch
    {
        UpstreamDialect.Messages => SendMessagesAsync(request.Body, request.Headers, cancellationToken),
        UpstreamDialect.ChatCompletions => SendAsync(new Call(_chat, request.Body, request.Headers, request), cancellationToken),
        UpstreamDialect.InferenceComplete => SendAsync(new Call(_inference, request.Body, request.Headers, request), cancellationToken),
        _ => throw new ArgumentOutOfRangeException(nameof(request), request.Dialect, "A dialect without a path."),
    };

    /// <summary>The models the account offers to this role, as Snowflake names them.</summary>
    /// <exception cref="CortexException">The account did not answer with a list.</exception>
    public async Task<ImmutableArray<string>> ListModelsAsync(CancellationToken cancellationToken)
    {
        await using var response = await SendAsync(new Call(_models, Body: null, [], Foreign: null), cancellationToken);
        if (response.Failure is { } failure)
        {
            throw new CortexException(failure);
        }
        try
        {
            using var answer = JsonDocument.Parse(response.Message ?? default);
            return [.. answer.RootElement.GetProperty("models"u8).EnumerateArray().Select(model => model.GetString()).OfType<string>()];
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new CortexException(UpstreamErrors.Local(UpstreamCause.NotUnderstood, "the list of models has another shape."));
        }
    }

    /// <summary>One thing to ask.</summary>
    /// <param name="Foreign">The request whose answer comes in another dialect; null for Anthropic's own.</param>
    private sealed record Call(Uri Address, ReadOnlyMemory<byte>? Body, IReadOnlyList<KeyValuePair<string, string>> Headers, UpstreamRequest? Foreign);

    private async Task<CortexResponse> SendAsync(Call call, CancellationToken cancellationToken)
    {
        var retries = new RetryState(_options);
        while (true)
        {
            var response = await AttemptAsync(call, retries, cancellationToken);
            if (response.Failure is not { } failure)
            {
                return response;
            }
            if (failure.Retry == RetryAdvice.ClampMaxTokens && failure.TokenLimit is { } limit && call.Body is { } whole && retries.TryClamp())
            {
                LogClamped(limit);
                call = call with { Body = RequestBody.WithMaxTokens(whole, limit) };
            }
            else if (failure.Retry == RetryAdvice.RenewCredential && retries.TryRenew() && await RenewAsync(retries.LastToken!, cancellationToken))
            {
                LogRenewed(failure.Cause);
            }
            else if (retries.NextWait(failure) is { } wait)
            {
                LogRetry(failure.Cause, retries.Attempts.Count + 1, wait.TotalSeconds);
                await Task.Delay(wait, _time, cancellationToken);
            }
            else
            {
                return response;
            }
            await response.DisposeAsync();
        }
    }

    private async Task<bool> RenewAsync(AccessToken refused, CancellationToken cancellationToken)
    {
        try
        {
            return await _credential.RenewAsync(refused, cancellationToken);
        }
        catch (SignInException exception)
        {
            LogRenewalFailed(exception.Message);
            return false;
        }
    }

    private async Task<CortexResponse> AttemptAsync(Call call, RetryState retries, CancellationToken cancellationToken)
    {
        var started = _time.GetUtcNow();
        var clock = _time.GetTimestamp();
        HttpResponseMessage? answer = null;
        UpstreamFailure failure;
        using var span = AccountTracing.Start(call.Address);
        try
        {
            var token = retries.LastToken = await _credential.GetAsync(cancellationToken);
            using var request = Request(call, token);
            answer = await WithHeaderTimeoutAsync(request, cancellationToken);
            var outcome = await ReadAnswerAsync(answer, call, retries, cancellationToken);
            var requestId = RequestId(answer) ?? outcome.Failure?.RequestId;
            AccountTracing.Answered(span, (int)answer.StatusCode, requestId, outcome.Failure?.Cause);
            retries.Attempts.Add(new CortexAttempt(retries.Attempts.Count + 1, started, _time.GetElapsedTime(clock), (int)answer.StatusCode, requestId, outcome.Failure?.Cause));
            var response = new CortexResponse([.. retries.Attempts], answer)
            {
                Status = (int)answer.StatusCode,
                RequestId = requestId,
                ContentType = answer.Content.Headers.ContentType?.ToString(),
                Stream = outcome.Stream,
                Message = outcome.Message,
                Failure = outcome.Failure,
            };
            answer = null;
            return response;
        }
        catch (SignInException exception)
        {
            failure = UpstreamErrors.Local(UpstreamCause.LoginFailed, exception.Message);
        }
        catch (TimeoutException exception)
        {
            failure = UpstreamErrors.Local(UpstreamCause.Stalled, exception.Message);
        }
        catch (UpstreamStreamException exception)
        {
            failure = exception.Failure;
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            failure = UpstreamErrors.Local(UpstreamCause.Unreachable, exception.Message);
        }
        finally
        {
            answer?.Dispose();
        }
        AccountTracing.Answered(span, status: null, requestId: null, failure.Cause);
        retries.Attempts.Add(new CortexAttempt(retries.Attempts.Count + 1, started, _time.GetElapsedTime(clock), 0, null, failure.Cause));
        return new CortexResponse([.. retries.Attempts], owner: null) { Failure = failure };
    }

    private static HttpRequestMessage Request(Call call, AccessToken token)
    {
        var request = new HttpRequestMessage(call.Body is null ? HttpMethod.Get : HttpMethod.Post, call.Address);
        if (call.Body is { } bytes)
        {
            request.Content = new SentBody(bytes);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        }
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        request.Headers.TryAddWithoutValidation("Accept", "application/json, text/event-stream");
        foreach (var (name, value) in call.Headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }
        token.AttachTo(request.Headers);
        AccountTracing.Continue(request.Headers);
        return request;
    }

    private async Task<HttpResponseMessage> WithHeaderTimeoutAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var timeout = new CancellationTokenSource(_options.HeaderTimeout, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timeout.Token);
        try
        {
            return await _http.SendAsync(request, either.Token);
        }
        catch (OperationCanceledException exception) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TimeoutException($"no answer came within {_options.HeaderTimeout.TotalSeconds:0} seconds.", exception);
        }
    }

    private async Task<(Stream? Stream, ReadOnlyMemory<byte>? Message, UpstreamFailure? Failure)> ReadAnswerAsync(
        HttpResponseMessage answer, Call call, RetryState retries, CancellationToken cancellationToken)
    {
        var stream = new UpstreamStream(await answer.Content.ReadAsStreamAsync(cancellationToken), _options.IdleTimeout, _time, cancellationToken);
        var handedOver = false;
        try
        {
            var mediaType = answer.Content.Headers.ContentType?.MediaType;
            if (!answer.IsSuccessStatusCode)
            {
                var error = await ReadWholeAsync(stream, MaxErrorBytes, cancellationToken);
                return (null, null, WithClock(UpstreamErrors.Translate((int)answer.StatusCode, mediaType, error, RetryAfter(answer), call.Body is { } asked ? RequestBody.MaxTokens(asked) : 0), answer));
            }
            if (mediaType != "text/event-stream")
            {
                var whole = await ReadWholeAsync(stream, _options.MaxMessageBytes, cancellationToken);
                return ReadMessage(answer, mediaType, whole, call.Foreign);
            }
            var (opening, failure) = await StreamOpening.ReadAsync(stream, foreign: call.Foreign is not null, _time, cancellationToken);
            failure ??= opening switch
            {
                Opening.Truncated => UpstreamErrors.Local(UpstreamCause.Truncated, "the stream ended before any content."),
                Opening.Empty when retries.TryEmpty() => UpstreamErrors.Local(UpstreamCause.Truncated, "the answer had no content."),
                _ => null,
            };
            handedOver = failure is null;
            return failure is not null ? (null, null, failure) : (call.Foreign is { } foreign ? new TranslatedStream(stream, new ForeignAnswer(foreign with { Body = default }, MessageId(answer))) : stream, null, null);
        }
        finally
        {
            if (!handedOver)
            {
                await stream.DisposeAsync();
            }
        }
    }

    private static (Stream?, ReadOnlyMemory<byte>?, UpstreamFailure?) ReadMessage(HttpResponseMessage answer, string? mediaType, ReadOnlyMemory<byte> whole, UpstreamRequest? foreign)
    {
        if (mediaType != "application/json" || UpstreamErrors.IsFailureInSuccess(whole))
        {
            return (null, null, UpstreamErrors.Translate((int)answer.StatusCode, mediaType, whole));
        }
        if (foreign is null)
        {
            return (null, whole, null);
        }
        return ForeignAnswer.Whole(foreign, MessageId(answer), whole) is { } message
            ? (null, message, null)
            : (null, null, UpstreamErrors.Local(UpstreamCause.NotUnderstood, "it holds no choices."));
    }

    /// <summary>The other dialects often leave the id empty; Snowflake's request id makes one that can be found again.</summary>
    private static string MessageId(HttpResponseMessage answer) => $"msg_{RequestId(answer)?.Replace("-", "", StringComparison.Ordinal) ?? Guid.NewGuid().ToString("N")}";

    private static async Task<ReadOnlyMemory<byte>> ReadWholeAsync(Stream stream, int limit, CancellationToken cancellationToken)
    {
        var whole = new System.Buffers.ArrayBufferWriter<byte>(4096);
        int read;
        while (whole.WrittenCount <= limit && (read = await stream.ReadAsync(whole.GetMemory(4096), cancellationToken)) > 0)
        {
            whole.Advance(read);
        }
        return whole.WrittenMemory;
    }

    /// <summary>A token signed by a wrong clock sounds like a wrong key; the account's own clock stands in its answer.</summary>
    private UpstreamFailure WithClock(UpstreamFailure failure, HttpResponseMessage answer)
    {
        if (failure.Cause != UpstreamCause.KeyPairTokenInvalid || answer.Headers.Date is not { } theirs) return failure;
        var ahead = _time.GetUtcNow() - theirs;
        return ahead.Duration() < NoticedSkew ? failure
            : failure with { Error = failure.Error with { Message = $"{failure.Error.Message} This machine's clock is {ahead.Duration().TotalMinutes:0.#} minutes {(ahead > TimeSpan.Zero ? "ahead of" : "behind")} the account's: set it right first." } };
    }

    private static string? RequestId(HttpResponseMessage answer) =>
        answer.Headers.TryGetValues(RequestIdHeader, out var values) ? values.FirstOrDefault() : null;

    private TimeSpan? RetryAfter(HttpResponseMessage answer) => answer.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } date } when date > _time.GetUtcNow() => date - _time.GetUtcNow(),
        _ => null,
    };

    [LoggerMessage(Level = LogLevel.Information, Message = "Asking Cortex again ({Cause}): attempt {Attempt} after {Seconds} s")]
    private partial void LogRetry(UpstreamCause cause, int attempt, double seconds);

    [LoggerMessage(Level = LogLevel.Information, Message = "Asking Cortex again with max_tokens {Limit}")]
    private partial void LogClamped(long limit);

    [LoggerMessage(Level = LogLevel.Information, Message = "Asking Cortex again with a renewed credential ({Cause})")]
    private partial void LogRenewed(UpstreamCause cause);

    [LoggerMessage(Level = LogLevel.Warning, Message = "The credential could not be renewed: {Reason}")]
    private partial void LogRenewalFailed(string reason);
}

/// <summary>The account did not do what it was asked.</summary>
public sealed class CortexException(UpstreamFailure failure) : Exception(failure.Error.Message)
{
    public UpstreamFailure Failure { get; } = failure;
}
