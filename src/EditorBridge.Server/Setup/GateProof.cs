using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Launching;
using EditorBridge.Snowflake;

namespace EditorBridge.Setup;

/// <summary>
/// Proves the gate by attacking it: every request here is one that must be refused, and a refusal that does not come is what is reported.
/// The attempts are recorded in the ledger like any other.
/// </summary>
internal sealed class GateProof(StateFolder state, HostAddress host) : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false, AllowAutoRedirect = false }) { Timeout = TimeSpan.FromSeconds(15) };

    public async Task<IReadOnlyList<AccountFinding>> RunAsync(CancellationToken cancellationToken)
    {
        var claude = ClientTokens.Of(state, Client.Claude);
        return
        [
            await MustAsync("A request without a token is refused", HttpStatusCode.Unauthorized, Request("/v1/models"), cancellationToken),
            await MustAsync("A wrong token is refused", HttpStatusCode.Unauthorized, Request("/v1/models", "wrong"), cancellationToken),
            await MustAsync("One client's token does not open another's door", HttpStatusCode.Unauthorized, Request("/hooks/claude", claude, HookCall("Read", [])), cancellationToken),
            await MustAsync("The portal's door is closed to agents", HttpStatusCode.Unauthorized, Request("/bridge/reviews/rv_none/verdict", claude, new JsonObject { ["kind"] = "approve", ["person"] = "doctor" }), cancellationToken),
            await MustAsync("A request from a web page is refused", HttpStatusCode.Forbidden, With(Request("/v1/models", claude), "Origin", "https://example.com"), cancellationToken),
            await MustAsync("A foreign Host name is refused", HttpStatusCode.Forbidden, Hosted(Request("/v1/models", claude), "example.com"), cancellationToken),
            await HookAsync(cancellationToken),
        ];
    }

    public void Dispose() => _http.Dispose();

    // A command that uses our own verdicts is refused by a rule no layer can relax, so it asks nobody.
    private async Task<AccountFinding> HookAsync(CancellationToken cancellationToken)
    {
        const string what = "The hook refuses an agent that answers for a person";
        var token = ClientTokens.Of(state, Client.Hook);
        using var request = Request("/hooks/claude", token, HookCall("Bash", new JsonObject { ["command"] = "editorbridge approve rv_none" }));
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var answer = JsonNode.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            return answer?["hookSpecificOutput"]?["permissionDecision"]?.GetValue<string>() == "deny"
                ? new(FindingLevel.Good, what)
                : new(FindingLevel.Broken, $"{what}: it did not (HTTP {(int)response.StatusCode})", "Update EditorBridge; do not let an agent work until this is mended.");
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new(FindingLevel.Broken, $"{what}: the hook did not answer ({e.Message})", "Restart the host: editorbridge stop, then editorbridge serve.");
        }
    }

    private async Task<AccountFinding> MustAsync(string what, HttpStatusCode expected, HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var message = request;
        try
        {
            using var response = await _http.SendAsync(message, cancellationToken);
            return response.StatusCode == expected
                ? new(FindingLevel.Good, what)
                : new(FindingLevel.Broken, $"{what}: it was answered with HTTP {(int)response.StatusCode}", "Something else than EditorBridge may listen there: editorbridge stop, then editorbridge serve.");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return new(FindingLevel.Broken, $"{what}: there was no answer ({e.Message})", "Restart the host: editorbridge stop, then editorbridge serve.");
        }
    }

    private HttpRequestMessage Request(string path, string? token = null, JsonObject? body = null)
    {
        var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, host.Url + path);
        if (token is not null) request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null) request.Content = new StringContent(body.ToJsonString(), Encoding.UTF8, "application/json");
        return request;
    }

    private static HttpRequestMessage With(HttpRequestMessage request, string header, string value)
    {
        request.Headers.TryAddWithoutValidation(header, value);
        return request;
    }

    private static HttpRequestMessage Hosted(HttpRequestMessage request, string name)
    {
        request.Headers.Host = name;
        return request;
    }

    private static JsonObject HookCall(string tool, JsonObject input) => new()
    {
        ["hook_event_name"] = "PreToolUse",
        ["session_id"] = "doctor",
        ["tool_use_id"] = "doctor-" + Guid.CreateVersion7().ToString("N"),
        ["tool_name"] = tool,
        ["tool_input"] = input,
        ["cwd"] = Environment.CurrentDirectory,
    };
}

/// <summary>Looks for settings that would lead Claude Code past the gate (measured: a project's own files win over the shell and the user's).</summary>
internal static class ClaudeOverrides
{
    private static readonly string[] Files = [".claude/settings.json", ".claude/settings.local.json"];

    public static IEnumerable<AccountFinding> Find(string folder)
    {
        var any = false;
        foreach (var file in Files.Select(name => Path.Combine(folder, name)).Where(File.Exists))
        {
            foreach (var (what, fix) in In(file))
            {
                any = true;
                yield return new(FindingLevel.Warning, $"{file} {what}", fix);
            }
        }

        foreach (var (file, server) in OtherMcpServers(folder, Environment.GetFolderPath(Environment.SpecialFolder.UserProfile)))
        {
            any = true;
            yield return new(FindingLevel.Warning, $"{file} gives Claude Code the MCP server {server}; its calls are held by the hook or the stream, and not by the gateway", $"Take {server} out of it, or let an administrator allow only the gateway.");
        }

        if (!any) yield return new(FindingLevel.Good, "No settings of this project lead Claude Code past the gate");
        yield return File.Exists(ClaudeSetup.ManagedFile)
            ? new(FindingLevel.Good, $"Managed settings are installed in {ClaudeSetup.ManagedFile}")
            : new(FindingLevel.Note, "No managed settings: a project's own settings can point Claude Code elsewhere or switch its hooks off", "An administrator installs them with: editorbridge setup claude --managed");
    }

    /// <summary>MCP servers beside ours: a project's <c>.mcp.json</c>, and the person's <c>.claude.json</c> for everywhere and for this folder.</summary>
    internal static IEnumerable<(string File, string Server)> OtherMcpServers(string folder, string home)
    {
        var (project, person) = (Path.Combine(folder, ".mcp.json"), Path.Combine(home, ".claude.json"));
        var personal = Object(person);
        return new[] { (project, Object(project)?["mcpServers"]), (person, personal?["mcpServers"]), (person, personal?["projects"]?[folder]?["mcpServers"]) }
            .SelectMany(place => (place.Item2 as JsonObject ?? []).Select(server => (place.Item1, server.Key)))
            .Where(found => found.Key != "editorbridge");
    }

    private static JsonObject? Object(string file)
    {
        try
        {
            return File.Exists(file) ? JsonNode.Parse(File.ReadAllText(file)) as JsonObject : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<(string What, string Fix)> In(string file)
    {
        JsonObject? settings;
        try
        {
            settings = JsonNode.Parse(File.ReadAllText(file)) as JsonObject;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            settings = null;
        }

        if (settings is null)
        {
            yield return ("cannot be read, so what it does to Claude Code is not known", "Mend or remove the file.");
            yield break;
        }

        if (settings["env"] is JsonObject environment)
        {
            foreach (var name in environment.Select(e => e.Key).Where(name => name == "ANTHROPIC_BASE_URL" || name == ClaudeSession.HookTokenVariable || ClaudeSession.Removed.Contains(name)))
                yield return ($"sets {name}, which can send Claude Code past EditorBridge", $"Take {name} out of its env.");
        }

        if (settings["disableAllHooks"]?.GetValueKind() == System.Text.Json.JsonValueKind.True)
            yield return ("switches all hooks off", "Take disableAllHooks out of it.");
        if (settings["permissions"]?["defaultMode"]?.ToString() is "bypassPermissions")
            yield return ("starts sessions that ask for no permission", "Take permissions.defaultMode out of it.");
    }
}
