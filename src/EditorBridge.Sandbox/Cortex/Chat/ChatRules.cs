using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex.Chat;

/// <summary>
/// What <c>/v1/chat/completions</c> refuses, per model family. A field that a family only ignores is no problem; one that is unknown is.
/// </summary>
internal static class ChatRules
{
    private const int MaxCompletionTokens = 131_072;

    private static readonly HashSet<string> Fields =
    [
        "model", "messages", "max_completion_tokens", "temperature", "top_p", "tools", "tool_choice", "parallel_tool_calls", "n", "stop",
        "presence_penalty", "frequency_penalty", "logit_bias", "logprobs", "top_logprobs", "prediction", "verbosity", "prompt_cache_key",
        "response_format", "reasoning_effort", "reasoning", "metadata", "modalities", "safety_identifier", "web_search_options", "stream",
        "stream_options", "audio", "seed", "user",
    ];

    private static readonly string[] Forbidden = ["max_tokens", "store", "service_tier"];

    public static IEnumerable<string> Problems(JsonElement body, CortexModel model)
    {
        foreach (var field in body.EnumerateObject())
        {
            if (Forbidden.Contains(field.Name))
            {
                yield return field.NameEquals("max_tokens")
                    ? "max_tokens is not supported; use max_completion_tokens"
                    : $"{field.Name} is not supported";
            }
            else if (!Fields.Contains(field.Name))
            {
                yield return $"unknown field {field.Name}";
            }
        }

        if (body.Property("max_completion_tokens") is not null && body.Int("max_completion_tokens") is not (>= 1 and <= MaxCompletionTokens))
        {
            yield return $"max_completion_tokens must be between 1 and {MaxCompletionTokens}";
        }

        foreach (var problem in FamilyFields(body, model).Concat(Tools(body, model)).Concat(Messages(body, model)))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> FamilyFields(JsonElement body, CortexModel model)
    {
        if (model.Family == ModelFamily.OpenAi && body.Property("web_search_options") is not null)
        {
            yield return "web_search_options is not supported";
        }

        if (model.Family == ModelFamily.OpenAi && body.Property("audio") is not null)
        {
            yield return "audio is not supported";
        }

        if (model.Family == ModelFamily.Claude && body.Property("response_format") is { } format && format.Text("type") is not "json_schema")
        {
            yield return "response_format.type must be json_schema";
        }

        if (model.Family == ModelFamily.Claude && body.Property("reasoning") is not null
            && !(body.Property("temperature") is { ValueKind: JsonValueKind.Number } temperature && temperature.GetDouble() == 1))
        {
            yield return "`temperature` may only be set to 1 when thinking is enabled";
        }
    }

    private static IEnumerable<string> Tools(JsonElement body, CortexModel model)
    {
        var tools = body.Property("tools").Items().ToList();
        if (tools.Count > 0 && model.Family == ModelFamily.Other)
        {
            yield return $"tools are not supported by {model.Name}";
        }

        foreach (var tool in tools)
        {
            if (tool.Text("type") is not "function" || tool.Property("function")?.Text("name") is not { Length: > 0 })
            {
                yield return "tools: only function tools with a name are supported";
            }
        }
    }

    private static IEnumerable<string> Messages(JsonElement body, CortexModel model)
    {
        var messages = body.Property("messages").Items().ToList();
        if (messages.Count == 0)
        {
            yield return "messages must not be empty";
        }

        var open = new HashSet<string>();
        for (var index = 0; index < messages.Count; index++)
        {
            var message = messages[index];
            var role = message.Text("role") ?? "";
            if (!Roles(model.Family).Contains(role))
            {
                yield return $"messages[{index}].role '{role}' is not supported by {model.Name}";
            }

            if (open.Count > 0 && role is not "tool")
            {
                yield return $"messages[{index}]: tool calls without an answer: {string.Join(", ", open)}";
            }

            if (role is "tool" && !open.Remove(message.Text("tool_call_id") ?? ""))
            {
                yield return $"messages[{index}].tool_call_id '{message.Text("tool_call_id")}' answers no tool call";
            }

            var calls = message.Property("tool_calls").Items().ToList();
            foreach (var call in calls)
            {
                if (call.Text("id") is not { } id || call.Property("function")?.Text("arguments") is null)
                {
                    yield return $"messages[{index}].tool_calls: id and function.arguments are required";
                }
                else
                {
                    open.Add(id);
                }
            }

            foreach (var problem in Content(message, $"messages[{index}]", calls.Count > 0, model))
            {
                yield return problem;
            }
        }

        if (messages is [.., var last] && last.Text("role") is "assistant" && model.Family == ModelFamily.Claude && body.Property("tools").Items().Any())
        {
            yield return "Requests cannot contain `assistant` role in the final position when `tools` are used..";
        }
    }

    private static string[] Roles(ModelFamily family) => family switch
    {
        ModelFamily.OpenAi => ["system", "developer", "user", "assistant", "tool"],
        ModelFamily.Claude => ["system", "user", "assistant", "tool"],
        _ => ["system", "user", "assistant"],
    };

    private static IEnumerable<string> Content(JsonElement message, string at, bool hasCalls, CortexModel model)
    {
        if (message.Text("content") is { } text)
        {
            if (text.Length == 0 && !hasCalls && model.Family == ModelFamily.Claude)
            {
                yield return $"{at}.content must not be empty";
            }

            yield break;
        }

        var parts = message.Property("content").Items().ToList();
        if (parts.Count == 0 && !hasCalls)
        {
            yield return $"{at}.content is required";
        }

        foreach (var part in parts)
        {
            var problem = (part.Text("type"), model.Family) switch
            {
                ("text", _) => part.Text("text") is { Length: > 0 } ? null : "text must not be empty",
                ("image_url", ModelFamily.Other) => "image_url is not supported",
                ("image_url", _) => part.Property("image_url")?.Text("url")?.StartsWith("data:", StringComparison.Ordinal) is true
                    ? null : "image_url must be a data URL",
                ("file", ModelFamily.OpenAi or ModelFamily.Claude) => "file is not supported",
                ("input_audio", ModelFamily.OpenAi) => "input_audio is not supported",
                ("file" or "input_audio", _) => null,
                var (type, _) => $"unknown content type '{type}'",
            };
            if (problem is not null)
            {
                yield return $"{at}.content: {problem}";
            }
        }
    }
}
