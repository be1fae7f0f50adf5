namespace EditorBridge.Policy;

/// <summary>
/// The server and the tool in a name as agents call it: <c>mcp__tracker__search</c>, behind the gateway <c>mcp__editorbridge__tracker__search</c>. The gateway's own tools are
/// those of the server <c>editorbridge</c>; no name of theirs holds two underscores.
/// </summary>
public readonly record struct McpToolName(string Server, string Tool)
{
    /// <summary>What the gateway is called, and so the server of its own tools.</summary>
    public const string Gateway = "editorbridge";

    /// <summary>Null when the name is not one of an MCP tool.</summary>
    public static McpToolName? Of(string tool) => tool.Split("__", 3) switch
    {
        ["mcp", Gateway, var behind] when behind.Split("__", 2) is [var server, var name] => new McpToolName(server, name),
        ["mcp", var server, var name] => new McpToolName(server, name),
        _ => null,
    };

    /// <summary>Whether a pattern is one, and not a tool's name on its own.</summary>
    public static bool IsPattern(string pattern) => pattern.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon && colon < pattern.Length - 1;

    /// <param name="pattern"><c>server:tool</c>, <c>*</c> allowed in both.</param>
    public bool Fits(string pattern)
    {
        var colon = pattern.IndexOf(':', StringComparison.Ordinal);
        return colon > 0 && Glob.IsMatch(pattern.AsSpan(0, colon), Server) && Glob.IsMatch(pattern.AsSpan(colon + 1), Tool);
    }
}
