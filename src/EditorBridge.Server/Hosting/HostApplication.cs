using System.Net;
using EditorBridge.Accounts;
using EditorBridge.Audit;
using EditorBridge.Bridge;
using EditorBridge.Budgets;
using EditorBridge.Editor;
using EditorBridge.Gate;
using EditorBridge.Guard;
using EditorBridge.Hooks;
using EditorBridge.Ide;
using EditorBridge.Keeping;
using EditorBridge.Launching;
using EditorBridge.Ledger;
using EditorBridge.Mcp;
using EditorBridge.Proxy;
using EditorBridge.Reconciliation;
using EditorBridge.Telemetry;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.Logging.Console;

namespace EditorBridge.Hosting;

/// <summary>The host, put together. The order of its parts is written here and nowhere else.</summary>
internal static class HostApplication
{
    // Anthropic's own limit for a Messages body.
    private const long LargestBody = 32 * 1024 * 1024;

    /// <summary>Builds the host. Nothing listens until it is started.</summary>
    /// <exception cref="LedgerUnavailableException">Another host has the ledger, or it cannot be trusted.</exception>
    public static WebApplication Build(ServeOptions options, TimeProvider? time = null, Action<WebApplicationBuilder>? configure = null)
    {
        // Empty: what the host does comes from its own options and files. No appsettings.json or ASPNETCORE_ variable changes it,
        // and no watcher is spent on them (a person has 128 on Linux, and an editor with a few windows takes most).
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ContentRootPath = AppContext.BaseDirectory });
        builder.Services.AddRoutingCore();
        builder.Logging.ClearProviders();
        builder.Logging.AddConsole(console => console.FormatterName = HostLog.FormatterName).AddConsoleFormatter<HostLog, ConsoleFormatterOptions>();
        builder.Logging.AddFilter("Microsoft.AspNetCore", LogLevel.Warning);
        builder.Logging.AddFilter("ModelContextProtocol", LogLevel.Warning);
        var forwardProxy = new ForwardProxyAddress();
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port, listen => listen.Protocols = HttpProtocols.Http1);
            kestrel.ListenForLaunched(forwardProxy);
            kestrel.Limits.MaxRequestBodySize = LargestBody;
            kestrel.Limits.MinResponseDataRate = null; // a held stream is silent for seconds at a time
            kestrel.AddServerHeader = false;
        });

        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(options.State);
        builder.Services.AddSingleton(time ?? TimeProvider.System);
        builder.Services.AddSingleton<ClientTokens>();
        builder.Services.AddLedger(options.State);
        builder.Services.AddGate();
        builder.Services.AddBudgets(options.State);
        builder.Services.AddProxy(options);
        builder.Services.AddLaunching(forwardProxy);
        builder.Services.AddAccountWatch();
        builder.AddTelemetry(options.State);
        builder.Services.AddMcpGateway();
        builder.Services.AddSingleton<ReconciliationDesk>();
        builder.Services.AddHostedService<HostLifecycle>();
        builder.Services.AddHostedService<HostIdle>();
        builder.Services.AddHostedService<RetentionSchedule>();
        builder.Services.AddHostedService(provider => ActivatorUtilities.CreateInstance<SpaceWatch>(provider, () => DiskSpace.Of(options.State.LedgerFolder)));
        builder.Services.AddSingleton<HostRequests>();
        builder.Services.AddIde();
        builder.Services.AddEditors();
        configure?.Invoke(builder);

        var app = builder.Build();
        app.UseMiddleware<LoopbackGuard>();
        app.UseTokens();
        app.Use(next => context => context.RequestServices.GetRequiredService<HostRequests>().CountAsync(context, next));
        app.MapHealth();
        app.MapProxy();
        app.MapHooks();
        app.MapMcpGateway();
        app.MapBridge();
        app.MapReconciliation();
        app.MapBudgets();
        app.MapLaunching();
        app.MapAccount();
        return app;
    }

    private static void MapHealth(this WebApplication app)
    {
        var version = Version;
        app.MapGet("/health", (ReviewDesk desk, GateContext account, ServeOptions options) =>
            new HostHealth("ok", Environment.ProcessId, version, account.Account ?? "", options.Sandbox is not null, desk.Pending.Length));
        // Claude Code looks for a living server before its first request (HEAD /api/hello on 2.1.330, HEAD / before).
        app.MapMethods("/", ["HEAD"], () => Results.Ok());
        app.MapMethods("/api/hello", ["HEAD", "GET"], () => Results.Ok());
    }

    /// <summary>The product's version, as in Directory.Build.props.</summary>
    public static string Version { get; } = typeof(HostApplication).Assembly.GetName().Version?.ToString(3) ?? "0.0.0";

    private static void AddLedger(this IServiceCollection services, StateFolder state) =>
        services
            .AddSingleton(LedgerSettings.Read(state))
            .AddSingleton(provider => LedgerWriter.Open(
                new LedgerOptions { Folder = state.LedgerFolder, Content = provider.GetRequiredService<LedgerSettings>().Content ?? ContentMode.Full },
                provider.GetRequiredService<TimeProvider>(),
                provider.GetRequiredService<ILoggerFactory>()));

    private static void MapHooks(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/hooks/claude", (HttpContext context, ClaudeHookEndpoint hook) => hook.AnswerAsync(context)).RequireToken(Client.Hook);
}
