using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using static EditorBridge.Server.Tests.Ledger.TemporaryLedger;

namespace EditorBridge.Server.Tests.Ledger;

public class LedgerWriterTests
{
    [Fact]
    public async Task Append_returns_the_entry_in_its_place_and_it_is_read_back_the_same()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        AuditEntry written = await writer.AppendAsync(Draft(
            EntryKind.ActionDecided, "call-1", "review", new JsonObject { ["b"] = 1, ["a"] = "ü" }, new AuditPayload("input", "application/json", "{\"x\":\"\0\"}")));
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        AuditEntry read = Assert.Single(await reader.EntriesForCallAsync("call-1"));

        Assert.Equal(2, written.Sequence);
        Assert.Equal(written.Hash, read.Hash);
        Assert.Equal(written.PreviousHash, read.PreviousHash);
        Assert.Equal("""{"a":"ü","b":1}""", CanonicalJson.Of(read.Draft.Facts));
        Assert.Equal(written.Draft with { Facts = null, Payloads = [] }, read.Draft with { Facts = null });
        Assert.Equal("{\"x\":\"\0\"}", (await reader.PayloadAsync(2, "input"))?.Text);
    }

    [Fact]
    public async Task Parallel_appends_form_one_chain_without_gaps()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();

        AuditEntry[] entries = await Task.WhenAll(Enumerable.Range(0, 300).Select(i => writer.AppendAsync(Draft(EntryKind.MessageIntent, $"call-{i}"))));

        Assert.Equal(Enumerable.Range(2, 300).Select(i => (long)i), entries.Select(e => e.Sequence).Order());
        AuditEntry[] ordered = [.. entries.OrderBy(e => e.Sequence)];
        Assert.All(ordered.Zip(ordered.Skip(1)), pair => Assert.Equal(pair.First.Hash, pair.Second.PreviousHash));
    }

    [Fact]
    public async Task Reopened_ledger_goes_on_where_it_ended()
    {
        await using var ledger = new TemporaryLedger();
        AuditEntry before = await ledger.Open().AppendAsync(Draft(EntryKind.HostStarted, "host"));
        await ledger.CloseAsync();

        AuditEntry after = await ledger.Open().AppendAsync(Draft(EntryKind.HostStarted, "host-2"));

        Assert.Equal(before.Sequence + 3, after.Sequence);
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        ImmutableArray<AuditEntry> newest = await reader.EntriesAsync(new EntryFilter(), before: null, limit: 3);
        Assert.Equal([EntryKind.HostStarted, EntryKind.LedgerOpened, EntryKind.LedgerClosed], newest.Select(e => e.Draft.Kind));
    }

    [Fact]
    public async Task Second_writer_is_refused_and_told_who_has_the_ledger()
    {
        await using var ledger = new TemporaryLedger();
        ledger.Open();

        var refused = Assert.Throws<LedgerUnavailableException>(() => LedgerWriter.Open(ledger.Options, ledger.Time));

        Assert.Contains($"process {Environment.ProcessId}", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ledger_of_a_host_that_has_ended_can_be_read()
    {
        await using var ledger = new TemporaryLedger();
        await ledger.Open().AppendAsync(Draft(EntryKind.HostStarted, "host"));
        await ledger.CloseAsync();

        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        Assert.Equal(3, (await reader.HeadAsync()).Sequence);
    }

    [Fact]
    public async Task Open_reviews_and_intents_are_found_after_a_restart()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAllAsync(
        [
            Draft(EntryKind.ActionDecided, "held", "review"),
            Draft(EntryKind.ReviewOpened, "held", facts: new JsonObject { ["reviewId"] = "r1" }, payloads: new AuditPayload("input", "application/json", "{}")),
            Draft(EntryKind.ReviewVerdict, "held", "approved", new JsonObject { ["reviewId"] = "r1", ["final"] = false }),
            Draft(EntryKind.ActionDecided, "judged", "review"),
            Draft(EntryKind.ReviewOpened, "judged", facts: new JsonObject { ["reviewId"] = "r2" }),
            Draft(EntryKind.ReviewVerdict, "judged", "approved", new JsonObject { ["reviewId"] = "r2", ["final"] = true }),
            Draft(EntryKind.ActionAdmitted, "judged", "approved"),
            Draft(EntryKind.MessageIntent, "asked"),
            Draft(EntryKind.MessageIntent, "answered"),
            Draft(EntryKind.MessageOutcome, "answered"),
        ]);
        await ledger.CloseAsync();

        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        AuditEntry review = Assert.Single(await reader.OpenReviewsAsync());
        Assert.Equal("held", review.Draft.CallId);
        Assert.Equal("{}", Assert.Single(review.Draft.Payloads).Text);
        Assert.Equal(["judged", "asked"], (await reader.OpenIntentsAsync()).Select(e => e.Draft.CallId));
    }
}
