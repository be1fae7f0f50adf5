using System.Text.Json.Serialization;
using EditorBridge.Review;

namespace EditorBridge.Portal.Host;

/// <summary>The host's address as it stands in <c>host.json</c>; the portal needs only the URL.</summary>
public sealed record HostAddress(string Url);

/// <summary>Body of <c>POST /bridge/reviews/{id}/verdict</c>.</summary>
public sealed record VerdictBody(string Kind, string Person, string? Reason, string? Text, bool AgainForSession);

/// <summary>A session grant, as <c>GET /bridge/grants</c> lists it.</summary>
public sealed record GrantBody(string Id, string Title, string Same, string GivenBy, string SessionId, int Uses, DateTimeOffset GivenAt, DateTimeOffset ExpiresAt);

public sealed record GrantsReply(GrantBody[] Grants);

/// <summary>Body of <c>POST /bridge/grants/{id}/revoke</c>.</summary>
public sealed record RevokeBody(string Person);

/// <summary>Answer of <c>GET /bridge/mcp/pins</c>: what MCP servers offer, as it stands.</summary>
/// <param name="Problem">Why nothing can be compared, so that everything is held; null when it can.</param>
public sealed record PinsReply(ServerPinsBody[] Servers, string? Problem);

/// <param name="Pinned">False: the configuration trusts whatever the server offers.</param>
/// <param name="Listed">False: the server has listed nothing since the host runs.</param>
/// <param name="Starts">What would run, with the program a bare name leads to; null where nobody here has to accept it.</param>
/// <param name="Instructions">What the server says of itself; null when it says nothing.</param>
public sealed record ServerPinsBody(string Server, string Target, bool Pinned, bool Listed, PinBody[] Definitions, string? Starts = null, InstructionsBody? Instructions = null);

/// <param name="Text">As far as clients would be told it.</param>
/// <param name="Withheld">Why they are not; null when they are.</param>
public sealed record InstructionsBody(string Text, string? Withheld);

/// <param name="State">accepted, held, rejected, gone.</param>
/// <param name="Reason">Why it is held; <c>instructions</c> when only what the server says of itself changed.</param>
/// <param name="Before">What was accepted, a member a line; null when nothing was.</param>
public sealed record PinBody(
    string Kind, string Name, string State, string? Reason, string? Headline, string Fingerprint, string? By, DateTimeOffset? Since, PinFindingBody[] Findings, string? Before, string? After);

public sealed record PinFindingBody(string Id, string Severity, string Message, string Place);

/// <summary>Body of <c>POST /bridge/mcp/pins/decision</c>.</summary>
public sealed record PinDecisionBody(string Person, PinDecision Decision);

public sealed record PinDecision(string Server, PinChoice[] Definitions, bool Accept, string? Reason);

/// <param name="Fingerprint">Of what was shown: what has changed since is not decided.</param>
public sealed record PinChoice(string Kind, string Name, string Fingerprint);

/// <param name="Result">accepted, rejected, or why not.</param>
public sealed record PinReply(string Result, string Message);

/// <summary>Its answer. <paramref name="Result"/> is the wire name of <see cref="VerdictResult"/>.</summary>
public sealed record VerdictReply(string Result, string Message);

/// <summary>Answer of <c>GET /bridge/status</c>.</summary>
/// <param name="Problem">Why records cannot be taken; null while they can.</param>
public sealed record StatusReply(string Version, bool Recording, string? Problem);

/// <summary>What somebody did with records.</summary>
public enum AccessAction
{
    View,
    Search,
    Reveal,
    Export,
    Verify,
    /// <summary>Came in by a link or with the organisation's sign-in.</summary>
    SignIn,
    /// <summary>The provider vouched for them, and no role is theirs.</summary>
    SignInRefused,
}

/// <summary>Body of <c>POST /bridge/records</c>: becomes an <c>access</c> entry.</summary>
/// <param name="Kind">The wire name of an <see cref="AccessAction"/>.</param>
/// <param name="What">The page or file: <c>/calls/…</c>, <c>calls.csv</c>.</param>
public sealed record AccessBody(string Kind, string Person, string Role, string What, string? Reason, string? CallId, AccessDetail? Detail);

/// <summary>What narrows an access down.</summary>
/// <param name="Payload">Name of the payload that was revealed.</param>
/// <param name="Query">The search or filter, as its URL has it.</param>
/// <param name="Count">How many entries an export holds.</param>
/// <param name="Digest">SHA-256 of an exported file, lower-case hex.</param>
public sealed record AccessDetail(string? Payload = null, string? Query = null, long? Count = null, string? Digest = null);

/// <summary>Body of <c>POST /bridge/evidence</c>: the host makes a signed pack of this window and sends it back as a zip.</summary>
public sealed record EvidenceBody(DateTimeOffset From, DateTimeOffset To, string Person, string Role, string Reason, bool Payloads);

/// <summary>Body of <c>POST /bridge/reconciliation</c>: the host compares the ledger with the account's own record, or with what was exported from it.</summary>
/// <param name="User">Only this user's calls; null for the one the host is signed in as.</param>
/// <param name="Role">A role that may read the account's record; null for the default one.</param>
public sealed record ComparisonBody(
    DateTimeOffset From, DateTimeOffset To, string Person, string Surface, string? User, bool Everybody, string? Role, IReadOnlyList<ComparisonFile> Files);

/// <param name="ExportedAt">When it was exported; null when nobody said.</param>
public sealed record ComparisonFile(string Name, string Text, DateTimeOffset? ExportedAt);

/// <summary>One line of its answer: a step on the way, the report at the end, or why there is none.</summary>
public sealed record ComparisonLine(string? Step, ComparisonReport? Report, string? Problem);

/// <summary>What the page needs of a report; the findings are read from the ledger.</summary>
public sealed record ComparisonReport(string RunId, bool Agrees);

/// <summary>Answer of <c>GET /bridge/budgets</c>.</summary>
/// <param name="Problem">Why the counts are not known; null when they are.</param>
public sealed record BudgetsReply(System.Collections.Immutable.ImmutableArray<BudgetLimit> Limits, string? Problem);

/// <summary>A limit and what is used of it. <paramref name="Count"/> is requests, tokens, output-tokens or dollars (estimated).</summary>
/// <param name="Key">The session, project or model; empty for a limit of the user.</param>
public sealed record BudgetLimit(
    string Name, string Per, string Within, string Count, string Key, decimal Used, decimal? Soft, decimal? Hard, bool SoftReached, bool HardReached, DateTimeOffset RenewsAt);

/// <summary>Answer of <c>GET /bridge/policy</c>: the rules in force, the strongest layer first.</summary>
/// <param name="Version">Null when a policy file is broken: then nothing is released.</param>
public sealed record PolicyReply(string? Version, string[] Problems, string[] Files, RuleReply[] Rules);

/// <param name="Layer">The name of a <see cref="Policy.PolicyLayer"/>.</param>
/// <param name="Effect">The name of an <see cref="Sql.Effect"/>.</param>
public sealed record RuleReply(string Id, string Layer, string Effect, bool AsAnalysed, bool Locked, string Description, string[] Relaxes);

/// <summary>Body of <c>POST /bridge/policy/simulate</c>.</summary>
public sealed record SimulateBody(string Layer, string Text, DateTimeOffset From, DateTimeOffset To);

/// <summary>Its answer.</summary>
/// <param name="Understood">False when the text is no policy.</param>
/// <param name="Limited">True when there was more history than was replayed.</param>
public sealed record SimulateReply(string[] Problems, bool Understood, int Replayed, int NotReplayed, bool Limited, ChangeReply[] Changes);

/// <summary>A recorded action that the changed policy would decide differently.</summary>
public sealed record ChangeReply(long Sequence, string CallId, DateTimeOffset At, string? Tool, string? Subject, string Was, string WouldBe, string? Result, string Summary, string[] Rules);

/// <summary>Answer of <c>GET</c> and <c>POST /bridge/account</c>: what the host found when it last looked at the account.</summary>
/// <param name="At">Null when it has not looked yet.</param>
/// <param name="SignIn">How the host is signed in, in words.</param>
public sealed record AccountReply(DateTimeOffset? At, string SignIn, System.Collections.Immutable.ImmutableArray<AccountFindingBody> Findings);

/// <param name="Level">good, note, warning or broken.</param>
/// <param name="Topic">What it is about, such as tokenExpiry.</param>
/// <param name="Fix">SQL or a command that mends it.</param>
public sealed record AccountFindingBody(string Level, string Topic, string What, string? Fix)
{
    /// <summary>Stops the work, or will soon.</summary>
    public bool IsPressing => Level == "broken" || (Level == "warning" && Topic == "tokenExpiry");
}

public static class HostWire
{
    public static string WireName(this VerdictKind kind) => kind switch
    {
        VerdictKind.Approve => "approve",
        VerdictKind.ApproveEdited => "approveEdited",
        VerdictKind.Reject => "reject",
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A verdict without a wire name."),
    };

    public static string WireName(this AccessAction action) => action switch
    {
        AccessAction.View => "view",
        AccessAction.Search => "search",
        AccessAction.Reveal => "reveal",
        AccessAction.Export => "export",
        AccessAction.Verify => "verify",
        AccessAction.SignIn => "signIn",
        AccessAction.SignInRefused => "signInRefused",
        _ => throw new ArgumentOutOfRangeException(nameof(action), action, "An access action without a wire name."),
    };

    /// <summary>Null for a result this version does not know.</summary>
    public static VerdictResult? ParseResult(string wireName) => wireName switch
    {
        "accepted" => VerdictResult.Accepted,
        "late" => VerdictResult.Late,
        "unknownReview" => VerdictResult.UnknownReview,
        "reasonRequired" => VerdictResult.ReasonRequired,
        "notThisPerson" => VerdictResult.NotThisPerson,
        "secondPersonNeeded" => VerdictResult.SecondPersonNeeded,
        "editRaisesRisk" => VerdictResult.EditRaisesRisk,
        "notEditable" => VerdictResult.NotEditable,
        "notForSession" => VerdictResult.NotForSession,
        _ => null,
    };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase, PropertyNameCaseInsensitive = true,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(HostAddress))]
[JsonSerializable(typeof(VerdictBody))]
[JsonSerializable(typeof(VerdictReply))]
[JsonSerializable(typeof(GrantsReply))]
[JsonSerializable(typeof(PinsReply))]
[JsonSerializable(typeof(PinDecisionBody))]
[JsonSerializable(typeof(PinReply))]
[JsonSerializable(typeof(RevokeBody))]
[JsonSerializable(typeof(AccessBody))]
[JsonSerializable(typeof(StatusReply))]
[JsonSerializable(typeof(EvidenceBody))]
[JsonSerializable(typeof(BudgetsReply))]
[JsonSerializable(typeof(AccountReply))]
[JsonSerializable(typeof(ComparisonBody))]
[JsonSerializable(typeof(ComparisonLine))]
[JsonSerializable(typeof(PolicyReply))]
[JsonSerializable(typeof(SimulateBody))]
[JsonSerializable(typeof(SimulateReply))]
internal sealed partial class HostJson : JsonSerializerContext;
