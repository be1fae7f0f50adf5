using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Script;

/// <summary>Makes a small value that fits a JSON schema; strings take their text from the prompt.</summary>
internal static class SchemaSample
{
    private const int TextLimit = 60;

    public static JsonNode? Of(JsonElement schema, string prompt)
    {
        if (schema.Property("const") is { } constant)
        {
            return JsonNode.Parse(constant.GetRawText());
        }

        if (schema.Property("enum").Items().Select(value => (JsonElement?)value).FirstOrDefault() is { } first)
        {
            return JsonNode.Parse(first.GetRawText());
        }

        if (schema.Property("anyOf").Items().Select(value => (JsonElement?)value).FirstOrDefault() is { } branch)
        {
            return Of(branch, prompt);
        }

        var type = schema.Property("type") is { ValueKind: JsonValueKind.Array } types ? types[0].GetString() : schema.Text("type");
        return type switch
        {
            "object" => new JsonObject(schema.Property("properties") is { } properties
                ? properties.EnumerateObject().Select(field => KeyValuePair.Create(field.Name, Of(field.Value, prompt)))
                : []),
            "array" => new JsonArray(),
            "integer" or "number" => JsonValue.Create(schema.Int("minimum") ?? 0),
            "boolean" => JsonValue.Create(true),
            "null" => null,
            _ => JsonValue.Create(Shortened(prompt)),
        };
    }

    private static string Shortened(string prompt)
    {
        var line = prompt.Split('\n', 2)[0].Trim();
        return line.Length == 0 ? "Sandbox conversation" : line.Length <= TextLimit ? line : line[..TextLimit];
    }
}
