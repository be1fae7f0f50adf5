using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>What a sanitising pass carries along: settings in, removals and at most one refusal out.</summary>
internal sealed class SanitizerPass(SanitizerRules rules, IReadOnlySet<string> betas)
{
    public SanitizerRules Rules { get; } = rules;

    /// <summary>Betas that stay in the header.</summary>
    public IReadOnlySet<string> Betas { get; } = betas;

    public RemovalLog Log { get; } = new();

    /// <summary>The first reason to refuse the whole request.</summary>
    public AnthropicError? Refusal { get; private set; }

    public void Refuse(string message) => Refusal ??= AnthropicErrors.InvalidRequest(message);
}

/// <summary>A part of the outgoing body that may carry a cache breakpoint: a tool, a system block or a content block.</summary>
internal sealed class OutBlock
{
    private readonly JsonElement? _source;
    private readonly byte[]? _written;
    private readonly Func<string, bool>? _keep;

    private OutBlock(JsonElement? source, byte[]? written, Func<string, bool>? keep, bool breakpoint)
    {
        _source = source;
        _written = written;
        _keep = keep;
        Breakpoint = breakpoint;
    }

    public bool Breakpoint { get; set; }

    /// <summary>Thinking is replayed as it is and takes no cache control.</summary>
    public bool Cacheable { get; private init; } = true;

    public bool IsToolUse { get; private init; }

    public bool IsThinking { get; private init; }

    /// <summary>A block from the client, its bytes unchanged but for cache control and the members <paramref name="keep"/> refuses.</summary>
    public static OutBlock From(JsonElement source, bool breakpoint, Func<string, bool>? keep = null, bool isToolUse = false) =>
        new(source, null, keep, breakpoint) { IsToolUse = isToolUse };

    /// <summary>A thinking block: signed bytes, never touched.</summary>
    public static OutBlock Thinking(JsonElement source) => new(source, null, null, breakpoint: false) { Cacheable = false, IsThinking = true };

    /// <summary>A block written here: members without braces, such as <c>"type":"text","text":"…"</c>.</summary>
    public static OutBlock Written(byte[] members, bool breakpoint) => new(null, members, null, breakpoint);

    public static OutBlock Text(string text, bool breakpoint) => RawText(JsonEncodedText.Encode(text, WireJson.WriterOptions.Encoder).EncodedUtf8Bytes, breakpoint);

    /// <summary>A text block around the inside of a JSON string, escapes and all.</summary>
    public static OutBlock RawText(ReadOnlySpan<byte> escaped, bool breakpoint) =>
        Written([.. "\"type\":\"text\",\"text\":\""u8, .. escaped, (byte)'"'], breakpoint);

    public void WriteTo(Utf8JsonWriter json)
    {
        if (_written is not null)
        {
            json.WriteRawValue([(byte)'{', .. _written, .. Breakpoint ? ",\"cache_control\":{\"type\":\"ephemeral\"}}"u8 : "}"u8], skipInputValidation: true);
            return;
        }
        var source = _source!.Value;
        if (IsThinking || (_keep is null && SameBreakpoint(source)))
        {
            json.WriteRaw(source);
            return;
        }
        json.WriteStartObject();
        foreach (var member in source.EnumerateObject())
        {
            if (!member.NameEquals("cache_control"u8) && (_keep is null || _keep(member.KnownName())))
            {
                json.CopyProperty(member);
            }
        }
        if (Breakpoint)
        {
            json.WritePropertyName("cache_control"u8);
            json.WriteRawValue("{\"type\":\"ephemeral\"}"u8, skipInputValidation: true);
        }
        json.WriteEndObject();
    }

    private bool SameBreakpoint(JsonElement source) => source.Member("cache_control"u8) is not { } control
        ? !Breakpoint
        : Breakpoint && control.GetPropertyCount() == 1;
}

/// <summary>Reading cache control as the client wrote it.</summary>
internal static class CacheControl
{
    /// <summary>Whether an element carries a breakpoint; what Cortex refuses of it goes into the log.</summary>
    public static bool Read(JsonElement element, SanitizerPass pass, string where)
    {
        if (element.Member("cache_control"u8) is not { } control)
        {
            return false;
        }
        if (control.ValueKind != JsonValueKind.Object)
        {
            pass.Log.Add(RemovalKind.CacheControlOption, "cache_control", where);
            return false;
        }
        foreach (var member in control.EnumerateObject())
        {
            if (!member.NameEquals("type"u8))
            {
                pass.Log.Add(RemovalKind.CacheControlOption, $"cache_control.{member.KnownName()}", $"{where}.cache_control");
            }
        }
        return true;
    }

    /// <summary>
    /// Keeps what saves most when there are too many: the last of the messages (this turn's), of the system and of the tools
    /// (the big stable prefix), then the one before in the messages (the last turn's), then the latest of the rest.
    /// </summary>
    public static void Limit(IReadOnlyList<OutBlock> tools, IReadOnlyList<OutBlock> system, IReadOnlyList<OutBlock> messages, SanitizerPass pass)
    {
        var marked = messages.Where(block => block.Breakpoint).Reverse().ToList();
        var markedSystem = system.Where(block => block.Breakpoint).Reverse().ToList();
        var markedTools = tools.Where(block => block.Breakpoint).Reverse().ToList();
        if (marked.Count + markedSystem.Count + markedTools.Count <= pass.Rules.MaxCacheBreakpoints)
        {
            return;
        }
        var order = marked.Take(1).Concat(markedSystem.Take(1)).Concat(markedTools.Take(1)).Concat(marked.Skip(1).Take(1))
            .Concat(marked.Skip(2)).Concat(markedSystem.Skip(1)).Concat(markedTools.Skip(1));
        foreach (var block in order.Skip(pass.Rules.MaxCacheBreakpoints))
        {
            block.Breakpoint = false;
            pass.Log.Add(RemovalKind.CacheBreakpoint, "cache_control", "messages");
        }
    }
}
