namespace EditorBridge.Mcp.Upstreams;

/// <summary>Where a server stands.</summary>
internal enum UpstreamState
{
    /// <summary>Configured and switched off.</summary>
    Disabled,
    Starting,
    Ready,
    /// <summary>It failed and is tried again after a while, or at once when somebody needs it.</summary>
    Waiting,
    /// <summary>It asks for a sign-in, or for another than the one there is. Tried again when a person has signed in.</summary>
    SignInNeeded,
    /// <summary>It is configured otherwise than a person accepted, so it is not started. Tried again when somebody has accepted it.</summary>
    AcceptanceNeeded,
    Stopped,
}

/// <summary>How a server is, for people. No secret stands in it.</summary>
/// <param name="Since">When it came into this state.</param>
/// <param name="LastError">Why it last failed; stays after it works again.</param>
/// <param name="Mend">What mends that; null when there is no error or nothing to advise.</param>
internal sealed record UpstreamHealth(UpstreamState State, DateTimeOffset Since, string? LastError = null, string? Mend = null)
{
    /// <summary>How often in a row it failed.</summary>
    public int Failures { get; init; }

    public string? ProtocolVersion { get; init; }

    /// <summary>What the server calls itself. Its own words.</summary>
    public string? ServerName { get; init; }

    public int? ProcessId { get; init; }

    /// <summary>Which of a person's sign-ins the connection was made with; null for none.</summary>
    public string? SignInId { get; init; }
}
