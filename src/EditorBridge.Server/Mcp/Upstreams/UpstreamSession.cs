using System.Collections.Concurrent;
using System.Net;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Hosting;
using ModelContextProtocol;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>What becomes of what a server says by itself. Called in the order of the wire: nothing of an answer is seen before what came ahead of it.</summary>
/// <param name="Notified">A notification of the server's.</param>
/// <param name="Asked">A request of the server's; what is answered goes back to it.</param>
/// <param name="EchoedSecrets">A message gave so many secrets away; they were taken out.</param>
internal sealed record UpstreamEvents(Func<JsonRpcNotification, ValueTask> Notified, Func<JsonRpcRequest, CancellationToken, Task<JsonRpcMessageWithId>> Asked, Action<int> EchoedSecrets);

/// <summary>
/// One connection to an MCP server, in either revision of the protocol. Messages pass as the JSON they are: the SDK's client would resolve <c>input_required</c> itself,
/// lose unknown fields and hand out notifications after the answer they precede, so only its transports are used.
/// </summary>
internal sealed class UpstreamSession : IAsyncDisposable
{
    public const string Modern = "2026-07-28";
    public const string Legacy = "2025-11-25";

    /// <summary>Where the SDK's HTTP transport looks for a tool's definition when it writes <c>Mcp-Param-*</c> headers.</summary>
    private const string ToolOfMessage = "Mcp.Tool";

    // Beside the messages and not in them: their context belongs to the transport they are sent on with.
    private static readonly ConditionalWeakTable<JsonRpcMessage, StrongBox<int>> Echoed = [];

    private const int UnsupportedVersion = -32022;

    private static readonly string[] InitializeVersions = ["2024-11-05", "2025-03-26", "2025-06-18", Legacy];

    /// <summary>Long enough for a server that compiles itself first; a server that knows only <c>initialize</c> mostly says so at once.</summary>
    public static readonly TimeSpan DiscoverPatience = TimeSpan.FromSeconds(10);

    private readonly ITransport _transport;
    private readonly bool _isHttp;
    private readonly UpstreamEvents _events;
    private readonly SentSecrets _sent;
    private readonly ConcurrentDictionary<RequestId, TaskCompletionSource<JsonRpcMessageWithId>> _pending = new();
    private readonly ConcurrentDictionary<RequestId, CancellationTokenSource> _asked = new();
    private readonly CancellationTokenSource _ended = new();
    private readonly Task _pump;
    private long _lastId;

    private UpstreamSession(ITransport transport, bool isHttp, UpstreamEvents events, SentSecrets sent)
    {
        (_transport, _isHttp, _events, _sent) = (transport, isHttp, events, sent);
        _pump = PumpAsync();
    }

    /// <summary>True for 2026-07-28 and later: no session, every request says who asks.</summary>
    public bool IsModern { get; private set; }

    public string ProtocolVersion { get; private set; } = "";
    public JsonObject Capabilities { get; private set; } = [];
    public JsonObject? ServerInfo { get; private set; }
    public string? Instructions { get; private set; }

    /// <summary>How many secrets that were given to servers stood in the message; they are taken out of it.</summary>
    public static int EchoedIn(JsonRpcMessage message) => Echoed.TryGetValue(message, out var count) ? count.Value : 0;

    /// <summary>Ends with the connection; its exception says why.</summary>
    public Task Ended => _pump;

    /// <summary>Speaks to the server for the first time, in the newer revision if it knows it.</summary>
    /// <param name="sent">What no message of the server may give away.</param>
    /// <param name="capabilities">What is declared of the client; with 2026-07-28 each request declares its own.</param>
    /// <param name="discoverPatience">How long it may take to answer in the newer revision: <see cref="DiscoverPatience"/>, unless a person signs in meanwhile.</param>
    /// <exception cref="UpstreamException">The server does not speak a revision known here.</exception>
    public static async Task<UpstreamSession> OpenAsync(ITransport transport, bool isHttp, UpstreamEvents events, SentSecrets sent, JsonObject capabilities, TimeProvider time, TimeSpan discoverPatience, CancellationToken cancellationToken)
    {
        var session = new UpstreamSession(transport, isHttp, events, sent);
        try
        {
            if (!await session.DiscoverAsync(time, discoverPatience, cancellationToken)) await session.InitializeAsync(capabilities, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>One request and what answers it: a result or an error of the server's.</summary>
    /// <param name="parameters">Becomes part of the request; without <c>_meta</c> of the protocol's own, which is put in here.</param>
    /// <param name="client">What the request declares of the client that asks; used with 2026-07-28 only.</param>
    /// <param name="tool">The definition of the tool that is called, for the headers it may ask for.</param>
    /// <exception cref="UpstreamException">The connection broke or the server could not be asked.</exception>
    public async Task<JsonRpcMessageWithId> AskAsync(string method, JsonObject parameters, RequestingClient client, Tool? tool, CancellationToken cancellationToken)
    {
        var request = new JsonRpcRequest { Id = new RequestId(Interlocked.Increment(ref _lastId)), Method = method, Params = parameters };
        if (IsModern) client.WriteTo(parameters, ProtocolVersion);
        if (tool is not null) request.Context = new JsonRpcMessageContext { Items = new Dictionary<string, object?> { [ToolOfMessage] = tool } };
        var answer = new TaskCompletionSource<JsonRpcMessageWithId>(TaskCreationOptions.RunContinuationsAsynchronously);
        _pending[request.Id] = answer;
        try
        {
            if (_pump.IsCompleted) await _pump;
            var sending = _transport.SendMessageAsync(request, cancellationToken);
            // Over HTTP sending ends with the stream that carries the answer; the answer itself comes through the pump, in its turn.
            // What opens the connection is waited for whole: with it the transport learns the session it has to name from then on.
            if (method is "initialize" or "server/discover" || await Task.WhenAny(sending, answer.Task) == sending) await sending;
            // A request that comes just when the connection ends may be too late to be told of it with the others.
            if (await Task.WhenAny(answer.Task, _pump).WaitAsync(cancellationToken) == _pump && !answer.Task.IsCompleted) await _pump;
            return await answer.Task;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await CancelAsync(request.Id, method);
            throw;
        }
        catch (Exception e) when (e is IOException or HttpRequestException or McpException or JsonException or ClientTransportClosedException or InvalidOperationException or OperationCanceledException)
        {
            throw Failed(e);
        }
        finally
        {
            _pending.TryRemove(request.Id, out _);
        }
    }

    /// <summary>Says something that needs no answer.</summary>
    /// <exception cref="UpstreamException">The connection broke.</exception>
    public async Task SayAsync(string method, JsonObject? parameters, CancellationToken cancellationToken)
    {
        try
        {
            await _transport.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters }, cancellationToken);
        }
        catch (Exception e) when (e is IOException or HttpRequestException or McpException or ClientTransportClosedException or InvalidOperationException)
        {
            throw Failed(e);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _ended.CancelAsync();
        await _transport.DisposeAsync();
        try
        {
            await _pump;
        }
        catch (UpstreamException)
        {
            // Whoever waited for the end has it from Ended.
        }

        _ended.Dispose();
    }

    private async Task<bool> DiscoverAsync(TimeProvider time, TimeSpan longest, CancellationToken cancellationToken)
    {
        (IsModern, ProtocolVersion) = (true, Modern);
        using var patience = new CancellationTokenSource(longest, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        JsonObject? discovered = null;
        try
        {
            var answer = await AskAsync("server/discover", [], RequestingClient.Gateway, tool: null, both.Token);
            // A server that refuses a revision it then names may have meant another request of ours; it is asked once more.
            if (answer is JsonRpcError { Error: { Code: UnsupportedVersion, Data: { } supported } } && Names(JsonSerializer.SerializeToNode(supported).Member("supported"), Modern))
                answer = await AskAsync("server/discover", [], RequestingClient.Gateway, tool: null, both.Token);
            // Any error means a server that knows only initialize: which one it gives is not agreed (specification, backward compatibility).
            discovered = answer is JsonRpcResponse { Result: JsonObject result } ? result : null;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // A server that drops what it does not know.
        }
        catch (UpstreamException e) when (e.InnerException is HttpRequestException { StatusCode: HttpStatusCode.BadRequest or HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.NotAcceptable })
        {
            // A server that wants a session id before it reads anything.
        }

        if (discovered is not null && Names(discovered["supportedVersions"], Modern))
        {
            Introduce(discovered, discovered["_meta"].Member(MetaKeys.ServerInfo));
            return true;
        }

        (IsModern, ProtocolVersion) = (false, "");
        return false;
    }

    private static bool Names(JsonNode? versions, string version) => versions is JsonArray list && list.Any(v => v?.GetValueKind() == JsonValueKind.String && v.GetValue<string>() == version);

    private async Task InitializeAsync(JsonObject capabilities, CancellationToken cancellationToken)
    {
        var answer = await AskAsync("initialize", new JsonObject
        {
            ["protocolVersion"] = Legacy,
            ["capabilities"] = capabilities.DeepClone(),
            ["clientInfo"] = RequestingClient.Implementation(),
        }, RequestingClient.Gateway, tool: null, cancellationToken);
        if (answer is not JsonRpcResponse { Result: JsonObject result })
            throw new UpstreamException($"The server refused to begin: {(answer as JsonRpcError)?.Error.Message ?? "its answer is not an object"}");
        var version = result["protocolVersion"] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
        if (!InitializeVersions.Contains(version))
            throw new UpstreamException($"The server speaks revision {version ?? "(none)"} of the protocol, and EditorBridge {string.Join(", ", InitializeVersions)} and {Modern}.", "Update the server.");
        ProtocolVersion = version!;
        Introduce(result, result["serverInfo"]);
        await SayAsync("notifications/initialized", [], cancellationToken);
    }

    private void Introduce(JsonObject result, JsonNode? serverInfo)
    {
        Capabilities = result["capabilities"]?.DeepClone() as JsonObject ?? [];
        ServerInfo = serverInfo?.DeepClone() as JsonObject;
        Instructions = result["instructions"].Text();
    }

    // Closing the stream is how a request of 2026-07-28 is cancelled over HTTP; everywhere else the server is told.
    private async Task CancelAsync(RequestId id, string method)
    {
        if (IsModern && _isHttp || method == "initialize" || _pump.IsCompleted) return;
        try
        {
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            await SayAsync("notifications/cancelled", new JsonObject { ["requestId"] = JsonSerializer.SerializeToNode(id.Id), ["reason"] = "The client gave up." }, patience.Token);
        }
        catch (Exception e) when (e is UpstreamException or OperationCanceledException)
        {
            // The connection goes with its requests.
        }
    }

    private async Task PumpAsync()
    {
        // Away from the constructor: whoever opens the session sees it whole before the first message.
        await Task.Yield();
        Exception reason = new UpstreamException("The server closed the connection.");
        try
        {
            await foreach (var message in _transport.MessageReader.ReadAllAsync(_ended.Token))
            {
                // Before anybody sees it: what follows may be shown, recorded or handed to another server.
                if (_sent.Mask(message) is > 0 and var echoed)
                {
                    Echoed.Add(message, new StrongBox<int>(echoed));
                    _events.EchoedSecrets(echoed);
                }

                switch (message)
                {
                    case JsonRpcRequest request:
                        _ = AnswerAsync(request);
                        break;
                    case JsonRpcNotification { Method: "notifications/cancelled" } cancelled:
                        CancelAsked(cancelled);
                        break;
                    case JsonRpcNotification notification:
                        await _events.Notified(notification);
                        break;
                    case JsonRpcMessageWithId answer when _pending.TryRemove(answer.Id, out var waiting):
                        waiting.TrySetResult(answer);
                        break;
                }
            }
        }
        catch (OperationCanceledException)
        {
            reason = new UpstreamException("The connection was closed here.");
        }
        catch (Exception e) when (e is ClientTransportClosedException or IOException or HttpRequestException or McpException or UpstreamException)
        {
            reason = Failed(e is ClientTransportClosedException { Details.Exception: { } inner } ? inner : e);
        }
#pragma warning disable CA1031 // Whatever shape of a message sets off: the connection ends, and whoever waits for an answer of it hears so.
        catch (Exception e)
#pragma warning restore CA1031
        {
            reason = new UpstreamException($"The server sent what cannot be read: {_sent.Mask(e.Message)}", innerException: e);
        }

        foreach (var (_, waiting) in _pending) waiting.TrySetException(reason);
        foreach (var (_, asked) in _asked) await asked.CancelAsync();
        throw reason;
    }

    private async Task AnswerAsync(JsonRpcRequest request)
    {
        using var cancelled = CancellationTokenSource.CreateLinkedTokenSource(_ended.Token);
        _asked[request.Id] = cancelled;
        try
        {
            JsonRpcMessageWithId answer = request.Method == "ping"
                ? new JsonRpcResponse { Id = request.Id, Result = new JsonObject() }
                : await _events.Asked(request, cancelled.Token);
            answer.Id = request.Id;
            await _transport.SendMessageAsync(answer, cancelled.Token);
        }
        catch (Exception e) when (e is ArgumentException or JsonException or FormatException)
        {
            await RefuseAsync(request, "The question cannot be read.", cancelled.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException or McpException or ClientTransportClosedException or InvalidOperationException)
        {
            // The server took its question back, or has gone.
        }
        finally
        {
            _asked.TryRemove(request.Id, out _);
        }
    }

    private async Task RefuseAsync(JsonRpcRequest request, string reason, CancellationToken cancellationToken)
    {
        try
        {
            await _transport.SendMessageAsync(new JsonRpcError { Id = request.Id, Error = new JsonRpcErrorDetail { Code = -32602, Message = reason } }, cancellationToken);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or HttpRequestException or McpException or ClientTransportClosedException or InvalidOperationException)
        {
            // The server has gone.
        }
    }

    private void CancelAsked(JsonRpcNotification notification)
    {
        if (notification.Params.Member("requestId") is not JsonValue value) return;
        var id = value.TryGetValue(out string? text) ? new RequestId(text) : value.TryGetValue(out long number) ? new RequestId(number) : default;
        if (id.Id is null || !_asked.TryGetValue(id, out var asked)) return;
        try
        {
            asked.Cancel();
        }
        catch (ObjectDisposedException)
        {
            // It was answered meanwhile.
        }
    }

    // What a server answers with an error of HTTP stands in the exception's text.
    private UpstreamException Failed(Exception e) => e is UpstreamException own ? own : Said(e) is var said && _sent.Holds(said.Message) ? new UpstreamException(_sent.Mask(said.Message), said.Mend, e) : said;

    private static UpstreamException Said(Exception e) => e switch
    {
        HttpRequestException { StatusCode: HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden } http => new UpstreamException(
            $"The server answers HTTP {(int)http.StatusCode.Value}: it asks for credentials, or does not accept those it got.", "Put a reference to a token into 'headers'.", http),
        HttpRequestException { InnerException: IOException broken } => new UpstreamException($"The connection broke: {broken.Message}", innerException: e),
        HttpRequestException http => new UpstreamException($"The server could not be reached: {http.Message}", innerException: http),
        _ => new UpstreamException($"The connection broke: {(e.InnerException ?? e).Message}", innerException: e),
    };
}
