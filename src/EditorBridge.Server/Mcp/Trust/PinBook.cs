using System.Collections.Frozen;
using System.Collections.Immutable;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>
/// Holds servers to what was accepted of them. What is not accepted is neither listed nor called; what is found is durable before anybody is shown anything.
/// <code>
///  list ─► same as the pin? ──────────────────────────────────────► shown
///          no pin, and the server's first list? ─► pinned ────────► shown      (unless text in it speaks to the model, or the configuration wants a person first)
///          anything else ─► held, an entry ─► a person sees the difference ─┬─► accepted: pinned ─► shown
///                                                                           └─► rejected: stays away until it is another
/// </code>
/// </summary>
internal sealed partial class PinBook(StateFolder state, LedgerWriter ledger, TimeProvider time, ILogger<PinBook> logger) : IDisposable
{
    /// <summary>Entries of held definitions per server and host: a server that changes without end fills no ledger.</summary>
    private const int MostHeldEntries = 200;

    private readonly PinFile _file = new(state);
    private readonly SemaphoreSlim _changing = new(1, 1);
    private readonly Lock _lock = new();
    private readonly Dictionary<string, FrozenDictionary<(OfferedKind, string), OfferedItem>> _offered = new(StringComparer.Ordinal);
    private readonly Dictionary<string, int> _heldEntries = new(StringComparer.Ordinal);
    private Dictionary<string, ServerPins>? _servers;
    private string? _problem;

    /// <summary>A person decided about something of this server. Called outside any lock, after the entry is durable.</summary>
    public event Action<string>? Decided;

    /// <summary>What a server offers now, before any client sees it: pins what may be pinned by itself and records what has to wait.</summary>
    public async Task MeetAsync(UpstreamSettings settings, FrozenDictionary<(OfferedKind, string), OfferedItem> offered, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            await LoadAsync(cancellationToken);
            // How it is started was met before it could offer anything.
            lock (_lock) _offered[settings.Name] = With(_offered.GetValueOrDefault(settings.Name)?.GetValueOrDefault(LaunchKey), offered);
            if (_servers is null || !settings.Pinning) return;
            await RecordAsync(settings, offered);
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerUnreadableException or LedgerQueryTimeoutException or StateFolderException or IOException or UnauthorizedAccessException)
        {
            // What is not recorded stays held, and the next list tries again.
            _problem = e.Message;
            LogNotRecorded(settings.Name, e.Message);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>How a server is to be started, before it is: pins the first way and records another one, which has to wait.</summary>
    public async Task MeetLaunchAsync(UpstreamSettings settings, CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            await LoadAsync(cancellationToken);
            var launch = LaunchDefinition.Of(settings);
            lock (_lock) _offered[settings.Name] = With(launch, _offered.GetValueOrDefault(settings.Name));
            if (_servers is not null) await RecordAsync(settings, With(launch, null));
        }
        catch (Exception e) when (e is LedgerUnavailableException or LedgerUnreadableException or LedgerQueryTimeoutException or StateFolderException or IOException or UnauthorizedAccessException)
        {
            _problem = e.Message;
            LogNotRecorded(settings.Name, e.Message);
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Why a server is not started as it is configured; null when it may be.</summary>
    public UpstreamException? WhyNotStarted(UpstreamSettings settings)
    {
        if (ReasonFor(settings, OfferedKind.Launch, "") is not { } reason) return null;
        // What could not be looked up is looked up again; what waits for a person, or was rejected, is not.
        return new UpstreamException(PinWords.Why(reason, OfferedKind.Launch, "", settings.Name, _problem), $"editorbridge mcp accept {settings.Name} launch, or in the portal under MCP servers") { NeedsAcceptance = reason != HoldReason.NotRecorded };
    }

    /// <summary>Why something a server offers now is kept from clients, for people and the model; null when it may be shown and used.</summary>
    public string? WhyHeld(UpstreamSettings settings, OfferedKind kind, string name) =>
        ReasonFor(settings, kind, name) is { } reason ? PinWords.Why(reason, kind, name, settings.Name, _problem) : null;

    /// <summary>The fingerprint of what a server offers now under this name; null when it offers nothing of it.</summary>
    public string? FingerprintOf(string server, OfferedKind kind, string name)
    {
        lock (_lock) return _offered.GetValueOrDefault(server)?.GetValueOrDefault((kind, name))?.Definition?.Fingerprint;
    }

    /// <summary>What a server says of itself now, and whether clients may be told; null when it says nothing.</summary>
    public ServerInstructions? InstructionsOf(UpstreamSettings settings)
    {
        lock (_lock)
        {
            if (_offered.GetValueOrDefault(settings.Name)?.GetValueOrDefault((OfferedKind.Instructions, "")) is not { } item) return null;
            var by = _servers?.GetValueOrDefault(settings.Name)?.Pins.GetValueOrDefault(KeyOf(OfferedKind.Instructions, ""))?.By;
            return ServerInstructions.Of(item, ReasonFor(settings, OfferedKind.Instructions, ""), isAccepted: settings.Pinning && by is not (null or Pin.FirstUse), settings.Trusted, settings.Name);
        }
    }

    /// <summary>A person's decision about definitions they were shown.</summary>
    /// <param name="person">Who decides.</param>
    /// <param name="surface">terminal, portal.</param>
    /// <exception cref="LedgerUnavailableException">It could not be recorded, so nothing was decided.</exception>
    public async Task<PinAnswer> DecideAsync(PinDecision decision, string person, string surface)
    {
        string? note = null;
        await _changing.WaitAsync();
        try
        {
            if (_servers is null) return new PinAnswer(PinResult.NotPossible, $"{_problem ?? "No MCP server has been listed yet."} Nothing was decided.");
            if (Chosen(decision, out var chosen) is { } refusal) return refusal;
            var pins = Copy(_servers.GetValueOrDefault(decision.Server));
            await ledger.AppendAsync(PinEntries.Decided(decision, chosen, pins, person, surface));
            foreach (var item in chosen)
            {
                var key = KeyOf(item.Kind, item.Name);
                var definition = item.Definition!;
                if (decision.Accept)
                {
                    pins.Pins[key] = new Pin(item.Kind, item.Name, definition.Fingerprint, definition.Canonical, person, time.GetUtcNow());
                    pins.Held.Remove(key);
                }
                else
                {
                    if (pins.Pins.GetValueOrDefault(key)?.Fingerprint == definition.Fingerprint) pins.Pins.Remove(key);
                    pins.Held[key] = new HeldPin(item.Kind, item.Name, definition.Fingerprint, HoldReason.Rejected, pins.Held.GetValueOrDefault(key)?.CallId ?? PinEntries.NewCallId(), time.GetUtcNow(), person);
                }
            }

            // What is refused is away at once, whatever becomes of the file: the next start holds the file to the ledger.
            if (!decision.Accept) Remember(decision.Server, pins);
            Keep(decision.Server, pins);
        }
        catch (Exception e) when (!decision.Accept && e is IOException or UnauthorizedAccessException)
        {
            note = $" {_file.Path} could not be written: {e.Message} The decision stands in the ledger and holds all the same.";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return new PinAnswer(PinResult.NotPossible, $"The decision is recorded, but {_file.Path} could not be written: {e.Message} Make room there and decide again.");
        }
        finally
        {
            _changing.Release();
        }

        Decided?.Invoke(decision.Server);
        return new PinAnswer(decision.Accept ? PinResult.Accepted : PinResult.Rejected, PinWords.Answer(decision) + note);
    }

    /// <summary>All pins and what waits, for people.</summary>
    /// <param name="servers">The configured servers.</param>
    public PinsView View(IEnumerable<UpstreamSettings> servers)
    {
        lock (_lock)
        {
            return new PinsView([.. servers.Select(settings => PinViews.Of(
                settings, _servers?.GetValueOrDefault(settings.Name) ?? new ServerPins(), _offered.GetValueOrDefault(settings.Name), (kind, name) => ReasonFor(settings, kind, name)) with { Instructions = InstructionsOf(settings) })], _problem);
        }
    }

    public void Dispose() => _changing.Dispose();

    internal static string KeyOf(OfferedKind kind, string name) => $"{kind}:{name}";

    private static (OfferedKind, string) LaunchKey => (OfferedKind.Launch, "");

    private static FrozenDictionary<(OfferedKind, string), OfferedItem> With(OfferedItem? launch, FrozenDictionary<(OfferedKind, string), OfferedItem>? offered) =>
        (offered ?? FrozenDictionary<(OfferedKind, string), OfferedItem>.Empty).Where(o => o.Key != LaunchKey).Concat(launch is null ? [] : [KeyValuePair.Create(LaunchKey, launch)]).ToFrozenDictionary();

    private HoldReason? ReasonFor(UpstreamSettings settings, OfferedKind kind, string name)
    {
        // What is configured never counts for itself: a changed configuration could say that nothing is pinned.
        if (!settings.Pinning && kind != OfferedKind.Launch) return null;
        lock (_lock)
        {
            if (_offered.GetValueOrDefault(settings.Name)?.GetValueOrDefault((kind, name)) is not { } item) return HoldReason.NotRecorded;
            if (OwnReason(settings.Name, item) is { } own) return own;
            if (kind is OfferedKind.Instructions or OfferedKind.Launch || _offered[settings.Name].GetValueOrDefault((OfferedKind.Instructions, "")) is not { } instructions) return null;
            return OwnReason(settings.Name, instructions) is null ? null : HoldReason.Instructions;
        }
    }

    private HoldReason? OwnReason(string server, OfferedItem item)
    {
        if (item.Definition is not { } definition) return HoldReason.Unreadable;
        if (_servers?.GetValueOrDefault(server) is not { } pins) return HoldReason.NotRecorded;
        var key = KeyOf(item.Kind, item.Name);
        if (pins.Held.GetValueOrDefault(key) is { } held && held.Fingerprint == definition.Fingerprint) return held.Reason;
        return pins.Pins.GetValueOrDefault(key)?.Fingerprint == definition.Fingerprint ? null : HoldReason.NotRecorded;
    }

    private async Task RecordAsync(UpstreamSettings settings, FrozenDictionary<(OfferedKind, string), OfferedItem> offered)
    {
        var pins = Copy(_servers!.GetValueOrDefault(settings.Name));
        // A way to be started is compared with earlier ways, and what is offered with what was.
        var kinds = pins.Pins.Values.Select(p => p.Kind).Concat(pins.Held.Values.Select(p => p.Kind)).ToHashSet();
        var isKnown = offered.ContainsKey(LaunchKey) ? kinds.Contains(OfferedKind.Launch) : kinds.Any(kind => kind is not (OfferedKind.Instructions or OfferedKind.Launch));
        var first = new List<OfferedItem>();
        var entries = new List<Audit.AuditDraft>();
        foreach (var item in offered.Values.Where(i => i.Definition is not null).OrderBy(i => i.Kind).ThenBy(i => i.Name, StringComparer.Ordinal))
        {
            var key = KeyOf(item.Kind, item.Name);
            var pin = pins.Pins.GetValueOrDefault(key);
            if (pin?.Fingerprint == item.Definition!.Fingerprint || pins.Held.GetValueOrDefault(key)?.Fingerprint == item.Definition.Fingerprint) continue;
            if (WaitsBecause(settings, item, pin, isKnown) is not { } reason)
            {
                first.Add(item);
                continue;
            }

            if (!MayRecord(settings.Name)) continue;
            var held = new HeldPin(item.Kind, item.Name, item.Definition.Fingerprint, reason, PinEntries.NewCallId(), time.GetUtcNow(), Rejected: null);
            pins.Held[key] = held;
            entries.Add(PinEntries.Held(settings.Name, item, held, pin));
        }

        foreach (var item in first) pins.Pins[KeyOf(item.Kind, item.Name)] = new Pin(item.Kind, item.Name, item.Definition!.Fingerprint, item.Definition.Canonical, Pin.FirstUse, time.GetUtcNow());
        if (first.Count > 0) entries.Add(PinEntries.FirstUse(settings.Name, first));
        if (entries.Count == 0) return;
        await ledger.AppendAllAsync(entries);
        Keep(settings.Name, pins);
        LogMet(settings.Name, first.Count, entries.Count - (first.Count > 0 ? 1 : 0));
    }

    private static HoldReason? WaitsBecause(UpstreamSettings settings, OfferedItem item, Pin? pin, bool isKnown) =>
        pin is not null ? HoldReason.Changed
        : item.NeedsPerson ? HoldReason.Finding
        : settings.AsksFirst ? HoldReason.AskFirst
        : isKnown ? HoldReason.New
        : null;

    private bool MayRecord(string server)
    {
        var count = _heldEntries.GetValueOrDefault(server);
        _heldEntries[server] = count + 1;
        if (count == MostHeldEntries) LogTooMany(server, MostHeldEntries);
        return count < MostHeldEntries;
    }

    // The refusal, or what is to be decided: exactly what the person was shown, as it is offered now.
    private PinAnswer? Chosen(PinDecision decision, out ImmutableArray<OfferedItem> chosen)
    {
        chosen = [];
        FrozenDictionary<(OfferedKind, string), OfferedItem>? offered;
        lock (_lock) offered = _offered.GetValueOrDefault(decision.Server);
        if (offered is null) return new PinAnswer(PinResult.Unknown, $"The server '{decision.Server}' has listed nothing since the host runs. Nothing was decided. Look with: editorbridge mcp pins");
        if (decision.Definitions.Length == 0) return new PinAnswer(PinResult.Unknown, "No definition was named. Nothing was decided.");
        var items = ImmutableArray.CreateBuilder<OfferedItem>();
        foreach (var choice in decision.Definitions)
        {
            if (offered.GetValueOrDefault((choice.Kind, choice.Name)) is not { Definition: { } definition } item)
                return new PinAnswer(PinResult.Unknown, $"'{decision.Server}' offers no {PinWords.Of(choice.Kind)} '{PinWords.Shown(choice.Name)}' now. Nothing was decided.");
            if (definition.Fingerprint != choice.Fingerprint)
                return new PinAnswer(PinResult.ChangedMeanwhile, $"The {PinWords.Of(choice.Kind)} '{PinWords.Shown(choice.Name)}' has changed again since it was shown. Nothing was decided. Look at it again.");
            items.Add(item);
        }

        chosen = items.ToImmutable();
        return null;
    }

    // Only what the ledger's last word accepts counts: a file that was changed beside it, or an older one put back, accepts nothing.
    private async Task LoadAsync(CancellationToken cancellationToken)
    {
        if (_servers is not null && _problem is null) return;
        if (_servers is null)
        {
            var read = _file.Read();
            var decided = await PinEntries.DecisionsAsync(state.LedgerFolder, cancellationToken);
            foreach (var (server, pins) in read)
            {
                foreach (var (key, pin) in pins.Pins.ToArray())
                {
                    var last = decided.GetValueOrDefault((server, pin.Fingerprint));
                    if (last is { Accepted: true })
                    {
                        // Who accepted it is the ledger's word; the file only repeats it.
                        pins.Pins[key] = pin with { By = last.Person ?? Pin.FirstUse };
                        continue;
                    }

                    pins.Pins.Remove(key);
                    pins.Held[key] = new HeldPin(pin.Kind, pin.Name, pin.Fingerprint, last is null ? HoldReason.Changed : HoldReason.Rejected, PinEntries.NewCallId(), time.GetUtcNow(), last?.Person);
                    LogWithoutEntry(server, key);
                    await ledger.AppendAsync(PinEntries.WithoutEntry(server, pin, last?.Person));
                }
            }

            // What was decided about once and is not in the file any more: the file was lost or cleared, and a first use it is not.
            foreach (var server in decided.Keys.Select(d => d.Server).Distinct().Where(server => !read.ContainsKey(server)))
                read[server] = new ServerPins { Held = { ["lost"] = new HeldPin(OfferedKind.Tool, "", "", HoldReason.New, PinEntries.NewCallId(), time.GetUtcNow(), Rejected: null) } };
            // Nor is a start the first one because its pin was taken out of the file.
            foreach (var server in decided.Where(d => d.Value.Kind == OfferedKind.Launch).Select(d => d.Key.Server).Distinct())
            {
                if (read[server].Pins.ContainsKey(KeyOf(OfferedKind.Launch, "")) || read[server].Held.ContainsKey(KeyOf(OfferedKind.Launch, ""))) continue;
                read[server].Held["lost launch"] = new HeldPin(OfferedKind.Launch, "", "", HoldReason.New, PinEntries.NewCallId(), time.GetUtcNow(), Rejected: null);
            }

            lock (_lock) _servers = read;
        }

        _problem = null;
    }

    private void Keep(string server, ServerPins pins)
    {
        var next = new Dictionary<string, ServerPins>(_servers!, StringComparer.Ordinal) { [server] = pins };
        _file.Write(next);
        lock (_lock) _servers = next;
    }

    private void Remember(string server, ServerPins pins)
    {
        lock (_lock) _servers = new Dictionary<string, ServerPins>(_servers!, StringComparer.Ordinal) { [server] = pins };
    }

    private static ServerPins Copy(ServerPins? pins) => pins is null
        ? new ServerPins()
        : new ServerPins { Pins = new(pins.Pins, StringComparer.Ordinal), Held = new(pins.Held, StringComparer.Ordinal) };

    [LoggerMessage(LogLevel.Information, "MCP server {Server}: {Pinned} definitions were pinned at first use, {Held} wait for a person (editorbridge mcp accept)")]
    private partial void LogMet(string server, int pinned, int held);

    [LoggerMessage(LogLevel.Error, "What MCP server {Server} offers could not be compared with its pins, so it is kept from clients: {Problem}")]
    private partial void LogNotRecorded(string server, string problem);

    [LoggerMessage(LogLevel.Warning, "MCP server {Server} has changed its definitions {Count} times; further changes are held without an entry until the host starts again")]
    private partial void LogTooMany(string server, int count);

    [LoggerMessage(LogLevel.Warning, "The pin {Key} of MCP server {Server} is not what the ledger says last and does not count")]
    private partial void LogWithoutEntry(string server, string key);
}
