using EditorBridge.Gate;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>When a hook counts as silent, told by a clock that moves when told.</summary>
public sealed class AgentSessionsTests : IDisposable
{
    private const string Session = "session-1";

    private readonly FakeTimeProvider _time = new();
    private readonly AgentSessions _sessions;
    private readonly List<SilentHook> _silent = [];

    public AgentSessionsTests()
    {
        _sessions = new AgentSessions(_time);
        _sessions.HookSilent += _silent.Add;
        _sessions.HookCalled(Session, "/w");
    }

    public void Dispose() => _sessions.Dispose();

    [Fact]
    public void Hook_that_does_not_ask_in_time_is_silent_and_the_stream_holds_from_then_on()
    {
        Answer("toolu_1");
        _time.Advance(AgentSessions.HookPatience - TimeSpan.FromMilliseconds(1));
        Assert.True(_sessions.IsHooked(Session));
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.False(_sessions.IsHooked(Session));
        Assert.Equal((Session, "agent:test", "toolu_1"), (Assert.Single(_silent).SessionId, _silent[0].Actor, Assert.Single(_silent[0].ToolUseIds)));
        _time.Advance(TimeSpan.FromHours(1));
        Assert.Single(_silent);
    }

    [Fact]
    public void Hook_that_asks_in_time_is_alive()
    {
        Answer("toolu_1");
        _sessions.HookAsks(Session, "toolu_1");
        _sessions.HookAnswered(Session, "toolu_1", released: true);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.True(_sessions.IsHooked(Session));
        Assert.Empty(_silent);
    }

    // A client runs its tools one after the other: the second is asked about when the first is through.
    [Fact]
    public void Tool_that_waits_for_another_ones_review_or_run_is_not_silent()
    {
        Answer("toolu_1", "toolu_2");
        _sessions.HookAsks(Session, "toolu_1");
        _time.Advance(TimeSpan.FromMinutes(20));
        _sessions.HookAnswered(Session, "toolu_1", released: true);
        _time.Advance(TimeSpan.FromMinutes(20));
        Assert.Empty(_silent);

        _sessions.ToolEnded(Session, "toolu_1");
        _time.Advance(AgentSessions.HookPatience);
        Assert.Equal("toolu_2", Assert.Single(Assert.Single(_silent).ToolUseIds));
    }

    [Fact]
    public void Refused_tool_does_not_run_so_the_next_is_asked_about_at_once()
    {
        Answer("toolu_1", "toolu_2");
        _sessions.HookAsks(Session, "toolu_1");
        _sessions.HookAnswered(Session, "toolu_1", released: false);
        _time.Advance(AgentSessions.HookPatience);

        Assert.Single(_silent);
    }

    [Fact]
    public void Answer_that_is_still_being_sent_gives_the_hook_nothing_to_ask()
    {
        _sessions.AnswerBegan(Session);
        _sessions.PassedToHook(Session, "toolu_1");
        _time.Advance(TimeSpan.FromMinutes(5));
        Assert.Empty(_silent);

        _sessions.AnswerEnded(Session, "agent:test", whole: true);
        _time.Advance(AgentSessions.HookPatience);
        Assert.Single(_silent);
    }

    [Fact]
    public void Client_that_left_may_never_run_its_tools()
    {
        _sessions.AnswerBegan(Session);
        _sessions.PassedToHook(Session, "toolu_1");
        _sessions.AnswerEnded(Session, "agent:test", whole: false);
        _time.Advance(TimeSpan.FromHours(1));

        Assert.Empty(_silent);
    }

    private void Answer(params string[] tools)
    {
        _sessions.AnswerBegan(Session);
        foreach (var tool in tools) _sessions.PassedToHook(Session, tool);
        _sessions.AnswerEnded(Session, "agent:test", whole: true);
    }
}
