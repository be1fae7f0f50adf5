using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using EditorBridge.Snowflake;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// The one way to an upstream over HTTP: its configured host and no other, no redirect followed, no cookie kept, no proxy of the environment, answers in bounds.
/// </summary>
internal sealed class UpstreamHttp : DelegatingHandler
{
    private const int LongestError = 1024 * 1024;

    private readonly Func<Uri, bool> _allows;
    private readonly string _allowed;

    private UpstreamHttp(Func<Uri, bool> allows, string allowed) : base(new EgressHandler(EgressHandler.Sockets(), allows)) => (_allows, _allowed) = (allows, allowed);

    /// <summary>The way to one host. Timeouts are the calls' own: an event stream may be open for hours.</summary>
    public static UpstreamHttp For(Uri address) => new(target => target.Scheme == address.Scheme && target.Authority == address.Authority, $"only {address.Authority} is configured");

    /// <summary>The ways of a sign-in, which leads from the server to addresses the server names.</summary>
    public static UpstreamHttp ForSignIn(Func<Uri, bool> allows) => new(allows, "a sign-in goes over https only");

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var target = request.RequestUri!;
        if (!_allows(target)) throw new UpstreamException($"A connection to {target.Scheme}://{target.Authority} was asked for, and {_allowed}. It was not made.");
        var response = await base.SendAsync(request, cancellationToken);
        if ((int)response.StatusCode is >= 300 and < 400)
        {
            var location = response.Headers.Location;
            response.Dispose();
            throw new UpstreamException($"{target.GetLeftPart(UriPartial.Path)} redirects to {location}, and redirects are not followed.", $"Write the address it redirects to into 'url', if that is the server you mean: {location}");
        }

        // What asks for a sign-in is answered by whoever signs in.
        if (response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden) return response;
        return response.IsSuccessStatusCode ? Bounded(response) : await WithErrorReadAsync(request, response, cancellationToken);
    }

    // An error of the protocol may come with HTTP 400 or 404 and even as an event stream (-32021 of C# servers does). As an ordinary answer it reaches whoever asked, with its code and data.
    private static async Task<HttpResponseMessage> WithErrorReadAsync(HttpRequestMessage request, HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var text = await ReadBoundedAsync(response.Content, cancellationToken);
        var json = response.Content.Headers.ContentType?.MediaType == "text/event-stream"
            ? text.Split('\n').FirstOrDefault(line => line.StartsWith("data:", StringComparison.Ordinal))?["data:".Length..].Trim()
            : text;
        // With a session id HTTP 404 says that the session has ended, whatever stands in the body.
        var isSessionLost = response.StatusCode == HttpStatusCode.NotFound && request.Headers.Contains("Mcp-Session-Id");
        var isError = json is not null && !isSessionLost && IsProtocolError(json);
        if (isError) response.StatusCode = HttpStatusCode.OK;
        response.Content.Dispose();
        response.Content = new StringContent(isError ? json! : Shortened(text), Encoding.UTF8, isError ? "application/json" : "text/plain");
        return response;
    }

    private static bool IsProtocolError(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("id", out var id) && id.ValueKind is JsonValueKind.Number or JsonValueKind.String;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static HttpResponseMessage Bounded(HttpResponseMessage response)
    {
        var end = response.Content.Headers.ContentType?.MediaType == "text/event-stream" ? MessageEnd.BlankLine : MessageEnd.Stream;
        var content = new StreamContent(new BoundedMessageStream(response.Content.ReadAsStream(), end, UpstreamProcess.LongestMessage));
        foreach (var (name, values) in response.Content.Headers) content.Headers.TryAddWithoutValidation(name, values);
        response.Content = content;
        return response;
    }

    private static async Task<string> ReadBoundedAsync(HttpContent content, CancellationToken cancellationToken)
    {
        await using var stream = await content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[LongestError];
        var read = await stream.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellationToken);
        return Encoding.UTF8.GetString(buffer, 0, read);
    }

    private static string Shortened(string text) => text.Length <= 500 ? text : text[..500] + "…";
}
