using System.Diagnostics;
using System.Net.Http.Headers;
using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>
/// The spans of what is asked of the account, and the trace that goes on there. Nobody listens unless telemetry is switched on; then the account gets a
/// <c>traceparent</c>, and the spans hold paths, states and ids, no text.
/// </summary>
public static class AccountTracing
{
    public const string Name = "EditorBridge.Snowflake";

    private static readonly ActivitySource Source = new(Name);

    /// <summary>Begins the span of one attempt; null while nobody listens.</summary>
    internal static Activity? Start(Uri address) => Source.StartActivity($"POST {address.AbsolutePath}", ActivityKind.Client)?
        .SetTag("server.address", address.Host).SetTag("server.port", address.Port).SetTag("url.path", address.AbsolutePath);

    internal static void Answered(Activity? span, int? status, string? requestId, UpstreamCause? cause)
    {
        if (span is null) return;
        span.SetTag("http.response.status_code", status).SetTag("snowflake.request.id", requestId);
        if (cause is { } known) span.SetTag("error.type", known.ToString()).SetStatus(ActivityStatusCode.Error);
    }

    /// <summary>Hands the trace on, in place of one a client brought: our span stands between the two.</summary>
    internal static void Continue(HttpRequestHeaders headers)
    {
        if (Activity.Current is not { IdFormat: ActivityIdFormat.W3C, Id: { } trace } current || current.Source.Name != Name) return;
        headers.Remove("traceparent");
        headers.TryAddWithoutValidation("traceparent", trace);
    }
}
