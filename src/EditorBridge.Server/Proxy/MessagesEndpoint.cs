using System.Buffers;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.Gate;
using EditorBridge.Ledger;
using EditorBridge.Messages;
using EditorBridge.Snowflake;

namespace EditorBridge.Proxy;

/// <summary>
/// <c>POST /v1/messages</c>: the one important path.
/// <code>
///  client ─► 1 read ─► 2 parse ─► 3 sanitise ─► 4 intent (durable) ─► 5 account ─► 6 stream or answer, tools through the gate ─► 7 outcome
///                      400        400, notes     429: not recorded     §1.12        byte-exact where nothing was held
/// </code>
/// </summary>
internal sealed partial class MessagesEndpoint(
    CortexClient cortex, LedgerWriter ledger, StreamGate streamGate, AnswerGate answerGate, ProxySettings settings, ResidencyGuard residency, TokenCounts counts,
    AgentSessions sessions, AdmittedCalls admitted, TimeProvider time, ILogger<MessagesEndpoint> logger)
{
    public async Task AnswerAsync(HttpContext context)
    {
        var started = time.GetTimestamp();
        var callId = "msg-" + Guid.CreateVersion7().ToString("N");
        context.Response.Headers["request-id"] = callId;
        var clientGone = context.RequestAborted;

        // 1–3. Read, parse once, make it fit for the account.
        var (body, problem) = await RequestBody.ReadAsync(context.Request, clientGone);
        if (problem is not null || !MessagesRequest.TryParse(body, out var request, out problem)
            || !UpstreamRequest.TryPrepare(request, RequestHeaders.Anthropic(context.Request), settings.Rules, settings.Legacy, out var prepared, out problem)
            || (problem = await residency.RefusalAsync(clientGone)) is not null)
        {
            await FailAsync(context, problem!, callId);
            return;
        }

        var call = Caller(context.Request, request);
        ReportRemovals(context.Response, prepared);
        try
        {
            await CheckReturnedToolsAsync(call, request, callId);
            // Asked after the check: a session just found unhooked is held from this answer on, not from the next.
            call = call with { HookHolds = sessions.IsHooked(call.SessionId) };

            // 4. No record, no request.
            await ledger.AppendAsync(ProxyEntries.Intent(callId, call, request, prepared));
        }
        catch (LedgerUnavailableException e)
        {
            LogNotRecorded(callId, e);
            await FailAsync(context, AnthropicErrors.Refused($"EditorBridge could not record this request, so it was not sent. {e.Message}"), callId);
            return;
        }

        // 5–7. From here on every way out leaves an outcome.
        var end = new ProxyEnd();
        try
        {
            await ForwardAsync(context, prepared, request, call, end, callId);
        }
        catch (OperationCanceledException) when (clientGone.IsCancellationRequested)
        {
            end.Result = "client_gone";
        }
        finally
        {
            end.Duration = time.GetElapsedTime(started);
            await RecordEndAsync(callId, call, end);
            counts.Learn(prepared.Model, request, end.Seen.Usage);
        }
    }

    private async Task ForwardAsync(HttpContext context, UpstreamRequest prepared, MessagesRequest request, StreamCall call, ProxyEnd end, string callId)
    {
        var clientGone = context.RequestAborted;
        await using var answer = await cortex.SendAsync(prepared, clientGone);
        end.Status = answer.Status;
        end.UpstreamRequestId = answer.RequestId;
        end.Attempts = answer.Attempts;
        if (answer.RequestId is { } upstreamId) context.Response.Headers["x-snowflake-request-id"] = upstreamId;
        if (settings.IsSandbox) context.Response.Headers["x-editorbridge-sandbox"] = "1";
        if (answer.Failure is { } failure)
        {
            end.Result = "failed";
            end.Error = failure.Error.Message;
            await FailAsync(context, failure.Error, callId);
            return;
        }

        if (answer.Stream is { } stream)
        {
            context.Response.ContentType = "text/event-stream; charset=utf-8";
            context.Response.Headers.CacheControl = "no-cache";
            context.Response.Headers["x-accel-buffering"] = "no";
            await context.Response.StartAsync(clientGone);
            await streamGate.PassAsync(stream, context.Response.BodyWriter, call, end.Seen, clientGone);
            end.Take(end.Seen);
            return;
        }

        var (body, outcome) = await answerGate.PassAsync(answer.Message ?? default, call, clientGone);
        end.Take(outcome);
        context.Response.StatusCode = outcome.Failure is null ? StatusCodes.Status200OK : StatusCodes.Status502BadGateway;
        context.Response.ContentType = "application/json";
        await context.Response.BodyWriter.WriteAsync(body, clientGone);
    }

    // A result for a tool that was let pass for the hook, and which the hook never asked about: the hook does not hold any more.
    private async Task CheckReturnedToolsAsync(StreamCall call, MessagesRequest request, string callId)
    {
        if (call.SessionId is not { } session) return;
        foreach (var (id, isError) in request.AnsweredToolUses)
        {
            if (!sessions.TakePassed(session, id) || admitted.WasReleased(session, id) is not null || !sessions.MarkUnhooked(session)) continue;
            // A failure may be the client's own refusal (a wrong input, an unknown tool) or a tool that ran and failed; the two look alike, so both end the trust.
            await ledger.AppendAsync(GateEntries.Incident(callId, session, call.Actor, isError ? "unasked_tool_failed" : "unhooked_session",
                (isError ? "A tool of this session failed without its hook having asked; the client may have refused it by itself." : "A tool of this session ran without its hook asking first.")
                + " From now on this session's tools are held in the stream.",
                new JsonObject { ["toolUseId"] = id }));
            LogUnhooked(session, id);
        }
    }

    private StreamCall Caller(HttpRequest http, MessagesRequest request)
    {
        var session = http.Headers["x-claude-code-session-id"].ToString() is { Length: > 0 } named ? named : request.SessionId;
        return new StreamCall(session, RequestHeaders.Actor(http), Workspace: null, request.Model, HookHolds: sessions.IsHooked(session));
    }

    private static void ReportRemovals(HttpResponse response, UpstreamRequest prepared)
    {
        if (prepared.Removals.Length > 0) response.Headers["x-editorbridge-changed"] = Removals.Header(prepared.Removals);
    }

    private async Task RecordEndAsync(string callId, StreamCall call, ProxyEnd end)
    {
        try
        {
            await ledger.AppendAsync(ProxyEntries.Outcome(callId, call, end));
        }
        catch (LedgerUnavailableException e)
        {
            // What was released was recorded before; the missing outcome shows as unknown after the next start.
            LogNotRecorded(callId, e);
        }
    }

    private static async Task FailAsync(HttpContext context, AnthropicError error, string callId)
    {
        var response = context.Response;
        response.StatusCode = error.Status;
        response.ContentType = "application/json";
        if (error.RetryAfter is { } wait) response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
        if (error.ShouldRetry is { } retry) response.Headers["x-should-retry"] = retry ? "true" : "false";
        await response.BodyWriter.WriteAsync(AnthropicErrors.Write(error, callId), context.RequestAborted);
    }

    [LoggerMessage(LogLevel.Critical, "Request {CallId} could not be recorded")]
    private partial void LogNotRecorded(string callId, Exception exception);

    [LoggerMessage(LogLevel.Warning, "Session {SessionId} ran {ToolUseId} without its hook; its tools are held in the stream from now on")]
    private partial void LogUnhooked(string sessionId, string toolUseId);
}
