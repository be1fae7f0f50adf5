using System.Threading.Channels;
using EditorBridge.Accounts;
using EditorBridge.Budgets;
using EditorBridge.Editor;
using EditorBridge.Hosting;
using EditorBridge.Ide;
using EditorBridge.Keeping;
using EditorBridge.Gate;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Messages;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Snowflake;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using StreamJsonRpc;

namespace EditorBridge.Server.Tests.Editor;

/// <summary>The host's control channel over a real gate, and windows that connect to it through the real socket.</summary>
internal sealed class EditorFixture : IAsyncDisposable
{
    private readonly List<EditorClient> _clients = [];
    private readonly EditorEndpoint _endpoint;
    private AccountConnection? _connection;
    private readonly ServiceProvider _services = new ServiceCollection().AddLogging().BuildServiceProvider();

    public EditorFixture()
    {
        Gate = new GateFixture();
        Gate.State.WriteHost(new HostAddress(Environment.ProcessId, "http://127.0.0.1:4000", Gate.State.ControlSocket, "0.1.0", Portal, "sandbox", Sandbox: true, ServeArguments: []));
        var answers = new EditorAnswers(new ServeOptions { State = Gate.State, PortalUrl = Portal }, Gate.Time);
        var doors = new IdeDoors(LockFolder, Gate.Gate, Gate.Desk, Gate.Admitted, Gate.Sessions, _services, NullLoggerFactory.Instance);
        _endpoint = new EditorEndpoint(Gate.State, Gate.Desk, Gate.Grants, answers, doors, Gate.Ledger, new LedgerWitness(Gate.State, Gate.Ledger), new LedgerJobs(Gate.State, Gate.Ledger, new LedgerSettings { KeepPayloadDaysAtLeast = 30 }, Gate.Time), Pins(), Notices(), _ => [], NullLogger<EditorEndpoint>.Instance);
    }

    // No server is configured; what a window may not decide, it may not decide of none either.
    private PinDesk Pins()
    {
        var book = new PinBook(Gate.State, Gate.Ledger, Gate.Time, NullLogger<PinBook>.Instance);
        return new PinDesk(new UpstreamRoom(Gate.State, new ConnectedTools(), book, new UpstreamSignIns(Gate.State, TimeProvider.System), new SentSecrets(Gate.State), Gate.Time, NullLoggerFactory.Instance, NullLogger<UpstreamRoom>.Instance), book);
    }

    /// <summary>The account is not asked: nothing here starts the watch.</summary>
    public AccountWatch Watch { get; private set; } = null!;

    private HostNotices Notices()
    {
        var profile = new AccountProfile { Name = "sandbox", Account = new SnowflakeAccount("sandbox", new Uri("http://127.0.0.1:1"), IsSandbox: true), Identifier = "SANDBOX", SignIn = SignInKind.OAuth, Sources = [] };
        _connection = AccountConnection.Open(profile, new SecretStore(Gate.State.In("sign-ins")), Gate.Time, NullLoggerFactory.Instance);
        Watch = new AccountWatch(_connection, _connection.Cortex(), _connection.Sql(), new ServeOptions { State = Gate.State }, Gate.Time);
        return new HostNotices(Watch, new BudgetGuard([], ModelPrices.Shipped, Gate.State, Gate.Ledger, Gate.Sessions, Gate.Time));
    }

    /// <summary>Where this host tells Claude Code of its windows.</summary>
    public string LockFolder => Gate.State.In("ide");

    public const string Portal = "http://127.0.0.1:4080";

    public GateFixture Gate { get; }

    public static async Task<EditorFixture> StartAsync()
    {
        var fixture = new EditorFixture();
        await fixture._endpoint.StartAsync(CancellationToken.None);
        return fixture;
    }

    /// <summary>A window with these folders of the temporary workspace, introduced.</summary>
    public async Task<EditorClient> WindowAsync(params string[] folders)
    {
        var client = await ConnectAsync();
        await client.AskAsync<InitializeResult>(EditorMethods.Initialize, Introduction(folders));
        return client;
    }

    public async Task<EditorClient> ConnectAsync()
    {
        var client = new EditorClient(await ControlChannel.ConnectAsync(Gate.State, CancellationToken.None));
        _clients.Add(client);
        return client;
    }

    public InitializeParams Introduction(params string[] folders) =>
        new("vscode", "0.1.0", EditorMethods.ProtocolVersion, Environment.ProcessId, [.. folders.Select(folder => Path.Combine(Gate.Workspace, folder))]);

    public async ValueTask DisposeAsync()
    {
        foreach (var client in _clients) client.Dispose();
        await _endpoint.StopAsync(CancellationToken.None);
        _endpoint.Dispose();
        Watch.Dispose();
        _connection?.Dispose();
        await _services.DisposeAsync();
        await Gate.DisposeAsync();
    }
}

/// <summary>One window's end of the contract; what the host tells it waits in two channels.</summary>
internal sealed class EditorClient : IDisposable
{
    private readonly JsonRpc _rpc;
    private readonly Told _told = new();

    public EditorClient(Stream stream)
    {
        _rpc = EditorWire.Over(stream, stream);
        _rpc.AddLocalRpcTarget(_told, null);
        _rpc.StartListening();
    }

    public Task<T> AskAsync<T>(string method, object? parameters = null, CancellationToken cancellationToken = default) => _rpc.InvokeWithParameterObjectAsync<T>(method, parameters, cancellationToken);

    public Task TellAsync(string method, object parameters) => _rpc.NotifyWithParameterObjectAsync(method, parameters);

    public Task<ReviewView> OpenedAsync() => _told.Opened.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal, CancellationToken.None);

    public Task<ReviewClosedParams> ClosedAsync() => _told.Closed.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal, CancellationToken.None);

    public Task<GrantsResult> GrantsAsync() => _told.Grants.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal, CancellationToken.None);

    public Task<NoticesResult> NoticesAsync() => _told.Notices.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal, CancellationToken.None);

    public Task<CheckpointSignedParams> CheckpointAsync() => _told.Checkpoints.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal, CancellationToken.None);

    public Task<ChatPartParams> ChatPartAsync() => _told.ChatParts.Reader.ReadAsync().AsTask().WaitAsync(TestLimits.Signal, CancellationToken.None);

    /// <summary>What a person does with an address that is opened for them.</summary>
    public Func<OpenAddressParams, Task<bool>> Browser { set => _told.Browser = value; }

    public bool WasToldOfReviews => _told.Opened.Reader.Count > 0;

    /// <summary>What this window has open and knows problems of.</summary>
    public OpenEditorView[] Editors { get => _told.Editors; set => _told.Editors = value; }

    public DiagnosticView[] Problems { get => _told.Problems; set => _told.Problems = value; }

    public void Dispose() => _rpc.Dispose();

    private sealed class Told
    {
        public Channel<ReviewView> Opened { get; } = Channel.CreateUnbounded<ReviewView>();
        public Channel<ReviewClosedParams> Closed { get; } = Channel.CreateUnbounded<ReviewClosedParams>();

        public Channel<GrantsResult> Grants { get; } = Channel.CreateUnbounded<GrantsResult>();

        [JsonRpcMethod(EditorMethods.GrantsChanged, UseSingleObjectParameterDeserialization = true)]
        public void GrantsChanged(GrantsResult grants) => Grants.Writer.TryWrite(grants);

        public Channel<NoticesResult> Notices { get; } = Channel.CreateUnbounded<NoticesResult>();

        [JsonRpcMethod(EditorMethods.NoticesChanged, UseSingleObjectParameterDeserialization = true)]
        public void NoticesChanged(NoticesResult notices) => Notices.Writer.TryWrite(notices);

        public Channel<CheckpointSignedParams> Checkpoints { get; } = Channel.CreateUnbounded<CheckpointSignedParams>();

        [JsonRpcMethod(EditorMethods.CheckpointSigned, UseSingleObjectParameterDeserialization = true)]
        public void CheckpointSigned(CheckpointSignedParams signed) => Checkpoints.Writer.TryWrite(signed);

        [JsonRpcMethod(EditorMethods.ReviewOpened, UseSingleObjectParameterDeserialization = true)]
        public void ReviewOpened(ReviewView review) => Opened.Writer.TryWrite(review);

        [JsonRpcMethod(EditorMethods.ReviewClosed, UseSingleObjectParameterDeserialization = true)]
        public void ReviewClosed(ReviewClosedParams closed) => Closed.Writer.TryWrite(closed);

        public Channel<ChatPartParams> ChatParts { get; } = Channel.CreateUnbounded<ChatPartParams>();

        [JsonRpcMethod(EditorMethods.ChatPart, UseSingleObjectParameterDeserialization = true)]
        public void ChatPart(ChatPartParams part) => ChatParts.Writer.TryWrite(part);

        /// <summary>What a person does with an address that is opened for them; false when nobody opens it.</summary>
        public Func<OpenAddressParams, Task<bool>> Browser { get; set; } = _ => Task.FromResult(false);

        [JsonRpcMethod(EditorMethods.OpenAddress, UseSingleObjectParameterDeserialization = true)]
        public async Task<OpenAddressResult> OpenAddressAsync(OpenAddressParams address) => new(await Browser(address));

        public OpenEditorView[] Editors { get; set; } = [];
        public DiagnosticView[] Problems { get; set; } = [];

        [JsonRpcMethod(EditorMethods.OpenEditors)]
        public OpenEditorsResult OpenEditors() => new(Editors);

        [JsonRpcMethod(EditorMethods.Diagnostics, UseSingleObjectParameterDeserialization = true)]
        public DiagnosticsResult Diagnostics(DiagnosticsParams wanted) => new([.. Problems.Where(p => wanted.Path is null || p.Path == wanted.Path)]);

        [JsonRpcMethod(EditorMethods.OpenFile, UseSingleObjectParameterDeserialization = true)]
        public static string? OpenFile(OpenFileParams file) => File.Exists(file.Path) ? null : throw new FileNotFoundException(file.Path);

        [JsonRpcMethod(EditorMethods.DocumentState, UseSingleObjectParameterDeserialization = true)]
        public DocumentStateResult DocumentState(DocumentParams document) => State(document.Path, saved: false);

        [JsonRpcMethod(EditorMethods.SaveDocument, UseSingleObjectParameterDeserialization = true)]
        public DocumentStateResult SaveDocument(DocumentParams document) => State(document.Path, saved: true);

        private DocumentStateResult State(string path, bool saved) =>
            Editors.FirstOrDefault(editor => editor.Path == path) is { } open ? new(Open: true, open.Dirty && !saved, saved) : new(Open: false, Dirty: false, Saved: false);
    }
}
