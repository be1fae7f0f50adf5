using System.Text.Json.Nodes;

namespace EditorBridge.Mcp;

/// <summary>Reads JSON that somebody else shaped: a member of what is no object is not there, and a value of another kind is none.</summary>
internal static class ForeignJson
{
    public static JsonNode? Member(this JsonNode? node, string name) => (node as JsonObject)?[name];

    public static string? Text(this JsonNode? node) => node is JsonValue value && value.TryGetValue(out string? text) ? text : null;

    public static bool IsTrue(this JsonNode? node) => node is JsonValue value && value.TryGetValue(out bool flag) && flag;
}
