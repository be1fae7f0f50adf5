using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>Tools that the conversation itself brings or withdraws, in the order it does so.</summary>
internal sealed class ToolChanges
{
    private readonly List<(string Name, JsonElement? Definition, bool Offered)> _changes = [];

    /// <summary>Reads a <c>tool_addition</c> or <c>tool_removal</c> block.</summary>
    public void Add(JsonElement block, SanitizerPass pass, string where)
    {
        var added = block.Is("type"u8, "tool_addition"u8);
        var tool = block.Member("tool"u8) ?? default;
        var definition = tool.Is("type"u8, "tool_definition"u8) ? tool.Member("definition"u8) : null;
        pass.Log.Add(RemovalKind.ToolReference, added ? "tool_addition" : "tool_removal", where);
        if ((definition?.Text("name"u8) ?? tool.Text("name"u8)) is { } name)
        {
            _changes.Add((name, definition, added));
        }
    }

    /// <summary>A result that names a deferred tool makes it available from then on.</summary>
    public void Refer(string name) => _changes.Add((name, null, true));

    /// <summary>The tools to send: the declared ones in their order, then what came later in the order it came, so that earlier bytes never move.</summary>
    public List<JsonElement> Apply(List<JsonElement> declared, List<JsonElement> deferred)
    {
        var tools = new List<JsonElement>(declared);
        foreach (var (name, definition, offered) in _changes)
        {
            var at = tools.FindIndex(tool => tool.Text("name"u8) == name);
            if (!offered && at >= 0)
            {
                tools.RemoveAt(at);
            }
            else if (offered && at < 0)
            {
                var candidates = deferred.Concat(declared).Where(tool => tool.Text("name"u8) == name).Take(1);
                tools.AddRange(definition is { } given ? [given] : candidates);
            }
        }
        return tools;
    }
}

/// <summary>The tools of a request, in the form Cortex takes.</summary>
internal static class ToolSanitizer
{
    private static readonly string[] ServerTools = ["web_search_", "web_fetch_", "code_execution_", "tool_search_tool_", "advisor_"];

    public static List<OutBlock> Read(JsonElement? tools, ToolChanges changes, SanitizerPass pass)
    {
        var declared = new List<JsonElement>();
        var deferred = new List<JsonElement>();
        if (tools is { ValueKind: JsonValueKind.Array } list)
        {
            var index = 0;
            foreach (var tool in list.EnumerateArray())
            {
                Sort(tool, declared, deferred, pass, $"tools[{index++}]");
            }
        }
        var sent = changes.Apply(declared, deferred);
        return [.. sent.Select((tool, index) => OutBlock.From(tool, CacheControl.Read(tool, pass, $"tools[{index}]"), Kept(tool, pass, $"tools[{index}]")))];
    }

    private static void Sort(JsonElement tool, List<JsonElement> declared, List<JsonElement> deferred, SanitizerPass pass, string where)
    {
        if (tool.ValueKind != JsonValueKind.Object)
        {
            pass.Refuse($"{where}: Input should be an object");
            return;
        }
        var type = tool.Text("type"u8) ?? "custom";
        if (type == "mcp_toolset")
        {
            McpToolset(tool, pass, where);
        }
        else if (Array.Exists(ServerTools, prefix => type.StartsWith(prefix, StringComparison.Ordinal)))
        {
            if (pass.Rules.ServerTools == UnsupportedPart.Refuse)
            {
                pass.Refuse($"{where}: the tool {type} runs at the model's provider and is not available on Snowflake Cortex. "
                    + "Use a local tool instead, or set \"serverTools\": \"remove\" in proxy.json; nothing was sent to the account.");
            }
            pass.Log.Add(RemovalKind.ServerTool, type, where);
        }
        else if (tool.IsTrue("defer_loading"u8) && !pass.Betas.Contains(CortexSanitizer.ToolSearchBeta))
        {
            pass.Log.Add(RemovalKind.DeferredTool, tool.Text("name"u8) ?? "tool", where);
            deferred.Add(tool);
        }
        else if (string.IsNullOrEmpty(tool.Text("name"u8)))
        {
            pass.Refuse($"{where}.name: Field required");
        }
        else
        {
            declared.Add(tool);
        }
    }

    private static void McpToolset(JsonElement tool, SanitizerPass pass, string where)
    {
        if (pass.Rules.McpServers == UnsupportedPart.Refuse)
        {
            pass.Refuse(CortexSanitizer.McpServersRefusal);
        }
        pass.Log.Add(RemovalKind.McpServers, tool.Text("mcp_server_name"u8) ?? "mcp_toolset", where);
    }

    private static Func<string, bool>? Kept(JsonElement tool, SanitizerPass pass, string where)
    {
        // Tools defined by Anthropic but run by the client have members of their own; a custom tool has just these.
        var custom = tool.Text("type"u8) is null or "custom";
        bool Keep(string name) => name switch
        {
            "eager_input_streaming" or "custom" or "strict" or "allowed_callers" => false,
            "defer_loading" => pass.Betas.Contains(CortexSanitizer.ToolSearchBeta),
            "input_examples" => pass.Betas.Contains(CortexSanitizer.ToolExamplesBeta),
            "name" or "description" or "input_schema" or "type" => true,
            _ => !custom,
        };
        var clean = true;
        foreach (var member in tool.EnumerateObject())
        {
            if (!member.NameEquals("cache_control"u8) && !Keep(member.KnownName()))
            {
                clean = false;
                pass.Log.Add(RemovalKind.ToolField, member.KnownName(), where);
            }
        }
        return clean ? null : Keep;
    }
}
