using System.Text.Json.Nodes;

namespace EditorBridge.McpFixture;

/// <summary>The conformance suite's prompts.</summary>
internal static class FixturePrompts
{
    private const string Png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg==";

    public static JsonArray Definitions() => JsonNode.Parse("""
        [
          {"name":"test_simple_prompt","description":"A prompt without arguments."},
          {"name":"test_prompt_with_arguments","description":"A prompt with two arguments.","arguments":[{"name":"arg1","required":true},{"name":"arg2","required":true}]},
          {"name":"test_prompt_with_embedded_resource","description":"A prompt with a resource in it.","arguments":[{"name":"resourceUri","required":true}]},
          {"name":"test_prompt_with_image","description":"A prompt with an image in it."},
          {"name":"test_input_required_result_prompt","description":"A prompt that asks first."}
        ]
        """)!.AsArray();

    public static JsonObject Get(FixtureCall call) => call.Complete(call.Text("name") switch
    {
        "test_simple_prompt" => Messages("""{"type":"text","text":"This is a simple prompt for testing."}"""),
        "test_prompt_with_arguments" => Messages(new JsonObject { ["type"] = "text", ["text"] = $"Prompt with arguments: arg1='{call.Argument("arg1")}', arg2='{call.Argument("arg2")}'" }.ToJsonString()),
        "test_prompt_with_embedded_resource" => Messages(new JsonObject
        {
            ["type"] = "resource",
            ["resource"] = new JsonObject { ["uri"] = call.Argument("resourceUri"), ["mimeType"] = "text/plain", ["text"] = "Embedded resource content for testing." },
        }.ToJsonString(), """{"type":"text","text":"Please process the embedded resource above."}"""),
        "test_prompt_with_image" => Messages($$"""{"type":"image","data":"{{Png}}","mimeType":"image/png"}""", """{"type":"text","text":"Please analyze the image above."}"""),
        "test_input_required_result_prompt" => call.Parameters["inputResponses"]?["user_context"] is { } given
            ? Messages(new JsonObject { ["type"] = "text", ["text"] = $"Use this context: {given["content"]?["context"]}" }.ToJsonString())
            : AskingTools.Wanted(null, ("user_context", "elicitation/create", """{"message":"What context should the prompt use?","requestedSchema":{"type":"object","properties":{"context":{"type":"string"}},"required":["context"]}}""")),
        var name => throw new FixtureError(-32602, $"Unknown prompt: {name}"),
    });

    private static JsonObject Messages(params string[] contents) => new()
    {
        ["messages"] = new JsonArray([.. contents.Select(content => (JsonNode)new JsonObject { ["role"] = "user", ["content"] = JsonNode.Parse(content) })]),
    };
}
