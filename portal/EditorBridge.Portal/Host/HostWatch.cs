namespace EditorBridge.Portal.Host;

/// <summary>Knows whether the host answers and tells every open page when that changes.</summary>
public sealed class HostWatch(HostConnection host, TimeProvider clock) : BackgroundService
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    /// <summary>Raised on a pool thread; components hop to their own with InvokeAsync.</summary>
    public event Action? Changed;

    /// <summary>Null while the host answers; else why it does not.</summary>
    public string? Problem { get; private set; } = "The host has not been asked yet.";

    public bool IsUp => Problem is null;

    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var problem = await host.ProbeAsync(cancellationToken);
        if (problem == Problem) return;
        Problem = problem;
        Changed?.Invoke();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, clock);
        try
        {
            do await CheckAsync(stoppingToken);
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The portal stops.
        }
    }
}
