using System.Collections.Frozen;
using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Sql;
using EditorBridge.Trust;

namespace EditorBridge.Mcp.Trust;

/// <summary>One thing a server offers now, read and looked into once, when it is listed.</summary>
/// <param name="Name">The server's own name of it; the address of a resource template; empty for instructions.</param>
/// <param name="Definition">Null when it has no canonical form, and so cannot be held to anything.</param>
/// <param name="Problem">Why it has none.</param>
internal sealed record OfferedItem(OfferedKind Kind, string Name, OfferedDefinition? Definition, ImmutableArray<TrustFinding> Findings, string? Problem)
{
    /// <summary>The findings a person has to see before a model does.</summary>
    public bool NeedsPerson => Findings.Any(finding => finding.Severity >= Severity.High);

    /// <summary>Everything of a server that a model or a client would act on. Resources themselves are data: they come and go, and are looked into when they are read.</summary>
    /// <param name="others">Names of tools of other servers, and the gateway's own: a text that speaks of them steers their use.</param>
    public static FrozenDictionary<(OfferedKind, string), OfferedItem> ReadAll(
        IEnumerable<JsonObject> tools, IEnumerable<JsonObject> prompts, IEnumerable<JsonObject> templates, string? instructions, IReadOnlyCollection<string> others)
    {
        var items = new Dictionary<(OfferedKind, string), OfferedItem>();
        foreach (var (kind, property, definitions) in new[] { (OfferedKind.Tool, "name", tools), (OfferedKind.Prompt, "name", prompts), (OfferedKind.ResourceTemplate, "uriTemplate", templates) })
            foreach (var definition in definitions)
                if (definition[property] is JsonValue value && value.TryGetValue(out string? name)) items.TryAdd((kind, name), Read(kind, name, definition.ToJsonString(), others));
        if (!string.IsNullOrEmpty(instructions)) items.Add((OfferedKind.Instructions, ""), Read(OfferedKind.Instructions, "", new JsonObject { ["instructions"] = instructions }.ToJsonString(), others));
        return items.ToFrozenDictionary();
    }

    /// <summary>Whether the listing of a resource holds text that speaks to the model or hides. Addresses are its business: nobody fetches them by themselves.</summary>
    public static bool SpeaksToModel(JsonObject resource)
    {
        using var document = JsonDocument.Parse(resource.ToJsonString(), new JsonDocumentOptions { MaxDepth = 256 });
        return TrustScanner.Result(document.RootElement).Any(finding => finding.Severity >= Severity.High && finding.Id != "trust.secret");
    }

    private static OfferedItem Read(OfferedKind kind, string name, string json, IReadOnlyCollection<string> others) =>
        OfferedDefinition.TryRead(kind, name, json, out var definition, out var problem)
            ? new OfferedItem(kind, name, definition, TrustScanner.Definition(definition, others), null)
            : new OfferedItem(kind, name, null, [], problem);
}
