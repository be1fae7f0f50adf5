using System.Collections.Immutable;
using EditorBridge.Policy;
using EditorBridge.Sql;

namespace EditorBridge.Review;

/// <summary>A file as it is and as the agent wants it.</summary>
/// <param name="Before">Null when the file does not exist yet.</param>
/// <param name="Complete">False when the new text could not be worked out (an Edit whose old text is not in the file): the diff then shows the proposed fragment only.</param>
public sealed record FileChange(string Path, string? Before, string After, bool Complete);

/// <summary>Something a reviewer should look at, at its place in the proposed text.</summary>
/// <param name="Start">Zero-based offset into the proposed text, -1 when it has no place there.</param>
public sealed record Finding(string RuleId, Severity Severity, string Message, int Start, int Length);

/// <summary>A question to a person: may this action run? Everything a surface needs to show it; strings an agent wrote are data, never markup.</summary>
public sealed record ReviewItem
{
    public required string Id { get; init; }
    public required string CallId { get; init; }
    public required DateTimeOffset OpenedAt { get; init; }
    public required DateTimeOffset ExpiresAt { get; init; }
    public required Door Door { get; init; }
    public required string Tool { get; init; }
    public string? ToolUseId { get; init; }
    public string? SessionId { get; init; }
    public required string Actor { get; init; }

    /// <summary>The person the agent works for: the one who cannot be the second of two.</summary>
    public required string Requester { get; init; }
    public string? Workspace { get; init; }
    /// <summary>One line for lists: "Write models/orders.sql: DROP TABLE RAW.ORDERS".</summary>
    public required string Title { get; init; }
    public required Decision Decision { get; init; }
    public required Severity Severity { get; init; }

    /// <summary>The account, role and warehouse it would run under; null when not known.</summary>
    public string? Account { get; init; }
    public string? Role { get; init; }
    public string? Warehouse { get; init; }

    /// <summary>What the person last asked of the agent in this session; null when it was not seen.</summary>
    public string? Prompt { get; init; }

    /// <summary>The class of the statement that matters most; null where there is no SQL.</summary>
    public StatementClass? Class { get; init; }

    /// <summary>The canonical (RFC 8785) JSON of the tool's input; the approval is bound to its SHA-256.</summary>
    public required string Input { get; init; }
    public required string InputDigest { get; init; }

    /// <summary>The file it would change, absolute; null when it changes none.</summary>
    public string? FilePath { get; init; }

    /// <summary>Lower-case hex SHA-256 of that file's bytes when the question was asked, <c>absent</c> when there was none; null without a file.</summary>
    public string? FileDigest { get; init; }
    public FileChange? Change { get; init; }
    /// <summary>The text a reviewer may edit when there is no file: a command, a statement.</summary>
    public string? Proposed { get; init; }
    /// <summary>Name of the input property that <see cref="Proposed"/> or <see cref="Change"/> comes from and an edit goes back into; null when an edit is not possible.</summary>
    public string? EditableProperty { get; init; }
    public ImmutableArray<Finding> Findings { get; init; } = [];
    public ImmutableArray<SqlObject> Objects { get; init; } = [];
    public ImmutableArray<string> Columns { get; init; } = [];

    /// <summary>What "the same again" would mean in this session; null when that is not offered.</summary>
    public SessionScope? SessionScope { get; init; }

    /// <summary>The review whose edited text this one is about: the edit was riskier than what had been proposed.</summary>
    public string? RevisionOf { get; init; }

    /// <summary>Who wrote that text; like the requester, they cannot be the second of two.</summary>
    public string? EditedBy { get; init; }

    /// <summary>Digest of the input the agent sent, where <see cref="Input"/> is a reviewer's; the same call asked again is found by it.</summary>
    public string? AskedDigest { get; init; }

    /// <summary>What the account says about the reach of it; null until it was read, and when there is nothing to read.</summary>
    public Reach? Reach { get; init; }

    /// <summary>What an approval holds for.</summary>
    public ActionBinding Binding => new(Tool, InputDigest, FilePath, FileDigest, Account, Role, Warehouse, Decision.PolicyVersion);

    /// <summary>Whether the agent asks for the same as here: a retry, a re-prompt, the non-streaming fallback. The file may have changed since; that voids an approval, not the question.</summary>
    public bool IsAskedBy(ReviewItem again) =>
        SessionId == again.SessionId && Tool == again.Tool && (AskedDigest ?? InputDigest) == again.InputDigest
        && (Account, Role, Warehouse, Decision.PolicyVersion) == (again.Account, again.Role, again.Warehouse, again.Decision.PolicyVersion);
}

public enum VerdictKind
{
    Approve,
    ApproveEdited,
    Reject,
}

/// <summary>What a person said.</summary>
/// <param name="Surface">editor, portal, terminal, elicitation.</param>
/// <param name="EditedText">The whole text instead of the proposed one, with <see cref="VerdictKind.ApproveEdited"/>.</param>
/// <param name="AgainForSession">Allow the same again in this session, with <see cref="VerdictKind.Approve"/> and where <see cref="ReviewItem.SessionScope"/> is offered.</param>
public sealed record Verdict(VerdictKind Kind, string Person, string Surface, string? Reason, string? EditedText, bool AgainForSession = false);

/// <summary>What became of a verdict.</summary>
public enum VerdictResult
{
    Accepted,
    /// <summary>Somebody else was first, or time had run out; recorded as late.</summary>
    Late,
    UnknownReview,
    ReasonRequired,
    /// <summary>The requester, or somebody who has already approved, cannot be the second person.</summary>
    NotThisPerson,
    /// <summary>First of two approvals recorded; a second person is needed.</summary>
    SecondPersonNeeded,
    /// <summary>The edited text is riskier than what was proposed: it has become a review of its own, and this one ended without releasing anything.</summary>
    EditRaisesRisk,
    NotEditable,
    /// <summary>"The same again in this session" is not offered for this action.</summary>
    NotForSession,
}

/// <summary>Where a review stands.</summary>
public enum ReviewState
{
    Pending,
    Approved,
    Edited,
    Rejected,
    /// <summary>Nobody answered in time, which counts as a rejection.</summary>
    Expired,
    /// <summary>The agent's client took the question back: a person answered it in the client itself.</summary>
    Withdrawn,
}
