using System.Collections.Immutable;
using System.Net.Sockets;
using EditorBridge.Accounts;
using EditorBridge.Gate;
using EditorBridge.Ide;
using EditorBridge.Keeping;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Trust;
using EditorBridge.Review;

namespace EditorBridge.Editor;

/// <summary>
/// The host's side of the editor contract: listens on the control channel, holds one <see cref="EditorWindow"/> per connection, and shows
/// every review in the windows it concerns. It decides nothing: a verdict goes to the <see cref="ReviewDesk"/> as it came.
/// </summary>
internal sealed partial class EditorEndpoint(
    StateFolder state, ReviewDesk desk, SessionGrants grants, EditorAnswers answers, IdeDoors doors, LedgerWriter ledger, LedgerWitness witness, LedgerJobs jobs, PinDesk pins, HostNotices notices,
    Func<EditorWindow, IEnumerable<object>> parts, ILogger<EditorEndpoint> logger) : BackgroundService
{
    private readonly Lock _lock = new();
    private readonly List<EditorWindow> _windows = [];
    private Socket? _listener;

    /// <summary>How many editor windows are connected: a host that an editor started stays while there are any.</summary>
    public int Windows
    {
        get { lock (_lock) return _windows.Count(window => !window.IsTerminal); }
    }

    /// <exception cref="StateFolderException">The socket's path is too long.</exception>
    public override Task StartAsync(CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsWindows()) _listener = ControlChannel.Listen(state);
        desk.Opened += Show;
        desk.Amended += Update;
        desk.Closed += Withdraw;
        grants.Changed += TellGrants;
        witness.Signed += Tell;
        notices.Changed += Tell;
        return base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        desk.Opened -= Show;
        desk.Amended -= Update;
        desk.Closed -= Withdraw;
        grants.Changed -= TellGrants;
        witness.Signed -= Tell;
        notices.Changed -= Tell;
        await base.StopAsync(cancellationToken);
        _listener?.Dispose();
        EditorWindow[] windows;
        lock (_lock) windows = [.. _windows];
        foreach (var window in windows)
        {
            await window.CloseIdeDoorAsync();
            window.Dispose();
        }

        if (!OperatingSystem.IsWindows()) File.Delete(state.ControlSocket);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                var (stream, peer) = await AcceptAsync(stoppingToken);
                _ = ServeAsync(stream, peer);
            }
            catch (Exception e) when (e is SocketException or IOException && !stoppingToken.IsCancellationRequested)
            {
                LogNotAccepted(e);
            }
            catch (OperationCanceledException)
            {
                return;
            }
        }
    }

    /// <summary>Reviews as this window sees them.</summary>
    internal ReviewsResult ListFor(EditorWindow window)
    {
        var all = Folders();
        bool Concerns(ReviewItem item) => window.IsTerminal || ReviewRouting.Concerns(item, window.Folders, all);
        var pending = desk.Pending.Where(Concerns).ToArray();
        foreach (var item in pending) window.MarkShown(item.Id);
        var recent = desk.Recent.Where(closed => Concerns(closed.Item));
        return new ReviewsResult([.. pending.Select(EditorViews.Of)], [.. recent.Take(50).Select(EditorViews.Of)]);
    }

    /// <summary>The windows or their folders changed, so what waits may concern others now.</summary>
    internal void Reroute()
    {
        foreach (var item in desk.Pending) Show(item);
    }

    // The one place where a peer is looked at before anything is said to it.
    private async Task<(Stream Stream, Peer Peer)> AcceptAsync(CancellationToken cancellationToken)
    {
        if (_listener is null)
        {
            var pipe = ControlChannel.ListenOnPipe(state);
            await pipe.WaitForConnectionAsync(cancellationToken);
            return (pipe, Peer.Of(pipe));
        }

        var socket = await _listener.AcceptAsync(cancellationToken);
        return (new NetworkStream(socket, ownsSocket: true), Peer.Of(socket));
    }

    private async Task ServeAsync(Stream stream, Peer peer)
    {
        if (peer.Agent is { } agent) await RecordAgentAsync(agent);
        using var window = new EditorWindow(stream, this, desk, grants, answers, doors, witness, jobs, pins, notices, parts, peer);
        lock (_lock) _windows.Add(window);
        LogConnected(Windows);
        await window.RunAsync();
        await window.CloseIdeDoorAsync();
        lock (_lock) _windows.Remove(window);
        LogGone(Windows);
        Reroute();
    }

    private async Task RecordAgentAsync(string agent)
    {
        LogAgentRefused(agent);
        try
        {
            await ledger.AppendAsync(GateEntries.Incident("peer-" + Guid.CreateVersion7().ToString("N"), sessionId: null, "agent:unknown", "agent_at_control_socket",
                $"An AI agent ({agent}) tried to reach the reviews. It was refused."));
        }
        catch (LedgerUnavailableException e)
        {
            LogAgentNotRecorded(agent, e);
        }
    }

    private void Show(ReviewItem item)
    {
        EditorWindow[] windows;
        lock (_lock) windows = [.. _windows.Where(window => window is { Introduced: true, IsTerminal: false })];
        var all = windows.Select(window => window.Folders).ToArray();
        foreach (var window in windows.Where(window => ReviewRouting.Concerns(item, window.Folders, all))) window.Opened(item);
    }

    private void Update(ReviewItem item)
    {
        EditorWindow[] windows;
        lock (_lock) windows = [.. _windows];
        foreach (var window in windows) window.Updated(item);
    }

    private void Withdraw(ClosedReview closed)
    {
        EditorWindow[] windows;
        lock (_lock) windows = [.. _windows];
        foreach (var window in windows) window.Closed(closed);
    }

    private void Tell(CheckpointNote checkpoint)
    {
        EditorWindow[] windows;
        lock (_lock) windows = [.. _windows.Where(window => window is { Introduced: true, IsTerminal: false })];
        foreach (var window in windows) window.Signed(checkpoint);
    }

    private void Tell(ImmutableArray<Notice> now)
    {
        EditorWindow[] windows;
        lock (_lock) windows = [.. _windows];
        foreach (var window in windows) window.NoticesChanged(now);
    }

    private void TellGrants()
    {
        EditorWindow[] windows;
        lock (_lock) windows = [.. _windows];
        foreach (var window in windows) window.GrantsChanged();
    }

    private IReadOnlyCollection<string>[] Folders()
    {
        lock (_lock) return [.. _windows.Where(window => window is { Introduced: true, IsTerminal: false }).Select(window => window.Folders)];
    }

    [LoggerMessage(LogLevel.Debug, "An editor window connected; there are {Count}")]
    private partial void LogConnected(int count);

    [LoggerMessage(LogLevel.Debug, "An editor window went away; there are {Count}")]
    private partial void LogGone(int count);

    [LoggerMessage(LogLevel.Warning, "A connection to the control socket was refused: it comes from an AI agent, {Agent}")]
    private partial void LogAgentRefused(string agent);

    [LoggerMessage(LogLevel.Error, "An AI agent at the control socket, {Agent}, was refused, and that could not be recorded")]
    private partial void LogAgentNotRecorded(string agent, Exception exception);

    [LoggerMessage(LogLevel.Warning, "A connection to the control channel could not be accepted")]
    private partial void LogNotAccepted(Exception exception);
}
