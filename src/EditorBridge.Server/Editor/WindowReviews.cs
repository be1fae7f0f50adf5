using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Policy;
using EditorBridge.Review;
using StreamJsonRpc;

namespace EditorBridge.Editor;

/// <summary>
/// The editor's door: a person asks for a review of a change of their own, a file or what Git says of it. It goes to the same gate as what agents ask, with the same
/// findings, rules and count of people, and its end is an entry; there is nothing it would release.
/// </summary>
internal sealed class WindowReviews(EditorWindow window, ActionGate gate, ReviewDesk desk)
{
    /// <summary>How the gate, policy and the ledger name what is asked here. Policy judges it as the write it is.</summary>
    public const string Tool = "Review";

    private const int LongestText = 4 * 1024 * 1024;

    /// <summary>Asks and waits. A cancelled request takes the question back; a window that closes leaves it open.</summary>
    [JsonRpcMethod(EditorMethods.AskReview, UseSingleObjectParameterDeserialization = true)]
    public async Task<AskReviewResult> AskAsync(AskReviewParams asked, CancellationToken cancellationToken)
    {
        window.RequireIntroduction();
        if (!Path.IsPathFullyQualified(asked.Path)) throw EditorWire.Error(EditorErrors.Refused, "A review is asked for a file with an absolute path. Nothing was asked.");
        if (asked.After.Length + (asked.Before?.Length ?? 0) > LongestText) throw EditorWire.Error(EditorErrors.Refused, "This file is longer than a person can review (4 MiB). Nothing was asked.");
        var input = new JsonObject { ["file_path"] = asked.Path, ["before"] = asked.Before, ["content"] = asked.After };
        if (!CanonicalJson.TryCanonicalize(input.ToJsonString(), out var canonical, out var problem)) throw EditorWire.Error(EditorErrors.Refused, $"This text has no canonical form ({problem}). Nothing was asked.");

        ReviewItem? open = null;
        var request = new ActionRequest
        {
            Door = Door.Editor,
            Tool = Tool,
            Input = canonical,
            Actor = "person:" + Environment.UserName,
            Workspace = window.Folders.FirstOrDefault(folder => ReviewRouting.IsWithin(asked.Path, folder)),
            AsksPerson = true,
            Asked = item => Volatile.Write(ref open, item),
        };
        using var takenBack = cancellationToken.Register(() =>
        {
            if (Volatile.Read(ref open) is { } item) desk.Withdraw(item.Id);
        });
        var admission = await gate.AdmitAsync(request, CancellationToken.None);
        return new AskReviewResult(admission.IsReleased, admission.Reason);
    }
}
