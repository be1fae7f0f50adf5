using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Messages;

namespace EditorBridge.Proxy;

/// <summary>
/// The gate for an answer that comes whole. Every tool call in it is asked about side by side; the answer goes out when all are decided.
/// </summary>
internal sealed class AnswerGate(StreamGate gate)
{
    // Two members of one name could be read differently by different clients.
    private static readonly JsonSerializerOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 128 };

    /// <summary>The answer as it may be released, and what was seen in it. An answer without tool calls keeps its bytes.</summary>
    /// <exception cref="OperationCanceledException">The client went away while a person was asked.</exception>
    public async Task<(ReadOnlyMemory<byte> Body, StreamOutcome Outcome)> PassAsync(ReadOnlyMemory<byte> body, StreamCall call, CancellationToken clientGone)
    {
        var outcome = new StreamOutcome { Ended = true, Events = 1, Usage = TokenUsage.FromMessage(body) };
        JsonElement message;
        try
        {
            message = JsonSerializer.Deserialize<JsonElement>(body.Span, Strict);
        }
        catch (JsonException e)
        {
            return (Failed(outcome, $"The Snowflake account's answer could not be read ({e.Message}). Nothing of it was run."), outcome);
        }

        outcome.StopReason = ToolInput.Text(message, "stop_reason");
        outcome.MessageId = ToolInput.Text(message, "id");
        if (Uses(message) is not { } uses)
            return (Failed(outcome, "The model asked for a tool without an id or name, or with an id it had used already. Nothing of it was run."), outcome);
        outcome.ToolUses = uses.Count;
        if (uses.Count == 0) return (body, outcome);
        if (call.HookHolds)
        {
            foreach (var use in uses) gate.PassedToHook(call, use.Id);
            return (body, outcome);
        }

        var admissions = await Task.WhenAll(uses.Select(use => gate.AdmitAsync(call, use, clientGone)));
        outcome.Released = admissions.Count(a => a.IsReleased);
        outcome.Refused = admissions.Length - outcome.Released;
        return admissions.All(a => a.Kind == AdmissionKind.Released) ? (body, outcome) : (Rewritten(body, uses, admissions, outcome), outcome);
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
