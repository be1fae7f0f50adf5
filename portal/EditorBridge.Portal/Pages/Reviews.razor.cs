using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Pages;

/// <summary>The queue. What one reads stays where it is: new reviews join the list, and a review that others decide says so in place.</summary>
public sealed partial class Reviews
{
    private CallStory? _story;
    private ReviewQuestion? _question;
    private ReviewReach? _reach;
    private string? _outcome;
    private bool _outcomeGood;

    [Parameter] public string? CallId { get; set; }

    // Until the page has loaded it is not known what waits.
    private string Lead => !Loaded ? "" : Queue.Pending.Length switch
    {
        0 => T["nothing waits"],
        1 => T["one waits"],
        var many => T["{0} wait", many],
    };

    protected override async Task LoadAsync(CancellationToken cancellationToken)
    {
        await Queue.ReadAsync(cancellationToken);
        var callId = CallId ?? _story?.Call.CallId ?? Queue.Pending.FirstOrDefault()?.CallId;
        if (callId is null)
        {
            await NoteAsync(AccessAction.View, "/reviews");
            return;
        }

        _story = await Window.StoryAsync(callId, cancellationToken);
        if (_story?.Review is not { } opened)
        {
            (_story, _question, _reach) = (null, null, null);
            return;
        }

        if (_question?.CallId != callId || _question.OpenedAt != opened.At)
        {
            var texts = Viewer.May(PortalRight.ReadChanges)
                ? await Window.ChangesAsync(Viewer, _story, cancellationToken)
                : [];
            var named = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (sequence, payload) in texts.Where(text => text.Sequence == opened.Sequence)) named.TryAdd(payload.Name, payload.Text);
            _question = ReviewQuestion.From(opened, named);
            _reach = null;
            await NoteAsync(AccessAction.View, $"/reviews/{callId}", callId);
        }

        if (_story.Reach is { } reached && _reach?.ReadAt != reached.At && Viewer.May(PortalRight.ReadChanges))
            _reach = ReviewReach.From(reached, await Window.ReachAsync(Viewer, reached, cancellationToken));

        (_outcome, _outcomeGood) = OutcomeOf(_story);
    }

    private (string? Outcome, bool Good) OutcomeOf(CallStory story)
    {
        if (story.Call.State == CallState.Pending) return (null, false);
        var who = story.Call.Reviewer?.Replace("person:", "", StringComparison.Ordinal);
        var reason = story.Reason is { } given ? " " + T["Reason: {0}", given] : "";
        return story.Call.State switch
        {
            CallState.Approved or CallState.Allowed => (T["Approved by {0}.", who ?? "?"] + reason, true),
            CallState.Edited => (T["Approved with an edit by {0}.", who ?? "?"] + reason, true),
            CallState.Rejected => (T["Rejected by {0}.", who ?? "?"] + reason, false),
            CallState.Expired => (T["Time ran out, so it was refused."], false),
            CallState.Unknown => (T["The host stopped before this was decided. Nothing ran."], false),
            _ => (T["This review is over."] + reason, false),
        };
    }
}
