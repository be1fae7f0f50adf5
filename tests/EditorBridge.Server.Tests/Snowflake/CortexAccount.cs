using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Messages;
using EditorBridge.Sandbox;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Snowflake;

/// <summary>A sandbox account and a client that speaks to it over real HTTP. Waits between attempts are a millisecond.</summary>
public sealed class CortexAccount : IAsyncLifetime
{
    private SandboxServer? _server;

    internal static CortexOptions Quick { get; } = new() { FirstBackOff = TimeSpan.FromMilliseconds(1) };

    public SandboxServer Server => _server!;

    internal SnowflakeAccount Account => new("sandbox", Server.BaseAddress, IsSandbox: true);

    public async ValueTask InitializeAsync() => _server = await SandboxServer.StartAsync(new SandboxOptions { SlowGap = TimeSpan.FromMilliseconds(5) }, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }

    internal CortexClient Client(CortexOptions? options = null, Credential? credential = null, HttpMessageHandler? handler = null, TimeProvider? time = null) => new(
        Account,
        credential ?? ProgrammaticAccessToken.FromValue(Server.ProgrammaticAccessToken),
        new HttpMessageInvoker(handler ?? new EgressHandler(EgressHandler.Sockets(), [Server.BaseAddress])),
        options ?? Quick,
        time ?? TimeProvider.System,
        NullLogger<CortexClient>.Instance);

    /// <summary>A sanitised request with one prompt; a line <c>scenario: NAME</c> in it picks a fault.</summary>
    internal static (ReadOnlyMemory<byte> Body, IReadOnlyList<KeyValuePair<string, string>> Headers) Ask(string prompt, bool stream = true, int maxTokens = 4096)
    {
        var body = new JsonObject
        {
            ["model"] = "claude-sonnet-4-6",
            ["max_tokens"] = maxTokens,
            ["stream"] = stream,
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = prompt }),
        };
        Assert.True(MessagesRequest.TryParse(Encoding.UTF8.GetBytes(body.ToJsonString()), out var request, out _));
        Assert.True(CortexSanitizer.TrySanitize(request, new AnthropicHeaders(null, []), SanitizerRules.Default, out var sent, out _));
        return (sent.Body, sent.Headers);
    }

    internal static async Task<string> ReadAsync(CortexResponse response)
    {
        Assert.NotNull(response.Stream);
        using var reader = new StreamReader(response.Stream);
        return await reader.ReadToEndAsync();
    }
}
