using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Mcp.Upstreams;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.Mcp;

/// <summary>
/// Clients that are told of changes by themselves: sessions of the older revisions, and the open <c>subscriptions/listen</c> requests of 2026-07-28.
/// </summary>
internal sealed class GatewayListeners
{
    private readonly UpstreamRoom _room;
    private readonly IHostApplicationLifetime _lifetime;
    private readonly ConcurrentDictionary<string, Session> _sessions = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<Guid, Listener> _listeners = new();
    private readonly ConcurrentDictionary<Upstream, DateTimeOffset> _readySince = new();
    private readonly Lock _telling = new();
    private string _lastLists = "";

    public GatewayListeners(UpstreamRoom room, IHostApplicationLifetime lifetime)
    {
        (_room, _lifetime) = (room, lifetime);
        room.Changed += ListsChanged;
        room.Announced += Announced;
    }

    /// <summary>Keeps a session of the older revisions for as long as the SDK runs it.</summary>
    public async Task RunSessionAsync(McpServer server, CancellationToken cancellationToken)
    {
        if (server.SessionId is not { Length: > 0 } id)
        {
            await server.RunAsync(cancellationToken);
            return;
        }

        _sessions[id] = new Session(server);
        try
        {
            await server.RunAsync(cancellationToken);
        }
        finally
        {
            _sessions.TryRemove(id, out _);
        }
    }

    /// <summary>One <c>subscriptions/listen</c>: acknowledged, then open until the client goes.</summary>
    public async ValueTask<EmptyResult> ListenAsync(RequestContext<SubscriptionsListenRequestParams> request, CancellationToken cancellationToken)
    {
        var wanted = request.Params?.Notifications ?? new SubscriptionsListenNotifications();
        var catalogue = await _room.CatalogueAsync(cancellationToken);
        // What is acknowledged is what will be told.
        wanted.ResourceSubscriptions = wanted.ResourceSubscriptions?.Where(address => MayAsk(catalogue, address) is not null).ToList();
        var listener = new Listener(request.Server, request.JsonRpcRequest.Id, wanted);
        var id = Guid.NewGuid();
        _listeners[id] = listener;
        // The host does not wait for a stream that ends only when it does.
        using var open = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _lifetime.ApplicationStopping);
        try
        {
            await listener.SendAsync("notifications/subscriptions/acknowledged", new JsonObject { ["notifications"] = JsonSerializer.SerializeToNode(wanted, McpJsonUtilities.DefaultOptions) });
            foreach (var address in wanted.ResourceSubscriptions ?? [])
                if (MayAsk(catalogue, address) is { } upstream) await AskAsync(upstream, "resources/subscribe", address, cancellationToken);
            await Task.Delay(Timeout.Infinite, open.Token);
        }
        catch (OperationCanceledException)
        {
            // The client closed the stream, or the host stops.
        }
        finally
        {
            _listeners.TryRemove(id, out _);
        }

        return new EmptyResult();
    }

    /// <summary>The server that may be told of an interest in this address: whose list has it as it is, so that nothing in it is the caller's, or whom somebody vouches for. Null for none.</summary>
    public static Upstream? MayAsk(UpstreamCatalogue catalogue, string address) =>
        catalogue.ServerOf(address, out var isListed) is { } upstream && (isListed || upstream.Settings.Trusted) ? upstream : null;

    /// <summary>A session's interest in one resource, passed on to its server.</summary>
    public async Task<JsonRpcMessageWithId> SubscribeAsync(GatewayClient client, Upstream upstream, string method, string address, CancellationToken cancellationToken)
    {
        if (_sessions.TryGetValue(client.Key["session:".Length..], out var session))
        {
            if (method == "resources/subscribe") session.Resources[address] = 0;
            else session.Resources.TryRemove(address, out _);
        }

        var others = Interests().Contains(address);
        if (method == "resources/subscribe" || !others) await AskAsync(upstream, method, address, cancellationToken);
        return GatewayAnswer.Result([]);
    }

    // Without the server's help the client still hears of changes when the lists are read again.
    private static async Task AskAsync(Upstream upstream, string method, string address, CancellationToken cancellationToken)
    {
        if (upstream.IsModern || upstream.Capabilities["resources"].Member("subscribe") is null) return;
        try
        {
            var call = new UpstreamCall { Client = "gateway", Notified = _ => ValueTask.CompletedTask, Asked = (_, _) => Task.FromResult<JsonRpcMessageWithId>(GatewayAnswer.Error(GatewayAnswer.MethodNotFound, "Nobody can be asked here.")) };
            await upstream.CallAsync(method, new JsonObject { ["uri"] = address }, RequestingClient.Gateway, tool: null, call, cancellationToken);
        }
        catch (UpstreamException)
        {
            // Its health says so.
        }
    }

    private IEnumerable<string> Interests() =>
        _sessions.Values.SelectMany(s => s.Resources.Keys).Concat(_listeners.Values.SelectMany(l => l.Wanted.ResourceSubscriptions ?? [])).Distinct(StringComparer.Ordinal);

    // A server that was started again knows of nobody's interest.
    private void TellInterestsAgain(UpstreamCatalogue catalogue)
    {
        foreach (var gone in _readySince.Keys.Except(_room.Upstreams)) _readySince.TryRemove(gone, out _);
        // Those of the catalogue: one that is ready and not in it yet would be passed over, and its own change comes next.
        foreach (var upstream in catalogue.Resources.Concat(catalogue.Templates).Select(r => r.Upstream).Distinct().Where(u => u.Health.State == UpstreamState.Ready))
        {
            // Several servers may change at once, and each is told once.
            var since = upstream.Health.Since;
            lock (_telling)
            {
                if (_readySince.TryGetValue(upstream, out var before) && before == since) continue;
                _readySince[upstream] = since;
            }

            foreach (var address in Interests().Where(address => MayAsk(catalogue, address) == upstream)) _ = AskAsync(upstream, "resources/subscribe", address, CancellationToken.None);
        }
    }

    private void ListsChanged()
    {
        var catalogue = _room.Catalogue;
        TellInterestsAgain(catalogue);
        var lists = string.Join('\n', catalogue.Tools.Concat(catalogue.Prompts).Select(i => i.Listed + i.Definition.ToJsonString()).Concat(catalogue.Resources.Concat(catalogue.Templates).Select(r => r.Address)));
        if (Interlocked.Exchange(ref _lastLists, lists) == lists) return;
        foreach (var kind in new[] { "tools", "prompts", "resources" }) _ = TellAllAsync($"notifications/{kind}/list_changed", null, l => Wants(l, kind));
    }

    private void Announced(Upstream upstream, JsonRpcNotification notification)
    {
        var address = notification.Params.Member("uri").Text();
        if (notification.Method == "notifications/resources/updated" && address is not null)
        {
            foreach (var session in _sessions.Values.Where(s => s.Resources.ContainsKey(address))) _ = session.SendAsync(notification.Method, notification.Params?.DeepClone() as JsonObject);
            foreach (var listener in _listeners.Values.Where(l => l.Wanted.ResourceSubscriptions?.Contains(address) == true)) _ = listener.SendAsync(notification.Method, notification.Params?.DeepClone() as JsonObject ?? []);
        }
        else if (notification.Method is "notifications/message" or "notifications/elicitation/complete")
        {
            var level = notification.Method == "notifications/message" ? notification.Params.Member("level").Text() : null;
            foreach (var session in _sessions.Values.Where(s => level is null || GatewayClient.SessionLevel(s.Server) is not { } least || GatewayClient.Reaches(level, least))) _ = session.SendAsync(notification.Method, notification.Params?.DeepClone() as JsonObject);
        }
    }

    private async Task TellAllAsync(string method, JsonObject? parameters, Func<SubscriptionsListenNotifications, bool> wants)
    {
        foreach (var session in _sessions.Values) await session.SendAsync(method, parameters?.DeepClone() as JsonObject);
        foreach (var listener in _listeners.Values.Where(l => wants(l.Wanted))) await listener.SendAsync(method, parameters?.DeepClone() as JsonObject ?? []);
    }

    private static bool Wants(SubscriptionsListenNotifications wanted, string kind) => kind switch
    {
        "tools" => wanted.ToolsListChanged == true,
        "prompts" => wanted.PromptsListChanged == true,
        _ => wanted.ResourcesListChanged == true,
    };

    private static async Task SendAsync(McpServer server, string method, JsonObject? parameters)
    {
        try
        {
            await server.SendMessageAsync(new JsonRpcNotification { Method = method, Params = parameters });
        }
        catch (Exception e) when (e is IOException or InvalidOperationException or OperationCanceledException or ObjectDisposedException)
        {
            // The client has gone and its session with it.
        }
    }

    private sealed record Session(McpServer Server)
    {
        public ConcurrentDictionary<string, byte> Resources { get; } = new(StringComparer.Ordinal);

        public Task SendAsync(string method, JsonObject? parameters) => GatewayListeners.SendAsync(Server, method, parameters);
    }

    private sealed record Listener(McpServer Server, RequestId Id, SubscriptionsListenNotifications Wanted)
    {
        // Every notification of a subscription names the request that asked for it.
        public Task SendAsync(string method, JsonObject parameters)
        {
            parameters["_meta"] = new JsonObject { [MetaKeys.SubscriptionId] = JsonSerializer.SerializeToNode(Id.Id) };
            return GatewayListeners.SendAsync(Server, method, parameters);
        }
    }
}
