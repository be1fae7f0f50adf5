using System.Text.Json;
using Microsoft.AspNetCore.Http;

namespace EditorBridge.Benchmarks;

/// <summary>An MCP server of 2026-07-28 over HTTP that costs next to nothing: one tool, which gives the same answer at once.</summary>
internal static class CheapMcpServer
{
    public const string Version = "2026-07-28";
    public const string Tool = "look_up";

    /// <summary>What stands in every answer of the tool.</summary>
    public const string Said = "4 in stock";

    private const string Fresh = "\"resultType\":\"complete\",\"ttlMs\":0,\"cacheScope\":\"private\"";

    /// <summary>The server as it stands in <c>mcp.json</c>: its tool only reads, so nobody is asked.</summary>
    public static string Configuration(Uri address) => $$$$"""{"mcpServers":{"stock":{"type":"http","url":"{{{{new Uri(address, "mcp")}}}}","readOnlyTools":["{{{{Tool}}}}"]}}}""";

    public static async Task AnswerAsync(HttpContext context)
    {
        using var request = await JsonDocument.ParseAsync(context.Request.Body);
        if (!request.RootElement.TryGetProperty("id", out var id))
        {
            context.Response.StatusCode = StatusCodes.Status202Accepted;
            return;
        }

        var result = request.RootElement.GetProperty("method").GetString() switch
        {
            "server/discover" => $$$"""{"supportedVersions":["{{{Version}}}"],"capabilities":{"tools":{}},{{{Fresh}}}}""",
            "tools/list" => $$$$"""{"tools":[{"name":"{{{{Tool}}}}","description":"Looks up an article.","inputSchema":{"type":"object","properties":{"article":{"type":"string"} } } }],{{{{Fresh}}}}}""",
            _ => $$$"""{"content":[{"type":"text","text":"{{{Said}}}"}],"resultType":"complete"}""",
        };
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync($$"""{"jsonrpc":"2.0","id":{{id.GetRawText()}},"result":{{result}}}""");
    }
}
