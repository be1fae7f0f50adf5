using System.Text.Json;
using System.Text.Json.Serialization;

namespace EditorBridge.Hooks;

/// <summary>What Claude Code posts to an HTTP hook (measured on 2.1.112, 2.1.197 and 2.1.330). Fields we do not read are left alone.</summary>
internal sealed record ClaudeHookInput
{
    [JsonPropertyName("session_id")] public string? SessionId { get; init; }
    [JsonPropertyName("hook_event_name")] public string? EventName { get; init; }
    [JsonPropertyName("cwd")] public string? WorkingFolder { get; init; }
    [JsonPropertyName("permission_mode")] public string? PermissionMode { get; init; }
    [JsonPropertyName("tool_name")] public string? ToolName { get; init; }
    [JsonPropertyName("tool_input")] public JsonElement? ToolInput { get; init; }
    [JsonPropertyName("tool_use_id")] public string? ToolUseId { get; init; }
    [JsonPropertyName("agent_type")] public string? AgentType { get; init; }
    [JsonPropertyName("prompt")] public string? Prompt { get; init; }
    [JsonPropertyName("duration_ms")] public long? DurationMs { get; init; }
    [JsonPropertyName("error")] public string? Error { get; init; }
}

/// <summary>The answer to a hook. An empty object is "no opinion": the client's own permission rules go on.</summary>
internal sealed record ClaudeHookOutput
{
    [JsonPropertyName("hookSpecificOutput")] public HookDecision? Decision { get; init; }
}

internal sealed record HookDecision
{
    [JsonPropertyName("hookEventName")] public string EventName { get; init; } = "PreToolUse";
    [JsonPropertyName("permissionDecision")] public string? Permission { get; init; }
    [JsonPropertyName("permissionDecisionReason")] public string? Reason { get; init; }
    [JsonPropertyName("updatedInput")] public JsonElement? UpdatedInput { get; init; }
    [JsonPropertyName("additionalContext")] public string? AdditionalContext { get; init; }
}

[JsonSourceGenerationOptions(DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ClaudeHookInput))]
[JsonSerializable(typeof(ClaudeHookOutput))]
internal sealed partial class ClaudeHookJson : JsonSerializerContext;
