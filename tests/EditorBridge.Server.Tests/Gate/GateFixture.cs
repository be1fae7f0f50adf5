using System.Text.Json;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Policy;
using EditorBridge.Review;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>A real gate over a real ledger in a folder of its own, with a clock that only moves when told.</summary>
internal sealed class GateFixture : IAsyncDisposable
{
    public const string DangerousSql = "DROP TABLE RAW.ORDERS;\n";
    public const string BenignSql = "select order_id, amount from analytics.orders;\n";

    private readonly DirectoryInfo _folder;

    public GateFixture() : this(Directory.CreateTempSubdirectory("editorbridge-gate-"))
    {
    }

    /// <param name="folder">Where another process may have been before; it is deleted at the end.</param>
    public GateFixture(DirectoryInfo folder)
    {
        _folder = folder;
        State = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        Workspace = Directory.CreateDirectory(Path.Combine(_folder.FullName, "project")).FullName;
        Start();
    }

    public StateFolder State { get; }
    public string Workspace { get; }
    public FakeTimeProvider Time { get; } = new(DateTimeOffset.UtcNow);
    public LedgerWriter Ledger { get; private set; } = null!;
    public ReviewDesk Desk { get; private set; } = null!;
    public ActionGate Gate { get; private set; } = null!;
    public AdmittedCalls Admitted { get; private set; } = null!;
    public AgentSessions Sessions { get; private set; } = null!;
    public SessionGrants Grants { get; private set; } = null!;
    public ReturnedTools Returned { get; private set; } = null!;

    /// <summary>The account of the next host on this folder.</summary>
    public GateContext Account { get; set; } = new("sandbox", null, null);

    private void Start()
    {
        Ledger = LedgerWriter.Open(new LedgerOptions { Folder = State.LedgerFolder }, Time, NullLoggerFactory.Instance);
        Grants = new SessionGrants(Ledger, Time, NullLogger<SessionGrants>.Instance);
        Desk = new ReviewDesk(Ledger, Grants, Time, NullLogger<ReviewDesk>.Instance);
        Admitted = new AdmittedCalls();
        Sessions = new AgentSessions(Time);
        Returned = new ReturnedTools(Sessions, Admitted, Ledger, State, NullLogger<ReturnedTools>.Instance);
        Gate = new ActionGate(Ledger, Desk, new PolicyInForce(Ledger), Admitted, Sessions, Grants, new ConnectedTools(), new SessionTaints(Time), new TagReader(null, Account, Time, NullLogger<TagReader>.Instance), Account, Time, NullLogger<ActionGate>.Instance);
        Desk.JudgeEditAsync = Gate.JudgeEditAsync;
    }

    /// <summary>The host stops and the next one starts on the same folder.</summary>
    public async Task RestartAsync()
    {
        await StopAsync();
        Start();
        await RestoreAsync();
    }

    /// <summary>Puts back what a host before this one left.</summary>
    public Task RestoreAsync() => new ReviewRestore(State, Ledger, Time, NullLogger<ReviewRestore>.Instance).RestoreAsync(Desk, CancellationToken.None);

    public string FileIn(string name) => Path.Combine(Workspace, name);

    public ActionRequest Write(string name, string content, string? toolUseId = "toolu_1", Door door = Door.Hook, string session = "session-1") =>
        Request("Write", new { file_path = FileIn(name), content }, toolUseId, door, session);

    public ActionRequest Request(string tool, object input, string? toolUseId = "toolu_1", Door door = Door.Hook, string session = "session-1") => new()
    {
        Door = door,
        Tool = tool,
        Input = ToolInput.TryCanonical(tool, JsonSerializer.SerializeToElement(input), out _)!,
        ToolUseId = toolUseId,
        SessionId = session,
        Actor = "agent:claude-code/2.1.330",
        Workspace = Workspace,
    };

    /// <summary>Asks the gate and waits until its question lies on the desk.</summary>
    public async Task<(Task<Admission> Admission, ReviewItem Item)> AskAsync(ActionRequest request, CancellationToken callerGone = default)
    {
        var opened = new TaskCompletionSource<ReviewItem>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Take(ReviewItem item) => opened.TrySetResult(item);
        Desk.Opened += Take;
        var admission = Gate.AdmitAsync(request, callerGone);
        var first = await Task.WhenAny(opened.Task, admission).WaitAsync(TestLimits.Signal, CancellationToken.None);
        Desk.Opened -= Take;
        if (first == admission) throw new InvalidOperationException($"The gate answered without asking: {await admission}");
        return (admission, await opened.Task);
    }

    public async Task<IReadOnlyList<AuditEntry>> EntriesAsync(string callId)
    {
        using var reader = LedgerReader.Open(State.LedgerFolder);
        return await reader.EntriesForCallAsync(callId, CancellationToken.None);
    }

    public static Verdict Approve(string person = "alice", string? reason = null) => new(VerdictKind.Approve, person, "portal", reason, null);

    public static Verdict Reject(string reason, string person = "alice") => new(VerdictKind.Reject, person, "portal", reason, null);

    public static Verdict Edited(string text, string person = "alice") => new(VerdictKind.ApproveEdited, person, "portal", null, text);

    private async Task StopAsync()
    {
        Returned.Dispose();
        Sessions.Dispose();
        Grants.Dispose();
        await Desk.DisposeAsync();
        await Ledger.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        _folder.Delete(recursive: true);
    }
}

/// <summary>How long a test waits for a signal before it says that it did not come.</summary>
internal static class TestLimits
{
    public static readonly TimeSpan Signal = TimeSpan.FromSeconds(30);
}

internal static class ReviewDeskSignals
{
    /// <summary>Waits until a question lies on the desk.</summary>
    public static async Task<ReviewItem> NextAsync(this ReviewDesk desk, Func<ReviewItem, bool>? wanted = null)
    {
        var opened = new SemaphoreSlim(0);
        void Signal(ReviewItem item) => opened.Release();
        desk.Opened += Signal;
        try
        {
            while (true)
            {
                if (desk.Pending.FirstOrDefault(wanted ?? (_ => true)) is { } item) return item;
                Assert.True(await opened.WaitAsync(TestLimits.Signal));
            }
        }
        finally
        {
            desk.Opened -= Signal;
        }
    }
}
