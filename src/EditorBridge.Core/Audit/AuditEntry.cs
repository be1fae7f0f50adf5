using System.Collections.Immutable;
using System.Text.Json.Nodes;

namespace EditorBridge.Audit;

/// <summary>What happened. The wire names (docs/audit-format.md) stand in <see cref="EntryKinds"/>; a number is never written.</summary>
public enum EntryKind
{
    HostStarted,
    HostStopped,
    /// <summary>A Messages request is about to leave for the account.</summary>
    MessageIntent,
    /// <summary>How that request ended: status, request id, tokens of all four kinds.</summary>
    MessageOutcome,
    /// <summary>An action reached the gate and was judged by policy.</summary>
    ActionDecided,
    /// <summary>A review was opened and waits for a person.</summary>
    ReviewOpened,
    /// <summary>What the account said about the reach of an action that waits for a person.</summary>
    ReviewReach,
    /// <summary>A person's verdict, valid and first.</summary>
    ReviewVerdict,
    /// <summary>A verdict that came after the review had ended, or from somebody who may not give it.</summary>
    ReviewVerdictIgnored,
    /// <summary>A review ended without a verdict: time ran out or the session ended.</summary>
    ReviewExpired,
    /// <summary>The gate's answer, written before it is given.</summary>
    ActionAdmitted,
    ActionRefused,
    /// <summary>What the door saw afterwards: a hook's PostToolUse, an MCP result.</summary>
    ActionOutcome,
    /// <summary>Something that should not happen: a bypass attempt, an unhooked session, a wrong token.</summary>
    Incident,
    /// <summary>Somebody looked at, revealed or exported records.</summary>
    Access,
    /// <summary>An intent found without an outcome after a restart.</summary>
    OutcomeUnknown,
    PolicyLoaded,
    /// <summary>A writer took the ledger: which ledger, which key signs, what the tail looked like. The first entry of every ledger.</summary>
    LedgerOpened,
    /// <summary>The writer let the ledger go in order.</summary>
    LedgerClosed,
    /// <summary>The wall clock moved against the monotonic one, or back behind the entry before.</summary>
    ClockJumped,
    /// <summary>Payload texts were dropped by policy; the facts say which entries.</summary>
    RetentionApplied,
    /// <summary>A legal hold keeps payloads from retention until it is released.</summary>
    HoldPlaced,
    HoldReleased,
    /// <summary>A person's "the same again in this session" is over: revoked, expired, or its session or policy is gone. It began with its verdict.</summary>
    GrantEnded,
    /// <summary>What the account's own record says of one call: matched, mismatch or local_only.</summary>
    CallReconciled,
    /// <summary>A comparison with the account's own record has ended; the facts hold its counts.</summary>
    ReconciliationRun,
    /// <summary>A budget or rate limit was reached: soft (noted) or hard (refused).</summary>
    LimitReached,
    /// <summary>A launched agent tried to reach a host other than ours and was not let out.</summary>
    EgressRefused,
    /// <summary>A launched agent is let out to a host the managed policy names; written before the connection.</summary>
    EgressAllowed,
    /// <summary>A launched agent has ended: how many connections elsewhere were refused and let out.</summary>
    EgressSummary,
    /// <summary>Something an MCP server offers is kept from clients until a person accepts it: it changed, came later, or holds text that speaks to the model.</summary>
    PinHeld,
    /// <summary>What an MCP server offers was accepted, by a person or at first use, and is held to this from now on.</summary>
    PinAccepted,
    /// <summary>A person refused what an MCP server offers.</summary>
    PinRejected,
}

/// <summary>A text kept beside the chain; the chain holds its digest, so the text can be dropped later and the chain still verifies.</summary>
/// <param name="Name">input, before, after, edited, request, response, …</param>
public sealed record AuditPayload(string Name, string MediaType, string Text);

/// <summary>An entry before the ledger has given it its place in the chain.</summary>
public sealed record AuditDraft
{
    public required EntryKind Kind { get; init; }
    /// <summary>Joins all entries of one request or one action: intent, decision, review, outcome. Unique per request or action.</summary>
    public required string CallId { get; init; }
    public string? SessionId { get; init; }
    /// <summary>Who: <c>agent:claude-code/2.1.330</c>, <c>person:alice</c>, <c>host</c>.</summary>
    public required string Actor { get; init; }
    /// <summary>hook, stream, mcp, openDiff, editor, proxy, portal, terminal.</summary>
    public string? Door { get; init; }
    public string? Tool { get; init; }
    public string? ToolUseId { get; init; }
    public string? Model { get; init; }
    /// <summary>What it is about, for lists: a path, a statement title, an object.</summary>
    public string? Subject { get; init; }
    /// <summary>allow, review, deny; approved, edited, rejected, expired; or null.</summary>
    public string? Result { get; init; }
    /// <summary>none, low, medium, high, critical; or null.</summary>
    public string? Severity { get; init; }
    /// <summary>Small facts particular to the kind; part of the chain, never dropped, never a secret. Documented per kind in docs/audit-format.md.</summary>
    public JsonObject? Facts { get; init; }
    public ImmutableArray<AuditPayload> Payloads { get; init; } = [];
}

/// <summary>An entry in its place in the chain.</summary>
public sealed record AuditEntry
{
    /// <summary>1, 2, 3, … without gaps.</summary>
    public required long Sequence { get; init; }
    public required DateTimeOffset At { get; init; }
    public required AuditDraft Draft { get; init; }
    /// <summary>SHA-256 of the entry before, all zero for the first.</summary>
    public required ImmutableArray<byte> PreviousHash { get; init; }
    /// <summary>SHA-256 over the canonical bytes, <see cref="PreviousHash"/> included.</summary>
    public required ImmutableArray<byte> Hash { get; init; }
    /// <summary>What the chain holds of the payloads. <see cref="AuditDraft.Payloads"/> holds texts only where they were asked for and still exist.</summary>
    public ImmutableArray<SealedPayload> Payloads { get; init; } = [];
}
