using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Launching;

namespace EditorBridge.Editor;

/// <summary>What the host tells an editor about itself and for its terminals.</summary>
internal sealed class EditorAnswers(StateFolder state)
{
    public InitializeResult Introduce()
    {
        var host = Host();
        return new InitializeResult(host.Version, EditorMethods.ProtocolVersion, host.Pid, host.Url, host.PortalUrl, host.Account, host.Sandbox);
    }

    /// <summary>Variables for integrated terminals. The models are left to the client: a terminal lives longer than a choice of model.</summary>
    public TerminalEnvironmentResult TerminalEnvironment() =>
        new(ClaudeSession.Environment(Host().Url, ClientTokens.Of(state, Client.Claude), hookToken: null, models: null));

    public PortalLinkResult PortalLink() => throw new NotSupportedException();

    private HostAddress Host() => state.ReadHost()
        ?? throw EditorWire.Error(EditorErrors.HostUnavailable, "The host has not finished its start. Nothing was done; try again in a moment.");
}
