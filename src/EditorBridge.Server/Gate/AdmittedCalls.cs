using EditorBridge.Policy;

namespace EditorBridge.Gate;

/// <summary>
/// The calls the gate has answered, so that one call that passes a second door is not asked again.
/// Joined by session and tool_use id, and only for the exact input that was answered or released.
/// </summary>
internal sealed class AdmittedCalls
{
    private const int Kept = 20_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Session, string ToolUse), Answered> _answered = [];
    private readonly Queue<(string Session, string ToolUse)> _order = new();
    // The MCP door knows the call's id but not its session.
    private readonly Dictionary<string, (string Session, string ToolUse)> _byToolUse = new(StringComparer.Ordinal);

    /// <summary>The earlier answer to the same call, or null when it has to be judged.</summary>
    public Admission? Find(ActionRequest request)
    {
        lock (_lock)
        {
            if ((KeyOf(request) ?? KeyByToolUse(request)) is not { } key || !_answered.TryGetValue(key, out var earlier) || !SameTool(earlier.Tool, request)) return null;
            var asked = earlier.Input == request.Input;
            var released = earlier.Admission.IsReleased && earlier.Admission.Input == request.Input;
            if (!asked && !released) return null;
            // At the MCP door the call is run by us, and an approval runs once.
            if (request.Door == Door.Mcp && !earlier.TakeRun()) return null;
            return released && earlier.Admission.Kind == AdmissionKind.ReleasedEdited && !asked
                ? earlier.Admission with { Kind = AdmissionKind.Released }
                : earlier.Admission;
        }
    }

    public void Remember(ActionRequest request, Admission admission)
    {
        if (KeyOf(request) is not { } key) return;
        lock (_lock)
        {
            if (!_answered.ContainsKey(key)) _order.Enqueue(key);
            var answered = new Answered(request.Tool, request.Input, admission);
            if (request.Door == Door.Mcp) answered.TakeRun();
            _answered[key] = answered;
            _byToolUse[key.ToolUse] = key;
            while (_order.Count > Kept)
            {
                var oldest = _order.Dequeue();
                _answered.Remove(oldest);
                _byToolUse.Remove(oldest.ToolUse);
            }
        }
    }

    /// <summary>What is known of a tool_use whose result came back: true released, false refused, null never asked.</summary>
    public bool? WasReleased(string sessionId, string toolUseId)
    {
        lock (_lock) return _answered.TryGetValue((sessionId, toolUseId), out var answered) ? answered.Admission.IsReleased : null;
    }

    /// <summary>The call a tool_use belongs to, null when it was never asked.</summary>
    public string? CallOf(string sessionId, string toolUseId)
    {
        lock (_lock) return _answered.TryGetValue((sessionId, toolUseId), out var answered) ? answered.Admission.CallId : null;
    }

    private (string Session, string ToolUse)? KeyByToolUse(ActionRequest request) =>
        request is { Door: Door.Mcp, ToolUseId: { } id } && _byToolUse.TryGetValue(id, out var key) ? key : null;

    // A client may have given our server a name of its own: mcp__NAME__tool. The tool's own name and its exact input still have to be the same.
    private static bool SameTool(string earlier, ActionRequest request) =>
        earlier == request.Tool || request.Door == Door.Mcp && ToolName(earlier) == ToolName(request.Tool);

    private static string? ToolName(string tool) => tool.StartsWith("mcp__", StringComparison.Ordinal) ? tool[(tool.LastIndexOf("__", StringComparison.Ordinal) + 2)..] : null;

    private static (string Session, string ToolUse)? KeyOf(ActionRequest request) =>
        request is { SessionId: { } session, ToolUseId: { } id } ? (session, id) : null;

    private sealed class Answered(string tool, string input, Admission admission)
    {
        private bool _run;

        public string Tool => tool;
        public string Input => input;
        public Admission Admission => admission;

        public bool TakeRun()
        {
            if (_run) return false;
            return _run = true;
        }
    }
}
