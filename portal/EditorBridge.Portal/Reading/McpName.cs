namespace EditorBridge.Portal.Reading;

/// <summary>Names of MCP tools as Claude Code calls them: <c>mcp__server__tool</c>.</summary>
public static class McpName
{
    private const string Prefix = "mcp__";

    public static bool IsMcp(string tool) => tool.StartsWith(Prefix, StringComparison.Ordinal);

    public static string Server(string tool) => Split(tool).Server;

    public static string Tool(string tool) => Split(tool).Tool;

    private static (string Server, string Tool) Split(string tool)
    {
        if (!IsMcp(tool)) return ("", tool);
        var rest = tool[Prefix.Length..];
        var end = rest.IndexOf("__", StringComparison.Ordinal);
        return end < 0 ? (rest, rest) : (rest[..end], rest[(end + 2)..]);
    }
}
