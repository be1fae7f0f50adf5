using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>
/// A sanitised Messages body for <c>inference:complete</c>, whose roles must alternate and end with the user, whose results name
/// their tool, and whose images have a shape of their own.
/// </summary>
internal static class NativeRequestWriter
{
    public static byte[] Write(JsonElement root, RemovalLog log) => WireJson.Build(json =>
    {
        json.WriteStartObject();
        json.WriteString("model"u8, root.Text("model"u8));
        json.WriteNumber("max_tokens"u8, root.Whole("max_tokens"u8) ?? 4096);
        // It streams unless told not to.
        json.WriteBoolean("stream"u8, root.IsTrue("stream"u8));
        foreach (var name in (string[])["temperature", "top_p"])
        {
            if (root.TryGetProperty(name, out var value))
            {
                json.WritePropertyName(name);
                json.WriteRaw(value);
            }
        }
        foreach (var name in (string[])["top_k", "stop_sequences", "context_management"])
        {
            if (root.TryGetProperty(name, out _))
            {
                log.Add(RemovalKind.UnsupportedField, name, "body");
            }
        }
        if (root.Member("tool_choice"u8)?.IsTrue("disable_parallel_tool_use"u8) == true)
        {
            log.Add(RemovalKind.UnsupportedField, "tool_choice.disable_parallel_tool_use", "body");
        }
        if (root.Member("output_config"u8)?.Member("effort"u8) is not null)
        {
            log.Add(RemovalKind.Effort, "output_config.effort", "body");
        }
        if (root.Member("thinking"u8) is { } thinking && thinking.Whole("budget_tokens"u8) is null && !thinking.Is("type"u8, "disabled"u8))
        {
            log.Add(RemovalKind.Thinking, "thinking", "body");
        }
        WriteTools(json, root);
        WriteThinking(json, root);
        WriteFormat(json, root);
        WriteMessages(json, root, log);
        json.WriteEndObject();
    });

    private static void WriteTools(Utf8JsonWriter json, JsonElement root)
    {
        // The dialect cannot forbid tools that it is shown; without them none is called.
        if (root.Member("tools"u8) is not { ValueKind: JsonValueKind.Array } tools || root.Member("tool_choice"u8)?.Is("type"u8, "none"u8) == true)
        {
            return;
        }
        json.WriteStartArray("tools"u8);
        foreach (var tool in tools.EnumerateArray())
        {
            json.WriteStartObject();
            json.WriteStartObject("tool_spec"u8);
            json.WriteString("type"u8, "generic"u8);
            foreach (var name in (string[])["name", "description", "input_schema"])
            {
                if (tool.TryGetProperty(name, out var value))
                {
                    json.WritePropertyName(name);
                    json.WriteRaw(value);
                }
            }
            json.WriteEndObject();
            WriteCacheControl(json, tool);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        if (root.Member("tool_choice"u8) is not { ValueKind: JsonValueKind.Object } choice)
        {
            return;
        }
        json.WriteStartObject("tool_choice"u8);
        json.WriteString("type"u8, choice.Text("type"u8) switch { "any" => "required", "tool" => "tool", _ => "auto" });
        if (choice.Is("type"u8, "tool"u8))
        {
            json.WriteStartArray("name"u8);
            json.WriteStringValue(choice.Text("name"u8));
            json.WriteEndArray();
        }
        json.WriteEndObject();
    }

    private static void WriteThinking(Utf8JsonWriter json, JsonElement root)
    {
        if (root.Member("thinking"u8)?.Whole("budget_tokens"u8) is { } budget)
        {
            json.WriteStartObject("anthropic"u8);
            json.WriteStartObject("thinking"u8);
            json.WriteNumber("budget_tokens"u8, budget);
            json.WriteEndObject();
            json.WriteEndObject();
        }
    }

    private static void WriteFormat(Utf8JsonWriter json, JsonElement root)
    {
        if (root.Member("output_config"u8)?.Member("format"u8)?.Member("schema"u8) is { } schema)
        {
            json.WriteStartObject("response_format"u8);
            json.WriteString("type"u8, "json"u8);
            json.WritePropertyName("schema"u8);
            json.WriteRaw(schema);
            json.WriteEndObject();
        }
    }

    private static void WriteMessages(Utf8JsonWriter json, JsonElement root, RemovalLog log)
    {
        json.WriteStartArray("messages"u8);
        if (root.Member("system"u8) is { ValueKind: JsonValueKind.Array } system)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, "system"u8);
            WriteList(json, system.EnumerateArray(), []);
            json.WriteEndObject();
        }
        var toolNames = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (var (fromUser, blocks) in Turns(root.GetProperty("messages"u8), log))
        {
            json.WriteStartObject();
            json.WriteString("role"u8, fromUser ? "user"u8 : "assistant"u8);
            WriteList(json, blocks, toolNames);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    /// <summary>Neighbours of one role become one message, and the user has the last word.</summary>
    private static List<(bool FromUser, List<JsonElement> Blocks)> Turns(JsonElement messages, RemovalLog log)
    {
        var turns = new List<(bool FromUser, List<JsonElement> Blocks)>();
        foreach (var message in messages.EnumerateArray())
        {
            var fromUser = message.Is("role"u8, "user"u8);
            if (turns.Count == 0 || turns[^1].FromUser != fromUser)
            {
                turns.Add((fromUser, []));
            }
            var content = message.GetProperty("content"u8);
            foreach (var block in content.ValueKind == JsonValueKind.Array ? content.EnumerateArray().AsEnumerable() : [content])
            {
                // Nobody but the model that wrote it can read it, and this dialect has no place for it.
                if (block.ValueKind == JsonValueKind.Object && block.Is("type"u8, "redacted_thinking"u8))
                {
                    log.Add(RemovalKind.Thinking, "redacted_thinking", "messages");
                }
                else
                {
                    turns[^1].Blocks.Add(block);
                }
            }
        }
        if (turns.Count > 0 && !turns[0].FromUser)
        {
            turns.Insert(0, (true, []));
        }
        if (turns.Count == 0 || !turns[^1].FromUser)
        {
            turns.Add((true, []));
        }
        return turns;
    }

    private static void WriteList(Utf8JsonWriter json, IEnumerable<JsonElement> blocks, Dictionary<string, string> toolNames)
    {
        json.WriteStartArray("content_list"u8);
        var any = false;
        foreach (var block in blocks)
        {
            json.WriteStartObject();
            WriteBlock(json, block, toolNames);
            WriteCacheControl(json, block);
            json.WriteEndObject();
            any = true;
        }
        if (!any)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, "Continue."u8);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    private static void WriteBlock(Utf8JsonWriter json, JsonElement block, Dictionary<string, string> toolNames)
    {
        switch (block.ValueKind == JsonValueKind.String ? "text" : block.Text("type"u8))
        {
            case "tool_use":
                toolNames[block.Text("id"u8) ?? ""] = block.Text("name"u8) ?? "";
                json.WriteString("type"u8, "tool_use"u8);
                json.WriteStartObject("tool_use"u8);
                json.WriteString("tool_use_id"u8, block.Text("id"u8));
                json.WriteString("name"u8, block.Text("name"u8));
                json.WritePropertyName("input"u8);
                json.WriteRaw(block.GetProperty("input"u8));
                json.WriteEndObject();
                break;
            case "tool_result":
                WriteResult(json, block, toolNames);
                break;
            case "image":
                json.WriteString("type"u8, "image"u8);
                json.WriteStartObject("details"u8);
                json.WriteString("type"u8, "base64"u8);
                json.WriteString("content"u8, block.Member("source"u8)?.Text("data"u8));
                json.WriteString("content_type"u8, block.Member("source"u8)?.Text("media_type"u8));
                json.WriteEndObject();
                break;
            case "thinking":
                json.WriteString("type"u8, "anthropic"u8);
                json.WritePropertyName("thinking"u8);
                json.WriteStartObject();
                json.WriteString("thinking"u8, block.Text("thinking"u8));
                json.WriteString("signature"u8, block.Text("signature"u8));
                json.WriteEndObject();
                break;
            default:
                json.WriteString("type"u8, "text"u8);
                json.WriteString("text"u8, block.TextOrNull() ?? block.Text("text"u8) ?? WireJson.Utf8Text(WireJson.Raw(block)));
                break;
        }
    }

    private static void WriteResult(Utf8JsonWriter json, JsonElement block, Dictionary<string, string> toolNames)
    {
        var id = block.Text("tool_use_id"u8) ?? "";
        var texts = block.Member("content"u8) switch
        {
            { ValueKind: JsonValueKind.String } plain => [plain.TextOrNull() ?? ""],
            { ValueKind: JsonValueKind.Array } blocks => blocks.EnumerateArray().Select(inner => inner.Text("text"u8) ?? "[An image was left out of this result.]").ToList(),
            _ => (List<string>)[""],
        };
        json.WriteString("type"u8, "tool_results"u8);
        json.WriteStartObject("tool_results"u8);
        json.WriteString("tool_use_id"u8, id);
        json.WriteString("name"u8, toolNames.GetValueOrDefault(id, "unknown"));
        json.WriteStartArray("content"u8);
        foreach (var text in texts)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "text"u8);
            json.WriteString("text"u8, block.IsTrue("is_error"u8) ? $"ERROR: {text}" : text.Length == 0 ? "(no output)" : text);
            json.WriteEndObject();
        }
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static void WriteCacheControl(Utf8JsonWriter json, JsonElement block)
    {
        if (block.Member("cache_control"u8) is { } control)
        {
            json.WritePropertyName("cache_control"u8);
            json.WriteRaw(control);
        }
    }
}
