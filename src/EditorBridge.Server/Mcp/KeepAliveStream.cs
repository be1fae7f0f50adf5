using System.IO.Pipelines;
using Microsoft.AspNetCore.Http.Features;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

/// <summary>
/// A client's event stream that is not silent for long. Who asks without a progress token would hear nothing while a person decides or a statement runs, not even the answer's
/// head, and gives up: Node's <c>fetch</c> after 300 s without a head or without a next byte, others after 60 s.
/// <code>
///  the SDK's events ──┐ one writer at a time,
///                     ├─► comments stand between events ──► the response
///  the clock ─────────┘ and never in one
/// </code>
/// A comment is a line that begins with a colon (WHATWG HTML, server-sent events): no reader of event streams makes a message of it. An answer that is there within
/// <see cref="Patience"/> leaves as it would without this, its HTTP status still to be chosen.
/// </summary>
internal sealed class KeepAliveStream(Stream response, TimeProvider time, CancellationToken clientGone) : Stream
{
    /// <summary>Silence after which a waiting client gets a comment.</summary>
    public static readonly TimeSpan Beat = TimeSpan.FromSeconds(10);

    /// <summary>The same for a client that listens and waits for nothing: well within the minute after which the least patient give up.</summary>
    public static readonly TimeSpan ListenerBeat = TimeSpan.FromSeconds(30);

    /// <summary>How long the head waits for the first message, which may still decide the status.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    private static readonly ReadOnlyMemory<byte> Comment = ": keep-alive\n\n"u8.ToArray();

    private readonly SemaphoreSlim _writing = new(1, 1);
    private ITimer? _clock;
    private TimeSpan _beat;
    private long _heard;
    private bool _hasHead;
    private bool _inEvent;
    private bool _ended;

    public override bool CanRead => false;
    public override bool CanSeek => false;
    public override bool CanWrite => true;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Stands between the SDK and the response of one request; <see cref="Of"/> finds it again. What is no event stream goes past it.</summary>
    public static async ValueTask<object?> FilterAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        if (http.Features.Get<IHttpResponseBodyFeature>() is not { } body) return await next(context);
        await using var stream = new KeepAliveStream(body.Stream, http.RequestServices.GetRequiredService<TimeProvider>(), http.RequestAborted);
        http.Features.Set(stream);
        http.Features.Set<IHttpResponseBodyFeature>(new Body(body, stream));
        // A session's own stream begins with its head; nothing of it is a request that could begin it.
        if (HttpMethods.IsGet(http.Request.Method)) http.Response.OnStarting(() => stream.BeginListening(http.Response));
        try
        {
            return await next(context);
        }
        catch (OperationCanceledException) when (http.RequestAborted.IsCancellationRequested)
        {
            // A client that hangs up is no failure of the host's.
            return Results.Empty;
        }
        finally
        {
            await stream.EndAsync();
            http.Features.Set(body);
        }
    }

    /// <summary>The stream a request will be answered on.</summary>
    public static KeepAliveStream? Of(HttpContext? http) => http?.Features.Get<KeepAliveStream>();

    /// <summary>From here on the client is not left in silence.</summary>
    public void Begin(JsonRpcRequest request)
    {
        // Progress comes at the same beat from whoever holds the call. A second later a comment is heard only where there is none.
        var hasProgress = request.Params.Member("_meta").Member("progressToken") is not null;
        Begin(request.Method == RequestMethods.SubscriptionsListen ? ListenerBeat : hasProgress ? Beat + TimeSpan.FromSeconds(1) : Beat);
    }

    /// <summary>From here on the SDK's events are all there is. When this returns, no comment is on its way.</summary>
    public async ValueTask EndAsync()
    {
        await _writing.WaitAsync(CancellationToken.None);
        _ended = true;
        _writing.Release();
        _clock?.Dispose();
    }

    public override async ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            if (!buffer.IsEmpty) _inEvent = !buffer.Span.EndsWith("\n\n"u8);
            await response.WriteAsync(buffer, cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override async Task FlushAsync(CancellationToken cancellationToken)
    {
        await _writing.WaitAsync(cancellationToken);
        try
        {
            (_hasHead, _heard) = (true, time.GetTimestamp());
            await response.FlushAsync(cancellationToken);
        }
        finally
        {
            _writing.Release();
        }
    }

    public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) _clock?.Dispose();
        base.Dispose(disposing);
    }

    private Task BeginListening(HttpResponse head)
    {
        if (head.ContentType == "text/event-stream") Begin(ListenerBeat);
        return Task.CompletedTask;
    }

    private void Begin(TimeSpan beat)
    {
        (_beat, _heard) = (beat, time.GetTimestamp());
        _clock = time.CreateTimer(_ => _ = SpeakAsync(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _clock.Change(Patience, Timeout.InfiniteTimeSpan);
    }

    private async Task SpeakAsync()
    {
        // Whoever writes now is heard.
        if (!_writing.Wait(0, CancellationToken.None))
        {
            _clock!.Change(_beat, Timeout.InfiniteTimeSpan);
            return;
        }

        try
        {
            if (_ended || clientGone.IsCancellationRequested) return;
            var left = _hasHead ? _beat - time.GetElapsedTime(_heard) : TimeSpan.Zero;
            _clock!.Change(left > TimeSpan.Zero ? left : _beat, Timeout.InfiniteTimeSpan);
            if (left > TimeSpan.Zero || _inEvent) return;
            (_hasHead, _heard) = (true, time.GetTimestamp());
            await response.WriteAsync(Comment, clientGone);
            await response.FlushAsync(clientGone);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The client has gone, which the request learns by itself.
            _ended = true;
        }
        finally
        {
            _writing.Release();
        }
    }

    /// <summary>The response as it is, but for the stream.</summary>
    private sealed class Body(IHttpResponseBodyFeature response, KeepAliveStream stream) : IHttpResponseBodyFeature
    {
        public Stream Stream => stream;
        public PipeWriter Writer => response.Writer;
        public void DisableBuffering() => response.DisableBuffering();
        public Task StartAsync(CancellationToken cancellationToken = default) => response.StartAsync(cancellationToken);
        public Task SendFileAsync(string path, long offset, long? count, CancellationToken cancellationToken = default) => response.SendFileAsync(path, offset, count, cancellationToken);
        public Task CompleteAsync() => response.CompleteAsync();
    }
}
