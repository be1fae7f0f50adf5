using EditorBridge.Review;

namespace EditorBridge.Gate;

/// <summary>What the gate says of a reviewer's own text: it may run under the review it was written in, it needs a review of its own, or it cannot be.</summary>
/// <param name="Problem">For the reviewer; nothing was decided.</param>
/// <param name="Review">The review it needs.</param>
internal sealed record EditJudgement(string? Problem, ReviewItem? Review)
{
    public static readonly EditJudgement Fits = new(null, null);

    public static EditJudgement Impossible(string problem) => new(problem, null);

    public static EditJudgement Anew(ReviewItem review) => new(null, review);
}
