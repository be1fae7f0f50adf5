using System.Text;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Ledger.Search;
using Microsoft.Data.Sqlite;
using static EditorBridge.Server.Tests.Ledger.TemporaryLedger;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>Retention, legal holds, backups, segments and witnesses.</summary>
public class LedgerKeepingTests
{
    private const string Erased = "PersonalWords4711";

    [Fact]
    public async Task Retention_drops_old_texts_and_the_chain_still_verifies()
    {
        await using var ledger = new TemporaryLedger(o => o with { FullText = false });
        LedgerWriter writer = ledger.Open();
        AuditEntry old = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "old", payloads: new AuditPayload("request", "text/plain", Erased)));
        AuditEntry waiting = await writer.AppendAsync(Draft(EntryKind.ReviewOpened, "waiting", payloads: new AuditPayload("input", "text/plain", "kept for the review")));
        ledger.Time.Advance(TimeSpan.FromDays(100));
        AuditEntry recent = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "recent", payloads: new AuditPayload("request", "text/plain", "recent words")));
        DateTimeOffset before = ledger.Time.GetUtcNow().AddDays(-90);

        RetentionResult planned = await writer.CountRetentionAsync(before);
        RetentionResult done = await writer.ApplyRetentionAsync(before, "host", "90 days", CancellationToken.None);

        Assert.Equal((1L, 0L), (planned.Dropped, planned.Held));
        Assert.Equal((1L, 0L), (done.Dropped, done.Held));
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        Assert.Null(await reader.PayloadAsync(old.Sequence, "request"));
        Assert.NotNull(await reader.PayloadAsync(waiting.Sequence, "input"));
        Assert.NotNull(await reader.PayloadAsync(recent.Sequence, "request"));
        Assert.Equal(old.Payloads[0].Commitment, (await reader.EntryAsync(old.Sequence))!.Payloads[0].Commitment);
        AuditEntry record = Assert.Single(await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.RetentionApplied] }, null, 10));
        Assert.Equal(1, record.Draft.Facts!["dropped"]!.GetValue<int>());
        await ledger.CloseAsync();
        VerifyReport report = await VerifyAsync(ledger.Options.Folder);
        Assert.Empty(report.Findings);
        Assert.Equal((2L, 1L), (report.PayloadsKept, report.PayloadsDropped));
        foreach (string file in Directory.GetFiles(ledger.Options.Folder))
        {
            Assert.False((await File.ReadAllBytesAsync(file)).AsSpan().IndexOf(Encoding.UTF8.GetBytes(Erased)) >= 0, file);
        }
    }

    [Fact]
    public async Task Dropped_words_are_no_longer_found()
    {
        await using var ledger = new TemporaryLedger(o => o with { FullText = false });
        LedgerWriter writer = ledger.Open();
        AuditEntry old = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "old", payloads: new AuditPayload("request", "text/plain", Erased)));
        using SearchIndex index = SearchIndex.Open(ledger.Files);
        while (index.Fill())
        {
        }
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        Assert.Equal(1, (await reader.CountAsync(new CallFilter { Text = Erased })).Count);
        ledger.Time.Advance(TimeSpan.FromDays(2));

        RetentionResult done = await writer.ApplyRetentionAsync(ledger.Time.GetUtcNow().AddDays(-1), "host", "1 day", CancellationToken.None);
        index.Refresh(done.Calls);

        Assert.Equal([old.Sequence], done.Calls);
        Assert.Equal(0, (await reader.CountAsync(new CallFilter { Text = Erased })).Count);
        Assert.Equal(1, (await reader.CountAsync(new CallFilter { Text = "orders.sql" })).Count);
        Assert.False((await File.ReadAllBytesAsync(ledger.Files.Search)).AsSpan().IndexOf(Encoding.UTF8.GetBytes("personalwords4711")) >= 0);
    }

    [Theory]
    [InlineData("session", true)]
    [InlineData("call", true)]
    [InlineData("actor", true)]
    [InlineData("time", true)]
    [InlineData("all", true)]
    [InlineData("other", false)]
    public async Task Legal_hold_keeps_its_payloads_until_it_is_released(string scopeName, bool held)
    {
        await using var ledger = new TemporaryLedger(o => o with { FullText = false });
        LedgerWriter writer = ledger.Open();
        AuditEntry old = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "old", payloads: new AuditPayload("request", "text/plain", "evidence")));
        HoldScope scope = scopeName switch
        {
            "session" => new HoldScope { SessionId = "session-1" },
            "call" => new HoldScope { CallId = "old" },
            "actor" => new HoldScope { Actor = old.Draft.Actor },
            "time" => new HoldScope { From = ledger.Time.Start.AddHours(-1), To = ledger.Time.Start.AddHours(1) },
            "other" => new HoldScope { SessionId = "session-2" },
            _ => new HoldScope(),
        };
        LegalHold hold = await writer.PlaceHoldAsync(scope, "person:counsel", "Case 12/2026");
        ledger.Time.Advance(TimeSpan.FromDays(100));
        DateTimeOffset before = ledger.Time.GetUtcNow().AddDays(-90);

        RetentionResult result = await writer.ApplyRetentionAsync(before, "host", "90 days", CancellationToken.None);

        Assert.Equal(held ? (0L, 1L) : (1L, 0L), (result.Dropped, result.Held));
        if (held)
        {
            Assert.Throws<SqliteException>(() => LedgerDamageTests.Change(ledger, "DELETE FROM payload_texts"));
            Assert.True(await writer.ReleaseHoldAsync(hold.Id, "person:counsel", "Case closed"));
            Assert.False(await writer.ReleaseHoldAsync(hold.Id, "person:counsel", "again"));
            Assert.Equal(1, (await writer.ApplyRetentionAsync(before, "host", "90 days", CancellationToken.None)).Dropped);
        }
        await ledger.CloseAsync();
        Assert.Empty((await VerifyAsync(ledger.Options.Folder)).Findings);
    }

    [Theory]
    [InlineData("UPDATE entries SET subject = 'x'")]
    [InlineData("DELETE FROM entries")]
    [InlineData("INSERT INTO entries (sequence, at, kind, call_id, actor, hash) VALUES (99, 1, 'incident', 'x', 'x', zeroblob(32))")]
    [InlineData("UPDATE payloads SET bytes = 1")]
    [InlineData("DELETE FROM payloads")]
    [InlineData("UPDATE payload_texts SET content = NULL")]
    [InlineData("UPDATE checkpoints SET sequence = 1")]
    [InlineData("DELETE FROM checkpoints")]
    [InlineData("DELETE FROM holds")]
    public async Task Tables_of_the_chain_refuse_changes(string sql)
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "a", payloads: new AuditPayload("request", "text/plain", "text")));
        await writer.PlaceHoldAsync(new HoldScope { CallId = "none" }, "person:counsel", "reason");

        Assert.Throws<SqliteException>(() => LedgerDamageTests.Change(ledger, sql));
    }

    [Fact]
    public async Task Backup_made_while_writing_verifies_and_can_be_restored()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        string backup = Path.Combine(ledger.Options.Folder, "copy");
        Task<AuditEntry>[] writing = [.. Enumerable.Range(0, 200).Select(i => writer.AppendAsync(Draft(EntryKind.MessageIntent, $"c{i}", payloads: new AuditPayload("request", "text/plain", "words"))))];

        VerifyReport report = await LedgerArchive.BackupAsync(ledger.Options.Folder, backup, CancellationToken.None);

        await Task.WhenAll(writing);
        long last = (await writer.AppendAsync(Draft(EntryKind.MessageIntent, "after the backup"))).Sequence;
        string witnessed = (await writer.SignCheckpointAsync()).Text;
        await ledger.CloseAsync();
        Assert.Empty(report.Findings);
        Assert.False(File.Exists(Path.Combine(backup, "ledger.key")));

        await LedgerArchive.RestoreAsync(ledger.Options.Folder, backup, "person:admin", ledger.Time, CancellationToken.None);

        Assert.Empty((await VerifyAsync(ledger.Options.Folder)).Findings);
        VerifyReport against = await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions { Witnessed = witnessed }, null, CancellationToken.None);
        Assert.NotEmpty(against.Findings);
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        AuditEntry incident = Assert.Single(await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Incident] }, null, 10));
        Assert.Equal("ledger.restored", incident.Draft.Result);
        Assert.True(incident.Draft.Facts!["previousSequence"]!.GetValue<long>() >= last);
    }

    [Fact]
    public async Task Damaged_backup_is_not_restored()
    {
        await using var ledger = new TemporaryLedger();
        await LedgerDamageTests.FillAsync(ledger);
        string backup = Path.Combine(ledger.Options.Folder, "copy");
        await LedgerArchive.BackupAsync(ledger.Options.Folder, backup, CancellationToken.None);
        byte[] bytes = await File.ReadAllBytesAsync(Path.Combine(backup, "ledger.db"));
        Array.Clear(bytes, 8192, 4096);
        await File.WriteAllBytesAsync(Path.Combine(backup, "ledger.db"), bytes);

        await Assert.ThrowsAsync<LedgerUnavailableException>(() => LedgerArchive.RestoreAsync(ledger.Options.Folder, backup, "person:admin", ledger.Time, CancellationToken.None));

        Assert.Empty((await VerifyAsync(ledger.Options.Folder)).Findings);
    }

    [Fact]
    public async Task New_segment_names_the_end_of_the_damaged_one()
    {
        await using var ledger = new TemporaryLedger();
        await LedgerDamageTests.FillAsync(ledger);
        LedgerDamageTests.Tamper(ledger, "DELETE FROM entries WHERE sequence = 50");

        string moved = await LedgerArchive.NewSegmentAsync(ledger.Options.Folder, "person:admin", "entry 50 is missing", ledger.Time);

        LedgerWriter writer = ledger.Open();
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        AuditEntry link = (await reader.EntryAsync(2))!;
        Assert.Equal((122L, "entry 50 is missing"), (link.Draft.Facts!["previousSequence"]!.GetValue<long>(), link.Draft.Facts!["reason"]!.GetValue<string>()));
        Assert.Equal(VerifyProblem.EntryMissing, (await VerifyAsync(moved)).Findings[0].Problem);
        using LedgerReader old = LedgerReader.Open(moved);
        Assert.Equal(40, (await old.CountAsync(CallFilter.All)).Count);
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "new"));
    }

    [Fact]
    public async Task Receipt_of_a_witness_is_kept_only_for_our_own_checkpoints()
    {
        await using var ledger = new TemporaryLedger();
        await using var other = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        CheckpointNote ours = await writer.SignCheckpointAsync();
        CheckpointNote theirs = await other.Open().SignCheckpointAsync();

        Assert.Equal(WitnessAnswer.Agrees, await writer.CompareAsync("VS Code on laptop", ours.Text));
        Assert.Equal(WitnessAnswer.Agrees, await writer.CompareAsync("VS Code on laptop", ours.Text));
        Assert.Equal(WitnessAnswer.AnotherLedger, await writer.CompareAsync("VS Code on laptop", theirs.Text));
        Assert.Equal(WitnessAnswer.NotACheckpoint, await writer.CompareAsync("VS Code on laptop", "nonsense"));

        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        Assert.Equal((ours.Sequence, "VS Code on laptop"), (Assert.Single(await reader.ReceiptsAsync(10)).Sequence, (await reader.StatusAsync()).Witness));
    }

    [Fact]
    public async Task Checkpoint_kept_outside_contradicts_an_older_copy_that_was_put_back()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter first = ledger.Open();
        await first.AppendAsync(Draft(EntryKind.MessageIntent, "one"));
        await first.DisposeAsync();
        string older = Path.Combine(ledger.Options.Folder, "..", Path.GetFileName(ledger.Options.Folder) + "-older");
        Copy(ledger.Options.Folder, older);

        CheckpointNote kept;
        await using (LedgerWriter second = ledger.Open())
        {
            await second.AppendAsync(Draft(EntryKind.MessageIntent, "two"));
            kept = await second.SignCheckpointAsync();
            Assert.Equal(WitnessAnswer.Agrees, await second.CompareAsync("witness", kept.Text));
        }

        foreach (string file in Directory.EnumerateFiles(ledger.Options.Folder))
        {
            File.Delete(file);
        }
        Copy(older, ledger.Options.Folder);
        Directory.Delete(older, recursive: true);
        await using LedgerWriter rolledBack = ledger.Open();
        Assert.Equal(WitnessAnswer.Contradicted, await rolledBack.CompareAsync("witness", kept.Text));
        // It stays a contradiction when the chain has grown past the place again.
        for (int i = 0; i < 10; i++)
        {
            await rolledBack.AppendAsync(Draft(EntryKind.MessageIntent, $"other {i}"));
        }
        Assert.Equal(WitnessAnswer.Contradicted, await rolledBack.CompareAsync("witness", kept.Text));
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        Assert.Empty(await reader.ReceiptsAsync(10));
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.EnumerateFiles(from))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }
    }

    private static Task<VerifyReport> VerifyAsync(string folder) => LedgerVerifier.VerifyAsync(folder, new VerifyOptions(), null, CancellationToken.None);
}
