using System.Runtime.Versioning;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using static EditorBridge.Server.Tests.Ledger.TemporaryLedger;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>What the writer does when storage, clock or neighbours misbehave (portal test plan A2, A3, A7, B1, B4, B5, B6, B9).</summary>
public class LedgerFaultTests
{
    [Fact]
    public async Task Locked_database_fails_appends_and_recording_goes_on_by_itself()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "before"));
        using (SqliteConnection intruder = LedgerConnection.Open(ledger.Files.Database, SqliteOpenMode.ReadWrite))
        {
            LedgerConnection.Execute(intruder, "BEGIN IMMEDIATE");

            var refused = await Assert.ThrowsAsync<LedgerUnavailableException>(() => writer.AppendAsync(Draft(EntryKind.MessageIntent, "lost")));

            Assert.Contains("locked", refused.Message, StringComparison.Ordinal);
            Assert.False(writer.Health.Available);
            LedgerConnection.Execute(intruder, "ROLLBACK");
        }
        AuditEntry after = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "after"));

        Assert.True(writer.Health.Available);
        Assert.Equal(3, after.Sequence);
        await ledger.CloseAsync();
        Assert.Empty((await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), null, CancellationToken.None)).Findings);
    }

    [Theory]
    [InlineData("entries")]
    [InlineData("payloads")]
    [InlineData("payload_texts")]
    [InlineData("calls")]
    [InlineData("sessions")]
    [InlineData("hours")]
    public async Task Failing_insert_records_nothing_of_its_transaction(string table)
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "before"));
        LedgerDamageTests.Change(ledger, $"CREATE TRIGGER refuse BEFORE INSERT ON {table} BEGIN SELECT RAISE(ABORT, 'refused by the test'); END");

        await Assert.ThrowsAsync<LedgerUnavailableException>(() => writer.AppendAllAsync(
        [
            Draft(EntryKind.ClockJumped, "x"),
            Draft(EntryKind.MessageIntent, "y", payloads: new AuditPayload("request", "text/plain", "text")),
        ]));

        LedgerDamageTests.Change(ledger, "DROP TRIGGER refuse");
        AuditEntry after = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "after"));
        Assert.Equal(3, after.Sequence);
        await ledger.CloseAsync();
        Assert.Empty((await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), null, CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task Full_disk_keeps_what_was_acknowledged_and_recording_goes_on_when_there_is_space()
    {
        await using var ledger = new TemporaryLedger(o => o with { FullText = false });
        LedgerWriter writer = ledger.Open();
        // SQLite's own limit answers as a full disk does, at any allocation, and can be lifted again.
        await writer.RunAloneAsync(store => store.LimitPages(140));
        long acknowledged = 1;
        LedgerUnavailableException? full = null;
        for (int i = 0; full is null; i++)
        {
            try
            {
                acknowledged = (await writer.AppendAsync(Draft(EntryKind.MessageIntent, $"c{i}", payloads: new AuditPayload("request", "text/plain", Convert.ToHexString(RandomBytes(i)))))).Sequence;
            }
            catch (LedgerUnavailableException e)
            {
                full = e;
            }
        }

        Assert.Contains("full", full.Message, StringComparison.Ordinal);
        Assert.True(acknowledged > 5);
        AuditEntry after = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "after"));
        Assert.Equal(acknowledged + 1, after.Sequence);
        await ledger.CloseAsync();
        Assert.Empty((await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), null, CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task Signature_lost_with_a_failed_transaction_is_made_at_the_next_tick()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "before"));
        using var entered = new SemaphoreSlim(0);
        using var release = new SemaphoreSlim(0);
        Task blocked = writer.RunAloneAsync(_ =>
        {
            entered.Release();
            release.Wait();
            return 0;
        });
        await entered.WaitAsync();

        ledger.Time.Advance(ledger.Options.CheckpointInterval);
        Task<AuditEntry> lost = writer.AppendAsync(Draft(EntryKind.MessageIntent, "lost"));
        using (SqliteConnection intruder = LedgerConnection.Open(ledger.Files.Database, SqliteOpenMode.ReadWrite))
        {
            LedgerConnection.Execute(intruder, "BEGIN IMMEDIATE");
            release.Release();
            await blocked;
            await Assert.ThrowsAsync<LedgerUnavailableException>(() => lost);
            LedgerConnection.Execute(intruder, "ROLLBACK");
        }
        AuditEntry after = await writer.AppendAsync(Draft(EntryKind.MessageIntent, "after"));
        ledger.Time.Advance(ledger.Options.CheckpointInterval);
        await writer.RunAloneAsync(_ => 0);

        Assert.True(writer.LastCheckpoint?.Sequence >= after.Sequence, $"signed up to {writer.LastCheckpoint?.Sequence} of {after.Sequence}");
    }

    [Fact]
    public async Task Slow_storage_is_reported_at_the_deadline_and_the_queue_stays_bounded()
    {
        await using var ledger = new TemporaryLedger(o => o with { QueueLimit = 2 });
        LedgerWriter writer = ledger.Open();
        using var entered = new SemaphoreSlim(0);
        using var release = new SemaphoreSlim(0);
        Task blocked = writer.RunAloneAsync(_ =>
        {
            entered.Release();
            release.Wait();
            return 0;
        });
        await entered.WaitAsync();

        Task<AuditEntry> first = writer.AppendAsync(Draft(EntryKind.MessageIntent, "a"));
        Task<AuditEntry> second = writer.AppendAsync(Draft(EntryKind.MessageIntent, "b"));
        var full = await Assert.ThrowsAsync<LedgerUnavailableException>(() => writer.AppendAsync(Draft(EntryKind.MessageIntent, "c")));
        ledger.Time.Advance(TimeSpan.FromSeconds(11));
        var slow = await Assert.ThrowsAsync<LedgerUnavailableException>(() => first);
        await Assert.ThrowsAsync<LedgerUnavailableException>(() => second);
        release.Release();
        await blocked;

        Assert.Contains("already wait", full.Message, StringComparison.Ordinal);
        Assert.Contains("within 10 s", slow.Message, StringComparison.Ordinal);
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "d"));
        Assert.Empty(await reader.EntriesForCallAsync("a"));
        Assert.Single(await reader.EntriesForCallAsync("d"));
    }

    [Theory]
    [InlineData(-2 * 86400)]
    [InlineData(2 * 86400)]
    [InlineData(-3600)]
    [InlineData(3600)]
    public async Task Clock_jump_is_recorded_and_no_call_is_lost_from_lists(int seconds)
    {
        var clock = new JumpingClock();
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ledger-");
        await using (LedgerWriter writer = LedgerWriter.Open(new LedgerOptions { Folder = folder.FullName }, clock))
        {
            await writer.AppendAsync(Draft(EntryKind.MessageIntent, "before"));
            clock.Jump(TimeSpan.FromSeconds(seconds));
            Assert.Equal(4, (await writer.AppendAsync(Draft(EntryKind.MessageIntent, "after"))).Sequence);
            await writer.AppendAsync(Draft(EntryKind.MessageIntent, "later"));
        }
        using (LedgerReader reader = LedgerReader.Open(folder.FullName))
        {
            AuditEntry jump = Assert.Single(await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ClockJumped] }, null, 10));
            Assert.Equal(seconds * 1000L, jump.Draft.Facts!["movedMilliseconds"]!.GetValue<long>());
            Assert.Equal(3, (await reader.CallsAsync(CallFilter.All, null, 10)).Calls.Length);
            Assert.Equal(1, (await reader.CountAsync(new CallFilter { From = clock.Start.AddSeconds(-1), To = clock.Start.AddMinutes(1) })).Count);
        }
        Assert.Empty((await LedgerVerifier.VerifyAsync(folder.FullName, new VerifyOptions(), null, CancellationToken.None)).Findings);
        folder.Delete(recursive: true);
    }

    [Fact]
    public async Task Newer_database_is_refused_and_left_alone()
    {
        await using var ledger = new TemporaryLedger();
        ledger.Open();
        await ledger.CloseAsync();
        LedgerDamageTests.Change(ledger, "PRAGMA user_version = 99");

        Assert.Contains("newer version", Assert.Throws<LedgerUnavailableException>(ledger.Open).Message, StringComparison.Ordinal);
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        Assert.Contains("newer version", (await Assert.ThrowsAsync<LedgerUnreadableException>(() => reader.HeadAsync())).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Database_of_another_program_is_refused_and_left_alone()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ledger-");
        string file = Path.Combine(folder.FullName, "ledger.db");
        LedgerFolder.OpenPrivate(file, FileMode.Create, FileAccess.Write, FileShare.None).Dispose();
        using (SqliteConnection other = LedgerConnection.Open(file, SqliteOpenMode.ReadWrite))
        {
            LedgerConnection.Execute(other, "CREATE TABLE theirs (x)");
        }

        Assert.Contains("not a ledger", Assert.Throws<LedgerUnavailableException>(() => LedgerWriter.Open(new LedgerOptions { Folder = folder.FullName }, TimeProvider.System)).Message, StringComparison.Ordinal);
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Migration_interrupted_at_any_statement_leaves_the_old_file_or_the_new_one()
    {
        DirectoryInfo folder = Directory.CreateTempSubdirectory("ledger-");
        string file = Path.Combine(folder.FullName, "new.db");
        bool finished = false;
        int attempts = 0;
        while (!finished)
        {
            File.Delete(file);
            File.Create(file).Dispose();
            using (SqliteConnection connection = LedgerConnection.OpenWriter(file))
            {
                int left = 40 * attempts++;
                SQLitePCL.raw.sqlite3_progress_handler(connection.Handle, 1, _ => left-- < 0 ? 1 : 0, null);
                try
                {
                    LedgerMigration.Apply(connection, file, _ => { });
                    finished = true;
                }
                catch (SqliteException)
                {
                    // Interrupted, as a killed process would be; the next open finds the transaction rolled back.
                }
            }
            using SqliteConnection reopened = LedgerConnection.OpenWriter(file);
            long tables = LedgerConnection.ScalarNumber(reopened, "SELECT count(*) FROM sqlite_master");
            Assert.Equal((finished, finished ? LedgerSchema.Version : 0), (tables > 0, LedgerConnection.ScalarNumber(reopened, "PRAGMA user_version")));
        }
        Assert.True(attempts > 20);
        folder.Delete(recursive: true);
    }

    [Theory]
    [InlineData("3.51.2", false)]
    [InlineData("3.40.1", false)]
    [InlineData("3.51.3", true)]
    [InlineData("3.53.3", true)]
    [InlineData("garbage", false)]
    public void Sqlite_that_can_lose_commits_is_refused(string version, bool accepted)
    {
        Exception? refused = Record.Exception(() => LedgerConnection.CheckSqliteVersion(version));

        Assert.Equal(accepted, refused is null);
        Assert.True(refused is null or LedgerUnavailableException);
    }

    [Theory]
    [InlineData("folder", "chmod 700")]
    [InlineData("database", "chmod 600")]
    [InlineData("key", "chmod 600")]
    [InlineData("symlink", "symbolic link")]
    [InlineData("brokenkey", "signing key")]
    [UnsupportedOSPlatform("windows")]
    public async Task Files_others_could_reach_are_refused_with_what_mends_it(string fault, string advice)
    {
        await using var ledger = new TemporaryLedger();
        ledger.Open();
        await ledger.CloseAsync();
        const UnixFileMode Everybody = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute | UnixFileMode.GroupRead | UnixFileMode.OtherRead;
        switch (fault)
        {
            case "folder":
                File.SetUnixFileMode(ledger.Options.Folder, Everybody);
                break;
            case "database":
                File.SetUnixFileMode(ledger.Files.Database, Everybody);
                break;
            case "key":
                File.SetUnixFileMode(ledger.Files.PrivateKey, Everybody);
                break;
            case "symlink":
                File.Move(ledger.Files.Database, ledger.Files.Database + ".moved");
                File.CreateSymbolicLink(ledger.Files.Database, ledger.Files.Database + ".moved");
                break;
            default:
                await File.WriteAllTextAsync(ledger.Files.PrivateKey, "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
                break;
        }

        Assert.Contains(advice, Assert.Throws<LedgerUnavailableException>(ledger.Open).Message, StringComparison.Ordinal);
    }

    [Fact]
    [UnsupportedOSPlatform("windows")]
    public async Task Files_are_made_for_their_owner_only()
    {
        await using var ledger = new TemporaryLedger();
        await ledger.Open().AppendAsync(Draft(EntryKind.MessageIntent, "a"));

        foreach (string file in Directory.GetFiles(ledger.Options.Folder))
        {
            Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, Mode(file) ?? (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        }

        // A journal of the full-text index may come and go while one looks.
        static UnixFileMode? Mode(string file)
        {
            try
            {
                return File.GetUnixFileMode(file);
            }
            catch (FileNotFoundException)
            {
                return null;
            }
        }
    }

    [Theory]
    [InlineData(ContentMode.Full, 1, true)]
    [InlineData(ContentMode.DigestsOnly, 1, false)]
    [InlineData(ContentMode.None, 0, false)]
    public async Task Content_mode_decides_what_is_kept_and_never_keeps_a_secret(ContentMode mode, int commitments, bool text)
    {
        const string Canary = "CaNaRy7391xY";
        await using var ledger = new TemporaryLedger(o => o with { Content = mode });
        AuditEntry entry = await ledger.Open().AppendAsync(Draft(
            EntryKind.MessageIntent, "a", null, new JsonObject { ["note"] = $"Bearer {Canary}" },
            new AuditPayload("request", "text/plain", $"kept words PASSWORD='{Canary}' {new string('x', 5000)}")) with { Subject = $"sk-ant-api03-{Canary}" });
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);

        Assert.Equal(commitments, entry.Payloads.Length);
        Assert.Equal(text, (await reader.PayloadAsync(entry.Sequence, "request"))?.Text.Contains("kept words", StringComparison.Ordinal) ?? false);
        await ledger.CloseAsync();
        foreach (string file in Directory.GetFiles(ledger.Options.Folder))
        {
            Assert.False((await File.ReadAllBytesAsync(file)).AsSpan().IndexOf("CaNaRy7391xY"u8) >= 0, file);
        }
        Assert.Empty((await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), null, CancellationToken.None)).Findings);
    }

    [Fact]
    public async Task Draft_that_cannot_be_recorded_is_refused_without_harm_to_others()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();

        await Assert.ThrowsAsync<ArgumentException>(() => writer.AppendAsync(Draft(EntryKind.MessageIntent, "")));
        await Assert.ThrowsAsync<ArgumentException>(() => writer.AppendAsync(Draft(EntryKind.MessageIntent, "a", null, new JsonObject { ["n"] = JsonNode.Parse("1e999") })));

        Assert.Equal(2, (await writer.AppendAsync(Draft(EntryKind.MessageIntent, "b"))).Sequence);
    }

    [Fact]
    public async Task Closed_writer_refuses()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        await writer.DisposeAsync();

        await Assert.ThrowsAsync<LedgerUnavailableException>(() => writer.AppendAsync(Draft(EntryKind.MessageIntent, "a")));
    }

    private static byte[] RandomBytes(int seed)
    {
        byte[] bytes = new byte[2000];
        new Random(seed).NextBytes(bytes);
        return bytes;
    }

    private sealed class JumpingClock : TimeProvider
    {
        private TimeSpan _moved;

        public DateTimeOffset Start { get; } = new(2026, 3, 29, 0, 59, 30, TimeSpan.Zero);

        public void Jump(TimeSpan by) => _moved += by;

        public override DateTimeOffset GetUtcNow() => Start + _moved;

        public override long GetTimestamp() => 1;
    }
}
