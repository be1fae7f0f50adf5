using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Reading;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Components;

namespace EditorBridge.Portal.Pages;

/// <summary>
/// A page over the ledger: knows its viewer, reads again when entries come, keeps the last good picture when reading fails,
/// and leaves an access record of what was looked at. A page that is left stops its queries.
/// </summary>
public abstract class LedgerPage : ComponentBase, IDisposable
{
    private readonly CancellationTokenSource _left = new();
    private bool _loading;
    private bool _again;
    private string? _noted;

    [Inject] protected LedgerWindow Window { get; set; } = default!;
    [Inject] protected LedgerTail Tail { get; set; } = default!;
    [Inject] protected HostWatch Host { get; set; } = default!;
    [Inject] private CurrentViewer Viewers { get; set; } = default!;
    [Inject] private AccessRecorder Recorder { get; set; } = default!;

    protected Viewer Viewer { get; private set; } = Viewer.Nobody;

    /// <summary>Why the ledger could not be read; null when it could.</summary>
    protected string? Trouble { get; private set; }

    /// <summary>False until something was read for the first time.</summary>
    protected bool Loaded { get; private set; }

    /// <summary>Cancelled when the page is left.</summary>
    protected CancellationToken Left => _left.Token;

    public void Dispose()
    {
        Tail.Advanced -= OnAdvanced;
        Host.Changed -= OnHostChanged;
        _left.Cancel();
        _left.Dispose();
        Leave();
        GC.SuppressFinalize(this);
    }

    protected override async Task OnInitializedAsync()
    {
        Viewer = await Viewers.GetAsync();
        Tail.Advanced += OnAdvanced;
        Host.Changed += OnHostChanged;
    }

    protected override Task OnParametersSetAsync() => LoadAgainAsync();

    /// <summary>Reads what the page shows.</summary>
    protected abstract Task LoadAsync(CancellationToken cancellationToken);

    /// <summary>Entries have come. A page that must not move under the reader's eyes overrides this.</summary>
    protected virtual Task OnEntriesAsync() => LoadAgainAsync();

    /// <summary>The page is being left.</summary>
    protected virtual void Leave()
    {
    }

    protected async Task LoadAgainAsync()
    {
        _again = true;
        if (_loading) return;
        _loading = true;
        try
        {
            while (_again && !_left.IsCancellationRequested)
            {
                _again = false;
                await LoadAsync(_left.Token);
                Trouble = null;
                Loaded = true;
            }
        }
        catch (Exception e) when (e is LedgerUnreadableException or LedgerQueryTimeoutException)
        {
            Trouble = e.Message;
        }
        catch (OperationCanceledException)
        {
            // The page was left, or a newer question replaced this one.
        }
        finally
        {
            _loading = false;
        }
    }

    /// <summary>Records that the viewer looks at this; once per thing, not once per refresh.</summary>
    protected Task NoteAsync(AccessAction action, string what, string? callId = null, string? query = null)
    {
        var key = $"{action} {what} {query}";
        if (_noted == key) return Task.CompletedTask;
        _noted = key;
        return Recorder.TryNoteAsync(Viewer, action, what, callId, query is null ? null : new AccessDetail(Query: query), CancellationToken.None);
    }

    private void OnAdvanced() => _ = InvokeAsync(async () =>
    {
        if (_left.IsCancellationRequested) return;
        await OnEntriesAsync();
        StateHasChanged();
    });

    private void OnHostChanged() => _ = InvokeAsync(StateHasChanged);
}
