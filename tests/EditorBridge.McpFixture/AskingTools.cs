using System.Text.Json.Nodes;

namespace EditorBridge.McpFixture;

/// <summary>The conformance suite's tools that ask something of the client: by a request of their own in 2025-11-25, by their result in 2026-07-28.</summary>
internal static class AskingTools
{
    private const string NameForm = """{"message":"What is your name?","requestedSchema":{"type":"object","properties":{"name":{"type":"string"}},"required":["name"]}}""";
    private const string ConfirmForm = """{"message":"Please confirm","requestedSchema":{"type":"object","properties":{"ok":{"type":"boolean"}},"required":["ok"]}}""";
    private const string ColourForm = """{"message":"Step 2: What is your favorite color?","requestedSchema":{"type":"object","properties":{"color":{"type":"string"}},"required":["color"]}}""";
    private const string Capital = """{"messages":[{"role":"user","content":{"type":"text","text":"What is the capital of France?"}}],"maxTokens":100}""";
    private const string Greeting = """{"messages":[{"role":"user","content":{"type":"text","text":"Generate a greeting"}}],"maxTokens":50}""";

    private const string Defaults = """
        {"message":"Test elicitation with default values for primitive types","requestedSchema":{"type":"object","properties":{
          "name":{"type":"string","description":"Name","default":"John Doe"},
          "age":{"type":"integer","description":"Age","default":30},
          "score":{"type":"number","description":"Score","default":95.5},
          "status":{"type":"string","description":"Status","enum":["active","inactive","pending"],"default":"active"},
          "verified":{"type":"boolean","description":"Verified","default":true}}}}
        """;

    private const string Enums = """
        {"message":"Test elicitation with enum schema","requestedSchema":{"type":"object","properties":{
          "untitledSingle":{"type":"string","enum":["option1","option2","option3"]},
          "titledSingle":{"type":"string","oneOf":[{"const":"value1","title":"First Option"},{"const":"value2","title":"Second Option"},{"const":"value3","title":"Third Option"}]},
          "legacyEnum":{"type":"string","enum":["opt1","opt2","opt3"],"enumNames":["Option One","Option Two","Option Three"]},
          "untitledMulti":{"type":"array","items":{"type":"string","enum":["option1","option2","option3"]}},
          "titledMulti":{"type":"array","items":{"anyOf":[{"const":"value1","title":"First Choice"},{"const":"value2","title":"Second Choice"},{"const":"value3","title":"Third Choice"}]}}}}}
        """;

    public static FixtureTool[] All { get; } =
    [
        new("test_sampling", "Asks the client's model.", """{"type":"object","properties":{"prompt":{"type":"string"}},"required":["prompt"]}""", SampleAsync),
        new("test_elicitation", "Asks the person.", """{"type":"object","properties":{"message":{"type":"string"}},"required":["message"]}""",
            call => ElicitAsync(call, new JsonObject { ["message"] = call.Argument("message"), ["requestedSchema"] = JsonNode.Parse("""{"type":"object","properties":{"response":{"type":"string","description":"User's response"}},"required":["response"]}""") })),
        new("test_elicitation_sep1034_defaults", "Asks with defaults.", FixtureCall.NoInput, call => ElicitAsync(call, Parsed(Defaults))),
        new("test_elicitation_sep1330_enums", "Asks with choices.", FixtureCall.NoInput, call => ElicitAsync(call, Parsed(Enums))),
        Asking("elicitation", _ => Wanted(null, ("user_name", "elicitation/create", NameForm)), (_, answers) => answers["user_name"]?["content"]?["name"] is { } name ? $"Hello, {name}!" : null),
        Asking("sampling", _ => Wanted(null, ("capital_question", "sampling/createMessage", Capital)), (_, answers) => answers["capital_question"] is { } answer ? $"Sampled: {answer["content"]}" : null),
        Asking("list_roots", _ => Wanted(null, ("client_roots", "roots/list", "{}")), (_, answers) => answers["client_roots"] is { } roots ? $"{(roots["roots"] as JsonArray)?.Count ?? 0} roots" : null),
        Asking("request_state", _ => Wanted("state-1", ("confirm", "elicitation/create", ConfirmForm)), (state, _) => state == "state-1" ? "state-ok: the state came back" : null),
        Asking("multiple_inputs", _ => Wanted("several", ("user_name", "elicitation/create", NameForm), ("greeting", "sampling/createMessage", Greeting), ("client_roots", "roots/list", "{}")),
            (_, answers) => answers.Count >= 3 ? "multiple-inputs-ok" : null),
        Asking("multi_round", state => state == "round-1" ? Wanted("round-2", ("step2", "elicitation/create", ColourForm)) : Wanted("round-1", ("step1", "elicitation/create", NameForm)), (state, _) => state == "round-2" ? "multi-round-ok" : null),
        Asking("tampered_state", _ => Wanted("untouched", ("confirm", "elicitation/create", ConfirmForm)),
            (state, _) => state switch { null => null, "untouched" => "tampered-state-ok", _ => throw new FixtureError(-32602, "The requestState was changed.") }),
        new("test_input_required_result_capabilities", "Asks only what the client can answer.", FixtureCall.NoInput, Capabilities),
    ];

    private static FixtureTool Asking(string name, Func<string?, JsonObject> asks, Func<string?, JsonObject, string?> answered) =>
        new("test_input_required_result_" + name, "Asks by its result.", FixtureCall.NoInput, call =>
        {
            var state = call.Parameters["requestState"]?.GetValue<string>();
            return answered(state, call.Parameters["inputResponses"] as JsonObject ?? []) is { } text ? FixtureCall.Says(text) : Task.FromResult(asks(state));
        });

    private static Task<JsonObject> Capabilities(FixtureCall call)
    {
        if (call.Parameters["inputResponses"] is JsonObject { Count: > 0 }) return FixtureCall.Says("capability-check-ok");
        (string, string, string)[] possible = [("capital_question", "sampling/createMessage", Capital), ("user_name", "elicitation/create", NameForm), ("client_roots", "roots/list", "{}")];
        var asked = possible.Where(p => call.Capabilities.ContainsKey(p.Item2[..p.Item2.IndexOf('/', StringComparison.Ordinal)])).ToArray();
        return asked.Length == 0 ? FixtureCall.Says("capability-check-ok: nothing can be asked") : Task.FromResult(Wanted(null, asked));
    }

    /// <summary>A result that asks.</summary>
    public static JsonObject Wanted(string? state, params (string Key, string Method, string Parameters)[] inputs)
    {
        var result = new JsonObject
        {
            ["resultType"] = "input_required",
            ["inputRequests"] = new JsonObject(inputs.Select(i => KeyValuePair.Create(i.Key, (JsonNode?)new JsonObject { ["method"] = i.Method, ["params"] = JsonNode.Parse(i.Parameters) }))),
        };
        if (state is not null) result["requestState"] = state;
        return result;
    }

    private static async Task<JsonObject> SampleAsync(FixtureCall call)
    {
        var answer = await call.AskAsync("sampling/createMessage", new JsonObject
        {
            ["messages"] = new JsonArray(new JsonObject { ["role"] = "user", ["content"] = new JsonObject { ["type"] = "text", ["text"] = call.Argument("prompt") } }),
            ["maxTokens"] = 100,
        });
        return await FixtureCall.Says($"LLM response: {answer["content"]?["text"]}");
    }

    private static async Task<JsonObject> ElicitAsync(FixtureCall call, JsonObject question)
    {
        if (call.IsModern)
            return call.Parameters["inputResponses"]?["question"] is { } given ? await FixtureCall.Says($"User response: {given.ToJsonString()}") : Wanted(null, ("question", "elicitation/create", question.ToJsonString()));
        var answer = await call.AskAsync("elicitation/create", question);
        return await FixtureCall.Says($"User response: {answer.ToJsonString()}");
    }

    private static JsonObject Parsed(string json) => JsonNode.Parse(json)!.AsObject();
}
