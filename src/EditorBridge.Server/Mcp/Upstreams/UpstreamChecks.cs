namespace EditorBridge.Mcp.Upstreams;

/// <summary>What is asked about a server before it is used.</summary>
/// <param name="WhyNotStarted">Why it is not started as it is configured now; null when it may be.</param>
/// <param name="Meet">Compares what the server offers, and its instructions, with its pins before anybody sees it.</param>
internal sealed record UpstreamChecks(
    Func<UpstreamSettings, CancellationToken, Task<UpstreamException?>> WhyNotStarted, Func<Upstream, UpstreamLists, string?, CancellationToken, Task<UpstreamLists>> Meet);
