using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Policies;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Gate;

/// <summary>
/// The one gate. Every door calls <see cref="AdmitAsync"/> and runs nothing without its admission.
/// <code>
///  door ──► 1 asked before? ──► 2 read ──► 3 policy ──┬─ allow ──────────────────────────► 6 record ──► release
///            (another door)      (SQL,     (effect)   ├─ review ─► 4 a person ─► 5 check ─► 6 record ──► release or refuse
///                                 files)              └─ deny ───────────────────────────► 6 record ──► refuse
/// </code>
/// What cannot be recorded is refused; what fails on the way is refused with the reason.
/// </summary>
internal sealed partial class ActionGate(
    LedgerWriter ledger, ReviewDesk desk, PolicyInForce policy, AdmittedCalls admitted, GateContext context, TimeProvider time, ILogger<ActionGate> logger)
{
    /// <summary>How long a review waits before it counts as rejected. Just under the hook's own limit of 1800 s, so that the answer is ours and says why.</summary>
    public static readonly TimeSpan ReviewLifetime = TimeSpan.FromMinutes(29);

    /// <summary>Decides one action. Waits for a person where policy says so.</summary>
    /// <param name="callerGone">Fires when the asking door has lost its client; the question then stays open and this throws <see cref="OperationCanceledException"/>.</param>
    public async Task<Admission> AdmitAsync(ActionRequest request, CancellationToken callerGone)
    {
        var callId = Guid.CreateVersion7().ToString("N");
        try
        {
            // 1. One call that passes several doors is asked once.
            if (admitted.Find(request) is { } earlier) return earlier;

            // 2. Read what it would do.
            var reading = ActionReading.Read(request, context, time.GetLocalNow(), FileText.ReadOrNull);

            // 3. What policy says.
            var decision = PolicyEvaluator.Decide(await policy.ForAsync(request.Workspace), reading.Facts);
            if (request.AsksPerson && decision.Effect == Effect.Allow)
                decision = decision with { Effect = Effect.Review, Summary = "The agent's own settings ask a person before this runs; policy would allow it." };
            var (admission, review) = decision.Effect switch
            {
                Effect.Allow => (new Admission(AdmissionKind.Released, callId, request.Input, decision.Summary, Person: null), null),
                Effect.Deny => (new Admission(AdmissionKind.Refused, callId, request.Input, "EditorBridge policy refuses this: " + decision.Summary, Person: null), null),
                _ => await ReviewAsync(request, reading, decision, callId, callerGone),
            };

            admission = admission with { Obligations = decision.Obligations };

            // 6. Record first, then release.
            await ledger.AppendAsync(GateEntries.Answered(request, admission, decision, review, RiskOf(reading, decision), reading.Title, reading.Class));
            admitted.Remember(request, admission, Written(request, reading, admission));
            LogAnswered(request.Door, request.Tool, admission.Kind, admission.CallId);
            return admission;
        }
        catch (OperationCanceledException) when (callerGone.IsCancellationRequested)
        {
            LogCallerGone(request.Door, request.Tool, callId);
            throw;
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(request.Tool, callId, e);
            return Refused(request, callId, $"EditorBridge could not record this action, so it does not run. {e.Message}");
        }
#pragma warning disable CA1031 // The gate's own boundary: whatever goes wrong inside is a refusal, never a release.
        catch (Exception e)
#pragma warning restore CA1031
        {
            LogFailed(request.Tool, callId, e);
            return await RefuseAndRecordAsync(request, callId, $"EditorBridge could not judge this action, so it does not run ({e.GetType().Name}: {e.Message}). Details are in the host's log under {callId}.");
        }
    }

    /// <summary>Whether policy lets an agent read a file without a person being asked. For texts an editor shows an agent of its own accord; nothing is recorded.</summary>
    public async Task<bool> MayReadAsync(string path, string? workspace)
    {
        var request = new ActionRequest { Door = Door.OpenDiff, Tool = "Read", Input = new JsonObject { ["file_path"] = path }.ToJsonString(), Actor = "editor", Workspace = workspace };
        try
        {
            return PolicyEvaluator.Decide(await policy.ForAsync(workspace), ActionReading.Read(request, context, time.GetLocalNow(), FileText.ReadOrNull).Facts).Effect == Effect.Allow;
        }
        catch (Exception e) when (e is BrokenPolicyException or LedgerUnavailableException)
        {
            LogNotReadable(e);
            return false;
        }
    }

    /// <summary>Why an edited text may not run under the review it was written in; null when it may.</summary>
    public async Task<string?> EditRaisesRiskAsync(ReviewItem item, string editedText)
    {
        if (ToolInput.WithEdit(item.Tool, item.Input, item.Change, editedText) is not { } input)
            return "The edited text does not fit into this tool's input. Nothing was decided.";
        var reading = ActionReading.Read(Edited(item, input), context, time.GetLocalNow(), FileText.ReadOrNull);
        var decision = PolicyEvaluator.Decide(await policy.ForAsync(item.Workspace), reading.Facts);
        if (decision.Effect == Effect.Deny) return "Policy refuses the edited text: " + decision.Summary + " Nothing was decided.";
        var risk = RiskOf(reading, decision);
        return risk > item.Severity
            ? $"The edited text is riskier ({risk.ToString().ToLowerInvariant()}) than what was proposed ({item.Severity.ToString().ToLowerInvariant()}). It needs a review of its own: reject this one and ask the agent for it."
            : null;
    }

    // 4. A person, then 5. a last look: what was approved is what runs.
    private async Task<(Admission, ReviewItem)> ReviewAsync(
        ActionRequest request, ActionReading reading, Decision decision, string callId, CancellationToken callerGone)
    {
        var opened = time.GetUtcNow();
        var asked = new ReviewItem
        {
            Id = ReviewId(callId),
            CallId = callId,
            OpenedAt = opened,
            ExpiresAt = opened + ReviewLifetime,
            Door = request.Door,
            Tool = request.Tool,
            ToolUseId = request.ToolUseId,
            SessionId = request.SessionId,
            Actor = request.Actor,
            Requester = Environment.UserName,
            Workspace = request.Workspace,
            Title = reading.Title,
            Decision = decision,
            Severity = RiskOf(reading, decision),
            Class = reading.Class,
            Input = request.Input,
            InputDigest = CanonicalJson.Digest(request.Input),
            Change = reading.Change,
            Proposed = reading.Proposed,
            EditableProperty = reading.EditableProperty,
            Findings = reading.Findings,
            Objects = reading.Objects,
        };
        var closed = await desk.AskAsync(asked, callerGone);
        return (AfterVerdict(request, reading, closed), closed.Item);
    }

    private static Admission AfterVerdict(ActionRequest request, ActionReading reading, ClosedReview closed)
    {
        var callId = closed.Item.CallId;
        Admission Refuse(string reason) => new(AdmissionKind.Refused, callId, request.Input, reason, closed.Person);

        switch (closed.State)
        {
            case ReviewState.Rejected:
                return Refuse($"{closed.Person} reviewed this in EditorBridge and rejected it{Because(closed.Reason)}. It was not run.");
            case ReviewState.Expired:
                return Refuse("Nobody answered the review in EditorBridge in time, which counts as a rejection. It was not run.");
            case ReviewState.Withdrawn:
                return Refuse("The agent's client took the question back: it was answered in the client itself. EditorBridge released nothing.");
            case ReviewState.Approved or ReviewState.Edited when reading.Change is { } change && FileText.ReadOrNull(change.Path) != change.Before:
                return Refuse($"{Path.GetFileName(change.Path)} changed while the review was open, so the approval no longer fits it. It was not run; read the file and try again.");
            case ReviewState.Approved:
                return new(AdmissionKind.Released, callId, request.Input, $"{closed.Person} approved this in EditorBridge{Because(closed.Reason)}.", closed.Person);
            case ReviewState.Edited:
                return ToolInput.WithEdit(request.Tool, request.Input, reading.Change, closed.EditedText!) is { } input
                    ? new(AdmissionKind.ReleasedEdited, callId, input, $"{closed.Person} changed this in EditorBridge before approving it{Because(closed.Reason)}. What ran is the reviewer's text, not yours.", closed.Person)
                    : Refuse("The reviewer's text does not fit this call any more. It was not run.");
            default:
                return Refuse($"The review ended in a way that does not release anything ({closed.State}).");
        }
    }

    // The file as the released call leaves it, by which a door that knows only the text finds the call.
    private static FileChange? Written(ActionRequest request, ActionReading reading, Admission admission)
    {
        if (reading.Change is not { Complete: true } change || admission.Kind != AdmissionKind.ReleasedEdited) return admission.IsReleased ? reading.Change : null;
        using var edited = JsonDocument.Parse(admission.Input);
        return ToolInput.Change(request.Tool, edited.RootElement, path => path == change.Path ? change.Before : null);
    }

    private async Task<Admission> RefuseAndRecordAsync(ActionRequest request, string callId, string reason)
    {
        var admission = Refused(request, callId, reason);
        try
        {
            await ledger.AppendAsync(GateEntries.Answered(request, admission, decision: null, review: null, Severity.High, request.Tool, statementClass: null));
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(request.Tool, callId, e);
        }

        return admission;
    }

    private static Admission Refused(ActionRequest request, string callId, string reason) =>
        new(AdmissionKind.Refused, callId, request.Input, reason, Person: null);

    private static ActionRequest Edited(ReviewItem item, string input) => new()
    {
        Door = item.Door,
        Tool = item.Tool,
        Input = input,
        ToolUseId = item.ToolUseId,
        SessionId = item.SessionId,
        Actor = item.Actor,
        Workspace = item.Workspace,
    };

    // Policy sees what a command does beside its SQL.
    private static Severity RiskOf(ActionReading reading, Decision decision) => reading.Severity > decision.Severity ? reading.Severity : decision.Severity;

    private static string Because(string? reason) => string.IsNullOrWhiteSpace(reason) ? "" : $": {reason.Trim()}";

    // Short enough to type. The random part of a version 7 id is its end.
    private static string ReviewId(string callId) => "rv_" + callId[^10..];

    [LoggerMessage(LogLevel.Information, "{Door} {Tool}: {Kind} ({CallId})")]
    private partial void LogAnswered(Door door, string tool, AdmissionKind kind, string callId);

    [LoggerMessage(LogLevel.Information, "{Door} {Tool}: the client went away while a person was asked; the review stays open ({CallId})")]
    private partial void LogCallerGone(Door door, string tool, string callId);

    [LoggerMessage(LogLevel.Critical, "{Tool} is refused because its record could not be written ({CallId})")]
    private partial void LogNotRecorded(string tool, string callId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "An agent is shown nothing of the editor, because policy could not be asked")]
    private partial void LogNotReadable(Exception exception);

    [LoggerMessage(LogLevel.Error, "{Tool} is refused because the gate failed ({CallId})")]
    private partial void LogFailed(string tool, string callId, Exception exception);
}
