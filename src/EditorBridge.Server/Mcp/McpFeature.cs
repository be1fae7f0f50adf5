using System.Text.Json;
using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Snowflake;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.Mcp;

internal static class McpFeature
{
    private const string VersionHeader = "MCP-Protocol-Version";
    private const string SessionHeader = "Mcp-Session-Id";

    private static readonly string[] Versions = ["2024-11-05", "2025-03-26", "2025-06-18", UpstreamSession.Legacy, UpstreamSession.Modern];

    /// <summary>The MCP gateway at <c>/mcp</c>. Host and Origin are checked before it, its token here: the SDK checks neither.</summary>
    public static IServiceCollection AddMcpGateway(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton<StatementLog>();
        services.AddSingleton<SnowflakeCalls>();
        services.AddSingleton<McpDoor>();
        services.AddSingleton<UpstreamSignIns>();
        services.AddSingleton<SentSecrets>();
        services.AddSingleton<PinBook>();
        services.AddSingleton<UpstreamRoom>();
        services.AddHostedService(provider => provider.GetRequiredService<UpstreamRoom>());
        services.AddSingleton<GatewayInstructions>();
        services.AddHostedService(provider => provider.GetRequiredService<GatewayInstructions>());
        services.AddOptions<McpServerOptions>().Configure<GatewayInstructions>((options, instructions) => options.ServerInstructions = instructions.Text);
        services.AddSingleton<PinDesk>();
        services.AddSingleton(provider => new Parked<BridgedCall>("eb-call-", provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton(provider => new Parked<HeldAdmission>(ClientAdmissions.HandlePrefix, provider.GetRequiredService<TimeProvider>()));
        services.AddSingleton<ClientAdmissions>();
        services.AddSingleton<GatewayCalls>();
        services.AddSingleton<GatewayListeners>();
        services.AddSingleton<McpGateway>();
        services
            .AddMcpServer(options =>
            {
                options.ServerInfo = new Implementation { Name = "editorbridge", Title = "EditorBridge", Version = HostApplication.Version };
                // Declared whatever servers there are: they come and go while clients stay, and what is declared must answer.
                options.Capabilities = new ServerCapabilities
                {
                    Tools = new ToolsCapability { ListChanged = true },
                    Prompts = new PromptsCapability { ListChanged = true },
                    Resources = new ResourcesCapability { ListChanged = true, Subscribe = true },
                    Completions = new CompletionsCapability(),
                };
            })
            .WithHttpTransport(options =>
            {
                options.SessionMode = HttpServerSessionMode.StatefulForInitializeClients;
#pragma warning disable MCPEXP002 // The one way to know when a session begins and ends, which is how it is told of changes.
                options.RunSessionHandler = (http, server, cancellationToken) => http.RequestServices.GetRequiredService<GatewayListeners>().RunSessionAsync(server, cancellationToken);
#pragma warning restore MCPEXP002
            })
            .WithMessageFilters(filters => filters.AddIncomingFilter(McpGateway.Filter))
            .WithListToolsHandler((_, _) => ValueTask.FromResult(McpDoor.List()))
            .WithCallToolHandler(async (request, cancellationToken) => await request.Services!.GetRequiredService<McpDoor>().CallAsync(request, cancellationToken))
            .WithSubscriptionsListenHandler((request, cancellationToken) => request.Services!.GetRequiredService<GatewayListeners>().ListenAsync(request, cancellationToken));
        return services;
    }

    public static void MapMcpGateway(this IEndpointRouteBuilder routes)
    {
        routes.MapMcp("/mcp").RequireToken(Client.Mcp).AddEndpointFilter(async (context, next) =>
            (await UnknownVersionAsync(context.HttpContext) ?? await NoSessionAsync(context.HttpContext)) is { } refusal ? refusal : await next(context)).AddEndpointFilter(KeepAliveStream.FilterAsync);
        UpstreamsReport.Map(routes);
    }

    // The SDK names all revisions it knows to a client whose revision it does not know; server/discover, which such a client asks next, names one. The two have to agree.
    private static async Task<IResult?> UnknownVersionAsync(HttpContext http)
    {
        var version = http.Request.Headers[VersionHeader].ToString();
        if (version.Length == 0 || Versions.Contains(version)) return null;
        using var message = await MessageAsync(http.Request.Body, http.RequestAborted);
        return Refusal(message, new { code = -32022, message = $"Revision {version} of the protocol is not spoken here.", data = new { supported = new[] { UpstreamSession.Modern }, requested = version } });
    }

    // Left alone, the SDK would tell whoever wrote the client how its server is programmed.
    private static async Task<IResult?> NoSessionAsync(HttpContext http)
    {
        if (!HttpMethods.IsPost(http.Request.Method) || !http.Request.HasJsonContentType() || http.Request.Headers.ContainsKey(SessionHeader) || http.Request.Headers[VersionHeader] == UpstreamSession.Modern) return null;
        var body = new MemoryStream();
        http.Response.RegisterForDispose(body);
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        body.Position = 0;
        using var message = await MessageAsync(body, http.RequestAborted);
        body.Position = 0;
        http.Request.Body = body;
        if (message?.RootElement is not { ValueKind: JsonValueKind.Object } root || !root.TryGetProperty("method", out var method) || method.ValueKind != JsonValueKind.String || method.ValueEquals("initialize")) return null;
        // What says the revision in itself and not in the header is told of that by the SDK.
        if (root.TryGetProperty("params", out var given) && given.ValueKind == JsonValueKind.Object && given.TryGetProperty("_meta", out var meta) && meta.ValueKind == JsonValueKind.Object && meta.TryGetProperty("io.modelcontextprotocol/protocolVersion", out _)) return null;
        return Refusal(message, new
        {
            code = -32000,
            message = $"This request belongs to no session. Begin with 'initialize' and send on the {SessionHeader} its answer carries, or speak revision {UpstreamSession.Modern} ({VersionHeader}), which has no sessions. Nothing was run.",
        });
    }

    // Null for a body that is no JSON; whoever reads it next says why.
    private static async Task<JsonDocument?> MessageAsync(Stream body, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonDocument.ParseAsync(body, cancellationToken: cancellationToken);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IResult Refusal(JsonDocument? message, object error)
    {
        // Without an id the error names none.
        JsonElement? id = message?.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("id", out var given) ? given.Clone() : null;
        return Results.Json(new { jsonrpc = "2.0", id, error }, statusCode: StatusCodes.Status400BadRequest);
    }
}
