using System.Collections.Immutable;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Controls;

public sealed partial class CallTextsPanel : IDisposable
{
    private const int MostShown = 200_000;
    private readonly CancellationTokenSource _left = new();
    private CallTexts? _texts;
    private View _view;
    private string _reason = "";
    private string? _message;
    private bool _busy;
    private long _read;

    private enum View
    {
        Proposal,
        Edit,
        Released,
        Raw,
    }

    [Parameter, EditorRequired] public required CallStory Story { get; set; }
    [Parameter, EditorRequired] public required Viewer Viewer { get; set; }

    [Inject] private LedgerWindow Window { get; set; } = default!;
    [Inject] private CurrentViewer Viewers { get; set; } = default!;

    private bool Sql => SqlColours.Fits(Story.Path, Story.Call.Tool);

    public void Dispose()
    {
        _left.Cancel();
        _left.Dispose();
    }

    protected override async Task OnParametersSetAsync()
    {
        // What was revealed with a reason stays as it was revealed; a fresh reading needs its own.
        if (_read == Story.Call.LastSequence || !Viewer.May(PortalRight.ReadChanges)) return;
        await ShowAsync(async () => await Window.ChangesAsync(await Viewers.GetAsync(), Story, _left.Token));
    }

    private async Task RevealAsync()
    {
        if (string.IsNullOrWhiteSpace(_reason)) return;
        (_busy, _message) = (true, null);
        try
        {
            await ShowAsync(async () => await Window.RevealAsync(await Viewers.GetAsync(), Story, _reason.Trim(), _left.Token));
        }
        catch (HostUnreachableException e)
        {
            _message = T["{0} Nothing was revealed: a reading without a record is not given.", e.Message];
        }
        catch (NotAllowedException e)
        {
            _message = e.Message;
        }
        finally
        {
            _busy = false;
        }
    }

    private async Task ShowAsync(Func<Task<ImmutableArray<(long Sequence, AuditPayload Payload)>>> read)
    {
        try
        {
            var first = _texts is null;
            _texts = CallTexts.From(Story, await read());
            _read = Story.Call.LastSequence;
            if (first) _view = Views().First();
        }
        catch (LedgerUnreadableException e)
        {
            _message = e.Message;
        }
        catch (OperationCanceledException)
        {
            // The page was left.
        }
    }

    private IEnumerable<View> Views()
    {
        if (_texts?.Proposed is not null) yield return View.Proposal;
        if (_texts?.Edited is not null)
        {
            yield return View.Edit;
            yield return View.Released;
        }

        yield return View.Raw;
    }

    private string NameOf(View view) => view switch
    {
        View.Proposal => T["Proposed"],
        View.Edit => T["Edited by the reviewer"],
        View.Released => T["Released"],
        _ => T["Raw"],
    };

    private static string Shown(AuditPayload payload)
    {
        var text = payload.Text.Length > MostShown ? payload.Text[..MostShown] + "…" : payload.Text;
        return payload.MediaType.Contains("json", StringComparison.Ordinal) && payload.Text.Length <= MostShown ? CallTexts.Pretty(text) : text;
    }
}
