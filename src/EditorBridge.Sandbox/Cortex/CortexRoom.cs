using EditorBridge.Sandbox.Cortex.Chat;
using EditorBridge.Sandbox.Cortex.Messages;
using EditorBridge.Sandbox.Cortex.Native;
using EditorBridge.Sandbox.Faults;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>Every path of Cortex REST and of the AI Gateway.</summary>
internal static class CortexRoom
{
    public static void MapCortex(this WebApplication app, SandboxAccount account)
    {
        var (options, bearer) = (account.Options, account.Bearer);
        var cache = new PromptCache(options.Clock);
        var faults = new FaultDesk();
        var player = new FaultPlayer(account.Stale, options);
        InferenceEndpoint Inference(Dialect dialect, bool byGateway = false) =>
            new(dialect, account, cache, faults, player) { ByGateway = byGateway };

        app.MapGet("/api/v2/cortex/models", new ModelsEndpoint(account).HandleAsync);
        app.MapPost("/api/v2/cortex/v1/messages", Inference(new MessagesDialect()).HandleAsync);
        app.MapPost("/api/v2/cortex/v1/chat/completions", Inference(new ChatDialect(withClaude: true)).HandleAsync);
        app.MapPost("/api/v2/cortex/inference:complete", Inference(new NativeDialect()).HandleAsync);
        app.MapPost("/api/v2/cortex/inference:embed", new EmbedEndpoint(bearer).HandleAsync);

        const string Gateway = "/api/v2/aigateways/SNOWFLAKE";
        app.MapPost($"{Gateway}/v1/messages", Inference(new MessagesDialect(), byGateway: true).HandleAsync);
        app.MapPost($"{Gateway}/v1/chat/completions", Inference(new ChatDialect(withClaude: false), byGateway: true).HandleAsync);
        app.MapPost($"{Gateway}/telemetry/v1/traces", new TracesEndpoint(bearer).HandleAsync);
    }
}
