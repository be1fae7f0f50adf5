using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>The fields that shape the answer: sampling, thinking, effort, output format and context management.</summary>
internal static class OutputRules
{
    /// <summary>The effort that leaves with the request, or null.</summary>
    public static string? Effort(JsonElement root, ModelTraits model, SanitizerPass pass)
    {
        if (root.Member("output_config"u8)?.Text("effort"u8) is not { } effort)
        {
            return null;
        }
        if (!model.Effort && !(model.EffortWithBeta && pass.Betas.Contains(CortexSanitizer.EffortBeta)))
        {
            pass.Log.Add(RemovalKind.Effort, "output_config.effort", "output_config");
            return null;
        }
        if (effort is "low" or "medium" or "high" or "max")
        {
            return effort;
        }
        pass.Log.Add(RemovalKind.Effort, $"{effort}->high", "output_config.effort");
        return "high";
    }

    public static void WriteSampling(Utf8JsonWriter json, JsonElement root, ModelTraits model, Thinking thinking, SanitizerPass pass)
    {
        var allowed = model.Sampling && thinking.Mode is ThinkingMode.Absent or ThinkingMode.Disabled && model.Sampling;
        foreach (var name in (string[])["temperature", "top_p", "top_k"])
        {
            if (!root.TryGetProperty(name, out var value) || value.ValueKind == JsonValueKind.Null)
            {
                continue;
            }
            if (allowed)
            {
                json.WritePropertyName(name);
                json.WriteRaw(value);
            }
            else
            {
                pass.Log.Add(RemovalKind.Sampling, name, "body");
            }
        }
    }

    public static void WriteThinking(Utf8JsonWriter json, Thinking thinking)
    {
        if (thinking.Mode == ThinkingMode.Absent)
        {
            return;
        }
        json.WriteStartObject("thinking"u8);
        json.WriteString("type"u8, thinking.Mode switch
        {
            ThinkingMode.Disabled => "disabled",
            ThinkingMode.Adaptive => "adaptive",
            ThinkingMode.Enabled => "enabled",
            _ => throw new InvalidOperationException($"Thinking mode {thinking.Mode} has no wire name."),
        });
        if (thinking.Mode == ThinkingMode.Enabled)
        {
            json.WriteNumber("budget_tokens"u8, thinking.Budget);
        }
        json.WriteEndObject();
    }

    /// <summary>The output format has had three names; Cortex takes the newest.</summary>
    public static void WriteOutputConfig(Utf8JsonWriter json, JsonElement root, string? effort, SanitizerPass pass)
    {
        var config = root.Member("output_config"u8);
        var format = config?.Member("format"u8) ?? Renamed(root, "output_format", pass) ?? Renamed(root, "response_format", pass);
        if (config is { ValueKind: JsonValueKind.Object } members)
        {
            foreach (var member in members.EnumerateObject().Where(member => member.KnownName() is not ("effort" or "format")))
            {
                pass.Log.Add(RemovalKind.UnsupportedField, $"output_config.{member.KnownName()}", "output_config");
            }
        }
        if (effort is null && format is null)
        {
            return;
        }
        json.WriteStartObject("output_config"u8);
        if (effort is not null)
        {
            json.WriteString("effort"u8, effort);
        }
        if (format is { } value)
        {
            json.WritePropertyName("format"u8);
            json.WriteRaw(value);
        }
        json.WriteEndObject();
    }

    /// <summary>Kept only while its beta stays; an edit of thinking is refused where there is no thinking.</summary>
    public static void WriteContextManagement(Utf8JsonWriter json, JsonElement root, Thinking thinking, SanitizerPass pass)
    {
        if (root.Member("context_management"u8) is not { ValueKind: JsonValueKind.Object } management)
        {
            return;
        }
        if (!pass.Betas.Contains(CortexSanitizer.ContextManagementBeta))
        {
            pass.Log.Add(RemovalKind.BetaField, "context_management", "body");
            return;
        }
        var thinks = thinking.Mode is ThinkingMode.Adaptive or ThinkingMode.Enabled;
        var edits = management.Member("edits"u8) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray().ToList() : [];
        var kept = edits.FindAll(edit => thinks || edit.Text("type"u8)?.StartsWith("clear_thinking", StringComparison.Ordinal) != true);
        if (kept.Count < edits.Count)
        {
            pass.Log.Add(RemovalKind.Thinking, "context_management clear_thinking", "context_management");
        }
        if (kept.Count == 0)
        {
            return;
        }
        json.WriteStartObject("context_management"u8);
        json.WriteStartArray("edits"u8);
        kept.ForEach(json.WriteRaw);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    private static JsonElement? Renamed(JsonElement root, string name, SanitizerPass pass)
    {
        if (!root.TryGetProperty(name, out var value) || value.ValueKind != JsonValueKind.Object)
        {
            return null;
        }
        pass.Log.Add(RemovalKind.OutputFormat, $"{name}->output_config.format", "body");
        // OpenAI's spelling wraps the schema once more.
        return value.Member("json_schema"u8) is { ValueKind: JsonValueKind.Object } wrapped && wrapped.Member("schema"u8) is { } schema
            ? WireJson.TryParse(WireJson.Build(json =>
            {
                json.WriteStartObject();
                json.WriteString("type"u8, "json_schema"u8);
                json.WritePropertyName("schema"u8);
                json.WriteRaw(schema);
                json.WriteEndObject();
            }), out var flat, out _) ? flat : null
            : value;
    }
}
