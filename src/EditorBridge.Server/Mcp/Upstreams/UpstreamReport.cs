using System.Collections.Immutable;
using EditorBridge.Gate;
using EditorBridge.Guard;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>How one server is, as the host tells the command line and the portal. No secret stands in it.</summary>
/// <param name="Target">The command line or the address, references unresolved.</param>
/// <param name="Revision">Of the protocol; null before the server has answered.</param>
/// <param name="Announced">What the server calls itself. Its own words.</param>
internal sealed record UpstreamReport(
    string Name, UpstreamTransport Transport, string Target, bool Managed, bool Trusted, UpstreamState State, DateTimeOffset Since,
    string? Revision, string? Announced, int Tools, int Prompts, int Resources, int? ProcessId, int Failures, string? LastError, string? Mend)
{
    /// <summary>How many of its tools are kept from clients, because they are not what was accepted.</summary>
    public int Held { get; init; }

    public static UpstreamReport Of(Upstream upstream) => Of(upstream.Settings, upstream.Health) with
    {
        Tools = upstream.Lists.Tools.Length,
        Prompts = upstream.Lists.Prompts.Length,
        Resources = upstream.Lists.Resources.Length + upstream.Lists.Templates.Length,
    };

    /// <summary>A server nobody has started.</summary>
    public static UpstreamReport Of(UpstreamSettings settings, UpstreamHealth health) => new(
        settings.Name, settings.Transport, settings.Target, settings.Managed, settings.Trusted, health.State, health.Since,
        health.ProtocolVersion, health.ServerName, 0, 0, 0, health.ProcessId, health.Failures, health.State == UpstreamState.Ready ? null : health.LastError, health.State == UpstreamState.Ready ? null : health.Mend);
}

/// <summary>All servers, and what is wrong with what was written about them.</summary>
/// <param name="Running">False when no host runs: then the servers stand in the configuration, and nobody has tried them.</param>
internal sealed record UpstreamsReport(bool Running, ImmutableArray<UpstreamReport> Servers, ImmutableArray<ConfigurationProblem> Problems, ImmutableArray<string> LeftOut)
{
    public const string Route = "/bridge/mcp/servers";

    public static UpstreamsReport Of(UpstreamRoom room) => new(
        Running: true, [.. room.Upstreams.Select(upstream => UpstreamReport.Of(upstream) with { Held = room.Catalogue.Held.Count(tool => tool.Upstream == upstream) })], room.Configuration.Problems, [.. room.Catalogue.Problems.Select(p => $"{p.Upstream.Settings.Name}: {p.Message}")]);

    public static UpstreamsReport Of(UpstreamConfiguration configuration, DateTimeOffset now) => new(
        Running: false,
        [.. configuration.Servers.Select(s => UpstreamReport.Of(s, new UpstreamHealth(s.Disabled ? UpstreamState.Disabled : UpstreamState.Stopped, now)))],
        configuration.Problems, []);

    public static void Map(IEndpointRouteBuilder routes) =>
        routes.MapGet(Route, async (UpstreamRoom room, CancellationToken cancellationToken) =>
        {
            // Whoever has just written a server into the file looks here next.
            await room.ReloadAsync(cancellationToken);
            return Results.Json(Of(room), GateEntries.Wire);
        }).RequireToken(Client.Portal);
}
