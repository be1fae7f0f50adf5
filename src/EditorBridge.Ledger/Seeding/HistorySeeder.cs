using EditorBridge.Audit;
using EditorBridge.Ledger.Appending;
using EditorBridge.Ledger.Search;
using EditorBridge.Ledger.Seeding;
using EditorBridge.Ledger.Storage;

namespace EditorBridge.Ledger;

/// <summary>Fills an empty ledger with a made history, for trying the portal, for measurements and pictures. Marked as made in its first entries.</summary>
public static class HistorySeeder
{
    private const int EntriesPerTransaction = 8000;

    /// <param name="progress">Calls made so far.</param>
    /// <exception cref="LedgerUnavailableException">The folder already has a ledger with history, or cannot be used.</exception>
    public static void Seed(SeedOptions options, TimeProvider time, IProgress<int>? progress, CancellationToken cancellationToken)
    {
        LedgerConnection.CheckSqliteVersion();
        var folder = new LedgerFolder(options.Folder);
        folder.Prepare();
        using WriterLock held = WriterLock.Take(folder, time);
        using CheckpointKey key = CheckpointKey.OpenOrCreate(folder);
        DateTimeOffset now = time.GetUtcNow();
        using LedgerStore store = LedgerStore.Open(folder, key, now, acknowledged: null);
        if (store.Head.Sequence > 0)
        {
            throw new LedgerUnavailableException($"{folder.Path} already holds {store.Head.Sequence} entries. Nothing was added: a made history must not mix with a real one. Name another folder.");
        }
        var random = new Random(options.Seed);
        var story = new SeedStory(random);
        DateTimeOffset start = now.AddDays(-options.Days);
        var batch = new List<(DateTimeOffset At, AuditDraft Draft)> { (start, Marker()) };
        DateTimeOffset[] begins = [.. Enumerable.Range(0, options.Calls).Select(_ => WorkingTime(random, start, options.Days)).Order()];
        var later = new PriorityQueue<AuditDraft, (DateTimeOffset At, long Order)>();
        long order = 0;
        for (int i = 0; i < begins.Length; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            // Entries of calls that overlap come in the order of time, as in life.
            while (later.TryPeek(out AuditDraft? due, out (DateTimeOffset At, long Order) next) && next.At <= begins[i])
            {
                later.Dequeue();
                batch.Add((next.At, due));
            }
            foreach (SeedEntry entry in story.Next(i))
            {
                later.Enqueue(entry.Draft, (begins[i] + entry.After, order++));
            }
            if (batch.Count >= EntriesPerTransaction)
            {
                Write(store, batch);
                progress?.Report(i);
            }
        }
        while (later.TryDequeue(out AuditDraft? due, out (DateTimeOffset At, long Order) next))
        {
            // Nothing is dated after now: what would still run stays open.
            if (next.At <= now)
            {
                batch.Add((next.At, due));
            }
        }
        Write(store, batch);
        store.Optimize();
        using (SearchIndex index = SearchIndex.Open(folder))
        {
            while (index.Fill())
            {
                cancellationToken.ThrowIfCancellationRequested();
            }
        }
        progress?.Report(options.Calls);
    }

    private static void Write(LedgerStore store, List<(DateTimeOffset At, AuditDraft Draft)> batch)
    {
        PreparedEntry[] prepared = [.. batch.AsParallel().AsOrdered().Select(static b => PreparedEntry.Of(b.Draft, ContentMode.Full))];
        store.Append(prepared, i => DateTimeOffset.FromUnixTimeMilliseconds(batch[i].At.ToUnixTimeMilliseconds()));
        store.SignCheckpoint(batch[^1].At);
        batch.Clear();
    }

    private static AuditDraft Marker() => new()
    {
        Kind = EntryKind.HostStarted,
        CallId = "seed",
        Actor = "seed",
        Subject = "This history was made by 'editorbridge ledger seed'. Nothing in it happened.",
    };

    /// <summary>Most of it between 8 and 18 UTC on weekdays.</summary>
    private static DateTimeOffset WorkingTime(Random random, DateTimeOffset start, int days)
    {
        DateTimeOffset at;
        double hour;
        do
        {
            at = start.AddDays(random.NextDouble() * days);
            hour = at.TimeOfDay.TotalHours;
        }
        while ((hour is < 8 or > 18 && random.Next(12) > 0) || (at.DayOfWeek is DayOfWeek.Saturday or DayOfWeek.Sunday && random.Next(8) > 0));
        return at;
    }
}
