using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>The way to a server over HTTP: with the headers of its configuration, or as the person who signed in to it.</summary>
internal sealed class UpstreamHttpConnection : IAsyncDisposable
{
    private readonly HttpClient _http;
    private readonly HttpClientTransport _transport;
    private readonly UpstreamCredential? _credential;
    private readonly CancellationTokenSource _ended = new();
    private Task _keeping = Task.CompletedTask;

    public UpstreamHttpConnection(UpstreamSettings settings, UpstreamSecrets secrets, UpstreamSignIns signIns, SentSecrets.Holder sent, TimeProvider time, ILogger logger)
    {
        HttpMessageHandler handler = UpstreamHttp.For(settings.Url!);
        if (!secrets.Headers.ContainsKey("Authorization"))
        {
            _credential = new UpstreamCredential(settings, signIns, sent, time, logger);
            handler = new SignedInHandler(settings, _credential, signIns, handler);
        }

        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = settings.Url!,
            Name = settings.Name,
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = secrets.Headers.ToDictionary(),
        }, _http, NullLoggerFactory.Instance);
    }

    /// <summary>Which sign-in the server has been shown; null for none.</summary>
    public string? SignInId => _credential?.SignInId;

    public Task<ITransport> ConnectAsync(CancellationToken cancellationToken) => _transport.ConnectAsync(cancellationToken);

    /// <summary>From now on the sign-in is renewed ahead of its end.</summary>
    public void KeepSignedIn()
    {
        if (_credential is not null) _keeping = _credential.KeepAsync(_ended.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _keeping;
        await _transport.DisposeAsync();
        _http.Dispose();
        _credential?.Dispose();
        _ended.Dispose();
    }
}
