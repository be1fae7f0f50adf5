using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Faults;

/// <summary>Every fault by name. A test holds the README's table to this list.</summary>
internal static class FaultCatalog
{
    /// <summary>The output limit in Snowflake's rate table, which <c>max-tokens-exceeded</c> enforces.</summary>
    public const int MaxOutputTokens = 16_384;

    public static readonly IReadOnlyList<FaultEntry> All =
    [
        new(Fault.EmptyStop, "empty-stop", "a 200 stream that goes from message_start straight to message_stop"),
        new(Fault.MidStreamError, "mid-stream-error", "an `error` event inside a 200 stream, half way or after `fault_after` events"),
        new(Fault.MidStreamSnowflakeError, "mid-stream-error-snowflake", "the same as Snowflake's `data: {\"error\":{\"message\",\"code\"}}` without an event name"),
        new(Fault.Truncate, "truncate", "the socket is closed in the middle of an event, half way or after `fault_after` events"),
        new(Fault.NoMessageStop, "no-message-stop", "the stream ends cleanly, but without message_delta and message_stop"),
        new(Fault.Slow, "slow", "long gaps between events, with a `ping` in each (gap: --slow-gap, default 3 s, standing for more than 60 s)"),
        new(Fault.Silent, "silent", "nothing after message_start until the caller hangs up"),
        new(Fault.JsonInStream, "json-in-stream", "a JSON message where a stream was asked for"),
        new(Fault.Throttle400, "throttle-400", "throttling reported as 400", new(400, "all requests were throttled by remote service")),
        new(Fault.TooManyRequests, "429", "too many requests, without retry-after", new(429, "too many requests", "390505")),
        new(Fault.BudgetExceeded, "402", "the account's model budget is spent", new(402, "budget exceeded")),
        new(Fault.NotAuthorized, "403-role", "the default role lacks CORTEX_USER", new(403, "Not Authorized")),
        new(Fault.NetworkPolicy, "403-network", "a network policy refuses the address",
            new(403, "Incoming request with IP/Token 127.0.0.1 is not allowed to access Snowflake. Contact your account administrator.")),
        new(Fault.ServiceToken, "395092", "a container service token, which Cortex does not take",
            new(403, "Service tokens are not accepted for this endpoint.", "395092")),
        new(Fault.NotAllowed, "003001", "a trial account, or the feature is off",
            new(403, "This account is not allowed to access this endpoint. Please contact Snowflake support.", "003001")),
        new(Fault.Unavailable, "503", "inference timed out", new(503, "inference timed out")),
        new(Fault.Transient392606, "392606", "a transient failure of the service", new(503, "Service is temporarily unavailable.", "392606")),
        new(Fault.InternalError, "500", "an internal error", new(500, "internal error")),
        new(Fault.GatewayTimeout, "504", "a gateway timeout", new(504, "gateway timeout")),
        new(Fault.GoAway, "goaway", "the connection is closed before a byte of the answer: what an HTTP/2 GOAWAY does to a request, on HTTP/1.1"),
        new(Fault.SessionExpired200, "390112-200", "an expired session, reported inside a 200"),
        new(Fault.InvalidJwt, "390144", "the key-pair JWT is refused", new(401, "JWT token is invalid. [0ce9eb56-821d-4ca9-a774-04ae89a0cf5a]", "390144")),
        new(Fault.InvalidOAuth, "390303", "the OAuth access token is refused", new(401, "Invalid OAuth access token.", "390303")),
        new(Fault.ExpiredOAuth, "390318", "the OAuth access token has expired", new(401, "OAuth access token expired.", "390318")),
        new(Fault.InvalidPat, "394400", "the PAT is refused", new(401, "Programmatic access token is invalid.", "394400")),
        new(Fault.MaxTokensExceeded, "max-tokens-exceeded", "400 when max_tokens is above 16384; a clamped retry passes",
            new(400, $"max tokens of {MaxOutputTokens} exceeded")),
        new(Fault.ContextExceeded, "context-exceeded", "the prompt is longer than the model takes", new(400, "max tokens of 200000 exceeded")),
        new(Fault.WrongHost, "404", "a host that serves no such account", new(404, "not found")),
        new(Fault.UnknownModel, "unknown-model", "the model is not offered in the region or to the role", new(400, "unknown model")),
        new(Fault.AssistantLast, "assistant-last", "Bedrock's refusal of a trailing assistant message",
            SnowflakeError.InvalidRequest("Requests cannot contain `assistant` role in the final position when `tools` are used..")),
        new(Fault.ConversationComplete, "conversation-complete", "the 400 that means there is nothing left to say",
            SnowflakeError.InvalidRequest("conversation complete")),
        new(Fault.RoleEmpty, "role-empty", "chat completions only: `role` is empty in every chunk"),
        new(Fault.HtmlError, "html-error", "a 502 of the gateway with an HTML body"),
        new(Fault.EmptyError, "empty-error", "a 503 without a body"),
        new(Fault.StaleKeepAlive, "stale-keepalive", "this request is answered; the next one on the same connection finds it dead"),
    ];

    private static readonly Dictionary<string, FaultEntry> ByName = All.ToDictionary(entry => entry.Name, StringComparer.Ordinal);

    public static FaultEntry? Find(string name) => ByName.GetValueOrDefault(name);
}
