namespace EditorBridge.Sandbox.Faults;

/// <summary>What can go wrong with an inference request. The wire names and what each one does stand in <see cref="FaultCatalog"/>.</summary>
internal enum Fault
{
    EmptyStop,
    MidStreamError,
    MidStreamSnowflakeError,
    Truncate,
    NoMessageStop,
    Slow,
    Silent,
    JsonInStream,
    Throttle400,
    TooManyRequests,
    BudgetExceeded,
    NotAuthorized,
    NetworkPolicy,
    ServiceToken,
    NotAllowed,
    Unavailable,
    Transient392606,
    InternalError,
    GatewayTimeout,
    GoAway,
    SessionExpired200,
    InvalidJwt,
    InvalidOAuth,
    ExpiredOAuth,
    InvalidPat,
    MaxTokensExceeded,
    ContextExceeded,
    WrongHost,
    UnknownModel,
    AssistantLast,
    ConversationComplete,
    RoleEmpty,
    HtmlError,
    EmptyError,
    StaleKeepAlive,
}

/// <param name="Name">What a prompt or a header calls it.</param>
/// <param name="Summary">What the caller meets.</param>
/// <param name="Answer">The answer that replaces the model's, for faults that never reach the model.</param>
internal sealed record FaultEntry(Fault Fault, string Name, string Summary, Http.SnowflakeError? Answer = null);
