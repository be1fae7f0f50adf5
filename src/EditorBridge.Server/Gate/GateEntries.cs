using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using EditorBridge.Audit;
using EditorBridge.Policy;
using EditorBridge.Review;
using EditorBridge.Sql;

namespace EditorBridge.Gate;

/// <summary>The shapes of the gate's entries, written here and read back here and in the portal. Described in docs/audit-format.md.</summary>
internal static class GateEntries
{
    /// <summary>Results of verdicts, which are read back after a restart.</summary>
    public const string Approved = "approved";
    public const string ApprovedFirst = "approved_first";
    public const string Edited = "edited";

    private const string Json = "application/json";
    private const string Text = "text/plain";

    public static readonly JsonSerializerOptions Wire = new(JsonSerializerDefaults.Web)
    {
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    };

    public static AuditDraft Opened(ReviewItem item) => Of(EntryKind.ReviewOpened, item) with
    {
        Result = "review",
        Facts = new JsonObject
        {
            ["reviewId"] = item.Id,
            ["expiresAt"] = item.ExpiresAt.ToString("O"),
            ["title"] = item.Title,
            ["summary"] = item.Decision.Summary,
            ["rules"] = JsonSerializer.SerializeToNode(item.Decision.Rules, Wire),
            ["obligations"] = JsonSerializer.SerializeToNode(item.Decision.Obligations, Wire),
            ["policyVersion"] = item.Decision.PolicyVersion,
            ["severity"] = Wirename(item.Severity),
            ["class"] = item.Class is { } known ? Wirename(known) : null,
            ["inputDigest"] = item.InputDigest,
            ["askedDigest"] = item.AskedDigest,
            ["requester"] = item.Requester,
            ["workspace"] = item.Workspace,
            ["account"] = item.Account,
            ["role"] = item.Role,
            ["warehouse"] = item.Warehouse,
            ["file"] = item.FilePath,
            ["fileDigest"] = item.FileDigest,
            ["revisionOf"] = item.RevisionOf,
            ["editedBy"] = item.EditedBy,
            ["sessionScope"] = item.SessionScope is { } scope ? JsonSerializer.SerializeToNode(scope, Wire) : null,
            ["path"] = item.Change?.Path,
            ["newFile"] = item.Change is { Before: null },
            ["complete"] = item.Change?.Complete ?? true,
            ["editableProperty"] = item.EditableProperty,
        },
        Payloads = Payloads(
            ("input", Json, item.Input),
            ("before", Text, item.Change?.Before),
            ("after", Text, item.Change?.After),
            ("proposed", Text, item.Proposed),
            ("findings", Json, JsonSerializer.Serialize(item.Findings, Wire)),
            ("objects", Json, JsonSerializer.Serialize(item.Objects, Wire)),
            ("columns", Json, JsonSerializer.Serialize(item.Columns, Wire)),
            ("prompt", Text, item.Prompt)),
    };

    /// <summary>What was read from the account about a waiting review, as its reviewers see it.</summary>
    public static AuditDraft Reached(ReviewItem item, Reach reach) => Of(EntryKind.ReviewReach, item) with
    {
        Actor = "host",
        Result = reach.Problem is null ? "read" : "partly",
        Facts = new JsonObject
        {
            ["reviewId"] = item.Id,
            ["account"] = reach.Account,
            ["role"] = reach.Role,
            ["questions"] = reach.Statements.Sum(statement => statement.Answers.Length),
            ["answered"] = reach.Statements.Sum(statement => statement.Answers.Count(answer => answer.Outcome is ReachOutcome.Answered or ReachOutcome.NotFound)),
            ["problem"] = reach.Problem,
        },
        Payloads = Payloads(("reach", Json, JsonSerializer.Serialize(reach, Wire))),
    };

    /// <param name="grant">The session grant the verdict gives, which begins when this entry is durable.</param>
    public static AuditDraft Verdict(ReviewItem item, Verdict verdict, SessionGrant? grant = null) => Of(EntryKind.ReviewVerdict, item) with
    {
        Actor = "person:" + verdict.Person,
        Result = verdict.Kind switch
        {
            VerdictKind.Approve => Approved,
            VerdictKind.ApproveEdited => Edited,
            VerdictKind.Reject => "rejected",
            _ => throw new ArgumentOutOfRangeException(nameof(verdict), verdict.Kind, "A verdict without a wire name."),
        },
        Facts = Reasoned(item.Id, verdict,
            ("inputDigest", item.InputDigest), ("openedAt", item.OpenedAt.ToString("O")), ("editedDigest", DigestOf(verdict.EditedText)),
            ("sessionGrant", grant?.Id), ("sessionGrantUntil", grant?.ExpiresAt.ToString("O")), ("sessionGrantFor", grant?.Scope.Same)),
        Payloads = Payloads(("edited", Text, verdict.EditedText)),
    };

    public static AuditDraft FirstApproval(ReviewItem item, Verdict verdict) => Verdict(item, verdict) with
    {
        Result = ApprovedFirst,
    };

    /// <summary>A reviewer's own text that goes on as a review of its own: this one is over and releases nothing.</summary>
    public static AuditDraft Superseded(ReviewItem item, Verdict verdict, ReviewItem own)
    {
        var draft = Verdict(item, verdict);
        draft.Facts!["continuedIn"] = own.Id;
        return draft;
    }

    /// <summary>Shows whether a text that comes back from the ledger is the one that went in: secrets in it were taken out.</summary>
    public static string? DigestOf(string? text) => text is null ? null : Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(text)));

    public static AuditDraft Ignored(string reviewId, ReviewItem? item, Verdict verdict, VerdictResult why) =>
        (item is null ? new AuditDraft { Kind = EntryKind.ReviewVerdictIgnored, CallId = reviewId, Actor = "" } : Of(EntryKind.ReviewVerdictIgnored, item)) with
        {
            Actor = "person:" + verdict.Person,
            Result = JsonNamingPolicy.CamelCase.ConvertName(why.ToString()),
            Facts = Reasoned(reviewId, verdict, ("wanted", JsonNamingPolicy.CamelCase.ConvertName(verdict.Kind.ToString()))),
        };

    public static AuditDraft Expired(ReviewItem item) => Of(EntryKind.ReviewExpired, item) with
    {
        Actor = "host",
        Result = "expired",
        Facts = new JsonObject { ["reviewId"] = item.Id },
    };

    /// <summary>The gate's answer. Written before the answer is given.</summary>
    /// <param name="tags">The governance tags it was decided with; null when no rule asked for them.</param>
    public static AuditDraft Answered(ActionRequest request, Admission admission, Decision? decision, ReviewItem? review, Severity severity, string subject, StatementClass? statementClass,
        ImmutableDictionary<string, ImmutableArray<string>>? tags = null) => new()
    {
        Kind = admission.IsReleased ? EntryKind.ActionAdmitted : EntryKind.ActionRefused,
        CallId = admission.CallId,
        SessionId = request.SessionId,
        Actor = request.Actor,
        Door = Wirename(request.Door),
        Tool = request.Tool,
        ToolUseId = request.ToolUseId,
        Model = request.Model,
        Subject = subject,
        Severity = Wirename(severity),
        Result = admission.Kind switch
        {
            AdmissionKind.Released => "allow",
            AdmissionKind.ReleasedEdited => "edited",
            AdmissionKind.Refused => "deny",
            _ => throw new ArgumentOutOfRangeException(nameof(admission), admission.Kind, "An admission without a wire name."),
        },
        Facts = new JsonObject
        {
            ["reason"] = admission.Reason,
            ["class"] = statementClass is { } known ? Wirename(known) : null,
            ["person"] = admission.Person,
            ["reviewId"] = review?.Id,
            ["sessionGrant"] = admission.SessionGrant,
            ["account"] = admission.Binding?.Account,
            ["role"] = admission.Binding?.Role,
            ["warehouse"] = admission.Binding?.Warehouse,
            ["file"] = admission.Binding?.FilePath,
            ["fileDigest"] = admission.Binding?.FileDigest,
            ["inputDigest"] = CanonicalJson.Digest(admission.Input),
            ["permissionMode"] = request.PermissionMode,
            ["workspace"] = request.Workspace,
            ["effect"] = decision is null ? null : Wirename(decision.Effect),
            ["rules"] = decision is null ? null : JsonSerializer.SerializeToNode(decision.Rules, Wire),
            ["policyVersion"] = decision?.PolicyVersion,
            ["tags"] = tags is null ? null : JsonSerializer.SerializeToNode(tags, Wire),
        },
        // After a review the input stands in the review's own entry; only an edited one is new.
        Payloads = Payloads(("input", Json, review is null || admission.Kind == AdmissionKind.ReleasedEdited ? admission.Input : null)),
    };

    public static AuditDraft Incident(string callId, string? sessionId, string actor, string kind, string message, JsonObject? facts = null)
    {
        facts ??= [];
        facts["incident"] = kind;
        facts["message"] = message;
        return new() { Kind = EntryKind.Incident, CallId = callId, SessionId = sessionId, Actor = actor, Subject = message, Result = kind, Severity = "high", Facts = facts };
    }

    public static string Wirename<T>(T value) where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    public static T Parse<T>(string? wirename) where T : struct, Enum => Enum.TryParse<T>(wirename, ignoreCase: true, out var value) ? value : default;

    private static AuditDraft Of(EntryKind kind, ReviewItem item) => new()
    {
        Kind = kind,
        CallId = item.CallId,
        SessionId = item.SessionId,
        Actor = item.Actor,
        Door = Wirename(item.Door),
        Tool = item.Tool,
        ToolUseId = item.ToolUseId,
        Subject = item.Title,
        Severity = Wirename(item.Severity),
    };

    private static JsonObject Reasoned(string reviewId, Verdict verdict, params (string Name, string? Value)[] more)
    {
        var facts = new JsonObject
        {
            ["reviewId"] = reviewId,
            ["person"] = verdict.Person,
            ["surface"] = verdict.Surface,
            ["reason"] = verdict.Reason,
        };
        foreach (var (name, value) in more)
            if (value is not null) facts[name] = value;
        return facts;
    }

    private static ImmutableArray<AuditPayload> Payloads(params (string Name, string MediaType, string? Text)[] payloads) =>
        [.. payloads.Where(p => p.Text is not null).Select(p => new AuditPayload(p.Name, p.MediaType, p.Text!))];
}
