using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Launching;

namespace EditorBridge.Editor;

/// <summary>What the host tells an editor about itself, for its terminals, and for its browser.</summary>
internal sealed class EditorAnswers(ServeOptions options, TimeProvider time)
{
    private static readonly TimeSpan LinkLifetime = TimeSpan.FromMinutes(10);

    // Sees calls and their changes. Verdicts are given in the editor, and wider roles are for compliance staff to grant.
    private const string LinkRole = "developer";

    public InitializeResult Introduce()
    {
        var host = Host();
        return new InitializeResult(host.Version, EditorMethods.ProtocolVersion, host.Pid, host.Url, host.PortalUrl, host.Account, host.Sandbox);
    }

    /// <summary>Variables for integrated terminals. The models are left to the client: a terminal lives longer than a choice of model.</summary>
    public TerminalEnvironmentResult TerminalEnvironment() =>
        new(ClaudeSession.Environment(Host().Url, ClientTokens.Of(options.State, Client.Claude), hookToken: null, ClientTokens.Of(options.State, Client.Mcp), models: null));

    /// <summary>A link that signs in to the portal once: 256 random bits, kept in the state folder by their SHA-256 only.</summary>
    public PortalLinkResult PortalLink()
    {
        if (options.PortalUrl is not { } portal)
            throw EditorWire.Error(EditorErrors.HostUnavailable, "This host knows of no portal. Start both with npm start, or the host with: editorbridge serve --portal-url http://127.0.0.1:4080");
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));
        var name = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(code)));
        if (!Directory.Exists(options.State.PortalLinks))
            throw EditorWire.Error(EditorErrors.HostUnavailable, $"The portal at {portal} has not been started for the state folder {options.State.Path}. Start it with: editorbridge-portal --state {options.State.Path}");
        var grant = new { expires = time.GetUtcNow() + LinkLifetime, person = Environment.UserName, role = LinkRole };
        StateFolder.WritePrivate(Path.Combine(options.State.PortalLinks, name), JsonSerializer.Serialize(grant));
        return new PortalLinkResult($"{portal.TrimEnd('/')}/sign-in?code={code}");
    }

    public McpServerResult McpServer() =>
        new(Host().Url + "/mcp", new() { ["Authorization"] = "Bearer " + ClientTokens.Of(options.State, Client.Mcp) });

    private HostAddress Host() => options.State.ReadHost()
        ?? throw EditorWire.Error(EditorErrors.HostUnavailable, "The host has not finished its start. Nothing was done; try again in a moment.");
}
