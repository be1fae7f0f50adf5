using System.Collections.Frozen;
using System.Collections.Immutable;

namespace EditorBridge.Messages;

/// <summary>What to do with a part of a request that the account cannot take.</summary>
public enum UnsupportedPart
{
    /// <summary>Answer 400 with the reason; nothing is sent.</summary>
    Refuse,
    /// <summary>Take it out, tell the model where it can be told, and report the removal.</summary>
    Remove,
}

/// <summary>The sanitiser's settings. The defaults are what Snowflake documents for Claude on Cortex.</summary>
public sealed record SanitizerRules
{
    public static readonly SanitizerRules Default = new();

    /// <summary>Betas that may pass. Everything else leaves the header.</summary>
    public FrozenSet<string> AllowedBetas { get; init; } = FrozenSet.ToFrozenSet(
    [
        "token-efficient-tools-2025-02-19", "interleaved-thinking-2025-05-14", "output-128k-2025-02-19", "dev-full-thinking-2025-05-14",
        "context-management-2025-06-27", "effort-2025-11-24", "tool-search-tool-2025-10-19", "tool-examples-2025-10-29",
    ], StringComparer.Ordinal);

    /// <summary>Client's model name to account's model name.</summary>
    public IReadOnlyDictionary<string, string> ModelAliases { get; init; } = ModelNames.DefaultAliases;

    /// <summary>Tools that run at the provider: web search, web fetch, code execution, tool search, advisor.</summary>
    public UnsupportedPart ServerTools { get; init; } = UnsupportedPart.Refuse;

    /// <summary><c>mcp_servers</c> and their toolsets: the provider would call MCP servers past the gate.</summary>
    public UnsupportedPart McpServers { get; init; } = UnsupportedPart.Refuse;

    /// <summary>
    /// PDFs and uploaded files. Removed by default, with a notice to the model in their place: a client keeps a document in its
    /// history, so a refusal would end the session for good.
    /// </summary>
    public UnsupportedPart Documents { get; init; } = UnsupportedPart.Remove;

    /// <summary>Images given by URL or file id.</summary>
    public UnsupportedPart RemoteImages { get; init; } = UnsupportedPart.Remove;

    public int MaxCacheBreakpoints { get; init; } = 4;

    public int MaxImages { get; init; } = 20;

    /// <summary>Largest body the account takes, in bytes.</summary>
    public int MaxBodyBytes { get; init; } = 20 * 1024 * 1024;
}

/// <summary>The request headers that decide how a body is read.</summary>
/// <param name="Version"><c>anthropic-version</c>, null when the client sent none.</param>
/// <param name="Betas">Every value of every <c>anthropic-beta</c> line.</param>
public sealed record AnthropicHeaders(string? Version, ImmutableArray<string> Betas)
{
    /// <summary>The version the account speaks.</summary>
    public const string UpstreamVersion = "2023-06-01";

    /// <summary>The second version, which takes no sampling settings and no documents from the assistant.</summary>
    public const string SecondVersion = "2026-10-21";

    /// <summary>Reads the header lines as they came.</summary>
    public static AnthropicHeaders Read(string? version, IEnumerable<string?> betaLines) =>
        new(version, [.. betaLines.SelectMany(line => (line ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)).Distinct(StringComparer.Ordinal)]);
}

/// <summary>A request as it leaves for the account.</summary>
public sealed record SanitizedRequest
{
    public required ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>The account's model name.</summary>
    public required string Model { get; init; }

    /// <summary>Betas that stay in the header, in the client's order.</summary>
    public required ImmutableArray<string> Betas { get; init; }

    /// <summary>Everything that was changed, in the order it was met.</summary>
    public required ImmutableArray<Removal> Removals { get; init; }

    /// <summary><c>anthropic-version</c> and, when any beta is left, <c>anthropic-beta</c>.</summary>
    public ImmutableArray<KeyValuePair<string, string>> Headers => Betas.IsEmpty
        ? [new("anthropic-version", AnthropicHeaders.UpstreamVersion)]
        : [new("anthropic-version", AnthropicHeaders.UpstreamVersion), new("anthropic-beta", string.Join(',', Betas))];
}
