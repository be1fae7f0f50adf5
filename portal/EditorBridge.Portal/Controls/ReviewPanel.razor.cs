using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using EditorBridge.Review;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Controls;

/// <summary>Shows a review and sends the verdict to the host; it decides nothing itself.</summary>
public sealed partial class ReviewPanel
{
    private string _reason = "";
    private string _text = "";
    private string? _message;
    private string? _decided;
    private bool _decidedWell;
    private bool _editing;
    private bool _again;
    private bool _decidedHere;
    private bool _sending;
    private string? _shown;

    [Parameter, EditorRequired] public required ReviewQuestion Question { get; set; }
    [Parameter, EditorRequired] public required Viewer Viewer { get; set; }
    /// <summary>What became of the review, when it is over.</summary>
    [Parameter] public string? Outcome { get; set; }
    [Parameter] public bool OutcomeGood { get; set; }
    /// <summary>Who approved first where two must.</summary>
    [Parameter] public string? FirstApproval { get; set; }

    /// <summary>What the account said about the reach; null until it was read.</summary>
    [Parameter] public ReviewReach? Reach { get; set; }

    /// <summary>The host asks for a minute at most; after two it has failed to.</summary>
    private static readonly TimeSpan ReachWait = TimeSpan.FromMinutes(2);

    [Inject] private TimeProvider Clock { get; set; } = default!;
    [Inject] private HostConnection Connection { get; set; } = default!;
    [Inject] private HostWatch Host { get; set; } = default!;
    [Inject] private CurrentViewer Viewers { get; set; } = default!;

    private bool Sql => SqlColours.Fits(Question.Path, Question.Tool);

    private bool Closed => _sending || !Host.IsUp;

    protected override void OnParametersSet()
    {
        if (_shown != Question.Id)
        {
            _shown = Question.Id;
            (_reason, _text, _message, _decided, _editing, _decidedHere, _again) = ("", "", null, null, false, false, false);
        }

        // What this viewer has just done stays said in their words; the ledger says it to everybody else.
        if (Outcome is null || _decidedHere) return;
        (_decided, _decidedWell) = (Outcome, OutcomeGood);
        _editing = false;
    }

    private void StartEditing() => (_editing, _text, _message) = (true, Question.Text, null);

    private void StopEditing() => (_editing, _message) = (false, null);

    private async Task GiveAsync(VerdictKind kind)
    {
        if (Question.ReasonRequired && string.IsNullOrWhiteSpace(_reason))
        {
            _message = T["Policy asks for a reason. Nothing was decided."];
            return;
        }

        (_sending, _message) = (true, null);
        try
        {
            // The viewer is asked for again: the circuit call is what is authorised, not the page that was drawn.
            var (result, message) = await Connection.GiveVerdictAsync(await Viewers.GetAsync(), Question.Id, kind,
                string.IsNullOrWhiteSpace(_reason) ? null : _reason.Trim(), kind == VerdictKind.ApproveEdited ? _text : null, CancellationToken.None,
                againForSession: _again && kind == VerdictKind.Approve);
            Take(result, message, kind);
        }
        catch (HostUnreachableException e)
        {
            _message = T["{0} It is not certain that the verdict arrived; the timeline of the call tells.", e.Message];
        }
        catch (NotAllowedException e)
        {
            _message = e.Message;
        }
        finally
        {
            _sending = false;
        }
    }

    private void Take(VerdictResult result, string message, VerdictKind kind)
    {
        _decidedHere = result is VerdictResult.Accepted or VerdictResult.Late;
        switch (result)
        {
            case VerdictResult.Accepted:
                // The host's own sentence where it says how long the same runs on.
                (_decided, _decidedWell) = (_again && kind == VerdictKind.Approve ? message : Done(kind), kind != VerdictKind.Reject);
                _editing = false;
                break;
            case VerdictResult.SecondPersonNeeded:
                (_decided, _decidedWell) = (T["Your approval is recorded. A second person must approve before it runs."], true);
                _editing = false;
                break;
            case VerdictResult.Late:
                (_decided, _decidedWell) = (T["Too late: {0}", message], false);
                break;
            default:
                // The host's own sentence: it knows why.
                _message = message.Length > 0 ? message : T["The verdict was not taken ({0}). Nothing was decided.", result];
                break;
        }
    }

    private string Done(VerdictKind kind) => kind switch
    {
        VerdictKind.Approve => T["Approved. The agent goes on."],
        VerdictKind.ApproveEdited => T["Approved with your edit. The agent is told what you changed."],
        _ => T["Rejected. Nothing runs; the agent is told why."],
    };
}
