using EditorBridge.Audit;

namespace EditorBridge.Portal.Reading;

/// <summary>Kinds of entries in words, for people who do not know the wire names.</summary>
public static class EntryWords
{
    public static string Of(EntryKind kind) => kind switch
    {
        EntryKind.HostStarted => "Host started",
        EntryKind.HostStopped => "Host stopped",
        EntryKind.MessageIntent => "Request sent to the account",
        EntryKind.MessageOutcome => "Request ended",
        EntryKind.ActionDecided => "Judged by policy",
        EntryKind.ReviewOpened => "Held for a person",
        EntryKind.ReviewReach => "The account was asked what it reaches",
        EntryKind.ReviewVerdict => "Verdict",
        EntryKind.ReviewVerdictIgnored => "Verdict that did not count",
        EntryKind.ReviewExpired => "Time ran out",
        EntryKind.ActionAdmitted => "Released",
        EntryKind.ActionRefused => "Refused",
        EntryKind.ActionOutcome => "Outcome",
        EntryKind.Incident => "Incident",
        EntryKind.Access => "Looked at",
        EntryKind.OutcomeUnknown => "Outcome unknown",
        EntryKind.PolicyLoaded => "Policy loaded",
        EntryKind.LedgerOpened => "Recording began",
        EntryKind.LedgerClosed => "Recording ended",
        EntryKind.ClockJumped => "The clock jumped",
        EntryKind.RetentionApplied => "Old texts dropped",
        EntryKind.HoldPlaced => "Legal hold placed",
        EntryKind.HoldReleased => "Legal hold released",
        EntryKind.GrantEnded => "Session grant ended",
        EntryKind.CallReconciled => "Compared with the account's record",
        EntryKind.ReconciliationRun => "Comparison with the account's record",
        EntryKind.LimitReached => "Limit reached",
        EntryKind.EgressRefused => "Connection refused",
        EntryKind.EgressAllowed => "Connection let out",
        EntryKind.EgressSummary => "Connections of a launched session",
        EntryKind.PinHeld => "MCP definition held",
        EntryKind.PinAccepted => "MCP definition accepted",
        EntryKind.PinRejected => "MCP definition rejected",
        // A newer host may write kinds this portal does not know; their wire name is better than no name.
        _ => kind.WireName(),
    };

    public static string Tone(AuditDraft draft) => draft.Kind switch
    {
        EntryKind.ReviewOpened => "held",
        EntryKind.ReviewVerdict => draft.Result == "rejected" ? "refused" : "allow",
        EntryKind.ActionAdmitted => "allow",
        EntryKind.ActionRefused or EntryKind.ReviewExpired or EntryKind.Incident => "refused",
        EntryKind.OutcomeUnknown or EntryKind.ReviewVerdictIgnored or EntryKind.ClockJumped => "held",
        EntryKind.CallReconciled => draft.Result == "matched" ? "allow" : "held",
        EntryKind.LimitReached => draft.Result == "hard" ? "refused" : "held",
        EntryKind.EgressRefused => "refused",
        EntryKind.EgressAllowed => "held",
        EntryKind.EgressSummary => draft.Result == "none_let_out" ? "allow" : "held",
        EntryKind.MessageIntent or EntryKind.MessageOutcome or EntryKind.Access or EntryKind.ReconciliationRun or EntryKind.ReviewReach => "info",
        EntryKind.PinHeld => "held",
        EntryKind.PinAccepted => "allow",
        EntryKind.PinRejected => "refused",
        _ => "neutral",
    };

    /// <summary>A result's wire name in words; an unknown one as it is.</summary>
    public static string? Result(string? result) => result switch
    {
        null => null,
        "allow" => "allowed",
        "review" => "needs a review",
        "deny" => "refused",
        "approved_first" => "first of two approvals",
        "local_only" => "not in the account's record",
        "mismatch" => "counted differently",
        _ => result,
    };

    /// <summary>A person or agent without the prefix that says which.</summary>
    public static string Who(string actor) => actor.StartsWith("person:", StringComparison.Ordinal) ? actor["person:".Length..]
        : actor.StartsWith("agent:", StringComparison.Ordinal) ? actor["agent:".Length..] : actor;
}
