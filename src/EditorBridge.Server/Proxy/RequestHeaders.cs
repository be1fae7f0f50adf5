using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>What the proxy reads of a client's headers.</summary>
internal static class RequestHeaders
{
    public static AnthropicHeaders Anthropic(HttpRequest request) => new(
        request.Headers["anthropic-version"].ToString() is { Length: > 0 } version ? version : null,
        [.. request.Headers["anthropic-beta"].SelectMany(line => (line ?? "").Split(',', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))]);

    /// <summary>The client as an actor: <c>agent:claude-code/2.1.330</c> for Claude Code, the product's own name for others.</summary>
    public static string Actor(HttpRequest request)
    {
        var product = request.Headers.UserAgent.ToString().Split(' ')[0];
        if (product.StartsWith("claude-cli/", StringComparison.Ordinal)) product = "claude-code" + product["claude-cli".Length..];
        return "agent:" + (product.Length is > 0 and <= 100 ? product : "unknown");
    }
}
