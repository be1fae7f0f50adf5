using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Snowflake;

namespace EditorBridge.Setup;

/// <summary>
/// Proves the gate by attacking it: every request here is one that must be refused, and a refusal that does not come is what is reported.
/// The attempts are recorded in the ledger like any other.
/// </summary>
internal sealed class GateProof(StateFolder state, HostAddress host) : IDisposable
{
    private readonly HttpClient _http = HostHttp.Client(TimeSpan.FromSeconds(15));

    public async Task<IReadOnlyList<AccountFinding>> RunAsync(CancellationToken cancellationToken)
    {
        var claude = ClientTokens.Of(state, Client.Claude);
        return
        [
            await MustAsync("A request without a token is refused", HttpStatusCode.Unauthorized, Request("/v1/models"), cancellationToken),
            await MustAsync("A wrong token is refused", HttpStatusCode.Unauthorized, Request("/v1/models", "wrong"), cancellationToken),
            await MustAsync("One client's token does not open another's door", HttpStatusCode.Unauthorized, Request("/hooks/claude", claude, HookCall("Read", [])), cancellationToken),
            await MustAsync("The portal's door is closed to agents", HttpStatusCode.Unauthorized, Request("/bridge/reviews/rv_none/verdict", claude, new JsonObject { ["kind"] = "approve", ["person"] = "doctor" }), cancellationToken),
            await MustAsync("The MCP door is closed to another client's token", HttpStatusCode.Unauthorized, Request("/mcp", claude, new JsonObject { ["jsonrpc"] = "2.0", ["id"] = 1, ["method"] = "ping" }), cancellationToken),
            await MustAsync("A request from a web page is refused", HttpStatusCode.Forbidden, With(Request("/v1/models", claude), "Origin", "https://example.com"), cancellationToken),
            await MustAsync("A foreign Host name is refused", HttpStatusCode.Forbidden, Hosted(Request("/v1/models", claude), "example.com"), cancellationToken),
            await HookAsync(cancellationToken),
        ];
    }

    public void Dispose() => _http.Dispose();

    // A command that uses our own verdicts is refused by a rule no layer can relax, so it asks nobody.
    private async Task<AccountFinding> HookAsync(CancellationToken cancellationToken)
    {
        const string what = "The hook refuses an agent that answers for a person";
        var token = ClientTokens.Of(state, Client.Hook);
        using var request = Request("/hooks/claude", token, HookCall("Bash", new JsonObject { ["command"] = "editorbridge approve rv_none" }));
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            return answer?["hookSpecificOutput"]?["permissionDecision"]?.GetValue<string>() == "deny"
                ? new(FindingLevel.Good, what)
                : new(FindingLevel.Broken, $"{what}: it did not (HTTP {(int)response.StatusCode})", "Update EditorBridge; do not let an agent work until this is mended.");
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new(FindingLevel.Broken, $"{what}: the hook did not answer ({e.Message})", "Restart the host: editorbridge stop, then editorbridge serve.");
        }
    }

    private async Task<AccountFinding> MustAsync(string what, HttpStatusCode expected, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var message = request;
        try
        {
            using var response = await _http.SendAsync(message, cancellationToken);
            return response.StatusCode == expected
                ? new(FindingLevel.Good, what)
                : new(FindingLevel.Broken, $"{what}: it was answered with HTTP {(int)response.StatusCode}", "Something else than EditorBridge may listen there: editorbridge stop, then editorbridge serve.");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new(FindingLevel.Broken, $"{what}: there was no answer ({e.Message})", "Restart the host: editorbridge stop, then editorbridge serve.");
        }
    }

    private HttpRequestMessage Request(string path, string? token = null, JsonObject? body = null)
    {
        var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, host.Url + path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return request;
    }

    private static HttpRequestMessage With(HttpRequestMessage request, string header, string value)
    {
        request.Headers.TryAddWithoutValidation(header, value);
        return request;
    }

    private static HttpRequestMessage Hosted(HttpRequestMessage request, string name)
    {
        request.Headers.Host = name;
        return request;
    }

    private static JsonObject HookCall(string tool, JsonObject input) => new()
    {
        ["hook_event_name"] = "PreToolUse",
        ["session_id"] = "doctor",
        ["tool_use_id"] = "doctor-" + Guid.CreateVersion7().ToString("N"),
        ["tool_name"] = tool,
        ["tool_input"] = input,
        ["cwd"] = Environment.CurrentDirectory,
    };
}
