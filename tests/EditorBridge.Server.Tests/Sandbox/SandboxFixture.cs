using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Sandbox;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Sandbox;

/// <summary>One sandbox account over real HTTP, with a clock the test moves.</summary>
public sealed class SandboxFixture : IAsyncLifetime
{
    public const string Messages = "/api/v2/cortex/v1/messages";

    private SandboxServer? _server;
    private HttpClient? _client;

    public FakeTimeProvider Clock { get; } = new(DateTimeOffset.UtcNow);

    public SandboxServer Server => _server!;

    public HttpClient Client => _client!;

    public async ValueTask InitializeAsync()
    {
        _server = await SandboxServer.StartAsync(new SandboxOptions { Clock = Clock }, CancellationToken.None);
        _client = NewClient();
    }

    public HttpClient NewClient()
    {
        var client = new HttpClient { BaseAddress = Server.BaseAddress };
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Server.ProgrammaticAccessToken);
        return client;
    }

    public async ValueTask DisposeAsync()
    {
        _client?.Dispose();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    public static HttpRequestMessage Post(string path, string body)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("anthropic-version", "2023-06-01");
        return request;
    }

    /// <summary>A plain request with one prompt; <paramref name="change"/> adds to its body.</summary>
    public static JsonObject Ask(string prompt, Action<JsonObject>? change = null)
    {
        var body = new JsonObject
        {
            ["model"] = "claude-sonnet-4-6",
            ["max_tokens"] = 4096,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
        };
        change?.Invoke(body);
        return body;
    }

    public async Task<JsonElement> AnswerAsync(JsonObject body)
    {
        using var response = await Client.SendAsync(Post(Messages, body.ToJsonString()));
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonElement.Parse(text);
    }

    /// <summary>The events of a streamed answer; reading stops where the stream does.</summary>
    public async Task<List<JsonElement>> StreamAsync(JsonObject body)
    {
        body["stream"] = true;
        using var response = await Client.SendAsync(Post(Messages, body.ToJsonString()), HttpCompletionOption.ResponseHeadersRead);
        Assert.True(response.IsSuccessStatusCode, response.StatusCode.ToString());
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType!.MediaType);
        var text = await response.Content.ReadAsStringAsync();
        return [.. text.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonElement.Parse(line[6..]))];
    }
}
