namespace EditorBridge.Mcp.Upstreams;

/// <summary>What ends a message on the wire.</summary>
internal enum MessageEnd
{
    /// <summary>A line is a message: stdio.</summary>
    Line,

    /// <summary>An empty line ends an event, of however many lines: an event stream.</summary>
    BlankLine,

    /// <summary>The whole of it is one message: a JSON answer over HTTP.</summary>
    Stream,
}

/// <summary>What a server sends, read on only while its messages stay in bounds: whoever reads them holds one in memory at a time, whole.</summary>
/// <param name="longest">The most bytes of one message.</param>
internal sealed class BoundedMessageStream(Stream inner, MessageEnd end, int longest) : Stream
{
    private int _inMessage;
    private bool _isLineEmpty = true;
    private bool _afterReturn;

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
        while (end switch
        {
            MessageEnd.Line => rest.IndexOf((byte)'\n'),
            MessageEnd.BlankLine => rest.IndexOfAny((byte)'\n', (byte)'\r'),
            _ => -1,
        } is >= 0 and var at)
        {
            Add(at);
            // CR LF is one end of a line and not two.
            var isSecondHalf = _afterReturn && at == 0 && rest[0] == '\n';
            _afterReturn = rest[at] == '\r';
            rest = rest[(at + 1)..];
            if (isSecondHalf) continue;
            if (_isLineEmpty || end == MessageEnd.Line) _inMessage = 0;
            _isLineEmpty = true;
        }

        Add(rest.Length);
        return read.Length;
    }

    private void Add(int bytes)
    {
        if (bytes == 0) return;
        (_isLineEmpty, _afterReturn) = (false, false);
        _inMessage += bytes;
        if (_inMessage > longest) throw new IOException($"The server sent a message of more than {longest / (1024 * 1024)} MiB.");
    }
}
