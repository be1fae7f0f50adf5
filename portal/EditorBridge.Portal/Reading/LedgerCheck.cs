using EditorBridge.Ledger;
using EditorBridge.Portal.Host;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

/// <summary>The verification people start from the portal: one at a time for all of them, because it reads the whole ledger. It goes on when the page that started it is left.</summary>
public sealed class LedgerCheck(PortalState state, AccessRecorder recorder, TimeProvider clock) : IDisposable
{
    private readonly Lock _lock = new();
    private CancellationTokenSource? _stop;

    /// <summary>Raised on a pool thread.</summary>
    public event Action? Changed;

    /// <summary>How far it is; null when none runs.</summary>
    public VerifyProgress? Running { get; private set; }

    public VerifyReport? Last { get; private set; }

    public DateTimeOffset LastAt { get; private set; }

    public string LastBy { get; private set; } = "";

    /// <summary>The verification that runs; for those who wait for its end.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Starts a verification, or joins the one that runs.</summary>
    /// <exception cref="NotAllowedException">The viewer may not verify.</exception>
    public async Task StartAsync(Viewer viewer)
    {
        viewer.Require(PortalRight.VerifyLedger);
        lock (_lock)
        {
            if (Running is not null) return;
            _stop = new CancellationTokenSource();
            Running = new VerifyProgress(0, 0);
            Ended = RunAsync(viewer, _stop.Token);
        }

        Changed?.Invoke();
        await recorder.TryNoteAsync(viewer, AccessAction.Verify, "/integrity");
    }

    /// <exception cref="NotAllowedException">The viewer may not verify, and so not end another's verification either.</exception>
    public void Stop(Viewer viewer)
    {
        viewer.Require(PortalRight.VerifyLedger);
        Cancel();
    }

    public void Dispose()
    {
        Cancel();
        _stop?.Dispose();
    }

    private void Cancel()
    {
        lock (_lock)
        {
            _stop?.Cancel();
        }
    }

    private async Task RunAsync(Viewer viewer, CancellationToken cancellationToken)
    {
        try
        {
            var progress = new Progress<VerifyProgress>(now =>
            {
                if (Running is null) return;
                Running = now;
                Changed?.Invoke();
            });
            Last = await LedgerVerifier.VerifyAsync(state.LedgerFolder, new VerifyOptions(), progress, cancellationToken);
            (LastAt, LastBy) = (clock.GetUtcNow(), viewer.Person);
        }
        catch (OperationCanceledException)
        {
            // Stopped by hand: the last full result stays.
        }
        finally
        {
            Running = null;
            Changed?.Invoke();
        }
    }
}
