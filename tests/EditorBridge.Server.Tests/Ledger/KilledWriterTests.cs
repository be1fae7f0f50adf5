using System.Diagnostics;
using System.Globalization;
using EditorBridge.Audit;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>Nothing acknowledged is ever lost (portal test plan A5): a writer is killed again and again, on the same ledger.</summary>
public class KilledWriterTests
{
    [Fact]
    public async Task Killed_writer_loses_nothing_it_acknowledged()
    {
        await using var ledger = new TemporaryLedger();
        var acknowledged = new Dictionary<long, string>();
        var random = new Random(7391);
        for (int round = 0; round < (Soak.Is ? 300 : 6); round++)
        {
            foreach (string line in await KillAfterAsync(ledger.Options.Folder, random.Next(0, 400)))
            {
                string[] parts = line.Split(' ');
                Assert.True(acknowledged.TryAdd(long.Parse(parts[0], CultureInfo.InvariantCulture), parts[1]), $"Round {round}: entry {parts[0]} was acknowledged twice.");
            }
        }
        await using (LedgerWriter writer = LedgerWriter.Open(ledger.Options, TimeProvider.System))
        {
            await writer.AppendAsync(TemporaryLedger.Draft(EntryKind.HostStarted, "after"));
        }

        VerifyReport report = await LedgerVerifier.VerifyAsync(ledger.Options.Folder, new VerifyOptions(), null, CancellationToken.None);
        using LedgerReader reader = LedgerReader.Open(ledger.Options.Folder);
        var stored = new Dictionary<long, string>();
        for (long from = 1; await reader.RangeAsync(from, from + 1999) is { IsEmpty: false } entries; from += 2000)
        {
            foreach (AuditEntry entry in entries)
            {
                stored[entry.Sequence] = Convert.ToHexStringLower(entry.Hash.AsSpan());
            }
        }

        Assert.Empty(report.Findings);
        Assert.NotEmpty(acknowledged);
        Assert.All(acknowledged, a => Assert.Equal(a.Value, stored[a.Key]));
        Assert.True(report.OpenCalls == (await reader.OpenIntentsAsync()).Length);
    }

    /// <summary>Starts a writer, kills it after some acknowledgements (0: at once, while it opens), and returns those it gave.</summary>
    private static async Task<List<string>> KillAfterAsync(string folder, int acknowledgements)
    {
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "EditorBridge.Benchmarks.dll"), "ledger-writer", folder])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process writer = Process.Start(start)!;
        Task<string> errors = writer.StandardError.ReadToEndAsync();
        var lines = new List<string>();
        while (lines.Count < acknowledgements && await writer.StandardOutput.ReadLineAsync() is { } line)
        {
            lines.Add(line);
        }
        Assert.False(writer.HasExited, writer.HasExited ? await errors : "");
        writer.Kill();
        // What was acknowledged before the kill and still stands in the pipe counts too; a line cut in half does not.
        string rest = await writer.StandardOutput.ReadToEndAsync();
        lines.AddRange(rest.Split('\n', StringSplitOptions.RemoveEmptyEntries).Where((_, i) => rest.EndsWith('\n') || i < rest.Count(c => c == '\n')));
        await writer.WaitForExitAsync();
        await errors;
        return lines;
    }
}
