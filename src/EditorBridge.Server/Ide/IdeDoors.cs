using EditorBridge.Editor;
using EditorBridge.Gate;

namespace EditorBridge.Ide;

/// <summary>Opens a door for an editor window that asks for one, and clears away what killed hosts left behind.</summary>
/// <param name="lockFolder">Where the clients look for lock files.</param>
internal sealed partial class IdeDoors(string lockFolder, ActionGate gate, ReviewDesk desk, AdmittedCalls admitted, AgentSessions sessions, IServiceProvider services, ILoggerFactory logging) : IHostedService
{
    private readonly ILogger _logger = logging.CreateLogger<IdeDoors>();

    public Task StartAsync(CancellationToken cancellationToken)
    {
        try
        {
            foreach (var file in IdeLockFile.RemoveStale(lockFolder)) LogStale(file);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            LogNotCleared(lockFolder, e);
        }

        return Task.CompletedTask;
    }

    // Each door ends with its window.
    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <exception cref="IOException">The lock file cannot be written. Nothing listens.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public Task<IdeDoor> OpenAsync(EditorWindow window, CancellationToken cancellationToken)
    {
        var context = new IdeContext(window, gate);
        return IdeDoor.OpenAsync(window, context, () => new IdeSession(new IdeDiffs(gate, desk, admitted, sessions, window), context, logging), lockFolder, services, logging, cancellationToken);
    }

    [LoggerMessage(LogLevel.Information, "Removed {File}, which a host that was killed left behind")]
    private partial void LogStale(string file);

    [LoggerMessage(LogLevel.Warning, "Old lock files in {Folder} could not be looked at")]
    private partial void LogNotCleared(string folder, Exception exception);
}
