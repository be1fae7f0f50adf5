using System.Diagnostics;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>A busy team on one ledger: fifty callers write without a pause while five people look (portal test plan B7). A second, or with EDITORBRIDGE_SOAK=1 an hour.</summary>
public sealed class LedgerSoakTests
{
    private const int Writers = 50;
    private const int Readers = 5;

    /// <summary>The log's bound: larger, and a reader kept it from being written back.</summary>
    private const long LargestLog = 64L << 20;

    /// <summary>How much the process may grow after its first tenth, in bytes an hour.</summary>
    private const long GrowthAnHour = 64L << 20;

    [Fact]
    public async Task Writers_and_readers_together_lose_nothing_and_keep_log_and_memory_bounded()
    {
        await using var ledger = new TemporaryLedger();
        var writer = ledger.Open();
        var length = Soak.Is ? TimeSpan.FromHours(1) : TimeSpan.FromSeconds(1);
        using var over = new CancellationTokenSource(length);
        using var calm = new CancellationTokenSource(length / 10);
        var log = 0L;
        var warm = 0L;

        var writing = Enumerable.Range(0, Writers).Select(caller => Task.Run(async () =>
        {
            var written = 0L;
            for (; !over.IsCancellationRequested || written == 0; written++)
                await writer.AppendAsync(TemporaryLedger.Draft(EntryKind.MessageIntent, $"{caller}-{written}", payloads: new AuditPayload("request", "text/plain", new string('x', (int)(written * 37 % 4000)))));
            return written;
        })).ToArray();
        var reading = Enumerable.Range(0, Readers).Select(_ => Task.Run(async () =>
        {
            using var reader = LedgerReader.Open(ledger.Options.Folder);
            var pages = 0;
            for (; !over.IsCancellationRequested || pages == 0; pages++)
            {
                await reader.CallsAsync(new CallFilter(), null, 50);
                InterlockedMax(ref log, new FileInfo(ledger.Files.Database + "-wal").Length);
                if (calm.IsCancellationRequested) Interlocked.CompareExchange(ref warm, Memory(), 0);
            }

            return pages;
        })).ToArray();
        var written = (await Task.WhenAll(writing)).Sum();
        Assert.All(await Task.WhenAll(reading), pages => Assert.True(pages > 0));
        var grown = Memory() - warm;
        await ledger.CloseAsync();

        var report = await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), null, CancellationToken.None);
        Assert.Empty(report.Findings);
        using var after = LedgerReader.Open(ledger.Options.Folder);
        Assert.Equal(written, (await after.StatusAsync()).Calls);
        Assert.InRange(log, 1, LargestLog);
        if (Soak.Is) Assert.True(grown < GrowthAnHour, $"The process grew by {grown / 1048576} MB.");
    }

    private static long Memory()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }

    private static void InterlockedMax(ref long largest, long value)
    {
        for (var seen = Interlocked.Read(ref largest); value > seen;)
        {
            var found = Interlocked.CompareExchange(ref largest, value, seen);
            if (found == seen) return;
            seen = found;
        }
    }
}
