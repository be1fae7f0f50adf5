using System.Buffers;

namespace EditorBridge.Proxy;

/// <summary>
/// The bytes of one stream so far, in pieces of one size that go from stream to stream: hundreds of streams at once neither copy a growing
/// buffer over and over nor leave it behind for the garbage collector. Not thread-safe.
/// </summary>
internal sealed class StreamRecord : IDisposable
{
    private const int PieceLength = 16 * 1024;

    // Pieces kept for the next stream: 8 MB. What is rented beyond is left to the garbage collector.
    private static readonly ArrayPool<byte> Pool = ArrayPool<byte>.Create(PieceLength, maxArraysPerBucket: 512);

    private readonly List<byte[]> _pieces = [];

    /// <summary>Bytes held.</summary>
    public int Length { get; private set; }

    public void Append(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var used = Length % PieceLength;
            if (used == 0) _pieces.Add(Pool.Rent(PieceLength));
            var taken = Math.Min(bytes.Length, PieceLength - used);
            bytes[..taken].CopyTo(_pieces[^1].AsSpan(used));
            Length += taken;
            bytes = bytes[taken..];
        }
    }

    public byte[] ToArray()
    {
        var whole = new byte[Length];
        for (var i = 0; i < _pieces.Count; i++)
        {
            var from = i * PieceLength;
            _pieces[i].AsSpan(0, Math.Min(PieceLength, Length - from)).CopyTo(whole.AsSpan(from));
        }

        return whole;
    }

    /// <summary>Gives the pieces back; it is empty afterwards.</summary>
    public void Dispose()
    {
        foreach (var piece in _pieces) Pool.Return(piece);
        _pieces.Clear();
        Length = 0;
    }
}
