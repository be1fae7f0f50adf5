using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;

namespace EditorBridge.Ledger.Projection;

/// <summary>Folds entries into calls. A pure function of the chain: the writer runs it as it appends, verify runs it again and compares.</summary>
internal static class CallFold
{
    /// <summary>The call after this entry; null when the entry changes no call.</summary>
    public static AuditCall? Apply(AuditCall? before, AuditEntry entry)
    {
        AuditDraft draft = entry.Draft;
        // Whoever looks at a call leaves an entry with its id; looking changes nothing of the call.
        bool ofCall = KindOf(draft.Kind) is not null;
        if ((before is null && !ofCall) || draft.Kind is EntryKind.Access)
        {
            return null;
        }
        AuditCall call = before ?? new AuditCall
        {
            FirstSequence = entry.Sequence,
            LastSequence = entry.Sequence,
            CallId = draft.CallId,
            Kind = KindOf(draft.Kind)!.Value,
            StartedAt = entry.At,
            LastAt = entry.At,
            Actor = draft.Actor,
            State = CallState.Running,
            Open = false,
        };
        call = call with
        {
            Effect = Text(draft.Facts, "effect") ?? call.Effect,
            Class = Text(draft.Facts, "class") ?? call.Class,
            LastSequence = entry.Sequence,
            // What the account says days later, or a host at its next start, does not make a session longer.
            LastAt = draft.Kind is EntryKind.CallReconciled or EntryKind.OutcomeUnknown ? call.LastAt : entry.At,
            SessionId = call.SessionId ?? draft.SessionId,
            Door = call.Door ?? draft.Door,
            Tool = call.Tool ?? draft.Tool,
            Model = call.Model ?? draft.Model,
            Subject = call.Subject ?? (ofCall ? draft.Subject : null),
            Severity = draft.Kind is EntryKind.Incident ? call.Severity : draft.Severity ?? call.Severity,
        };
        return Step(call, entry);
    }

    /// <summary>The ids of the rules that took part in a decision.</summary>
    public static IEnumerable<string> Rules(AuditDraft draft) =>
        KindOf(draft.Kind) is CallKind.Action && draft.Facts?["rules"] is JsonArray rules
            ? rules.Select(RuleId).OfType<string>().Distinct(StringComparer.Ordinal)
            : [];

    /// <summary>Whether a verdict ends its review; the first of two approvals does not.</summary>
    public static bool IsFinal(AuditDraft verdict) =>
        verdict.Result is not "approved_first" && verdict.Facts?["final"]?.GetValueKind() is not JsonValueKind.False;

    /// <summary>Whether every entry of this kind is of a call, and so must be found again in the list of calls.</summary>
    public static bool BelongsToCall(EntryKind kind) => KindOf(kind) is not null;

    private static CallKind? KindOf(EntryKind kind) => kind switch
    {
        EntryKind.MessageIntent or EntryKind.MessageOutcome => CallKind.Request,
        EntryKind.ActionDecided or EntryKind.ReviewOpened or EntryKind.ReviewReach or EntryKind.ReviewVerdict or EntryKind.ReviewExpired
            or EntryKind.ActionAdmitted or EntryKind.ActionRefused or EntryKind.ActionOutcome => CallKind.Action,
        _ => null,
    };

    private static AuditCall Step(AuditCall call, AuditEntry entry)
    {
        AuditDraft draft = entry.Draft;
        JsonObject? facts = draft.Facts;
        return draft.Kind switch
        {
            EntryKind.MessageIntent => call with { Open = true },
            EntryKind.MessageOutcome => call with
            {
                Open = false,
                State = RequestState(draft.Result),
                InputTokens = Number(facts, "inputTokens"),
                OutputTokens = Number(facts, "outputTokens"),
                CacheReadTokens = Number(facts, "cacheReadTokens"),
                CacheWriteTokens = Number(facts, "cacheCreationTokens"),
                DurationMilliseconds = Number(facts, "durationMs"),
                RequestId = Text(facts, "requestId"),
            },
            EntryKind.ActionDecided => call with { Effect = draft.Result },
            EntryKind.ReviewOpened => call with { Effect = "review", State = CallState.Pending, HeldSince = call.HeldSince ?? entry.At },
            EntryKind.ReviewVerdict => Verdict(call, entry),
            EntryKind.ReviewExpired => Released(call, entry) with { State = CallState.Expired },
            EntryKind.ActionAdmitted => Admitted(Released(call, entry), draft.Result) with { Open = true },
            EntryKind.ActionRefused => Refused(Released(call, entry), draft.Result),
            EntryKind.ActionOutcome => call with
            {
                Open = false,
                State = draft.Result is "failed" ? CallState.Failed : call.State,
                DurationMilliseconds = Number(facts, "durationMs") ?? call.DurationMilliseconds,
                QueryId = Text(facts, "queryId") ?? call.QueryId,
            },
            EntryKind.OutcomeUnknown => Released(call, entry) with { Open = false, State = CallState.Unknown },
            _ => call,
        };
    }

    private static AuditCall Verdict(AuditCall call, AuditEntry entry)
    {
        call = call with { Reviewer = entry.Draft.Actor };
        if (!IsFinal(entry.Draft))
        {
            return call;
        }
        return Released(call, entry) with
        {
            State = entry.Draft.Result switch
            {
                "approved" => CallState.Approved,
                "edited" => CallState.Edited,
                _ => CallState.Rejected,
            },
        };
    }

    private static AuditCall Admitted(AuditCall call, string? result) => call with
    {
        State = result switch
        {
            "approved" => CallState.Approved,
            "edited" => CallState.Edited,
            _ => call.State is CallState.Approved or CallState.Edited ? call.State : CallState.Allowed,
        },
    };

    private static AuditCall Refused(AuditCall call, string? result) => call with
    {
        Open = false,
        State = result switch
        {
            "rejected" => CallState.Rejected,
            "expired" => CallState.Expired,
            _ => call.State is CallState.Rejected or CallState.Expired ? call.State : CallState.Refused,
        },
    };

    private static AuditCall Released(AuditCall call, AuditEntry entry) => call.HeldSince is not { } since
        ? call
        : call with
        {
            HeldSince = null,
            // A clock that was set back must not give a negative wait.
            HeldMilliseconds = (call.HeldMilliseconds ?? 0) + Math.Max(0, (long)(entry.At - since).TotalMilliseconds),
        };

    private static CallState RequestState(string? result) => result switch
    {
        "refused" => CallState.Refused,
        "unknown" => CallState.Unknown,
        "failed" or "truncated" => CallState.Failed,
        // A person who presses Escape (client_gone) has not made anything fail.
        _ => CallState.Allowed,
    };

    private static string? RuleId(JsonNode? rule) => rule switch
    {
        JsonValue value when value.TryGetValue(out string? id) => id,
        JsonObject named => Text(named, "id"),
        _ => null,
    };

    private static string? Text(JsonObject? facts, string name) =>
        facts?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    private static long? Number(JsonObject? facts, string name) =>
        facts?[name] is JsonValue value && value.GetValueKind() is JsonValueKind.Number && value.TryGetValue(out long number) ? number
        : facts?[name] is JsonValue integer && integer.TryGetValue(out int small) ? small
        : null;
}
