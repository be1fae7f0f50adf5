using System.Buffers.Text;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>
/// Estimates how many tokens a prompt has, for <c>count_tokens</c>, which the account does not offer. One pass over the bytes, with
/// the piece lengths that byte-pair tokenisers show on prose, code and JSON; <see cref="ModelCalibration"/> corrects the rest from
/// what the account really counted.
/// </summary>
public static class TokenEstimator
{
    private const int PerMessage = 4;
    private const int PerBlock = 3;
    private const int PerTool = 12;
    /// <summary>What the API adds to the prompt as soon as tools are offered.</summary>
    private const int ToolPreamble = 340;
    private const int UnknownImage = 1600;

    /// <summary>Tokens of the whole prompt, before any correction.</summary>
    public static long Estimate(MessagesRequest request)
    {
        var root = request.Root;
        var total = root.Member("system"u8) is { } system ? Content(system) : 0;
        if (root.Member("tools"u8) is { ValueKind: JsonValueKind.Array } tools && tools.GetArrayLength() > 0)
        {
            total += ToolPreamble;
            foreach (var tool in tools.EnumerateArray())
            {
                total += PerTool + CountText(WireJson.Raw(tool));
            }
        }
        foreach (var message in root.GetProperty("messages"u8).EnumerateArray())
        {
            total += PerMessage + (message.Member("content"u8) is { } content ? Content(content) : 0);
        }
        return total;
    }

    /// <summary>Tokens of a text in UTF-8; JSON escapes count as what they stand for.</summary>
    public static long CountText(ReadOnlySpan<byte> text)
    {
        long tokens = 0;
        var kinds = Kinds;
        var i = 0;
        while (i < text.Length)
        {
            var kind = kinds[text[i]];
            var start = i;
            while (++i < text.Length && kinds[text[i]] == kind)
            {
            }
            tokens += Tokens((Kind)kind, i - start, text, start);
        }
        return tokens;
    }

    private enum Kind : byte
    {
        Letter,
        Digit,
        Space,
        Mark,
        Beyond,
    }

    private static Kind KindOf(byte unit) => unit switch
    {
        (>= (byte)'a' and <= (byte)'z') or (>= (byte)'A' and <= (byte)'Z') => Kind.Letter,
        >= (byte)'0' and <= (byte)'9' => Kind.Digit,
        (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' => Kind.Space,
        >= 0x80 => Kind.Beyond,
        _ => Kind.Mark,
    };

    /// <summary>The kind of every byte: a conversation has hundreds of thousands.</summary>
    private static readonly byte[] Kinds = [.. Enumerable.Range(0, 256).Select(unit => (byte)KindOf((byte)unit))];

    private static long Tokens(Kind kind, int length, ReadOnlySpan<byte> text, int start) => kind switch
    {
        // Common words are one token; longer ones, and words glued together, fall into pieces of about five letters.
        Kind.Letter => length <= 7 ? 1 : (length + 4) / 5,
        Kind.Digit => (length + 2) / 3,
        // One space belongs to the word after it.
        Kind.Space => length == 1 && text[start] == ' ' ? 0 : (length + 15) / 16,
        Kind.Mark => (length + 1) / 2,
        // Three bytes are one East Asian character or half of an emoji; two bytes a letter with an accent.
        Kind.Beyond => (length + 1) / 2,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static long Content(JsonElement content)
    {
        if (content.ValueKind == JsonValueKind.String)
        {
            return CountText(WireJson.Raw(content)[1..^1]);
        }
        long total = 0;
        if (content.ValueKind == JsonValueKind.Array)
        {
            foreach (var block in content.EnumerateArray())
            {
                total += PerBlock + Block(block);
            }
        }
        return total;
    }

    private static long Block(JsonElement block) => block.Text("type"u8) switch
    {
        "text" => block.Member("text"u8) is { ValueKind: JsonValueKind.String } text ? CountText(WireJson.Raw(text)) : 0,
        "tool_use" => CountText(WireJson.Raw(block)),
        "tool_result" => PerBlock + (block.Member("content"u8) is { } content ? Content(content) : 0),
        "image" => Image(block.Member("source"u8)),
        // Thinking of earlier turns is not part of the prompt.
        "thinking" or "redacted_thinking" => 0,
        "document" => block.Member("source"u8)?.Is("type"u8, "text"u8) == true ? CountText(WireJson.Raw(block)) : UnknownImage,
        _ => block.ValueKind == JsonValueKind.Object ? CountText(WireJson.Raw(block)) : 0,
    };

    /// <summary>An image costs its area in pixels over 750, after it has been scaled to at most 1568 pixels a side.</summary>
    private static long Image(JsonElement? source)
    {
        if (source?.Text("data"u8) is not { Length: > 32 } data)
        {
            return UnknownImage;
        }
        // Enough for the header of a PNG, and for the frame header of most JPEGs.
        Span<byte> header = stackalloc byte[24];
        var sample = System.Text.Encoding.ASCII.GetBytes(data[..32]);
        if (Base64.DecodeFromUtf8(sample, header, out _, out var length) != System.Buffers.OperationStatus.Done || length < 24 || !header[1..].StartsWith("PNG"u8))
        {
            return UnknownImage;
        }
        double width = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(header[16..]);
        double height = System.Buffers.Binary.BinaryPrimitives.ReadUInt32BigEndian(header[20..]);
        var scale = Math.Min(1, 1568 / Math.Max(1, Math.Max(width, height)));
        return Math.Clamp((long)(width * scale * height * scale / 750), 1, UnknownImage);
    }
}

/// <summary>How well estimates met the account's counts for one model.</summary>
/// <param name="Factor">Estimates are multiplied by this.</param>
/// <param name="MeanError">Mean of |estimate − count| ÷ count before each lesson, recent ones counting most; 0.1 is 10 %.</param>
public readonly record struct ModelCalibration(double Factor, double MeanError, long Samples)
{
    public static readonly ModelCalibration None = new(1, 0, 0);

    /// <summary>Takes a lesson from a real count. Tiny prompts teach nothing: their overhead hides the rest.</summary>
    public ModelCalibration Learn(long estimate, long counted)
    {
        const long Least = 200;
        if (estimate < Least || counted < Least)
        {
            return this;
        }
        // The first lessons weigh in full, later ones a twentieth, so the factor settles and still follows a new tokeniser.
        var weight = 1.0 / Math.Min(Samples + 1, 20);
        var error = Math.Abs((estimate * Factor) - counted) / counted;
        var factor = Math.Clamp(Factor + (((double)counted / estimate) - Factor) * weight, 0.3, 3);
        return new(factor, MeanError + ((error - MeanError) * weight), Samples + 1);
    }

    public long Apply(long estimate) => Math.Max(1, (long)Math.Round(estimate * Factor));
}
