using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex.Native;

/// <summary>What <c>inference:complete</c> refuses: unknown fields, and messages out of the order its specification sets.</summary>
internal static class NativeRules
{
    private static readonly HashSet<string> Fields =
    [
        "model", "messages", "max_tokens", "temperature", "top_p", "stream", "tools", "tool_choice", "response_format", "guardrails",
        "anthropic", "openai", "provisioned_throughput_id",
    ];

    public static IEnumerable<string> Problems(JsonElement body, CortexModel model)
    {
        if (body.EnumerateObject().FirstOrDefault(field => !Fields.Contains(field.Name)) is { Value.ValueKind: not JsonValueKind.Undefined } unknown)
        {
            yield return $"unknown field {unknown.Name}";
        }

        if (body.Property("tool_choice") is { } choice && choice.Text("type") is not ("auto" or "required" or "tool"))
        {
            yield return "tool_choice.type must be auto, required or tool";
        }

        if (body.Property("response_format") is { } format && format.Text("type") is not "json")
        {
            yield return "response_format.type must be json";
        }

        foreach (var tool in body.Property("tools").Items())
        {
            if (model.Family == ModelFamily.Other)
            {
                yield return $"tools are not supported by {model.Name}";
            }

            if (tool.Property("tool_spec") is not { } spec || spec.Text("type") is not "generic" || spec.Text("name") is not { Length: > 0 })
            {
                yield return "tools: tool_spec with type generic and a name is required";
            }
        }

        foreach (var problem in Messages(body))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> Messages(JsonElement body)
    {
        var messages = body.Property("messages").Items().ToList();
        var previous = "";
        for (var index = 0; index < messages.Count; index++)
        {
            var role = messages[index].Text("role") ?? "";
            var problem = role switch
            {
                "system" when index > 0 => "system must be the first message",
                "assistant" when previous is not "user" => "assistant must follow a user message",
                "user" when previous is "user" => "roles must alternate",
                "system" or "user" or "assistant" => null,
                _ => $"unknown role '{role}'",
            };
            if (problem is not null)
            {
                yield return $"messages[{index}]: {problem}";
            }

            foreach (var inner in Content(messages[index]))
            {
                yield return $"messages[{index}]: {inner}";
            }

            previous = role;
        }

        if (previous is not "user")
        {
            yield return "the last message must have the role user";
        }
    }

    private static IEnumerable<string> Content(JsonElement message)
    {
        var text = message.Text("content");
        var blocks = message.Property("content_list").Items().ToList();
        if (string.IsNullOrEmpty(text) && blocks.Count == 0)
        {
            yield return "content or content_list is required";
        }

        foreach (var block in blocks)
        {
            var problem = block.Text("type") switch
            {
                "text" => block.Text("text") is { Length: > 0 } ? null : "text must not be empty",
                "tool_use" => block.Property("tool_use")?.Text("tool_use_id") is not null ? null : "tool_use.tool_use_id is required",
                "tool_results" => block.Property("tool_results")?.Text("name") is not null ? null : "tool_results.name is required",
                "image" => block.Property("details")?.Text("type") is "base64" ? null : "details.type must be base64",
                "anthropic" => block.Property("thinking") is not null ? null : "thinking is required",
                "openai" => null,
                var type => $"unknown content type '{type}'",
            };
            if (problem is not null)
            {
                yield return problem;
            }
        }
    }
}
