using System.Buffers;
using EditorBridge.Messages;

namespace EditorBridge.Snowflake;

/// <summary>What the first frames of a stream say about the rest.</summary>
internal enum Opening
{
    /// <summary>Content has begun, or has been long in coming: pass it on.</summary>
    Content,
    /// <summary>The answer ended without any content; asking again usually helps.</summary>
    Empty,
    /// <summary>An error came before any content.</summary>
    Failed,
    /// <summary>The stream ended before any content and without an ending.</summary>
    Truncated,
}

/// <summary>
/// Looks at a stream's first frames before anything is sent to the client, so that an empty or failed answer can be asked for again.
/// </summary>
internal static class StreamOpening
{
    /// <summary>After this long whatever came is passed on, were it nothing: the client wants to see that somebody is there.</summary>
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(3);

    private const int MostBytes = 1024 * 1024;

    /// <param name="foreign">Another dialect: it has no frames before its content.</param>
    public static async Task<(Opening Opening, UpstreamFailure? Failure)> ReadAsync(UpstreamStream stream, bool foreign, TimeProvider time, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var frames = new SseReader();
        var seen = new ArrayBufferWriter<byte>(4096);
        while (true)
        {
            var memory = seen.GetMemory(4096);
            var reading = stream.ReadAsync(memory, cancellationToken).AsTask();
            if (!reading.IsCompleted && !await ComesWithinAsync(reading, LongestHold - time.GetElapsedTime(started), time, cancellationToken))
            {
                stream.Unread(seen.WrittenMemory, reading, memory);
                return (Opening.Content, null);
            }
            var length = await reading;
            seen.Advance(length);
            var decision = length == 0 ? (Opening.Truncated, null) : Judge(frames, foreign, memory.Span[..length]);
            if (decision is null && (time.GetElapsedTime(started) > LongestHold || seen.WrittenCount > MostBytes))
            {
                decision = (Opening.Content, null);
            }
            if (decision is { } decided)
            {
                stream.Unread(seen.WrittenMemory);
                return decided;
            }
        }
    }

    // An account that is silent after its first frame must not leave the client without even an answer's head.
    private static async Task<bool> ComesWithinAsync(Task pending, TimeSpan left, TimeProvider time, CancellationToken cancellationToken)
    {
        if (left <= TimeSpan.Zero)
        {
            return pending.IsCompleted;
        }
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var first = await Task.WhenAny(pending, Task.Delay(left, time, limit.Token));
        await limit.CancelAsync();
        return first == pending || cancellationToken.IsCancellationRequested;
    }

    private static (Opening, UpstreamFailure?)? Judge(SseReader frames, bool foreign, ReadOnlySpan<byte> chunk)
    {
        frames.Append(chunk);
        while (frames.Read(out var frame) == SseReadResult.Frame)
        {
            switch (SseEvent.Read(frame).Kind)
            {
                case SseEventKind.Error:
                    return (Opening.Failed, UpstreamErrors.TranslateFrame(frame.Data));
                case var _ when foreign:
                    return (Opening.Content, null);
                case SseEventKind.MessageStart or SseEventKind.Ping or SseEventKind.MessageDelta or SseEventKind.Other:
                    break;
                case SseEventKind.MessageStop:
                    return (Opening.Empty, null);
                default:
                    return (Opening.Content, null);
            }
        }
        return null;
    }
}
