using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Policy;
using EditorBridge.Review;

namespace EditorBridge.Gate;

/// <summary>
/// The calls the gate has answered, so that one call that passes a second door is not asked again.
/// Joined by session and tool_use id, and only for the exact input that was answered or released; at the IDE protocol's door, which knows
/// neither, by the file and its exact new text.
/// </summary>
internal sealed class AdmittedCalls
{
    private const int Kept = 20_000;

    private readonly Lock _lock = new();
    private readonly Dictionary<(string Session, string ToolUse), Answered> _answered = [];
    private readonly Queue<(string Session, string ToolUse)> _order = new();
    // The MCP door knows the call's id but not its session.
    private readonly Dictionary<string, (string Session, string ToolUse)> _byToolUse = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Session, string ToolUse)> _byText = new(StringComparer.Ordinal);

    /// <summary>The earlier answer to the same call, or null when it has to be judged.</summary>
    public Admission? Find(ActionRequest request)
    {
        lock (_lock)
        {
            if ((KeyOf(request) ?? KeyByToolUse(request)) is not { } key || !_answered.TryGetValue(key, out var earlier)) return null;
            if (request.Door == Door.OpenDiff) return FindForDiff(request, earlier);
            if (!SameTool(earlier.Request.Tool, request)) return null;
            var asked = earlier.Request.Input == request.Input;
            var released = earlier.Admission.IsReleased && earlier.Admission.Input == request.Input;
            if (!asked && !released) return null;
            // At the MCP door the call is run by us, and an approval runs once.
            if (request.Door == Door.Mcp && !earlier.TakeRun()) return null;
            return released && earlier.Admission.Kind == AdmissionKind.ReleasedEdited && !asked
                ? earlier.Admission with { Kind = AdmissionKind.Released }
                : earlier.Admission;
        }
    }

    /// <summary>The request with the session and folder of the call it belongs to, where a door knows the call by its tool_use id only.</summary>
    public ActionRequest Completed(ActionRequest request)
    {
        lock (_lock)
        {
            return KeyByToolUse(request) is { } key && _answered.TryGetValue(key, out var earlier)
                ? request with { SessionId = request.SessionId ?? key.Session, Workspace = request.Workspace ?? earlier.Request.Workspace }
                : request;
        }
    }

    /// <param name="written">The file as the released call leaves it; null when it writes none.</param>
    public void Remember(ActionRequest request, Admission admission, FileChange? written)
    {
        if (KeyOf(request) is not { } key) return;
        // A diff that was taken back or forgotten says nothing about the call it showed; that call has its own answer.
        if (request.Door == Door.OpenDiff && admission is { IsReleased: false, Person: null }) return;
        var text = written is { Complete: true } ? TextKey(written.Path, written.After) : null;
        lock (_lock)
        {
            if (!_answered.ContainsKey(key)) _order.Enqueue(key);
            var answered = new Answered(request with { Asked = null }, admission, text);
            if (request.Door is Door.Mcp or Door.OpenDiff) answered.TakeRun();
            _answered[key] = answered;
            _byToolUse[key.ToolUse] = key;
            if (text is not null) _byText[text] = key;
            while (_order.Count > Kept) Forget(_order.Dequeue());
        }
    }

    /// <summary>The released call that leaves a file with exactly this text, null when there is none: whose change a diff shows.</summary>
    public ActionRequest? CallThatWrites(string path, string text)
    {
        var wanted = TextKey(path, text);
        lock (_lock) return _byText.TryGetValue(wanted, out var key) && _answered.TryGetValue(key, out var answered) && answered.Text == wanted ? answered.Request : null;
    }

    /// <summary>What is known of a tool_use whose result came back: true released, false refused, null never asked.</summary>
    public bool? WasReleased(string sessionId, string toolUseId)
    {
        lock (_lock) return _answered.TryGetValue((sessionId, toolUseId), out var answered) ? answered.Admission.IsReleased : null;
    }

    /// <summary>The session whose hook or stream asked about a tool_use; null when none did.</summary>
    public string? SessionOf(string? toolUseId)
    {
        if (toolUseId is null) return null;
        lock (_lock) return _byToolUse.TryGetValue(toolUseId, out var key) ? key.Session : null;
    }

    /// <summary>The call a tool_use belongs to, null when it was never asked.</summary>
    public string? CallOf(string sessionId, string toolUseId)
    {
        lock (_lock) return _answered.TryGetValue((sessionId, toolUseId), out var answered) ? answered.Admission.CallId : null;
    }

    // The client asks for a person here, so only a person's answer is one, and only to this very text, once.
    private static Admission? FindForDiff(ActionRequest request, Answered earlier)
    {
        using var input = JsonDocument.Parse(request.Input);
        var change = ToolInput.Change(request.Tool, input.RootElement, _ => null);
        return change is not null && earlier.Admission is { Person: not null, IsReleased: true } && earlier.Text == TextKey(change.Path, change.After) && earlier.TakeRun()
            ? earlier.Admission with { Kind = AdmissionKind.Released, Input = request.Input }
            : null;
    }

    private void Forget((string Session, string ToolUse) key)
    {
        if (_answered.Remove(key, out var answered) && answered.Text is { } text && _byText.TryGetValue(text, out var last) && last == key) _byText.Remove(text);
        _byToolUse.Remove(key.ToolUse);
    }

    private (string Session, string ToolUse)? KeyByToolUse(ActionRequest request) =>
        request is { Door: Door.Mcp, ToolUseId: { } id } && _byToolUse.TryGetValue(id, out var key) ? key : null;

    // A client may have given our server a name of its own: mcp__NAME__tool. The tool's own name and its exact input still have to be the same.
    private static bool SameTool(string earlier, ActionRequest request) =>
        earlier == request.Tool || request.Door == Door.Mcp && ToolName(earlier) == ToolName(request.Tool);

    private static string? ToolName(string tool) => tool.Split("__", 3) is ["mcp", _, var name] ? name : null;

    private static (string Session, string ToolUse)? KeyOf(ActionRequest request) =>
        request is { SessionId: { } session, ToolUseId: { } id } ? (session, id) : null;

    private static string TextKey(string path, string text) => Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(text))) + Path.GetFullPath(path);

    private sealed class Answered(ActionRequest request, Admission admission, string? text)
    {
        private bool _run;

        public ActionRequest Request => request;
        public Admission Admission => admission;
        public string? Text => text;

        public bool TakeRun()
        {
            if (_run) return false;
            return _run = true;
        }
    }
}
