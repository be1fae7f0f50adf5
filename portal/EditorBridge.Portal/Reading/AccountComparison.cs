using EditorBridge.Portal.Host;
using EditorBridge.Portal.Security;

namespace EditorBridge.Portal.Reading;

/// <summary>The comparison people start from the portal: one at a time for all of them, run by the host. It goes on when the page that started it is left; its result stands in the ledger.</summary>
public sealed class AccountComparison(HostConnection host)
{
    private readonly Lock _lock = new();

    /// <summary>Raised on a pool thread.</summary>
    public event Action? Changed;

    public bool Running { get; private set; }

    /// <summary>The host's word for where it is; null before the first.</summary>
    public string? Step { get; private set; }

    /// <summary>Why the last comparison gave no result; null when it did.</summary>
    public string? Problem { get; private set; }

    /// <summary>The comparison that runs; for those who wait for its end.</summary>
    public Task Ended { get; private set; } = Task.CompletedTask;

    /// <summary>Starts a comparison, or joins the one that runs.</summary>
    /// <exception cref="NotAllowedException">The viewer may not verify.</exception>
    public void Start(Viewer viewer, ComparisonBody comparison)
    {
        viewer.Require(PortalRight.VerifyLedger);
        lock (_lock)
        {
            if (Running) return;
            (Running, Step, Problem) = (true, null, null);
            Ended = RunAsync(viewer, comparison);
        }

        Changed?.Invoke();
    }

    private async Task RunAsync(Viewer viewer, ComparisonBody comparison)
    {
        var problem = "The host ended the comparison without a result.";
        try
        {
            await foreach (var line in host.CompareAsync(viewer, comparison, CancellationToken.None))
            {
                Step = line.Step ?? Step;
                problem = line.Report is not null ? null : line.Problem ?? problem;
                Changed?.Invoke();
            }
        }
        catch (HostUnreachableException e)
        {
            problem = e.Message;
        }
        finally
        {
            (Running, Problem) = (false, problem);
            Changed?.Invoke();
        }
    }
}
