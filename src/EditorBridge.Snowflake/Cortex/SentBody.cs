using System.Net;

namespace EditorBridge.Snowflake;

/// <summary>
/// A request's body that is let go of with its request. A connection keeps its request until the answer has ended, which for a stream is minutes after the last
/// byte of the body left.
/// </summary>
internal sealed class SentBody(ReadOnlyMemory<byte> bytes) : HttpContent
{
    private ReadOnlyMemory<byte> _bytes = bytes;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => stream.WriteAsync(_bytes).AsTask();

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken) => stream.WriteAsync(_bytes, cancellationToken).AsTask();

    protected override bool TryComputeLength(out long length)
    {
        length = _bytes.Length;
        return true;
    }

    protected override void Dispose(bool disposing)
    {
        if (disposing) _bytes = default;
        base.Dispose(disposing);
    }
}
