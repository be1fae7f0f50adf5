using System.Collections.Immutable;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Mcp.Upstreams;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace EditorBridge.Mcp;

/// <summary>
/// What of the gateway is the servers' behind it. Requests are met as the JSON they are, before the SDK makes types of them, so that nothing a server or a client
/// writes is lost on the way.
/// <code>
///  request ──► list: own and all servers' ──────────────────────────────► answer
///          ──► act (tools/call, prompts/get, resources/read) ──► GatewayCalls: gate → server → ledger ──► answer
///          ──► complete, subscribe, set a level ──► the server it is about ──► answer
///          ──► anything else, and the gateway's own tools ──► the SDK
/// </code>
/// </summary>
internal sealed class McpGateway(UpstreamRoom room, GatewayCalls calls, GatewayListeners listeners)
{
    private const int PageSize = 250;

    /// <summary>How long the client's own answer waits for servers to take a level of logging.</summary>
    private static readonly TimeSpan LevelPatience = TimeSpan.FromSeconds(5);

    private static readonly string[] Levels = ["debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"];

    /// <summary>The SDK's filter for incoming messages.</summary>
    public static McpMessageHandler Filter(McpMessageHandler next) => async (context, cancellationToken) =>
    {
        // A request is answered on its stream; what answers a notification has no body that could be kept alive.
        var request = context.JsonRpcMessage as JsonRpcRequest;
        var stream = request is null ? null : KeepAliveStream.Of(context.Services!.GetRequiredService<IHttpContextAccessor>().HttpContext);
        stream?.Begin(request!);
        try
        {
            await context.Services!.GetRequiredService<McpGateway>().MeetAsync(context, stream, next, cancellationToken);
        }
        finally
        {
            // A request of a session that was taken back gets no answer: its stream stays open and is as silent as one whose client has gone.
            if (stream is not null) await stream.EndAsync();
        }
    };

    private async Task MeetAsync(MessageContext context, KeepAliveStream? stream, McpMessageHandler next, CancellationToken cancellationToken)
    {
        switch (context.JsonRpcMessage)
        {
            // The gate judges one reading of it and a server may take the other.
            case JsonRpcRequest { Params: JsonObject ambiguous } when !UpstreamLists.HasOneReading(ambiguous):
                throw new McpProtocolException("The parameters name a member twice or hold half a character, and programs differ in what they read there. Nothing was run.", McpErrorCode.InvalidParams);
            case JsonRpcRequest { Method: "initialize" or "server/discover" }:
                // What is said first tells of the servers, which may still be starting.
                await MeetServersAsync(cancellationToken);
                break;
            case JsonRpcRequest request:
                var client = new GatewayClient(context.Server, request);
                if (await AnswerAsync(client, request, cancellationToken) is { } answer)
                {
                    answer = GatewayAnswer.For(client, request.Method, answer);
                    answer.Id = request.Id;
                    // Which error it is may decide the HTTP status, and a head must not leave meanwhile.
                    if (stream is not null) await stream.EndAsync();
                    await context.Server.SendMessageAsync(answer, cancellationToken);
                    return;
                }

                break;
            case JsonRpcNotification { Method: "notifications/roots/list_changed" }:
                await TellAsync(u => u.Settings.Allows.Contains(ClientFeature.Roots) && !u.IsModern, "notifications/roots/list_changed", null, cancellationToken);
                break;
        }

        await next(context, cancellationToken);
    }

    private async Task MeetServersAsync(CancellationToken cancellationToken) => await room.CatalogueAsync(cancellationToken);

    // Null: the SDK's to answer.
    private async Task<JsonRpcMessageWithId?> AnswerAsync(GatewayClient client, JsonRpcRequest request, CancellationToken cancellationToken)
    {
        var parameters = request.Params as JsonObject ?? [];
        return request.Method switch
        {
            "tools/list" => await ToolsAsync(client, parameters, cancellationToken),
            "prompts/list" => Page((await room.CatalogueAsync(cancellationToken)).Prompts.Select(p => p.Definition), "prompts", parameters),
            "resources/list" => Page((await room.CatalogueAsync(cancellationToken)).Resources.Select(r => r.Definition), "resources", parameters),
            "resources/templates/list" => Page((await room.CatalogueAsync(cancellationToken)).Templates.Select(t => t.Definition), "resourceTemplates", parameters),
            "tools/call" => await calls.CallToolAsync(client, parameters, cancellationToken),
            "prompts/get" => await calls.GetPromptAsync(client, parameters, cancellationToken),
            "resources/read" => await calls.ReadResourceAsync(client, parameters, cancellationToken),
            "completion/complete" => await calls.CompleteAsync(client, parameters, cancellationToken),
            "resources/subscribe" or "resources/unsubscribe" when !client.IsModern => await SubscribeAsync(client, request.Method, parameters, cancellationToken),
            "logging/setLevel" when !client.IsModern => await SetLevelAsync(parameters, cancellationToken),
            _ => null,
        };
    }

    private async Task<JsonRpcMessageWithId> ToolsAsync(GatewayClient client, JsonObject parameters, CancellationToken cancellationToken)
    {
        var catalogue = await room.CatalogueAsync(cancellationToken);
        var own = McpDoor.List().Tools.Select(tool => (JsonObject)JsonSerializer.SerializeToNode(tool, McpJsonUtilities.DefaultOptions)!);
        var searched = ToolSearch.StandsIn(client, catalogue, room.Configuration.SearchAbove);
        var listed = searched
            ? own.Concat(ToolSearch.Definitions(catalogue)).Concat(catalogue.Tools.Where(t => t.Pinned).Select(t => t.Definition))
            : own.Concat(catalogue.Tools.Select(t => t.Definition));
        return Page(listed, "tools", parameters);
    }

    // The cursor is a place in the list. When the list changes between two pages the client is told so by list_changed and asks again.
    private static JsonRpcMessageWithId Page(IEnumerable<JsonObject> items, string property, JsonObject parameters)
    {
        var from = 0;
        if (parameters["cursor"] is { } cursor && !TryPlace(cursor, out from)) return GatewayAnswer.Error(GatewayAnswer.InvalidParams, "This cursor was not given here.");
        ImmutableArray<JsonObject> all = [.. items];
        var page = new JsonObject { [property] = new JsonArray([.. all.Skip(from).Take(PageSize).Select(item => item.DeepClone())]) };
        if (from + PageSize < all.Length) page["nextCursor"] = Convert.ToBase64String(Encoding.ASCII.GetBytes((from + PageSize).ToString(CultureInfo.InvariantCulture)));
        return GatewayAnswer.Result(page);
    }

    private static bool TryPlace(JsonNode cursor, out int place)
    {
        place = 0;
        Span<byte> bytes = stackalloc byte[16];
        return cursor is JsonValue value && value.TryGetValue(out string? text) && Convert.TryFromBase64String(text, bytes, out var written)
            && int.TryParse(bytes[..written], NumberStyles.None, CultureInfo.InvariantCulture, out place);
    }

    private async Task<JsonRpcMessageWithId> SubscribeAsync(GatewayClient client, string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        var address = parameters["uri"] is JsonValue value && value.TryGetValue(out string? text) ? text : "";
        var catalogue = await room.CatalogueAsync(cancellationToken);
        if (catalogue.ServerOf(address, out _) is not { } owner) return GatewayAnswer.Error(GatewayAnswer.InvalidParams, $"No server offers the resource {address}.");
        if (GatewayListeners.MayAsk(catalogue, address) is not { } upstream)
            return GatewayAnswer.Error(GatewayAnswer.InvalidParams, $"'{owner.Settings.Name}' does not list the resource {address}, and an address that is written here could carry something to it. Nothing was sent. Read it with resources/read, which asks a person.");
        return await listeners.SubscribeAsync(client, upstream, method, address, cancellationToken);
    }

    // Each server is as loud as the last client wanted; what reaches a client is cut to its own level.
    private async Task<JsonRpcMessageWithId?> SetLevelAsync(JsonObject parameters, CancellationToken cancellationToken)
    {
        // A word of the protocol's and nothing else of the caller's.
        if (parameters["level"] is not JsonValue value || !value.TryGetValue(out string? level) || !Levels.Contains(level))
            return GatewayAnswer.Error(GatewayAnswer.InvalidParams, $"'level' is one of {string.Join(", ", Levels)}.");
        using var patience = new CancellationTokenSource(LevelPatience);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await Task.WhenAll(room.Upstreams.Where(u => !u.IsModern && u.Capabilities.ContainsKey("logging")).Select(u => GatewayCalls.TryAskAsync(u, "logging/setLevel", new JsonObject { ["level"] = level }, both.Token)));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            // A server that does not answer this stays as loud as it was.
        }

        return null;
    }

    private async Task TellAsync(Func<Upstream, bool> which, string method, JsonObject? parameters, CancellationToken cancellationToken)
    {
        foreach (var upstream in room.Upstreams.Where(which))
        {
            try
            {
                await upstream.SayAsync(method, parameters?.DeepClone() as JsonObject, cancellationToken);
            }
            catch (UpstreamException)
            {
                // It will read everything anew when it is back.
            }
        }
    }
}
