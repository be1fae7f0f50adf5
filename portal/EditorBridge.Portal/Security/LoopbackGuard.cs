using Microsoft.AspNetCore.Http.Features;

namespace EditorBridge.Portal.Security;

/// <summary>
/// The first middleware. A page of a foreign site must reach nothing here: a Host that is not ours is DNS rebinding (400),
/// an Origin that is not ours is a cross-site request or web socket (403). Blazor's own hub accepts both by default.
/// </summary>
public static class LoopbackGuard
{
    private static readonly string[] Names = ["127.0.0.1", "localhost", "[::1]"];

    public static IApplicationBuilder UseLoopbackGuard(this IApplicationBuilder app) => app.Use(async (context, next) =>
    {
        if (Refusal(context) is { } refusal)
        {
            context.Response.StatusCode = refusal.Status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(refusal.Message, context.RequestAborted);
            return;
        }

        await next(context);
    });

    private static (int Status, string Message)? Refusal(HttpContext context)
    {
        var request = context.Request;
        if (!IsOurs(request.Host, context.Connection.LocalPort))
            return (StatusCodes.Status400BadRequest, "This address is not the portal's. Open the portal by 127.0.0.1 and the port it printed.");

        var origins = request.Headers.Origin;
        if (origins.Count > 1 || (origins.Count == 1 && !IsSame(origins[0], request)))
            return (StatusCodes.Status403Forbidden, "Another site asked for this. Nothing was done.");

        // Browsers name the origin of every web socket; one without it did not come from a page of ours.
        var webSocket = context.Features.Get<IHttpWebSocketFeature>()?.IsWebSocketRequest == true
            || string.Equals(request.Headers.Upgrade, "websocket", StringComparison.OrdinalIgnoreCase);
        if (webSocket && origins.Count == 0)
            return (StatusCodes.Status403Forbidden, "A web socket without an Origin is not accepted.");
        return null;
    }

    private static bool IsOurs(HostString host, int port) =>
        (host.Port ?? 80) == port && Names.Contains(host.Host, StringComparer.OrdinalIgnoreCase);

    private static bool IsSame(string? origin, HttpRequest request) =>
        string.Equals(origin, $"{request.Scheme}://{request.Host}", StringComparison.OrdinalIgnoreCase);
}
