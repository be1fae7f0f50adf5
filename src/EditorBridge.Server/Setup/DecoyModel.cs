using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Messages;

namespace EditorBridge.Setup;

/// <summary>
/// A model on a free port of this machine that asks a client to write one file and says goodbye. It shows what a client does with a tool call when nobody answers for the gate;
/// nothing it is sent leaves the machine.
/// </summary>
internal sealed class DecoyModel : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string? _file;
    private int _asked;

    /// <param name="file">What the client is asked to write; null for a listener that only counts who comes.</param>
    private DecoyModel(WebApplication app, string? file)
    {
        _app = app;
        _file = file;
    }

    public string Url { get; private set; } = "";

    /// <summary>How often a model was asked for an answer.</summary>
    public int Asked => Volatile.Read(ref _asked);

    /// <summary>What the client told the model of the tool; null when it told nothing.</summary>
    public string? ToolResult { get; private set; }

    public static async Task<DecoyModel> StartAsync(string? file, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var decoy = new DecoyModel(app, file);
        app.Run(decoy.AnswerAsync);
        await app.StartAsync(cancellationToken);
        decoy.Url = app.Urls.First();
        return decoy;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    private async Task AnswerAsync(HttpContext context)
    {
        if (context.Request.Path != "/v1/messages") return;
        Interlocked.Increment(ref _asked);
        if (await ReadAsync(context) is not { } question || _file is null)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return;
        }

        ToolResult = Told(question) ?? ToolResult;
        var answer = JsonSerializer.SerializeToUtf8Bytes(ToolResult is null ? WriteCall(_file) : Message("end_turn", new JsonObject { ["type"] = "text", ["text"] = "Done." }));
        var streams = question["stream"]?.GetValueKind() == JsonValueKind.True;
        context.Response.ContentType = streams ? "text/event-stream" : "application/json";
        await context.Response.Body.WriteAsync(streams ? WholeMessage.ToStream(answer)! : answer, context.RequestAborted);
    }

    private static async Task<JsonObject?> ReadAsync(HttpContext context)
    {
        try
        {
            return await JsonNode.ParseAsync(context.Request.Body, cancellationToken: context.RequestAborted) as JsonObject;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static string? Told(JsonObject question) => (question["messages"] as JsonArray ?? [])
        .SelectMany(message => message?["content"] as JsonArray ?? []).FirstOrDefault(block => block?["type"]?.ToString() == "tool_result")?["content"]?.ToJsonString();

    private static JsonObject WriteCall(string file) => Message("tool_use", new JsonObject
    {
        ["type"] = "tool_use",
        ["id"] = "toolu_doctor",
        ["name"] = "Write",
        ["input"] = new JsonObject { ["file_path"] = file, ["content"] = "A tool has run that nobody had answered for.\n" },
    });

    private static JsonObject Message(string stopReason, JsonObject block) => new()
    {
        ["id"] = "msg_doctor",
        ["type"] = "message",
        ["role"] = "assistant",
        ["model"] = "claude-sonnet-4-6",
        ["content"] = new JsonArray(block),
        ["stop_reason"] = stopReason,
        ["stop_sequence"] = null,
        ["usage"] = new JsonObject { ["input_tokens"] = 1, ["output_tokens"] = 1 },
    };
}
