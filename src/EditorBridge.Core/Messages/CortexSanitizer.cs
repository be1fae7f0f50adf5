using System.Buffers;
using System.Collections.Immutable;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>
/// Turns a client's Messages request into one that Claude on Snowflake Cortex takes, and reports every change. Nothing else is
/// touched: values that pass keep their bytes, and equal requests give equal bytes, so prompt caches keep working.
/// </summary>
/// <remarks>
/// <code>
/// betas ─▶ model ─▶ messages ─▶ system ─▶ tools ─▶ cache breakpoints ─▶ thinking, sampling, output ─▶ bytes
/// </code>
/// </remarks>
public static class CortexSanitizer
{
    internal const string ContextManagementBeta = "context-management-2025-06-27";
    internal const string EffortBeta = "effort-2025-11-24";
    internal const string ToolSearchBeta = "tool-search-tool-2025-10-19";
    internal const string ToolExamplesBeta = "tool-examples-2025-10-29";

    internal const string McpServersRefusal =
        "mcp_servers: MCP servers are not called by the model's provider here; that would go past the review. "
        + "Configure the server in EditorBridge's MCP gateway instead, or set \"mcpServers\": \"remove\" in proxy.json; nothing was sent to the account.";

    /// <summary>Members that leave under their own name; every other is removed or has a rule of its own below.</summary>
    private static readonly string[] Passing = ["tool_choice", "stop_sequences", "stream"];

    private static readonly string[] Handled =
        ["model", "max_tokens", "messages", "system", "tools", "thinking", "output_config", "context_management", "temperature", "top_p", "top_k", "mcp_servers"];

    /// <summary>Sanitises a request; false with an error when it can only be refused.</summary>
    public static bool TrySanitize(MessagesRequest request, AnthropicHeaders headers, SanitizerRules rules, out SanitizedRequest sanitized, out AnthropicError error)
    {
        sanitized = null!;
        var root = request.Root;
        var betas = headers.Betas.Where(rules.AllowedBetas.Contains).ToImmutableArray();
        var pass = new SanitizerPass(rules, betas.ToHashSet(StringComparer.Ordinal));
        ReadHeaders(headers, rules, pass);
        var secondVersion = headers.Version == AnthropicHeaders.SecondVersion;
        CheckVersion(root, secondVersion, pass);

        var model = ModelNames.Resolve(request.Model, rules.ModelAliases);
        if (model != request.Model)
        {
            pass.Log.Add(RemovalKind.Model, $"{request.Model}->{model}", "model");
        }

        var conversation = new ConversationSanitizer(pass, secondVersion);
        conversation.Read(root.GetProperty("messages"u8));
        var system = SystemBlocks(root.Member("system"u8), pass);
        var tools = ToolSanitizer.Read(root.Member("tools"u8), conversation.ToolChanges, pass);
        conversation.EndWithUser(hasTools: tools.Count > 0);
        if (conversation.Messages.Count == 0)
        {
            pass.Refuse("messages: nothing is left to send once empty and unsupported content is taken out");
        }
        MarkLast(root, conversation.Messages, pass);
        CacheControl.Limit(tools, system, [.. conversation.Messages.SelectMany(message => message.Blocks)], pass);
        ReportOthers(root, pass);

        if (pass.Refusal is { } refusal)
        {
            error = refusal;
            return false;
        }
        var body = Write(root, model, request.MaxTokens, conversation, system, tools, pass);
        if (body.Length > rules.MaxBodyBytes)
        {
            error = new AnthropicError(413, AnthropicErrorType.RequestTooLarge,
                $"The request has {body.Length} bytes; the account takes at most {rules.MaxBodyBytes}. Nothing was sent: shorten the conversation or its images.") { ShouldRetry = false };
            return false;
        }
        error = null!;
        sanitized = new SanitizedRequest { Body = body, Model = model, Betas = betas, Removals = pass.Log.ToImmutable() };
        return true;
    }

    private static void ReadHeaders(AnthropicHeaders headers, SanitizerRules rules, SanitizerPass pass)
    {
        if (headers.Version is not null and not AnthropicHeaders.UpstreamVersion)
        {
            pass.Log.Add(RemovalKind.ApiVersion, headers.Version, "anthropic-version");
        }
        foreach (var beta in headers.Betas.Where(beta => !rules.AllowedBetas.Contains(beta)))
        {
            pass.Log.Add(RemovalKind.Beta, beta, "anthropic-beta");
        }
    }

    /// <summary>What the second API version refuses is refused here too: the account speaks the first and would take it.</summary>
    private static void CheckVersion(JsonElement root, bool secondVersion, SanitizerPass pass)
    {
        if (!secondVersion)
        {
            return;
        }
        foreach (var name in (string[])["temperature", "top_p", "top_k"])
        {
            if (root.TryGetProperty(name, out _))
            {
                pass.Refuse($"{name}: Extra inputs are not permitted with anthropic-version {AnthropicHeaders.SecondVersion}");
            }
        }
    }

    private static List<OutBlock> SystemBlocks(JsonElement? system, SanitizerPass pass)
    {
        var blocks = new List<OutBlock>();
        if (system is { ValueKind: JsonValueKind.String } text && !text.IsBlankText())
        {
            blocks.Add(OutBlock.RawText(WireJson.Raw(text)[1..^1], breakpoint: false));
        }
        else if (system is { ValueKind: JsonValueKind.Array } list)
        {
            var index = 0;
            foreach (var block in list.EnumerateArray())
            {
                var where = $"system[{index++}]";
                if (block.Member("text"u8) is not { ValueKind: JsonValueKind.String } content || content.IsBlankText())
                {
                    pass.Log.Add(RemovalKind.EmptyText, "system text", where);
                    continue;
                }
                blocks.Add(OutBlock.From(block, CacheControl.Read(block, pass, where), Kept(block, pass, where)));
            }
        }
        return blocks;
    }

    private static Func<string, bool>? Kept(JsonElement block, SanitizerPass pass, string where)
    {
        var clean = true;
        foreach (var member in block.EnumerateObject().Where(member => !member.NameEquals("type"u8) && !member.NameEquals("text"u8) && !member.NameEquals("cache_control"u8)))
        {
            clean = false;
            pass.Log.Add(RemovalKind.BlockField, member.KnownName(), where);
        }
        return clean ? null : name => name is "type" or "text";
    }

    /// <summary>A cache control beside the messages means their last block.</summary>
    private static void MarkLast(JsonElement root, List<OutMessage> messages, SanitizerPass pass)
    {
        if (messages.Count == 0 || !CacheControl.Read(root, pass, "body"))
        {
            return;
        }
        messages[^1].ToBlocks();
        if (messages[^1].Blocks.FindLast(block => block.Cacheable) is { } last)
        {
            last.Breakpoint = true;
        }
    }

    private static void ReportOthers(JsonElement root, SanitizerPass pass)
    {
        foreach (var member in root.EnumerateObject())
        {
            var name = member.KnownName();
            if (Array.IndexOf(Handled, name) >= 0 || Array.IndexOf(Passing, name) >= 0)
            {
                continue;
            }
            switch (name)
            {
                case "cache_control" or "response_format" or "output_format":
                    break;
                case "metadata":
                    pass.Log.Add(RemovalKind.LocalIdentity, name, "body");
                    break;
                case "thread" when member.Value.Is("type"u8, "continue"u8):
                    pass.Refuse("thread: the account keeps no conversations; send the whole conversation. Nothing was sent to the account.");
                    break;
                case "service_tier" or "container" or "inference_geo" or "speed" or "betas" or "thread" or "fallbacks" or "compaction" or "diagnostics" or "safeguards":
                    pass.Log.Add(RemovalKind.UnsupportedField, name, "body");
                    break;
                default:
                    pass.Log.Add(RemovalKind.UnknownField, name, "body");
                    break;
            }
        }
        if (root.Member("mcp_servers"u8) is { ValueKind: JsonValueKind.Array } servers && servers.GetArrayLength() > 0)
        {
            if (pass.Rules.McpServers == UnsupportedPart.Refuse)
            {
                pass.Refuse(McpServersRefusal);
            }
            pass.Log.Add(RemovalKind.McpServers, "mcp_servers", "body");
        }
    }

    private static ReadOnlyMemory<byte> Write(JsonElement root, string model, long askedTokens, ConversationSanitizer conversation, List<OutBlock> system, List<OutBlock> tools, SanitizerPass pass)
    {
        var traits = ModelTraits.Of(model);
        var maxTokens = askedTokens;
        if (maxTokens < 1)
        {
            // Zero only warms the prompt cache; the least Cortex can be asked for does that too.
            pass.Log.Add(RemovalKind.MaxTokens, "max_tokens", "body");
            maxTokens = 1;
        }
        var effort = OutputRules.Effort(root, traits, pass);
        var thinking = ThinkingRules.Decide(root, traits, maxTokens, root.Member("output_config"u8)?.Text("effort"u8), conversation.OpenToolTurnWithoutThinking(), pass);

        // The writer asks for a page of 4 KB more than it fills; without room for it the whole buffer would be copied into one of twice its size.
        var buffer = new ArrayBufferWriter<byte>(WireJson.Raw(root).Length + 512 + 4096);
        using (var json = new Utf8JsonWriter(buffer, WireJson.WriterOptions))
        {
            json.WriteStartObject();
            json.WriteString("model"u8, model);
            json.WriteNumber("max_tokens"u8, maxTokens);
            foreach (var name in Passing)
            {
                if (root.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null)
                {
                    json.WritePropertyName(name);
                    json.WriteRaw(value);
                }
            }
            OutputRules.WriteSampling(json, root, traits, thinking, pass);
            OutputRules.WriteThinking(json, thinking);
            OutputRules.WriteOutputConfig(json, root, effort ?? (traits.Effort ? thinking.Effort : null), pass);
            OutputRules.WriteContextManagement(json, root, thinking, pass);
            WriteBlocks(json, "tools", tools);
            WriteBlocks(json, "system", system);
            WriteMessages(json, conversation.Messages);
            json.WriteEndObject();
        }
        return buffer.WrittenMemory;
    }

    private static void WriteBlocks(Utf8JsonWriter json, string name, List<OutBlock> blocks)
    {
        if (blocks.Count == 0)
        {
            return;
        }
        json.WriteStartArray(name);
        blocks.ForEach(block => block.WriteTo(json));
        json.WriteEndArray();
    }

    private static void WriteMessages(Utf8JsonWriter json, List<OutMessage> messages)
    {
        json.WriteStartArray("messages"u8);
        foreach (var message in messages)
        {
            json.WriteStartObject();
            json.WriteString("role"u8, message.FromUser ? "user"u8 : "assistant"u8);
            if (message.PlainText is { } text)
            {
                json.WritePropertyName("content"u8);
                json.WriteRaw(text);
            }
            else
            {
                json.WriteStartArray("content"u8);
                message.Blocks.ForEach(block => block.WriteTo(json));
                json.WriteEndArray();
            }
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }
}
