namespace EditorBridge.Snowflake;

/// <summary>How the account is asked. Times are idle limits where they concern a stream: they start anew with every byte.</summary>
public sealed record CortexOptions
{
    public const string DefaultBasePath = "/api/v2/cortex";

    /// <summary>The path of the Cortex AI Gateway: the same protocol with the account's own traces, quotas and budgets.</summary>
    public const string AiGatewayBasePath = "/api/v2/aigateways/SNOWFLAKE";

    public string BasePath { get; init; } = DefaultBasePath;

    /// <summary>Longest wait for the answer's head. Claude Code gives up at 300 s.</summary>
    public TimeSpan HeaderTimeout { get; init; } = TimeSpan.FromSeconds(290);

    /// <summary>Longest silence inside an answer.</summary>
    public TimeSpan IdleTimeout { get; init; } = TimeSpan.FromSeconds(290);

    /// <summary>Attempts for throttles and busy answers, the first one included; the client has a longer patience of its own.</summary>
    public int MaxAttempts { get; init; } = 3;

    /// <summary>All waiting between attempts together.</summary>
    public TimeSpan RetryBudget { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>First wait; it doubles.</summary>
    public TimeSpan FirstBackOff { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>How often a stream that ends without content is asked for again.</summary>
    public int EmptyAnswerRetries { get; init; } = 2;

    /// <summary>Largest whole answer, in bytes.</summary>
    public int MaxMessageBytes { get; init; } = 64 * 1024 * 1024;
}
