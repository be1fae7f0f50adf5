using System.Text.Json.Nodes;
using EditorBridge.Mcp;

namespace EditorBridge.Launching;

/// <summary>
/// What a governed Claude Code session is started with: environment and per-session settings.
/// The settings go in as <c>--settings</c>, whose place is above a project's own files, so that a repository cannot point the client elsewhere or switch the hook off.
/// </summary>
internal static class ClaudeSession
{
    public const string HookTokenVariable = "EDITORBRIDGE_HOOK_TOKEN";
    public const string McpTokenVariable = "EDITORBRIDGE_MCP_TOKEN";

    /// <summary>Names the editor window a governed terminal belongs to, by the port of its IDE protocol. Our own variable: in a terminal the client's belong to whatever extension set them.</summary>
    public const string EditorPortVariable = "EDITORBRIDGE_IDE_PORT";

    /// <summary>First version that honours <c>onFailure: block</c>; in an older one a hook that cannot be reached lets the tool run, so there the stream holds instead.</summary>
    public static readonly Version FailClosedHooks = new(2, 1, 295);

    /// <summary>Seconds the client waits for a hook's answer; longer than a review lives, so the end is ours to tell.</summary>
    private const int HookTimeout = 1800;

    private const string StreamIdleTimeoutMs = "1800000";

    /// <summary>Variables for the client. Nothing the person set is changed but where requests go, what they are signed with, and traffic elsewhere.</summary>
    public static Dictionary<string, string> Environment(string baseUrl, string token, string? hookToken, string mcpToken, ClaudeModels? models)
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["ANTHROPIC_BASE_URL"] = baseUrl,
            ["ANTHROPIC_AUTH_TOKEN"] = token,
            // The client's own channels to the outside: telemetry, error reports, updates, release notes.
            ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
            ["DISABLE_TELEMETRY"] = "1",
            ["DISABLE_ERROR_REPORTING"] = "1",
            ["DISABLE_AUTOUPDATER"] = "1",
            // A person may take their time; the client's stall timers must not run out first.
            ["CLAUDE_STREAM_IDLE_TIMEOUT_MS"] = StreamIdleTimeoutMs,
            ["MCP_TOOL_TIMEOUT"] = StreamIdleTimeoutMs,
            ["CLAUDE_CODE_DISABLE_EXPERIMENTAL_BETAS"] = "1",
            [McpTokenVariable] = mcpToken,
        };
        if (hookToken is not null) variables[HookTokenVariable] = hookToken;
        if (models is not null)
        {
            variables["ANTHROPIC_MODEL"] = models.Main;
            variables["ANTHROPIC_DEFAULT_OPUS_MODEL"] = models.Opus;
            variables["ANTHROPIC_DEFAULT_SONNET_MODEL"] = models.Sonnet;
            variables["ANTHROPIC_DEFAULT_HAIKU_MODEL"] = models.Haiku;
            variables["ANTHROPIC_SMALL_FAST_MODEL"] = models.Haiku;
        }

        return variables;
    }

    /// <summary>Variables that connect the client to one editor window; none when the terminal belongs to none.</summary>
    public static Dictionary<string, string> EditorWindow(string? port) =>
        ushort.TryParse(port, System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var known) && known > 0
            ? new(StringComparer.Ordinal) { ["CLAUDE_CODE_SSE_PORT"] = port!, ["ENABLE_IDE_INTEGRATION"] = "true" }
            : [];

    /// <summary>Variables that would send the client, or its credential, elsewhere.</summary>
    public static readonly string[] Removed =
    [
        "ANTHROPIC_API_KEY", "CLAUDE_CODE_OAUTH_TOKEN", "CLAUDE_CODE_USE_BEDROCK", "CLAUDE_CODE_USE_VERTEX", "CLAUDE_CODE_USE_FOUNDRY",
        "ANTHROPIC_BEDROCK_BASE_URL", "ANTHROPIC_VERTEX_BASE_URL", "ANTHROPIC_UNIX_SOCKET", "HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "ALL_PROXY", "all_proxy",
    ];

    /// <summary>The session's settings, laid over those the person gave with <c>--settings</c>. Holds no secret: the hook's token is named by its variable.</summary>
    /// <param name="hooked">False for a client whose hooks fail open.</param>
    public static JsonObject Settings(string baseUrl, bool hooked, JsonObject? given)
    {
        var settings = given?.DeepClone().AsObject() ?? [];
        var environment = settings["env"] as JsonObject ?? [];
        environment["ANTHROPIC_BASE_URL"] = baseUrl;
        environment["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1";
        settings["env"] = environment;
        settings["skipWebFetchPreflight"] = true;
        // The gateway's tools need no question of the client's own: each call is judged at the gate.
        var permissions = settings["permissions"] as JsonObject ?? [];
        var allowed = permissions["allow"] as JsonArray ?? [];
        allowed.Add("mcp__editorbridge");
        permissions["allow"] = allowed;
        settings["permissions"] = permissions;
        if (!hooked) return settings;

        settings["disableAllHooks"] = false;
        var hooks = settings["hooks"] as JsonObject ?? [];
        foreach (var eventName in (string[])["PreToolUse", "PostToolUse", "PostToolUseFailure"])
            Append(hooks, eventName, new JsonObject { ["matcher"] = "*", ["hooks"] = new JsonArray(Hook(baseUrl, eventName == "PreToolUse")) });
        // The first call of a session tells the host that its hook is alive, before any tool is asked for.
        Append(hooks, "UserPromptSubmit", new JsonObject { ["hooks"] = new JsonArray(Hook(baseUrl, blocks: false)) });
        // And the last one, that what was allowed for it is over.
        Append(hooks, "SessionEnd", new JsonObject { ["hooks"] = new JsonArray(Hook(baseUrl, blocks: false)) });
        settings["hooks"] = hooks;
        return settings;
    }

    /// <summary>The gateway as an MCP server of the session. The token is named by its variable, which the client expands.</summary>
    /// <param name="workspace">The folder the session is started in: the gateway saves results inside it only.</param>
    public static JsonObject McpServers(string baseUrl, string workspace) => new()
    {
        ["mcpServers"] = new JsonObject
        {
            ["editorbridge"] = new JsonObject
            {
                ["type"] = "http",
                ["url"] = baseUrl + "/mcp",
                ["headers"] = new JsonObject
                {
                    ["Authorization"] = $"Bearer ${{{McpTokenVariable}}}",
                    [McpDoor.WorkspaceHeader] = Uri.EscapeDataString(workspace),
                },
            },
        },
    };

    private static JsonObject Hook(string baseUrl, bool blocks)
    {
        var hook = new JsonObject
        {
            ["type"] = "http",
            ["url"] = baseUrl + "/hooks/claude",
            ["headers"] = new JsonObject { ["Authorization"] = $"Bearer ${HookTokenVariable}" },
            ["allowedEnvVars"] = new JsonArray(HookTokenVariable),
            ["timeout"] = blocks ? HookTimeout : 10,
        };
        if (blocks) hook["onFailure"] = "block";
        return hook;
    }

    private static void Append(JsonObject hooks, string eventName, JsonObject entry)
    {
        if (hooks[eventName] is JsonArray given) given.Add(entry);
        else hooks[eventName] = new JsonArray(entry);
    }
}

/// <summary>The account's models for the client's four roles.</summary>
internal sealed record ClaudeModels(string Main, string Opus, string Sonnet, string Haiku)
{
    /// <summary>Chooses from the account's list, which has the newest first; null when it has no Claude model.</summary>
    public static ClaudeModels? From(IReadOnlyList<string> models)
    {
        var claude = models.Where(m => m.Contains("claude", StringComparison.OrdinalIgnoreCase)).ToArray();
        if (claude.Length == 0) return null;
        string? Best(string line) => claude.FirstOrDefault(m => m.Contains(line, StringComparison.OrdinalIgnoreCase));
        var main = Best("sonnet") ?? Best("opus") ?? claude[0];
        return new(main, Best("opus") ?? main, Best("sonnet") ?? main, Best("haiku") ?? main);
    }
}
