using System.Threading.Channels;
using EditorBridge.Audit;
using EditorBridge.Keeping;
using EditorBridge.Ledger;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Ledger;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Server.Tests.Keeping;

public sealed class RetentionScheduleTests
{
    [Fact]
    public async Task Texts_are_dropped_at_the_start_and_again_each_day()
    {
        // Weeks pass in one step here, and each five minutes of them would ask for a checkpoint at once.
        await using var ledger = new TemporaryLedger(o => o with { FullText = false, CheckpointInterval = TimeSpan.FromDays(40) });
        LedgerWriter writer = ledger.Open();
        await AppendAsync(writer, "first");
        ledger.Time.Advance(TimeSpan.FromDays(31));
        await AppendAsync(writer, "second");
        var log = new Said();
        using var schedule = new RetentionSchedule(new LedgerSettings { KeepPayloadDays = 30 }, writer, ledger.Time, log);

        await schedule.StartAsync(CancellationToken.None);
        Assert.StartsWith("Dropped 1 payload texts", await log.NextAsync(), StringComparison.Ordinal);
        ledger.Time.Advance(TimeSpan.FromDays(31));
        Assert.StartsWith("Dropped 1 payload texts", await log.NextAsync(), StringComparison.Ordinal);
        await schedule.StopAsync(CancellationToken.None);

        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        var records = await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.RetentionApplied] }, null, 10);
        Assert.Equal(2, records.Length);
        Assert.All(records, record => Assert.Equal(("host", "ledger.json: keepPayloadDays 30"), (record.Draft.Actor, record.Draft.Facts!["policy"]!.GetValue<string>())));
    }

    [Fact]
    public async Task Without_the_setting_nothing_is_ever_dropped()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await AppendAsync(writer, "first");
        ledger.Time.Advance(TimeSpan.FromDays(4000));
        using var schedule = new RetentionSchedule(new LedgerSettings(), writer, ledger.Time, new Said());
        await schedule.StartAsync(CancellationToken.None);
        await schedule.ExecuteTask!.WaitAsync(TestLimits.Signal);
        Assert.Equal(1, (await writer.CountRetentionAsync(ledger.Time.GetUtcNow())).Dropped);
    }

    private static Task<AuditEntry> AppendAsync(LedgerWriter writer, string call) =>
        writer.AppendAsync(TemporaryLedger.Draft(EntryKind.MessageIntent, call, payloads: new AuditPayload("request", "text/plain", "words of " + call)));

    /// <summary>What the schedule said, as it says it.</summary>
    private sealed class Said : ILogger<RetentionSchedule>
    {
        private readonly Channel<string> _lines = Channel.CreateUnbounded<string>();

        public Task<string> NextAsync() => _lines.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal);

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) =>
            _lines.Writer.TryWrite(formatter(state, exception));
    }
}
