using System.IO.Compression;
using System.Text;
using System.Text.Json;
using DuckDB.NET.Data;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using static EditorBridge.Server.Tests.Ledger.TemporaryLedger;

namespace EditorBridge.Server.Tests.Ledger;

public class LedgerExportTests
{
    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("=SUM(A1)", "'=SUM(A1)")]
    [InlineData("+1", "'+1")]
    [InlineData("-cmd|' /C calc'!A0", "'-cmd|' /C calc'!A0")]
    [InlineData("@x", "'@x")]
    [InlineData("\tx", "'\tx")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("say \"hi\"\nthere", "\"say \"\"hi\"\"\nthere\"")]
    [InlineData("=1,2", "\"'=1,2\"")]
    public void Csv_value_is_quoted_and_never_a_formula(string value, string written) => Assert.Equal(written, CallExport.Csv(value));

    [Fact]
    public void Csv_number_may_be_negative() => Assert.Equal("-5", CallExport.Csv(-5L));

    [Theory]
    [InlineData(ExportFormat.Csv)]
    [InlineData(ExportFormat.JsonLines)]
    [InlineData(ExportFormat.Ocsf)]
    public async Task Export_holds_all_matching_calls_not_only_a_page(ExportFormat format)
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        for (int i = 0; i < 25; i++)
        {
            await writer.AppendAllAsync([.. Enumerable.Range(0, 100).Select(n => Draft(EntryKind.ActionAdmitted, $"{i}-{n}", "allow") with { Subject = "a, \"b\"", Tool = n % 2 == 0 ? "Write" : "Bash" })]);
        }
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        using var output = new MemoryStream();

        long written = await CallExport.WriteAsync(reader, new CallFilter { Tools = ["Bash"] }, format, output, CancellationToken.None);

        string[] lines = Encoding.UTF8.GetString(output.ToArray()).Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(1250, written);
        Assert.Equal(1250 + (format is ExportFormat.Csv ? 1 : 0), lines.Length);
        if (format is not ExportFormat.Csv)
        {
            Assert.All(lines, line => JsonDocument.Parse(line).Dispose());
        }
        if (format is ExportFormat.Ocsf)
        {
            JsonElement first = JsonDocument.Parse(lines[0]).RootElement;
            Assert.Equal((6003, 600399, "1.6.0"), (first.GetProperty("class_uid").GetInt32(), first.GetProperty("type_uid").GetInt32(), first.GetProperty("metadata").GetProperty("version").GetString()));
        }
    }

    [Fact]
    public async Task Parquet_reads_back_typed_in_another_engine()
    {
        await using var ledger = new TemporaryLedger();
        LedgerWriter writer = ledger.Open();
        for (int i = 0; i < 210; i++)
        {
            await writer.AppendAllAsync([.. Enumerable.Range(0, 100).Select(n => Draft(EntryKind.ActionAdmitted, $"{i}-{n}", "allow") with { Subject = n == 0 ? null : "Größe \"b\"" })]);
        }
        string file = Path.Combine(ledger.Options.Folder, "calls.parquet");
        using (LedgerReader reader = LedgerReader.Open(ledger.Options.Folder))
        await using (var forwardOnly = new GZipStream(File.Create(file + ".gz"), CompressionLevel.Fastest))
        {
            Assert.Equal(21_000, await CallExport.WriteAsync(reader, CallFilter.All, ExportFormat.Parquet, forwardOnly, CancellationToken.None));
        }
        await using (var packed = new GZipStream(File.OpenRead(file + ".gz"), CompressionMode.Decompress))
        await using (FileStream plain = File.Create(file))
        {
            await packed.CopyToAsync(plain);
        }

        await using var duck = new DuckDBConnection("Data Source=:memory:");
        await duck.OpenAsync();
        Assert.Equal("21000|210|Größe \"b\"|2026-03-14 09:00:00+00|true|0", await AskAsync(duck, $"""
            SELECT concat_ws('|', count(*), count(*) FILTER (subject IS NULL), max(subject), CAST(min(started_at) AT TIME ZONE 'UTC' AS VARCHAR) || '+00',
              bool_and(NOT open OR open), count(input_tokens)) FROM read_parquet('{file}')
            """));
        Assert.Equal("BIGINT|TIMESTAMP WITH TIME ZONE|VARCHAR|BOOLEAN", await AskAsync(duck, $"""
            SELECT concat_ws('|', typeof(first_sequence), typeof(started_at), typeof(call_id), typeof(open)) FROM read_parquet('{file}') LIMIT 1
            """));
    }

    [Fact]
    public async Task Parquet_of_nothing_is_a_file_with_its_columns()
    {
        await using var ledger = new TemporaryLedger();
        ledger.Open();
        string file = Path.Combine(ledger.Options.Folder, "calls.parquet");
        using (LedgerReader reader = LedgerReader.Open(ledger.Options.Folder))
        await using (FileStream output = File.Create(file))
        {
            Assert.Equal(0, await CallExport.WriteAsync(reader, CallFilter.All, ExportFormat.Parquet, output, CancellationToken.None));
        }
        await using var duck = new DuckDBConnection("Data Source=:memory:");
        await duck.OpenAsync();
        Assert.Equal("0", await AskAsync(duck, $"SELECT CAST(count(call_id) AS VARCHAR) FROM read_parquet('{file}')"));
    }

    private static async Task<string?> AskAsync(DuckDBConnection duck, string sql)
    {
        await using DuckDBCommand command = duck.CreateCommand();
        command.CommandText = sql;
        return await command.ExecuteScalarAsync() as string;
    }

    [Fact]
    public async Task Evidence_pack_verifies_from_its_bytes_alone()
    {
        await using var ledger = new TemporaryLedger();
        (byte[] pack, EvidenceManifest manifest) = await MakeAsync(ledger);

        PackReport report = EvidencePackVerifier.Verify(new MemoryStream(pack), await File.ReadAllTextAsync(ledger.Files.PublicKey));

        Assert.Empty(report.Findings);
        Assert.True(report.KeyFromOutside);
        Assert.Equal((20L, 20L), (manifest.Calls, manifest.Payloads));
        using var zip = new ZipArchive(new MemoryStream(pack));
        using var html = new StreamReader(zip.GetEntry("report.html")!.Open());
        string page = await html.ReadToEndAsync();
        Assert.Contains("&lt;script&gt;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
    }

    [Theory]
    [InlineData("chain.jsonl")]
    [InlineData("calls.csv")]
    [InlineData("payloads.jsonl")]
    [InlineData("checkpoints.txt")]
    [InlineData("report.html")]
    [InlineData("README.txt")]
    [InlineData("ledger.pub")]
    [InlineData("manifest.json")]
    [InlineData("manifest.sig")]
    public async Task Changed_or_missing_file_of_a_pack_is_found(string file)
    {
        await using var ledger = new TemporaryLedger();
        (byte[] pack, _) = await MakeAsync(ledger);
        string key = await File.ReadAllTextAsync(ledger.Files.PublicKey);

        foreach (byte[] bad in new[] { Edit(pack, file, text => (text[0] == 'A' ? 'B' : 'A') + text[1..]), Edit(pack, file, _ => null) })
        {
            Assert.NotEmpty(EvidencePackVerifier.Verify(new MemoryStream(bad), key).Findings);
        }
    }

    [Fact]
    public async Task Pack_with_a_file_nobody_signed_is_found()
    {
        await using var ledger = new TemporaryLedger();
        (byte[] pack, _) = await MakeAsync(ledger);
        var copy = new MemoryStream();
        copy.Write(pack);
        using (var zip = new ZipArchive(copy, ZipArchiveMode.Update, leaveOpen: true))
        {
            using var extra = new StreamWriter(zip.CreateEntry("../extra.txt").Open());
            extra.Write("x");
        }
        copy.Position = 0;

        Assert.Contains("not named", Assert.Single(EvidencePackVerifier.Verify(copy, null).Findings), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pack_signed_by_another_key_is_found()
    {
        await using var ledger = new TemporaryLedger();
        await using var other = new TemporaryLedger();
        (byte[] pack, _) = await MakeAsync(ledger);
        other.Open();

        PackReport report = EvidencePackVerifier.Verify(new MemoryStream(pack), await File.ReadAllTextAsync(other.Files.PublicKey));

        Assert.Contains(report.Findings, f => f.Contains("not signed by this key", StringComparison.Ordinal));
    }

    [Fact]
    public void Garbage_is_not_a_pack() => Assert.Null(EvidencePackVerifier.Verify(new MemoryStream([1, 2, 3]), null).Manifest);

    private static async Task<(byte[] Pack, EvidenceManifest Manifest)> MakeAsync(TemporaryLedger ledger)
    {
        LedgerWriter writer = ledger.Open();
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "too early", payloads: new AuditPayload("request", "text/plain", "early")));
        ledger.Time.Advance(TimeSpan.FromHours(2));
        DateTimeOffset from = ledger.Time.GetUtcNow();
        for (int i = 0; i < 20; i++)
        {
            await writer.AppendAllAsync(
            [
                Draft(EntryKind.ReviewOpened, $"c{i}", payloads: new AuditPayload("input", "text/plain", $"banana {i} Zürich")) with { Subject = "<script>alert(1)</script>" },
                Draft(EntryKind.ReviewVerdict, $"c{i}", "approved") with { Actor = "person:alice" },
                Draft(EntryKind.ActionAdmitted, $"c{i}", "allow"),
            ]);
        }
        ledger.Time.Advance(TimeSpan.FromHours(1));
        DateTimeOffset to = ledger.Time.GetUtcNow();
        await writer.AppendAsync(Draft(EntryKind.MessageIntent, "too late"));
        await writer.SignCheckpointAsync();
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        using var output = new MemoryStream();
        var request = new EvidenceRequest { From = from, To = to, Actor = "person:auditor", Reason = "yearly audit", Payloads = true };
        EvidenceManifest manifest = await EvidencePack.WriteAsync(reader, request, output, to, writer.SignAsync, CancellationToken.None);
        return (output.ToArray(), manifest);
    }

    /// <summary>The pack with one file changed, or without it when the change is null.</summary>
    private static byte[] Edit(byte[] pack, string name, Func<string, string?> change)
    {
        using var output = new MemoryStream();
        using (var source = new ZipArchive(new MemoryStream(pack)))
        using (var target = new ZipArchive(output, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (ZipArchiveEntry entry in source.Entries)
            {
                using var reader = new StreamReader(entry.Open());
                string? text = reader.ReadToEnd();
                text = entry.FullName == name ? change(text) : text;
                if (text is not null)
                {
                    using var writer = new StreamWriter(target.CreateEntry(entry.FullName).Open());
                    writer.Write(text);
                }
            }
        }
        return output.ToArray();
    }
}
