using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// One configured server and its one connection: made when the host starts, made again when it breaks, closed with the host. What goes wrong here stays here:
/// it is this server's health, and the others go on.
/// </summary>
internal sealed partial class Upstream : IAsyncDisposable
{
    /// <summary>How long a call waits for a server that is just being started.</summary>
    private static readonly TimeSpan CallPatience = TimeSpan.FromSeconds(30);

    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(2);

    /// <summary>How long a server that announced a change may take to list everything again.</summary>
    private static readonly TimeSpan ListPatience = TimeSpan.FromSeconds(60);

    /// <summary>How often in a minute a server is listed again and heard unasked before it has to wait: one that never rests would keep the gateway busy.</summary>
    private const int ListsPerMinute = 30;
    private const int AnnouncementsPerMinute = 600;
    private static readonly TimeSpan RestlessPause = TimeSpan.FromSeconds(10);

    /// <summary>A connection that lasted this long was a good one: the next failure counts as the first.</summary>
    private static readonly TimeSpan GoodWhile = TimeSpan.FromMinutes(1);

    private readonly UpstreamSignIns _signIns;
    private readonly TimeProvider _time;
    private readonly ILogger<Upstream> _logger;
    private readonly UpstreamChecks _checks;
    private readonly SentSecrets _sent;
    private readonly ConcurrentDictionary<string, UpstreamCall> _calls = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource _firstAttempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim _listing = new(1, 1);
    private readonly MinuteCount _relists;
    private readonly MinuteCount _announcements;
    private readonly Lock _lock = new();
    private TaskCompletionSource<UpstreamSession> _session = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private CancellationTokenSource _pause = new();
    private TaskCompletionSource _begunAnew = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private TaskCompletionSource _attempt = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private DateTime? _signInWrittenAt;
    private int _relistWanted;
    private Task _run = Task.CompletedTask;

    public Upstream(UpstreamSettings settings, UpstreamChecks checks, UpstreamSignIns signIns, SentSecrets sent, TimeProvider time, ILogger<Upstream> logger)
    {
        (Settings, _checks, _signIns, _sent, _time, _logger) = (settings, checks, signIns, sent, time, logger);
        (_relists, _announcements) = (new MinuteCount(ListsPerMinute, time), new MinuteCount(AnnouncementsPerMinute, time));
        Health = new UpstreamHealth(settings.Disabled ? UpstreamState.Disabled : UpstreamState.Stopped, time.GetUtcNow());
    }

    public UpstreamSettings Settings { get; }
    public UpstreamHealth Health { get; private set; }
    public UpstreamLists Lists { get; private set; } = UpstreamLists.None;
    public bool IsModern { get; private set; }
    public JsonObject Capabilities { get; private set; } = [];

    /// <summary>What the server says of how to use it. Its own words.</summary>
    public string? Instructions { get; private set; }

    public DateTimeOffset BeganAt { get; private set; }

    /// <summary>Ends when the first attempt to connect has ended, well or not.</summary>
    public Task FirstAttempt => _firstAttempt.Task;

    /// <summary>Its lists or its health are others now.</summary>
    public event Action<Upstream>? Changed;

    /// <summary>A notification that belongs to no call.</summary>
    public event Action<Upstream, JsonRpcNotification>? Announced;

    public void Start()
    {
        BeganAt = _time.GetUtcNow();
        if (Settings.Disabled) _firstAttempt.TrySetResult();
        else _run = RunAsync(_stop.Token);
    }

    /// <summary>One request on a client's behalf.</summary>
    /// <exception cref="UpstreamException">The server is not there, broke off or stayed silent; the message says which.</exception>
    public async Task<JsonRpcMessageWithId> CallAsync(string method, JsonObject parameters, RequestingClient client, Tool? tool, UpstreamCall call, CancellationToken cancellationToken)
    {
        for (var attempt = 0; ; attempt++)
        {
            var session = await SessionAsync(cancellationToken);
            try
            {
                return await CallOnceAsync(session, method, (JsonObject)parameters.DeepClone(), client, tool, call, cancellationToken);
            }
            catch (UpstreamException e) when (attempt == 0 && !session.IsModern && e.InnerException is HttpRequestException { StatusCode: System.Net.HttpStatusCode.NotFound })
            {
                // The server forgot our session, so it has not begun with this either.
                LogSessionLost(Settings.Name);
                await Task.WhenAny(session.Ended, Task.Delay(FirstPause, _time, cancellationToken));
            }
            catch (UpstreamException e) when (e.NeedsSignIn)
            {
                BeginAnew();
                throw;
            }
        }
    }

    /// <summary>Waits until the server is there, as a call would; a pause after a failure is over with it.</summary>
    /// <exception cref="UpstreamException">It does not come.</exception>
    public Task ReadyAsync(CancellationToken cancellationToken) => SessionAsync(cancellationToken);

    /// <summary>Tells the server something, if it is there.</summary>
    public async Task SayAsync(string method, JsonObject? parameters, CancellationToken cancellationToken)
    {
        if (Health.State == UpstreamState.Ready) await (await SessionAsync(cancellationToken)).SayAsync(method, parameters, cancellationToken);
    }

    /// <summary>Looks whether a person has signed in or out since the connection was made, and makes it anew then. A renewed sign-in is the same one.</summary>
    public async Task SeeSignInAsync(CancellationToken cancellationToken)
    {
        if (Settings.Transport != UpstreamTransport.Http || Health.State == UpstreamState.Starting || _signIns.WrittenAt(Settings.Name) is var written && written == _signInWrittenAt) return;
        _signInWrittenAt = written;
        try
        {
            if ((await _signIns.ReadAsync(Settings, cancellationToken))?.Id == Health.SignInId) return;
        }
        catch (UpstreamException)
        {
            // The connection says so itself when it tries.
        }

        BeginAnew();
    }

    /// <summary>A person has decided how the server may be started: it is started, or ended, where that is another answer than before.</summary>
    public async Task SeeLaunchAsync(CancellationToken cancellationToken)
    {
        var mayStart = await _checks.WhyNotStarted(Settings, cancellationToken) is null;
        if (mayStart ? Health.State != UpstreamState.Ready : Health.State != UpstreamState.AcceptanceNeeded) BeginAnew();
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _run;
        _firstAttempt.TrySetResult();
        _stop.Dispose();
        _pause.Dispose();
        _listing.Dispose();
    }

    private async Task<JsonRpcMessageWithId> CallOnceAsync(UpstreamSession session, string method, JsonObject parameters, RequestingClient client, Tool? tool, UpstreamCall call, CancellationToken cancellationToken)
    {
        using var silence = new CallSilence(Settings.Timeout, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, silence.TooLong);
        if (parameters["_meta"] is not JsonObject meta) parameters["_meta"] = meta = [];
        meta["progressToken"] = call.Token;
        _calls[call.Token] = new UpstreamCall
        {
            Client = call.Client,
            Notified = notification =>
            {
                silence.Broken();
                return call.Notified(notification);
            },
            Asked = (request, asked) => silence.DuringAsync(() => call.Asked(request, asked)),
        };
        try
        {
            return await session.AskAsync(method, parameters, client, tool, both.Token);
        }
        catch (OperationCanceledException) when (silence.TooLong.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new UpstreamException($"{Settings.Name} was silent for {Settings.Timeout.TotalSeconds:0} seconds, so the call was given up. Whether it did something is not known.", $"A longer 'timeoutSeconds' for '{Settings.Name}', if it needs that long.");
        }
        finally
        {
            _calls.TryRemove(call.Token, out _);
        }
    }

    private async Task<UpstreamSession> SessionAsync(CancellationToken cancellationToken)
    {
        Task<UpstreamSession> session;
        Task failed;
        lock (_lock)
        {
            (session, failed) = (_session.Task, _attempt.Task);
            // Somebody needs it now: the pause before the next attempt is over.
            if (Health.State == UpstreamState.Waiting) _pause.Cancel();
        }

        if (session.IsCompletedSuccessfully) return await session;
        if (Health is { State: UpstreamState.SignInNeeded or UpstreamState.AcceptanceNeeded } health) throw new UpstreamException(health.LastError!, health.Mend);
        if (Settings.Disabled) throw new UpstreamException($"The server '{Settings.Name}' is switched off.", $"editorbridge mcp add, or take 'disabled' out of '{Settings.Name}'.");
        using var patience = new CancellationTokenSource(CallPatience, _time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token, _stop.Token);
        try
        {
            // An attempt that has just been made says as much as the next one would.
            if (await Task.WhenAny(session, failed).WaitAsync(both.Token) == session) return await session;
            throw new UpstreamException($"The server '{Settings.Name}' is not there: {Health.LastError}", Health.Mend);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UpstreamException($"The server '{Settings.Name}' is not there: {Health.LastError ?? "it is being started."}", Health.Mend);
        }
    }

    // connect → list → wait for the end → pause, longer each time → again
    private async Task RunAsync(CancellationToken stop)
    {
        // Away from the caller: starting a process is slow.
        await Task.Yield();
        var failures = 0;
        while (!stop.IsCancellationRequested)
        {
            var began = _time.GetTimestamp();
            Become(UpstreamState.Starting, h => h);
            UpstreamException error;
            try
            {
                error = await ConnectedAsync(stop);
            }
            catch (OperationCanceledException) when (stop.IsCancellationRequested)
            {
                break;
            }
#pragma warning disable CA1031 // Whatever a server's answers set off here is that server's failure: its supervision goes on, and so do the others.
            catch (Exception e)
#pragma warning restore CA1031
            {
                LogUnforeseen(Settings.Name, e);
                error = new UpstreamException($"Its answers could not be read: {e.Message}", $"editorbridge mcp test {Settings.Name}");
            }

            if (error is BegunAnewException)
            {
                failures = 0;
                continue;
            }

            failures = _time.GetElapsedTime(began) >= GoodWhile ? 1 : failures + 1;
            LogFailed(Settings.Name, error.Message);
            TaskCompletionSource? attempt = null;
            Become(error.NeedsAcceptance ? UpstreamState.AcceptanceNeeded : error.NeedsSignIn ? UpstreamState.SignInNeeded : UpstreamState.Waiting, h =>
            {
                // A connection that had been there is no failed attempt: whoever needs the server waits for the one that comes next.
                if (h.State != UpstreamState.Ready) (attempt, _attempt) = (_attempt, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
                return h with { LastError = error.Message, Mend = error.Mend, Failures = failures, ProcessId = null, SignInId = null };
            });
            attempt?.TrySetResult();
            _firstAttempt.TrySetResult();
            // Only a person can mend a sign-in or accept a launch, and whether one has is seen when it is kept.
            await PauseAsync(error.NeedsSignIn || error.NeedsAcceptance ? Timeout.InfiniteTimeSpan : TimeSpan.FromTicks(Math.Min(LongestPause.Ticks, FirstPause.Ticks << Math.Min(failures - 1, 10))), stop);
        }

        Become(UpstreamState.Stopped, h => h with { ProcessId = null });
    }

    private async Task PauseAsync(TimeSpan pause, CancellationToken stop)
    {
        lock (_lock)
        {
            // Somebody signed in, or accepted, before the pause began.
            if (_begunAnew.Task.IsCompleted) return;
            _pause.Dispose();
            _pause = new CancellationTokenSource();
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(stop, _pause.Token);
        try
        {
            await Task.Delay(pause, _time, either.Token);
        }
        catch (OperationCanceledException)
        {
            // Stopped, or needed at once.
        }
    }

    // Returns why the connection ended.
    private async Task<UpstreamException> ConnectedAsync(CancellationToken stop)
    {
        UpstreamConnection? connection = null;
        Task begunAnew;
        lock (_lock)
        {
            if (_begunAnew.Task.IsCompleted) _begunAnew = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            begunAnew = _begunAnew.Task;
        }

        _signInWrittenAt = _signIns.WrittenAt(Settings.Name);
        try
        {
            // Before its program is started, or its address is shown a secret.
            if (await _checks.WhyNotStarted(Settings, stop) is { } held) throw held;
            connection = await UpstreamConnection.OpenAsync(Settings, _signIns, _sent, new UpstreamEvents(NotifiedAsync, AskedAsync, count => LogEchoed(Settings.Name, count)), DeclaredCapabilities(), _time, _logger, stop);
            Lists = await _checks.Meet(this, connection.Lists, connection.Session.Instructions, stop);
            connection.KeepSignedIn();
            Opened(connection);
            var listening = ListenAsync(connection.Session, stop);
            await Task.WhenAny(connection.Session.Ended, begunAnew, Task.Delay(Timeout.Infinite, stop));
            stop.ThrowIfCancellationRequested();
            if (begunAnew.IsCompleted) return new BegunAnewException();
            await connection.Session.Ended;
            await listening;
            return new UpstreamException("The connection ended.");
        }
        catch (UpstreamException e)
        {
            return connection?.Told(e) ?? e;
        }
        finally
        {
            lock (_lock)
            {
                if (_session.Task.IsCompleted) _session = new TaskCompletionSource<UpstreamSession>(TaskCreationOptions.RunContinuationsAsynchronously);
            }

            if (connection is not null) await connection.DisposeAsync();
        }
    }

    private void Opened(UpstreamConnection connection)
    {
        var session = connection.Session;
        IsModern = session.IsModern;
        Capabilities = session.Capabilities;
        Instructions = session.Instructions;
        LogReady(Settings.Name, session.ProtocolVersion, Lists.Tools.Length);
        Become(UpstreamState.Ready, h => h with
        {
            Failures = 0,
            ProtocolVersion = session.ProtocolVersion,
            ServerName = session.ServerInfo is { } info ? $"{info["name"]} {info["version"]}" : null,
            ProcessId = connection.ProcessId,
            SignInId = connection.SignInId,
        });
        lock (_lock) _session.TrySetResult(session);
        _firstAttempt.TrySetResult();
    }

    // A server of the session era is told once what all clients together may be asked; which of them can is seen when it asks.
    private JsonObject DeclaredCapabilities()
    {
        var declared = new JsonObject();
        if (Settings.Allows.Contains(ClientFeature.Elicitation)) declared["elicitation"] = new JsonObject { ["form"] = new JsonObject(), ["url"] = new JsonObject() };
        if (Settings.Allows.Contains(ClientFeature.Sampling)) declared["sampling"] = new JsonObject();
        if (Settings.Allows.Contains(ClientFeature.Roots)) declared["roots"] = new JsonObject { ["listChanged"] = true };
        return declared;
    }

    // A server of 2026-07-28 announces changes only to those who listen for them.
    private async Task ListenAsync(UpstreamSession session, CancellationToken stop)
    {
        if (!session.IsModern) return;
        var wanted = new JsonObject();
        foreach (var (capability, notification) in new[] { ("tools", "toolsListChanged"), ("prompts", "promptsListChanged"), ("resources", "resourcesListChanged") })
            if (session.Capabilities[capability].Member("listChanged").IsTrue()) wanted[notification] = true;
        if (wanted.Count == 0) return;
        try
        {
            await session.AskAsync("subscriptions/listen", new JsonObject { ["notifications"] = wanted }, RequestingClient.Gateway, tool: null, stop);
        }
        catch (Exception e) when (e is UpstreamException or OperationCanceledException)
        {
            // Without it the lists are those of the connection's start.
            LogNotListening(Settings.Name, e.Message);
        }
    }

    private async ValueTask NotifiedAsync(JsonRpcNotification notification)
    {
        switch (notification.Method)
        {
            case "notifications/progress":
                if (notification.Params.Member("progressToken").Text() is { } token && _calls.TryGetValue(token, out var call)) await call.Notified(notification);
                break;
            case "notifications/message" when !_calls.IsEmpty:
                foreach (var under in _calls.Values) await under.Notified(notification);
                break;
            case "notifications/tools/list_changed" or "notifications/prompts/list_changed" or "notifications/resources/list_changed":
                // One that waits its turn reads what all announced before it.
                if (Interlocked.Exchange(ref _relistWanted, 1) == 0) _ = RelistAsync();
                break;
            case "notifications/subscriptions/acknowledged":
                break;
            default:
                if (!_announcements.IsExceeded()) Announced?.Invoke(this, notification);
                break;
        }
    }

    private async Task<JsonRpcMessageWithId> AskedAsync(JsonRpcRequest request, CancellationToken cancellationToken)
    {
        // The protocol does not say which call a question belongs to. With calls of two clients under way it would be a guess, and the wrong person would be asked.
        var calls = _calls.Values.ToArray();
        if (calls.Length == 0) return Refusal(request, "No call is under way that this question could belong to.");
        if (calls.Any(c => c.Client != calls[0].Client)) return Refusal(request, "Calls of several clients are under way, and it is not known whose question this is. Try again.");
        return await calls[0].Asked(request, cancellationToken);
    }

    private async Task RelistAsync()
    {
        try
        {
            await _listing.WaitAsync(_stop.Token);
            try
            {
                if (_relists.IsExceeded()) await Task.Delay(RestlessPause, _time, _stop.Token);
                Volatile.Write(ref _relistWanted, 0);
                Task<UpstreamSession> session;
                lock (_lock) session = _session.Task;
                if (!session.IsCompletedSuccessfully) return;
                using var patience = new CancellationTokenSource(ListPatience, _time);
                using var both = CancellationTokenSource.CreateLinkedTokenSource(_stop.Token, patience.Token);
                Lists = await _checks.Meet(this, await UpstreamLists.ReadAsync(await session, both.Token), Instructions, _stop.Token);
            }
            finally
            {
                _listing.Release();
            }

            Changed?.Invoke(this);
        }
        // The last three: a list of a shape nobody foresaw.
        catch (Exception e) when (e is UpstreamException or OperationCanceledException or ObjectDisposedException or InvalidOperationException or ArgumentException or JsonException)
        {
            // The old lists stay until the next connection.
            LogNotListed(Settings.Name, e.Message);
        }
    }

    private void BeginAnew()
    {
        lock (_lock)
        {
            _begunAnew.TrySetResult();
            _pause.Cancel();
        }
    }

    private void Become(UpstreamState state, Func<UpstreamHealth, UpstreamHealth> with)
    {
        lock (_lock) Health = with(Health) with { State = state, Since = _time.GetUtcNow() };
        Changed?.Invoke(this);
    }

    private static JsonRpcError Refusal(JsonRpcRequest request, string message) => new() { Id = request.Id, Error = new JsonRpcErrorDetail { Code = -32603, Message = message } };

    /// <summary>The connection is made anew at once: for another person or none, or as a person has just accepted.</summary>
    private sealed class BegunAnewException() : UpstreamException("The connection is made anew.");

    [LoggerMessage(LogLevel.Information, "MCP server {Server} is ready: revision {Version}, {Tools} tools")]
    private partial void LogReady(string server, string version, int tools);

    [LoggerMessage(LogLevel.Error, "MCP server {Server} failed in a way that was not foreseen")]
    private partial void LogUnforeseen(string server, Exception e);

    [LoggerMessage(LogLevel.Warning, "MCP server {Server} failed: {Error}")]
    private partial void LogFailed(string server, string error);

    [LoggerMessage(LogLevel.Warning, "MCP server {Server} sent back {Count} secrets that a server was given; they were taken out")]
    private partial void LogEchoed(string server, int count);

    [LoggerMessage(LogLevel.Information, "MCP server {Server} has forgotten the session; a new one is begun")]
    private partial void LogSessionLost(string server);

    [LoggerMessage(LogLevel.Debug, "MCP server {Server} does not announce changes: {Reason}")]
    private partial void LogNotListening(string server, string reason);

    [LoggerMessage(LogLevel.Warning, "MCP server {Server} announced a change, and its lists could not be read again: {Reason}")]
    private partial void LogNotListed(string server, string reason);
}
