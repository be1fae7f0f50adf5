using System.Text.Json.Nodes;
using EditorBridge.Audit;

namespace EditorBridge.Ledger.Appending;

/// <summary>Reads the wall clock for entries and notices when it moves against the monotonic clock, or back behind the entry before.</summary>
internal sealed class ClockWatch(TimeProvider time, TimeSpan tolerance, DateTimeOffset? lastEntryAt)
{
    private DateTimeOffset? _lastAt = lastEntryAt;
    private long? _lastStamp;

    /// <summary>The time for the next entries, in whole milliseconds.</summary>
    /// <param name="jump">What to record before them when the clock has moved.</param>
    public DateTimeOffset Now(out AuditDraft? jump)
    {
        DateTimeOffset wall = time.GetUtcNow();
        var now = DateTimeOffset.FromUnixTimeMilliseconds(wall.ToUnixTimeMilliseconds());
        long stamp = time.GetTimestamp();
        jump = null;
        if (_lastAt is { } last)
        {
            // Across a restart only a step back can be told from time that has passed.
            TimeSpan moved = _lastStamp is { } before ? now - last - time.GetElapsedTime(before, stamp) : now < last ? now - last : TimeSpan.Zero;
            if (moved.Duration() > tolerance)
            {
                jump = Jump(last, now, moved);
            }
        }
        _lastAt = now;
        _lastStamp = stamp;
        return now;
    }

    private static AuditDraft Jump(DateTimeOffset last, DateTimeOffset now, TimeSpan moved) => new()
    {
        Kind = EntryKind.ClockJumped,
        CallId = Guid.CreateVersion7().ToString("N"),
        Actor = "host",
        Facts = new JsonObject
        {
            ["from"] = CanonicalEntry.Time(last),
            ["movedMilliseconds"] = (long)moved.TotalMilliseconds,
            ["to"] = CanonicalEntry.Time(now),
        },
    };
}
