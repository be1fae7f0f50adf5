using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Launching;
using EditorBridge.Ledger;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace EditorBridge.Hosting;

/// <summary>Start and end of a host: what was open before is put back, the address is written once requests are answered, and both are entries.</summary>
internal sealed class HostLifecycle(
    ServeOptions options, GateContext account, LedgerWriter ledger, ReviewDesk desk, ReviewRestore restore, ActionGate gate, ClientTokens tokens, ForwardProxyAddress forwardProxy, LaunchedSessions launched, IServer server) : IHostedLifecycleService
{
    private readonly string _run = "host-" + Guid.CreateVersion7().ToString("N");

    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        // Asked for here so that the gate exists, and can judge edits, before the first review is put back.
        ArgumentNullException.ThrowIfNull(gate);
        // And the tokens, so that their files are there for the first client.
        ArgumentNullException.ThrowIfNull(tokens);
        await ledger.AppendAsync(Entry(EntryKind.HostStarted, new JsonObject
        {
            ["version"] = HostApplication.Version,
            ["account"] = account.Account,
            ["sandbox"] = options.Sandbox is not null,
        }));
        await restore.RestoreAsync(desk, cancellationToken);
    }

    public Task StartedAsync(CancellationToken cancellationToken)
    {
        var url = server.Features.Get<IServerAddressesFeature>()!.Addresses.Single(address => new Uri(address).Port != forwardProxy.Port);
        options.State.WriteHost(new HostAddress(
            Environment.ProcessId, url, options.State.ControlSocket, HostApplication.Version, options.PortalUrl, account.Account ?? "", options.Sandbox is not null, options.ToArguments()));
        return Task.CompletedTask;
    }

    public Task StoppingAsync(CancellationToken cancellationToken)
    {
        File.Delete(options.State.HostFile);
        return Task.CompletedTask;
    }

    public async Task StoppedAsync(CancellationToken cancellationToken)
    {
        await launched.EndAllAsync();
        await ledger.AppendAsync(Entry(EntryKind.HostStopped, []));
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private AuditDraft Entry(EntryKind kind, JsonObject facts) => new() { Kind = kind, CallId = _run, Actor = "host", Facts = facts };
}
