using System.Collections.Immutable;
using System.Text.Json.Nodes;
using EditorBridge.Mcp.Upstreams;

namespace EditorBridge.Mcp;

/// <summary>
/// Stands for tools that are too many to list: one tool finds them by words, another calls what was found. Claude Code is not given it, because it puts tools aside
/// and searches them by itself; a second search on top would hide them from the first.
/// </summary>
internal static class ToolSearch
{
    public const string SearchTool = "search_tools";
    public const string CallTool = "call_tool";

    private const int MostFound = 20;
    private const int UsualFound = 8;
    private const int MostWords = 32;

    /// <summary>True when this client is listed the search in place of the tools.</summary>
    public static bool StandsIn(GatewayClient client, UpstreamCatalogue catalogue, int searchAbove) =>
        catalogue.Tools.Length > searchAbove && !client.Name.StartsWith("claude-code/", StringComparison.OrdinalIgnoreCase);

    public static JsonObject[] Definitions(UpstreamCatalogue catalogue) =>
    [
        new JsonObject
        {
            ["name"] = SearchTool,
            ["title"] = "Search tools",
            ["description"] = $"Finds tools of the connected MCP servers by words. {catalogue.Tools.Length} tools of {string.Join(", ", catalogue.Tools.Select(t => t.Upstream.Settings.Name).Distinct())} are not listed; search them here, then use {CallTool}.",
            ["inputSchema"] = Schema(new JsonObject
            {
                ["query"] = new JsonObject { ["type"] = "string", ["description"] = "Words of what the tool should do, or of its name." },
                ["limit"] = new JsonObject { ["type"] = "integer", ["minimum"] = 1, ["maximum"] = MostFound, ["description"] = $"How many to show, {UsualFound} unless given." },
            }, "query"),
            ["annotations"] = new JsonObject { ["readOnlyHint"] = true, ["openWorldHint"] = false },
        },
        new JsonObject
        {
            ["name"] = CallTool,
            ["title"] = "Call a found tool",
            ["description"] = $"Calls a tool that {SearchTool} found. The call is judged exactly as if the tool had been called by itself.",
            ["inputSchema"] = Schema(new JsonObject
            {
                ["name"] = new JsonObject { ["type"] = "string", ["description"] = $"The tool's name, as {SearchTool} gave it." },
                ["arguments"] = new JsonObject { ["type"] = "object", ["description"] = "Its arguments, by its inputSchema." },
            }, "name"),
            ["annotations"] = new JsonObject { ["readOnlyHint"] = false, ["openWorldHint"] = true },
        },
    ];

    /// <summary>The tools that fit the words best, with their definitions.</summary>
    public static JsonObject Find(UpstreamCatalogue catalogue, JsonObject? arguments)
    {
        var query = arguments?["query"] is JsonValue text && text.TryGetValue(out string? words) ? words : "";
        var limit = arguments?["limit"] is JsonValue number && number.TryGetValue(out int wanted) ? Math.Clamp(wanted, 1, MostFound) : UsualFound;
        string[] terms = [.. query.Split([' ', ',', '_', '-', '.', '/'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Distinct(StringComparer.OrdinalIgnoreCase).Take(MostWords)];
        if (terms.Length == 0) return (JsonObject)GatewayAnswer.Refusal($"{SearchTool} needs 'query': words of what the tool should do, or of its name.").Result!;
        ImmutableArray<ListedItem> found =
        [
            .. catalogue.Tools.Select(tool => (Tool: tool, Score: Score(tool, terms))).Where(t => t.Score > 0)
                .OrderByDescending(t => t.Score).ThenBy(t => t.Tool.Listed, StringComparer.Ordinal).Take(limit).Select(t => t.Tool),
        ];
        var result = new JsonObject
        {
            ["tools"] = new JsonArray([.. found.Select(tool => tool.Definition.DeepClone())]),
            ["searched"] = catalogue.Tools.Length,
        };
        return new JsonObject
        {
            ["content"] = new JsonArray(new JsonObject
            {
                ["type"] = "text",
                ["text"] = found.IsEmpty ? $"No tool fits '{query}'. Servers: {string.Join(", ", catalogue.Tools.Select(t => t.Upstream.Settings.Name).Distinct())}." : result.ToJsonString(),
            }),
            ["structuredContent"] = result,
        };
    }

    // A word in the name says more than one in the title, and that more than one in the description.
    private static int Score(ListedItem tool, string[] terms) => terms.Sum(term =>
        (tool.Listed.Contains(term, StringComparison.OrdinalIgnoreCase) ? 4 : 0)
        + (Says(tool, "title", term) ? 2 : 0)
        + (Says(tool, "description", term) ? 1 : 0));

    private static bool Says(ListedItem tool, string property, string term) =>
        tool.Definition[property] is JsonValue value && value.TryGetValue(out string? text) && text.Contains(term, StringComparison.OrdinalIgnoreCase);

    private static JsonObject Schema(JsonObject properties, string required) => new()
    {
        ["type"] = "object",
        ["properties"] = properties,
        ["required"] = new JsonArray(required),
        ["additionalProperties"] = false,
    };
}
