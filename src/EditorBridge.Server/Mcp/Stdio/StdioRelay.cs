using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Pipelines;
using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Hosting;

namespace EditorBridge.Mcp.Stdio;

/// <summary>
/// Carries a client's MCP messages from standard input to the host's <c>/mcp</c> and what comes back to standard output, in both forms of the protocol.
/// <code>
///  client ─stdin─► line ─► POST /mcp ─┬─ 202 ─────────────────────────────► nothing
///                   (one task each)   ├─ 200 JSON or event stream ─► line ─stdout─► client
///                                     ├─ no host ─► found or started, sent again
///                                     └─ broken off ─► lists are asked again; a call is answered with an error, it may have run
/// </code>
/// It holds no rule and reads no more of a message than it needs to carry it.
/// </summary>
internal sealed partial class StdioRelay(StateFolder state, string workspace, TimeProvider time, ILogger logger) : IDisposable
{
    private const int LargestMessage = 32 * 1024 * 1024;
    private const int GatewayError = -32000;
    private static readonly TimeSpan LastAnswers = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(10);

    // Streams stay open as long as a review does.
    private readonly HttpClient _http = HostHttp.Client(Timeout.InfiniteTimeSpan);
    private readonly SemaphoreSlim _output = new(1, 1);
    private readonly SemaphoreSlim _reaching = new(1, 1);
    private readonly ConcurrentDictionary<string, CancellationTokenSource> _underWay = new(StringComparer.Ordinal);
    private readonly ParameterHeaders _parameters = new();
    private readonly string _session = "stdio-" + Guid.CreateVersion7().ToString("N");
    private HostAddress? _host;
    private string? _sessionId;
    private string? _version;
    private RelayedMessage? _initialize;
    private CancellationTokenSource? _listening;

    /// <summary>Runs until the client closes its end.</summary>
    public async Task RunAsync(Stream input, Stream output, CancellationToken cancellationToken)
    {
        using var closed = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reader = PipeReader.Create(input);
        var carried = new ConcurrentDictionary<Task, byte>();
        try
        {
            await foreach (var line in LinesAsync(reader, closed.Token))
            {
                if (RelayedMessage.Read(line, _parameters) is not { } message)
                {
                    await WriteAsync(output, Error("null", -32700, "This line is no JSON-RPC message. Nothing was done."), closed.Token);
                    continue;
                }

                // The session's first two messages must arrive in their order; everything after may overtake.
                var work = CarryAsync(message, output, closed.Token);
                if (message.Method is "initialize" or "notifications/initialized") await work;
                carried.TryAdd(work, 0);
                _ = work.ContinueWith(done => carried.TryRemove(done, out _), TaskScheduler.Default);
            }
        }
        finally
        {
            // What was asked just before the end may still be answered; a client that has gone does not mind.
            await Task.WhenAny(Task.WhenAll(carried.Keys), Task.Delay(LastAnswers, time, closed.Token));
            await EndSessionAsync();
            await closed.CancelAsync();
            if (_listening is not null) await _listening.CancelAsync();
            await reader.CompleteAsync();
            await EndAsync(carried.Keys);
        }
    }

    // In a session of the older form a lost connection takes nothing back (specification, transports): what still runs for a client that is gone ends with its session.
    private async Task EndSessionAsync()
    {
        if (_sessionId is null || _host is not { } host) return;
        using var patience = new CancellationTokenSource(LastAnswers, time);
        try
        {
            using var request = Request(HttpMethod.Delete, host, []);
            using var response = await _http.SendAsync(request, patience.Token);
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException or StateFolderException)
        {
            LogEnded(e.Message);
        }
    }

    private async Task EndAsync(IEnumerable<Task> carried)
    {
        try
        {
            await Task.WhenAll(carried);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException)
        {
            LogEnded(e.Message);
        }
    }

    public void Dispose()
    {
        _http.Dispose();
        _output.Dispose();
        _reaching.Dispose();
        _listening?.Dispose();
    }

    private async Task CarryAsync(RelayedMessage message, Stream output, CancellationToken closed)
    {
        if (message.Cancels is { } cancelled && _underWay.TryGetValue(cancelled, out var unwanted))
        {
            // Over HTTP a request is taken back by hanging up; a session of the older form is told as well.
            await unwanted.CancelAsync();
            if (_sessionId is null) return;
        }

        using var wanted = CancellationTokenSource.CreateLinkedTokenSource(closed);
        if (message.IsRequest) _underWay[message.Id!] = wanted;
        try
        {
            await SendAsync(message, output, wanted.Token);
        }
        catch (OperationCanceledException) when (wanted.IsCancellationRequested)
        {
            LogTakenBack(message.Method);
        }
        catch (Exception e) when (e is HostNotStartedException or StateFolderException or HttpRequestException or IOException)
        {
            LogNotCarried(message.Method, e.Message);
            if (message.IsRequest) await WriteAsync(output, Error(message.Id!, GatewayError, e.Message), closed);
        }
        finally
        {
            if (message.IsRequest) _underWay.TryRemove(message.Id!, out _);
        }
    }

    private async Task SendAsync(RelayedMessage message, Stream output, CancellationToken cancellationToken)
    {
        var pause = FirstPause;
        var hasBegunAgain = false;
        for (var attempt = 1; ; attempt++)
        {
            var host = await ReachAsync(cancellationToken);
            var begun = false;
            try
            {
                using var request = Request(HttpMethod.Post, host, message.Headers);
                request.Content = new ByteArrayContent(message.Bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
                using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
                begun = true;
                if (response.StatusCode == HttpStatusCode.NotFound && _sessionId is not null && message.Method != "initialize" && !hasBegunAgain)
                {
                    // The new host does not know the old one's session, and has not begun with this message.
                    hasBegunAgain = true;
                    await BeginAgainAsync(host, cancellationToken);
                    continue;
                }

                await AnswerAsync(message, response, output, cancellationToken);
                return;
            }
            catch (HttpRequestException e) when (!begun && (e.HttpRequestError == HttpRequestError.ConnectionError || message.IsRepeatable) && attempt < 5)
            {
                Forget(host);
            }
            catch (Exception e) when (e is HttpRequestException or IOException && !cancellationToken.IsCancellationRequested)
            {
                Forget(host);
                if (!(message.IsRepeatable || message.Method == "subscriptions/listen") || attempt >= 50)
                    throw new IOException("The host ended before it answered. Whether the call ran is in the ledger; a review that was open waits again. Nothing was sent twice.", e);
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task AnswerAsync(RelayedMessage message, HttpResponseMessage response, Stream output, CancellationToken cancellationToken)
    {
        if (message.Method == "initialize" && response.IsSuccessStatusCode)
        {
            _initialize = message;
            _sessionId = response.Headers.TryGetValues("Mcp-Session-Id", out var ids) ? ids.First() : null;
        }

        var answered = false;
        if (response.StatusCode is HttpStatusCode.Accepted or HttpStatusCode.NoContent) return;
        var type = response.Content.Headers.ContentType?.MediaType;
        if (type == "text/event-stream")
        {
            await foreach (var data in EventsAsync(response, cancellationToken)) answered |= await PassAsync(message, data, output, cancellationToken);
        }
        else if (type == "application/json")
        {
            answered = await PassAsync(message, await response.Content.ReadAsByteArrayAsync(cancellationToken), output, cancellationToken);
        }

        if (answered || !message.IsRequest) return;
        if (response.IsSuccessStatusCode) throw new IOException("the host's answer ended before it was complete.");
        await WriteAsync(output, Error(message.Id!, GatewayError, response.StatusCode == HttpStatusCode.Unauthorized
            ? $"The host does not know the token in {state.In("clients")}: it was started on another state folder. Nothing was done."
            : $"The host refused with HTTP {(int)response.StatusCode}. Nothing was done."), cancellationToken);
    }

    /// <summary>Passes one message on. True when it answers <paramref name="asked"/>.</summary>
    private async Task<bool> PassAsync(RelayedMessage asked, byte[] data, Stream output, CancellationToken cancellationToken)
    {
        JsonNode? node;
        try
        {
            node = JsonNode.Parse(data);
        }
        catch (JsonException)
        {
            return false;
        }

        // An error of the HTTP layer is no message of the protocol and is told in our own words.
        if (node is not JsonObject message || message["jsonrpc"] is null) return false;
        _parameters.Learn(data);
        if (asked.Method == "initialize" && message["result"]?["protocolVersion"] is { } version) _version = version.GetValue<string>();
        var answers = asked.Id is not null && message["method"] is null && (message["id"]?.ToJsonString() == asked.Id || message["id"] is null);
        // A refusal before the id was read carries none; the client waits for its own.
        if (answers && message["id"] is null) message["id"] = JsonNode.Parse(asked.Id!);
        await WriteAsync(output, Encoding.UTF8.GetBytes(message.ToJsonString(Wire)), cancellationToken);
        if (asked.Method == "initialize" && answers && _sessionId is not null) Listen(output);
        return answers;
    }

    // A session of the older form has a stream of its own for what the server says unasked.
    private void Listen(Stream output)
    {
        _listening?.Cancel();
        _listening = new CancellationTokenSource();
        _ = ListenAsync(output, _listening.Token);
    }

    private async Task ListenAsync(Stream output, CancellationToken cancellationToken)
    {
        try
        {
            var host = await ReachAsync(cancellationToken);
            using var request = Request(HttpMethod.Get, host, []);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (!response.IsSuccessStatusCode) return;
            var nothing = new RelayedMessage([], null, null);
            await foreach (var data in EventsAsync(response, cancellationToken)) await PassAsync(nothing, data, output, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException or IOException or OperationCanceledException or HostNotStartedException or ObjectDisposedException)
        {
            LogListeningEnded(e.Message);
        }
    }

    /// <summary>The next host knows nothing of the session: it is begun again with the client's own words, whose answer the client has had.</summary>
    private async Task BeginAgainAsync(HostAddress host, CancellationToken cancellationToken)
    {
        _sessionId = null;
        if (_initialize is not { } first) return;
        using var request = Request(HttpMethod.Post, host, []);
        request.Content = new ByteArrayContent(first.Bytes) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        using var response = await _http.SendAsync(request, cancellationToken);
        _sessionId = response.Headers.TryGetValues("Mcp-Session-Id", out var ids) ? ids.First() : null;
        using var second = Request(HttpMethod.Post, host, []);
        second.Content = new StringContent("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", Encoding.UTF8, "application/json");
        using var accepted = await _http.SendAsync(second, cancellationToken);
        LogBegunAgain();
    }

    private HttpRequestMessage Request(HttpMethod method, HostAddress host, IReadOnlyList<(string Name, string Value)> headers)
    {
        var request = new HttpRequestMessage(method, host.Url + "/mcp");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ClientTokens.Of(state, Client.Mcp));
        request.Headers.TryAddWithoutValidation("Accept", method == HttpMethod.Get ? "text/event-stream" : "application/json, text/event-stream");
        request.Headers.TryAddWithoutValidation(McpDoor.SessionHeader, _session);
        request.Headers.TryAddWithoutValidation(McpDoor.WorkspaceHeader, Uri.EscapeDataString(workspace));
        foreach (var (name, value) in headers) request.Headers.TryAddWithoutValidation(name, value);
        if (headers.Count > 0) return request;
        if (_version is not null) request.Headers.TryAddWithoutValidation("MCP-Protocol-Version", _version);
        if (_sessionId is not null) request.Headers.TryAddWithoutValidation("Mcp-Session-Id", _sessionId);
        return request;
    }

    // One task looks for a host, the others wait for what it finds.
    private async Task<HostAddress> ReachAsync(CancellationToken cancellationToken)
    {
        await _reaching.WaitAsync(cancellationToken);
        try
        {
            if (_host is { } known) return known;
            // A host that was killed left its address behind: the next one is started as it was.
            var last = state.ReadHost()?.ServeArguments ?? [];
            return _host = await HostFinder.FindOrStartAsync(state, ["--started-by-editor", .. last], cancellationToken);
        }
        finally
        {
            _reaching.Release();
        }
    }

    private void Forget(HostAddress host) => Interlocked.CompareExchange(ref _host, null, host);

    private async Task WriteAsync(Stream output, byte[] message, CancellationToken cancellationToken)
    {
        await _output.WaitAsync(cancellationToken);
        try
        {
            await output.WriteAsync(message, cancellationToken);
            await output.WriteAsync("\n"u8.ToArray(), cancellationToken);
            await output.FlushAsync(cancellationToken);
        }
        finally
        {
            _output.Release();
        }
    }

    private static readonly JsonSerializerOptions Wire = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static byte[] Error(string id, int code, string message) => Encoding.UTF8.GetBytes(new JsonObject
    {
        ["jsonrpc"] = "2.0",
        ["id"] = JsonNode.Parse(id),
        ["error"] = new JsonObject { ["code"] = code, ["message"] = message },
    }.ToJsonString());

    private static async IAsyncEnumerable<byte[]> EventsAsync(HttpResponseMessage response, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var item in System.Net.ServerSentEvents.SseParser.Create(stream, (_, data) => data.ToArray()).EnumerateAsync(cancellationToken))
            if (item.Data.Length > 0) yield return item.Data;
    }

    /// <exception cref="IOException">A line is longer than any message may be.</exception>
    private static async IAsyncEnumerable<ReadOnlyMemory<byte>> LinesAsync(PipeReader reader, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await reader.ReadAsync(cancellationToken);
            var buffer = read.Buffer;
            while (buffer.PositionOf((byte)'\n') is { } end)
            {
                var line = buffer.Slice(0, end).ToArray().AsMemory().Trim("\r \t"u8);
                buffer = buffer.Slice(buffer.GetPosition(1, end));
                if (line.Length > 0) yield return line;
            }

            if (buffer.Length > LargestMessage) throw new IOException($"A message of more than {LargestMessage >> 20} MB is not carried. The connection ends.");
            if (read.IsCompleted && buffer.Length > 0) yield return buffer.ToArray();
            reader.AdvanceTo(read.IsCompleted ? buffer.End : buffer.Start, buffer.End);
            if (read.IsCompleted) yield break;
        }
    }

    [LoggerMessage(LogLevel.Debug, "{Method} was taken back by the client")]
    private partial void LogTakenBack(string? method);

    [LoggerMessage(LogLevel.Warning, "{Method} was not carried: {Reason}")]
    private partial void LogNotCarried(string? method, string reason);

    [LoggerMessage(LogLevel.Information, "The host is a new one; the client's session was begun again")]
    private partial void LogBegunAgain();

    [LoggerMessage(LogLevel.Debug, "The client closed its end: {Reason}")]
    private partial void LogEnded(string reason);

    [LoggerMessage(LogLevel.Debug, "The session's own stream ended: {Reason}")]
    private partial void LogListeningEnded(string reason);
}
