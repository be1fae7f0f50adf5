using EditorBridge.Proxy;

namespace EditorBridge.Server.Tests.Proxy;

public sealed class StreamRecordTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(7)]
    [InlineData(16 * 1024)]
    [InlineData(50_001)]
    public void Record_of_any_pieces_gives_back_every_byte_in_order(int piece)
    {
        var bytes = new byte[100_000];
        new Random(piece).NextBytes(bytes);
        using var record = new StreamRecord();

        if (piece == 0) record.Append(bytes);
        for (var at = 0; piece > 0 && at < bytes.Length; at += piece) record.Append(bytes.AsSpan(at, Math.Min(piece, bytes.Length - at)));

        Assert.Equal(bytes.Length, record.Length);
        Assert.Equal(bytes, record.ToArray());
    }

    [Fact]
    public void Record_that_takes_over_pieces_of_another_holds_nothing_of_it()
    {
        using (var other = new StreamRecord()) other.Append(new byte[40_000]);
        using var record = new StreamRecord();
        record.Append("a short stream"u8);

        Assert.Equal("a short stream"u8.ToArray(), record.ToArray());
        record.Dispose();
        Assert.Equal(0, record.Length);
        Assert.Empty(record.ToArray());
    }
}
