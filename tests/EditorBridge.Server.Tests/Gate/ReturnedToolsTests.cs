using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Messages;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>Tool results that do not fit what the gate answered.</summary>
public sealed class ReturnedToolsTests : IAsyncLifetime
{
    private const string Session = "session-1";

    private readonly GateFixture _fixture = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _fixture.DisposeAsync();

    [Theory]
    [InlineData("released", false, null)]
    [InlineData("released", true, null)]
    [InlineData("refused", true, null)]
    [InlineData("refused", false, "refused_tool_ran")]
    [InlineData("passed", false, "unhooked_session")]
    [InlineData("passed", true, "unasked_tool_failed")]
    [InlineData("unknown", false, "unknown_tool_result")]
    [InlineData("released before a restart", false, null)]
    [InlineData("refused before a restart", true, null)]
    [InlineData("refused before a restart", false, "refused_tool_ran")]
    public async Task Tool_result_that_does_not_fit_is_an_incident_and_ends_the_trust_in_the_hook(string past, bool isError, string? incident)
    {
        if (past == "passed") _fixture.Sessions.PassedToHook(Session, "toolu_1");
        if (past.StartsWith("released", StringComparison.Ordinal)) await _fixture.Gate.AdmitAsync(_fixture.Write("a.sql", GateFixture.BenignSql), CancellationToken.None);
        if (past.StartsWith("refused", StringComparison.Ordinal)) await _fixture.Gate.AdmitAsync(_fixture.Write("a.sql", "drop database prod;"), CancellationToken.None);
        if (past.EndsWith("restart", StringComparison.Ordinal)) await _fixture.RestartAsync();
        _fixture.Sessions.HookCalled(Session, null);
        // A conversation is sent again and again; the alarm is one.
        await CheckAsync(isError);
        await CheckAsync(isError);

        Assert.Equal(incident is null ? [] : [incident], await IncidentsAsync());
        Assert.Equal(incident is null, _fixture.Sessions.IsHooked(Session));
    }

    [Fact]
    public async Task Silent_hook_is_an_incident_within_five_seconds()
    {
        _fixture.Sessions.HookCalled(Session, null);
        _fixture.Sessions.AnswerBegan(Session);
        _fixture.Sessions.PassedToHook(Session, "toolu_1");
        _fixture.Sessions.AnswerEnded(Session, "agent:test", whole: true);
        _fixture.Time.Advance(TimeSpan.FromSeconds(5));
        // Behind the incident in the ledger's own order.
        await _fixture.Ledger.AppendAsync(new AuditDraft { Kind = EntryKind.Access, CallId = "after", Actor = "person:alice" });

        Assert.Equal("hook_silent", Assert.Single(await IncidentsAsync()));
        Assert.False(_fixture.Sessions.IsHooked(Session));
    }

    private Task CheckAsync(bool isError) =>
        _fixture.Returned.CheckAsync(Session, "agent:test", [new AnsweredToolUse("toolu_1", isError)], "msg-1", CancellationToken.None);

    private async Task<string?[]> IncidentsAsync()
    {
        using var reader = LedgerReader.Open(_fixture.State.LedgerFolder);
        return [.. (await reader.EntriesAsync(new EntryFilter { Kinds = [EntryKind.Incident] }, null, 10, CancellationToken.None)).Select(entry => entry.Draft.Result)];
    }
}
