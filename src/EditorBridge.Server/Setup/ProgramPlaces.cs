namespace EditorBridge.Setup;

/// <summary>An operating system, for places that differ between them.</summary>
public enum Platform
{
    Linux,
    MacOS,
    Windows,
}

/// <summary>Where other programs keep their settings on a platform. Values only, so that every platform's places can be looked at on any.</summary>
/// <param name="Home">The person's own folder.</param>
/// <param name="Variable">Reads a variable of the environment.</param>
internal sealed record ProgramPlaces(Platform Platform, string Home, Func<string, string?> Variable)
{
    public static ProgramPlaces Current => new(
        OperatingSystem.IsWindows() ? Platform.Windows : OperatingSystem.IsMacOS() ? Platform.MacOS : Platform.Linux,
        Environment.GetFolderPath(Environment.SpecialFolder.UserProfile),
        Environment.GetEnvironmentVariable);

    /// <summary>Where applications of this person keep their settings.</summary>
    public string Applications => Platform switch
    {
        Platform.Windows => Set("APPDATA") ?? In(Home, "AppData", "Roaming"),
        Platform.MacOS => In(Home, "Library", "Application Support"),
        _ => Set("XDG_CONFIG_HOME") ?? In(Home, ".config"),
    };

    /// <summary>Claude Code's file of a person's MCP servers.</summary>
    public string ClaudeCode => Set("CLAUDE_CONFIG_DIR") is { } folder ? In(folder, ".claude.json") : In(Home, ".claude.json");

    /// <summary>Claude Code's settings of a person.</summary>
    public string ClaudeSettings => In(Set("CLAUDE_CONFIG_DIR") ?? In(Home, ".claude"), "settings.json");

    /// <summary>Claude Code's settings of an administrator, which no other file overrides.</summary>
    public string ClaudeManaged => Platform switch
    {
        Platform.Windows => @"C:\Program Files\ClaudeCode\managed-settings.json",
        Platform.MacOS => "/Library/Application Support/ClaudeCode/managed-settings.json",
        _ => "/etc/claude-code/managed-settings.json",
    };

    public string ClaudeDesktop => In(Applications, "Claude", "claude_desktop_config.json");

    public string Cursor => In(Home, ".cursor", "mcp.json");

    /// <summary>Joins with the platform's own separator.</summary>
    public string In(params string[] parts) => string.Join(Platform == Platform.Windows ? '\\' : '/', parts);

    public string? Set(string variable) => Variable(variable) is { Length: > 0 } value ? value : null;
}
