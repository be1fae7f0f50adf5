using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Trust;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Policy;
using EditorBridge.Trust;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

/// <summary>
/// Calls that act at a server: each passes the gate under its exact input, runs, and leaves its outcome in the ledger.
/// <code>
///  1 whose is it ──► 2 come back with an answer? ──► 3 canonical input ──► 4 gate ──► 5 server ──► 6 outcome ──► result
///                    (its own call goes on)                               (intent)
/// </code>
/// </summary>
internal sealed partial class GatewayCalls(
    UpstreamRoom room, ActionGate gate, ClientAdmissions admissions, McpDoor door, Parked<BridgedCall> parked, SessionTaints taints, SentSecrets secrets, LedgerWriter ledger, ILogger<GatewayCalls> logger)
{
    /// <summary>Longer values are not completed: a completion carries what a person typed, and a document is not that.</summary>
    private const int LongestCompletion = 4096;

    /// <summary>A tool of a server; null when the name is not a server's.</summary>
    public async Task<JsonRpcMessageWithId?> CallToolAsync(GatewayClient client, JsonObject parameters, CancellationToken cancellationToken)
    {
        var name = Text(parameters, "name") ?? "";
        if (name == ToolSearch.SearchTool) return GatewayAnswer.Result(ToolSearch.Find(await room.CatalogueAsync(cancellationToken), parameters["arguments"] as JsonObject));
        if (name == ToolSearch.CallTool)
        {
            parameters = Unwrapped(parameters);
            name = Text(parameters, "name") ?? "";
            if (OwnerOf(name) is null && room.Catalogue.Tool(name) is null && room.Catalogue.HeldTool(name) is null)
                return GatewayAnswer.Refusal(room.OwnTools.Contains(name) ? $"'{name}' is the gateway's own tool and is listed: call it by itself. Nothing was run." : $"There is no tool '{name}'. {ToolSearch.SearchTool} finds those there are. Nothing was run.");
        }

        // 1. Whose is it?
        if ((room.Catalogue.Tool(name) ?? room.Catalogue.HeldTool(name)) is not { } tool && (tool = await AwaitedAsync(name, cancellationToken)) is null) return Absent(name);
        var server = WithName(parameters, tool.Name);
        var arguments = server["arguments"] ?? new JsonObject();
        var answer = await ActAsync(client, new Act(tool.Upstream, "tools/call", tool.PolicyName, tool.ForHeaders, parameters, server, arguments, Edited: input => server["arguments"] = input)
        {
            Definition = tool.Fingerprint,
            Held = () => WhyNot(room.Catalogue.Tool(name) ?? room.Catalogue.HeldTool(name), tool),
        }, cancellationToken);
        return answer switch
        {
            JsonRpcError { Error.Data: RefusedAction } refused => GatewayAnswer.Refusal(refused.Error.Message),
            // tools/call is known here. Over HTTP this error would be a 404, which clients take for a lost session.
            JsonRpcError { Error.Code: GatewayAnswer.MethodNotFound } missing => GatewayAnswer.Refusal($"{tool.Upstream.Settings.Name}: {missing.Error.Message}"),
            _ => answer,
        };
    }

    public async Task<JsonRpcMessageWithId> GetPromptAsync(GatewayClient client, JsonObject parameters, CancellationToken cancellationToken)
    {
        var name = Text(parameters, "name") ?? "";
        var catalogue = await room.CatalogueAsync(cancellationToken);
        if ((catalogue.Prompt(name) ?? catalogue.HeldPrompt(name)) is not { } prompt) return GatewayAnswer.Error(GatewayAnswer.InvalidParams, $"There is no prompt '{name}'.");
        var server = WithName(parameters, prompt.Name);
        var arguments = server["arguments"] as JsonObject;
        // A listed prompt without arguments carries nothing of the caller's.
        var act = new Act(prompt.Upstream, "prompts/get", UpstreamName.GatewayPrefix + prompt.Upstream.Settings.Name + "__prompts/get", null, parameters, server,
            new JsonObject { ["name"] = prompt.Name, ["arguments"] = arguments?.DeepClone() }, KnownReadOnly: prompt.Upstream.Settings.Trusted || arguments is null or { Count: 0 })
        {
            Definition = prompt.Fingerprint,
            Held = () => WhyNot(room.Catalogue.Prompt(name) ?? room.Catalogue.HeldPrompt(name), prompt),
        };
        return Plain(await ActAsync(client, act, cancellationToken));
    }

    public async Task<JsonRpcMessageWithId> ReadResourceAsync(GatewayClient client, JsonObject parameters, CancellationToken cancellationToken)
    {
        var address = Text(parameters, "uri") ?? "";
        if ((await room.CatalogueAsync(cancellationToken)).ServerOf(address, out var isListed) is not { } upstream)
            return new JsonRpcError { Error = new JsonRpcErrorDetail { Code = client.IsModern ? GatewayAnswer.InvalidParams : -32002, Message = $"No server offers the resource {address}.", Data = new JsonObject { ["uri"] = address } } };
        // The agent writes what stands in a template's place: an address can carry data out.
        var act = new Act(upstream, "resources/read", UpstreamName.GatewayPrefix + upstream.Settings.Name + "__resources/read", null, parameters, (JsonObject)parameters.DeepClone(),
            new JsonObject { ["uri"] = address }, KnownReadOnly: isListed || upstream.Settings.Trusted)
        {
            Held = () => room.Catalogue.ServerOf(address, out _) == upstream ? null : $"The server '{upstream.Settings.Name}' does not offer the resource {address} any more. It was not read.",
        };
        return Plain(await ActAsync(client, act, cancellationToken));
    }

    /// <summary>
    /// Completions of what a person types into a prompt or an address, asked of servers somebody vouches for. Nobody could be asked about each letter, so to any other
    /// server, where the text could be an agent's way to carry something out, nothing is sent and nothing is completed.
    /// </summary>
    public async Task<JsonRpcMessageWithId> CompleteAsync(GatewayClient client, JsonObject parameters, CancellationToken cancellationToken)
    {
        var catalogue = await room.CatalogueAsync(cancellationToken);
        var asked = (JsonObject)parameters.DeepClone();
        var reference = asked["ref"] as JsonObject;
        Upstream? upstream = null;
        if (Text(reference, "type") == "ref/prompt" && catalogue.Prompt(Text(reference, "name") ?? "") is { } prompt)
        {
            reference!["name"] = prompt.Name;
            upstream = prompt.Upstream;
        }
        else if (Text(reference, "type") == "ref/resource" && Text(reference, "uri") is { } address)
        {
            upstream = catalogue.ServerOfTemplate(address) ?? catalogue.ServerOf(address, out _);
        }

        var none = GatewayAnswer.Result(new JsonObject { ["completion"] = new JsonObject { ["values"] = new JsonArray(), ["hasMore"] = false } });
        if (upstream is not { Settings.Trusted: true } || !upstream.Capabilities.ContainsKey("completions") || parameters.ToJsonString().Length > LongestCompletion) return none;
        return await AskAsync(upstream, "completion/complete", asked, client, cancellationToken);
    }

    /// <summary>Asks a server on the gateway's own account; a server that cannot be asked is left out.</summary>
    public static async Task TryAskAsync(Upstream upstream, string method, JsonObject parameters, CancellationToken cancellationToken)
    {
        if (upstream.Health.State != UpstreamState.Ready) return;
        await AskAsync(upstream, method, (JsonObject)parameters.DeepClone(), client: null, cancellationToken);
    }

    private async Task<JsonRpcMessageWithId> ActAsync(GatewayClient client, Act act, CancellationToken cancellationToken)
    {
        // 2. A client of 2026-07-28 that was asked something comes back with the same request and the handle of its call.
        var identity = act.Method + "\n" + act.Definition + "\n" + Identity(act.FromClient);
        var state = Text(act.FromClient, "requestState");
        if (state is not null && !ClientAdmissions.IsAnswer(act.FromClient))
        {
            if (parked.Take(state, client.Key, identity) is not { } call) return GatewayAnswer.Error(GatewayAnswer.InvalidParams, "This requestState was not given for this request, was used already, or is too old. Call again without it.");
            return await call.ResumeAsync(client, act.FromClient["inputResponses"] as JsonObject, () => parked.Keep(call, client.Key, identity), cancellationToken);
        }

        // 3. One canonical input for the gate, the ledger and the call.
        using var input = JsonDocument.Parse(act.Input.ToJsonString());
        if (ToolInput.TryCanonical(act.PolicyName, input.RootElement, out var problem) is not { } canonical) return Refused($"The input has no canonical form ({problem}). Nothing was run.");
        var held = act.Held();
        if (secrets.Holds(canonical))
        {
            // Whoever put it there: it was given to one server in confidence, or to a client of ours, and goes nowhere else. The record holds none of it.
            held = $"The input holds a secret that EditorBridge gave to a server, or one of its own tokens. It was not sent to '{act.Upstream.Settings.Name}'. Nothing was run.";
            canonical = secrets.Mask(canonical);
        }

        var asked = door.AskedBy(client, act.PolicyName, canonical, act.FromClient["_meta"] as JsonObject) with { KnownReadOnly = act.KnownReadOnly, Held = held };

        // 4. The gate. Its entry is the intent, durable before anything leaves.
        var (given, question) = await admissions.AdmitAsync(client, asked, act.FromClient, identity, cancellationToken);
        if (given is not { } admission) return question!;
        if (!admission.IsReleased) return Refused(admission.Reason);
        // The last look: what was approved is what is sent.
        if (await gate.VoidAsync(admission) is { } reason)
        {
            await RecordAsync(act, asked, admission, "not_run", null, reason, Stopwatch.GetTimestamp());
            return Refused($"{reason} Nothing was run; ask again.");
        }

        if (admission.Kind == AdmissionKind.ReleasedEdited)
        {
            if (act.Edited is null) return Refused("A reviewer changed this, and here nothing can be changed. It was not run.");
            act.Edited(JsonNode.Parse(admission.Input)!);
        }

        // What was decided about may be another thing by now: a person takes minutes, a server no time at all.
        if (act.Held() is { } meanwhile)
        {
            await RecordAsync(act, asked, admission, "failed", null, meanwhile, Stopwatch.GetTimestamp());
            return Refused(meanwhile);
        }

        // 5. The server, and 6. the outcome.
        var run = new BridgedCall(act.Upstream, client, act.Method, act.ForServer, act.ForHeaders, sample => SampledAsync(sample, act, asked, admission), answer => Carried(answer, act, asked));
        run.Begin(end => FinishAsync(end, run, act, asked, admission));
        return await run.NextAsync(client, () => parked.Keep(run, client.Key, identity), cancellationToken);
    }

    private async Task<JsonRpcMessageWithId> FinishAsync(Task<JsonRpcMessageWithId> end, BridgedCall run, Act act, ActionRequest asked, Admission admission)
    {
        var began = Stopwatch.GetTimestamp();
        JsonRpcMessageWithId answer;
        var result = "done";
        string? error = null;
        try
        {
            answer = await LookedIntoAsync(await end, act, asked, admission);
            error = (answer as JsonRpcError)?.Error.Message;
            if (answer is JsonRpcError || (answer as JsonRpcResponse)?.Result.Member("isError").IsTrue() == true) result = "failed";
            if (admission.Kind == AdmissionKind.ReleasedEdited) Note(answer, admission.Reason);
        }
        catch (UpstreamException e)
        {
            error = e.Message + (e.Mend is null ? "" : " " + e.Mend);
            result = "failed";
            answer = Refused($"{act.Upstream.Settings.Name}: {error}");
        }
        catch (OperationCanceledException)
        {
            await RecordAsync(act, asked, admission, "cancelled", null, "The client gave up. Whether the server had begun is not known.", began, run.Asked);
            throw;
        }
        catch (Exception e) when (e is InvalidOperationException or JsonException or ArgumentException)
        {
            error = $"It answered in a shape that cannot be read: {e.Message}";
            result = "failed";
            answer = Refused($"{act.Upstream.Settings.Name}: {error} The call ran; its answer is not given.");
        }

        await RecordAsync(act, asked, admission, result, answer, error, began, run.Asked);
        return answer;
    }

    // What a model reads is looked at first; what is found is durable before it is given.
    private async Task<JsonRpcMessageWithId> LookedIntoAsync(JsonRpcMessageWithId answer, Act act, ActionRequest asked, Admission admission)
    {
        var body = answer switch
        {
            JsonRpcResponse { Result: JsonObject result } => result,
            JsonRpcError refused => new JsonObject { ["message"] = refused.Error.Message, ["data"] = JsonSerializer.SerializeToNode(refused.Error.Data) },
            _ => null,
        };
        if (body is null) return Refused($"{act.Upstream.Settings.Name} answered with what is no result (the protocol wants an object). The call ran; its answer is not given.");
        if (!UpstreamLists.HasOneReading(body)) return Refused($"{act.Upstream.Settings.Name} answered with a member twice, and which of the two would be read is not known. The call ran; its answer is not given.");
        try
        {
            var looked = await ResultScan.LookAsync(body, asked, admission.CallId, ledger, echoed: UpstreamSession.EchoedIn(answer));
            // Beside an error there is no place for a note, so what speaks to the model stays away; the message is what a person needs.
            if (answer is JsonRpcError failed) (failed.Error.Message, failed.Error.Data) = (body["message"]!.GetValue<string>(), looked.SpeaksToModel ? null : body["data"]);
            var taint = act.Upstream.Settings.Trusted && !looked.SpeaksToModel ? Taint.Private : Taint.Untrusted;
            taints.TookIn(asked, taint, act.Upstream.Settings.Name, looked.Text);
            return answer;
        }
        catch (LedgerUnavailableException e)
        {
            return Refused($"The call ran, but what its answer holds could not be recorded, so the answer is not given. {e.Message}");
        }
    }

    // What a server puts before the client's model is text of its own, as an answer is; here nothing stands beside it that says so.
    private async Task<string?> SampledAsync(JsonObject sample, Act act, ActionRequest asked, Admission admission)
    {
        if (!UpstreamLists.HasOneReading(sample)) return "What the model was to be asked names a member twice.";
        try
        {
            var looked = await ResultScan.LookAsync(sample, asked, admission.CallId, ledger);
            taints.TookIn(asked, act.Upstream.Settings.Trusted ? Taint.Private : Taint.Untrusted, act.Upstream.Settings.Name, looked.Text);
            return looked.SpeaksToModel ? "What the model was to be asked holds text that is meant to steer it or hides. It was not asked." : null;
        }
        catch (LedgerUnavailableException e)
        {
            return $"What the model was to be asked could not be recorded. {e.Message}";
        }
    }

    // The gate has not seen an answer, so what a call would be asked about for is not in it.
    private string? Carried(string answer, Act act, ActionRequest asked) => !act.Upstream.Settings.Trusted && taints.Carries(asked, answer)
        ? $"The answer holds a piece of what another server or the account answered before, so '{act.Upstream.Settings.Name}' does not get it."
        : null;

    private async Task RecordAsync(
        Act act, ActionRequest asked, Admission admission, string result, JsonRpcMessageWithId? answer, string? error, long began, IReadOnlyCollection<AskedOfClient>? ofClient = null)
    {
        var bytes = (answer as JsonRpcResponse)?.Result is { } body ? JsonSerializer.SerializeToUtf8Bytes(body) : null;
        try
        {
            await ledger.AppendAsync(new AuditDraft
            {
                Kind = EntryKind.ActionOutcome,
                CallId = admission.CallId,
                SessionId = asked.SessionId,
                Actor = asked.Actor,
                Door = GateEntries.Wirename(Door.Mcp),
                Tool = asked.Tool,
                ToolUseId = asked.ToolUseId,
                Result = result,
                Facts = new JsonObject
                {
                    ["server"] = act.Upstream.Settings.Name,
                    ["error"] = error,
                    ["asked"] = ofClient is { Count: > 0 } ? JsonSerializer.SerializeToNode(ofClient, GateEntries.Wire) : null,
                    ["resultDigest"] = bytes is null ? null : "sha256:" + Convert.ToHexStringLower(SHA256.HashData(bytes)),
                    ["resultBytes"] = bytes?.Length,
                    ["milliseconds"] = (long)Stopwatch.GetElapsedTime(began).TotalMilliseconds,
                },
            });
        }
        catch (LedgerUnavailableException e)
        {
            // The call has run and its admission is durable; the missing outcome shows as unknown after the next start.
            LogOutcomeNotRecorded(admission.CallId, e);
        }
    }

    private static async Task<JsonRpcMessageWithId> AskAsync(Upstream upstream, string method, JsonObject parameters, GatewayClient? client, CancellationToken cancellationToken)
    {
        try
        {
            var call = new UpstreamCall
            {
                Client = client?.Key ?? "gateway",
                Notified = _ => ValueTask.CompletedTask,
                Asked = (_, _) => Task.FromResult<JsonRpcMessageWithId>(GatewayAnswer.Error(GatewayAnswer.MethodNotFound, "Nobody can be asked here.")),
            };
            (parameters["_meta"] as JsonObject)?.Clear();
            return await upstream.CallAsync(method, parameters, client?.For(upstream.Settings) ?? RequestingClient.Gateway, tool: null, call, cancellationToken);
        }
        catch (UpstreamException e)
        {
            return GatewayAnswer.Error(GatewayAnswer.InternalError, $"{upstream.Settings.Name}: {e.Message}");
        }
    }

    // A server that is being started may bring the tool with it.
    private async Task<ListedItem?> AwaitedAsync(string name, CancellationToken cancellationToken)
    {
        if (OwnerOf(name) is not { } upstream || upstream.Health.State is UpstreamState.Ready or UpstreamState.Disabled) return null;
        try
        {
            await upstream.ReadyAsync(cancellationToken);
        }
        catch (UpstreamException)
        {
            // Its health says why.
            return null;
        }

        var catalogue = await room.CatalogueAsync(cancellationToken);
        return catalogue.Tool(name) ?? catalogue.HeldTool(name);
    }

    // Null for a name that is no server's: it is one of the gateway's own, or nobody's, and the gateway's own door says so.
    private JsonRpcResponse? Absent(string name)
    {
        if (OwnerOf(name) is not { } upstream) return null;
        var (server, health) = (upstream.Settings.Name, upstream.Health);
        return GatewayAnswer.Refusal(health.State switch
        {
            UpstreamState.Ready => $"The server '{server}' has no tool '{name}' now. tools/list names those there are. Nothing was run.",
            UpstreamState.Disabled => $"The server '{server}' is switched off ('disabled' in mcp.json). Nothing was run.",
            _ => $"The server '{server}' is not there: {health.LastError ?? "it is being started."} Nothing was run.{(health.Mend is { } mend ? " To mend it: " + mend : "")}",
        });
    }

    private Upstream? OwnerOf(string name) =>
        room.Upstreams.FirstOrDefault(u => u.Settings.Prefix.Length > 0 && name.StartsWith(u.Settings.Prefix + UpstreamName.Separator, StringComparison.Ordinal));

    private static JsonObject Unwrapped(JsonObject parameters)
    {
        var inner = (JsonObject)parameters.DeepClone();
        var wrapper = inner["arguments"] as JsonObject;
        inner["name"] = Text(wrapper, "name") ?? "";
        inner["arguments"] = wrapper?["arguments"]?.DeepClone() ?? new JsonObject();
        return inner;
    }

    // The model must not take a reviewer's words for its own.
    private static void Note(JsonRpcMessageWithId answer, string reason)
    {
        if (answer is JsonRpcResponse { Result: JsonObject result } && result["content"] is JsonArray content) content.Add(new JsonObject { ["type"] = "text", ["text"] = reason });
    }

    // What is there now under the name of what was asked about; null when it is the same thing and may be used.
    private static string? WhyNot(ListedItem? now, ListedItem asked) =>
        now is null || now.Upstream != asked.Upstream ? $"The server '{asked.Upstream.Settings.Name}' does not offer '{asked.Listed}' any more. It was not run."
        : now.Held ?? (now.Fingerprint == asked.Fingerprint ? null : $"The definition of '{asked.Listed}' changed while it was decided about this call. It was not run; list what there is and call again.");

    private static JsonObject WithName(JsonObject parameters, string name)
    {
        var server = (JsonObject)parameters.DeepClone();
        server["name"] = name;
        return server;
    }

    // What makes two requests the same one, come back: everything but the answers, the handle and what belongs to the hop.
    private static string Identity(JsonObject parameters)
    {
        var same = (JsonObject)parameters.DeepClone();
        foreach (var key in new[] { "_meta", "inputResponses", "requestState" }) same.Remove(key);
        return CanonicalJson.TryCanonicalize(same.ToJsonString(), out var canonical, out _) ? canonical : same.ToJsonString();
    }

    private static JsonRpcError Refused(string reason) => new() { Error = new JsonRpcErrorDetail { Code = GatewayAnswer.InternalError, Message = reason, Data = new RefusedAction() } };

    // Prompts and resources have no result that says no; an error does.
    private static JsonRpcMessageWithId Plain(JsonRpcMessageWithId answer)
    {
        if (answer is JsonRpcError { Error.Data: RefusedAction } refused) refused.Error.Data = null;
        return answer;
    }

    private static string? Text(JsonObject? from, string name) => from.Member(name).Text();

    [LoggerMessage(LogLevel.Error, "The outcome of {CallId} could not be recorded")]
    private partial void LogOutcomeNotRecorded(string callId, Exception exception);

    private sealed record RefusedAction;

    /// <param name="FromClient">The request's parameters as the client sent them.</param>
    /// <param name="ForServer">The same with the server's own names.</param>
    /// <param name="Input">What the gate judges.</param>
    /// <param name="Edited">Puts a reviewer's input in the place of the caller's; null where nothing can be changed.</param>
    private sealed record Act(
        Upstream Upstream, string Method, string PolicyName, Tool? ForHeaders, JsonObject FromClient, JsonObject ForServer, JsonNode Input, bool KnownReadOnly = false, Action<JsonNode>? Edited = null)
    {
        /// <summary>Which definition the caller was shown: a handle given for one is none for another.</summary>
        public string? Definition { get; init; }

        /// <summary>Why it may not run as things stand now; null when it may.</summary>
        public Func<string?> Held { get; init; } = () => null;
    }
}
