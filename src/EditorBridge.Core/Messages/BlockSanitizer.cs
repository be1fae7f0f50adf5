using System.Buffers;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>Content blocks, one by one, in the form Cortex takes.</summary>
internal sealed class BlockSanitizer(SanitizerPass pass, bool secondVersion)
{
    private int _images;
    private int _imagesSeen;

    /// <summary>Only the last images may stay, so they are counted first; images inside tool results count as well.</summary>
    public void CountImages(JsonElement messages)
    {
        foreach (var message in messages.EnumerateArray())
        {
            _images += Images(message.Member("content"u8));
        }
    }

    public void Sanitize(JsonElement content, List<OutBlock> target, bool fromUser, string where, ToolChanges toolChanges)
    {
        var index = 0;
        foreach (var block in content.EnumerateArray())
        {
            var at = $"{where}.content[{index++}]";
            var breakpoint = CacheControl.Read(block, pass, at);
            if (block.Is("type"u8, "tool_addition"u8) || block.Is("type"u8, "tool_removal"u8))
            {
                toolChanges.Add(block, pass, at);
            }
            else if (block.Is("type"u8, "tool_result"u8))
            {
                target.Add(ToolResult(block, breakpoint, at, toolChanges));
            }
            else
            {
                Add(block, target, breakpoint, fromUser, at);
            }
        }
    }

    private static int Images(JsonElement? content)
    {
        var count = 0;
        if (content is { ValueKind: JsonValueKind.Array } blocks)
        {
            foreach (var block in blocks.EnumerateArray())
            {
                count += block.Is("type"u8, "image"u8) ? 1 : block.Is("type"u8, "tool_result"u8) ? Images(block.Member("content"u8)) : 0;
            }
        }
        return count;
    }

    private void Add(JsonElement block, List<OutBlock> target, bool breakpoint, bool fromUser, string where)
    {
        switch (block.Text("type"u8))
        {
            case "text":
                Text(block, target, breakpoint, fromUser, where);
                break;
            case "thinking":
                Thinking(block, target, where);
                break;
            case "redacted_thinking":
                target.Add(OutBlock.Thinking(block));
                break;
            case "tool_use":
                target.Add(OutBlock.From(block, breakpoint, Kept(block, where, "type", "id", "name", "input"), isToolUse: true));
                break;
            case "image":
                target.Add(Image(block, breakpoint, where));
                break;
            case "document" when secondVersion && !fromUser:
                pass.Refuse($"{where}: a document block is not allowed in an assistant message.");
                break;
            case "document" or "container_upload":
                Document(block, target, breakpoint, where);
                break;
            case "search_result":
                pass.Log.Add(RemovalKind.SearchResult, "search_result", where);
                target.Add(OutBlock.Text(SearchResultText(block), breakpoint));
                break;
            case "compaction":
                pass.Log.Add(RemovalKind.Compaction, "compaction", where);
                AddNotBlank(block.Text("content"u8), target, breakpoint);
                break;
            case "tool_reference":
                pass.Log.Add(RemovalKind.ToolReference, "tool_reference", where);
                target.Add(OutBlock.Text($"The tool {block.Text("tool_name"u8)} is available.", breakpoint));
                break;
            case { } type when IsServerSide(type):
                pass.Log.Add(RemovalKind.ServerToolBlock, type, where);
                break;
            default:
                // A block type of tomorrow: the account decides.
                target.Add(OutBlock.From(block, breakpoint));
                break;
        }
    }

    private static bool IsServerSide(string type) =>
        type is "server_tool_use" or "mcp_tool_use" or "mcp_tool_result" or "mcp_tool_listing" or "fallback" or "advisor_tool_result" or "browser_state"
        || (type.EndsWith("_tool_result", StringComparison.Ordinal) && type is not "tool_result");

    private void Text(JsonElement block, List<OutBlock> target, bool breakpoint, bool fromUser, string where)
    {
        if (block.Member("text"u8) is not { ValueKind: JsonValueKind.String } text || text.IsBlankText())
        {
            pass.Log.Add(RemovalKind.EmptyText, "text", where);
            return;
        }
        if (secondVersion && fromUser && block.Member("citations"u8) is { ValueKind: JsonValueKind.Array } citations && citations.GetArrayLength() > 0)
        {
            pass.Refuse($"{where}.citations: not allowed in a user message.");
        }
        target.Add(OutBlock.From(block, breakpoint, Kept(block, where, "type", "text")));
    }

    private void Thinking(JsonElement block, List<OutBlock> target, string where)
    {
        if (block.Member("signature"u8) is { ValueKind: JsonValueKind.String } signature && WireJson.Raw(signature).Length > 2)
        {
            target.Add(OutBlock.Thinking(block));
            return;
        }
        pass.Log.Add(RemovalKind.UnsignedThinking, "thinking", where);
    }

    private OutBlock Image(JsonElement block, bool breakpoint, string where)
    {
        _imagesSeen++;
        if (_images - _imagesSeen >= pass.Rules.MaxImages)
        {
            pass.Log.Add(RemovalKind.ExcessImage, "image", where);
            return OutBlock.Text("[An older image was left out: the account takes at most " + pass.Rules.MaxImages + " images in a conversation.]", breakpoint);
        }
        if (block.Member("source"u8) is { } source && source.Is("type"u8, "base64"u8))
        {
            return OutBlock.From(block, breakpoint, Kept(block, where, "type", "source"));
        }
        if (pass.Rules.RemoteImages == UnsupportedPart.Refuse)
        {
            pass.Refuse($"{where}.source: Cortex takes images only as base64, not by URL or file id. Send the image's bytes; nothing was sent to the account.");
        }
        pass.Log.Add(RemovalKind.ImageSource, "image", where);
        return OutBlock.Text("[An image given by reference was left out: the account takes images only as base64.]", breakpoint);
    }

    private void Document(JsonElement block, List<OutBlock> target, bool breakpoint, string where)
    {
        pass.Log.Add(RemovalKind.Document, block.Text("type"u8)!, where);
        var title = block.Text("title"u8);
        var source = block.Member("source"u8) ?? default;
        if (DocumentText(source) is { } text)
        {
            target.Add(OutBlock.Text($"<document{(title is null ? "" : $" title=\"{title}\"")}>\n{text}\n</document>", breakpoint));
            return;
        }
        if (pass.Rules.Documents == UnsupportedPart.Refuse)
        {
            pass.Refuse($"{where}: Cortex takes no documents (PDF or uploaded file). Send its text, or images of its pages; nothing was sent to the account.");
        }
        target.Add(OutBlock.Text($"[The document{(title is null ? "" : $" \"{title}\"")} was left out: the account takes no PDFs or uploaded files. Its content is unknown.]", breakpoint));
    }

    /// <summary>The text of a document that is one, or null.</summary>
    private static string? DocumentText(JsonElement source)
    {
        if (source.Is("type"u8, "text"u8))
        {
            return source.Text("data"u8);
        }
        if (!source.Is("type"u8, "content"u8))
        {
            return null;
        }
        return source.Member("content"u8) switch
        {
            { ValueKind: JsonValueKind.String } text => text.TextOrNull(),
            { ValueKind: JsonValueKind.Array } parts => string.Join('\n', parts.EnumerateArray().Select(part => part.Text("text"u8)).OfType<string>()),
            _ => null,
        };
    }

    private static string SearchResultText(JsonElement block)
    {
        var texts = block.Member("content"u8) is { ValueKind: JsonValueKind.Array } content
            ? content.EnumerateArray().Select(part => part.Text("text"u8)).OfType<string>()
            : [];
        return $"<search_result title=\"{block.Text("title"u8)}\" source=\"{block.Text("source"u8)}\">\n{string.Join('\n', texts)}\n</search_result>";
    }

    private static void AddNotBlank(string? text, List<OutBlock> target, bool breakpoint)
    {
        if (!string.IsNullOrWhiteSpace(text))
        {
            target.Add(OutBlock.Text(text, breakpoint));
        }
    }

    private OutBlock ToolResult(JsonElement block, bool breakpoint, string where, ToolChanges toolChanges)
    {
        if (block.Member("content"u8) is not { ValueKind: JsonValueKind.Array } content)
        {
            return OutBlock.From(block, breakpoint, Kept(block, where, "type", "tool_use_id", "content", "is_error"));
        }
        var inner = new List<OutBlock>();
        var index = 0;
        foreach (var part in content.EnumerateArray())
        {
            var at = $"{where}.content[{index++}]";
            // Cortex takes no breakpoint inside a tool result; at its end it covers the same text.
            breakpoint |= CacheControl.Read(part, pass, at);
            if (part.Text("tool_name"u8) is { } referenced && part.Is("type"u8, "tool_reference"u8))
            {
                toolChanges.Refer(referenced);
            }
            if (part.ValueKind == JsonValueKind.Object)
            {
                Add(part, inner, breakpoint: false, fromUser: true, at);
            }
        }
        return OutBlock.Written(ToolResultMembers(block, inner, where), breakpoint);
    }

    private byte[] ToolResultMembers(JsonElement block, List<OutBlock> inner, string where)
    {
        var keep = Kept(block, where, "type", "tool_use_id", "content", "is_error");
        var written = WireJson.Build(json =>
        {
            json.WriteStartObject();
            foreach (var member in block.EnumerateObject())
            {
                if (member.NameEquals("content"u8))
                {
                    json.WriteStartArray("content"u8);
                    inner.ForEach(part => part.WriteTo(json));
                    json.WriteEndArray();
                }
                else if (!member.NameEquals("cache_control"u8) && (keep is null || keep(member.KnownName())))
                {
                    json.CopyProperty(member);
                }
            }
            json.WriteEndObject();
        });
        return written[1..^1];
    }

    /// <summary>Null when the block has no member but the known ones, which lets its bytes pass as they are.</summary>
    private Func<string, bool>? Kept(JsonElement block, string where, params string[] known)
    {
        var clean = true;
        foreach (var member in block.EnumerateObject())
        {
            if (member.NameEquals("cache_control"u8) || Array.Exists(known, member.NameEquals))
            {
                continue;
            }
            clean = false;
            pass.Log.Add(RemovalKind.BlockField, member.KnownName(), where);
        }
        return clean ? null : name => Array.IndexOf(known, name) >= 0;
    }
}
