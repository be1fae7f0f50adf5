using System.Net;

namespace EditorBridge.Sandbox.Http;

/// <summary>
/// Refuses what a web page could send to a loopback port: a foreign <c>Host</c> (DNS rebinding) or a foreign <c>Origin</c>.
/// </summary>
internal static class LoopbackGuard
{
    public static SnowflakeError? Refusal(HttpContext context)
    {
        if (context.Connection.RemoteIpAddress is { } remote && !IPAddress.IsLoopback(remote))
        {
            return new SnowflakeError(403, $"The sandbox answers this machine only; the request came from {remote}.");
        }

        var request = context.Request;
        if (!IsLoopbackHost(request.Host.Host) || request.Host.Port != context.Connection.LocalPort)
        {
            return new SnowflakeError(403, $"Host '{request.Host}' is not this sandbox; use 127.0.0.1:{context.Connection.LocalPort}.");
        }

        var origin = request.Headers.Origin.ToString();
        return origin.Length == 0 || origin == $"{request.Scheme}://{request.Host}"
            ? null
            : new SnowflakeError(403, $"Origin '{origin}' may not call this sandbox.");
    }

    private static bool IsLoopbackHost(string host) => host is "127.0.0.1" or "localhost" or "[::1]";
}
