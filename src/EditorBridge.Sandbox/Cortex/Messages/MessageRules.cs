using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex.Messages;

/// <summary>The rules inside <c>messages</c>: roles, blocks, and which tool result must follow which tool call.</summary>
internal static class MessageRules
{
    private const int ImageLimit = 20;
    private static readonly string[] UserBlocks = ["text", "image", "tool_result"];
    private static readonly string[] AssistantBlocks = ["text", "thinking", "redacted_thinking", "tool_use"];
    private static readonly string[] ImageTypes = ["image/jpeg", "image/png", "image/gif", "image/webp"];

    public static IEnumerable<string> Problems(JsonElement body, bool toolSearch)
    {
        if (body.Property("messages") is not { ValueKind: JsonValueKind.Array } messages || messages.GetArrayLength() == 0)
        {
            yield return "messages: at least one message is required";
            yield break;
        }

        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            foreach (var problem in Message(message, $"messages.{index++}", toolSearch))
            {
                yield return problem;
            }
        }

        if (messages[0].Text("role") is not "user")
        {
            yield return "messages: first message must use the \"user\" role";
        }

        if (Images(messages).Take(ImageLimit + 1).Count() > ImageLimit)
        {
            yield return $"messages: too many images; at most {ImageLimit} per conversation";
        }

        var hasTools = body.Property("tools").Items().Any();
        if (messages[messages.GetArrayLength() - 1].Text("role") is "assistant" && hasTools)
        {
            yield return "Requests cannot contain `assistant` role in the final position when `tools` are used..";
        }

        foreach (var problem in Pairing(messages))
        {
            yield return problem;
        }
    }

    /// <summary>Problems of one content block; <paramref name="allowed"/> are the block types this position takes.</summary>
    public static IEnumerable<string> Block(JsonElement block, string at, string[] allowed, bool toolSearch)
    {
        var type = block.Text("type");
        if (type is null || !allowed.Contains(type))
        {
            yield return $"{at}: Input tag '{type}' found using 'type' does not match any of the expected tags: {string.Join(", ", allowed.Select(tag => $"'{tag}'"))}";
            yield break;
        }

        var fields = type switch
        {
            "text" => new[] { "type", "text", "cache_control" },
            "image" => ["type", "source", "cache_control"],
            "tool_use" => ["type", "id", "name", "input", "cache_control"],
            "tool_result" => ["type", "tool_use_id", "content", "is_error", "cache_control"],
            "thinking" => ["type", "thinking", "signature"],
            "redacted_thinking" => ["type", "data"],
            _ => ["type", "tool_name"],
        };
        foreach (var field in block.EnumerateObject().Where(field => !fields.Contains(field.Name)))
        {
            yield return $"{at}.{type}.{field.Name}: Extra inputs are not permitted";
        }

        var problems = type switch
        {
            "text" => Text(block, at),
            "image" => Image(block, at),
            "tool_use" => ToolUse(block, at),
            "tool_result" => ToolResult(block, at, toolSearch),
            "thinking" => ThinkingBlock(block, at),
            _ => [],
        };
        foreach (var problem in problems.Concat(CacheControl(block, $"{at}.{type}")))
        {
            yield return problem;
        }
    }

    public static IEnumerable<string> CacheControl(JsonElement holder, string at)
    {
        if (holder.Property("cache_control") is not { ValueKind: not JsonValueKind.Null } cache)
        {
            yield break;
        }

        foreach (var field in cache.EnumerateObject().Where(field => field.Name is not "type"))
        {
            yield return $"{at}.cache_control.ephemeral.{field.Name}: Extra inputs are not permitted";
        }

        if (cache.Text("type") is not "ephemeral")
        {
            yield return $"{at}.cache_control.type: Input should be 'ephemeral'";
        }
    }

    private static IEnumerable<string> Message(JsonElement message, string at, bool toolSearch)
    {
        var role = message.Text("role");
        if (role is not ("user" or "assistant"))
        {
            yield return $"{at}.role: Input should be 'user' or 'assistant'";
        }

        foreach (var field in message.EnumerateObject().Where(field => field.Name is not ("role" or "content")))
        {
            yield return $"{at}.{field.Name}: Extra inputs are not permitted";
        }

        if (message.Text("content") is { } text)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                yield return $"{at}: all messages must have non-empty content";
            }

            yield break;
        }

        if (message.Property("content") is not { ValueKind: JsonValueKind.Array } content || content.GetArrayLength() == 0)
        {
            yield return $"{at}: all messages must have non-empty content";
            yield break;
        }

        var index = 0;
        foreach (var block in content.EnumerateArray())
        {
            foreach (var problem in Block(block, $"{at}.content.{index}", role is "assistant" ? AssistantBlocks : UserBlocks, toolSearch))
            {
                yield return problem;
            }

            index++;
        }
    }

    private static IEnumerable<string> Text(JsonElement block, string at)
    {
        if (string.IsNullOrWhiteSpace(block.Text("text")))
        {
            yield return $"{at}: text content blocks must be non-empty";
        }
    }

    private static IEnumerable<string> Image(JsonElement block, string at)
    {
        var source = block.Property("source");
        if (source?.Text("type") is not "base64")
        {
            yield return $"{at}.image.source: only base64 image sources are supported";
        }
        else if (!ImageTypes.Contains(source?.Text("media_type")))
        {
            yield return $"{at}.image.source.base64.media_type: Input should be 'image/jpeg', 'image/png', 'image/gif' or 'image/webp'";
        }
        else if (source?.Property("data") is not { ValueKind: JsonValueKind.String } data || !data.TryGetBytesFromBase64(out _))
        {
            yield return $"{at}.image.source.base64: invalid base64 data";
        }
    }

    private static IEnumerable<string> ToolUse(JsonElement block, string at)
    {
        if (block.Text("id") is not { Length: > 0 } id || !id.All(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'))
        {
            yield return $"{at}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'";
        }

        if (block.Property("input") is not { ValueKind: JsonValueKind.Object })
        {
            yield return $"{at}.tool_use.input: Input should be a valid dictionary";
        }

        if (block.Text("name") is not { Length: > 0 })
        {
            yield return $"{at}.tool_use.name: Field required";
        }
    }

    private static IEnumerable<string> ToolResult(JsonElement block, string at, bool toolSearch)
    {
        string[] allowed = toolSearch ? ["text", "image", "tool_reference"] : ["text", "image"];
        var index = 0;
        foreach (var inner in block.Property("content").Items())
        {
            foreach (var problem in Block(inner, $"{at}.tool_result.content.{index}", allowed, toolSearch))
            {
                yield return problem;
            }

            index++;
        }
    }

    private static IEnumerable<string> ThinkingBlock(JsonElement block, string at)
    {
        if (!ThinkingSignature.Matches(block.Text("thinking") ?? "", block.Text("signature") ?? ""))
        {
            yield return $"{at}: Invalid `signature` in `thinking` block";
        }
    }

    /// <summary>Every tool call is answered in the next user message, those answers come first there, and nothing else is answered.</summary>
    private static IEnumerable<string> Pairing(JsonElement messages)
    {
        var seen = new HashSet<string>();
        var open = new HashSet<string>();
        var openAt = 0;
        var index = 0;
        foreach (var message in messages.EnumerateArray())
        {
            var assistant = message.Text("role") is "assistant";
            var answersMayFollow = !assistant;
            foreach (var block in message.Property("content").Items())
            {
                switch (block.Text("type"))
                {
                    case "tool_use":
                        if (!seen.Add(block.Text("id")!))
                        {
                            yield return "messages: `tool_use` ids must be unique";
                        }

                        open.Add(block.Text("id")!);
                        openAt = index;
                        break;
                    case "tool_result" when !open.Remove(block.Text("tool_use_id") ?? "") || !answersMayFollow:
                        yield return $"messages.{index}: unexpected `tool_use_id` found in `tool_result` blocks: {block.Text("tool_use_id")}. Each `tool_result` block must have a corresponding `tool_use` block in the previous message.";
                        break;
                    case "text" or "image":
                        answersMayFollow = false;
                        break;
                }
            }

            if (!assistant && open.Count > 0)
            {
                yield return $"messages.{openAt}: `tool_use` ids were found without `tool_result` blocks immediately after: {string.Join(", ", open)}. Each `tool_use` block must have a corresponding `tool_result` block in the next message.";
            }

            index++;
        }
    }

    private static IEnumerable<JsonElement> Images(JsonElement messages) =>
        messages.EnumerateArray()
            .SelectMany(message => message.Property("content").Items())
            .SelectMany(block => block.Text("type") is "tool_result" ? block.Property("content").Items() : [block])
            .Where(block => block.Text("type") is "image");
}
