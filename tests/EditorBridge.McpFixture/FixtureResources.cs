using System.Text.Json.Nodes;

namespace EditorBridge.McpFixture;

/// <summary>The conformance suite's resources.</summary>
internal static class FixtureResources
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
    private const string Before = "test://template/";
    private const string After = "/data";

    public static JsonArray Definitions() => JsonNode.Parse("""
        [
          {"uri":"test://static-text","name":"Static text","mimeType":"text/plain"},
          {"uri":"test://static-binary","name":"Static binary","mimeType":"image/png"},
          {"uri":"test://watched-resource","name":"Watched resource","mimeType":"text/plain"}
        ]
        """)!.AsArray();

    public static JsonArray Templates() => JsonNode.Parse("""[{"uriTemplate":"test://template/{id}/data","name":"Template","mimeType":"application/json"}]""")!.AsArray();

    public static JsonObject Read(FixtureCall call)
    {
        var address = call.Text("uri");
        JsonObject contents = address switch
        {
            "test://static-text" => new() { ["mimeType"] = "text/plain", ["text"] = "This is the content of the static text resource." },
            "test://static-binary" => new() { ["mimeType"] = "image/png", ["blob"] = Png },
            "test://watched-resource" => new() { ["mimeType"] = "text/plain", ["text"] = "Watched resource content" },
            _ when address.StartsWith(Before, StringComparison.Ordinal) && address.EndsWith(After, StringComparison.Ordinal) && address[Before.Length..^After.Length] is var id => new()
            {
                ["mimeType"] = "application/json",
                ["text"] = new JsonObject { ["id"] = id, ["templateTest"] = true, ["data"] = $"Data for ID: {id}" }.ToJsonString(),
            },
            _ => throw new FixtureError(call.IsModern ? -32602 : -32002, "Resource not found", new JsonObject { ["uri"] = address }),
        };
        contents["uri"] = address;
        return call.Kept(call.Complete(new JsonObject { ["contents"] = new JsonArray(contents) }));
    }
}
