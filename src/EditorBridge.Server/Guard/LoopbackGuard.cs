using System.Net;

namespace EditorBridge.Guard;

/// <summary>
/// The first thing every request meets: it must come from this machine, name this machine, and not come from a web page.
/// Host is checked against DNS rebinding, Origin against pages of other sites; a token follows per route (<see cref="ClientTokens"/>).
/// </summary>
internal sealed partial class LoopbackGuard(RequestDelegate next, ILogger<LoopbackGuard> logger)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (Refusal(context) is { } refusal)
        {
            LogRefused(context.Request.Method, context.Request.Path, refusal);
            context.Response.StatusCode = StatusCodes.Status403Forbidden;
            await context.Response.WriteAsJsonAsync(new { error = new { type = "permission_error", message = refusal } }, context.RequestAborted);
            return;
        }

        await next(context);
    }

    private static string? Refusal(HttpContext context)
    {
        var connection = context.Connection;
        if (connection.RemoteIpAddress is { } remote && !IPAddress.IsLoopback(remote))
            return "EditorBridge answers on this machine only.";
        var host = context.Request.Host;
        if (!IsOurs(host, connection.LocalPort))
            return $"The Host header names {Shown(host.Value)}, which is not this listener. Use http://127.0.0.1:{connection.LocalPort}.";
        // No page is served here, so nothing that comes from one is ours; an MCP client may name the gateway's own address as its origin.
        var origins = context.Request.Headers.Origin;
        if (origins.Count > 0 && !(context.Request.Path == "/mcp" && origins.Count == 1 && origins[0] == $"http://{host.Value}"))
            return "Requests from web pages are not answered here.";
        return context.Request.Headers["Sec-Fetch-Site"] is { Count: > 0 } site && site != "none"
            ? "Requests from web pages are not answered here."
            : null;
    }

    private static bool IsOurs(HostString host, int port) =>
        host.Host is "127.0.0.1" or "localhost" or "[::1]" && (host.Port ?? 80) == port;

    private static string Shown(string? value) => string.IsNullOrEmpty(value) ? "nothing" : value.Length > 100 ? value[..100] + "…" : value;

    [LoggerMessage(LogLevel.Warning, "Refused {Method} {Path}: {Reason}")]
    private partial void LogRefused(string method, string path, string reason);
}
