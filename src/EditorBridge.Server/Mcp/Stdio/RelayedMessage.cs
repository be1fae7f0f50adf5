using System.Text;
using System.Text.Json;

namespace EditorBridge.Mcp.Stdio;

/// <summary>One JSON-RPC message of a client, read as far as a relay has to: its bytes go on unchanged.</summary>
/// <param name="Id">The raw JSON of the id; null for a notification.</param>
/// <param name="Method">Null for a client's answer to a question of the server.</param>
internal sealed record RelayedMessage(byte[] Bytes, string? Id, string? Method)
{
    /// <summary>What the modern protocol wants repeated in headers: name and value, printable ASCII.</summary>
    public IReadOnlyList<(string Name, string Value)> Headers { get; private init; } = [];

    /// <summary>True for the protocol whose requests each say their version; false for a session that began with <c>initialize</c>.</summary>
    public bool IsModern { get; private init; }

    /// <summary>With <c>notifications/cancelled</c>: the raw id of the request that is no longer wanted.</summary>
    public string? Cancels { get; private init; }

    public bool IsRequest => Id is not null && Method is not null;

    /// <summary>True for what may be sent again when no answer came: asking changes nothing.</summary>
    public bool IsRepeatable => Method is "initialize" or "ping" or "server/discover" || (Method?.EndsWith("/list", StringComparison.Ordinal) ?? false);

    /// <returns>Null when the line is no JSON-RPC message.</returns>
    public static RelayedMessage? Read(ReadOnlyMemory<byte> line, ParameterHeaders parameters)
    {
        try
        {
            using var document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = 128 });
            var root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object) return null;
            var method = Text(root, "method");
            var id = root.TryGetProperty("id", out var given) && given.ValueKind is JsonValueKind.String or JsonValueKind.Number ? given.GetRawText() : null;
            if (id is null && method is null) return null;
            var parameter = root.TryGetProperty("params", out var found) && found.ValueKind == JsonValueKind.Object ? found : default;
            var version = parameter.ValueKind == JsonValueKind.Object && parameter.TryGetProperty("_meta", out var meta) && meta.ValueKind == JsonValueKind.Object
                ? Text(meta, "io.modelcontextprotocol/protocolVersion") : null;
            return new RelayedMessage(line.ToArray(), id, method)
            {
                IsModern = version is not null,
                Headers = version is null ? [] : [("MCP-Protocol-Version", version), .. Modern(method, parameter, parameters)],
                Cancels = method == "notifications/cancelled" && parameter.ValueKind == JsonValueKind.Object && parameter.TryGetProperty("requestId", out var cancelled) ? cancelled.GetRawText() : null,
            };
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>A header's value as the protocol spells it: what is not plain ASCII goes in base64.</summary>
    public static string HeaderValue(string value)
    {
        var plain = value.Length > 0 && value == value.Trim() && value.All(c => c is >= ' ' and <= '~') && !value.StartsWith("=?base64?", StringComparison.Ordinal);
        return plain ? value : $"=?base64?{Convert.ToBase64String(Encoding.UTF8.GetBytes(value))}?=";
    }

    private static IEnumerable<(string, string)> Modern(string? method, JsonElement parameter, ParameterHeaders parameters)
    {
        if (method is null) yield break;
        yield return ("Mcp-Method", HeaderValue(method));
        if (parameter.ValueKind != JsonValueKind.Object) yield break;
        var name = Text(parameter, "name") ?? Text(parameter, "uri");
        if (name is not null && method is "tools/call" or "prompts/get" or "resources/read") yield return ("Mcp-Name", HeaderValue(name!));
        if (method != "tools/call" || name is null || !parameter.TryGetProperty("arguments", out var arguments)) yield break;
        foreach (var header in parameters.For(name, arguments)) yield return header;
    }

    internal static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}

/// <summary>Tools whose schema wants arguments repeated in headers (<c>x-mcp-header</c>), learned from the lists that go by.</summary>
internal sealed class ParameterHeaders
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, (string Argument, string Header)[]> _byTool = new(StringComparer.Ordinal);

    /// <summary>Looks at an answer; a list of tools is remembered, everything else passes.</summary>
    public void Learn(ReadOnlyMemory<byte> message)
    {
        if (message.Span.IndexOf("\"x-mcp-header\""u8) < 0) return;
        try
        {
            using var document = JsonDocument.Parse(message);
            if (!document.RootElement.TryGetProperty("result", out var result) || result.ValueKind != JsonValueKind.Object
                || !result.TryGetProperty("tools", out var tools) || tools.ValueKind != JsonValueKind.Array) return;
            foreach (var tool in tools.EnumerateArray()) Learn(tool);
        }
        catch (JsonException)
        {
            // Not ours to judge: the client is told by its own reader.
        }
    }

    public IEnumerable<(string Name, string Value)> For(string tool, JsonElement arguments)
    {
        (string Argument, string Header)[]? wanted;
        lock (_lock) _byTool.TryGetValue(tool, out wanted);
        if (wanted is null || arguments.ValueKind != JsonValueKind.Object) yield break;
        foreach (var (argument, header) in wanted)
        {
            if (!arguments.TryGetProperty(argument, out var value) || value.ValueKind is JsonValueKind.Null or JsonValueKind.Object or JsonValueKind.Array) continue;
            yield return ("Mcp-Param-" + header, RelayedMessage.HeaderValue(value.ValueKind == JsonValueKind.String ? value.GetString()! : value.GetRawText()));
        }
    }

    private void Learn(JsonElement tool)
    {
        if (RelayedMessage.Text(tool, "name") is not { } name || !tool.TryGetProperty("inputSchema", out var schema) || schema.ValueKind != JsonValueKind.Object
            || !schema.TryGetProperty("properties", out var properties) || properties.ValueKind != JsonValueKind.Object) return;
        var headers = properties.EnumerateObject()
            .Where(p => p.Value.ValueKind == JsonValueKind.Object && RelayedMessage.Text(p.Value, "x-mcp-header") is { Length: > 0 } header && header.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '_'))
            .Select(p => (p.Name, RelayedMessage.Text(p.Value, "x-mcp-header")!)).ToArray();
        lock (_lock) _byTool[name] = headers;
    }
}
