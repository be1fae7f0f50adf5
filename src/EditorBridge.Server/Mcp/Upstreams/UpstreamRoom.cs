using System.Collections.Frozen;
using System.Collections.Immutable;
using EditorBridge.Gate;
using EditorBridge.Mcp.Trust;
using EditorBridge.Trust;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>All configured MCP servers: started with the host, stopped with it, and set anew when a configuration file changes.</summary>
internal sealed partial class UpstreamRoom(StateFolder state, ConnectedTools connected, PinBook pins, UpstreamSignIns signIns, SentSecrets sent, TimeProvider time, ILoggerFactory loggers, ILogger<UpstreamRoom> logger) : BackgroundService, IAsyncDisposable
{
    private static readonly TimeSpan Look = TimeSpan.FromSeconds(2);

    /// <summary>How long a list waits for servers that have not answered yet; those that come later announce themselves.</summary>
    private static readonly TimeSpan ListPatience = TimeSpan.FromSeconds(8);

    private readonly Lock _lock = new();
    private readonly SemaphoreSlim _setting = new(1, 1);
    private ImmutableArray<Upstream> _upstreams = [];
    private (DateTime, long, DateTime, long)? _stamp;

    /// <summary>The last readable configuration and everything wrong with it.</summary>
    public UpstreamConfiguration Configuration { get; private set; } = UpstreamConfiguration.Empty;

    public ImmutableArray<Upstream> Upstreams => _upstreams;

    public UpstreamCatalogue Catalogue { get; private set; } = UpstreamCatalogue.Empty;

    /// <summary>Names of the gateway's own tools, which no server can take.</summary>
    public IReadOnlyCollection<string> OwnTools { get; init; } = [.. McpDoor.List().Tools.Select(tool => tool.Name), ToolSearch.SearchTool, ToolSearch.CallTool];

    /// <summary>Tools, prompts or resources are others now.</summary>
    public event Action? Changed;

    public event Action<Upstream, JsonRpcNotification>? Announced;

    /// <summary>The catalogue once every server has had its chance to answer, or after a few seconds.</summary>
    public async Task<UpstreamCatalogue> CatalogueAsync(CancellationToken cancellationToken)
    {
        var waiting = _upstreams.Where(u => !u.FirstAttempt.IsCompleted).ToArray();
        var patience = PatienceLeft(waiting.Select(u => u.BeganAt), time.GetUtcNow());
        if (patience > TimeSpan.Zero) await Task.WhenAny(Task.WhenAll(waiting.Select(u => u.FirstAttempt)), Task.Delay(patience, time, cancellationToken));
        return Catalogue;
    }

    /// <summary>How long servers that have not answered yet are still waited for: each a few seconds from its start, and not again by every client.</summary>
    internal static TimeSpan PatienceLeft(IEnumerable<DateTimeOffset> begun, DateTimeOffset now)
    {
        var left = begun.Select(at => at + ListPatience - now).DefaultIfEmpty(TimeSpan.Zero).Max();
        return left > ListPatience ? ListPatience : left;
    }

    /// <summary>Reads the configuration again if a file of it changed.</summary>
    public async Task ReloadAsync(CancellationToken cancellationToken)
    {
        await _setting.WaitAsync(cancellationToken);
        try
        {
            var stamp = Stamp();
            if (stamp == _stamp) return;
            _stamp = stamp;
            var read = ReadOrTell();
            if (read is null) return;
            Configuration = read;
            foreach (var problem in read.Problems) LogProblem(problem.ToString());
            await SetAsync(read.Servers);
        }
        finally
        {
            _setting.Release();
        }
    }

    /// <summary>Looks at the configuration as it is written now, and whether each server may be started so.</summary>
    public async Task SeeLaunchesAsync(CancellationToken cancellationToken)
    {
        await ReloadAsync(cancellationToken);
        foreach (var upstream in _upstreams.Where(u => !u.Settings.Disabled)) await WhyNotStartedAsync(upstream.Settings, cancellationToken);
    }

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        pins.Decided += server =>
        {
            Renew();
            foreach (var upstream in _upstreams.Where(u => u.Settings.Name == server)) _ = upstream.SeeLaunchAsync(CancellationToken.None);
        };
        await ReloadAsync(cancellationToken);
        await base.StartAsync(cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await CloseAsync();
    }

    /// <summary>Processes do not outlive the host, however it ends.</summary>
    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _setting.Dispose();
        Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Look, time);
        try
        {
            while (await timer.WaitForNextTickAsync(stoppingToken))
            {
                await ReloadAsync(stoppingToken);
                foreach (var upstream in _upstreams) await upstream.SeeSignInAsync(stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // The host ends.
        }
    }

    private async Task CloseAsync()
    {
        var open = ImmutableInterlocked.InterlockedExchange(ref _upstreams, []);
        await Task.WhenAll(open.Select(u => u.DisposeAsync().AsTask()));
    }

    // A server whose text did not change keeps its connection.
    private async Task SetAsync(ImmutableArray<UpstreamSettings> wanted)
    {
        var before = _upstreams;
        var next = ImmutableArray.CreateBuilder<Upstream>();
        foreach (var settings in wanted)
        {
            var kept = before.FirstOrDefault(u => u.Settings.Name == settings.Name && u.Settings.Fingerprint == settings.Fingerprint && u.Settings.Managed == settings.Managed);
            next.Add(kept ?? Begin(settings));
        }

        _upstreams = next.ToImmutable();
        Renew();
        await Task.WhenAll(before.Except(_upstreams).Select(u => u.DisposeAsync().AsTask()));
    }

    private Upstream Begin(UpstreamSettings settings)
    {
        var upstream = new Upstream(settings, new UpstreamChecks(WhyNotStartedAsync, MeetAsync), signIns, sent, time, loggers.CreateLogger<Upstream>());
        upstream.Changed += _ => Renew();
        upstream.Announced += (from, notification) => Announced?.Invoke(from, notification);
        upstream.Start();
        return upstream;
    }

    private async Task<UpstreamException?> WhyNotStartedAsync(UpstreamSettings settings, CancellationToken cancellationToken)
    {
        // What an administrator has set up was consented to where it was written.
        if (settings.Managed) return null;
        await pins.MeetLaunchAsync(settings, cancellationToken);
        return pins.WhyNotStarted(settings);
    }

    private async Task<UpstreamLists> MeetAsync(Upstream upstream, UpstreamLists lists, string? instructions, CancellationToken cancellationToken)
    {
        string[] others = [.. OwnTools, .. Catalogue.Tools.Where(t => t.Upstream.Settings.Name != upstream.Settings.Name).SelectMany(t => new[] { t.Name, t.Listed }).Distinct()];
        var offered = OfferedItem.ReadAll(lists.Tools, lists.Prompts, lists.Templates, instructions, others);
        await pins.MeetAsync(upstream.Settings, offered, cancellationToken);
        var quiet = lists.Resources.RemoveAll(OfferedItem.SpeaksToModel);
        var left = lists.Resources.Length - quiet.Length;
        return lists with
        {
            Offered = offered,
            Resources = quiet,
            LeftOut = left == 0 ? lists.LeftOut : lists.LeftOut.Add($"{left} of its resources {(left == 1 ? "is" : "are")} not listed: what is said of them speaks to the model or hides."),
        };
    }

    private void Renew()
    {
        lock (_lock)
        {
            Catalogue = new UpstreamCatalogue(_upstreams, OwnTools, pins);
            connected.Set(
                Catalogue.Tools.Where(t => t.KnownReadOnly).Select(t => t.PolicyName).ToFrozenSet(StringComparer.Ordinal),
                Catalogue.Held.ToFrozenDictionary(t => t.PolicyName, t => t.Held!, StringComparer.Ordinal));
        }

        Changed?.Invoke();
    }

    private UpstreamConfiguration? ReadOrTell()
    {
        try
        {
            return UpstreamConfigurationFile.Load(state, Configuration);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or StateFolderException)
        {
            // What was in force stays in force; the reason is shown with the servers.
            Configuration = Configuration with { Problems = [new ConfigurationProblem(UpstreamPlaces.User(state), 0, 0, null, e.Message)] };
            LogProblem(e.Message);
            return null;
        }
    }

    private (DateTime, long, DateTime, long) Stamp()
    {
        var managed = new FileInfo(UpstreamPlaces.Managed);
        var user = new FileInfo(UpstreamPlaces.User(state));
        return (managed.Exists ? managed.LastWriteTimeUtc : default, managed.Exists ? managed.Length : -1, user.Exists ? user.LastWriteTimeUtc : default, user.Exists ? user.Length : -1);
    }

    [LoggerMessage(LogLevel.Warning, "MCP configuration: {Problem}")]
    private partial void LogProblem(string problem);
}
