namespace EditorBridge.Mcp.Upstreams;

/// <summary>Where the MCP servers are configured. docs/mcp.md lists the same places.</summary>
internal static class UpstreamPlaces
{
    /// <summary>Written by an administrator; its servers cannot be changed by a person.</summary>
    public static string Managed => Path.Combine(Path.GetDirectoryName(Policies.PolicyPlaces.Managed)!, "mcp.json");

    /// <summary>The person's own, in the state folder, which policy keeps agents out of: a server is a command line that runs on this machine.</summary>
    public static string User(StateFolder state) => state.In("mcp.json");
}
