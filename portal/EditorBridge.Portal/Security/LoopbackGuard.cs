using Microsoft.AspNetCore.Http.Features;

namespace EditorBridge.Portal.Security;

/// <summary>
/// The first middleware. A page of a foreign site must reach nothing here: a Host that is not ours is DNS rebinding (400),
/// an Origin that is not ours is a cross-site request or web socket (403). Blazor's own hub accepts both by default.
/// </summary>
public static class LoopbackGuard
{
    private static readonly string[] Names = ["127.0.0.1", "localhost", "[::1]"];

    /// <param name="publicUrl">The team's address in front of the portal, or null. Its Host is ours as well, and its scheme is taken from here: no forwarded header is trusted.</param>
    public static IApplicationBuilder UseLoopbackGuard(this IApplicationBuilder app, Uri? publicUrl) => app.Use(async (context, next) =>
    {
        var isPublic = publicUrl is not null && string.Equals(context.Request.Host.Value, publicUrl.Authority, StringComparison.OrdinalIgnoreCase);
        if (isPublic) context.Request.Scheme = publicUrl!.Scheme;
        if (Refusal(context, isPublic) is { } refusal)
        {
            context.Response.StatusCode = refusal.Status;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync(refusal.Message, context.RequestAborted);
            return;
        }

        await next(context);
    });

    private static (int Status, string Message)? Refusal(HttpContext context, bool isPublic)
    {
        var request = context.Request;
        if (!isPublic && !IsOurs(request.Host, context.Connection.LocalPort))
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
