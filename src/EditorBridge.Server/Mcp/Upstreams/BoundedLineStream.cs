namespace EditorBridge.Mcp.Upstreams;

/// <summary>What a server sends, read on only while its lines stay in bounds: whoever reads lines from it holds one in memory at a time.</summary>
internal sealed class BoundedLineStream(Stream inner, int longestLine) : Stream
{
    private int _inLine;

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Counted(buffer.AsSpan(offset, inner.Read(buffer, offset, count)));

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var read = await inner.ReadAsync(buffer, cancellationToken);
        return Counted(buffer.Span[..read]);
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) => ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override void Flush() => inner.Flush();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing) inner.Dispose();
        base.Dispose(disposing);
    }

    private int Counted(ReadOnlySpan<byte> read)
    {
        var rest = read;
        for (var end = rest.IndexOf((byte)'\n'); end >= 0; end = rest.IndexOf((byte)'\n'))
        {
            if (_inLine + end > longestLine) throw TooLong();
            _inLine = 0;
            rest = rest[(end + 1)..];
        }

        _inLine += rest.Length;
        return _inLine > longestLine ? throw TooLong() : read.Length;
    }

    private IOException TooLong() => new($"The server sent a message of more than {longestLine / (1024 * 1024)} MiB.");
}
