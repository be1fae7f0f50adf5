using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policy;

namespace EditorBridge.Hooks;

/// <summary>
/// The hook door: Claude Code asks here before it runs a tool and waits for the answer, minutes if need be.
/// The hook is installed with <c>onFailure: block</c>, so that no answer is a refusal; versions before 2.1.295 ignore that key, which is why the launcher asks for a newer one.
/// </summary>
internal sealed partial class ClaudeHookEndpoint(
    ActionGate gate, AgentSessions sessions, AdmittedCalls admitted, SessionGrants grants, LedgerWriter ledger, ILogger<ClaudeHookEndpoint> logger)
{
    // Claude Code cuts strings of a hook's answer at 10,000 characters.
    private const int LongestReason = 9_000;

    public async Task<IResult> AnswerAsync(HttpContext context)
    {
        ClaudeHookInput? input;
        try
        {
            input = await JsonSerializer.DeserializeAsync(context.Request.Body, ClaudeHookJson.Default.ClaudeHookInput, context.RequestAborted);
        }
        catch (JsonException e)
        {
            return Deny($"EditorBridge could not read what the hook sent ({e.Message}), so nothing runs.");
        }

        if (input is null) return Deny("EditorBridge got an empty hook call, so nothing runs.");
        if (input.SessionId is { } session) sessions.HookCalled(session, input.WorkingFolder);
        return input.EventName switch
        {
            "PreToolUse" => await BeforeToolAsync(context, input),
            "PostToolUse" or "PostToolUseFailure" => await AfterToolAsync(input),
            "UserPromptSubmit" => Prompted(input),
            "SessionEnd" => await SessionEndedAsync(input),
            _ => NoOpinion(),
        };
    }

    private async Task<IResult> BeforeToolAsync(HttpContext context, ClaudeHookInput input)
    {
        if (input is not { ToolName: { Length: > 0 } tool, ToolInput: { } toolInput })
            return Deny("EditorBridge got a hook call without a tool, so nothing runs.");
        if (Gate.ToolInput.TryCanonical(tool, toolInput, out var problem) is not { } canonical)
            return Deny($"This tool's input has no canonical form, so it could not be judged and does not run: {problem}");
        var request = new ActionRequest
        {
            Door = Door.Hook,
            Tool = tool,
            Input = canonical,
            ToolUseId = input.ToolUseId,
            SessionId = input.SessionId,
            Actor = Actor(input),
            Workspace = input.WorkingFolder,
            PermissionMode = input.PermissionMode,
        };
        var admission = await AdmitAsync(request, context.RequestAborted);
        return admission.Kind switch
        {
            // Policy alone never overrides the client's own permission rules; a person's yes does, so that nobody is asked twice.
            AdmissionKind.Released => admission.Person is null ? NoOpinion() : Decide(new HookDecision { Permission = "allow", Reason = Cut(admission.Reason) }),
            AdmissionKind.ReleasedEdited => Decide(new HookDecision
            {
                Permission = "allow",
                Reason = Cut(admission.Reason),
                UpdatedInput = JsonDocument.Parse(admission.Input).RootElement,
                AdditionalContext = Cut(admission.Reason),
            }),
            AdmissionKind.Refused => Deny(admission.Reason),
            _ => Deny("EditorBridge gave an answer that is not known here, so nothing runs."),
        };
    }

    private async Task<Admission> AdmitAsync(ActionRequest request, CancellationToken clientGone)
    {
        if (request is not { SessionId: { } session, ToolUseId: { } id }) return await gate.AdmitAsync(request, clientGone);
        var released = false;
        sessions.HookAsks(session, id);
        try
        {
            var admission = await gate.AdmitAsync(request, clientGone);
            released = admission.IsReleased;
            return admission;
        }
        finally
        {
            sessions.HookAnswered(session, id, released);
        }
    }

    private IResult Prompted(ClaudeHookInput input)
    {
        if (input is { SessionId: { } session } && PromptText.Of(input.Prompt) is { } prompt) sessions.Prompted(session, prompt);
        return input.SessionId is { } known && sessions.TakeUntold(known) is { } untold
            ? Decide(new HookDecision { EventName = "UserPromptSubmit", AdditionalContext = Cut(untold) })
            : NoOpinion();
    }

    private async Task<IResult> SessionEndedAsync(ClaudeHookInput input)
    {
        if (input.SessionId is { } session) await grants.SessionEndedAsync(session);
        return NoOpinion();
    }

    // What the tool did. The tool has run by then, so a failing record is logged and shown as a gap, never an answer to the client.
    private async Task<IResult> AfterToolAsync(ClaudeHookInput input)
    {
        var asked = input is { SessionId: { } session, ToolUseId: { } id } ? admitted.CallOf(session, id) : null;
        if (input is { SessionId: { } run, ToolUseId: { } tool }) sessions.ToolEnded(run, tool);
        try
        {
            await ledger.AppendAsync(new AuditDraft
            {
                Kind = EntryKind.ActionOutcome,
                CallId = asked ?? "unasked-" + (input.ToolUseId ?? Guid.CreateVersion7().ToString("N")),
                SessionId = input.SessionId,
                Actor = Actor(input),
                Door = "hook",
                Tool = input.ToolName,
                ToolUseId = input.ToolUseId,
                Result = input.Error is null ? "done" : "failed",
                Facts = new JsonObject { ["durationMs"] = input.DurationMs },
            });
        }
        catch (LedgerUnavailableException e)
        {
            LogOutcomeNotRecorded(input.ToolUseId, e);
        }

        return NoOpinion();
    }

    private static string Actor(ClaudeHookInput input) =>
        "agent:claude-code" + (input.AgentType is { Length: > 0 } sub ? "/" + sub : "");

    private static IResult NoOpinion() => Results.Json(new ClaudeHookOutput(), ClaudeHookJson.Default.ClaudeHookOutput);

    private static IResult Decide(HookDecision decision) => Results.Json(new ClaudeHookOutput { Decision = decision }, ClaudeHookJson.Default.ClaudeHookOutput);

    private static IResult Deny(string reason) => Decide(new HookDecision { Permission = "deny", Reason = Cut(reason) });

    private static string Cut(string text) => text.Length <= LongestReason ? text : text[..LongestReason] + " …";

    [LoggerMessage(LogLevel.Error, "The outcome of {ToolUseId} could not be recorded")]
    private partial void LogOutcomeNotRecorded(string? toolUseId, Exception exception);
}
