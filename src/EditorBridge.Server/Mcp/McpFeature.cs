using EditorBridge.Guard;
using EditorBridge.Hosting;
using EditorBridge.Snowflake;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

internal static class McpFeature
{
    /// <summary>The MCP gateway at <c>/mcp</c>. Host and Origin are checked before it, its token here: the SDK checks neither.</summary>
    public static IServiceCollection AddMcpGateway(this IServiceCollection services)
    {
        services.AddHttpContextAccessor();
        services.AddSingleton<StatementLog>();
        services.AddSingleton<SnowflakeCalls>();
        services.AddSingleton<McpDoor>();
        services
            .AddMcpServer(options => options.ServerInfo = new Implementation { Name = "editorbridge", Title = "EditorBridge", Version = HostApplication.Version })
            .WithHttpTransport(options => options.SessionMode = HttpServerSessionMode.Stateless)
            .WithListToolsHandler((_, _) => ValueTask.FromResult(McpDoor.List()))
            .WithCallToolHandler(async (request, cancellationToken) => await request.Services!.GetRequiredService<McpDoor>().CallAsync(request, cancellationToken));
        return services;
    }

    public static void MapMcpGateway(this IEndpointRouteBuilder routes) => routes.MapMcp("/mcp").RequireToken(Client.Mcp);
}
