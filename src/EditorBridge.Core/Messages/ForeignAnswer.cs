using System.Text;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>
/// An answer in another dialect, turned into a Messages stream frame by frame, or into a whole message. One instance per answer.
/// </summary>
public sealed class ForeignAnswer
{
    private sealed class Call
    {
        public string? Id;
        public string? Name;
        public readonly StringBuilder Input = new();
        public bool Opened;
        public bool Closed;
    }

    private readonly UpstreamRequest _request;
    private readonly MessageEmitter _emitter;
    private readonly List<Call> _calls = [];
    private TokenUsage _usage;
    private string? _finishReason;
    private bool _done;

    /// <param name="messageId">The id the client is told; the dialect's own is often empty.</param>
    public ForeignAnswer(UpstreamRequest request, string messageId)
    {
        _request = request;
        _emitter = new MessageEmitter(messageId, request.Model, request.PromptEstimate);
    }

    /// <summary>Takes a frame; returns the Messages frames it gives, possibly none.</summary>
    public byte[] Read(in SseFrame frame)
    {
        if (_emitter.Ended || frame.Data.IsEmpty)
        {
            return [];
        }
        if (frame.Data.Span.SequenceEqual("[DONE]"u8))
        {
            _done = true;
        }
        else if (!WireJson.TryParse(frame.Data, out var chunk, out _) || chunk.ValueKind != JsonValueKind.Object)
        {
            _emitter.Fail(UpstreamErrors.Local(UpstreamCause.NotUnderstood, "a part of the stream is no JSON.").Error);
        }
        else if (chunk.Member("error"u8) is { ValueKind: not JsonValueKind.Null })
        {
            _emitter.Fail(UpstreamErrors.TranslateFrame(frame.Data).Error);
        }
        else
        {
            Chunk(chunk);
        }
        return _emitter.Take();
    }

    /// <summary>
    /// The stream has ended. An end that the dialect announced (<c>[DONE]</c>, a finish reason, or the usage of the last chunk) closes the
    /// message; any other is an error, never a made-up <c>end_turn</c>.
    /// </summary>
    public byte[] End()
    {
        if (!_emitter.Ended)
        {
            if (_done || _finishReason is { Length: > 0 } || _usage.Output > 0)
            {
                FlushCalls();
                _emitter.Finish(StopReason(), _usage);
            }
            else
            {
                _emitter.Fail(UpstreamErrors.Local(UpstreamCause.Truncated, "the stream ended without an ending.").Error);
            }
        }
        return _emitter.Take();
    }

    /// <summary>A whole answer as a Messages message; null when it is none.</summary>
    public static byte[]? Whole(UpstreamRequest request, string messageId, ReadOnlyMemory<byte> body)
    {
        if (!WireJson.TryParse(body, out var root, out _) || root.Member("choices"u8) is not { ValueKind: JsonValueKind.Array } choices || choices.GetArrayLength() == 0)
        {
            return null;
        }
        var answer = new ForeignAnswer(request, messageId) { _usage = Usage(root) };
        var message = choices[0].Member("message"u8) ?? default;
        answer._finishReason = choices[0].Text("finish_reason"u8) ?? root.Text("finish_reason"u8);
        answer.WholeCalls(message);
        return WireJson.Build(json =>
        {
            json.WriteStartObject();
            json.WriteString("id"u8, messageId);
            json.WriteString("type"u8, "message"u8);
            json.WriteString("role"u8, "assistant"u8);
            json.WriteString("model"u8, request.Model);
            json.WriteStartArray("content"u8);
            answer.WriteWholeContent(json, message);
            json.WriteEndArray();
            json.WriteString("stop_reason"u8, answer._calls.Count > 0 ? "tool_use" : answer.StopReason());
            json.WriteNull("stop_sequence"u8);
            MessageEmitter.WriteUsage(json, answer._usage);
            json.WriteEndObject();
        });
    }

    private void Chunk(JsonElement chunk)
    {
        _usage = _usage.Overwrite(Usage(chunk));
        if (chunk.Member("choices"u8) is not { ValueKind: JsonValueKind.Array } choices || choices.GetArrayLength() == 0)
        {
            return;
        }
        _finishReason = choices[0].Text("finish_reason"u8) is { Length: > 0 } reason ? reason : _finishReason;
        var delta = choices[0].Member("delta"u8) ?? default;
        foreach (var detail in Items(delta.Member("reasoning_details"u8)))
        {
            _emitter.Thinking(detail.Text("text"u8) ?? "", detail.Text("signature"u8));
        }
        if (_request.Dialect == UpstreamDialect.InferenceComplete && delta.Is("type"u8, "tool_use"u8))
        {
            NativeTool(delta);
            return;
        }
        // The native dialect says a text twice; the chat dialect knows the first name only.
        var text = delta.Text("content"u8) ?? delta.Text("text"u8) ?? delta.Text("refusal"u8) ?? "";
        if (text.Length > 0)
        {
            FlushCalls();
            _emitter.Text(text);
        }
        foreach (var call in Items(delta.Member("tool_calls"u8)))
        {
            ChatTool(call);
        }
    }

    /// <summary>Input without an id belongs to the tool that was declared last.</summary>
    private void NativeTool(JsonElement delta)
    {
        if (delta.Text("tool_use_id"u8) is { } id)
        {
            FlushCalls();
            _calls.Add(new Call { Id = ToolNaming.CallId(id), Name = delta.Text("name"u8) });
        }
        if (_calls.Count > 0)
        {
            _calls[^1].Input.Append(delta.Text("input"u8));
            Forward(_calls[^1]);
        }
    }

    private void ChatTool(JsonElement piece)
    {
        var index = (int)Math.Clamp(piece.Whole("index"u8) ?? Math.Max(0, _calls.Count - 1), 0, 1000);
        while (_calls.Count <= index)
        {
            _calls.Add(new Call());
        }
        var call = _calls[index];
        if (call.Closed)
        {
            _emitter.Fail(UpstreamErrors.Local(UpstreamCause.NotUnderstood, "a tool call went on after it had ended.").Error);
            return;
        }
        call.Id ??= piece.Text("id"u8) is { Length: > 0 } id ? ToolNaming.CallId(id) : null;
        call.Name ??= piece.Member("function"u8)?.Text("name"u8) is { Length: > 0 } name ? name : null;
        call.Input.Append(piece.Member("function"u8)?.Text("arguments"u8));
        // Parallel calls may come interleaved, but blocks may not overlap: only the first open one is passed on at once.
        if (_calls.Find(other => !other.Closed) == call)
        {
            Forward(call);
        }
    }

    private void Forward(Call call)
    {
        // Some servers send the name late; a block cannot begin without it.
        if (!call.Opened && (call.Id is null || call.Name is null))
        {
            return;
        }
        if (!call.Opened)
        {
            call.Opened = true;
            _emitter.BeginTool(call.Id!, ClientName(call.Name!));
        }
        _emitter.ToolInput(call.Input.ToString());
        call.Input.Clear();
    }

    private void FlushCalls()
    {
        foreach (var call in _calls.Where(call => !call.Closed))
        {
            call.Name ??= "";
            call.Id ??= $"toolu_{_calls.IndexOf(call)}";
            Forward(call);
            call.Closed = true;
        }
    }

    private string ClientName(string name) => _request.ToolNames.GetValueOrDefault(name, name);

    private void WholeCalls(JsonElement message)
    {
        foreach (var call in Items(message.Member("tool_calls"u8)))
        {
            var function = call.Member("function"u8) ?? default;
            Add(call.Text("id"u8), function.Text("name"u8), function.Text("arguments"u8));
        }
        foreach (var use in Items(message.Member("content_list"u8)).Select(item => item.Member("tool_use"u8)).OfType<JsonElement>())
        {
            Add(use.Text("tool_use_id"u8), use.Text("name"u8), use.Member("input"u8) is { } input ? WireJson.Utf8Text(WireJson.Raw(input)) : null);
        }

        void Add(string? id, string? name, string? input)
        {
            var made = new Call { Id = ToolNaming.CallId(id ?? ""), Name = ClientName(name ?? "") };
            made.Input.Append(string.IsNullOrWhiteSpace(input) ? "{}" : input);
            _calls.Add(made);
        }
    }

    private void WriteWholeContent(Utf8JsonWriter json, JsonElement message)
    {
        foreach (var detail in Items(message.Member("reasoning_details"u8)))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "thinking"u8);
            json.WriteString("thinking"u8, detail.Text("text"u8) ?? "");
            json.WriteString("signature"u8, detail.Text("signature"u8) ?? "");
            json.WriteEndObject();
        }
        var listed = string.Concat(Items(message.Member("content_list"u8)).Where(item => item.Is("type"u8, "text"u8)).Select(item => item.Text("text"u8)));
        var text = message.Text("content"u8) is { Length: > 0 } content ? content : listed.Length > 0 ? listed : message.Text("refusal"u8);
        if (!string.IsNullOrEmpty(text))
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, text);
            json.WriteEndObject();
        }
        foreach (var call in _calls)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "tool_use"u8);
            json.WriteString("id"u8, call.Id);
            json.WriteString("name"u8, call.Name);
            json.WritePropertyName("input"u8);
            var input = Encoding.UTF8.GetBytes(call.Input.ToString());
            if (WireJson.TryParse(input, out var parsed, out _) && parsed.ValueKind == JsonValueKind.Object)
            {
                json.WriteRawValue(input, skipInputValidation: true);
            }
            else
            {
                // No tool takes this member, so a call nobody can read fails instead of running with nothing.
                json.WriteStartObject();
                json.WriteString("unparsed_input"u8, call.Input.ToString());
                json.WriteEndObject();
            }
            json.WriteEndObject();
        }
    }

    private string StopReason() => _finishReason switch
    {
        _ when _emitter.AnyTool => "tool_use",
        "length" => "max_tokens",
        "content_filter" => "refusal",
        // Most models say "stop" or nothing even when the limit cut them off.
        _ when _usage.Output >= _request.MaxTokens => "max_tokens",
        _ => "end_turn",
    };

    private static TokenUsage Usage(JsonElement root)
    {
        if (root.Member("usage"u8) is not { ValueKind: JsonValueKind.Object } usage)
        {
            return default;
        }
        var cached = usage.Member("prompt_tokens_details"u8)?.Whole("cached_tokens"u8) ?? usage.Whole("cache_read_input_tokens"u8);
        var prompt = usage.Whole("prompt_tokens"u8);
        // The dialects count cached tokens as part of the prompt; the Messages API does not.
        return new TokenUsage(prompt is null ? null : Math.Max(0, prompt.Value - (cached ?? 0)), usage.Whole("completion_tokens"u8), cached, usage.Whole("cache_write_input_tokens"u8));
    }

    private static JsonElement.ArrayEnumerator Items(JsonElement? list) => list is { ValueKind: JsonValueKind.Array } items ? items.EnumerateArray() : default;
}
