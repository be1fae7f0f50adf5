namespace EditorBridge.Messages;

/// <summary>Why the account did not answer a request. One sentence each, from the person's point of view.</summary>
public enum UpstreamCause
{
    /// <summary>The account found the body wrong.</summary>
    InvalidRequest,
    /// <summary>The model is misspelt, not allowed for the role, or not offered to the account's region.</summary>
    UnknownModel,
    /// <summary>More output was asked for than the model gives.</summary>
    MaxTokensExceeded,
    /// <summary>The conversation is longer than the model reads.</summary>
    PromptTooLong,
    /// <summary>The conversation ends with the assistant although tools are offered.</summary>
    AssistantLast,
    /// <summary>The model has nothing to add.</summary>
    ConversationComplete,
    /// <summary>Too many requests or tokens per minute, however the account spells it.</summary>
    Throttled,
    /// <summary>A bearer token ran out and can be renewed.</summary>
    TokenExpired,
    /// <summary>The signed key-pair token was refused, often because of a wrong clock.</summary>
    KeyPairTokenInvalid,
    /// <summary>A programmatic access token that is wrong, expired, disabled, or used without a network policy.</summary>
    AccessTokenInvalid,
    /// <summary>The session ran out; Cortex may say so with a status of 200.</summary>
    SessionExpired,
    /// <summary>The session cannot be renewed: a person has to sign in.</summary>
    SessionGone,
    /// <summary>Signing in failed.</summary>
    LoginFailed,
    /// <summary>The account's own budget for the model is used up.</summary>
    BudgetExceeded,
    /// <summary>The role may not use Cortex.</summary>
    NotAuthorized,
    /// <summary>The account may not use the endpoint: a trial account or a feature that is off.</summary>
    EndpointNotAllowed,
    /// <summary>A network policy refuses this address.</summary>
    NetworkPolicy,
    /// <summary>The kind of token does not open Cortex.</summary>
    TokenKindNotAccepted,
    /// <summary>The host or the path is wrong.</summary>
    NotFound,
    /// <summary>Method or media type: the path points at something else than Cortex.</summary>
    WrongEndpoint,
    /// <summary>The body is larger than the account takes.</summary>
    TooLarge,
    /// <summary>The model took too long, or the service is busy.</summary>
    Overloaded,
    /// <summary>A gateway between gave up waiting.</summary>
    GatewayTimeout,
    /// <summary>The service failed.</summary>
    ServerError,
    /// <summary>The connection could not be made or broke off.</summary>
    Unreachable,
    /// <summary>Nothing arrived for longer than the idle limit.</summary>
    Stalled,
    /// <summary>The stream ended without an ending.</summary>
    Truncated,
    /// <summary>An answer that is no answer of the Messages API.</summary>
    NotUnderstood,
}

/// <summary>What may be tried before the client hears of a failure, as long as nothing was sent to it.</summary>
public enum RetryAdvice
{
    None,
    /// <summary>Once, at once.</summary>
    Once,
    /// <summary>After a wait that grows.</summary>
    BackOff,
    /// <summary>Once, with a new credential of the same sign-in.</summary>
    RenewCredential,
    /// <summary>Once, with <c>max_tokens</c> at <see cref="UpstreamFailure.TokenLimit"/>.</summary>
    ClampMaxTokens,
}

/// <summary>A failure of the account, translated for the client.</summary>
public sealed record UpstreamFailure
{
    public required UpstreamCause Cause { get; init; }

    /// <summary>What the client is answered.</summary>
    public required AnthropicError Error { get; init; }

    public required RetryAdvice Retry { get; init; }

    /// <summary>How long the account itself asked to wait, if it did.</summary>
    public TimeSpan? AskedWait { get; init; }

    /// <summary>Snowflake's own code, such as 390112, when it gave one.</summary>
    public string? Code { get; init; }

    /// <summary>Snowflake's id of the request, for support and reconciliation.</summary>
    public string? RequestId { get; init; }

    /// <summary>The output limit named in the message, in tokens.</summary>
    public long? TokenLimit { get; init; }
}
