namespace EditorBridge.Setup;

/// <summary>The files that decide how Claude Code runs in one folder.</summary>
/// <param name="Folder">The folder it is started in.</param>
/// <param name="Variable">Reads a variable of the environment.</param>
internal sealed record ClaudePlaces(string Folder, string Settings, string Managed, string Servers, Func<string, string?> Variable)
{
    public static ClaudePlaces Of(ProgramPlaces places, string folder) => new(folder, places.ClaudeSettings, places.ClaudeManaged, places.ClaudeCode, places.Variable);

    public string Project => Path.Combine(Folder, ".claude", "settings.json");

    public string ProjectLocal => Path.Combine(Folder, ".claude", "settings.local.json");

    public string ProjectServers => Path.Combine(Folder, ".mcp.json");

    /// <summary>Strongest first: measured, a project's own files stand above the person's and above the shell.</summary>
    public IEnumerable<string> ByStrength => [Managed, ProjectLocal, Project, Settings];
}
