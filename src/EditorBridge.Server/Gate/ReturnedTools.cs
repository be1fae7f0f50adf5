using System.Text.Json.Nodes;
using EditorBridge.Ledger;
using EditorBridge.Messages;

namespace EditorBridge.Gate;

/// <summary>
/// Compares what clients say they have run with what the gate has answered, and watches for hooks that fall silent. What does not fit is an incident.
/// It comes too late to stop the tool; it ends the trust in the session's hook, so that the next one is held in the stream.
/// </summary>
internal sealed partial class ReturnedTools : IDisposable
{
    private readonly AgentSessions _sessions;
    private readonly AdmittedCalls _admitted;
    private readonly LedgerWriter _ledger;
    private readonly StateFolder _state;
    private readonly ILogger<ReturnedTools> _logger;
    // One alarm for one tool, however often a conversation is sent again.
    private readonly HashSet<(string, string)> _told = [];

    public ReturnedTools(AgentSessions sessions, AdmittedCalls admitted, LedgerWriter ledger, StateFolder state, ILogger<ReturnedTools> logger)
    {
        (_sessions, _admitted, _ledger, _state, _logger) = (sessions, admitted, ledger, state, logger);
        sessions.HookSilent += OnHookSilent;
    }

    /// <summary>Looks at the tool results of a request.</summary>
    /// <param name="callId">The request's own call, which the incidents join.</param>
    /// <exception cref="LedgerUnavailableException">An incident could not be recorded.</exception>
    public async Task CheckAsync(string sessionId, string actor, IEnumerable<AnsweredToolUse> results, string callId, CancellationToken cancellationToken)
    {
        foreach (var (id, isError) in results)
        {
            var unasked = _sessions.ToolEnded(sessionId, id);
            switch (_admitted.WasReleased(sessionId, id))
            {
                case true:
                    break;
                // A refusal comes back as an error: the client did as it was told.
                case false when isError:
                    break;
                case false:
                    await AlarmAsync("refused_tool_ran", "A tool that was refused came back with a result: it may have run all the same.", sessionId, actor, id, callId);
                    break;
                case null when unasked:
                    // A failure may be the client's own refusal (a wrong input, an unknown tool) or a tool that ran and failed; the two look alike, so both end the trust.
                    if (!_sessions.MarkUnhooked(sessionId)) break;
                    await AlarmAsync(isError ? "unasked_tool_failed" : "unhooked_session",
                        isError ? "A tool of this session failed without its hook having asked; the client may have refused it by itself." : "A tool of this session ran without its hook asking first.",
                        sessionId, actor, id, callId);
                    break;
                case null:
                    await UnknownAsync(sessionId, actor, id, isError, callId, cancellationToken);
                    break;
            }
        }
    }

    public void Dispose() => _sessions.HookSilent -= OnHookSilent;

    // Asked by a host before this one, or never.
    private async Task UnknownAsync(string sessionId, string actor, string id, bool isError, string callId, CancellationToken cancellationToken)
    {
        lock (_told)
            if (_told.Contains((sessionId, id))) return;
        using var reader = LedgerReader.Open(_state.LedgerFolder);
        var answer = await reader.AnswerToToolUseAsync(sessionId, id, cancellationToken);
        if (answer is { Draft.Kind: Audit.EntryKind.ActionAdmitted }) return;
        if (answer is not null)
        {
            if (!isError) await AlarmAsync("refused_tool_ran", "A tool that was refused came back with a result: it may have run all the same.", sessionId, actor, id, callId);
            return;
        }

        await AlarmAsync("unknown_tool_result", "A tool's result came back that this gate never answered for: the conversation began elsewhere, or a tool call went round the gate.", sessionId, actor, id, callId);
    }

    private async Task AlarmAsync(string kind, string message, string sessionId, string actor, string toolUseId, string callId)
    {
        lock (_told)
            if (!_told.Add((sessionId, toolUseId))) return;
        _sessions.MarkUnhooked(sessionId);
        await _ledger.AppendAsync(GateEntries.Incident(callId, sessionId, actor, kind, message + " From now on this session's tools are held in the stream.", new JsonObject { ["toolUseId"] = toolUseId }));
        LogAlarm(kind, sessionId, toolUseId);
    }

    private void OnHookSilent(SilentHook silent) => _ = RecordSilenceAsync(silent);

    private async Task RecordSilenceAsync(SilentHook silent)
    {
        foreach (var id in silent.ToolUseIds) LogAlarm("hook_silent", silent.SessionId, id);
        try
        {
            await _ledger.AppendAsync(GateEntries.Incident("hook-" + Guid.CreateVersion7().ToString("N"), silent.SessionId, silent.Actor, "hook_silent",
                $"This session's hook did not ask about a tool within {AgentSessions.HookPatience.TotalSeconds:0} seconds: hooks may have been switched off. From now on this session's tools are held in the stream.",
                new JsonObject { ["toolUseIds"] = new JsonArray([.. silent.ToolUseIds.Select(id => (JsonNode?)id)]) }));
        }
        catch (LedgerUnavailableException e)
        {
            // The session is held in the stream from now on whether or not this can be written.
            LogNotRecorded(silent.SessionId, e);
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Kind} in session {SessionId}: {ToolUseId}; its tools are held in the stream from now on")]
    private partial void LogAlarm(string kind, string sessionId, string toolUseId);

    [LoggerMessage(LogLevel.Error, "The silent hook of session {SessionId} could not be recorded")]
    private partial void LogNotRecorded(string sessionId, Exception exception);
}
