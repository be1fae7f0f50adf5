using System.Diagnostics;
using System.Globalization;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>
/// No path leads to an executed action without a durable entry: a door that runs what the gate releases is killed at every step of an admission, one process for each,
/// and the ledger it leaves is compared with what it did. The next host then gets the same call.
/// </summary>
public class KilledGateTests
{
    private static readonly EntryKind[] OfAnAdmission = [EntryKind.ReviewOpened, EntryKind.ReviewVerdict, EntryKind.ActionAdmitted];

    [Theory]
    [InlineData("allow", "none ActionAdmitted")]
    [InlineData("edit", "none ReviewOpened ReviewVerdict ActionAdmitted")]
    public async Task Process_killed_at_any_step_has_run_nothing_that_is_not_recorded(string scenario, string stages)
    {
        var whole = await RunAsync(scenario, 0);
        Assert.True(whole.Ran);
        var steps = int.Parse(whole.Printed, CultureInfo.InvariantCulture);

        // One more than there were: threads may take their steps in another order.
        var killed = new Left[steps + 1];
        await Parallel.ForAsync(1, steps + 2, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, async (step, _) => killed[step - 1] = await RunAsync(scenario, step));

        // Every stage was met, so the sweep has been at the moments that matter.
        Assert.Equal(stages.Split(' ').Order(), killed.Where(left => !left.Ran).Select(left => left.LastKind?.ToString() ?? "none").Distinct().Order());
        Assert.Contains(killed, left => left.Ran);
    }

    /// <summary>What one process left behind.</summary>
    private sealed record Left(bool Ran, EntryKind? LastKind, string Printed);

    private static async Task<Left> RunAsync(string scenario, int step)
    {
        var folder = Directory.CreateTempSubdirectory("editorbridge-killed-");
        var printed = await StartAsync(folder.FullName, scenario, step);
        await using var next = new GateFixture(folder);
        var entries = await AdmissionAsync(next);
        var file = next.FileIn("action.sql");
        var ran = File.Exists(file);
        var at = $"{scenario}, killed at step {step}";

        if (ran)
        {
            var admitted = Assert.Single(entries, entry => entry.Draft.Kind == EntryKind.ActionAdmitted);
            var did = next.Write("action.sql", await File.ReadAllTextAsync(file), "toolu_killed", session: "session-killed");
            Assert.True(CanonicalJson.Digest(did.Input) == admitted.Draft.Facts!["inputDigest"]!.GetValue<string>(), $"{at}: what ran is not what is recorded.");
        }
        else
        {
            await AskAgainAsync(next, scenario, entries, at);
        }

        var report = await LedgerVerifier.VerifyAsync(next.State.LedgerFolder, new VerifyOptions(), null, CancellationToken.None);
        Assert.Empty(report.Findings);
        return new Left(ran, LastKind(entries), printed);
    }

    // The next host: an open question is joined, a verdict that reached nobody is used once, and what was released without being run is asked about anew.
    private static async Task AskAgainAsync(GateFixture next, string scenario, IReadOnlyList<AuditEntry> before, string at)
    {
        await next.RestoreAsync();
        var last = LastKind(before);
        Assert.True(next.Desk.Pending.Length == (last == EntryKind.ReviewOpened ? 1 : 0), $"{at}: {next.Desk.Pending.Length} reviews wait.");
        var request = next.Write("action.sql", scenario == "allow" ? "select 1 as one;\n" : "drop table raw.orders;\n", "toolu_killed", session: "session-killed");
        Admission admission;
        if (scenario == "allow" || last == EntryKind.ReviewVerdict)
        {
            admission = await next.Gate.AdmitAsync(request, CancellationToken.None);
        }
        else
        {
            var waiting = next.Gate.AdmitAsync(request, CancellationToken.None);
            var opened = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            next.Desk.Opened += _ => opened.TrySetResult();
            if (next.Desk.Pending.IsEmpty) await opened.Task.WaitAsync(TestLimits.Signal);
            await next.Desk.GiveAsync(Assert.Single(next.Desk.Pending).Id, GateFixture.Approve("bob"));
            admission = await waiting;
        }

        Assert.True(admission.IsReleased, $"{at}: {admission.Reason}");
        var after = await AdmissionAsync(next);
        Assert.Contains(after, entry => entry.Draft.Kind == EntryKind.ActionAdmitted && entry.Draft.Facts!["inputDigest"]!.GetValue<string>() == CanonicalJson.Digest(admission.Input));
        var questions = after.Count(entry => entry.Draft.Kind == EntryKind.ReviewOpened);
        Assert.True(questions == (scenario == "allow" ? 0 : last == EntryKind.ActionAdmitted ? 2 : 1), $"{at}: a person was asked {questions} times.");
    }

    private static EntryKind? LastKind(IReadOnlyList<AuditEntry> entries) => entries is [.., var last] ? last.Draft.Kind : null;

    private static async Task<IReadOnlyList<AuditEntry>> AdmissionAsync(GateFixture gate)
    {
        using var reader = LedgerReader.Open(gate.State.LedgerFolder);
        return [.. (await reader.RangeAsync(1, 2000)).Where(entry => OfAnAdmission.Contains(entry.Draft.Kind))];
    }

    private static async Task<string> StartAsync(string folder, string scenario, int step)
    {
        Directory.CreateDirectory(Path.Combine(folder, "project"));
        var start = new ProcessStartInfo("dotnet", [Path.Combine(AppContext.BaseDirectory, "EditorBridge.Benchmarks.dll"), "gate-door", folder, scenario, $"{step}"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var door = Process.Start(start)!;
        var (printed, errors) = (door.StandardOutput.ReadToEndAsync(), door.StandardError.ReadToEndAsync());
        await door.WaitForExitAsync();
        Assert.Equal("", await errors);
        return (await printed).Trim();
    }
}
