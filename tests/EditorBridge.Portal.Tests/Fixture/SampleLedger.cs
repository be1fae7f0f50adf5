using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Portal.Security;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Portal;

/// <summary>A throw-away state folder with a real ledger in it, filled by hand and then, when a test asks, kept by a real host.</summary>
internal sealed class SampleLedger : IAsyncDisposable
{
    private LedgerWriter? _writer;
    private WebApplication? _host;

    private SampleLedger(string folder)
    {
        State = PortalState.Open(folder);
        Clock = new FakeTimeProvider(DateTimeOffset.UtcNow);
    }

    public PortalState State { get; }

    public FakeTimeProvider Clock { get; }

    public SampleHistory History { get; private set; } = null!;

    public static SampleLedger Create()
    {
        var ledger = CreateWithoutLedger();
        ledger.Open();
        return ledger;
    }

    /// <summary>A state folder in which no host has run yet.</summary>
    public static SampleLedger CreateWithoutLedger() => new(Directory.CreateTempSubdirectory("editorbridge-portal-").FullName);

    /// <summary>The ledger as a reader in another process sees it.</summary>
    public LedgerReader Reader() => LedgerReader.Open(State.LedgerFolder);

    /// <summary>Lets the ledger go and starts the host on it; open reviews wait again, as after any restart.</summary>
    public async Task StartHostAsync()
    {
        await CloseAsync();
        var token = Path.Combine(State.Folder, "pat");
        PortalState.WritePrivate(token, "a-token-that-is-never-used");
        _host = HostApplication.Build(
            new ServeOptions { Port = 0, State = StateFolder.Open(State.Folder), Sandbox = new Uri("http://127.0.0.1:9"), TokenFile = token },
            Clock, builder => builder.Logging.ClearProviders());
        await _host.StartAsync();
    }

    /// <summary>The services of the host that runs.</summary>
    public IServiceProvider HostServices => _host!.Services;

    public async Task StopHostAsync()
    {
        if (_host is null) return;
        await _host.StopAsync();
        await _host.DisposeAsync();
        _host = null;
    }

    public async ValueTask DisposeAsync()
    {
        await StopHostAsync();
        await CloseAsync();
        Directory.Delete(State.Folder, recursive: true);
    }

    private void Open()
    {
        _writer = LedgerWriter.Open(new LedgerOptions { Folder = State.LedgerFolder }, Clock);
        History = new SampleHistory(_writer, Clock);
    }

    /// <summary>Lets the ledger go; nobody writes it then.</summary>
    public async Task CloseAsync()
    {
        if (_writer is not null) await _writer.DisposeAsync();
        _writer = null;
    }
}
