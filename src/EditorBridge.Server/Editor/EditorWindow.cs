using System.Collections.Immutable;
using EditorBridge.Accounts;
using EditorBridge.Cli;
using EditorBridge.Gate;
using EditorBridge.Ide;
using EditorBridge.Keeping;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Trust;
using EditorBridge.Review;
using StreamJsonRpc;

namespace EditorBridge.Editor;

/// <summary>The host's end of one editor window's connection.</summary>
/// <param name="parts">What else of the contract this window answers, each in a class of its own.</param>
/// <param name="peer">A peer below an AI agent is told so and nothing else.</param>
internal sealed class EditorWindow(Stream stream, EditorEndpoint endpoint, ReviewDesk desk, SessionGrants grants, EditorAnswers answers, IdeDoors doors, LedgerWitness witness, LedgerJobs jobs, PinDesk pins, HostNotices notices, Func<EditorWindow, IEnumerable<object>> parts, Peer peer) : IDisposable
{
    private readonly SemaphoreSlim _doorChanges = new(1);
    private IdeDoor? _door;

    private readonly HashSet<string> _shown = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private JsonRpc? _rpc;
    private string _name = "editor";

    /// <summary>Absolute paths of the window's workspace folders.</summary>
    public IReadOnlyCollection<string> Folders { get; private set; } = [];

    public bool Introduced { get; private set; }

    /// <summary>The editor's chat as a client of models names itself, with its version.</summary>
    public string Client { get; private set; } = "";

    /// <summary>A command line rather than a window: it has no folders, sees every review, and is told of none.</summary>
    public bool IsTerminal { get; private set; }

    /// <summary>False when the system knows of no terminal of the caller's own.</summary>
    public bool HasTerminal => peer.HasTerminal;

    /// <summary>Ends when the other side goes away.</summary>
    public async Task RunAsync()
    {
        _rpc = EditorWire.Over(stream, stream);
        foreach (var target in parts(this).Prepend(this)) _rpc.AddLocalRpcTarget(target, new JsonRpcTargetOptions { DisposeOnDisconnect = false });
        _rpc.StartListening();
        try
        {
            await _rpc.Completion;
        }
        catch (Exception e) when (e is IOException or ConnectionLostException or BadRpcHeaderException or System.Text.Json.JsonException)
        {
            // A window that breaks off, or speaks something else, is a window that is gone; its reviews go to the others.
        }
    }

    [JsonRpcMethod(EditorMethods.Initialize, UseSingleObjectParameterDeserialization = true)]
    public InitializeResult Initialize(InitializeParams introduction)
    {
        if (peer.Agent is { } agent)
            throw EditorWire.Error(EditorErrors.Refused, $"This connection comes from an AI agent ({agent}), and agents do not review themselves. Nothing was shown or decided.");
        if (introduction.ProtocolVersion != EditorMethods.ProtocolVersion)
            throw EditorWire.VersionMismatch($"{introduction.ClientName} {introduction.ClientVersion}", introduction.ProtocolVersion, "the host");
        Folders = introduction.WorkspaceFolders;
        IsTerminal = introduction.ClientName == ControlClient.Name;
        _name = introduction.ClientName;
        Client = $"{introduction.ClientName}-chat/{introduction.ClientVersion}";
        Introduced = true;
        return answers.Introduce();
    }

    [JsonRpcMethod(EditorMethods.ListReviews)]
    public ReviewsResult ListReviews()
    {
        RequireIntroduction();
        return endpoint.ListFor(this);
    }

    [JsonRpcMethod(EditorMethods.GiveVerdict, UseSingleObjectParameterDeserialization = true)]
    public async Task<VerdictAnswer> GiveVerdictAsync(VerdictParams given)
    {
        RequireIntroduction();
        if (!Enum.TryParse<VerdictKind>(given.Kind, ignoreCase: true, out var kind) || !Enum.IsDefined(kind))
            throw EditorWire.Error(EditorErrors.Refused, "A verdict is approve, approveEdited or reject. Nothing was decided.");
        if (IsTerminal && !peer.HasTerminal)
            throw EditorWire.Error(EditorErrors.Refused, "A verdict from the command line needs a terminal a person sits at, and this process has none. Nothing was decided. Use a terminal of your own, the portal or the editor.");
        try
        {
            var outcome = await desk.GiveAsync(given.Id, new Verdict(kind, Environment.UserName, IsTerminal ? "terminal" : "editor", given.Reason, given.Text, given.AgainForSession));
            return new VerdictAnswer(EditorWire.Name(outcome.Result), outcome.Message);
        }
        catch (LedgerUnavailableException e)
        {
            throw new LocalRpcException($"The verdict could not be recorded, so nothing was decided. {e.Message}");
        }
    }

    [JsonRpcMethod(EditorMethods.ListGrants)]
    public GrantsResult ListGrants()
    {
        RequireIntroduction();
        return EditorViews.Of(grants.InForce);
    }

    [JsonRpcMethod(EditorMethods.ListNotices)]
    public async Task<NoticesResult> ListNoticesAsync(CancellationToken cancellationToken)
    {
        RequireIntroduction();
        return EditorViews.Of(await notices.ListAsync(cancellationToken));
    }

    [JsonRpcMethod(EditorMethods.RevokeGrant, UseSingleObjectParameterDeserialization = true)]
    public async Task<RevokeAnswer> RevokeGrantAsync(RevokeParams revoked)
    {
        RequireIntroduction();
        try
        {
            return await grants.RevokeAsync(revoked.Id, Environment.UserName)
                ? new RevokeAnswer(true, $"{revoked.Id} is revoked: the same is asked about again.")
                : new RevokeAnswer(false, $"There is no session grant {revoked.Id} in force. List them with: editorbridge grants");
        }
        catch (LedgerUnavailableException e)
        {
            throw new LocalRpcException($"{revoked.Id} is out of force, but that could not be recorded. {e.Message}");
        }
    }

    [JsonRpcMethod(EditorMethods.AnalyzeSql, UseSingleObjectParameterDeserialization = true)]
    public AnalyzeResult AnalyzeSql(AnalyzeParams file)
    {
        RequireIntroduction();
        return EditorViews.Of(file.Path, file.Text);
    }

    [JsonRpcMethod(EditorMethods.Fixes, UseSingleObjectParameterDeserialization = true)]
    public FixesResult Fixes(FixParams asked)
    {
        RequireIntroduction();
        return EditorViews.FixesOf(asked);
    }

    [JsonRpcMethod(EditorMethods.TerminalEnvironment)]
    public TerminalEnvironmentResult TerminalEnvironment()
    {
        RequireIntroduction();
        return answers.TerminalEnvironment();
    }

    [JsonRpcMethod(EditorMethods.PortalLink)]
    public PortalLinkResult PortalLink()
    {
        RequireIntroduction();
        return answers.PortalLink();
    }

    [JsonRpcMethod(EditorMethods.McpServer)]
    public McpServerResult McpServer()
    {
        RequireIntroduction();
        return answers.McpServer();
    }

    [JsonRpcMethod(EditorMethods.Witness, UseSingleObjectParameterDeserialization = true)]
    public async Task<WitnessResult> WitnessAsync(WitnessParams kept)
    {
        RequireIntroduction();
        try
        {
            return await witness.CompareAsync($"{_name} of {Environment.UserName} on {Environment.MachineName}", kept.Note);
        }
        catch (LedgerUnavailableException e)
        {
            throw new LocalRpcException($"The checkpoint could not be compared with the ledger. {e.Message}");
        }
    }

    [JsonRpcMethod(LedgerJobs.Method, UseSingleObjectParameterDeserialization = true)]
    public Task<JobResult> DoAsync(LedgerJob job, CancellationToken cancellationToken)
    {
        RequireIntroduction();
        if (!IsTerminal) throw EditorWire.Error(EditorErrors.Refused, "Work on the ledger is for the command line. Nothing was done.");
        return jobs.RunAsync(job, peer.HasTerminal, cancellationToken);
    }

    [JsonRpcMethod(PinDesk.ListMethod)]
    public Task<PinsView> ListPinsAsync(CancellationToken cancellationToken)
    {
        RequireIntroduction();
        return pins.LookAsync(cancellationToken);
    }

    [JsonRpcMethod(PinDesk.DecideMethod, UseSingleObjectParameterDeserialization = true)]
    public async Task<PinAnswer> DecidePinsAsync(PinDecision decision)
    {
        RequireIntroduction();
        if (!IsTerminal || !peer.HasTerminal)
            throw EditorWire.Error(EditorErrors.Refused, "What an MCP server offers is accepted in a terminal a person sits at, or in the portal. Nothing was decided.");
        try
        {
            return await pins.DecideAsync(decision, Environment.UserName, "terminal");
        }
        catch (LedgerUnavailableException e)
        {
            throw new LocalRpcException($"The decision could not be recorded, so nothing was decided. {e.Message}");
        }
    }

    /// <summary>Opens this window's door for Claude Code, or says where it is.</summary>
    [JsonRpcMethod(EditorMethods.OpenIdeDoor)]
    public async Task<IdeDoorResult> OpenIdeDoorAsync(CancellationToken cancellationToken)
    {
        RequireIntroduction();
        if (IsTerminal) throw EditorWire.Error(EditorErrors.Refused, "A command line has no editor to show a change in. Nothing was opened.");
        await _doorChanges.WaitAsync(cancellationToken);
        try
        {
            _door ??= await doors.OpenAsync(this, cancellationToken);
            return new IdeDoorResult(_door.Port);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw EditorWire.Error(EditorErrors.HostUnavailable, $"Claude Code cannot be told of this window: {e.Message} Reviews are shown here all the same.");
        }
        finally
        {
            _doorChanges.Release();
        }
    }

    [JsonRpcMethod(EditorMethods.CloseIdeDoor)]
    public async Task CloseIdeDoorAsync()
    {
        await _doorChanges.WaitAsync();
        try
        {
            if (_door is { } door) await door.DisposeAsync();
            _door = null;
        }
        finally
        {
            _doorChanges.Release();
        }
    }

    [JsonRpcMethod(EditorMethods.SelectionChanged, UseSingleObjectParameterDeserialization = true)]
    public async Task SelectionChangedAsync(SelectionParams selection)
    {
        if (_door is { } door) await door.SelectedAsync(selection);
    }

    [JsonRpcMethod(EditorMethods.Mentioned, UseSingleObjectParameterDeserialization = true)]
    public async Task MentionedAsync(MentionParams mention)
    {
        if (_door is { } door) await door.MentionedAsync(mention);
    }

    [JsonRpcMethod(EditorMethods.WorkspaceChanged, UseSingleObjectParameterDeserialization = true)]
    public void WorkspaceChanged(WorkspaceChangedParams changed)
    {
        if (!Introduced) return;
        Folders = changed.WorkspaceFolders;
        _door?.FoldersChanged();
        endpoint.Reroute();
    }

    /// <summary>Asks the window for something only it knows.</summary>
    /// <exception cref="RemoteInvocationException">It could not do it; the message is for people.</exception>
    /// <exception cref="ConnectionLostException">It closed.</exception>
    public Task<T> AskAsync<T>(string method, object? parameters, CancellationToken cancellationToken) => _rpc!.InvokeWithParameterObjectAsync<T>(method, parameters, cancellationToken);

    /// <summary>Tells the window something in the order of the calls.</summary>
    /// <exception cref="ConnectionLostException">It closed.</exception>
    public Task TellAsync(string method, object payload) => _rpc!.NotifyWithParameterObjectAsync(method, payload);

    public void MarkShown(string reviewId)
    {
        lock (_lock) _shown.Add(reviewId);
    }

    /// <summary>Shows a review once, however often it is offered.</summary>
    public void Opened(ReviewItem item)
    {
        lock (_lock)
        {
            if (!_shown.Add(item.Id)) return;
        }

        Notify(EditorMethods.ReviewOpened, EditorViews.Of(item));
    }

    public void GrantsChanged()
    {
        if (Introduced && !IsTerminal) Notify(EditorMethods.GrantsChanged, EditorViews.Of(grants.InForce));
    }

    /// <summary>Tells what was added to a review that this window shows.</summary>
    public void Updated(ReviewItem item)
    {
        lock (_lock)
        {
            if (!_shown.Contains(item.Id)) return;
        }

        Notify(EditorMethods.ReviewUpdated, EditorViews.Of(item));
    }

    public void NoticesChanged(ImmutableArray<Notice> now)
    {
        if (Introduced && !IsTerminal) Notify(EditorMethods.NoticesChanged, EditorViews.Of(now));
    }

    public void Closed(ClosedReview closed)
    {
        lock (_lock)
        {
            if (!_shown.Remove(closed.Item.Id)) return;
        }

        Notify(EditorMethods.ReviewClosed, new ReviewClosedParams(closed.Item.Id, EditorWire.Name(closed.State), closed.Person, closed.Reason));
    }

    public void Signed(CheckpointNote checkpoint) => Notify(EditorMethods.CheckpointSigned, new CheckpointSignedParams(checkpoint.Text));

    public void Dispose() => _rpc?.Dispose();

    // A window that goes away while it is told something lists its reviews anew when it comes back.
    private void Notify(string method, object payload) => _ = _rpc!.NotifyWithParameterObjectAsync(method, payload).ContinueWith(
        static sending => sending.Exception?.Handle(e => e is ConnectionLostException or ObjectDisposedException or IOException),
        CancellationToken.None, TaskContinuationOptions.OnlyOnFaulted | TaskContinuationOptions.ExecuteSynchronously, TaskScheduler.Default);

    /// <exception cref="LocalRpcException">Nobody has introduced the window yet.</exception>
    public void RequireIntroduction()
    {
        if (!Introduced) throw EditorWire.Error(EditorErrors.Refused, $"Call {EditorMethods.Initialize} first. Nothing was done.");
    }
}
