using System.Text.Json.Nodes;

namespace EditorBridge.McpFixture;

/// <summary>The tools the public conformance suite calls by name that need nothing but themselves. Names and answers are the suite's.</summary>
internal static class ConformanceTools
{
    // A PNG of one red pixel, and a WAV without a sample.
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";
    private const string Wav = "UklGRiYAAABXQVZFZm10IBAAAAABAAEAQB8AAAB9AAACABAAZGF0YQIAAAA=";

    public static FixtureTool[] All { get; } =
    [
        new("test_simple_text", "Answers with a text.", FixtureCall.NoInput, _ => FixtureCall.Says("This is a simple text response for testing.")) { More = """{"annotations":{"readOnlyHint":true},"x-unknown":{"kept":[1,2.50,"three"]}}""" },
        new("test_image_content", "Answers with an image.", FixtureCall.NoInput, _ => FixtureCall.Json($$$"""{"content":[{"type":"image","data":"{{{Png}}}","mimeType":"image/png"}]}""")),
        new("test_audio_content", "Answers with audio.", FixtureCall.NoInput, _ => FixtureCall.Json($$$"""{"content":[{"type":"audio","data":"{{{Wav}}}","mimeType":"audio/wav"}]}""")),
        new("test_embedded_resource", "Answers with a resource.", FixtureCall.NoInput, _ => FixtureCall.Json("""{"content":[{"type":"resource","resource":{"uri":"test://embedded-resource","mimeType":"text/plain","text":"This is an embedded resource content."}}]}""")),
        new("test_multiple_content_types", "Answers with several kinds of content.", FixtureCall.NoInput, _ => FixtureCall.Json($$$"""
            {"content":[
              {"type":"text","text":"Multiple content types test:"},
              {"type":"image","data":"{{{Png}}}","mimeType":"image/png"},
              {"type":"resource","resource":{"uri":"test://mixed-content-resource","mimeType":"application/json","text":"{\"test\":\"data\",\"value\":123}"}}]}
            """)),
        new("test_tool_with_logging", "Logs while it runs.", FixtureCall.NoInput, LogAsync),
        new("test_tool_with_progress", "Tells its progress.", FixtureCall.NoInput, ProgressAsync),
        new("test_error_handling", "Fails.", FixtureCall.NoInput, _ => FixtureCall.Json("""{"content":[{"type":"text","text":"This tool intentionally returns an error for testing"}],"isError":true}""")),
        new("test_reconnection", "Answers at once.", FixtureCall.NoInput, _ => FixtureCall.Says("Reconnection test completed successfully")),
        new("test_streaming_elicitation", "Answers with frames of its result only.", FixtureCall.NoInput, _ => FixtureCall.Says("Only result frames.")),
        new("test_logging_tool", "Logs if the client wants logs.", FixtureCall.NoInput, async call =>
        {
            if (call.Meta?["io.modelcontextprotocol/logLevel"] is not null) await call.TellAsync("notifications/message", Log("test_logging_tool ran"));
            return await FixtureCall.Says("Logged, if it was wanted.");
        }),
        new("test_missing_capability", "Needs a client that can be asked for samples.", FixtureCall.NoInput, call => call.Capabilities.ContainsKey("sampling")
            ? FixtureCall.Says("The client can sample.")
            : throw new FixtureError(-32021, "This tool needs the sampling capability.", new JsonObject { ["requiredCapabilities"] = new JsonObject { ["sampling"] = new JsonObject() } })),
        new("test_header_tool", "Asks for a header with a parameter.", """{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"query":{"type":"string"}},"required":["region","query"]}""",
            call => FixtureCall.Says($"Ran in {call.Argument("region")}: {call.Argument("query")}")),
        new("json_schema_2020_12_tool", "Has a schema of the 2020-12 dialect.", """
            {
              "$schema": "https://json-schema.org/draft/2020-12/schema",
              "$id": "https://example.com/person",
              "$anchor": "person",
              "type": "object",
              "$defs": { "address": { "$anchor": "addressDef", "type": "object", "properties": { "street": { "type": "string" }, "city": { "type": "string" } } } },
              "properties": { "name": { "type": "string" }, "address": { "$ref": "#/$defs/address" }, "contactMethod": { "type": "string", "enum": ["phone", "email"] }, "phone": { "type": "string" }, "email": { "type": "string" } },
              "allOf": [ { "anyOf": [ { "required": ["phone"] }, { "required": ["email"] } ] } ],
              "if": { "properties": { "contactMethod": { "const": "phone" } }, "required": ["contactMethod"] },
              "then": { "required": ["phone"] },
              "else": { "required": ["email"] },
              "additionalProperties": false
            }
            """, _ => FixtureCall.Says("The schema holds.")),
    ];

    private static async Task<JsonObject> LogAsync(FixtureCall call)
    {
        foreach (var text in new[] { "Tool execution started", "Tool processing data", "Tool execution completed" }) await call.TellAsync("notifications/message", Log(text));
        return await FixtureCall.Says("Tool with logging executed successfully");
    }

    private static async Task<JsonObject> ProgressAsync(FixtureCall call)
    {
        if (call.Meta?["progressToken"] is not { } token) return await FixtureCall.Says("No progress token was given.");
        foreach (var progress in new[] { 0, 50, 100 }) await call.TellAsync("notifications/progress", new JsonObject { ["progressToken"] = token.DeepClone(), ["progress"] = progress, ["total"] = 100 });
        return await FixtureCall.Says(token.ToString());
    }

    private static JsonObject Log(string text) => new() { ["level"] = "info", ["logger"] = "fixture", ["data"] = text };
}
