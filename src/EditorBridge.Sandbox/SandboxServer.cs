using System.Net;
using EditorBridge.Sandbox.Auth;
using EditorBridge.Sandbox.Cortex;
using EditorBridge.Sandbox.Faults;
using EditorBridge.Sandbox.Http;
using EditorBridge.Sandbox.Sql;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

namespace EditorBridge.Sandbox;

/// <summary>A running sandbox account on a loopback port. Disposing it stops it.</summary>
public sealed class SandboxServer : IAsyncDisposable
{
    private readonly WebApplication _app;

    private SandboxServer(WebApplication app, SandboxAccount account, string pat, string adminPat)
    {
        _app = app;
        Account = account;
        ProgrammaticAccessToken = pat;
        AdminToken = adminPat;
        BaseAddress = new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single());
    }

    /// <summary>Scheme, host and port.</summary>
    public Uri BaseAddress { get; }

    /// <summary>A PAT of the user DEVELOPER, valid for this sandbox only.</summary>
    public string ProgrammaticAccessToken { get; }

    /// <summary>A PAT of the user ADMIN, who has ACCOUNTADMIN.</summary>
    public string AdminToken { get; }

    /// <summary>The account's state, for tests that look at it or change it from outside.</summary>
    internal SandboxAccount Account { get; }

    internal ReceivedRequests Received => Account.Received;

    /// <summary>Starts the account; it answers when this returns.</summary>
    /// <exception cref="IOException">The port is taken, or a token file cannot be written.</exception>
    public static async Task<SandboxServer> StartAsync(SandboxOptions options, CancellationToken cancellationToken)
    {
        var account = new SandboxAccount(options);
        var pat = account.Tokens.Add("SANDBOX", "DEVELOPER");
        var adminPat = account.Tokens.Add("SANDBOX_ADMIN", "ADMIN");
        foreach (var (file, secret) in new[] { (options.PatFile, pat), (options.AdminPatFile, adminPat) })
        {
            if (file is not null)
            {
                PatFile.Write(file, secret);
            }
        }

        var app = Build(account);
        await app.StartAsync(cancellationToken);
        return new SandboxServer(app, account, pat, adminPat);
    }

    public Task WaitForShutdownAsync(CancellationToken cancellationToken) => _app.WaitForShutdownAsync(cancellationToken);

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static WebApplication Build(SandboxAccount account)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRoutingCore();
        // Standard output carries the ready line and nothing else.
        builder.Logging.ClearProviders().AddConsole(console => console.LogToStandardErrorThreshold = LogLevel.Trace).SetMinimumLevel(LogLevel.Warning);
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(IPAddress.Loopback, account.Options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = null;
        });
        var app = builder.Build();
        UseAccountFrame(app, account, new ControlledFault(account));
        app.MapCortex(account);
        app.MapSql(account);
        app.MapAuth(account);
        app.MapPost("/_sandbox/control", new ControlEndpoint(account).HandleAsync);
        app.MapGet("/_sandbox/requests", context =>
            account.Bearer.HoldsPat(context)
                ? account.Received.WriteAsync(context)
                : new SnowflakeError(401, "The request log takes a PAT of this sandbox.", "390101").WriteAsync(context));
        return app;
    }

    /// <summary>What every answer has in common: the two marks, the loopback guard, the flat error body, the record of what came.</summary>
    private static void UseAccountFrame(WebApplication app, SandboxAccount account, ControlledFault faults) => app.Use(async (context, next) =>
    {
        if (account.Stale.TryTake(context.Connection.Id))
        {
            context.Abort();
            return;
        }

        RequestMark.Apply(context);
        // The account's own clock, as it stands in every answer of a real one.
        context.Response.Headers.Date = account.Options.Clock.GetUtcNow().ToString("R", System.Globalization.CultureInfo.InvariantCulture);
        account.Received.Add(context);
        var request = ReceivedRequests.Of(context);
        await using var hangUp = context.RequestAborted.Register(() => request.WhenAborted.TrySetResult());
        if (LoopbackGuard.Refusal(context) is { } refusal)
        {
            await refusal.WriteAsync(context);
        }
        else if (!await faults.PlayAsync(context))
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
