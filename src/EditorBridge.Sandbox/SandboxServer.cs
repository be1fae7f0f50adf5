using System.Net;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Cortex;
using EditorBridge.Sandbox.Faults;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Sql;
using EditorBridge.Sandbox.Usage;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace EditorBridge.Sandbox;

/// <summary>A running sandbox account on a loopback port. Disposing it stops it.</summary>
public sealed class SandboxServer : IAsyncDisposable
{
    private const string DefaultUser = "DEVELOPER";
    private readonly WebApplication _app;

    private SandboxServer(WebApplication app, string pat, ReceivedRequests received)
    {
        _app = app;
        ProgrammaticAccessToken = pat;
        Received = received;
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    /// <summary>Scheme, host and port.</summary>
    public Uri BaseAddress { get; }

    /// <summary>A PAT of the account's user, valid for this sandbox only.</summary>
    public string ProgrammaticAccessToken { get; }

    internal ReceivedRequests Received { get; }

    /// <summary>Starts the account; it answers when this returns.</summary>
    /// <exception cref="IOException">The port is taken.</exception>
    public static async Task<SandboxServer> StartAsync(SandboxOptions options, CancellationToken cancellationToken)
    {
        var tokens = new PatTable(options.Clock);
        var pat = tokens.Add("SANDBOX", DefaultUser);
        if (options.PatFile is { } file)
        {
            PatFile.Write(file, pat);
        }

        var received = new ReceivedRequests();
        var app = Build(options, tokens, received);
        await app.StartAsync(cancellationToken);
        return new SandboxServer(app, pat, received);
    }

    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static WebApplication Build(SandboxOptions options, PatTable tokens, ReceivedRequests received)
    {
        var builder = WebApplication.CreateSlimBuilder();
        // Standard output carries the ready line and nothing else.
        builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
        var app = builder.Build();
        var stale = new StaleConnections();
        UseAccountFrame(app, received, stale);

        var directory = new AccountDirectory();
        var parameters = new AccountParameters();
        var bearer = new BearerCheck(tokens, directory);
        var usage = new UsageLog(options.Clock, options.UsageDelay);
        app.MapCortex(options, bearer, usage, stale);
        app.MapSql(options, bearer, directory, parameters, usage, stale);
        app.MapGet("/_sandbox/requests", context =>
            bearer.Identify(context) is { Error: { } denied } ? denied.WriteAsync(context) : received.WriteAsync(context));
        return app;
    }

    /// <summary>What every answer has in common: the two marks, the loopback guard, the flat error body, the record of what came.</summary>
    private static void UseAccountFrame(WebApplication app, ReceivedRequests received, StaleConnections stale) => app.Use(async (context, next) =>
    {
        if (stale.TryTake(context.Connection.Id))
        {
            context.Abort();
            return;
        }

        RequestMark.Apply(context);
        received.Add(context);
        var request = ReceivedRequests.Of(context);
        await using var hangUp = context.RequestAborted.Register(() => request.WhenAborted.TrySetResult());
        if (LoopbackGuard.Refusal(context) is { } refusal)
        {
            await refusal.WriteAsync(context);
        }
        else
        {
            await next(context);
        }

        // Routing leaves 404 and 405 without a body.
        if (context.Response is { HasStarted: false, StatusCode: 404 or 405 })
        {
            await new SnowflakeError(context.Response.StatusCode, context.Response.StatusCode == 404
                ? $"No such path in this account: {context.Request.Path}"
                : $"{context.Request.Method} is not allowed for {context.Request.Path}").WriteAsync(context);
        }

        request.Status = context.Response.StatusCode;
    });
}
