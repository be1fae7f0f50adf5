using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Mcp.Trust;
using EditorBridge.Trust;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>What a server offers, each thing as the JSON it sent, in its order.</summary>
internal sealed record UpstreamLists(ImmutableArray<JsonObject> Tools, ImmutableArray<JsonObject> Prompts, ImmutableArray<JsonObject> Resources, ImmutableArray<JsonObject> Templates)
{
    public static readonly UpstreamLists None = new([], [], [], []);

    /// <summary>The same things as they are compared with their pins. Set with the lists, so that nobody sees a list whose things were not compared.</summary>
    public FrozenDictionary<(OfferedKind, string), OfferedItem> Offered { get; init; } = FrozenDictionary<(OfferedKind, string), OfferedItem>.Empty;

    /// <summary>What of the lists is not used, and why.</summary>
    public ImmutableArray<string> LeftOut { get; init; } = [];

    private const int MostPages = 200;
    private const int MostItems = 5000;

    /// <summary>Asks for all lists the server says it has, page by page.</summary>
    /// <exception cref="UpstreamException">A list cannot be had, or does not end.</exception>
    public static async Task<UpstreamLists> ReadAsync(UpstreamSession session, CancellationToken cancellationToken)
    {
        var leftOut = ImmutableArray.CreateBuilder<string>();
        async Task<ImmutableArray<JsonObject>> List(string capability, string method, string property) =>
            session.Capabilities.ContainsKey(capability) ? await PagesAsync(session, method, property, leftOut, cancellationToken) : [];
        return new UpstreamLists(
            await List("tools", "tools/list", "tools"),
            await List("prompts", "prompts/list", "prompts"),
            await List("resources", "resources/list", "resources"),
            await List("resources", "resources/templates/list", "resourceTemplates")) { LeftOut = leftOut.ToImmutable() };
    }

    // A page whose own members are there twice is no page.
    private static JsonArray Array(JsonObject result, string property)
    {
        try
        {
            return result[property] as JsonArray ?? [];
        }
        catch (ArgumentException e)
        {
            throw new UpstreamException($"The list of {property} names a member twice, so it cannot be read.", innerException: e);
        }
    }

    /// <summary>Whether no member stands in it twice: programs differ in which one they take, and what was looked at would not be what is used.</summary>
    public static bool HasOneReading(JsonObject item)
    {
        try
        {
            using var document = JsonDocument.Parse(item.ToJsonString(), new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 256 });
            return true;
        }
        catch (Exception e) when (e is JsonException or ArgumentException or InvalidOperationException)
        {
            // The last two: a string that is no text.
            return false;
        }
    }

    private static async Task<ImmutableArray<JsonObject>> PagesAsync(UpstreamSession session, string method, string property, ImmutableArray<string>.Builder leftOut, CancellationToken cancellationToken)
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
            foreach (var item in Array(result, property))
            {
                if (item is not JsonObject known) continue;
                if (HasOneReading(known)) items.Add((JsonObject)known.DeepClone());
                else leftOut.Add($"Something in its {method} was left out: it names a member twice, and which of the two a client would read is not known.");
            }

            if (items.Count > MostItems) throw new UpstreamException($"{method} lists more than {MostItems} things, which no client could use.");
            if (result["nextCursor"] is not JsonValue next || next.GetValueKind() != JsonValueKind.String) return items.ToImmutable();
            cursor = next.GetValue<string>();
            if (!seen.Add(cursor)) throw new UpstreamException($"{method} gives the same cursor twice, so its list has no end.");
        }

        throw new UpstreamException($"{method} has more than {MostPages} pages.");
    }
}
