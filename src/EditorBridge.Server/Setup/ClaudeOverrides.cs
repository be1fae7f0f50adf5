using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Hosting;
using EditorBridge.Launching;
using EditorBridge.Snowflake;

namespace EditorBridge.Setup;

/// <summary>
/// Looks for settings that would lead Claude Code past the gate: where its requests go in a folder, whether its hook fails closed, what its permission modes and
/// MCP servers are, and what an administrator holds against all of that.
/// </summary>
internal static class ClaudeOverrides
{
    private const string BaseUrl = "ANTHROPIC_BASE_URL";

    /// <param name="host">The host's address, or where one would listen.</param>
    public static IEnumerable<AccountFinding> Find(ClaudePlaces places, string host, OwnProgram? program)
    {
        var before = true;
        foreach (var finding in InFiles(places).Concat(Servers(places)))
        {
            before = false;
            yield return finding;
        }

        if (before) yield return new(FindingLevel.Good, "No settings of this project or person lead Claude Code past the gate");
        yield return Destination(places, host);
        foreach (var finding in Managed(places.Managed, host, program)) yield return finding;
    }

    /// <summary>MCP servers beside ours: a project's <c>.mcp.json</c>, and the person's <c>.claude.json</c> for everywhere and for this folder.</summary>
    /// <remarks>A name proves nothing: a server called like ours that is not ours is one of the others.</remarks>
    internal static IEnumerable<(string File, string Server)> OtherMcpServers(ClaudePlaces places)
    {
        var personal = Object(places.Servers);
        return new[] { (places.ProjectServers, Object(places.ProjectServers)?["mcpServers"]), (places.Servers, personal?["mcpServers"]), (places.Servers, personal?["projects"]?[places.Folder]?["mcpServers"]) }
            .SelectMany(place => (place.Item2 as JsonObject ?? []).Where(server => !IsOurs(server.Value)).Select(server => (place.Item1, server.Key)));
    }

    // The gateway of a host on this machine, or the relay to it.
    private static bool IsOurs(JsonNode? server) =>
        server?["url"]?.ToString() is { } address
            ? Uri.TryCreate(address, UriKind.Absolute, out var url) && url.IsLoopback && url.AbsolutePath == "/mcp"
            : server?["args"] is JsonArray arguments && arguments.Any(word => word?.ToString() == "mcp")
                && ((JsonNode?[])[server["command"], .. arguments]).Any(word => Path.GetFileNameWithoutExtension(word?.ToString() ?? "") == "editorbridge");

    private static IEnumerable<AccountFinding> InFiles(ClaudePlaces places)
    {
        foreach (var file in places.ByStrength.Where(File.Exists))
        {
            if (Object(file) is not { } settings)
            {
                yield return new(FindingLevel.Warning, $"{file} cannot be read, so what it does to Claude Code is not known", "Mend or remove the file.");
                continue;
            }

            foreach (var (level, what, fix) in In(settings, isOurs: file == places.Settings || file == places.Managed)) yield return new(level, $"{file} {what}", fix);
        }
    }

    private static IEnumerable<(FindingLevel Level, string What, string Fix)> In(JsonObject settings, bool isOurs)
    {
        foreach (var name in (settings["env"] as JsonObject ?? []).Select(variable => variable.Key).Where(name => !isOurs && name is BaseUrl or ClaudeSession.HookTokenVariable || ClaudeSession.Removed.Contains(name)))
            yield return (FindingLevel.Warning, $"sets {name}, which can send Claude Code past EditorBridge", $"Take {name} out of its env.");
        if (settings["disableAllHooks"]?.GetValueKind() == JsonValueKind.True)
            yield return (FindingLevel.Warning, "switches all hooks off", "Take disableAllHooks out of it.");
        if (settings["permissions"]?["defaultMode"]?.ToString() is ("bypassPermissions" or "auto") and var mode)
            yield return (FindingLevel.Warning, $"starts sessions in the mode {mode}, which asks for no permission of its own", "Take permissions.defaultMode out of it.");
        foreach (var hook in OurHooks(settings).Where(hook => hook["onFailure"]?.ToString() != "block"))
            yield return (FindingLevel.Broken, "holds our hook without onFailure \"block\": a tool runs when the host cannot be reached", "Install it again: editorbridge setup claude");
    }

    private static IEnumerable<JsonObject> OurHooks(JsonObject settings) =>
        (settings["hooks"]?["PreToolUse"] as JsonArray ?? []).SelectMany(entry => entry?["hooks"] as JsonArray ?? []).OfType<JsonObject>()
            .Where(hook => hook["url"]?.ToString().EndsWith("/hooks/claude", StringComparison.Ordinal) == true);

    private static IEnumerable<AccountFinding> Servers(ClaudePlaces places) => OtherMcpServers(places).Select(found => new AccountFinding(
        FindingLevel.Warning,
        $"{found.File} gives Claude Code the MCP server {found.Server}; its calls are held by the hook or the stream, and not by the gateway",
        $"Take {found.Server} out of it, or let an administrator allow only the gateway: editorbridge setup claude --managed"));

    // Where a Claude Code goes that is started here without the launcher, whose own settings stand above all but the managed ones.
    private static AccountFinding Destination(ClaudePlaces places, string host)
    {
        var (from, address) = places.ByStrength.Select(file => (File: file, Url: Object(file)?["env"]?[BaseUrl]?.ToString())).FirstOrDefault(found => found.Url is not null);
        if (address is null && places.Variable(BaseUrl) is { Length: > 0 } shell) (from, address) = ("the environment", shell);
        if (address is null) return new(FindingLevel.Note, "Claude Code started here by itself does not come to EditorBridge", "Start it with: editorbridge claude. Or send every one here: editorbridge setup claude");
        return address.TrimEnd('/') == host
            ? new(FindingLevel.Good, $"Claude Code started here by itself comes to {host} ({from})")
            : new(FindingLevel.Warning, $"Claude Code started here by itself goes to {address} ({from}), which is not this host", $"Take {BaseUrl} out of {from}, or start it with: editorbridge claude");
    }

    private static IEnumerable<AccountFinding> Managed(string file, string host, OwnProgram? program)
    {
        const string install = "An administrator installs them with: editorbridge setup claude --managed";
        if (!File.Exists(file))
        {
            yield return new(FindingLevel.Note, "No managed settings: a project's own settings can point Claude Code elsewhere or switch its hooks off", install);
            yield break;
        }

        string[] drift;
        try
        {
            drift = [.. ClaudeSettingsFile.Read(file).Drift(ClaudeSetup.Managed(host, program))];
        }
        catch (SetupException e)
        {
            drift = [e.Message];
        }

        if (drift.Length == 0) yield return new(FindingLevel.Good, $"Managed settings in {file}: our hook fails closed, no mode passes it by, {ClaudeSession.FailClosedHooks} or newer, only our gateway");
        foreach (var difference in drift) yield return new(FindingLevel.Warning, $"Managed settings in {file}: {difference}", install);
    }

    private static JsonObject? Object(string file)
    {
        try
        {
            return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file)) as JsonObject : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }
    }
}
