using System.Net.Http.Json;
using System.Text.Json;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Snowflake;

namespace EditorBridge.Cli;

/// <summary>What a command asks of the running host, by the routes the portal uses.</summary>
internal static class HostQuestions
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <exception cref="SignInException">The host did not answer, or not in this shape.</exception>
    public static async Task<T> AskAsync<T>(StateFolder state, HostAddress host, HttpMethod method, string path, CancellationToken cancellationToken)
    {
        using var http = HostHttp.Client(host, state, Client.Portal, Patience);
        try
        {
            using var request = new HttpRequestMessage(method, path);
            using var response = await http.SendAsync(request, cancellationToken);
            response.EnsureSuccessStatusCode();
            return await response.Content.ReadFromJsonAsync<T>(GateEntries.Wire, cancellationToken) ?? throw new SignInException($"The host at {host.Url} gave no answer to {path}.");
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || e is OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            throw new SignInException($"The host at {host.Url} did not answer {path}: {e.Message}", e);
        }
    }
}
