using EditorBridge.Mcp.Upstreams;

namespace EditorBridge.Mcp.Trust;

/// <summary>Where people see and decide what MCP servers offer: the command line over the control socket, the portal over its own door. Both ask here and nowhere else.</summary>
internal sealed class PinDesk(UpstreamRoom room, PinBook book)
{
    /// <summary>JSON-RPC methods of the control socket; only <c>editorbridge mcp</c> uses them, so they are not part of the editors' contract.</summary>
    public const string ListMethod = "mcp/pins";

    public const string DecideMethod = "mcp/decide";

    /// <summary>The same, of what is configured at this moment: whoever has just written a server into the file looks here next.</summary>
    public async Task<PinsView> LookAsync(CancellationToken cancellationToken)
    {
        await room.SeeLaunchesAsync(cancellationToken);
        return View();
    }

    public PinsView View() => book.View(room.Upstreams.Select(upstream => upstream.Settings));

    /// <exception cref="Ledger.LedgerUnavailableException">It could not be recorded, so nothing was decided.</exception>
    public Task<PinAnswer> DecideAsync(PinDecision decision, string person, string surface) => book.DecideAsync(decision, person, surface);
}
