using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using ModelContextProtocol.AspNetCore;
using ModelContextProtocol.Protocol;

namespace EditorBridge.McpFixture;

internal enum Era
{
    Both,
    Legacy,
    Modern,
}

internal static class FixtureHost
{
    public static async Task RunStdioAsync(Era era)
    {
        var builder = Host.CreateApplicationBuilder();
        builder.Logging.ClearProviders();
        Add(builder.Services, era).WithStdioServerTransport();
        await builder.Build().RunAsync();
    }

    public static async Task RunHttpAsync(Era era, string? token)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        Add(builder.Services, era).WithHttpTransport(options => options.SessionMode = era switch
        {
            Era.Legacy => HttpServerSessionMode.Stateful,
            Era.Modern => HttpServerSessionMode.Stateless,
            _ => HttpServerSessionMode.StatefulForInitializeClients,
        });
        await using var app = builder.Build();
        app.Use(async (context, next) =>
        {
            if (token is not null && context.Request.Headers.Authorization != "Bearer " + token) context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            else if (context.Request.Path == "/moved") context.Response.Redirect("/mcp");
            else await next(context);
        });
        app.MapMcp("/mcp");
        await app.StartAsync();
        var address = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        Console.WriteLine(JsonSerializer.Serialize(new { url = address + "/mcp" }));
        await app.WaitForShutdownAsync();
    }

    private static IMcpServerBuilder Add(IServiceCollection services, Era era) => services
        .AddMcpServer(options =>
        {
            options.ServerInfo = new Implementation { Name = "editorbridge-mcp-fixture", Version = "1.0.0" };
            options.ServerInstructions = "A server for tests.";
            if (era == Era.Legacy) options.ProtocolVersion = "2025-11-25";
            if (era == Era.Modern) options.ProtocolVersion = "2026-07-28";
            options.Capabilities = new ServerCapabilities
            {
                Tools = new ToolsCapability { ListChanged = true },
                Prompts = new PromptsCapability { ListChanged = true },
                Resources = new ResourcesCapability { ListChanged = true, Subscribe = true },
                Completions = new CompletionsCapability(),
            };
        })
        .WithMessageFilters(filters => filters.AddIncomingFilter(FixtureServer.Filter));
}
