using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Ledger;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Ledger;

/// <summary>A real ledger in a folder that goes with the test.</summary>
internal sealed class TemporaryLedger : IAsyncDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("ledger-");

    public TemporaryLedger(Func<LedgerOptions, LedgerOptions>? configure = null)
    {
        Options = (configure ?? (static o => o))(new LedgerOptions { Folder = _folder.FullName });
        Files = new LedgerFolder(Options.Folder);
    }

    public FakeTimeProvider Time { get; } = new(new DateTimeOffset(2026, 3, 14, 9, 0, 0, TimeSpan.Zero));

    public LedgerOptions Options { get; }

    public LedgerFolder Files { get; }

    public LedgerWriter? Writer { get; private set; }

    public LedgerWriter Open() => Writer = LedgerWriter.Open(Options, Time);

    public async Task CloseAsync()
    {
        if (Writer is not null)
        {
            await Writer.DisposeAsync();
            Writer = null;
        }
    }

    public static AuditDraft Draft(EntryKind kind, string callId, string? result = null, JsonObject? facts = null, params AuditPayload[] payloads) => new()
    {
        Kind = kind,
        CallId = callId,
        SessionId = "session-1",
        Actor = "agent:claude-code/2.1.330",
        Door = "hook",
        Tool = "Write",
        Subject = "models/orders.sql",
        Result = result,
        Facts = facts,
        Payloads = [.. payloads],
    };

    public async ValueTask DisposeAsync()
    {
        await CloseAsync();
        _folder.Delete(recursive: true);
    }
}
