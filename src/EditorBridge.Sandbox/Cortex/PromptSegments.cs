using System.Text;
using System.Text.Json;
using EditorBridge.Sandbox.Http;

namespace EditorBridge.Sandbox.Cortex;

/// <summary>A piece of the prompt that can end a cached prefix.</summary>
/// <param name="Text">The piece's JSON without its cache_control, which is no part of what is cached.</param>
/// <param name="Breakpoint">True when the piece carries cache_control.</param>
internal readonly record struct PromptSegment(string Text, bool Breakpoint)
{
    /// <summary>The sandbox's deterministic token count: four characters are one token, rounded up.</summary>
    public int Tokens => TokenCount.Of(Text);
}

internal static class TokenCount
{
    public static int Of(string text) => (text.Length + 3) / 4;
}

/// <summary>Cuts a request into segments in the order in which prefixes are cached: tools, system, messages.</summary>
internal static class PromptSegments
{
    public static IEnumerable<PromptSegment> Of(JsonElement body)
    {
        foreach (var tool in body.Property("tools").Items())
        {
            yield return Segment(tool);
        }

        if (body.Text("system") is { } system)
        {
            yield return new PromptSegment(system, Breakpoint: false);
        }

        foreach (var block in body.Property("system").Items())
        {
            yield return Segment(block);
        }

        foreach (var message in body.Property("messages").Items())
        {
            if (message.Text("content") is { } text)
            {
                yield return new PromptSegment(text, Breakpoint: false);
            }

            foreach (var block in message.Property("content").Items())
            {
                yield return Segment(block);
            }
        }
    }

    private static PromptSegment Segment(JsonElement block)
    {
        if (block.ValueKind != JsonValueKind.Object || block.Property("cache_control") is not { ValueKind: JsonValueKind.Object })
        {
            return new PromptSegment(Content(block), Breakpoint: false);
        }

        var bare = SandboxJson.Bytes(writer =>
        {
            writer.WriteStartObject();
            foreach (var field in block.EnumerateObject().Where(field => !field.NameEquals("cache_control")))
            {
                field.WriteTo(writer);
            }

            writer.WriteEndObject();
        });
        using var parsed = JsonDocument.Parse(bare);
        return new PromptSegment(Content(parsed.RootElement), Breakpoint: true);
    }

    /// <summary>Plain text counts as its text; everything else as its compact JSON, whatever white space it arrived with.</summary>
    private static string Content(JsonElement block) => block.Text("type") is "text"
        ? block.Text("text") ?? ""
        : Encoding.UTF8.GetString(SandboxJson.Bytes(block.WriteTo));
}
