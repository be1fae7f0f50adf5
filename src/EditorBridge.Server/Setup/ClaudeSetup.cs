using System.Text.Json.Nodes;
using EditorBridge.Launching;

namespace EditorBridge.Setup;

/// <summary>
/// What we install into Claude Code. The user's file carries tokens and is a convenience; only the managed file, which an administrator
/// owns, holds against a project's own settings (measured: it wins over shell, user and project files, and over <c>disableAllHooks</c>).
/// </summary>
internal static class ClaudeSetup
{
    public static string UserFile => Path.Combine(
        Environment.GetEnvironmentVariable("CLAUDE_CONFIG_DIR") is { Length: > 0 } folder ? folder : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".claude"),
        "settings.json");

    public static string ManagedFile =>
        OperatingSystem.IsWindows() ? @"C:\Program Files\ClaudeCode\managed-settings.json"
        : OperatingSystem.IsMacOS() ? "/Library/Application Support/ClaudeCode/managed-settings.json"
        : "/etc/claude-code/managed-settings.json";

    /// <summary>Where requests go and what they are signed with, for one person. Holds tokens: the file is 0600.</summary>
    public static JsonObject User(string baseUrl, string claudeToken, string hookToken, string mcpToken)
    {
        var settings = ClaudeSession.Settings(baseUrl, hooked: true, given: null);
        var environment = settings["env"]!.AsObject();
        foreach (var (name, value) in ClaudeSession.Environment(baseUrl, claudeToken, hookToken, mcpToken, models: null)) environment[name] = value;
        return settings;
    }

    /// <summary>What must hold whatever a person or a project sets. Holds no secret: the tokens stay in the person's own file.</summary>
    public static JsonObject Managed(string baseUrl)
    {
        var settings = ClaudeSession.Settings(baseUrl, hooked: true, given: null);
        settings["allowManagedHooksOnly"] = true;
        settings["allowedHttpHookUrls"] = new JsonArray(baseUrl + "/hooks/*");
        settings["httpHookAllowedEnvVars"] = new JsonArray(ClaudeSession.HookTokenVariable);
        settings["requiredMinimumVersion"] = ClaudeSession.FailClosedHooks.ToString();
        settings["disableAutoMode"] = "disable";
        settings["permissions"]!["disableBypassPermissionsMode"] = "disable";
        return settings;
    }
}
