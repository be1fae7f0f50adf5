using System.Text.Json;
using EditorBridge.Cli;
using EditorBridge.Hosting;
using StreamJsonRpc;

namespace EditorBridge.Editor;

/// <summary>
/// <c>editorbridge editor</c>: one per editor window, between its stdio and the host's control channel. Finds a host or starts one; when the
/// host ends it finds or starts the next and introduces the window again. When the window closes, so does this; the host stays.
/// </summary>
/// <param name="serveArguments">What the window's person says about a host that is started for it; stands over what the last host was told.</param>
internal sealed partial class EditorRelay(StateFolder state, IReadOnlyList<string> serveArguments, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(5);

    private readonly CancellationTokenSource _windowClosed = new();
    private JsonRpc? _window;
    private JsonRpc? _host;
    private InitializeParams? _introduction;

    /// <summary>Serves the window until it closes its end.</summary>
    public async Task RunAsync(Stream fromWindow, Stream toWindow)
    {
        _window = EditorWire.Over(toWindow, fromWindow);
        _window.AddLocalRpcTarget(this, new JsonRpcTargetOptions { DisposeOnDisconnect = false });
        _window.StartListening();
        try
        {
            await _window.Completion;
        }
        catch (Exception e) when (e is IOException or ConnectionLostException or BadRpcHeaderException or JsonException)
        {
            LogWindowBroken(e);
        }

        await _windowClosed.CancelAsync();
        LogWindowClosed();
    }

    [JsonRpcMethod(EditorMethods.Initialize, UseSingleObjectParameterDeserialization = true)]
    public async Task<InitializeResult> InitializeAsync(InitializeParams introduction, CancellationToken cancellationToken)
    {
        if (introduction.ProtocolVersion != EditorMethods.ProtocolVersion)
            throw EditorWire.VersionMismatch($"{introduction.ClientName} {introduction.ClientVersion}", introduction.ProtocolVersion, "this EditorBridge");
        _introduction = introduction;
        try
        {
            return await ConnectAsync(cancellationToken);
        }
        catch (Exception e) when (e is HostNotStartedException or StateFolderException or IOException or ConnectionLostException)
        {
            throw EditorWire.Error(EditorErrors.HostUnavailable, e.Message);
        }
        catch (RemoteInvocationException e)
        {
            throw Passed(e);
        }
    }

    [JsonRpcMethod(EditorMethods.ListReviews)]
    public Task<JsonElement> ListReviewsAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.ListReviews, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.GiveVerdict, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> GiveVerdictAsync(VerdictParams verdict, CancellationToken cancellationToken) => AskAsync(EditorMethods.GiveVerdict, verdict, cancellationToken);

    [JsonRpcMethod(EditorMethods.AskReview, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> AskReviewAsync(AskReviewParams asked, CancellationToken cancellationToken) => AskAsync(EditorMethods.AskReview, asked, cancellationToken);

    [JsonRpcMethod(EditorMethods.ListGrants)]
    public Task<JsonElement> ListGrantsAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.ListGrants, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.RevokeGrant, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> RevokeGrantAsync(RevokeParams grant, CancellationToken cancellationToken) => AskAsync(EditorMethods.RevokeGrant, grant, cancellationToken);

    [JsonRpcMethod(EditorMethods.ListNotices)]
    public Task<JsonElement> ListNoticesAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.ListNotices, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.AnalyzeSql, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> AnalyzeSqlAsync(AnalyzeParams file, CancellationToken cancellationToken) => AskAsync(EditorMethods.AnalyzeSql, file, cancellationToken);

    [JsonRpcMethod(EditorMethods.TerminalEnvironment)]
    public Task<JsonElement> TerminalEnvironmentAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.TerminalEnvironment, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.PortalLink)]
    public Task<JsonElement> PortalLinkAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.PortalLink, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.McpServer)]
    public Task<JsonElement> McpServerAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.McpServer, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.Witness, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> WitnessAsync(WitnessParams kept, CancellationToken cancellationToken) => AskAsync(EditorMethods.Witness, kept, cancellationToken);

    [JsonRpcMethod(EditorMethods.OpenIdeDoor)]
    public Task<JsonElement> OpenIdeDoorAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.OpenIdeDoor, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.CloseIdeDoor)]
    public Task<JsonElement> CloseIdeDoorAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.CloseIdeDoor, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.Fixes, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> FixesAsync(FixParams asked, CancellationToken cancellationToken) => AskAsync(EditorMethods.Fixes, asked, cancellationToken);

    [JsonRpcMethod(EditorMethods.ChatModels)]
    public Task<JsonElement> ChatModelsAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.ChatModels, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.AskChat, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> AskChatAsync(ChatParams asked, CancellationToken cancellationToken) => AskAsync(EditorMethods.AskChat, asked, cancellationToken);

    [JsonRpcMethod(EditorMethods.CountChat, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> CountChatAsync(CountParams counted, CancellationToken cancellationToken) => AskAsync(EditorMethods.CountChat, counted, cancellationToken);

    [JsonRpcMethod(EditorMethods.AccountState)]
    public Task<JsonElement> AccountStateAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.AccountState, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.SignIn)]
    public Task<JsonElement> SignInAsync(CancellationToken cancellationToken) => AskAsync(EditorMethods.SignIn, null, cancellationToken);

    [JsonRpcMethod(EditorMethods.SupplyToken, UseSingleObjectParameterDeserialization = true)]
    public Task<JsonElement> SupplyTokenAsync(TokenParams supplied, CancellationToken cancellationToken) => AskAsync(EditorMethods.SupplyToken, supplied, cancellationToken);

    [JsonRpcMethod(EditorMethods.SelectionChanged, UseSingleObjectParameterDeserialization = true)]
    public Task SelectionChangedAsync(SelectionParams selection) => TellHostAsync(EditorMethods.SelectionChanged, selection);

    [JsonRpcMethod(EditorMethods.Mentioned, UseSingleObjectParameterDeserialization = true)]
    public Task MentionedAsync(MentionParams mention) => TellHostAsync(EditorMethods.Mentioned, mention);

    [JsonRpcMethod(EditorMethods.WorkspaceChanged, UseSingleObjectParameterDeserialization = true)]
    public async Task WorkspaceChangedAsync(WorkspaceChangedParams changed)
    {
        if (_introduction is null) return;
        _introduction = _introduction with { WorkspaceFolders = changed.WorkspaceFolders };
        await TellHostAsync(EditorMethods.WorkspaceChanged, changed);
    }

    /// <summary>The window is about to close its end; there is nothing to put away here.</summary>
    [JsonRpcMethod(EditorMethods.Shutdown)]
    public void Shutdown() => LogShutdown();

    public void Dispose()
    {
        _host?.Dispose();
        _window?.Dispose();
        _windowClosed.Dispose();
    }

    private async Task<InitializeResult> ConnectAsync(CancellationToken cancellationToken)
    {
        var stream = await ReachHostAsync(cancellationToken);
        var host = EditorWire.Over(stream, stream);
        host.AddLocalRpcTarget(new FromHost(_window!), new JsonRpcTargetOptions { DisposeOnDisconnect = false });
        host.Disconnected += (_, _) => HostGone(host);
        host.StartListening();
        try
        {
            var answer = await host.InvokeWithParameterObjectAsync<InitializeResult>(EditorMethods.Initialize, _introduction, cancellationToken);
            _host = host;
            LogConnected(answer.HostProcessId, answer.ServerVersion);
            // It may have ended between its answer and now; then nobody has been told yet.
            if (host.IsDisposed || host.Completion.IsCompleted) HostGone(host);
            return answer;
        }
        catch
        {
            host.Dispose();
            throw;
        }
    }

    // A host that is there answers on its socket at once; only when nobody does is one looked for and started.
    private async Task<Stream> ReachHostAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await ControlChannel.ConnectAsync(state, cancellationToken);
        }
        catch (IOException)
        {
            // A host that was killed left its address behind: the next one is started as it was.
            var last = state.ReadHost()?.ServeArguments ?? [];
            await HostFinder.FindOrStartAsync(state, ["--started-by-editor", .. HostSettings.Over(last, serveArguments)], cancellationToken);
            return await ControlChannel.ConnectAsync(state, cancellationToken);
        }
    }

    private void HostGone(JsonRpc host)
    {
        // Only the connection in use matters, and only once.
        if (_windowClosed.IsCancellationRequested || Interlocked.CompareExchange(ref _host, null, host) != host) return;
        LogHostGone();
        _ = ReconnectAsync(_windowClosed.Token);
    }

    private async Task ReconnectAsync(CancellationToken windowClosed)
    {
        await TellAsync("starting", "The host ended. Looking for the next one; open reviews are kept.");
        var pause = FirstPause;
        while (!windowClosed.IsCancellationRequested)
        {
            try
            {
                await ConnectAsync(windowClosed);
                await TellAsync("ready", "");
                return;
            }
            catch (Exception e) when (e is HostNotStartedException or StateFolderException or IOException or ConnectionLostException or RemoteInvocationException)
            {
                LogNotReconnected(e.Message);
                if (pause >= LongestPause) await TellAsync("failed", e.Message);
            }
            catch (OperationCanceledException)
            {
                return;
            }

            await Task.Delay(pause, time, CancellationToken.None);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private async Task TellAsync(string hostState, string message)
    {
        try
        {
            await _window!.NotifyWithParameterObjectAsync(EditorMethods.HostStatus, new HostStatusParams(hostState, message, 0));
        }
        catch (Exception e) when (e is ConnectionLostException or ObjectDisposedException or IOException)
        {
            LogWindowBroken(e);
        }
    }

    private async Task TellHostAsync(string method, object parameters)
    {
        if (_host is { } host) await host.NotifyWithParameterObjectAsync(method, parameters);
    }

    private async Task<JsonElement> AskAsync(string method, object? parameters, CancellationToken cancellationToken)
    {
        if (_host is not { } host)
            throw EditorWire.Error(EditorErrors.HostUnavailable, "The host ended and the next one is not there yet. Nothing was decided; try again in a moment.");
        try
        {
            return await host.InvokeWithParameterObjectAsync<JsonElement>(method, parameters, cancellationToken);
        }
        catch (RemoteInvocationException e)
        {
            throw Passed(e);
        }
        catch (Exception e) when (e is ConnectionLostException or ObjectDisposedException)
        {
            throw EditorWire.Error(EditorErrors.HostUnavailable, "The host ended before it answered. A review that is still open is shown again; the ledger says what was recorded.");
        }
    }

    private static LocalRpcException Passed(RemoteInvocationException e) => EditorWire.Error(e.ErrorCode, e.Message);

    /// <summary>What the host tells, passed on as it is.</summary>
    private sealed class FromHost(JsonRpc window)
    {
        [JsonRpcMethod(EditorMethods.ReviewOpened, UseSingleObjectParameterDeserialization = true)]
        public Task ReviewOpenedAsync(ReviewView review) => window.NotifyWithParameterObjectAsync(EditorMethods.ReviewOpened, review);

        [JsonRpcMethod(EditorMethods.ReviewUpdated, UseSingleObjectParameterDeserialization = true)]
        public Task ReviewUpdatedAsync(ReviewView review) => window.NotifyWithParameterObjectAsync(EditorMethods.ReviewUpdated, review);

        [JsonRpcMethod(EditorMethods.ReviewClosed, UseSingleObjectParameterDeserialization = true)]
        public Task ReviewClosedAsync(ReviewClosedParams closed) => window.NotifyWithParameterObjectAsync(EditorMethods.ReviewClosed, closed);

        [JsonRpcMethod(EditorMethods.HostStatus, UseSingleObjectParameterDeserialization = true)]
        public Task HostStatusAsync(HostStatusParams status) => window.NotifyWithParameterObjectAsync(EditorMethods.HostStatus, status);

        [JsonRpcMethod(EditorMethods.GrantsChanged, UseSingleObjectParameterDeserialization = true)]
        public Task GrantsChangedAsync(GrantsResult grants) => window.NotifyWithParameterObjectAsync(EditorMethods.GrantsChanged, grants);

        [JsonRpcMethod(EditorMethods.NoticesChanged, UseSingleObjectParameterDeserialization = true)]
        public Task NoticesChangedAsync(NoticesResult notices) => window.NotifyWithParameterObjectAsync(EditorMethods.NoticesChanged, notices);

        [JsonRpcMethod(EditorMethods.CheckpointSigned, UseSingleObjectParameterDeserialization = true)]
        public Task CheckpointSignedAsync(CheckpointSignedParams signed) => window.NotifyWithParameterObjectAsync(EditorMethods.CheckpointSigned, signed);

        [JsonRpcMethod(EditorMethods.ChatPart, UseSingleObjectParameterDeserialization = true)]
        public Task ChatPartAsync(ChatPartParams part) => window.NotifyWithParameterObjectAsync(EditorMethods.ChatPart, part);

        [JsonRpcMethod(EditorMethods.OpenAddress, UseSingleObjectParameterDeserialization = true)]
        public Task<JsonElement> OpenAddressAsync(OpenAddressParams address, CancellationToken cancellationToken) => AskWindowAsync(EditorMethods.OpenAddress, address, cancellationToken);

        [JsonRpcMethod(EditorMethods.OpenEditors)]
        public Task<JsonElement> OpenEditorsAsync(CancellationToken cancellationToken) => AskWindowAsync(EditorMethods.OpenEditors, null, cancellationToken);

        [JsonRpcMethod(EditorMethods.Diagnostics, UseSingleObjectParameterDeserialization = true)]
        public Task<JsonElement> DiagnosticsAsync(DiagnosticsParams wanted, CancellationToken cancellationToken) => AskWindowAsync(EditorMethods.Diagnostics, wanted, cancellationToken);

        [JsonRpcMethod(EditorMethods.OpenFile, UseSingleObjectParameterDeserialization = true)]
        public Task<JsonElement> OpenFileAsync(OpenFileParams file, CancellationToken cancellationToken) => AskWindowAsync(EditorMethods.OpenFile, file, cancellationToken);

        [JsonRpcMethod(EditorMethods.DocumentState, UseSingleObjectParameterDeserialization = true)]
        public Task<JsonElement> DocumentStateAsync(DocumentParams document, CancellationToken cancellationToken) => AskWindowAsync(EditorMethods.DocumentState, document, cancellationToken);

        [JsonRpcMethod(EditorMethods.SaveDocument, UseSingleObjectParameterDeserialization = true)]
        public Task<JsonElement> SaveDocumentAsync(DocumentParams document, CancellationToken cancellationToken) => AskWindowAsync(EditorMethods.SaveDocument, document, cancellationToken);

        private async Task<JsonElement> AskWindowAsync(string method, object? parameters, CancellationToken cancellationToken)
        {
            try
            {
                return await window.InvokeWithParameterObjectAsync<JsonElement>(method, parameters, cancellationToken);
            }
            catch (RemoteInvocationException e)
            {
                throw Passed(e);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Connected to host {ProcessId}, version {Version}")]
    private partial void LogConnected(int processId, string version);

    [LoggerMessage(LogLevel.Warning, "The host ended")]
    private partial void LogHostGone();

    [LoggerMessage(LogLevel.Warning, "No host yet: {Reason}")]
    private partial void LogNotReconnected(string reason);

    [LoggerMessage(LogLevel.Debug, "The window is shutting down")]
    private partial void LogShutdown();

    [LoggerMessage(LogLevel.Debug, "The window closed its end")]
    private partial void LogWindowClosed();

    [LoggerMessage(LogLevel.Debug, "The window broke off")]
    private partial void LogWindowBroken(Exception exception);
}
