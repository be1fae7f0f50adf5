using EditorBridge.Editor;
using EditorBridge.Gate;

namespace EditorBridge.Hosting;

/// <summary>Ends a host that an editor started once nobody has needed it for ten minutes: no editor window, no request under way, no review that waits.</summary>
internal sealed partial class HostIdle(
    ServeOptions options, EditorEndpoint editors, ReviewDesk desk, HostRequests requests, IHostApplicationLifetime lifetime, TimeProvider time, ILogger<HostIdle> logger) : BackgroundService
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan Look = TimeSpan.FromMinutes(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.StartedByEditor) return;
        var needed = time.GetTimestamp();
        using var timer = new PeriodicTimer(Look, time);
        while (await timer.WaitForNextTickAsync(stoppingToken))
        {
            if (editors.Windows > 0 || desk.Pending.Length > 0 || requests.UnderWay > 0) needed = time.GetTimestamp();
            if (time.GetElapsedTime(needed) < Patience) continue;
            LogLeaving();
            lifetime.StopApplication();
            return;
        }
    }

    [LoggerMessage(LogLevel.Information, "Nobody has needed this host for ten minutes; it ends. The next editor window starts another")]
    private partial void LogLeaving();
}

/// <summary>Counts the requests under way.</summary>
internal sealed class HostRequests
{
    private int _underWay;

    public int UnderWay => Volatile.Read(ref _underWay);

    public async Task CountAsync(HttpContext context, RequestDelegate next)
    {
        Interlocked.Increment(ref _underWay);
        try
        {
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref _underWay);
        }
    }
}
