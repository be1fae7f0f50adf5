using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>
/// A sanitised Messages body as a chat completion: system first, results as <c>tool</c> messages in the order of their calls and
/// before the rest of the turn, images of results in a message of their own.
/// </summary>
internal static class ChatRequestWriter
{
    private const int MostStops = 4;
    private const long MostTokens = 131_072;

    public static bool TryWrite(JsonElement root, string model, IReadOnlyDictionary<string, string> names, RemovalLog log, out byte[] body, out AnthropicError error)
    {
        body = [];
        error = null!;
        var openAi = model.StartsWith("openai-", StringComparison.Ordinal);
        if (!openAi && root.Member("tools"u8) is { } tools && tools.GetArrayLength() > 0)
        {
            error = AnthropicErrors.InvalidRequest($"tools: {model} takes no tools on Snowflake Cortex. Choose a Claude model or an openai-… model; nothing was sent to the account.");
            return false;
        }
        body = WireJson.Build(json =>
        {
            json.WriteStartObject();
            json.WriteString("model"u8, model);
            json.WriteNumber("max_completion_tokens"u8, Math.Min(root.Whole("max_tokens"u8) ?? 4096, MostTokens));
            WriteStreaming(json, root);
            WriteTools(json, root, names, log);
            WriteSettings(json, root, openAi, log);
            json.WriteStartArray("messages"u8);
            WriteSystem(json, root.Member("system"u8));
            WriteMessages(json, root.GetProperty("messages"u8), names, openAi, log);
            json.WriteEndArray();
            json.WriteEndObject();
        });
        return true;
    }

    private static void WriteStreaming(Utf8JsonWriter json, JsonElement root)
    {
        if (!root.IsTrue("stream"u8))
        {
            return;
        }
        json.WriteBoolean("stream"u8, true);
        // Without it the stream says nothing about tokens, and the client's context meter stays empty.
        json.WriteStartObject("stream_options"u8);
        json.WriteBoolean("include_usage"u8, true);
        json.WriteEndObject();
    }

    private static void WriteTools(Utf8JsonWriter json, JsonElement root, IReadOnlyDictionary<string, string> names, RemovalLog log)
    {
        if (root.Member("tools"u8) is not { ValueKind: JsonValueKind.Array } tools || tools.GetArrayLength() == 0)
        {
            return;
        }
        json.WriteStartArray("tools"u8);
        foreach (var tool in tools.EnumerateArray())
        {
            var name = tool.Text("name"u8) ?? "";
            if (Sent(name, names) != name)
            {
                log.Add(RemovalKind.ToolField, $"name {name}", "tools");
            }
            json.WriteStartObject();
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, Sent(name, names));
            if (tool.Member("description"u8) is { } description)
            {
                json.WritePropertyName("description"u8);
                json.WriteRaw(description);
            }
            if (tool.Member("input_schema"u8) is { } schema)
            {
                json.WritePropertyName("parameters"u8);
                json.WriteRaw(schema);
            }
            json.WriteEndObject();
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (root.Member("tool_choice"u8) is { ValueKind: JsonValueKind.Object } choice)
        {
            WriteToolChoice(json, choice, names);
        }
    }

    private static void WriteToolChoice(Utf8JsonWriter json, JsonElement choice, IReadOnlyDictionary<string, string> names)
    {
        switch (choice.Text("type"u8))
        {
            case "any":
                json.WriteString("tool_choice"u8, "required"u8);
                break;
            case "none":
                json.WriteString("tool_choice"u8, "none"u8);
                break;
            case "tool":
                json.WriteStartObject("tool_choice"u8);
                json.WriteString("type"u8, "function"u8);
                json.WriteStartObject("function"u8);
                json.WriteString("name"u8, Sent(choice.Text("name"u8) ?? "", names));
                json.WriteEndObject();
                json.WriteEndObject();
                break;
            default:
                json.WriteString("tool_choice"u8, "auto"u8);
                break;
        }
        if (choice.IsTrue("disable_parallel_tool_use"u8))
        {
            json.WriteBoolean("parallel_tool_calls"u8, false);
        }
    }

    private static void WriteSettings(Utf8JsonWriter json, JsonElement root, bool openAi, RemovalLog log)
    {
        foreach (var name in (string[])["temperature", "top_p"])
        {
            if (root.TryGetProperty(name, out var value))
            {
                json.WritePropertyName(name);
                json.WriteRaw(value);
            }
        }
        if (root.Member("top_k"u8) is not null)
        {
            log.Add(RemovalKind.Sampling, "top_k", "body");
        }
        if (openAi && root.Member("stop_sequences"u8) is { ValueKind: JsonValueKind.Array } stops && stops.GetArrayLength() > 0)
        {
            json.WriteStartArray("stop"u8);
            foreach (var stop in stops.EnumerateArray().Take(MostStops))
            {
                json.WriteRaw(stop);
            }
            json.WriteEndArray();
            if (stops.GetArrayLength() > MostStops)
            {
                log.Add(RemovalKind.UnsupportedField, $"stop_sequences beyond {MostStops}", "stop_sequences");
            }
        }
        else if (!openAi && root.Member("stop_sequences"u8) is not null)
        {
            log.Add(RemovalKind.UnsupportedField, "stop_sequences", "body");
        }
        var output = root.Member("output_config"u8);
        if (output?.Text("effort"u8) is { } effort)
        {
            if (openAi)
            {
                json.WriteString("reasoning_effort"u8, effort is "max" or "xhigh" ? "high" : effort);
            }
            else
            {
                log.Add(RemovalKind.Effort, "output_config.effort", "body");
            }
        }
        if (!openAi && output?.Member("format"u8) is not null)
        {
            log.Add(RemovalKind.OutputFormat, "output_config.format", "body");
        }
        if (openAi && output?.Member("format"u8)?.Member("schema"u8) is { } schema)
        {
            json.WriteStartObject("response_format"u8);
            json.WriteString("type"u8, "json_schema"u8);
            json.WriteStartObject("json_schema"u8);
            json.WriteString("name"u8, "answer"u8);
            json.WriteBoolean("strict"u8, true);
            json.WritePropertyName("schema"u8);
            json.WriteRaw(schema);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        if (root.Member("thinking"u8) is not null)
        {
            log.Add(RemovalKind.Thinking, "thinking", "body");
        }
    }

    private static void WriteSystem(Utf8JsonWriter json, JsonElement? system)
    {
        if (system is not { ValueKind: JsonValueKind.Array } blocks)
        {
            return;
        }
        json.WriteStartObject();
        json.WriteString("role"u8, "system"u8);
        json.WriteString("content"u8, Joined(blocks, "\n\n"));
        json.WriteEndObject();
    }

    private static void WriteMessages(Utf8JsonWriter json, JsonElement messages, IReadOnlyDictionary<string, string> names, bool openAi, RemovalLog log)
    {
        var calls = new List<string>();
        foreach (var message in messages.EnumerateArray())
        {
            var content = message.GetProperty("content"u8);
            if (message.Is("role"u8, "assistant"u8))
            {
                WriteMissing(json, calls, []);
                calls = WriteAssistant(json, content, names);
            }
            else
            {
                WriteUser(json, content, calls, openAi, log);
                calls = [];
            }
        }
        WriteMissing(json, calls, []);
    }

    /// <returns>The ids of the calls in it, in order.</returns>
    private static List<string> WriteAssistant(Utf8JsonWriter json, JsonElement content, IReadOnlyDictionary<string, string> names)
    {
        var tools = content.ValueKind == JsonValueKind.Array ? content.EnumerateArray().Where(block => block.Is("type"u8, "tool_use"u8)).ToList() : [];
        var text = content.ValueKind == JsonValueKind.String ? content.TextOrNull() ?? "" : Joined(content, "");
        if (text.Length == 0 && tools.Count == 0)
        {
            return [];
        }
        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        if (text.Length > 0)
        {
            json.WriteString("content"u8, text);
        }
        else
        {
            json.WriteNull("content"u8);
        }
        if (tools.Count > 0)
        {
            json.WriteStartArray("tool_calls"u8);
            foreach (var tool in tools)
            {
                json.WriteStartObject();
                json.WriteString("id"u8, ToolNaming.CallId(tool.Text("id"u8) ?? ""));
                json.WriteString("type"u8, "function"u8);
                json.WriteStartObject("function"u8);
                json.WriteString("name"u8, Sent(tool.Text("name"u8) ?? "", names));
                json.WriteString("arguments"u8, tool.Member("input"u8) is { } input ? WireJson.Utf8Text(WireJson.Raw(input)) : "{}");
                json.WriteEndObject();
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        json.WriteEndObject();
        return [.. tools.Select(tool => ToolNaming.CallId(tool.Text("id"u8) ?? ""))];
    }

    private static void WriteUser(Utf8JsonWriter json, JsonElement content, List<string> calls, bool openAi, RemovalLog log)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            WriteMissing(json, calls, []);
            WriteText(json, "user", content.TextOrNull() ?? "");
            return;
        }
        var results = content.EnumerateArray().Where(block => block.Is("type"u8, "tool_result"u8)).ToList();
        var rest = content.EnumerateArray().Where(block => !block.Is("type"u8, "tool_result"u8)).ToList();
        var answered = new HashSet<string>(StringComparer.Ordinal);
        // Clients answer in the order the calls ended; servers want the order in which they were made.
        foreach (var result in results.OrderBy(result => Place(calls, result)))
        {
            var id = ToolNaming.CallId(result.Text("tool_use_id"u8) ?? "");
            if (calls.Contains(id) && answered.Add(id))
            {
                WriteResult(json, id, result);
                rest.AddRange(Images(result));
            }
            else
            {
                log.Add(RemovalKind.BlockField, "tool_result without its call", "messages");
            }
        }
        WriteMissing(json, calls, answered);
        WriteParts(json, rest, openAi, log);
    }

    private static int Place(List<string> calls, JsonElement result) => calls.IndexOf(ToolNaming.CallId(result.Text("tool_use_id"u8) ?? "")) is >= 0 and var place ? place : int.MaxValue;

    private static void WriteResult(Utf8JsonWriter json, string id, JsonElement result)
    {
        var text = result.Member("content"u8) switch
        {
            { ValueKind: JsonValueKind.String } plain => plain.TextOrNull() ?? "",
            { ValueKind: JsonValueKind.Array } blocks => Joined(blocks, "\n"),
            _ => "",
        };
        json.WriteStartObject();
        json.WriteString("role"u8, "tool"u8);
        json.WriteString("tool_call_id"u8, id);
        // The dialect has no field for a failure; the model reads the word.
        json.WriteString("content"u8, result.IsTrue("is_error"u8) ? $"ERROR: {text}" : text);
        json.WriteEndObject();
    }

    private static void WriteMissing(Utf8JsonWriter json, List<string> calls, HashSet<string> answered)
    {
        foreach (var id in calls.Where(id => !answered.Contains(id)))
        {
            json.WriteStartObject();
            json.WriteString("role"u8, "tool"u8);
            json.WriteString("tool_call_id"u8, id);
            json.WriteString("content"u8, "ERROR: The call was interrupted and has no result."u8);
            json.WriteEndObject();
        }
    }

    private static IEnumerable<JsonElement> Images(JsonElement result) =>
        result.Member("content"u8) is { ValueKind: JsonValueKind.Array } blocks ? blocks.EnumerateArray().Where(block => block.Is("type"u8, "image"u8)) : [];

    private static void WriteParts(Utf8JsonWriter json, List<JsonElement> blocks, bool openAi, RemovalLog log)
    {
        if (blocks.TrueForAll(block => block.Is("type"u8, "text"u8)))
        {
            if (blocks.Count > 0)
            {
                WriteText(json, "user", string.Join("\n\n", blocks.Select(block => block.Text("text"u8)).OfType<string>()));
            }
            return;
        }
        json.WriteStartObject();
        json.WriteString("role"u8, "user"u8);
        json.WriteStartArray("content"u8);
        foreach (var block in blocks)
        {
            if (block.Text("text"u8) is { } text)
            {
                WritePart(json, text);
            }
            else if (openAi && block.Is("type"u8, "image"u8) && block.Member("source"u8) is { } source)
            {
                json.WriteStartObject();
                json.WriteString("type"u8, "image_url"u8);
                json.WriteStartObject("image_url"u8);
                json.WriteString("url"u8, $"data:{source.Text("media_type"u8)};base64,{source.Text("data"u8)}");
                json.WriteEndObject();
                json.WriteEndObject();
            }
            else
            {
                log.Add(RemovalKind.ImageSource, block.Text("type"u8) ?? "block", "messages");
                WritePart(json, "[An image was left out: the model takes none.]");
            }
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WritePart(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string role, string text)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        json.WriteString("content"u8, text);
        json.WriteEndObject();
    }

    private static string Joined(JsonElement blocks, string between) =>
        string.Join(between, blocks.EnumerateArray().Where(block => block.Is("type"u8, "text"u8)).Select(block => block.Text("text"u8)).OfType<string>());

    private static string Sent(string name, IReadOnlyDictionary<string, string> names) => names.GetValueOrDefault(name) ?? ToolNaming.Short(name);
}
