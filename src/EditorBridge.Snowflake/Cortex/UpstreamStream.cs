using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>
/// An answer's bytes: first those already read while deciding whether to ask again, then the connection's. Silence longer than the
/// idle limit and a broken connection become an <see cref="UpstreamStreamException"/>.
/// </summary>
internal sealed class UpstreamStream : Stream
{
    private readonly Stream _inner;
    private readonly CancellationTokenSource _ended;
    private readonly ITimer _idle;
    private readonly TimeSpan _limit;
    private readonly CancellationToken _request;
    private ReadOnlyMemory<byte> _prefix;
    private Task<int>? _pending;
    private Memory<byte> _target;
    private volatile bool _stalled;

    public UpstreamStream(Stream inner, TimeSpan limit, TimeProvider time, CancellationToken request)
    {
        _inner = inner;
        _limit = limit;
        _request = request;
        _ended = CancellationTokenSource.CreateLinkedTokenSource(request);
        _idle = time.CreateTimer(static state =>
        {
            var stream = (UpstreamStream)state!;
            stream._stalled = true;
            stream._ended.Cancel();
        }, this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    /// <summary>Gives bytes back that were read too early.</summary>
    /// <param name="pending">A read that has not ended yet.</param>
    /// <param name="target">What that read writes to.</param>
    public void Unread(ReadOnlyMemory<byte> bytes, Task<int>? pending = null, Memory<byte> target = default)
    {
        _prefix = bytes;
        _pending = pending;
        _target = target;
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        if (_prefix.IsEmpty && _pending is { } pending)
        {
            _prefix = _target[..await pending.WaitAsync(cancellationToken)];
            _pending = null;
            if (_prefix.IsEmpty)
            {
                return 0;
            }
        }
        if (!_prefix.IsEmpty)
        {
            var length = Math.Min(buffer.Length, _prefix.Length);
            _prefix[..length].CopyTo(buffer);
            _prefix = _prefix[length..];
            return length;
        }
        using var registration = cancellationToken != _request && cancellationToken.CanBeCanceled
            ? cancellationToken.UnsafeRegister(static state => ((CancellationTokenSource)state!).Cancel(), _ended)
            : default;
        _idle.Change(_limit, Timeout.InfiniteTimeSpan);
        try
        {
            return await _inner.ReadAsync(buffer, _ended.Token);
        }
        catch (OperationCanceledException exception) when (_stalled)
        {
            throw new UpstreamStreamException(UpstreamErrors.Local(UpstreamCause.Stalled, $"nothing arrived for {_limit.TotalSeconds:0} seconds."), exception);
        }
        catch (OperationCanceledException)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw;
        }
        catch (IOException exception)
        {
            throw new UpstreamStreamException(UpstreamErrors.Local(UpstreamCause.Truncated, "the connection broke off."), exception);
        }
        finally
        {
            _idle.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("The account's answer is read asynchronously.");
    public override void Flush() => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            _idle.Dispose();
            _inner.Dispose();
            _ended.Dispose();
        }
        base.Dispose(disposing);
    }
}
