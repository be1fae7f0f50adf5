using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Budgets;
using EditorBridge.Gate;
using EditorBridge.Launching;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Snowflake;
using EditorBridge.Telemetry;

namespace EditorBridge.Proxy;

/// <summary>
/// <c>POST /v1/messages</c>: the one important path.
/// <code>
///  client ─► 1 read ─► 2 parse ─► 3 sanitise ─► 4 intent (durable) ─► 5 account ─► 6 stream or answer, tools through the gate ─► 7 outcome
///                      400        400, notes     429: not recorded     §1.12        byte-exact where nothing was held
///                                                                      └─ or the answer this question has got already
/// </code>
/// </summary>
internal sealed partial class MessagesEndpoint(
    CortexClient cortex, LedgerWriter ledger, StreamGate streamGate, AnswerGate answerGate, HeldAnswers heldAnswers, ProxySettings settings, ResidencyGuard residency, BudgetGuard budgets, TokenCounts counts,
    AgentSessions sessions, ReturnedTools returned, LaunchedSessions launched, InferenceLog inferences, TimeProvider time, ILogger<MessagesEndpoint> logger)
{
    public async Task AnswerAsync(HttpContext context)
    {
        var end = new ProxyEnd { Started = time.GetTimestamp() };
        var callId = "msg-" + Guid.CreateVersion7().ToString("N");
        context.Response.Headers["request-id"] = callId;
        using var presence = new ClientPresence(context);
        var clientGone = context.RequestAborted;

        // 1–3. Read, parse once, make it fit for the account.
        var (body, problem) = await RequestBody.ReadAsync(context.Request, clientGone);
        MessagesRequest? request = null;
        if (problem is not null || !MessagesRequest.TryParse(body, out request, out problem)
            || !UpstreamRequest.TryPrepare(request, RequestHeaders.Anthropic(context.Request), settings.Rules, settings.Legacy, out var prepared, out problem)
            || (problem = await residency.RefusalAsync(clientGone)) is not null)
        {
            await RefuseAsync(context, problem!, callId, Caller(context.Request, request));
            return;
        }

        var call = Caller(context.Request, request) with { Model = prepared.Model };
        if (settings.ByGateway) prepared = prepared with { Headers = [.. prepared.Headers, .. RequestHeaders.ForGateway(context.Request, call)] };
        ReportRemovals(context.Response, prepared);
        using var slot = heldAnswers.SlotFor(call, request, callId);
        var use = new LimitedUse(prepared.Model, call.SessionId, budgets.ProjectOf(call.SessionId));
        byte[]? given;
        try
        {
            if (call.SessionId is { } session) await returned.CheckAsync(session, call.Actor, request.AnsweredToolUses, callId, clientGone);
            // Asked after the check: a session just found unhooked is held from this answer on, not from the next.
            call = call with { HookHolds = sessions.IsHooked(call.SessionId), Held = request.ToolNames.IsEmpty ? null : slot, Presence = presence };
            (given, end.RepeatOf) = await GivenBeforeAsync(slot, request, clientGone);

            // An answer given again costs nothing anew.
            if (given is null && await OverBudgetAsync(context, use, callId, call)) return;

            // 4. No record, no request.
            var intent = ProxyEntries.Intent(callId, call, request, prepared, end.RepeatOf);
            intent.Facts![LedgerCounts.Project] = use.Project;
            await ledger.AppendAsync(intent);
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(callId, e);
            Fail(context, AnthropicErrors.Refused($"EditorBridge could not record this request, so it was not sent. {e.Message}"), callId);
            return;
        }

        // 5–7. From here on every way out leaves an outcome.
        using var span = GenAiTelemetry.StartChat(context.Request, callId, prepared.Model, call.SessionId);
        try
        {
            if (given is not null)
            {
                await GiveAgainAsync(context, given, request, call, end, callId);
            }
            else
            {
                var forwarding = ForwardAsync(context, prepared, call, end, callId);
                // While the account works: nobody waits for this.
                end.PromptEstimate = TokenEstimator.Estimate(request);
                // The answer may stream for minutes, and many at once: what was kept for sending only goes.
                request.ReleaseBody(keepsText: inferences.TakesContent);
                prepared = prepared with { Body = default };
                await forwarding;
            }
        }
        catch (OperationCanceledException) when (clientGone.IsCancellationRequested)
        {
            end.Result = "client_gone";
        }
        finally
        {
            end.Duration = time.GetElapsedTime(end.Started);
            _ = RecordEndAsync(callId, call, end);
            if (given is null)
            {
                GenAiTelemetry.EndChat(span, prepared.Model, end.Seen.Usage, end.Seen.StopReason, end.Seen.MessageId, end.UpstreamRequestId, end.Result == "done" ? null : end.Result, end.Duration);
                inferences.Ended(callId, prepared.Model, request, end.Seen.Usage, end.Seen.StopReason, end.Result);
                counts.Learn(call.Model, end);
                await budgets.EndedAsync(use, end.Seen.Usage);
            }
        }
    }

    private async Task<bool> OverBudgetAsync(HttpContext context, LimitedUse use, string callId, StreamCall call)
    {
        var answer = await budgets.AdmitAsync(callId, call.Actor, use, context.RequestAborted);
        if (answer.Note is { } note) context.Response.Headers["x-editorbridge-note"] = note;
        if (answer.Refusal is not { } refusal) return false;
        await RefuseAsync(context, refusal, callId, call);
        return true;
    }

    // The answer this question has got already, in the shape it is asked for now: its client had gone while a person was asked.
    private static async ValueTask<(byte[]? Answer, string? RepeatOf)> GivenBeforeAsync(HeldSlot slot, MessagesRequest request, CancellationToken clientGone)
    {
        if (request.ToolNames.IsEmpty || await slot.TakeAsync(clientGone) is not { } held) return default;
        return (request.Stream ? WholeMessage.ToStream(held.Message) : held.Message) is { } answer ? (answer, held.CallId) : default;
    }

    private async Task GiveAgainAsync(HttpContext context, byte[] answer, MessagesRequest request, StreamCall call, ProxyEnd end, string callId)
    {
        end.Status = StatusCodes.Status200OK;
        context.Response.Headers["x-editorbridge-repeat-of"] = end.RepeatOf;
        MarkSandbox(context.Response);
        if (!request.Stream)
        {
            await PassWholeAsync(context, answer, call, end, callId);
            return;
        }

        using var stream = new MemoryStream(answer);
        await PassStreamAsync(context, stream, call, end);
    }

    private async Task ForwardAsync(HttpContext context, UpstreamRequest prepared, StreamCall call, ProxyEnd end, string callId)
    {
        await using var answer = await cortex.SendAsync(prepared, context.RequestAborted);
        prepared = prepared with { Body = default };
        end.Status = answer.Status;
        end.UpstreamRequestId = answer.RequestId;
        end.Attempts = answer.Attempts;
        if (answer.RequestId is { } upstreamId) context.Response.Headers["x-snowflake-request-id"] = upstreamId;
        MarkSandbox(context.Response);
        if (answer.Failure is { } failure)
        {
            end.Result = "failed";
            end.Error = failure.Error.Message;
            Fail(context, failure.Error, callId);
        }
        else if (answer.Stream is { } stream)
        {
            await PassStreamAsync(context, stream, call, end);
        }
        else if (prepared.Stream && WholeMessage.ToStream(answer.Message ?? default) is { } told)
        {
            // A whole answer to a question for a stream makes clients ask again without one: a second generation.
            using var toldStream = new MemoryStream(told);
            await PassStreamAsync(context, toldStream, call, end);
        }
        else
        {
            await PassWholeAsync(context, answer.Message ?? default, call, end, callId);
        }
    }

    private async Task PassStreamAsync(HttpContext context, Stream stream, StreamCall call, ProxyEnd end)
    {
        var clientGone = context.RequestAborted;
        context.Response.ContentType = "text/event-stream; charset=utf-8";
        context.Response.Headers.CacheControl = "no-cache";
        context.Response.Headers["x-accel-buffering"] = "no";
        await context.Response.StartAsync(clientGone);
        await streamGate.PassAsync(stream, context.Response.BodyWriter, call, end.Seen, clientGone);
        end.Take(end.Seen);
        call.Held?.Delivered();
    }

    private async Task PassWholeAsync(HttpContext context, ReadOnlyMemory<byte> message, StreamCall call, ProxyEnd end, string callId)
    {
        var clientGone = context.RequestAborted;
        if (await answerGate.PassAsync(message, call, end.Seen, Patience(context.Request, end), clientGone) is not { } body)
        {
            end.Result = "held";
            Fail(context, StillWaiting(context.Request), callId);
            return;
        }

        end.Take(end.Seen);
        context.Response.StatusCode = end.Seen.Failure is null ? StatusCodes.Status200OK : StatusCodes.Status502BadGateway;
        context.Response.ContentType = "application/json";
        context.Response.ContentLength = body.Length;
        clientGone.ThrowIfCancellationRequested();
        // Not flushed: head and body leave together once this request's outcome has been handed to the ledger.
        context.Response.BodyWriter.Write(body.Span);
        call.Held?.Delivered();
    }

    private TimeSpan? Patience(HttpRequest request, ProxyEnd end) =>
        RequestHeaders.Patience(request) is { } patience ? TimeSpan.FromSeconds(Math.Max(1, (patience - time.GetElapsedTime(end.Started)).TotalSeconds)) : null;

    // The client would give up before a person has decided. Its own repetition finds the answer and the question where they are; a later one has less patience left to waste.
    private static AnthropicError StillWaiting(HttpRequest request) =>
        new(StatusCodes.Status429TooManyRequests, AnthropicErrorType.RateLimit,
            "A person is still deciding about a tool call of this answer in EditorBridge. Send the same request again: the answer is kept and nothing is generated twice.")
        {
            RetryAfter = RequestHeaders.RetryCount(request) == 0 ? TimeSpan.FromSeconds(15) : TimeSpan.FromSeconds(45),
            ShouldRetry = true,
        };

    private void MarkSandbox(HttpResponse response)
    {
        if (settings.IsSandbox) response.Headers["x-editorbridge-sandbox"] = "1";
    }

    // Refused here: nothing has left. Telling the client does not wait for a record that cannot be written.
    private async Task RefuseAsync(HttpContext context, AnthropicError error, string callId, StreamCall call)
    {
        try
        {
            await ledger.AppendAsync(ProxyEntries.Refused(callId, call, error));
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(callId, e);
        }

        Fail(context, error, callId);
    }

    private StreamCall Caller(HttpRequest http, MessagesRequest? request)
    {
        var session = http.Headers["x-claude-code-session-id"].ToString() is { Length: > 0 } named ? named : request?.SessionId;
        launched.Seen(http.Headers[ClaudeEgress.LaunchHeader], session);
        // A subagent's prompt is the agent's, not the person's.
        if (session is not null && !http.Headers.ContainsKey("x-claude-code-agent-id") && PromptText.Of(request?.LastUserText) is { } prompt) sessions.Prompted(session, prompt);
        var actor = RequestHeaders.Actor(http);
        return new StreamCall(session, actor, Workspace: null, request?.Model ?? "", HookHolds: sessions.IsHooked(session)) { KeepAlive = settings.KeepAlive.For(actor) };
    }

    private static void ReportRemovals(HttpResponse response, UpstreamRequest prepared)
    {
        if (prepared.Removals.Length > 0) response.Headers["x-editorbridge-changed"] = Removals.Header(prepared.Removals);
    }

    // Handed to the ledger when this returns. The client does not wait for the disk: nothing is released by an outcome, and what was released was recorded before.
    private async Task RecordEndAsync(string callId, StreamCall call, ProxyEnd end)
    {
        try
        {
            await ledger.AppendAsync(ProxyEntries.Outcome(callId, call, end));
        }
        catch (LedgerUnavailableException e)
        {
            // The missing outcome shows as unknown after the next start.
            LogNotRecorded(callId, e);
        }
    }

    private static void Fail(HttpContext context, AnthropicError error, string callId)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        if (error.RetryAfter is { } wait) response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (error.ShouldRetry is { } retry) response.Headers["x-should-retry"] = retry ? "true" : "false";
        var body = AnthropicErrors.Write(error, callId);
        response.ContentLength = body.Length;
        // Not flushed, as an answer is not: it leaves once the outcome has been handed to the ledger.
        response.BodyWriter.Write(body);
    }

    [LoggerMessage(LogLevel.Critical, "Request {CallId} could not be recorded")]
    private partial void LogNotRecorded(string callId, Exception exception);
}
