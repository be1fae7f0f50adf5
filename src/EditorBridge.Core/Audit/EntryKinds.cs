namespace EditorBridge.Audit;

/// <summary>The one place where entry kinds have their wire names.</summary>
public static class EntryKinds
{
    private static readonly Dictionary<string, EntryKind> ByName =
        Enum.GetValues<EntryKind>().ToDictionary(WireName, StringComparer.Ordinal);

    public static string WireName(this EntryKind kind) => kind switch
    {
        EntryKind.HostStarted => "host.started",
        EntryKind.HostStopped => "host.stopped",
        EntryKind.MessageIntent => "message.intent",
        EntryKind.MessageOutcome => "message.outcome",
        EntryKind.ActionDecided => "action.decided",
        EntryKind.ReviewOpened => "review.opened",
        EntryKind.ReviewReach => "review.reach",
        EntryKind.ReviewVerdict => "review.verdict",
        EntryKind.ReviewVerdictIgnored => "review.verdict_ignored",
        EntryKind.ReviewExpired => "review.expired",
        EntryKind.ActionAdmitted => "action.admitted",
        EntryKind.ActionRefused => "action.refused",
        EntryKind.ActionOutcome => "action.outcome",
        EntryKind.Incident => "incident",
        EntryKind.Access => "access",
        EntryKind.OutcomeUnknown => "outcome.unknown",
        EntryKind.PolicyLoaded => "policy.loaded",
        EntryKind.LedgerOpened => "ledger.opened",
        EntryKind.LedgerClosed => "ledger.closed",
        EntryKind.ClockJumped => "clock.jumped",
        EntryKind.RetentionApplied => "retention.applied",
        EntryKind.HoldPlaced => "hold.placed",
        EntryKind.HoldReleased => "hold.released",
        EntryKind.GrantEnded => "grant.ended",
        EntryKind.CallReconciled => "call.reconciled",
        EntryKind.ReconciliationRun => "reconciliation.run",
        EntryKind.LimitReached => "limit.reached",
        EntryKind.EgressRefused => "egress.refused",
        EntryKind.EgressAllowed => "egress.allowed",
        EntryKind.EgressSummary => "egress.summary",
        EntryKind.PinHeld => "pin.held",
        EntryKind.PinAccepted => "pin.accepted",
        EntryKind.PinRejected => "pin.rejected",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "An entry kind without a wire name."),
    };

    public static bool TryParse(string wireName, out EntryKind kind) => ByName.TryGetValue(wireName, out kind);
}
