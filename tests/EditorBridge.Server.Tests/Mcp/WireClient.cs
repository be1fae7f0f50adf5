using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using EditorBridge.Server.Tests.Hosting;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>A client of the gateway that sees the messages in the order of the wire; other clients hand notifications out beside the result.</summary>
internal sealed class WireClient : IDisposable
{
    private const string Legacy = "2025-11-25";

    private readonly HttpClient _http;
    private string? _session;
    private int _id;

    private WireClient(HttpClient http) => _http = http;

    /// <param name="era"><c>old</c> opens a session of 2025-11-25, <c>new</c> speaks 2026-07-28.</param>
    public static async Task<WireClient> OpenAsync(HostFixture host, string era)
    {
        var client = new WireClient(host.Client(Guard.Client.Mcp));
        if (era == "new") return client;
        using var begun = await client._http.SendAsync(client.Request(new { jsonrpc = "2.0", id = 0, method = "initialize", @params = new { protocolVersion = Legacy, capabilities = new { }, clientInfo = new { name = "wire", version = "1" } } }));
        client._session = begun.Headers.GetValues("Mcp-Session-Id").Single();
        (await client._http.SendAsync(client.Request(new { jsonrpc = "2.0", method = "notifications/initialized" }))).Dispose();
        return client;
    }

    /// <summary>All messages of the answer, the result last.</summary>
    public async Task<JsonNode[]> AskAsync(string method, object parameters, CancellationToken cancellationToken, params (string Name, string Value)[] headers)
    {
        using var response = await SendAsync(method, parameters, cancellationToken, headers);
        using var lines = new StreamReader(await response.Content.ReadAsStreamAsync(cancellationToken));
        var messages = new List<JsonNode>();
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
            if (line.StartsWith("data: ", StringComparison.Ordinal) && line.Length > 6) messages.Add(JsonNode.Parse(line[6..])!);
        return [.. messages];
    }

    /// <summary>The answer as soon as its head is there; its body comes as it is sent.</summary>
    public async Task<HttpResponseMessage> SendAsync(string method, object parameters, CancellationToken cancellationToken = default, params (string Name, string Value)[] headers)
    {
        _id++;
        using var request = _session is null ? McpRequests.Post(method, parameters) : Request(new { jsonrpc = "2.0", id = _id, method, @params = parameters });
        foreach (var (name, value) in headers) request.Headers.Add(name, value);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    /// <summary>The stream of a session on which the gateway speaks unasked.</summary>
    public async Task<HttpResponseMessage> ListenAsync()
    {
        using var request = Request(HttpMethod.Get, null);
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead);
    }

    /// <summary>Gives the last request up, as its revision has it: by a message, or by closing the stream.</summary>
    public async Task GiveUpAsync(CancellationTokenSource request)
    {
        if (_session is null) await request.CancelAsync();
        else (await _http.SendAsync(Request(new { jsonrpc = "2.0", method = "notifications/cancelled", @params = new { requestId = _id, reason = "enough" } }))).Dispose();
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(object body) => Request(HttpMethod.Post, HostFixture.Json(body));

    private HttpRequestMessage Request(HttpMethod method, HttpContent? body)
    {
        var request = new HttpRequestMessage(method, "/mcp") { Content = body };
        if (body is not null) request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("text/event-stream"));
        if (_session is not null)
        {
            request.Headers.Add("Mcp-Session-Id", _session);
            request.Headers.Add("MCP-Protocol-Version", Legacy);
        }

        return request;
    }
}
