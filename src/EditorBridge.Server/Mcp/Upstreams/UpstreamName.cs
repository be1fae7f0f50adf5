using System.Buffers;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// Names of servers, and the names under which their tools and prompts are listed: <c>server__tool</c>. No name of the gateway's own holds two underscores,
/// so policy can tell the two apart by the name alone, and no server can take a name of the gateway's.
/// </summary>
internal static class UpstreamName
{
    public const string Separator = "__";

    /// <summary>The prefix under which the gate and policy know the gateway's tools, whatever a client calls the server.</summary>
    public const string GatewayPrefix = "mcp__editorbridge__";

    /// <summary>The shortest limit among clients for a name as it is listed.</summary>
    public const int LongestListed = 64;

    private const int LongestServer = 32;
    private const int DigestDigits = 8;

    private static readonly string[] Reserved = ["editorbridge", "snowflake", "gateway"];

    // What every client and the Messages API accept. A dot is not among them: Claude Code makes it an underscore, and two names would become one.
    private static readonly SearchValues<char> Letters = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-");

    /// <summary>Why a name cannot be a server's; null when it can.</summary>
    public static string? Problem(string name)
    {
        if (name.Length is 0 or > LongestServer) return $"A server's name has 1 to {LongestServer} characters.";
        if (name.AsSpan().ContainsAnyExcept(Letters)) return "A server's name has letters, digits, '-' and '_' only.";
        if (name.Contains(Separator, StringComparison.Ordinal) || name[0] is '_' or '-' || name[^1] == '_') return "A server's name begins with a letter or digit, has no two underscores in a row and does not end in one.";
        return Reserved.Contains(name, StringComparer.OrdinalIgnoreCase) ? $"'{name}' is the gateway's own name. Choose another." : null;
    }

    /// <summary>The name as listed. A name that had to be changed carries a digest of the original, so that two that differ stay two.</summary>
    public static string Listed(string prefix, string name)
    {
        var plain = string.Concat(name.Select(c => Letters.Contains(c) ? c : '_'));
        var listed = prefix.Length == 0 ? plain : prefix + Separator + plain;
        // A dot alone is common (fs.read) and reads well as an underscore; UpstreamCatalogue looks for the two that meet.
        if (listed.Length is > 0 and <= LongestListed && plain == name.Replace('.', '_')) return listed;
        return WithDigest(listed, name);
    }

    /// <summary>The listed name with a digest of the original, within the limit.</summary>
    public static string WithDigest(string listed, string original)
    {
        var digest = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(original)))[..DigestDigits];
        return listed[..Math.Min(listed.Length, LongestListed - DigestDigits - 1)] + "_" + digest;
    }

    /// <summary>The name policy and the ledger know a tool of a server by; the hook of a client that calls the gateway "editorbridge" has the same one.</summary>
    public static string ForPolicy(string server, string prefix, string listed) =>
        GatewayPrefix + (prefix == server ? listed : server + Separator + listed);
}
