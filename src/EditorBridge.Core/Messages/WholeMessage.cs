using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Messages;

/// <summary>
/// One answer in its two shapes: the stream of events and the whole message. A client that first asked for the one may repeat its
/// question for the other, and must get the same answer.
/// </summary>
public static class WholeMessage
{
    // Two members of one name could be read differently by different clients.
    private static readonly JsonSerializerOptions Format = new() { AllowDuplicateProperties = false, MaxDepth = WireJson.MaxDepth, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The message a finished stream told; null when the stream did not reach its end or cannot be read.</summary>
    public static byte[]? FromStream(ReadOnlySpan<byte> stream)
    {
        var frames = new SseReader();
        frames.Append(stream);
        var message = new Assembly();
        try
        {
            while (frames.Read(out var frame) == SseReadResult.Frame)
            {
                if (!frame.Data.IsEmpty && JsonSerializer.Deserialize<JsonObject>(frame.Data.Span, Format) is { } data)
                {
                    message.Take(data);
                }
            }
            return message.Ended ? Bytes(message.Whole()) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            return null;
        }
    }

    /// <summary>The stream that tells this message; null when it is none.</summary>
    public static byte[]? ToStream(ReadOnlyMemory<byte> message)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonObject>(message.Span, Format) is { } whole && whole["content"] is JsonArray content ? Written(whole, content) : null;
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private static byte[] Written(JsonObject whole, JsonArray content)
    {
        var output = new ArrayBufferWriter<byte>(4096);
        void Write(string type, JsonObject members)
        {
            members.Insert(0, "type", type);
            output.Write(SseFrames.Write(Encoding.ASCII.GetBytes(type), Bytes(members)));
        }

        var start = whole.DeepClone().AsObject();
        start["content"] = new JsonArray();
        start["stop_reason"] = null;
        start["stop_sequence"] = null;
        Write("message_start", new() { ["message"] = start });
        output.Write(SseFrames.Ping);
        for (var index = 0; index < content.Count; index++)
        {
            var (block, deltas) = Opened(content[index]!.AsObject());
            Write("content_block_start", new() { ["index"] = index, ["content_block"] = block });
            foreach (var delta in deltas)
            {
                Write("content_block_delta", new() { ["index"] = index, ["delta"] = delta });
            }
            Write("content_block_stop", new() { ["index"] = index });
        }
        Write("message_delta", new()
        {
            ["delta"] = new JsonObject { ["stop_reason"] = whole["stop_reason"]?.DeepClone(), ["stop_sequence"] = whole["stop_sequence"]?.DeepClone() },
            ["usage"] = whole["usage"]?.DeepClone() ?? new JsonObject(),
        });
        Write("message_stop", []);
        return output.WrittenSpan.ToArray();
    }

    /// <summary>A block as it opens, and the deltas that fill it. What has no deltas stands complete in the start.</summary>
    private static (JsonObject Block, List<JsonObject> Deltas) Opened(JsonObject block)
    {
        var opened = block.DeepClone().AsObject();
        List<JsonObject> deltas = [];
        void Move(string member, string delta)
        {
            var text = opened[member]?.GetValue<string>() ?? "";
            opened[member] = "";
            deltas.Add(new JsonObject { ["type"] = delta, [member] = text });
        }

        switch (block["type"]?.GetValue<string>())
        {
            case "text":
                Move("text", "text_delta");
                break;
            case "thinking":
                Move("thinking", "thinking_delta");
                Move("signature", "signature_delta");
                break;
            case "tool_use":
                // Clients ignore an input that stands in the start.
                deltas.Add(new JsonObject { ["type"] = "input_json_delta", ["partial_json"] = opened["input"]?.ToJsonString(Format) ?? "{}" });
                opened["input"] = new JsonObject();
                break;
        }
        return (opened, deltas);
    }

    private static byte[] Bytes(JsonObject json) => Encoding.UTF8.GetBytes(json.ToJsonString(Format));

    private sealed class Assembly
    {
        private readonly SortedDictionary<int, (JsonObject Block, StringBuilder Input)> _blocks = [];
        private JsonObject? _message;

        public bool Ended { get; private set; }

        public void Take(JsonObject data)
        {
            switch (data["type"]?.GetValue<string>())
            {
                case "message_start":
                    _message = data["message"]!.DeepClone().AsObject();
                    break;
                case "content_block_start":
                    _blocks[data["index"]!.GetValue<int>()] = (data["content_block"]!.DeepClone().AsObject(), new StringBuilder());
                    break;
                case "content_block_delta":
                    Fill(_blocks[data["index"]!.GetValue<int>()], data["delta"]!.AsObject());
                    break;
                case "message_delta":
                    Overwrite(data);
                    break;
                case "message_stop":
                    Ended = _message is not null;
                    break;
            }
        }

        public JsonObject Whole()
        {
            var content = new JsonArray();
            foreach (var (block, input) in _blocks.Values)
            {
                if (input.Length > 0)
                {
                    block["input"] = Input(input.ToString());
                }
                content.Add(block);
            }
            _message!["content"] = content;
            return _message;
        }

        private static void Fill((JsonObject Block, StringBuilder Input) block, JsonObject delta)
        {
            void Append(string member) => block.Block[member] = (block.Block[member]?.GetValue<string>() ?? "") + (delta[member]?.GetValue<string>() ?? "");
            switch (delta["type"]?.GetValue<string>())
            {
                case "text_delta":
                    Append("text");
                    break;
                case "thinking_delta":
                    Append("thinking");
                    break;
                case "signature_delta":
                    Append("signature");
                    break;
                case "input_json_delta":
                    block.Input.Append(delta["partial_json"]?.GetValue<string>());
                    break;
            }
        }

        /// <summary>What a message says at its end overwrites what it said at its start; usage is cumulative.</summary>
        private void Overwrite(JsonObject data)
        {
            foreach (var (name, value) in data["delta"] as JsonObject ?? [])
            {
                _message![name] = value?.DeepClone();
            }
            if (data["usage"] is JsonObject usage)
            {
                var known = _message!["usage"] as JsonObject ?? [];
                foreach (var (name, value) in usage)
                {
                    known[name] = value?.DeepClone();
                }
                _message["usage"] = known.Parent is null ? known : known.DeepClone();
            }
        }

        // An input nobody can read stays the text it is: no client runs it, and the gate refuses it.
        private static JsonNode? Input(string text)
        {
            try
            {
                return JsonSerializer.Deserialize<JsonNode>(text, Format);
            }
            catch (JsonException)
            {
                return JsonValue.Create(text);
            }
        }
    }
}
