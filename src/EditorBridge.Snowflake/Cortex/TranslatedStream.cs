using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>An answer in another dialect, read as a Messages stream. One frame in gives its frames out at once.</summary>
internal sealed class TranslatedStream(UpstreamStream inner, ForeignAnswer answer) : Stream
{
    private readonly SseReader _frames = new();
    private readonly byte[] _buffer = new byte[16 * 1024];
    private ReadOnlyMemory<byte> _ready;
    private bool _ended;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        while (_ready.IsEmpty && !_ended)
        {
            _ready = Next() ?? await MoreAsync(cancellationToken);
        }
        var length = Math.Min(buffer.Length, _ready.Length);
        _ready[..length].CopyTo(buffer);
        _ready = _ready[length..];
        return length;
    }

    /// <summary>What the next whole frame gives, or null when none is buffered.</summary>
    private byte[]? Next() => _frames.Read(out var frame) switch
    {
        SseReadResult.Frame => answer.Read(frame),
        SseReadResult.NeedMore => null,
        _ => throw new UpstreamStreamException(UpstreamErrors.Local(UpstreamCause.NotUnderstood, "a part of the stream is larger than any answer."), null),
    };

    private async ValueTask<byte[]> MoreAsync(CancellationToken cancellationToken)
    {
        var length = await inner.ReadAsync(_buffer, cancellationToken);
        if (length > 0)
        {
            _frames.Append(_buffer.AsSpan(0, length));
            return [];
        }
        _ended = true;
        var last = _frames.TryReadRemainder(out var rest) ? answer.Read(rest) : [];
        return [.. last, .. answer.End()];
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
            inner.Dispose();
        }
        base.Dispose(disposing);
    }
}
