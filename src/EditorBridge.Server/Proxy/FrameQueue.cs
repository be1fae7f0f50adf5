using System.Threading.Channels;

namespace EditorBridge.Proxy;

/// <summary>
/// What has been read of the account and not yet taken by the client, in bounds: once it holds that many frames or bytes, reading waits, and the account's own sending with it.
/// One writer, one reader.
/// </summary>
internal sealed class FrameQueue(int mostFrames, long mostBytes) : IDisposable
{
    private readonly Channel<StreamPiece> _frames = Channel.CreateBounded<StreamPiece>(new BoundedChannelOptions(mostFrames)
    {
        SingleReader = true,
        SingleWriter = true,
        // A frame goes on to the client on the thread that read it; waking another one costs more than writing it.
        AllowSynchronousContinuations = true,
    });

    private readonly SemaphoreSlim _taken = new(0);
    private long _bytes;

    /// <summary>Waits while there is no room. A frame larger than the whole room goes in alone.</summary>
    public async ValueTask WriteAsync(StreamPiece piece, CancellationToken cancellationToken)
    {
        while (Interlocked.Read(ref _bytes) >= mostBytes) await _taken.WaitAsync(cancellationToken);
        Interlocked.Add(ref _bytes, piece.Size);
        await _frames.Writer.WriteAsync(piece, cancellationToken);
    }

    public void Complete() => _frames.Writer.Complete();

    /// <summary>Everything in its order. A piece counts until the next one is asked for, which is when the client has it.</summary>
    public async IAsyncEnumerable<StreamPiece> ReadAllAsync([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await foreach (var piece in _frames.Reader.ReadAllAsync(cancellationToken))
        {
            yield return piece;
            var before = Interlocked.Add(ref _bytes, -piece.Size) + piece.Size;
            // The writer only waits when there was no room.
            if (before >= mostBytes) _taken.Release();
        }
    }

    public void Dispose() => _taken.Dispose();
}
