using System.Text;

namespace EditorBridge.Messages;

/// <summary>Recorded streams, cut at every byte: what was read before the cut never changes, and no cut makes a tool call whole.</summary>
public sealed class StreamTruncationTests
{
    public static TheoryData<string> Streams => [.. Vectors.Streams()];

    [Theory]
    [MemberData(nameof(Streams))]
    public void Stream_cut_anywhere_gives_a_prefix_of_its_events(string name)
    {
        var stream = Vectors.Stream(name);
        var whole = Events(stream, out var rawWhole);
        Assert.Equal(stream, rawWhole);
        for (var length = 0; length < stream.Length; length++)
        {
            var events = Events(stream.AsSpan(0, length), out var raw);
            Assert.Equal(stream[..length], raw);
            Assert.Equal(whole.Take(events.Count), events);
        }
    }

    [Fact]
    public void Tool_call_is_complete_only_after_its_block_stop()
    {
        var stream = Vectors.Stream("thinking-two-tools.sse");
        var stopA = Encoding.UTF8.GetString(stream).IndexOf("data: {\"type\":\"content_block_stop\",\"index\":1}", StringComparison.Ordinal);
        var bytesBeforeStop = Encoding.UTF8.GetByteCount(Encoding.UTF8.GetString(stream)[..stopA]);
        for (var length = 0; length < stream.Length; length++)
        {
            var complete = Events(stream.AsSpan(0, length), out _).Contains("BlockStop 1");
            Assert.True(!complete || length > bytesBeforeStop, $"complete after {length} bytes");
        }
    }

    private static List<string> Events(ReadOnlySpan<byte> stream, out byte[] raw)
    {
        var reader = new SseReader();
        reader.Append(stream);
        var events = new List<string>();
        var bytes = new List<byte>();
        while (reader.Read(out var frame) == SseReadResult.Frame)
        {
            bytes.AddRange(frame.Raw.Span);
            var read = SseEvent.Read(frame);
            events.Add($"{read.Kind} {read.Index}{(read.PartialJson is { } json ? $" {json}" : "")}");
        }
        if (reader.TryReadRemainder(out var rest))
        {
            bytes.AddRange(rest.Raw.Span);
        }
        raw = [.. bytes];
        return events;
    }
}
