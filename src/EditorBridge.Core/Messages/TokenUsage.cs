using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>
/// Tokens of one answer, of all four kinds; null means the upstream did not say. The prompt's whole size is
/// <see cref="Input"/> + <see cref="CacheCreation"/> + <see cref="CacheRead"/>.
/// </summary>
public readonly record struct TokenUsage(long? Input, long? Output, long? CacheRead, long? CacheCreation)
{
    public bool IsEmpty => Input is null && Output is null && CacheRead is null && CacheCreation is null;

    public long Prompt => (Input ?? 0) + (CacheRead ?? 0) + (CacheCreation ?? 0);

    /// <summary>Takes over what a later event says. Usage in a stream is cumulative: it overwrites and is never added.</summary>
    public TokenUsage Overwrite(TokenUsage later) =>
        new(later.Input ?? Input, later.Output ?? Output, later.CacheRead ?? CacheRead, later.CacheCreation ?? CacheCreation);

    /// <summary>The usage of a whole, non-streamed message; empty when the body is no message.</summary>
    public static TokenUsage FromMessage(ReadOnlyMemory<byte> message) =>
        WireJson.TryParse(message, out var root, out _) && root.Member("usage"u8) is { } usage ? Read(usage) : default;

    internal static TokenUsage Read(JsonElement usage) => new(
        usage.Whole("input_tokens"u8),
        usage.Whole("output_tokens"u8),
        usage.Whole("cache_read_input_tokens"u8),
        usage.Whole("cache_creation_input_tokens"u8));
}
