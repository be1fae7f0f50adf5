namespace EditorBridge.Gate;

/// <summary>
/// What is known of the agents' sessions: who they are, where they work, what they were asked, and whether their hook is alive.
/// A session whose hook called us lets the hook hold its tools. Once a tool was let pass and nothing is under way that could delay it (an answer being sent, a hook being
/// answered, a tool that runs), its hook has <see cref="HookPatience"/> to ask about it; one that stays silent is unhooked from then on, and its tools are held in the stream.
/// </summary>
internal sealed class AgentSessions(TimeProvider time) : IDisposable
{
    /// <summary>A client asks its hook 0.1 s after a tool call ends (measured); this leaves room for a busy machine.</summary>
    public static readonly TimeSpan HookPatience = TimeSpan.FromSeconds(5);

    private const int Kept = 2_000;
    private const int MostUntold = 20;

    private readonly Lock _lock = new();
    private readonly Dictionary<string, Session> _sessions = new(StringComparer.Ordinal);

    /// <summary>Called outside any lock: this session's hook did not ask about these tools in time, and the session is unhooked now.</summary>
    public event Action<SilentHook>? HookSilent;

    public void HookCalled(string sessionId, string? workspace)
    {
        lock (_lock)
        {
            var session = Open(sessionId);
            session.HookSeen = true;
            session.Workspace = workspace ?? session.Workspace;
        }
    }

    /// <summary>Notes what the person asked of the agent last.</summary>
    public void Prompted(string sessionId, string prompt)
    {
        lock (_lock) Open(sessionId).Prompt = prompt;
    }

    /// <summary>Keeps something for the model until the person's next prompt: what a door could not tell it.</summary>
    public void TellWithNextPrompt(string sessionId, string text)
    {
        lock (_lock)
        {
            var untold = Open(sessionId).Untold;
            if (untold.Count < MostUntold) untold.Add(text);
        }
    }

    /// <summary>What was kept for the model, once; null when there is nothing.</summary>
    public string? TakeUntold(string sessionId)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(sessionId, out var session) || session.Untold.Count == 0) return null;
            var told = string.Join('\n', session.Untold);
            session.Untold.Clear();
            return told;
        }
    }

    public string? PromptOf(string? sessionId) => Read(sessionId, session => session.Prompt);

    /// <summary>True when the hook holds this session's tools, so that the stream may let them pass.</summary>
    public bool IsHooked(string? sessionId) => Read(sessionId, session => session is { HookSeen: true, Unhooked: false });

    public string? WorkspaceOf(string? sessionId) => Read(sessionId, session => session.Workspace);

    /// <summary>Notes a tool the stream let pass for the hook to hold.</summary>
    public void PassedToHook(string sessionId, string toolUseId)
    {
        lock (_lock) Open(sessionId).Passed.Add(toolUseId);
    }

    /// <summary>An answer to this session begins: until it has ended its tools may not have been run.</summary>
    public void AnswerBegan(string? sessionId)
    {
        if (sessionId is null) return;
        lock (_lock) Open(sessionId).Answers++;
    }

    /// <param name="whole">False when the client left before the end, so that it may never run the tools it got.</param>
    public void AnswerEnded(string? sessionId, string actor, bool whole)
    {
        if (sessionId is null) return;
        lock (_lock)
        {
            var session = Open(sessionId);
            session.Actor = actor;
            session.Answers--;
            if (whole) Watch(sessionId, session);
        }
    }

    /// <summary>The hook asks about a tool. True when the stream had let it pass.</summary>
    public bool HookAsks(string sessionId, string toolUseId)
    {
        lock (_lock)
        {
            var session = Open(sessionId);
            session.Asking++;
            return session.Passed.Remove(toolUseId);
        }
    }

    /// <summary>The hook was answered.</summary>
    public void HookAnswered(string sessionId, string toolUseId, bool released)
    {
        lock (_lock)
        {
            var session = Open(sessionId);
            session.Asking--;
            if (released) session.Running.Add(toolUseId);
            Watch(sessionId, session);
        }
    }

    /// <summary>A tool has run, or its result came back. True when it was let pass for the hook and the hook never asked.</summary>
    public bool ToolEnded(string sessionId, string toolUseId)
    {
        lock (_lock)
        {
            if (!_sessions.TryGetValue(sessionId, out var session)) return false;
            session.Running.Remove(toolUseId);
            var unasked = session.Passed.Remove(toolUseId);
            Watch(sessionId, session);
            return unasked;
        }
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

    public void Dispose()
    {
        lock (_lock)
            foreach (var session in _sessions.Values) session.Clock?.Dispose();
    }

    // Anything that moves in the session winds the clock again.
    private void Watch(string sessionId, Session session)
    {
        session.Clock?.Dispose();
        session.Clock = null;
        if (session.Unhooked || session.Passed.Count == 0 || session.Answers > 0 || session.Asking > 0 || session.Running.Count > 0) return;
        session.Clock = time.CreateTimer(_ => RunOut(sessionId), null, HookPatience, Timeout.InfiniteTimeSpan);
    }

    private void RunOut(string sessionId)
    {
        SilentHook silent;
        lock (_lock)
        {
            if (!_sessions.TryGetValue(sessionId, out var session) || session.Unhooked || session.Passed.Count == 0 || session.Answers > 0 || session.Asking > 0) return;
            session.Unhooked = true;
            silent = new SilentHook(sessionId, session.Actor, [.. session.Passed]);
        }

        HookSilent?.Invoke(silent);
    }

    private T? Read<T>(string? sessionId, Func<Session, T> read)
    {
        if (sessionId is null) return default;
        lock (_lock) return _sessions.TryGetValue(sessionId, out var session) ? read(session) : default;
    }

    private Session Open(string sessionId)
    {
        if (!_sessions.TryGetValue(sessionId, out var session))
        {
            if (_sessions.Count >= Kept) Forget(_sessions.MinBy(s => s.Value.LastSeen).Key);
            _sessions[sessionId] = session = new Session();
        }

        session.LastSeen = time.GetUtcNow();
        return session;
    }

    private void Forget(string sessionId)
    {
        if (_sessions.Remove(sessionId, out var session)) session.Clock?.Dispose();
    }

    private sealed class Session
    {
        public bool HookSeen { get; set; }
        public bool Unhooked { get; set; }
        public string? Workspace { get; set; }
        public string? Prompt { get; set; }
        public string Actor { get; set; } = "agent:unknown";
        public DateTimeOffset LastSeen { get; set; }
        public HashSet<string> Passed { get; } = new(StringComparer.Ordinal);
        public List<string> Untold { get; } = [];
        public HashSet<string> Running { get; } = new(StringComparer.Ordinal);
        /// <summary>Answers being sent to the session's client.</summary>
        public int Answers { get; set; }
        /// <summary>Hook calls being answered.</summary>
        public int Asking { get; set; }
        public ITimer? Clock { get; set; }
    }
}

/// <summary>A session whose hook did not ask about tools that were let pass for it.</summary>
internal sealed record SilentHook(string SessionId, string Actor, IReadOnlyList<string> ToolUseIds);
