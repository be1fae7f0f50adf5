using System.Text.Json;
using System.Text.RegularExpressions;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex.Messages;

/// <summary>
/// What <c>/v1/messages</c> refuses. Claude on Cortex is served through Bedrock, which takes only the fields it knows:
/// everything outside these lists is an error, as it is there. Problems are found lazily; the first one is the answer.
/// </summary>
internal static partial class MessagesRules
{
    private static readonly HashSet<string> Betas =
    [
        "token-efficient-tools-2025-02-19", "interleaved-thinking-2025-05-14", "output-128k-2025-02-19", "dev-full-thinking-2025-05-14",
        ContextManagementBeta, EffortBeta, ToolSearchBeta, ToolExamplesBeta,
    ];

    private const string ContextManagementBeta = "context-management-2025-06-27";
    private const string EffortBeta = "effort-2025-11-24";
    private const string ToolSearchBeta = "tool-search-tool-2025-10-19";
    private const string ToolExamplesBeta = "tool-examples-2025-10-29";

    private static readonly string[] RequiredFields = ["model", "max_tokens", "messages"];
    private static readonly string[] SamplingFields = ["temperature", "top_p", "top_k"];
    private static readonly string[] Fields =
    [
        "model", "max_tokens", "messages", "system", "tools", "tool_choice", "stream", "stop_sequences", "temperature", "top_p", "top_k",
        "thinking", "output_config", "metadata",
    ];

    public static IEnumerable<string> Problems(IHeaderDictionary headers, QueryString query, JsonElement body)
    {
        if (query.HasValue)
        {
            yield return $"unexpected query string '{query.Value}'";
        }

        if (headers["anthropic-version"].ToString() is not "2023-06-01" and var version)
        {
            yield return version.Length == 0 ? "anthropic-version: header is required" : $"anthropic-version: \"{version}\" is not a valid version";
        }

        var betas = headers["anthropic-beta"].SelectMany(line => line!.Split(',', StringSplitOptions.TrimEntries)).ToHashSet();
        if (betas.FirstOrDefault(beta => !Betas.Contains(beta)) is { } unknown)
        {
            yield return $"Unexpected value(s) `{unknown}` for the `anthropic-beta` header. Please consult our documentation or try again without the header.";
        }

        IEnumerable<string>[] groups =
        [
            TopLevel(body, betas),
            Thinking(body),
            OutputConfig(body, betas),
            System(body),
            Tools(body, betas),
            ToolChoice(body),
            MessageRules.Problems(body, toolSearch: betas.Contains(ToolSearchBeta)),
            Breakpoints(body),
        ];
        foreach (var problem in groups.SelectMany(group => group))
        {
            yield return problem;
        }
    }

    private static IEnumerable<string> TopLevel(JsonElement body, HashSet<string> betas)
    {
        foreach (var required in RequiredFields)
        {
            if (body.Property(required) is null)
            {
                yield return $"{required}: Field required";
            }
        }

        foreach (var field in body.EnumerateObject())
        {
            if (field.NameEquals("service_tier"))
            {
                yield return "service_tier: this parameter is not supported";
            }

            if (!Fields.Contains(field.Name) && !(field.NameEquals("context_management") && betas.Contains(ContextManagementBeta)))
            {
                yield return $"{field.Name}: Extra inputs are not permitted";
            }
        }

        if (body.Int("max_tokens") is not >= 1)
        {
            yield return "max_tokens: Input should be greater than or equal to 1";
        }

        if (body.Property("stream") is not null && body.Bool("stream") is null)
        {
            yield return "stream: Input should be a valid boolean";
        }

        if (body.Property("metadata") is { } metadata && metadata.EnumerateObject().Any(field => !field.NameEquals("user_id")))
        {
            yield return "metadata: Extra inputs are not permitted";
        }
    }

    private static IEnumerable<string> Thinking(JsonElement body)
    {
        var model = ModelCatalog.Find(body.Text("model")!)!;
        var type = body.Property("thinking")?.Text("type");
        var sampling = SamplingFields.FirstOrDefault(name => body.Property(name) is not null);
        if (sampling is not null && !model.SamplingParameters)
        {
            yield return $"`{sampling}` is not supported by {model.Name}";
        }

        if (body.Property("thinking") is not { } thinking)
        {
            yield break;
        }

        foreach (var field in thinking.EnumerateObject().Where(field => field.Name is not "type" && !(type is "enabled" && field.Name is "budget_tokens")))
        {
            yield return $"thinking.{type}.{field.Name}: Extra inputs are not permitted";
        }

        switch (type)
        {
            case "disabled":
                yield break;
            case "adaptive" when !model.AdaptiveThinking:
                yield return $"adaptive thinking is not supported on this model: {model.Name}";
                break;
            case "enabled" when !model.BudgetThinking:
                yield return $"\"thinking.type.enabled\" is not supported for this model: {model.Name}. Use \"thinking.type.adaptive\" and \"output_config.effort\" to control thinking behavior.";
                break;
            case "enabled" when thinking.Int("budget_tokens") is not >= 1024:
                yield return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024";
                break;
            case "enabled" when thinking.Int("budget_tokens") >= body.Int("max_tokens"):
                yield return "`max_tokens` must be greater than `thinking.budget_tokens`";
                break;
            case not ("enabled" or "adaptive"):
                yield return $"thinking.type: Input tag '{type}' does not match any of the expected tags: 'adaptive', 'disabled', 'enabled'";
                break;
        }

        if (sampling is not null)
        {
            yield return $"`{sampling}` may not be set when thinking is enabled";
        }

        if (body.Property("tool_choice")?.Text("type") is "any" or "tool")
        {
            yield return "Thinking may not be enabled when tool_choice forces tool use.";
        }
    }

    private static IEnumerable<string> OutputConfig(JsonElement body, HashSet<string> betas)
    {
        if (body.Property("output_config") is not { } config)
        {
            yield break;
        }

        foreach (var field in config.EnumerateObject().Where(field => field.Name is not ("effort" or "format")))
        {
            yield return $"output_config.{field.Name}: Extra inputs are not permitted";
        }

        var model = ModelCatalog.Find(body.Text("model")!)!;
        if (config.Property("effort") is { } effort)
        {
            if (effort.ValueKind != JsonValueKind.String || effort.GetString() is not ("max" or "high" or "medium" or "low"))
            {
                yield return "output_config.effort: Input should be 'low', 'medium', 'high' or 'max'";
            }

            if (!model.AdaptiveThinking && !(model.Name is "claude-opus-4-5" && betas.Contains(EffortBeta)))
            {
                yield return "output_config.effort: This model does not support the effort parameter.";
            }
        }

        if (config.Property("format") is { } format)
        {
            if (format.Text("type") is not "json_schema" || format.Property("schema") is not { ValueKind: JsonValueKind.Object } schema)
            {
                yield return "output_config.format: expected type json_schema with a schema";
            }
            else if (schema.Text("type") is "object" && schema.Bool("additionalProperties") is not false)
            {
                yield return "output_config.format.schema: For 'object' type, 'additionalProperties' must be explicitly set to false";
            }
        }
    }

    private static IEnumerable<string> System(JsonElement body)
    {
        if (body.Property("system") is not { ValueKind: not JsonValueKind.String } system)
        {
            yield break;
        }

        if (system.ValueKind != JsonValueKind.Array)
        {
            yield return "system: Input should be a string or a list of text blocks";
            yield break;
        }

        var index = 0;
        foreach (var block in system.EnumerateArray())
        {
            if (block.Text("type") is not "text")
            {
                yield return $"system.{index}: only text blocks are allowed";
            }

            foreach (var problem in MessageRules.Block(block, $"system.{index}", ["text"], toolSearch: false))
            {
                yield return problem;
            }

            index++;
        }
    }

    private static IEnumerable<string> Tools(JsonElement body, HashSet<string> betas)
    {
        if (body.Property("tools") is { ValueKind: not JsonValueKind.Array })
        {
            yield return "tools: Input should be a valid list";
        }

        var names = new HashSet<string>();
        var index = 0;
        foreach (var tool in body.Property("tools").Items())
        {
            var at = $"tools.{index++}";
            var searchTool = tool.Text("type") is { } type && type.StartsWith("tool_search_tool_", StringComparison.Ordinal);
            if (tool.Text("type") is not (null or "custom") and var serverTool && !(searchTool && betas.Contains(ToolSearchBeta)))
            {
                yield return $"{at}: Input tag '{serverTool}' found using 'type' does not match any of the expected tags: 'custom'";
            }

            foreach (var field in tool.EnumerateObject().Where(field => !IsToolField(field.Name, betas)))
            {
                yield return $"{at}.custom.{field.Name}: Extra inputs are not permitted";
            }

            if (tool.Text("name") is not { } name || !ToolName().IsMatch(name))
            {
                yield return $"{at}.custom.name: String should match pattern '^[a-zA-Z0-9_-]{{1,128}}$'";
            }
            else if (!names.Add(name))
            {
                yield return "tools: Tool names must be unique.";
            }

            if (!searchTool && tool.Property("input_schema")?.Text("type") is not "object")
            {
                yield return $"{at}.custom.input_schema.type: Input should be 'object'";
            }

            foreach (var problem in MessageRules.CacheControl(tool, $"{at}.custom"))
            {
                yield return problem;
            }
        }
    }

    private static bool IsToolField(string name, HashSet<string> betas) => name switch
    {
        "name" or "description" or "input_schema" or "type" or "cache_control" => true,
        "defer_loading" => betas.Contains(ToolSearchBeta),
        "input_examples" => betas.Contains(ToolExamplesBeta),
        _ => false,
    };

    private static IEnumerable<string> ToolChoice(JsonElement body)
    {
        if (body.Property("tool_choice") is not { } choice)
        {
            yield break;
        }

        var tools = body.Property("tools").Items().Select(tool => tool.Text("name")).ToHashSet();
        var type = choice.Text("type");
        if (type is not ("auto" or "any" or "tool" or "none"))
        {
            yield return $"tool_choice: Input tag '{type}' does not match any of the expected tags: 'auto', 'any', 'tool', 'none'";
        }

        if (tools.Count == 0)
        {
            yield return "tool_choice: may only be specified while providing tools";
        }

        if (type is "tool" && !tools.Contains(choice.Text("name")))
        {
            yield return $"tool_choice: Tool '{choice.Text("name")}' not found in provided tools";
        }

        foreach (var field in choice.EnumerateObject().Where(field => field.Name is not ("type" or "name" or "disable_parallel_tool_use")))
        {
            yield return $"tool_choice.{type}.{field.Name}: Extra inputs are not permitted";
        }
    }

    private static IEnumerable<string> Breakpoints(JsonElement body)
    {
        var count = PromptSegments.Of(body).Count(segment => segment.Breakpoint);
        if (count > 4)
        {
            yield return $"A maximum of 4 blocks with cache_control may be provided. Found {count}.";
        }
    }

    [GeneratedRegex("^[a-zA-Z0-9_-]{1,128}$")]
    private static partial Regex ToolName();
}
