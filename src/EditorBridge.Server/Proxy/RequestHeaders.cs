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

    /// <summary>How long the client says it waits for a whole answer, less what the way back takes; null when it does not say.</summary>
    public static TimeSpan? Patience(HttpRequest request) =>
        Number(request, "x-stainless-timeout") is { } seconds and > 0 ? TimeSpan.FromSeconds(Math.Max(seconds * 0.9, seconds - 5.0)) : null;

    /// <summary>Which repetition of the client's this is, 0 for the first asking.</summary>
    public static int RetryCount(HttpRequest request) => Number(request, "x-stainless-retry-count") ?? 0;

    /// <summary>What the Cortex AI Gateway groups its traces by: the session as conversation, the client's name, and its own trace when it has one.</summary>
    public static IEnumerable<KeyValuePair<string, string>> ForGateway(HttpRequest request, StreamCall call)
    {
        yield return new("snow-agent-name", call.Actor["agent:".Length..]);
        if (call.SessionId is { Length: <= 200 } session && session.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or '_' or '.'))
        {
            yield return new("x-claude-code-session-id", session);
            yield return new("x-snowflake-ai-gateway-conversation-id", session);
        }

        // A trace that is passed on must be well formed, or the account would refuse the whole request.
        if (System.Diagnostics.ActivityContext.TryParse(request.Headers["traceparent"].ToString(), null, out _))
            yield return new("traceparent", request.Headers["traceparent"].ToString());
    }

    private static int? Number(HttpRequest request, string header) =>
        int.TryParse(request.Headers[header].ToString(), System.Globalization.CultureInfo.InvariantCulture, out var number) ? number : null;
}
