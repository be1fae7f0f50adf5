using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policy;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>What is meant to tire or mislead the person who is asked: questions without end, a text that hides its point, one too large to read.</summary>
public sealed class ReviewFloodTests : IAsyncDisposable
{
    private readonly GateFixture _gate = new();

    [Fact]
    public async Task Questions_of_a_session_beyond_what_anybody_reads_are_refused_and_recorded_and_other_sessions_go_on()
    {
        using var gone = new CancellationTokenSource();
        var asking = Enumerable.Range(0, ReviewDesk.MostOfSession + 20).Select(i => _gate.Gate.AdmitAsync(Dangerous(i), gone.Token)).ToList();
        var refused = new List<Admission>();
        while (refused.Count < 20)
        {
            var answered = await Task.WhenAny(asking).WaitAsync(TestLimits.Signal);
            asking.Remove(answered);
            refused.Add(await answered);
        }

        Assert.All(refused, admission => Assert.Equal(AdmissionKind.Refused, admission.Kind));
        Assert.All(refused, admission => Assert.Contains("50 calls of this session wait for a person already", admission.Reason, StringComparison.Ordinal));
        Assert.Contains(await _gate.EntriesAsync(refused[0].CallId), entry => entry.Draft.Kind == EntryKind.ActionRefused);
        while (_gate.Desk.Pending.Length < ReviewDesk.MostOfSession) await _gate.Desk.NextAsync(item => _gate.Desk.Pending.Length == ReviewDesk.MostOfSession);

        // Another session is asked about as ever, and so is this one once somebody has answered.
        var (other, item) = await _gate.AskAsync(_gate.Request("Bash", new { command = "rm -rf data/other" }, "toolu_other", session: "session-2"));
        await _gate.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        Assert.False((await other).IsReleased);
        await _gate.Desk.GiveAsync(_gate.Desk.Pending[0].Id, GateFixture.Reject("no"));
        var (_, next) = await _gate.AskAsync(Dangerous(1000), gone.Token);
        Assert.Equal("session-1", next.SessionId);

        await gone.CancelAsync();
        foreach (var task in asking) await Task.WhenAny(task);
    }

    [Fact]
    public async Task Call_that_is_given_up_and_made_again_without_end_is_one_review()
    {
        for (var i = 0; i < 100; i++)
        {
            using var gone = new CancellationTokenSource();
            var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            var asking = _gate.Gate.AdmitAsync(Dangerous(0) with { Asked = _ => asked.TrySetResult() }, gone.Token);
            await asked.Task.WaitAsync(TestLimits.Signal);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => asking);
        }

        Assert.Single(_gate.Desk.Pending);
        using var reader = LedgerReader.Open(_gate.State.LedgerFolder);
        Assert.Single(await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.ReviewOpened] }, null, 200, CancellationToken.None));
    }

    [Theory]
    [InlineData("\n", 5000)]
    [InlineData("select 1;\n", 5000)]
    [InlineData("-- nothing to see\n", 5000)]
    [InlineData(" ", 200_000)]
    public async Task Statement_behind_padding_is_named_in_the_title_and_among_the_findings(string padding, int times)
    {
        var text = string.Concat(Enumerable.Repeat(padding, times)) + GateFixture.DangerousSql;
        var (admission, item) = await _gate.AskAsync(_gate.Write("report.sql", text));

        Assert.Contains("DROP TABLE", item.Title, StringComparison.OrdinalIgnoreCase);
        var finding = Assert.Single(item.Findings, finding => finding.Severity >= Sql.Severity.High);
        Assert.Equal(times * padding.Length, finding.Start);
        await _gate.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        await admission;
    }

    [Fact]
    public async Task Argument_of_ten_megabytes_is_judged_whole_and_shown_to_the_person_as_it_would_run()
    {
        var text = string.Concat(Enumerable.Repeat("select 1 as harmless from analytics.orders; -- x\n", 200_000)) + GateFixture.DangerousSql;
        Assert.True(text.Length > 9_000_000);
        var (admission, item) = await _gate.AskAsync(_gate.Request("mcp__editorbridge__tracker__post", new { text, sql = GateFixture.DangerousSql }));

        Assert.Equal(JsonNode.Parse(item.Input)!["text"]!.GetValue<string>(), text);
        Assert.Contains(item.Findings, finding => finding.Severity >= Sql.Severity.High);
        await _gate.Desk.GiveAsync(item.Id, GateFixture.Approve());
        Assert.Equal(AdmissionKind.Released, (await admission).Kind);
    }

    public ValueTask DisposeAsync() => _gate.DisposeAsync();

    private ActionRequest Dangerous(int i) => _gate.Request("Bash", new { command = $"rm -rf data/{i}" }, $"toolu_{i}", Door.Hook);
}
