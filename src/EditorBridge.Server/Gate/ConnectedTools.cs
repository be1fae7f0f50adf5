using System.Collections.Frozen;

namespace EditorBridge.Gate;

/// <summary>
/// What is known of the tools of MCP servers behind the gateway, by their names in policy. Set by the MCP gateway, so that every door a call passes judges it alike.
/// </summary>
internal sealed class ConnectedTools
{
    private sealed record Known(FrozenSet<string> ReadOnly, FrozenDictionary<string, string> Held);

    private volatile Known _known = new(FrozenSet<string>.Empty, FrozenDictionary<string, string>.Empty);

    /// <summary>A person has said of this tool that it only reads.</summary>
    public bool IsReadOnly(string tool) => _known.ReadOnly.Contains(tool);

    /// <summary>Why this tool may not run: its definition is not what was accepted; null when it may.</summary>
    public string? WhyHeld(string tool) => _known.Held.GetValueOrDefault(tool);

    public void Set(FrozenSet<string> readOnly, FrozenDictionary<string, string> held) => _known = new(readOnly, held);
}
