namespace EditorBridge.Gate;

/// <summary>
/// What is known of the agents' sessions: who they are, where they work, and whether their hook is alive.
/// A session whose hook called us lets the hook hold its tools; one that ran a released tool without calling the hook is unhooked from then on and held in the stream.
/// </summary>
internal sealed class AgentSessions(TimeProvider time)
{
    private const int Kept = 2_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);

    public void HookCalled(string sessionId, string? workspace)
    {
        lock (_lock)
        {
            var session = Open(sessionId);
            session.HookSeen = true;
            session.Workspace = workspace ?? session.Workspace;
        }
    }

    /// <summary>True when the hook holds this session's tools, so that the stream may let them pass.</summary>
    public bool IsHooked(string? sessionId)
    {
        if (sessionId is null) return false;
        lock (_lock) return _sessions.TryGetValue(sessionId, out var session) && session is { HookSeen: true, Unhooked: false };
    }

    public string? WorkspaceOf(string? sessionId)
    {
        if (sessionId is null) return null;
        lock (_lock) return _sessions.TryGetValue(sessionId, out var session) ? session.Workspace : null;
    }

    /// <summary>Notes a tool the stream let pass for the hook to hold.</summary>
    public void PassedToHook(string sessionId, string toolUseId)
    {
        lock (_lock) Open(sessionId).Passed.Add(toolUseId);
    }

    /// <summary>True when this tool was let pass for the hook; asked once per tool.</summary>
    public bool TakePassed(string sessionId, string toolUseId)
    {
        lock (_lock) return _sessions.TryGetValue(sessionId, out var session) && session.Passed.Remove(toolUseId);
    }

    /// <summary>Marks a session as one whose hook does not answer. True the first time.</summary>
    public bool MarkUnhooked(string sessionId)
    {
        lock (_lock)
        {
            var session = Open(sessionId);
            if (session.Unhooked) return false;
            return session.Unhooked = true;
        }
    }

    private Session Open(string sessionId)
    {
        if (!_sessions.TryGetValue(sessionId, out var session))
        {
            if (_sessions.Count >= Kept) _sessions.Remove(_sessions.MinBy(s => s.Value.LastSeen).Key);
            _sessions[sessionId] = session = new Session();
        }

        session.LastSeen = time.GetUtcNow();
        return session;
    }

    private sealed class Session
    {
        public bool HookSeen { get; set; }
        public bool Unhooked { get; set; }
        public string? Workspace { get; set; }
        public DateTimeOffset LastSeen { get; set; }
        public HashSet<string> Passed { get; } = new(StringComparer.Ordinal);
    }
}
