using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>What a server offers, each thing as the JSON it sent, in its order.</summary>
internal sealed record UpstreamLists(ImmutableArray<JsonObject> Tools, ImmutableArray<JsonObject> Prompts, ImmutableArray<JsonObject> Resources, ImmutableArray<JsonObject> Templates)
{
    public static readonly UpstreamLists None = new([], [], [], []);

    private const int MostPages = 200;
    private const int MostItems = 5000;

    /// <summary>Asks for all lists the server says it has, page by page.</summary>
    /// <exception cref="UpstreamException">A list cannot be had, or does not end.</exception>
    public static async Task<UpstreamLists> ReadAsync(UpstreamSession session, CancellationToken cancellationToken)
    {
        async Task<ImmutableArray<JsonObject>> List(string capability, string method, string property) =>
            session.Capabilities.ContainsKey(capability) ? await PagesAsync(session, method, property, cancellationToken) : [];
        return new UpstreamLists(
            await List("tools", "tools/list", "tools"),
            await List("prompts", "prompts/list", "prompts"),
            await List("resources", "resources/list", "resources"),
            await List("resources", "resources/templates/list", "resourceTemplates"));
    }

    private static async Task<ImmutableArray<JsonObject>> PagesAsync(UpstreamSession session, string method, string property, CancellationToken cancellationToken)
    {
        var items = ImmutableArray.CreateBuilder<JsonObject>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string? cursor = null;
        for (var page = 0; page < MostPages; page++)
        {
            var answer = await session.AskAsync(method, cursor is null ? [] : new JsonObject { ["cursor"] = cursor }, RequestingClient.Gateway, tool: null, cancellationToken);
            // A capability says what kinds there are, not each method of them: a server may have resources and know no templates.
            if (answer is JsonRpcError { Error.Code: -32601 }) return items.ToImmutable();
            if (answer is not JsonRpcResponse { Result: JsonObject result }) throw new UpstreamException($"{method} failed: {(answer as JsonRpcError)?.Error.Message ?? "the answer is not an object"}");
            foreach (var item in result[property] as JsonArray ?? []) if (item is JsonObject known) items.Add((JsonObject)known.DeepClone());
            if (items.Count > MostItems) throw new UpstreamException($"{method} lists more than {MostItems} things, which no client could use.");
            if (result["nextCursor"] is not JsonValue next || next.GetValueKind() != JsonValueKind.String) return items.ToImmutable();
            cursor = next.GetValue<string>();
            if (!seen.Add(cursor)) throw new UpstreamException($"{method} gives the same cursor twice, so its list has no end.");
        }

        throw new UpstreamException($"{method} has more than {MostPages} pages.");
    }
}
