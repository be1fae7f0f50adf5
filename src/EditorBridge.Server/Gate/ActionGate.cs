using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Policies;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;
using EditorBridge.Telemetry;

namespace EditorBridge.Gate;

/// <summary>
/// The one gate. Every door calls <see cref="AdmitAsync"/> and runs nothing without its admission.
/// <code>
///  door ──► 1 asked before? ──► 2 read ──► 3 policy ──┬─ allow ──────────────────────────► 6 record ──► release
///            (another door,      (SQL,     (effect)   ├─ review ─► 4 a person ─► 5 check ─► 6 record ──► release or refuse
///             still the same)     files)              │            (or a session grant)
///                                                     └─ deny ───────────────────────────► 6 record ──► refuse
/// </code>
/// What cannot be recorded is refused; what fails on the way is refused with the reason.
/// </summary>
internal sealed partial class ActionGate(
    LedgerWriter ledger, ReviewDesk desk, PolicyInForce policy, AdmittedCalls admitted, AgentSessions sessions, SessionGrants grants, ConnectedTools connected, SessionTaints taints,
    TagReader tags, GateContext context, TimeProvider time, ILogger<ActionGate> logger)
{
    /// <summary>How long a review waits before it counts as rejected. Just under the hook's own limit of 1800 s, so that the answer is ours and says why.</summary>
    public static readonly TimeSpan ReviewLifetime = TimeSpan.FromMinutes(29);

    /// <summary>Decides one action. Waits for a person where policy says so.</summary>
    /// <param name="callerGone">Fires when the asking door has lost its client; the question then stays open and this throws <see cref="OperationCanceledException"/>.</param>
    public async Task<Admission> AdmitAsync(ActionRequest request, CancellationToken callerGone)
    {
        var callId = Guid.CreateVersion7().ToString("N");
        var asked = time.GetUtcNow();
        request = admitted.Completed(request);
        try
        {
            // What is held runs for nobody, whatever was said of it before.
            if ((request.Held ?? connected.WhyHeld(request.Tool)) is { } held) return await RefuseAndRecordAsync(request, callId, held);

            // 1. One call that passes several doors is asked once, unless what was released is not the same any more.
            if (admitted.Find(request) is { } earlier && (!earlier.IsReleased || await VoidAsync(earlier) is null)) return earlier;

            // 2. Read what it would do, and 3. what policy says.
            var judged = await JudgeAsync(request);
            var (reading, decision) = (judged.Reading, judged.Decision);
            await grants.PolicyIsAsync(request.Workspace, decision.PolicyVersion);
            var (admission, review) = decision.Effect switch
            {
                Effect.Allow => (new Admission(AdmissionKind.Released, callId, request.Input, decision.Summary, Person: null), null),
                Effect.Deny => (new Admission(AdmissionKind.Refused, callId, request.Input, "EditorBridge policy refuses this: " + decision.Summary, Person: null), null),
                _ when grants.Use(request.SessionId, judged.Scope) is { } grant => (Again(request, callId, grant), null),
                _ => await ReviewAsync(request, judged, callId, callerGone),
            };

            admission = admission with { Obligations = decision.Obligations, Binding = admission.Binding ?? BindingOf(request, judged), Workspace = request.Workspace };

            // 6. Record first, then release.
            await ledger.AppendAsync(GateEntries.Answered(request, admission, decision, review, RiskOf(reading, decision), reading.Title, reading.Class, reading.Facts.Tags));
            admitted.Remember(request, admission, Written(request, reading, admission));
            LogAnswered(request.Door, request.Tool, admission.Kind, admission.CallId);
            GenAiTelemetry.Answered(request, admission, asked);
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
        catch (BrokenPolicyException e)
        {
            LogFailed(request.Tool, callId, e);
            return await RefuseAndRecordAsync(request, callId, $"EditorBridge could not judge this action, so it does not run. {e.Message}");
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
            return (await JudgeAsync(request)).Decision.Effect == Effect.Allow;
        }
        catch (Exception e) when (e is BrokenPolicyException or LedgerUnavailableException)
        {
            LogNotReadable(e);
            return false;
        }
    }

    /// <summary>
    /// The last look of a door that runs an action itself, just before it runs: why the admission no longer holds, for people and the model; null when it does.
    /// </summary>
    public async Task<string?> VoidAsync(Admission admission)
    {
        if (admission.Binding is not { } binding) return null;
        if (admission.ValidUntil is { } until && until < time.GetUtcNow()) return "The approval was not used in time and has lapsed.";
        try
        {
            return binding.DifferenceTo(await NowAsync(binding, admission.Workspace)) is { } difference ? $"{difference} since this was approved, so the approval no longer fits." : null;
        }
        catch (Exception e) when (e is BrokenPolicyException or LedgerUnavailableException)
        {
            return $"The policy in force is not known: {e.Message}";
        }
    }

    /// <summary>Looks at a reviewer's own text before it is released.</summary>
    public async Task<EditJudgement> JudgeEditAsync(ReviewItem item, Verdict verdict)
    {
        if (ToolInput.WithEdit(item.Tool, item.Input, item.Change, verdict.EditedText!) is not { } input)
            return EditJudgement.Impossible("The edited text does not fit into this tool's input. Nothing was decided.");
        var request = ActionRequest.Of(item, input);
        var judged = await JudgeAsync(request);
        if (judged.Decision.Effect == Effect.Deny) return EditJudgement.Impossible("Policy refuses the edited text: " + judged.Decision.Summary + " Nothing was decided.");
        if (!NeedsOwnReview(item, judged)) return EditJudgement.Fits;
        return EditJudgement.Anew(Question(request, judged, ReviewId(Guid.CreateVersion7().ToString("N")), item.CallId, item.ExpiresAt) with
        {
            Requester = item.Requester,
            RevisionOf = item.Id,
            EditedBy = verdict.Person,
            AskedDigest = item.AskedDigest ?? item.InputDigest,
            SessionScope = null,
        });
    }

    // More at stake than in what was proposed, or a count of people that this text has not had.
    private static bool NeedsOwnReview(ReviewItem item, Judgement judged)
    {
        var (was, now) = (item.Decision.Obligations, judged.Decision.Obligations);
        return was.TwoPeople || now.TwoPeople || now.ReasonRequired && !was.ReasonRequired
            || RiskOf(judged.Reading, judged.Decision) > item.Severity
            || judged.Reading.Findings.Any(finding => finding.Severity >= Severity.High && !item.Findings.Any(known => known.RuleId == finding.RuleId));
    }

    private async Task<Judgement> JudgeAsync(ActionRequest request)
    {
        var files = new FileReads();
        request = Known(request);
        var inForce = await policy.ForAsync(request.Workspace);
        var reading = ActionReading.Read(request, context, time.GetLocalNow(), files.TextOrNull, followsLinks: true);
        reading = reading with { Facts = await tags.WithTagsAsync(inForce, reading.Facts) };
        var explained = PolicyEvaluator.Explain(inForce, reading.Facts);
        var decision = request.AsksPerson && explained.Decision.Effect == Effect.Allow
            ? explained.Decision with { Effect = Effect.Review, Summary = request.Door == Door.Editor ? "A person asked for this review; policy would allow an agent to do it." : "The agent's own settings ask a person before this runs; policy would allow it." }
            : explained.Decision;
        var scope = SessionScope.Of(request.SessionId, reading.Facts, explained, CanonicalJson.Digest(request.Input));
        if (taints.Judge(request, explained) is var (taint, finding))
        {
            // Neither a rule nor an earlier "the same again" answers for what the session has taken in since.
            scope = null;
            reading = reading with { Findings = [finding, .. reading.Findings] };
            decision = decision with
            {
                Summary = decision.Effect < taint.AtLeast ? taint.Reason : decision.Summary,
                Effect = decision.Effect < taint.AtLeast ? taint.AtLeast : decision.Effect,
                Severity = decision.Severity < taint.Severity ? taint.Severity : decision.Severity,
            };
        }

        return new Judgement(reading, decision, scope, reading.FilePath is { } path ? files.DigestOf(path) : null);
    }

    private static Admission Again(ActionRequest request, string callId, SessionGrant grant) => new(
        AdmissionKind.Released, callId, request.Input, $"{grant.Person} approved the same in EditorBridge and allowed it again for this session ({grant.Id}).", grant.Person)
    {
        SessionGrant = grant.Id,
    };

    // 4. A person, then 5. a last look: what was approved is what runs.
    private async Task<(Admission, ReviewItem?)> ReviewAsync(ActionRequest request, Judgement judged, string callId, CancellationToken callerGone)
    {
        var asked = Question(request, judged, ReviewId(callId), callId, time.GetUtcNow() + (context.ReviewLifetime ?? ReviewLifetime));
        try
        {
            var closed = await desk.AskAsync(asked, request.Asked, callerGone);
            return (await AfterVerdictAsync(request, closed), closed.Item);
        }
        catch (CrowdedDeskException e)
        {
            return (new Admission(AdmissionKind.Refused, callId, request.Input, $"{e.Message}, so this one was not put to anybody and does not run. Wait for the answers to those, then ask again.", Person: null), null);
        }
    }

    private ReviewItem Question(ActionRequest request, Judgement judged, string id, string callId, DateTimeOffset expires)
    {
        var reading = judged.Reading;
        return new ReviewItem
        {
            Id = id,
            CallId = callId,
            OpenedAt = time.GetUtcNow(),
            ExpiresAt = expires,
            Door = request.Door,
            Tool = request.Tool,
            ToolUseId = request.ToolUseId,
            SessionId = request.SessionId,
            Actor = request.Actor,
            Requester = Environment.UserName,
            Workspace = request.Workspace,
            Prompt = sessions.PromptOf(request.SessionId),
            Title = reading.Title,
            Decision = judged.Decision,
            Severity = RiskOf(reading, judged.Decision),
            Account = context.Account,
            Role = context.Role,
            Warehouse = context.Warehouse,
            Class = reading.Class,
            Input = request.Input,
            InputDigest = CanonicalJson.Digest(request.Input),
            FilePath = reading.FilePath,
            FileDigest = judged.FileDigest,
            Change = reading.Change,
            Proposed = reading.Proposed,
            EditableProperty = reading.EditableProperty,
            Findings = reading.Findings,
            Objects = reading.Objects,
            Columns = reading.Columns,
            SessionScope = judged.Scope,
        };
    }

    private async Task<Admission> AfterVerdictAsync(ActionRequest request, ClosedReview closed)
    {
        var item = closed.Item;
        Admission Refuse(string reason) => new(AdmissionKind.Refused, item.CallId, request.Input, reason, closed.Person);

        if (closed.State == ReviewState.Rejected) return Refuse($"{closed.Person} reviewed this in EditorBridge and rejected it{Because(closed.Reason)}.{(item.Door == Door.Editor ? "" : " It was not run.")}");
        if (closed.State == ReviewState.Expired) return Refuse("Nobody answered the review in EditorBridge in time, which counts as a rejection. It was not run.");
        if (closed.State == ReviewState.Withdrawn) return Refuse(item.Door == Door.Editor ? "Whoever asked took the question back." : "The agent's client took the question back: it was answered in the client itself. EditorBridge released nothing.");
        if (closed.State is not (ReviewState.Approved or ReviewState.Edited)) return Refuse($"The review ended in a way that does not release anything ({closed.State}).");
        if (item.Binding.DifferenceTo(await NowAsync(item.Binding, request.Workspace)) is { } difference)
            return Refuse($"{difference} while the review was open, so the approval no longer fits it. It was not run; {(item.FilePath is null ? "" : "read the file and ")}try again, and it will be asked again.");

        var input = closed.State == ReviewState.Approved ? item.Input : ToolInput.WithEdit(request.Tool, item.Input, item.Change, closed.EditedText!);
        if (input is null) return Refuse("The reviewer's text does not fit this call any more. It was not run.");
        var admission = input == request.Input
            ? new Admission(AdmissionKind.Released, item.CallId, input, $"{closed.Person} approved this in EditorBridge{Because(closed.Reason)}.", closed.Person)
            : new Admission(AdmissionKind.ReleasedEdited, item.CallId, input, $"{Editors(closed)} changed this in EditorBridge before approving it{Because(closed.Reason)}. What ran is the reviewer's text, not yours.", closed.Person);
        return admission with { Binding = item.Binding with { InputDigest = CanonicalJson.Digest(input) }, ValidUntil = closed.At + ReviewDesk.GrantLifetime(item) };
    }

    // The reviewer of a text that another reviewer wrote is not its author.
    private static string Editors(ClosedReview closed) =>
        closed.Item.EditedBy is { } author && author != closed.Person && closed.State == ReviewState.Approved ? $"{author} and {closed.Person}" : closed.Person!;

    private ActionBinding BindingOf(ActionRequest request, Judgement judged) => new(
        request.Tool, CanonicalJson.Digest(request.Input), judged.Reading.FilePath, judged.FileDigest, context.Account, context.Role, context.Warehouse, judged.Decision.PolicyVersion);

    // The same action as things stand now.
    private async ValueTask<ActionBinding> NowAsync(ActionBinding binding, string? workspace) => binding with
    {
        FileDigest = binding.FilePath is { } path ? FileText.Digest(path) : null,
        Account = context.Account,
        Role = context.Role,
        Warehouse = context.Warehouse,
        PolicyVersion = (await policy.ForAsync(workspace)).Version,
    };

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

    // Every door a call passes judges it alike, whichever of them knows the server.
    private ActionRequest Known(ActionRequest request) => connected.IsReadOnly(request.Tool) ? request with { KnownReadOnly = true } : request;

    // Policy sees what a command does beside its SQL.
    private static Severity RiskOf(ActionReading reading, Decision decision) => reading.Severity > decision.Severity ? reading.Severity : decision.Severity;

    private static string Because(string? reason) => string.IsNullOrWhiteSpace(reason) ? "" : $": {reason.Trim()}";

    // Short enough to type. The random part of a version 7 id is its end.
    private static string ReviewId(string callId) => "rv_" + callId[^10..];

    /// <param name="FileDigest">Of the bytes the reading was made from.</param>
    private sealed record Judgement(ActionReading Reading, Decision Decision, SessionScope? Scope, string? FileDigest);

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
