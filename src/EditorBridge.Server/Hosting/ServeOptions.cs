using System.Globalization;

using EditorBridge.Snowflake;

namespace EditorBridge.Hosting;

/// <summary>What the host is told at its start, once, from the command line.</summary>
internal sealed record ServeOptions
{
    public const int DefaultPort = 4000;

    /// <summary>Port of the proxy on 127.0.0.1; 0 lets the system choose.</summary>
    public int Port { get; init; } = DefaultPort;

    public required StateFolder State { get; init; }

    /// <summary>A stand-in account to use instead of a real one.</summary>
    public Uri? Sandbox { get; init; }

    /// <summary>File holding the programmatic access token. Never the token itself: command lines are visible to others.</summary>
    public string? TokenFile { get; init; }

    /// <summary>The access token is kept by the person's editor and handed over while the host runs.</summary>
    public bool TokenFromEditor { get; init; }

    /// <summary>Name of a connection in Snowflake's or our own configuration files; null for its default one.</summary>
    public string? Account { get; init; }

    /// <summary>The account's path for inference.</summary>
    public UpstreamPath Upstream { get; init; }

    /// <summary>Where inference may run; null leaves that to the account.</summary>
    public ResidencyRule? Residency { get; init; }

    /// <summary>A host an editor started leaves when nobody has needed it for ten minutes; one a person started stays.</summary>
    public bool StartedByEditor { get; init; }

    /// <summary>How long a review waits before it counts as rejected; null for the usual 29 minutes.</summary>
    public TimeSpan? ReviewLifetime { get; init; }

    /// <summary>Where the portal answers, for links; null when none runs.</summary>
    public string? PortalUrl { get; init; }

    /// <summary>The arguments of <c>editorbridge serve</c> that start a host like this one; the state folder is for the caller to name.</summary>
    public string[] ToArguments()
    {
        var arguments = new List<string> { "--port", Port.ToString(CultureInfo.InvariantCulture) };
        if (Sandbox is not null) arguments.AddRange(["--sandbox", Sandbox.ToString()]);
        if (TokenFile is not null) arguments.AddRange(["--pat-file", TokenFile]);
        if (TokenFromEditor) arguments.Add("--pat-from-editor");
        if (Account is not null) arguments.AddRange(["--account", Account]);
        if (Upstream != UpstreamPath.Rest) arguments.AddRange(["--upstream", Upstream.ToString()]);
        // The next host must be as strict as this one.
        if (Residency is not null) arguments.Add("--eu-only");
        if (ReviewLifetime is { } lifetime) arguments.AddRange(["--review-seconds", ((int)lifetime.TotalSeconds).ToString(CultureInfo.InvariantCulture)]);
        if (PortalUrl is not null) arguments.AddRange(["--portal-url", PortalUrl]);
        return [.. arguments];
    }
}

/// <summary>The account's paths for inference.</summary>
internal enum UpstreamPath
{
    /// <summary>Cortex REST: Claude by the Messages format, other models by chat completions.</summary>
    Rest,
    /// <summary>The Cortex AI Gateway: the same formats with the account's own traces, quotas and budgets.</summary>
    AiGateway,
    /// <summary>The older <c>inference:complete</c>, for accounts without the others.</summary>
    InferenceComplete,
}
