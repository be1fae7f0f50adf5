using System.Net;
using EditorBridge.Guard;
using EditorBridge.Policies;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EditorBridge.Launching;

/// <summary>What the launcher asks of the host: a launch with its own forward proxy, and at the end what the session tried to reach.</summary>
internal static class LaunchingFeature
{
    public static IServiceCollection AddLaunching(this IServiceCollection services, ForwardProxyAddress address)
    {
        services.AddSingleton(address);
        services.AddSingleton(new EgressAllowance(PolicyPlaces.Managed));
        services.AddSingleton<LaunchedSessions>();
        return services;
    }

    /// <summary>The forward proxy's own port on loopback: what arrives there is for elsewhere and never for one of our routes.</summary>
    public static void ListenForLaunched(this KestrelServerOptions kestrel, ForwardProxyAddress address) => kestrel.Listen(IPAddress.Loopback, 0, listen =>
    {
        address.ListensBy(listen);
        listen.UseConnectionHandler<ForwardProxy>();
    });

    public static void MapLaunching(this IEndpointRouteBuilder routes)
    {
        var launches = routes.MapGroup("/launches").RequireToken(Client.Launcher);
        launches.MapPost("/", (LaunchBody body, LaunchedSessions sessions, ForwardProxyAddress address) =>
        {
            var launch = sessions.Open(body.Program);
            return Results.Json(new LaunchReply(launch.Id, address.For(launch)));
        });
        launches.MapDelete("/{id}", async (string id, LaunchedSessions sessions) =>
            await sessions.EndAsync(id, "launcher") is { } summary ? Results.Json(new LaunchEnd(summary.Sentence, summary.Refused, summary.LetOut, summary.Recorded)) : Results.NotFound());
    }
}

/// <param name="Program">The client and its version, for the record: <c>claude-code/2.1.330</c>.</param>
internal sealed record LaunchBody(string Program);

/// <param name="Proxy">The forward proxy with the launch's own credentials; a secret.</param>
internal sealed record LaunchReply(string Id, string Proxy);

/// <param name="Recorded">False when the summary could not be written to the ledger.</param>
internal sealed record LaunchEnd(string Sentence, int Refused, int LetOut, bool Recorded);
