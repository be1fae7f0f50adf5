using System.Text.Json.Nodes;
using EditorBridge.Hosting;
using EditorBridge.Launching;

namespace EditorBridge.Setup;

/// <summary>
/// What we install into Claude Code. The user's file carries tokens and is a convenience; only the managed file, which an administrator
/// owns, holds against a project's own settings (measured: it wins over shell, user and project files, and over <c>disableAllHooks</c>).
/// </summary>
internal static class ClaudeSetup
{
    /// <summary>Where requests go and what they are signed with, for one person. Holds tokens: the file is 0600.</summary>
    public static JsonObject User(string baseUrl, string claudeToken, string hookToken, string mcpToken)
    {
        var settings = ClaudeSession.Settings(baseUrl, hooked: true, given: null);
        var environment = settings["env"]!.AsObject();
        foreach (var (name, value) in ClaudeSession.Environment(baseUrl, claudeToken, hookToken, mcpToken, models: null)) environment[name] = value;
        return settings;
    }

    /// <summary>What must hold whatever a person or a project sets. Holds no secret: the tokens stay in the person's own file.</summary>
    /// <param name="program">This program, as <c>setup mcp</c> registers it; null when its path is not known.</param>
    public static JsonObject Managed(string baseUrl, OwnProgram? program)
    {
        var settings = ClaudeSession.Settings(baseUrl, hooked: true, given: null);
        settings["allowManagedHooksOnly"] = true;
        settings["allowedHttpHookUrls"] = new JsonArray(baseUrl + "/hooks/*");
        settings["httpHookAllowedEnvVars"] = new JsonArray(ClaudeSession.HookTokenVariable);
        settings["requiredMinimumVersion"] = ClaudeSession.FailClosedHooks.ToString();
        settings["disableAutoMode"] = "disable";
        settings["permissions"]!["disableBypassPermissionsMode"] = "disable";
        // Measured on 2.1.330: a server that matches neither is not connected, whoever configured it. A name proves nothing, so none is listed.
        settings["allowManagedMcpServersOnly"] = true;
        settings["allowedMcpServers"] = new JsonArray(new JsonObject { ["serverUrl"] = baseUrl + "/mcp" });
        if (program is not null)
            settings["allowedMcpServers"]!.AsArray().Add(new JsonObject { ["serverCommand"] = new JsonArray([.. ((string[])[program.File, .. program.Arguments, "mcp"]).Select(word => (JsonNode?)word)]) });
        return settings;
    }
}
