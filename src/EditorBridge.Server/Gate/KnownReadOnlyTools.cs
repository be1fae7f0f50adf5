namespace EditorBridge.Gate;

/// <summary>
/// Tools of MCP servers of which a person has said that they only read, by their names in policy. Set by the MCP gateway from its configuration,
/// so that every door a call passes judges it alike.
/// </summary>
internal sealed class KnownReadOnlyTools
{
    public IReadOnlySet<string> Names { get; set; } = new HashSet<string>();
}
