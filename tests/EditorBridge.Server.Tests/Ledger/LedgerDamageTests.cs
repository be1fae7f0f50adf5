using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Ledger.Storage;
using Microsoft.Data.Sqlite;
using static EditorBridge.Server.Tests.Ledger.TemporaryLedger;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>Nothing damaged passes verification (portal test plan B2, B3), and no damaged ledger is written on.</summary>
public class LedgerDamageTests
{
    private static readonly VerifyOptions Everything = new();

    [Fact]
    public async Task Whole_ledger_verifies()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);

        VerifyReport report = await VerifyAsync(ledger, Everything);

        Assert.Empty(report.Findings);
        Assert.Equal((122, 40, 0, 0), (report.Entries, report.PayloadsKept, report.PayloadsDropped, report.Unsigned));
    }

    [Theory]
    [InlineData("UPDATE entries SET at = at + 1 WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET kind = 'incident' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET call_id = 'x' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET session_id = NULL WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET actor = 'person:eve' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET door = '' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET tool = 'Read' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET tool_use_id = 'x' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET model = 'x' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET subject = subject || ' ' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET result = 'allow' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET severity = 'low' WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET facts = replace(facts, '50', '51') WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE entries SET hash = zeroblob(32) WHERE sequence = 50", VerifyProblem.EntryChanged, 50)]
    [InlineData("DELETE FROM entries WHERE sequence = 50", VerifyProblem.EntryMissing, 50)]
    [InlineData("DELETE FROM entries WHERE sequence = 1", VerifyProblem.EntryMissing, 1)]
    [InlineData("DELETE FROM entries WHERE sequence > 110", VerifyProblem.ChainCut, 122)]
    [InlineData("UPDATE entries SET sequence = sequence + 1000 WHERE sequence IN (50, 51); UPDATE entries SET sequence = 1101 - sequence WHERE sequence > 1000", VerifyProblem.EntryChanged, 50)]
    [InlineData("UPDATE payloads SET commitment = zeroblob(32) WHERE sequence = 52", VerifyProblem.EntryChanged, 52)]
    [InlineData("UPDATE payloads SET name = 'x' WHERE sequence = 52", VerifyProblem.EntryChanged, 52)]
    [InlineData("DELETE FROM payloads WHERE sequence = 52", VerifyProblem.EntryChanged, 52)]
    [InlineData("UPDATE payload_texts SET content = CAST('other' AS BLOB) WHERE sequence = 52", VerifyProblem.PayloadChanged, 52)]
    [InlineData("UPDATE payload_texts SET salt = zeroblob(32) WHERE sequence = 52", VerifyProblem.PayloadChanged, 52)]
    [InlineData("UPDATE payload_texts SET encoding = 'br' WHERE sequence = 55", VerifyProblem.PayloadChanged, 55)]
    [InlineData("UPDATE payload_texts SET ordinal = 7 WHERE sequence = 52", VerifyProblem.PayloadChanged, 52)]
    [InlineData("UPDATE checkpoints SET note = replace(note, 'at 2026', 'at 2025') WHERE number = 1", VerifyProblem.CheckpointInvalid, 1)]
    [InlineData("UPDATE checkpoints SET note = note || ' ' WHERE number = 1", VerifyProblem.CheckpointInvalid, null)]
    [InlineData("DELETE FROM checkpoints WHERE number = 1", VerifyProblem.CheckpointInvalid, null)]
    [InlineData("UPDATE calls SET state = 'allowed' WHERE call_id = 'call-4'", VerifyProblem.ProjectionDiffers, null)]
    [InlineData("DELETE FROM calls WHERE call_id = 'call-3'", VerifyProblem.ProjectionDiffers, null)]
    [InlineData("UPDATE hours SET calls = calls + 1", VerifyProblem.ProjectionDiffers, null)]
    [InlineData("DELETE FROM hours WHERE hour = (SELECT max(hour) FROM hours)", VerifyProblem.ProjectionDiffers, null)]
    [InlineData("DELETE FROM sessions", VerifyProblem.ProjectionDiffers, null)]
    [InlineData("UPDATE sessions SET refused = refused + 1", VerifyProblem.ProjectionDiffers, null)]
    public async Task Changed_row_is_found_and_named(string sql, VerifyProblem problem, int? sequence)
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        Tamper(ledger, sql);

        VerifyReport report = await VerifyAsync(ledger, Everything);

        Assert.Contains(report.Findings, f => f.Problem == problem && (sequence is null || f.Sequence == sequence));
        if (problem is VerifyProblem.EntryChanged or VerifyProblem.EntryMissing)
        {
            Assert.Equal(sequence, report.Findings[0].Sequence);
        }
    }

    [Fact]
    public async Task Rewritten_chain_is_found_through_signed_checkpoints()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        Rewrite(ledger, from: 60);

        VerifyReport report = await VerifyAsync(ledger, Everything);

        Assert.All(report.Findings, f => Assert.Equal(VerifyProblem.ChainRewritten, f.Problem));
        Assert.NotEmpty(report.Findings);
    }

    [Fact]
    public async Task Folder_put_back_to_yesterday_is_found_only_through_a_checkpoint_kept_elsewhere()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        DirectoryInfo yesterday = Directory.CreateTempSubdirectory("yesterday-");
        foreach (string file in Directory.GetFiles(ledger.Options.Folder))
        {
            File.Copy(file, Path.Combine(yesterday.FullName, Path.GetFileName(file)));
        }
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.Incident, "today"));
        string witnessed = (await writer.SignCheckpointAsync()).Text;
        await ledger.CloseAsync();

        VerifyReport alone = await LedgerVerifier.VerifyAsync(yesterday.FullName, Everything, null, CancellationToken.None);
        VerifyReport against = await LedgerVerifier.VerifyAsync(yesterday.FullName, Everything with { Witnessed = witnessed }, null, CancellationToken.None);
        VerifyReport honest = await VerifyAsync(ledger, Everything with { Witnessed = witnessed });

        Assert.Empty(alone.Findings);
        Assert.Equal(VerifyProblem.ChainCut, Assert.Single(against.Findings).Problem);
        Assert.Empty(honest.Findings);
        Assert.Equal(1, honest.Witnessed);
        yesterday.Delete(recursive: true);
    }

    [Theory]
    [InlineData("DELETE FROM entries WHERE sequence > 110", "entries were cut off")]
    [InlineData("UPDATE entries SET subject = 'x' WHERE sequence = 50", "entry 50 is not what was recorded")]
    [InlineData("DELETE FROM entries WHERE sequence = 50", "entry 50 is missing")]
    [InlineData("UPDATE ledger SET id = 'x'", "checkpoint")]
    public async Task Damaged_ledger_is_not_written_on(string sql, string reason)
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        Tamper(ledger, sql);

        var refused = Assert.Throws<LedgerUnavailableException>(ledger.Open);

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
        Assert.Contains("editorbridge ledger verify", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Deleted_log_of_the_writer_is_noticed()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        byte[] database = await File.ReadAllBytesAsync(ledger.Files.Database);
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.Incident, "only in the log"));
        byte[] head = await File.ReadAllBytesAsync(ledger.Files.Head);
        await ledger.CloseAsync();
        await File.WriteAllBytesAsync(ledger.Files.Database, database);
        await File.WriteAllBytesAsync(ledger.Files.Head, head);

        Assert.Contains("ledger.head", Assert.Throws<LedgerUnavailableException>(ledger.Open).Message, StringComparison.Ordinal);
        Assert.Contains((await VerifyAsync(ledger, Everything)).Findings, f => f.Problem is VerifyProblem.ChainCut);
    }

    [Fact]
    public async Task Deleted_database_is_not_replaced_by_an_empty_one()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        File.Delete(ledger.Files.Database);

        Assert.Contains("is gone", Assert.Throws<LedgerUnavailableException>(ledger.Open).Message, StringComparison.Ordinal);
        Assert.False(File.Exists(ledger.Files.Database));
        Assert.False((await VerifyAsync(ledger, Everything)).IsSound);
    }

    [Fact]
    public async Task Flipped_byte_anywhere_is_found_or_changes_nothing()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        byte[] whole = await File.ReadAllBytesAsync(ledger.Files.Database);
        string content = Dump(ledger);
        int rounds = Soak.Is ? 5000 : 200;
        int found = 0;
        for (int seed = 0; seed < rounds; seed++)
        {
            var random = new Random(seed);
            byte[] damaged = [.. whole];
            int at = seed < 100 ? seed : random.Next(damaged.Length);
            damaged[at] ^= (byte)(1 << random.Next(8));
            await File.WriteAllBytesAsync(ledger.Files.Database, damaged);

            VerifyReport report = await VerifyAsync(ledger, Everything);

            found += report.IsSound ? 0 : 1;
            string now = report.IsSound ? Dump(ledger) : content;
            int differs = now.AsSpan().CommonPrefixLength(content);
            Assert.True(now == content, string.Create(
                CultureInfo.InvariantCulture, $"Seed {seed}: the byte at {at} was changed and nobody noticed: …{now[Math.Max(0, differs - 80)..Math.Min(now.Length, differs + 40)]}"));
            DeleteLogs(ledger);
        }
        Assert.True(found > rounds / 4);
    }

    [Fact]
    public async Task Zeroed_or_cut_file_is_found_and_never_written_on()
    {
        await using var ledger = new TemporaryLedger();
        await FillAsync(ledger);
        byte[] whole = await File.ReadAllBytesAsync(ledger.Files.Database);
        int pages = whole.Length / 4096;
        for (int page = 0; page < pages; page += Soak.Is ? 1 : Math.Max(1, pages / 12))
        {
            byte[] zeroed = [.. whole];
            Array.Clear(zeroed, page * 4096, 4096);
            foreach (byte[] damaged in new[] { zeroed, whole[..(page * 4096)] })
            {
                await File.WriteAllBytesAsync(ledger.Files.Database, damaged);
                Assert.False((await VerifyAsync(ledger, Everything)).IsSound, $"Page {page}");
                DeleteLogs(ledger);
            }
        }
    }

    internal static async Task FillAsync(TemporaryLedger ledger)
    {
        LedgerWriter writer = ledger.Open();
        for (int i = 0; i < 40; i++)
        {
            string call = $"call-{i}";
            AuditDraft decided = Draft(EntryKind.ActionDecided, call, i % 2 == 0 ? "deny" : "allow", new JsonObject { ["n"] = 50 }) with { SessionId = $"session-{i % 5}", Severity = "high" };
            await writer.AppendAllAsync(
            [
                decided,
                decided with { Kind = i % 2 == 0 ? EntryKind.ActionRefused : EntryKind.ActionAdmitted, Result = "deny" },
                decided with
                {
                    Kind = EntryKind.ActionOutcome,
                    Result = "done",
                    Payloads = [new AuditPayload("response", "text/plain", i % 4 == 0 ? new string('r', 3000) + i : $"answer {i}")],
                },
            ]);
            ledger.Time.Advance(TimeSpan.FromMinutes(1));
        }
        await ledger.CloseAsync();
    }

    private static Task<VerifyReport> VerifyAsync(TemporaryLedger ledger, VerifyOptions options) =>
        LedgerVerifier.VerifyAsync(ledger.Options.Folder, options, null, CancellationToken.None);

    /// <summary>Changes the file as somebody with the sqlite3 tool could: triggers dropped first.</summary>
    internal static void Tamper(TemporaryLedger ledger, string sql)
    {
        using SqliteConnection connection = LedgerConnection.Open(ledger.Files.Database, SqliteOpenMode.ReadWrite);
        var triggers = new List<string>();
        using (SqliteCommand list = connection.CreateCommand())
        {
            list.CommandText = "SELECT name FROM sqlite_master WHERE type = 'trigger'";
            using SqliteDataReader reader = list.ExecuteReader();
            while (reader.Read())
            {
                triggers.Add(reader.GetString(0));
            }
        }
        LedgerConnection.Execute(connection, string.Concat(triggers.Select(t => $"DROP TRIGGER {t};")) + sql);
    }

    internal static void Change(TemporaryLedger ledger, string sql)
    {
        using SqliteConnection connection = LedgerConnection.Open(ledger.Files.Database, SqliteOpenMode.ReadWrite);
        LedgerConnection.Execute(connection, sql);
    }

    /// <summary>A careful forger: changes an entry and computes every hash after it anew.</summary>
    private static void Rewrite(TemporaryLedger ledger, long from)
    {
        Tamper(ledger, $"UPDATE entries SET subject = 'harmless' WHERE sequence = {from}");
        using SqliteConnection connection = LedgerConnection.Open(ledger.Files.Database, SqliteOpenMode.ReadWrite);
        var scratch = new System.Buffers.ArrayBufferWriter<byte>();
        byte[] previous = [.. HashChain.Genesis];
        foreach (StoredEntry entry in StoredEntry.Read(connection, 1, long.MaxValue).ToArray())
        {
            byte[] hash = new byte[32];
            HashChain.Hash(scratch, entry.Draft, entry.Sequence, entry.At, entry.Facts, entry.Payloads, previous, hash);
            LedgerConnection.Execute(connection, $"UPDATE entries SET hash = x'{Convert.ToHexString(hash)}' WHERE sequence = {entry.Sequence}");
            previous = hash;
        }
        LedgerConnection.Execute(connection, "UPDATE calls SET subject = subject");
    }

    private static string Dump(TemporaryLedger ledger)
    {
        var dump = new StringBuilder();
        using SqliteConnection connection = LedgerConnection.OpenReader(ledger.Files.Database);
        foreach (string table in new[] { "ledger", "entries", "payloads", "payload_texts", "checkpoints", "calls", "sessions", "hours" })
        {
            using SqliteCommand command = connection.CreateCommand();
            command.CommandText = $"SELECT * FROM {table}";
            using SqliteDataReader reader = command.ExecuteReader();
            while (reader.Read())
            {
                for (int i = 0; i < reader.FieldCount; i++)
                {
                    dump.Append(reader.GetValue(i) is byte[] bytes ? Convert.ToHexString(bytes) : Convert.ToString(reader.GetValue(i), CultureInfo.InvariantCulture)).Append('|');
                }
            }
        }
        return dump.ToString();
    }

    private static void DeleteLogs(TemporaryLedger ledger)
    {
        File.Delete(ledger.Files.Database + "-wal");
        File.Delete(ledger.Files.Database + "-shm");
    }
}
