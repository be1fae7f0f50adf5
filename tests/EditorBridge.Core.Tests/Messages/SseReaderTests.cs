using System.Text;
using CsCheck;

namespace EditorBridge.Messages;

public sealed class SseReaderTests
{
    [Theory]
    [InlineData("event: ping\ndata: {}\n\n", "ping|{}")]
    [InlineData("event: ping\r\ndata: {}\r\n\r\n", "ping|{}")]
    [InlineData("event: ping\rdata: {}\r\r", "ping|{}")]
    [InlineData("event: ping\ndata: {}\r\n\n", "ping|{}")]
    [InlineData("\uFEFFevent: ping\ndata: {}\n\n", "ping|{}")]
    [InlineData(": comment\n\nevent:ping\ndata:{}\n\n", "|", "ping|{}")]
    [InlineData("event: a\n: comment\ndata: 1\ndata: 2\ndata:\n\n", "a|1\n2\n")]
    [InlineData("data:  two spaces\n\n", "| two spaces")]
    [InlineData("\n\n\ndata: x\n\n", "|x")]
    [InlineData("event: a\nevent: b\ndata: x\n\n", "b|x")]
    [InlineData("id: 7\nretry: 10\nfield\ndata: x\n\n", "|x")]
    [InlineData("data: x\n\ndata: y\n\n", "|x", "|y")]
    [InlineData("data: [DONE]\n\n", "|[DONE]")]
    public void Frames_are_cut_as_official_clients_cut_them(string stream, params string[] expected) => Check(stream, expected);

    private static void Check(string text, string[] expected)
    {
        var stream = Encoding.UTF8.GetBytes(text);
        foreach (var chunk in (int[])[1, 2, 3, 7, stream.Length])
        {
            var frames = ReadAll(stream, chunk, out var raw);
            Assert.Equal(expected, frames);
            Assert.Equal(stream, raw);
        }
    }

    [Theory]
    [InlineData("event: ping\ndata: {}", "ping|{}")]
    [InlineData("event: ping\ndata: {}\r", "ping|{}")]
    [InlineData("event: ping\ndata: {}\n", "ping|{}")]
    [InlineData("\n", "|")]
    public void Rest_without_a_blank_line_is_given_as_incomplete(string stream, string expected)
    {
        var reader = new SseReader();
        reader.Append(Encoding.UTF8.GetBytes(stream));
        Assert.Equal(SseReadResult.NeedMore, reader.Read(out _));
        Assert.True(reader.TryReadRemainder(out var rest));
        Assert.False(rest.IsComplete);
        Assert.Equal(expected, Text(rest));
        Assert.Equal(stream, Encoding.UTF8.GetString(rest.Raw.Span));
        Assert.False(reader.TryReadRemainder(out _));
    }

    [Fact]
    public void Large_frame_is_one_frame_and_one_beyond_the_limit_is_not()
    {
        var big = Encoding.UTF8.GetBytes($"data: {new string('x', 1_000_000)}\n\n");
        Assert.Single(ReadAll(big, 4096, out _));
        var reader = new SseReader(maxFrameBytes: 1000);
        reader.Append(Encoding.UTF8.GetBytes($"data: {new string('x', 2000)}"));
        Assert.Equal(SseReadResult.TooLarge, reader.Read(out _));
    }

    [Fact]
    public void Any_bytes_in_any_chunks_lose_nothing_and_mean_the_same()
    {
        var pieces = Gen.OneOf("\n", "\r", "\r\n", "data: ", "data:", "event: a", ":", "é😀", "x", "\uFEFF", "id: 1", " ");
        Gen.Select(pieces.List[0, 40], Gen.Int[1, 9]).Sample(input =>
        {
            var stream = Encoding.UTF8.GetBytes(string.Concat(input.Item1));
            var whole = ReadAll(stream, stream.Length + 1, out var raw);
            Assert.Equal(stream, raw);
            // A late LF after a closing CR opens no frame of its own, so chunks never change what a client is given.
            Assert.Equal(whole, ReadAll(stream, input.Item2, out var rawAgain));
            Assert.Equal(stream, rawAgain);
        }, iter: 5000);
    }

    private static List<string> ReadAll(byte[] stream, int chunk, out byte[] raw)
    {
        var reader = new SseReader();
        var frames = new List<string>();
        var bytes = new List<byte>();
        void Drain()
        {
            while (reader.Read(out var frame) == SseReadResult.Frame)
            {
                frames.Add(Text(frame));
                bytes.AddRange(frame.Raw.Span);
            }
        }
        for (var at = 0; at < stream.Length; at += chunk)
        {
            reader.Append(stream.AsSpan(at, Math.Min(chunk, stream.Length - at)));
            Drain();
        }
        if (reader.TryReadRemainder(out var rest))
        {
            bytes.AddRange(rest.Raw.Span);
            if (!rest.Data.IsEmpty || !rest.EventName.IsEmpty)
            {
                frames.Add($"rest {Text(rest)}");
            }
        }
        raw = [.. bytes];
        return frames;
    }

    private static string Text(SseFrame frame) => $"{Encoding.UTF8.GetString(frame.EventName.Span)}|{Encoding.UTF8.GetString(frame.Data.Span)}";
}
