using System.Text.Json.Nodes;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.McpFixture;

/// <summary>Answers requests with JSON written by hand, so that the tests know every byte of it and nothing of the SDK's types comes between.</summary>
internal static class FixtureServer
{
    public static McpMessageHandler Filter(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        if (context.JsonRpcMessage is JsonRpcRequest request)
        {
            var call = new FixtureCall(context.Server, request, cancellationToken);
            JsonRpcMessageWithId? answer;
            try
            {
                answer = await AnswerAsync(call) is { } result ? new JsonRpcResponse { Result = result } : null;
            }
            catch (FixtureError e)
            {
                answer = new JsonRpcError { Error = new JsonRpcErrorDetail { Code = e.Code, Message = e.Message, Data = e.Details } };
            }

            if (answer is not null)
            {
                answer.Id = request.Id;
                await context.Server.SendMessageAsync(answer, cancellationToken);
                return;
            }
        }

        await next(context, cancellationToken);
    };

    private static async Task<JsonNode?> AnswerAsync(FixtureCall call) => call.Request.Method switch
    {
        "tools/list" => call.Listed("tools", [.. ConformanceTools.All.Concat(AskingTools.All).Concat(OddTools.All).Where(t => t.IsListed()).Select(t => t.Definition())]),
        "tools/call" => await CallAsync(call),
        "prompts/list" => call.Listed("prompts", FixturePrompts.Definitions()),
        "prompts/get" => FixturePrompts.Get(call),
        "resources/list" => call.Listed("resources", FixtureResources.Definitions()),
        "resources/templates/list" => call.Listed("resourceTemplates", FixtureResources.Templates()),
        "resources/read" => FixtureResources.Read(call),
        "resources/subscribe" when !call.IsModern => OddTools.Subscribed(),
        "resources/unsubscribe" when !call.IsModern => new JsonObject(),
        "completion/complete" => call.Complete(JsonNode.Parse("""{"completion":{"values":["paris","park","party"],"total":3,"hasMore":false}}""")!.AsObject()),
        _ => null,
    };

    private static async Task<JsonNode> CallAsync(FixtureCall call)
    {
        var name = call.Text("name");
        var tool = ConformanceTools.All.Concat(AskingTools.All).Concat(OddTools.All).FirstOrDefault(t => t.Name == name) ?? throw new FixtureError(-32602, $"Unknown tool: {name}");
        return call.Complete(await tool.Run(call));
    }
}

/// <summary>An error of the protocol.</summary>
internal sealed class FixtureError(int code, string message, JsonObject? details = null) : Exception(message)
{
    public int Code => code;
    public JsonObject? Details => details;
}

internal sealed record FixtureTool(string Name, string Description, string Schema, Func<FixtureCall, Task<JsonObject>> Run)
{
    public Func<bool> IsListed { get; init; } = () => true;

    /// <summary>More members of the definition, as JSON.</summary>
    public string More { get; init; } = "{}";

    public JsonObject Definition()
    {
        var definition = new JsonObject { ["name"] = Name, ["description"] = Description, ["inputSchema"] = JsonNode.Parse(Schema) };
        foreach (var (key, value) in JsonNode.Parse(More)!.AsObject()) definition[key] = value?.DeepClone();
        return definition;
    }
}
