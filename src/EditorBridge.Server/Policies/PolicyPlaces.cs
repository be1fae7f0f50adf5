namespace EditorBridge.Policies;

/// <summary>Where the policy files are looked for. docs/policy.md lists the same places.</summary>
internal static class PolicyPlaces
{
    /// <summary>Written by an administrator; a person without administrator's rights cannot change it.</summary>
    public static string Managed =>
        OperatingSystem.IsWindows() ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.CommonApplicationData), "EditorBridge", "policy.yaml")
        : OperatingSystem.IsMacOS() ? "/Library/Application Support/EditorBridge/policy.yaml"
        : "/etc/editorbridge/policy.yaml";

    /// <summary>The person's own.</summary>
    public static string User
    {
        get
        {
            if (OperatingSystem.IsWindows()) return Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.ApplicationData), "EditorBridge", "policy.yaml");
            var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
            if (OperatingSystem.IsMacOS()) return Path.Combine(home, "Library", "Application Support", "EditorBridge", "policy.yaml");
            var config = Environment.GetEnvironmentVariable("XDG_CONFIG_HOME") is { Length: > 0 } given ? given : Path.Combine(home, ".config");
            return Path.Combine(config, "editorbridge", "policy.yaml");
        }
    }

    /// <summary>The project's; it can only tighten.</summary>
    public static string InWorkspace(string workspace) => Path.Combine(workspace, ".editorbridge", "policy.yaml");

    /// <summary>All three for a workspace; null for an action outside of any.</summary>
    public static PolicyPaths For(string? workspace) => new(Managed, User, workspace is null ? null : InWorkspace(workspace));
}
