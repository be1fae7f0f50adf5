using EditorBridge.Hosting;
using EditorBridge.Snowflake;

namespace EditorBridge.Setup;

/// <summary>What of our installations in other programs is not as we would write it. Looks at files only.</summary>
internal static class SetupDrift
{
    /// <param name="state">A state folder other than the usual one; null for that.</param>
    public static IEnumerable<AccountFinding> Find(ProgramPlaces places, OwnProgram program, string? state)
    {
        foreach (var member in McpSetup.Clients(places, program, state, Exists))
            if (Told(member, "starts the gateway another way than this installation", "editorbridge setup mcp") is { } finding) yield return finding;
        foreach (var editor in VsCodeVariant.All(places).Where(editor => editor.HasExtension(Exists)))
        {
            var file = places.In(editor.MachineFolder, "settings.json");
            if (Told(new(editor.Name, file, [VsCodeSetup.TerminalEnvironment], true), "leaves terminals ungoverned", "Take it out of the settings, or run: editorbridge setup vscode") is { Level: not FindingLevel.Good } ungoverned)
                yield return ungoverned;
            var server = new ForeignMember(editor.Name, file, [VsCodeSetup.ServerPath], program.Named);
            if (Named(server) is { } named && !File.Exists(named))
                yield return new(FindingLevel.Warning, $"{editor.Name}: {server.Name} in {file} names {named}, which is not there", "editorbridge setup vscode");
        }
    }

    private static AccountFinding? Told(ForeignMember member, string difference, string fix)
    {
        try
        {
            return member.State() switch
            {
                MemberState.Missing => null,
                MemberState.Ours => new(FindingLevel.Good, $"{member.Program}: {member.Name} in {member.File} is as it should be"),
                _ => new(FindingLevel.Warning, $"{member.Program}: {member.Name} in {member.File} {difference}", fix),
            };
        }
        catch (SetupException e)
        {
            return new(FindingLevel.Warning, $"{member.Program}: {e.Message}");
        }
    }

    private static string? Named(ForeignMember member)
    {
        try
        {
            return File.Exists(member.File) ? JsonText.Find(File.ReadAllText(member.File), member.At)?.ToString() : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or System.Text.Json.JsonException)
        {
            return null; // told already
        }
    }

    private static bool Exists(string path) => Path.Exists(path);
}
