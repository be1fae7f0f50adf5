using System.Text.Json;
using System.Text.RegularExpressions;

namespace EditorBridge.Messages;

/// <summary>
/// Reads Snowflake's errors, which are never Anthropic's: flat JSON with a code, a throttle dressed as 400, an expired session
/// dressed as 200, HTML from a gateway, an error frame in the middle of a stream.
/// </summary>
public static partial class UpstreamErrors
{
    /// <summary>Body bytes looked at; an error text is never longer.</summary>
    private const int MostBytes = 64 * 1024;

    /// <summary>The account sends no retry-after with a throttle; ten seconds let a sliding minute move on.</summary>
    private static readonly TimeSpan DefaultThrottleWait = TimeSpan.FromSeconds(10);

    /// <summary>Translates an answer that is no success. Never throws.</summary>
    /// <param name="status">HTTP status, possibly 200.</param>
    /// <param name="contentType">The media type, for telling a gateway's HTML from the account's JSON.</param>
    /// <param name="requestedMaxTokens">What the request asked for, to tell a long prompt from a large <c>max_tokens</c>; 0 when unknown.</param>
    public static UpstreamFailure Translate(int status, string? contentType, ReadOnlyMemory<byte> body, TimeSpan? retryAfter = null, long requestedMaxTokens = 0)
    {
        var said = Read(contentType, body);
        var limit = TokenLimitIn(said.Message);
        var cause = CauseOf(status, said, limit, requestedMaxTokens);
        return Failure(cause, status, said, retryAfter, limit);
    }

    /// <summary>
    /// Whether a 200 with a JSON body is in truth a refusal: <c>{"code":"390112",…,"success":false}</c> or an error object.
    /// </summary>
    public static bool IsFailureInSuccess(ReadOnlyMemory<byte> body) =>
        WireJson.TryParse(body, out var root, out _) && root.ValueKind == JsonValueKind.Object && !root.Is("type"u8, "message"u8) && root.Member("content"u8) is null
        && (root.Member("success"u8) is { ValueKind: JsonValueKind.False } || root.Member("code"u8) is { ValueKind: JsonValueKind.String } || root.Member("error"u8) is { ValueKind: JsonValueKind.Object });

    /// <summary>An error frame inside a stream whose 200 has been sent. Its status says what it would have been before.</summary>
    public static UpstreamFailure TranslateFrame(ReadOnlyMemory<byte> data)
    {
        var said = Read("application/json", data);
        var status = said.Code is { Length: 3 } code && int.TryParse(code, out var number) && number >= 400 ? number : said.ErrorType switch
        {
            "invalid_request_error" => 400,
            "overloaded_error" => 529,
            "rate_limit_error" => 429,
            _ => 500,
        };
        var cause = CauseOf(status, said, null, 0);
        return Failure(cause, status, said, null, null);
    }

    /// <summary>A failure that no answer carried: the connection, the idle limit, the end of a stream.</summary>
    /// <param name="detail">What happened, for people; no secrets.</param>
    public static UpstreamFailure Local(UpstreamCause cause, string detail) => Failure(cause, 0, new Said { Message = detail }, null, null);

    private static UpstreamCause CauseOf(int status, Said said, long? limit, long requestedMaxTokens)
    {
        if (ByCode(said.Code) is { } known)
        {
            return known;
        }
        bool Says(string text) => said.Message.Contains(text, StringComparison.OrdinalIgnoreCase);
        return status switch
        {
            200 => UpstreamCause.NotUnderstood,
            400 or 422 when Says("throttled by remote service") => UpstreamCause.Throttled,
            400 or 422 when Says("unknown model") || Says("model is unavailable") || Says("model not found") => UpstreamCause.UnknownModel,
            400 or 422 when Says("max tokens of") => limit is { } most && requestedMaxTokens > most ? UpstreamCause.MaxTokensExceeded : UpstreamCause.PromptTooLong,
            400 or 422 when Says("prompt is too long") => UpstreamCause.PromptTooLong,
            400 or 422 when Says("role in the final position") => UpstreamCause.AssistantLast,
            400 or 422 when Says("conversation complete") => UpstreamCause.ConversationComplete,
            401 => UpstreamCause.LoginFailed,
            402 => UpstreamCause.BudgetExceeded,
            403 when Says("is not allowed to access Snowflake") || Says("network policy") => UpstreamCause.NetworkPolicy,
            403 when Says("not allowed to access this endpoint") => UpstreamCause.EndpointNotAllowed,
            403 => UpstreamCause.NotAuthorized,
            404 => UpstreamCause.NotFound,
            405 or 415 => UpstreamCause.WrongEndpoint,
            408 or 504 => UpstreamCause.GatewayTimeout,
            413 => UpstreamCause.TooLarge,
            429 => UpstreamCause.Throttled,
            502 or 503 or 529 => UpstreamCause.Overloaded,
            >= 500 => UpstreamCause.ServerError,
            >= 400 => UpstreamCause.InvalidRequest,
            _ => UpstreamCause.NotUnderstood,
        };
    }

    private static UpstreamCause? ByCode(string? code) => code switch
    {
        "390112" => UpstreamCause.SessionExpired,
        "390111" or "390114" or "390115" or "390195" => UpstreamCause.SessionGone,
        "390144" => UpstreamCause.KeyPairTokenInvalid,
        "390303" or "390318" => UpstreamCause.TokenExpired,
        "394400" => UpstreamCause.AccessTokenInvalid,
        "390142" => UpstreamCause.InvalidRequest,
        "390100" or "390101" => UpstreamCause.LoginFailed,
        "390505" => UpstreamCause.Throttled,
        "392606" => UpstreamCause.Overloaded,
        "395092" => UpstreamCause.TokenKindNotAccepted,
        "003001" => UpstreamCause.EndpointNotAllowed,
        _ => null,
    };

    private static UpstreamFailure Failure(UpstreamCause cause, int status, Said said, TimeSpan? retryAfter, long? limit)
    {
        var (answer, type, retry) = Shape(cause);
        var error = new AnthropicError(answer, type, Sentence(cause, status, said.Message))
        {
            RetryAfter = retryAfter ?? (cause == UpstreamCause.Throttled ? DefaultThrottleWait : null),
            ShouldRetry = retry is RetryAdvice.BackOff or RetryAdvice.Once ? null : false,
        };
        return new UpstreamFailure { Cause = cause, Error = error, Retry = retry, AskedWait = retryAfter, Code = said.Code, RequestId = said.RequestId, TokenLimit = limit };
    }

    private static (int Status, AnthropicErrorType Type, RetryAdvice Retry) Shape(UpstreamCause cause) => cause switch
    {
        UpstreamCause.InvalidRequest or UpstreamCause.PromptTooLong or UpstreamCause.AssistantLast or UpstreamCause.ConversationComplete
            or UpstreamCause.WrongEndpoint => (400, AnthropicErrorType.InvalidRequest, RetryAdvice.None),
        UpstreamCause.MaxTokensExceeded => (400, AnthropicErrorType.InvalidRequest, RetryAdvice.ClampMaxTokens),
        UpstreamCause.UnknownModel or UpstreamCause.NotFound => (404, AnthropicErrorType.NotFound, RetryAdvice.None),
        UpstreamCause.Throttled => (429, AnthropicErrorType.RateLimit, RetryAdvice.BackOff),
        UpstreamCause.TokenExpired or UpstreamCause.KeyPairTokenInvalid or UpstreamCause.SessionExpired => (401, AnthropicErrorType.Authentication, RetryAdvice.RenewCredential),
        // A rotated access token lies in its file or store already; asking for it anew finds it.
        UpstreamCause.SessionGone or UpstreamCause.AccessTokenInvalid => (401, AnthropicErrorType.Authentication, RetryAdvice.RenewCredential),
        UpstreamCause.LoginFailed => (401, AnthropicErrorType.Authentication, RetryAdvice.None),
        // Claude Code reads 403 as a failed login and hides nothing behind 429 with x-should-retry: false.
        UpstreamCause.BudgetExceeded => (429, AnthropicErrorType.Billing, RetryAdvice.None),
        UpstreamCause.NotAuthorized or UpstreamCause.EndpointNotAllowed or UpstreamCause.NetworkPolicy or UpstreamCause.TokenKindNotAccepted
            => (403, AnthropicErrorType.Permission, RetryAdvice.None),
        UpstreamCause.TooLarge => (413, AnthropicErrorType.RequestTooLarge, RetryAdvice.None),
        UpstreamCause.Overloaded => (529, AnthropicErrorType.Overloaded, RetryAdvice.BackOff),
        UpstreamCause.GatewayTimeout => (504, AnthropicErrorType.Api, RetryAdvice.BackOff),
        UpstreamCause.ServerError => (500, AnthropicErrorType.Api, RetryAdvice.Once),
        UpstreamCause.Unreachable => (502, AnthropicErrorType.Api, RetryAdvice.Once),
        UpstreamCause.Stalled => (504, AnthropicErrorType.Timeout, RetryAdvice.None),
        UpstreamCause.Truncated => (502, AnthropicErrorType.Api, RetryAdvice.Once),
        UpstreamCause.NotUnderstood => (502, AnthropicErrorType.Api, RetryAdvice.None),
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "A cause without an answer."),
    };

    /// <summary>The one switch from cause to text. The account's own words stand in it, because clients look for some of them.</summary>
    private static string Sentence(UpstreamCause cause, int status, string said) => cause switch
    {
        UpstreamCause.InvalidRequest => $"Snowflake Cortex refused the request: {said}",
        UpstreamCause.UnknownModel => $"Snowflake does not offer this model here: {Ended(said)} Check the name (editorbridge status lists the account's models), "
            + "the account's parameter CORTEX_ENABLED_CROSS_REGION (SHOW PARAMETERS LIKE 'CORTEX_ENABLED_CROSS_REGION' IN ACCOUNT), and the role's access "
            + "(CORTEX_MODELS_ALLOWLIST, application role SNOWFLAKE.\"CORTEX-MODEL-ROLE-…\").",
        UpstreamCause.MaxTokensExceeded => $"max_tokens is larger than the model gives: {said}",
        UpstreamCause.PromptTooLong => $"prompt is too long: {Ended(said)} capability_rejected: prompt_too_long",
        UpstreamCause.AssistantLast => $"With tools the last message must be the user's: {said}",
        UpstreamCause.ConversationComplete => $"The model has nothing to add: {said}",
        UpstreamCause.Throttled => $"Snowflake is limiting the rate of requests for this model: {Ended(said)} The account's limits stand in SNOWFLAKE.ACCOUNT_USAGE.CORTEX_REST_API_RATE_LIMIT_POLICIES.",
        UpstreamCause.TokenExpired => $"The sign-in to Snowflake has expired and could not be renewed: {Ended(said)} Run: editorbridge login",
        UpstreamCause.KeyPairTokenInvalid => $"Snowflake refused the key-pair token: {Ended(said)} Check this machine's clock and that the user has this public key (DESC USER … RSA_PUBLIC_KEY_FP).",
        UpstreamCause.AccessTokenInvalid => $"Snowflake refused the programmatic access token: {Ended(said)} It may be wrong, expired or disabled (SHOW USER PROGRAMMATIC ACCESS TOKENS), "
            + "its role may have been revoked, or the user has no active network policy, which a person needs to use one.",
        UpstreamCause.SessionExpired => $"The session with Snowflake has expired and could not be renewed: {Ended(said)} Run: editorbridge login",
        UpstreamCause.SessionGone => $"The session with Snowflake is gone: {Ended(said)} Run: editorbridge login",
        // Nothing was sent: what our own sign-in says names the cause and the command already.
        UpstreamCause.LoginFailed when status == 0 => said,
        UpstreamCause.LoginFailed => $"Snowflake refused the sign-in: {Ended(said)} Check account and user with: editorbridge status",
        UpstreamCause.BudgetExceeded => $"The account's budget for this model is used up: {Ended(said)} An administrator of the Snowflake account can raise it; the request was not answered.",
        UpstreamCause.NotAuthorized => $"The role may not use Cortex: {Ended(said)} The user's default role (or the token's role) needs SNOWFLAKE.CORTEX_USER or SNOWFLAKE.CORTEX_REST_API_USER: "
            + "GRANT DATABASE ROLE SNOWFLAKE.CORTEX_USER TO ROLE <role>;",
        UpstreamCause.EndpointNotAllowed => $"The account may not use this endpoint: {Ended(said)} Trial accounts have no AI features until a card is on file.",
        UpstreamCause.NetworkPolicy => $"A network policy of the account refuses this address: {Ended(said)} Connect through the allowed network, or have an administrator add the address.",
        UpstreamCause.TokenKindNotAccepted => $"Cortex does not accept this kind of token: {Ended(said)} Sign in with OAuth, a programmatic access token or a key pair.",
        UpstreamCause.NotFound => $"Snowflake has nothing at this address: {Ended(said)} Use the account's organisation host (myorg-myaccount.snowflakecomputing.com); some locators do not serve Cortex.",
        UpstreamCause.WrongEndpoint => $"The address is not a Cortex endpoint (HTTP {status}): {said}",
        UpstreamCause.TooLarge => $"The request is too large for the account: {said}",
        UpstreamCause.Overloaded => $"Snowflake Cortex is overloaded or took too long: {said}",
        UpstreamCause.GatewayTimeout => $"A gateway in front of Snowflake gave up waiting: {said}",
        UpstreamCause.ServerError => $"Snowflake Cortex failed: {said}",
        UpstreamCause.Unreachable => $"Snowflake could not be reached: {said}",
        UpstreamCause.Stalled => $"Snowflake stopped sending: {said}",
        UpstreamCause.Truncated => $"Snowflake's answer ended in the middle: {said}",
        UpstreamCause.NotUnderstood => $"Snowflake's answer is no answer of the Messages API: {said}",
        _ => throw new ArgumentOutOfRangeException(nameof(cause), cause, "A cause without a sentence."),
    };

    // The account ends some of its sentences and some not; what we add is a sentence of its own.
    private static string Ended(string said) => said.TrimEnd() is [.., '.' or '!' or '?'] ended ? ended : said.TrimEnd() + ".";

    private sealed record Said
    {
        public string Message { get; init; } = "";
        public string? Code { get; init; }
        public string? RequestId { get; init; }
        public string? ErrorType { get; init; }
    }

    private static Said Read(string? contentType, ReadOnlyMemory<byte> body)
    {
        var bytes = body.Length > MostBytes ? body[..MostBytes] : body;
        if (bytes.IsEmpty)
        {
            return new Said { Message = "(empty answer)" };
        }
        if (WireJson.TryParse(bytes, out var root, out _) && root.ValueKind == JsonValueKind.Object)
        {
            // {"error":{"message","code"}} in streams, {"type":"error","error":{"type","message"}} through a gateway, flat otherwise.
            var said = root.Member("error"u8) is { ValueKind: JsonValueKind.Object } inner ? inner : root;
            return new Said
            {
                Message = Sentence(said.Text("message"u8) ?? root.Text("error"u8) ?? "(no message)"),
                Code = Code(said) ?? Code(root),
                RequestId = root.Text("request_id"u8),
                ErrorType = said.Text("type"u8),
            };
        }
        var text = WireJson.Utf8Text(bytes.Span);
        var isHtml = contentType?.Contains("html", StringComparison.OrdinalIgnoreCase) == true || text.AsSpan().TrimStart().StartsWith("<");
        return new Said { Message = Sentence(isHtml ? HtmlTitle(text) : text) };
    }

    private static string? Code(JsonElement said) => said.Member("code"u8) switch
    {
        { ValueKind: JsonValueKind.String } code => code.TextOrNull(),
        { ValueKind: JsonValueKind.Number } code => WireJson.Utf8Text(WireJson.Raw(code)),
        _ => said.Text("error_code"u8),
    };

    private static string HtmlTitle(string html)
    {
        var title = Title().Match(html);
        return title.Success ? $"an HTML page titled \"{title.Groups[1].Value.Trim()}\"" : "an HTML page";
    }

    /// <summary>One line, no secrets that an upstream may have echoed, not longer than a person reads.</summary>
    private static string Sentence(string text)
    {
        const int Longest = 600;
        var line = SecretText().Replace(WhiteSpace().Replace(text, " ").Trim(), "[secret]");
        return line.Length > Longest ? string.Concat(line.AsSpan(0, Longest), "…") : line;
    }

    private static long? TokenLimitIn(string message) =>
        MaxTokens().Match(message) is { Success: true } found && long.TryParse(found.Groups[1].ValueSpan, out var limit) && limit > 0 ? limit : null;

    [GeneratedRegex("max tokens of ([0-9]{1,9})", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex MaxTokens();

    [GeneratedRegex("<title[^>]{0,200}>([^<]{1,200})", RegexOptions.IgnoreCase | RegexOptions.CultureInvariant)]
    private static partial Regex Title();

    [GeneratedRegex(@"[\s\u0000-\u001f]+", RegexOptions.CultureInvariant)]
    private static partial Regex WhiteSpace();

    [GeneratedRegex(@"eyJ[A-Za-z0-9_-]{8,}(\.[A-Za-z0-9_-]+){0,4}|ver:[0-9]+-hint:[^\s""]+", RegexOptions.CultureInvariant)]
    private static partial Regex SecretText();
}
