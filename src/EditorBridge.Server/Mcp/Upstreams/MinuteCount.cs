namespace EditorBridge.Mcp.Upstreams;

/// <summary>Counts what happens within a minute of the clock.</summary>
/// <param name="most">How often it may happen.</param>
internal sealed class MinuteCount(int most, TimeProvider time)
{
    private int _count;
    private long _minute;

    /// <summary>Counts one more; true when that is too often.</summary>
    public bool IsExceeded()
    {
        var minute = time.GetUtcNow().Ticks / TimeSpan.TicksPerMinute;
        if (Interlocked.Exchange(ref _minute, minute) != minute) Volatile.Write(ref _count, 0);
        return Interlocked.Increment(ref _count) > most;
    }
}
