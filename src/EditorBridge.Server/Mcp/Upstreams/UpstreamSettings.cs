using System.Collections.Immutable;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>How an upstream is reached.</summary>
internal enum UpstreamTransport
{
    /// <summary>A process of ours that speaks on its stdin and stdout.</summary>
    Stdio,
    /// <summary>Streamable HTTP.</summary>
    Http,
}

/// <summary>What a server may ask of the client that called it; what is not allowed is not declared to it.</summary>
internal enum ClientFeature
{
    /// <summary>Asking the person a question. Allowed unless the configuration says otherwise: a person sees it and answers.</summary>
    Elicitation,
    /// <summary>Asking the client's model. Refused unless allowed: it spends the person's tokens on a server's words.</summary>
    Sampling,
    /// <summary>Asking which folders the client works in. Refused unless allowed.</summary>
    Roots,
}

/// <summary>One configured MCP server. Values may still hold references; <see cref="UpstreamSecrets"/> resolves them when a connection is made.</summary>
internal sealed record UpstreamSettings
{
    public required string Name { get; init; }

    /// <summary>What stands before the server's names in lists; empty for nothing.</summary>
    public required string Prefix { get; init; }

    public required UpstreamTransport Transport { get; init; }
    public string? Command { get; init; }
    public ImmutableArray<string> Arguments { get; init; } = [];
    public string? Folder { get; init; }
    public ImmutableSortedDictionary<string, string> Environment { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    /// <summary>Variables of the host that the process gets beside the few every program needs.</summary>
    public ImmutableArray<string> InheritedVariables { get; init; } = [];

    public Uri? Url { get; init; }
    public ImmutableSortedDictionary<string, string> Headers { get; init; } = ImmutableSortedDictionary<string, string>.Empty;

    public UpstreamOAuth OAuth { get; init; } = UpstreamOAuth.Usual;

    /// <summary>The person vouches for the server: what it says of its own tools (<c>readOnlyHint</c>) is believed.</summary>
    public bool Trusted { get; init; }

    public bool Disabled { get; init; }

    /// <summary>The server is held to what was accepted of it. Off only for a trusted server, such as one under development.</summary>
    public bool Pinning { get; init; } = true;

    /// <summary>Nothing of the server is accepted at first use: a person sees everything first.</summary>
    public bool AsksFirst { get; init; }

    /// <summary>Set up by an administrator; a person's file cannot change it.</summary>
    public bool Managed { get; init; }

    public ImmutableHashSet<ClientFeature> Allows { get; init; } = [ClientFeature.Elicitation];

    /// <summary>Tools that only read, as the person who configured the server knows; by the server's own names.</summary>
    public ImmutableArray<string> ReadOnlyTools { get; init; } = [];

    /// <summary>Tools that are listed even where tool search stands for the rest; by the server's own names.</summary>
    public ImmutableArray<string> PinnedTools { get; init; } = [];

    /// <summary>How long a call may be silent. Progress starts the time anew.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Digest of what was written about the server: another one means another server, and the connection is made anew.</summary>
    public required string Fingerprint { get; init; }

    /// <summary>For people: the command line or the address, references unresolved.</summary>
    public string Target => Transport == UpstreamTransport.Http ? Url!.ToString() : string.Join(' ', Arguments.Prepend(Command!));
}

/// <summary>What is known of a server's sign-in beforehand. Everything else is asked of the server.</summary>
internal sealed record UpstreamOAuth
{
    public static readonly UpstreamOAuth Usual = new();

    /// <summary>A client that was registered by hand; null to register when a person signs in.</summary>
    public string? ClientId { get; init; }

    /// <summary>May be a reference, as in headers.</summary>
    public string? ClientSecret { get; init; }

    /// <summary>Where a document that describes this client is published; its address is the client id then (OAuth Client ID Metadata Document).</summary>
    public Uri? ClientMetadata { get; init; }

    /// <summary>Port on 127.0.0.1 the browser comes back to; 0 for any free one.</summary>
    public int CallbackPort { get; init; }

    /// <summary>Asked for where the server names no permissions itself.</summary>
    public ImmutableArray<string> Scopes { get; init; } = [];
}

/// <summary>All configured servers.</summary>
/// <param name="SearchAbove">With more tools than this, tool search stands for those that are not pinned.</param>
internal sealed record UpstreamConfiguration(ImmutableArray<UpstreamSettings> Servers, ImmutableArray<ConfigurationProblem> Problems, int SearchAbove)
{
    public const int DefaultSearchAbove = 100;

    public static readonly UpstreamConfiguration Empty = new([], [], DefaultSearchAbove);
}

/// <summary>Something wrong, or odd, in a configuration file.</summary>
/// <param name="Line">From 1; 0 when the file as a whole is meant.</param>
/// <param name="Column">From 1, in characters.</param>
/// <param name="Server">The server it is about; null for the file.</param>
/// <param name="IsError">False for a warning: the server is used all the same.</param>
internal sealed record ConfigurationProblem(string File, int Line, int Column, string? Server, string Message, bool IsError = true)
{
    public override string ToString() => Line == 0 ? $"{File}: {Message}" : $"{File}:{Line}:{Column}: {Message}";
}

/// <summary>A server cannot be used. The message says why, <paramref name="Mend"/> what mends it.</summary>
internal class UpstreamException(string message, string? mend = null, Exception? innerException = null) : Exception(message, innerException)
{
    public string? Mend => mend;

    /// <summary>Only a person can go on, by signing in.</summary>
    public bool NeedsSignIn { get; init; }

    /// <summary>Only a person can go on, by accepting how the server is started.</summary>
    public bool NeedsAcceptance { get; init; }
}
