using System.Collections.Immutable;
using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>Shows the person's sign-in to the server, renews it once when it is refused, and says in words what only a person can mend.</summary>
internal sealed partial class SignedInHandler(UpstreamSettings server, UpstreamCredential credential, UpstreamSignIns signIns, HttpMessageHandler inner) : DelegatingHandler(inner)
{
    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var token = await credential.GetAsync(cancellationToken);
        var response = await SendAsync(request, token, cancellationToken);
        if (response.StatusCode == HttpStatusCode.Unauthorized && token is not null && await credential.RenewAsync(token, cancellationToken) is { } renewed)
        {
            response.Dispose();
            response = await SendAsync(request, token = renewed, cancellationToken);
        }

        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            response.Dispose();
            throw new UpstreamException(
                token is null ? $"'{server.Name}' asks for a sign-in." : $"'{server.Name}' no longer takes the sign-in there is.", $"editorbridge mcp login {server.Name}") { NeedsSignIn = true };
        }

        if (response.StatusCode == HttpStatusCode.Forbidden && Challenge(response, "error") == "insufficient_scope")
        {
            var wanted = Challenge(response, "scope")?.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
            response.Dispose();
            await signIns.WantAsync(server, wanted, cancellationToken);
            throw new UpstreamException($"'{server.Name}' asks for a permission the sign-in does not have: {string.Join(", ", wanted)}. The call was not made.", $"editorbridge mcp login {server.Name}, which asks for it");
        }

        return response;
    }

    private Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, string? token, CancellationToken cancellationToken)
    {
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return base.SendAsync(request, cancellationToken);
    }

    private static string? Challenge(HttpResponseMessage response, string name) => response.Headers.WwwAuthenticate
        .Where(challenge => challenge.Scheme.Equals("Bearer", StringComparison.OrdinalIgnoreCase))
        .SelectMany(challenge => Parameter().Matches(challenge.Parameter ?? ""))
        .FirstOrDefault(match => match.Groups[1].Value == name)?.Groups[2].Value;

    [GeneratedRegex("""([a-z_]+)="([^"]*)"?""")]
    private static partial Regex Parameter();
}
