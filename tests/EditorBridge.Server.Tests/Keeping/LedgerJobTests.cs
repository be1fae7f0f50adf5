using EditorBridge.Audit;
using EditorBridge.Cli;
using EditorBridge.Editor;
using EditorBridge.Keeping;
using EditorBridge.Ledger;
using EditorBridge.Server.Tests.Editor;
using StreamJsonRpc;

namespace EditorBridge.Server.Tests.Keeping;

/// <summary>A terminal's work on the ledger while a host holds it, through the real control socket.</summary>
public sealed class LedgerJobTests
{
    [Fact]
    public async Task Export_is_recorded_and_written_by_the_host_for_its_owner_only()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await fixture.Gate.Ledger.AppendAsync(new AuditDraft { Kind = EntryKind.MessageIntent, CallId = "a", Actor = "agent" });
        var terminal = await TerminalAsync(fixture);
        var file = fixture.Gate.FileIn("calls.csv");

        var result = await DoAsync(terminal, new ExportJob(ExportFormat.Csv, null, null, file));

        Assert.True(result.Done, result.Message);
        Assert.Equal(2, (await File.ReadAllLinesAsync(file)).Length);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, File.GetUnixFileMode(file));
        var access = Assert.Single(await EntriesAsync(fixture, EntryKind.Access));
        Assert.Equal(("person:" + Environment.UserName, "terminal", "export.csv"), (access.Draft.Actor, access.Draft.Door, access.Draft.Subject));
    }

    [Fact]
    public async Task Export_over_a_file_that_is_there_leaves_it_as_it_is()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var file = fixture.Gate.FileIn("calls.csv");
        await File.WriteAllTextAsync(file, "mine");

        await Assert.ThrowsAsync<RemoteInvocationException>(async () => await DoAsync(await TerminalAsync(fixture), new ExportChainJob(file)));

        Assert.Equal("mine", await File.ReadAllTextAsync(file));
    }

    [Fact]
    public async Task Pack_made_by_the_host_verifies_from_its_bytes()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await fixture.Gate.Ledger.AppendAsync(new AuditDraft { Kind = EntryKind.MessageIntent, CallId = "a", Actor = "agent" });
        var (now, file) = (fixture.Gate.Time.GetUtcNow(), fixture.Gate.FileIn("pack.zip"));

        var result = await DoAsync(await TerminalAsync(fixture), new PackJob(now.AddDays(-1), now.AddDays(1), "for the auditor", Payloads: false, file));

        Assert.True(result.Done, result.Message);
        await using var pack = File.OpenRead(file);
        Assert.Empty(EvidencePackVerifier.Verify(pack, null).Findings);
    }

    [Fact]
    public async Task Hold_is_placed_and_listed_while_the_host_runs()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var result = await DoAsync(await TerminalAsync(fixture), new PlaceHoldJob("session-1", null, null, null, null, "litigation"));
        Assert.True(result.Done, result.Message);
        using var reader = LedgerReader.Open(fixture.Gate.State.LedgerFolder);
        Assert.Equal("session-1", Assert.Single(await reader.HoldsAsync(CancellationToken.None)).Scope.SessionId);
    }

    [Fact]
    public async Task What_takes_away_needs_a_terminal_and_counting_does_not()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var jobs = Jobs(fixture);
        foreach (LedgerJob job in new LedgerJob[] { new PruneJob(90, DryRun: false), new ReleaseHoldJob("x", "over") })
        {
            var refused = await Assert.ThrowsAsync<LocalRpcException>(() => jobs.RunAsync(job, hasTerminal: false, CancellationToken.None));
            Assert.Contains("Nothing was done", refused.Message, StringComparison.Ordinal);
        }

        Assert.True((await jobs.RunAsync(new PruneJob(90, DryRun: true), hasTerminal: false, CancellationToken.None)).Done);
        Assert.Empty(await EntriesAsync(fixture, EntryKind.RetentionApplied));
    }

    [Fact]
    public async Task Pruning_below_the_floor_drops_nothing()
    {
        await using var fixture = await EditorFixture.StartAsync();
        await fixture.Gate.Ledger.AppendAsync(new AuditDraft { Kind = EntryKind.MessageIntent, CallId = "a", Actor = "agent", Payloads = [new AuditPayload("request", "text/plain", "words")] });
        fixture.Gate.Time.Advance(TimeSpan.FromDays(60));

        var refused = await Jobs(fixture).RunAsync(new PruneJob(29, DryRun: false), hasTerminal: true, CancellationToken.None);
        Assert.Contains("30 days at least", refused.Message, StringComparison.Ordinal);
        Assert.Empty(await EntriesAsync(fixture, EntryKind.RetentionApplied));

        Assert.StartsWith("1 payload texts were dropped", (await Jobs(fixture).RunAsync(new PruneJob(30, DryRun: false), hasTerminal: true, CancellationToken.None)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Editor_window_cannot_have_work_done_on_the_ledger()
    {
        await using var fixture = await EditorFixture.StartAsync();
        var window = await fixture.WindowAsync("");
        var refused = await Assert.ThrowsAsync<RemoteInvocationException>(() => DoAsync(window, new PruneJob(90, DryRun: true)));
        Assert.Equal(EditorErrors.Refused, refused.ErrorCode);
    }

    // As the command sends it: by its base type, which carries the kind.
    private static Task<JobResult> DoAsync(EditorClient client, LedgerJob job) => client.AskAsync<JobResult>(LedgerJobs.Method, job);

    private static LedgerJobs Jobs(EditorFixture fixture) => new(fixture.Gate.State, fixture.Gate.Ledger, new LedgerSettings { KeepPayloadDaysAtLeast = 30 }, fixture.Gate.Time);

    private static async Task<EditorClient> TerminalAsync(EditorFixture fixture)
    {
        var client = await fixture.ConnectAsync();
        await client.AskAsync<InitializeResult>(EditorMethods.Initialize, fixture.Introduction() with { ClientName = ControlClient.Name });
        return client;
    }

    private static async Task<IReadOnlyList<AuditEntry>> EntriesAsync(EditorFixture fixture, EntryKind kind)
    {
        using var reader = LedgerReader.Open(fixture.Gate.State.LedgerFolder);
        return await reader.EntriesAsync(new EntryFilter { Kinds = [kind] }, null, 10);
    }
}
