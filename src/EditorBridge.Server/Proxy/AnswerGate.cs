using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>
/// The gate for an answer that comes whole. Every tool call in it is asked about side by side; the answer goes out when all are decided.
/// </summary>
internal sealed class AnswerGate(StreamGate gate, TimeProvider time)
{
    // Two members of one name could be read differently by different clients.
    private static readonly JsonSerializerOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 128 };

    /// <summary>The answer as it may be released. An answer without tool calls keeps its bytes.</summary>
    /// <param name="outcome">Kept up to date on the way, so that a client that leaves does not take the count with it.</param>
    /// <param name="patience">How long the client waits; null when it does not say.</param>
    /// <returns>Null when the client would give up before a person has decided.</returns>
    /// <exception cref="OperationCanceledException">The client went away while a person was asked.</exception>
    public async Task<ReadOnlyMemory<byte>?> PassAsync(ReadOnlyMemory<byte> body, StreamCall call, StreamOutcome outcome, TimeSpan? patience, CancellationToken clientGone)
    {
        outcome.Ended = true;
        outcome.Events = 1;
        outcome.Usage = TokenUsage.FromMessage(body);
        JsonElement message;
        try
        {
            message = JsonSerializer.Deserialize<JsonElement>(body.Span, Strict);
        }
        catch (JsonException e)
        {
            return Failed(outcome, $"The Snowflake account's answer could not be read ({e.Message}). Nothing of it was run.");
        }

        outcome.StopReason = ToolInput.Text(message, "stop_reason");
        outcome.MessageId = ToolInput.Text(message, "id");
        if (Uses(message) is not { } uses)
            return Failed(outcome, "The model asked for a tool without an id or name, or with an id it had used already. Nothing of it was run.");
        outcome.ToolUses = uses.Count;
        if (uses.Count == 0) return body;
        if (call.HookHolds)
        {
            foreach (var use in uses) gate.PassedToHook(call, use.Id);
            gate.AnswerLeaves(call);
            return body;
        }

        call.Held?.Keep(body.ToArray());
        if (await AdmitAllAsync(call, uses, patience, clientGone) is not { } admissions) return null;
        call.Presence?.Confirm();
        outcome.Released = admissions.Count(a => a.IsReleased);
        outcome.Refused = admissions.Length - outcome.Released;
        return admissions.All(a => a.Kind == AdmissionKind.Released) ? body : Rewritten(body, uses, admissions, outcome);
    }

    // Null when the client's patience ended first; the questions stay open and the same question finds them.
    private async Task<Admission[]?> AdmitAllAsync(StreamCall call, List<ToolUse> uses, TimeSpan? patience, CancellationToken clientGone)
    {
        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(clientGone);
        var all = Task.WhenAll(uses.Select(use => gate.AdmitAsync(call, use, waiting.Token)));
        if (patience is not { } most) return await all;
        using var elapsed = new CancellationTokenSource(most, time);
        using var registration = elapsed.Token.Register(waiting.Cancel);
        try
        {
            return await all;
        }
        catch (OperationCanceledException) when (!clientGone.IsCancellationRequested)
        {
            return null;
        }
    }

    // Null when a call cannot be told from another.
    private static List<ToolUse>? Uses(JsonElement message)
    {
        var uses = new List<ToolUse>();
        if (!message.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Array) return uses;
        var index = -1;
        foreach (var block in content.EnumerateArray())
        {
            index++;
            if (ToolInput.Text(block, "type") != "tool_use") continue;
            if (ToolInput.Text(block, "id") is not { Length: > 0 } id || ToolInput.Text(block, "name") is not { Length: > 0 } name || uses.Any(u => u.Id == id)) return null;
            JsonElement? input = block.TryGetProperty("input", out var given) && given.ValueKind == JsonValueKind.Object ? given : null;
            uses.Add(new ToolUse(index, id, name, input?.GetRawText() ?? "", input));
        }

        return uses;
    }

    private static byte[] Rewritten(ReadOnlyMemory<byte> body, List<ToolUse> uses, Admission[] admissions, StreamOutcome outcome)
    {
        var message = JsonNode.Parse(body.Span)!.AsObject();
        var content = message["content"]!.AsArray();
        foreach (var (use, admission) in uses.Zip(admissions))
        {
            if (admission.Kind == AdmissionKind.ReleasedEdited)
                content[use.Index]!["input"] = JsonNode.Parse(admission.Input);
            else if (!admission.IsReleased)
                content[use.Index] = new JsonObject { ["type"] = "text", ["text"] = StreamWriter.RefusalText(use.Name, admission) };
        }

        if (outcome.Released == 0) message["stop_reason"] = "end_turn";
        return Encoding.UTF8.GetBytes(message.ToJsonString());
    }

    private static byte[] Failed(StreamOutcome outcome, string message)
    {
        outcome.Failure = message;
        return AnthropicErrors.Write(new AnthropicError(502, AnthropicErrorType.Api, message), requestId: null);
    }
}
