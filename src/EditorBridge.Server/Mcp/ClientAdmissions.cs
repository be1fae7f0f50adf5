using System.Text.Json.Nodes;
using EditorBridge.Cli;
using EditorBridge.Gate;
using EditorBridge.Hosting;
using EditorBridge.Ledger;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Review;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp;

/// <summary>
/// The gate as an MCP client meets it: a call that waits for a person is also put to the person at the client, where the client can ask (elicitation).
/// <code>
///  client          asked how                                    while it waits
///  2025-11-25      our request on the call's own stream         progress; the request is taken back when somebody decides elsewhere
///  2026-07-28      the call is answered with the question       it comes back with the same call and the handle, and waits with progress
///  cannot ask      not                                          progress
/// </code>
/// What comes back here can reject and never approve: the token of this door lies where an agent's own programs can read it, so an answer proves nothing of who gave it.
/// A client that opens addresses is led to the review in the portal, where a person signs in; the others name where to decide.
/// </summary>
internal sealed class ClientAdmissions(ActionGate gate, ReviewDesk desk, Parked<HeldAdmission> parked, ServeOptions options, TimeProvider time)
{
    /// <summary>How the handles begin that a client brings back with an answer to a question asked here.</summary>
    public const string HandlePrefix = "eb-review-";

    private const string Question = "review";
    private const string Waiting = "A person is asked in EditorBridge.";
    private const int LongestMessage = 2000;

    /// <summary>Whether a request comes back with an answer to a question asked here.</summary>
    public static bool IsAnswer(JsonObject parameters) => Text(parameters, "requestState")?.StartsWith(HandlePrefix, StringComparison.Ordinal) == true;

    /// <param name="parameters">The request's own, for what a client of 2026-07-28 brings back.</param>
    /// <param name="identity">What makes two requests the same one, come back.</param>
    /// <returns>The admission; or what the request is answered with instead: a question, or an error.</returns>
    /// <exception cref="OperationCanceledException">The client went away; the question stays open.</exception>
    public async Task<(Admission? Admission, JsonRpcMessageWithId? Answer)> AdmitAsync(GatewayClient client, ActionRequest request, JsonObject parameters, string identity, CancellationToken clientGone)
    {
        if (IsAnswer(parameters))
        {
            if (parked.Take(Text(parameters, "requestState")!, client.Key, identity) is not { } held)
                return (null, GatewayAnswer.Error(GatewayAnswer.InvalidParams, "This requestState was not given for this request, was used already, or is too old. Call again without it."));
            await GiveAsync(await held.Asked, parameters["inputResponses"].Member(Question) as JsonObject);
            return (await WaitAsync(client, held, clientGone), null);
        }

        if (!client.Can(ClientFeature.Elicitation)) return (await client.WithProgressAsync(gate.AdmitAsync(request, clientGone), Waiting, time, clientGone), null);
        var admission = new HeldAdmission((asked, stop) => gate.AdmitAsync(request with { Asked = asked }, stop));
        using (clientGone.Register(admission.Stop)) await Task.WhenAny(admission.Admission, admission.Asked);
        if (admission.Admission.IsCompleted) return (await admission.Admission, null);
        if (!client.IsModern) return (await AskAndWaitAsync(client, admission, clientGone), null);
        var questions = new JsonObject { [Question] = new JsonObject { ["method"] = "elicitation/create", ["params"] = Elicitation(client, await admission.Asked) } };
        return (null, GatewayAnswer.InputRequired(questions, parked.Keep(admission, client.Key, identity)));
    }

    private async Task<Admission> AskAndWaitAsync(GatewayClient client, HeldAdmission held, CancellationToken clientGone)
    {
        using var decided = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        var asking = AskAsync(client, await held.Asked, decided.Token);
        try
        {
            return await WaitAsync(client, held, clientGone);
        }
        finally
        {
            await decided.CancelAsync();
            await asking;
        }
    }

    private async Task AskAsync(GatewayClient client, ReviewItem item, CancellationToken decided)
    {
        var question = Elicitation(client, item);
        try
        {
            if (await client.AskAsync("elicitation/create", question, decided) is JsonRpcResponse { Result: JsonObject answer }) await GiveAsync(item, answer);
        }
        catch (OperationCanceledException)
        {
            // Somebody decided elsewhere, or the client is gone.
        }

        if (question["elicitationId"] is not { } id) return;
        await client.NotifyAsync("notifications/elicitation/complete", new JsonObject { ["elicitationId"] = id.DeepClone() });
    }

    private async Task<Admission> WaitAsync(GatewayClient client, HeldAdmission held, CancellationToken clientGone)
    {
        using var gone = clientGone.Register(held.Stop);
        return await client.WithProgressAsync(held.Admission, Waiting, time, clientGone);
    }

    // No answer, "decide elsewhere" and a client that cancels by itself all leave the question where it is.
    private async Task GiveAsync(ReviewItem item, JsonObject? answer)
    {
        var content = answer?["content"] as JsonObject;
        if (Text(answer, "action") is not "decline" && (Text(answer, "action"), Text(content, "decision")) is not ("accept", "reject")) return;
        var reason = Text(content, "reason") is { } given && !string.IsNullOrWhiteSpace(given) ? given.Trim() : "Declined in the MCP client.";
        try
        {
            await desk.GiveAsync(item.Id, new Verdict(VerdictKind.Reject, Environment.UserName, "mcp", reason, null));
        }
        catch (LedgerUnavailableException)
        {
            // Not recorded, so not decided; the gate says why when the call ends.
        }
    }

    private JsonObject Elicitation(GatewayClient client, ReviewItem item)
    {
        var message = Message(item);
        if (options.PortalUrl is { } portal && client.Capabilities["elicitation"]?["url"] is JsonObject)
        {
            return new JsonObject
            {
                ["mode"] = "url",
                ["message"] = message + "\nOpen it in the portal to decide. Declining here rejects it.",
                ["url"] = $"{portal.TrimEnd('/')}/reviews/{Uri.EscapeDataString(item.CallId)}",
                ["elicitationId"] = item.Id,
            };
        }

        return new JsonObject
        {
            ["message"] = message + $"\nApprove it in your editor, in the portal, or in a terminal of your own: editorbridge approve {item.Id}. Here you can reject it.",
            ["requestedSchema"] = new JsonObject
            {
                ["type"] = "object",
                ["properties"] = new JsonObject
                {
                    ["decision"] = new JsonObject
                    {
                        ["type"] = "string",
                        ["title"] = "Decision",
                        ["oneOf"] = new JsonArray(new JsonObject { ["const"] = "elsewhere", ["title"] = "Decide elsewhere" }, new JsonObject { ["const"] = "reject", ["title"] = "Reject" }),
                        ["default"] = "elsewhere",
                    },
                    ["reason"] = new JsonObject { ["type"] = "string", ["title"] = "Reason", ["description"] = "With a rejection: the agent reads it." },
                },
                ["required"] = new JsonArray("decision"),
            },
        };
    }

    // Words an agent chose stand in it: shown as data, and no longer than a person reads.
    private string Message(ReviewItem item)
    {
        var left = item.ExpiresAt - time.GetUtcNow();
        var lines = $"EditorBridge holds this for a person ({Math.Max(0, (int)left.TotalMinutes)} minutes left): {TerminalText.Line(item.Title)}\n{TerminalText.Line(item.Decision.Summary)}"
            + (item.Role is null ? "" : $"\nRole {TerminalText.Line(item.Role)}, warehouse {TerminalText.Line(item.Warehouse ?? "(none)")}");
        return lines.Length <= LongestMessage ? lines : lines[..LongestMessage] + " …";
    }

    private static string? Text(JsonObject? from, string name) => from?[name] is JsonValue value && value.TryGetValue(out string? text) ? text : null;
}

/// <summary>An admission that goes on while its client is asked: the client may leave with the question and come back with the answer.</summary>
#pragma warning disable CA1001 // Its source of cancellation has neither timer nor wait handle, and may be asked for after the admission has ended.
internal sealed class HeldAdmission : IParked
#pragma warning restore CA1001
{
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<ReviewItem> _asked = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <param name="begin">Asks the gate; told whom to tell of the question, and when the client is gone.</param>
    public HeldAdmission(Func<Action<ReviewItem>, CancellationToken, Task<Admission>> begin) => Admission = begin(item => _asked.TrySetResult(item), _stop.Token);

    public Task<Admission> Admission { get; }

    /// <summary>Ends when a person is asked; never when nobody needs to be.</summary>
    public Task<ReviewItem> Asked => _asked.Task;

    /// <summary>The client is gone: the question stays open for the same call.</summary>
    public void Stop() => _stop.Cancel();

    public async Task StopAsync() => await _stop.CancelAsync();
}
