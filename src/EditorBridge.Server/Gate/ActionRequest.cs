using EditorBridge.Policy;
using EditorBridge.Review;

namespace EditorBridge.Gate;

/// <summary>One thing an agent wants to do, as a door hands it to the gate.</summary>
internal sealed record ActionRequest
{
    public required Door Door { get; init; }

    /// <summary>The tool's name as the agent calls it.</summary>
    public required string Tool { get; init; }

    /// <summary>The tool's input as canonical JSON (RFC 8785); its SHA-256 is what an approval is bound to.</summary>
    public required string Input { get; init; }

    /// <summary>Joins the doors one call passes. Unique within a session as far as the client keeps its ids unique.</summary>
    public string? ToolUseId { get; init; }

    public string? SessionId { get; init; }

    /// <summary>Who asks: <c>agent:claude-code/2.1.330</c>.</summary>
    public required string Actor { get; init; }

    /// <summary>The folder the agent works in.</summary>
    public string? Workspace { get; init; }

    /// <summary>The client's own permission mode (default, acceptEdits, bypassPermissions, …); recorded, never trusted.</summary>
    public string? PermissionMode { get; init; }

    public string? Model { get; init; }

    /// <summary>The client's own permission rules ask a person before this runs, so policy's allow alone does not answer it.</summary>
    public bool AsksPerson { get; init; }

    /// <summary>Called when a person is asked, with the question this call waits for: a new one, or one that was open already. Again when a reviewer's edit becomes a question of its own.</summary>
    public Action<ReviewItem>? Asked { get; init; }

    /// <summary>The door knows that a person has said of this tool that it only reads, or that the call carries nothing of the agent's.</summary>
    public bool KnownReadOnly { get; init; }

    /// <summary>Why the door knows that this may not run, for people and the model: what would be called is not what was accepted.</summary>
    public string? Held { get; init; }

    /// <summary>The action a review is about, with its input or an edited one.</summary>
    public static ActionRequest Of(ReviewItem item, string input) => new()
    {
        Door = item.Door,
        Tool = item.Tool,
        Input = input,
        ToolUseId = item.ToolUseId,
        SessionId = item.SessionId,
        Actor = item.Actor,
        Workspace = item.Workspace,
    };
}

internal enum AdmissionKind
{
    /// <summary>Run it as it was asked.</summary>
    Released,
    /// <summary>Run it with the input a reviewer wrote.</summary>
    ReleasedEdited,
    Refused,
}

/// <summary>The gate's answer. When it is given, its entry is durable.</summary>
/// <param name="Input">Canonical JSON of the input that may run; with <see cref="AdmissionKind.Refused"/> the one that may not.</param>
/// <param name="Reason">For the model and for people: who decided and why.</param>
/// <param name="Person">Who gave the verdict; null when policy alone decided.</param>
internal sealed record Admission(AdmissionKind Kind, string CallId, string Input, string Reason, string? Person)
{
    public bool IsReleased => Kind != AdmissionKind.Refused;

    /// <summary>What policy asks of whoever runs the action: the MCP door keeps the row limit and the EXPLAIN before the run.</summary>
    public Obligations Obligations { get; init; } = Obligations.None;

    /// <summary>The exact action this holds for; null where nothing is released.</summary>
    public ActionBinding? Binding { get; init; }

    /// <summary>When a person's approval that was not used lapses; null where policy alone decided.</summary>
    public DateTimeOffset? ValidUntil { get; init; }

    /// <summary>The folder whose policy decided.</summary>
    public string? Workspace { get; init; }

    /// <summary>The session grant it was released under.</summary>
    public string? SessionGrant { get; init; }
}
