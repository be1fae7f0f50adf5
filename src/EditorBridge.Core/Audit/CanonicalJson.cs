using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Audit;

/// <summary>
/// JSON in one spelling, by RFC 8785 (JCS): members sorted by UTF-16 code units, no white space, the shortest escapes, numbers as
/// ECMAScript writes them. Two texts that mean the same have the same canonical text, and its SHA-256 is what an approval is bound to.
/// </summary>
/// <remarks>
/// Three points the RFC leaves open or forbids, decided here because approvals hang on them:
/// <list type="bullet">
/// <item>An integer literal that a double cannot carry (9007199254740993) keeps its exact digits: rounding would give two different
/// inputs one digest. Literals with a fraction or an exponent are doubles, as the RFC says; one that overflows a double is refused.</item>
/// <item>A lone surrogate, written raw or as an escape, is refused: UTF-8 cannot carry it, and a replacement would again join two inputs.</item>
/// <item>Duplicate member names are refused: two readers may each take a different one.</item>
/// </list>
/// </remarks>
public static class CanonicalJson
{
    /// <summary>Deeper nesting is refused.</summary>
    public const int MaxDepth = 128;

    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    private static readonly JsonDocumentOptions Strict = new()
    {
        AllowDuplicateProperties = false,
        AllowTrailingCommas = false,
        CommentHandling = JsonCommentHandling.Disallow,
        MaxDepth = MaxDepth,
    };

    /// <summary>The canonical text of a JSON text.</summary>
    /// <param name="problem">One sentence saying why there is none.</param>
    public static bool TryCanonicalize(
        string json, [NotNullWhen(true)] out string? canonical, [NotNullWhen(false)] out string? problem)
    {
        if (TryCanonicalizeUtf8(json, out ReadOnlyMemory<byte> utf8, out problem))
        {
            canonical = Encoding.UTF8.GetString(utf8.Span);
            return true;
        }
        canonical = null;
        return false;
    }

    /// <summary>The canonical bytes of a JSON text.</summary>
    /// <param name="problem">One sentence saying why there are none.</param>
    public static bool TryCanonicalizeUtf8(string json, out ReadOnlyMemory<byte> canonical, [NotNullWhen(false)] out string? problem)
    {
        canonical = default;
        try
        {
            return TryCanonicalizeUtf8(StrictUtf8.GetBytes(json), out canonical, out problem);
        }
        catch (EncoderFallbackException)
        {
            problem = "The text contains half of a surrogate pair, which no valid Unicode text does.";
            return false;
        }
    }

    /// <summary>The canonical bytes of a JSON text in UTF-8.</summary>
    /// <param name="problem">One sentence saying why there are none.</param>
    public static bool TryCanonicalizeUtf8(
        ReadOnlyMemory<byte> json, out ReadOnlyMemory<byte> canonical, [NotNullWhen(false)] out string? problem)
    {
        canonical = default;
        var output = new ArrayBufferWriter<byte>(json.Length + 16);
        try
        {
            using JsonDocument document = JsonDocument.Parse(json, Strict);
            problem = Write(document.RootElement, output);
        }
        catch (JsonException e)
        {
            problem = $"The text is not strict JSON: {e.Message}";
        }
        catch (InvalidOperationException)
        {
            // What System.Text.Json throws when a string holds invalid UTF-8 or an escaped half of a surrogate pair.
            problem = "A string in the JSON is not valid Unicode text.";
        }
        if (problem is not null)
        {
            return false;
        }
        canonical = output.WrittenMemory;
        return true;
    }

    /// <summary>The canonical text of a value built by our own code.</summary>
    /// <exception cref="ArgumentException">It has none: a number out of range, nesting too deep, a duplicate name.</exception>
    public static string Of(JsonNode? node) =>
        TryCanonicalize(node?.ToJsonString() ?? "null", out string? canonical, out string? problem)
            ? canonical
            : throw new ArgumentException(problem, nameof(node));

    /// <summary>Lower-case hexadecimal SHA-256 of a canonical text.</summary>
    public static string Digest(string canonical) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)));

    private static string? Write(JsonElement element, ArrayBufferWriter<byte> output)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                return WriteObject(element, output);
            case JsonValueKind.Array:
                return WriteArray(element, output);
            case JsonValueKind.String:
                CanonicalText.WriteString(output, element.GetString());
                return null;
            case JsonValueKind.Number:
                string literal = element.GetRawText();
                if (CanonicalNumber.Format(literal) is not { } number)
                {
                    return $"The number {Shortened(literal)} is outside the range of a double.";
                }
                CanonicalText.WriteAscii(output, number);
                return null;
            default:
                CanonicalText.WriteAscii(output, element.GetRawText());
                return null;
        }
    }

    private static string? WriteObject(JsonElement element, ArrayBufferWriter<byte> output)
    {
        var members = new List<(string Name, JsonElement Value)>();
        foreach (JsonProperty member in element.EnumerateObject())
        {
            members.Add((member.Name, member.Value));
        }
        members.Sort(static (a, b) => string.CompareOrdinal(a.Name, b.Name));
        CanonicalText.WriteAscii(output, "{");
        for (int i = 0; i < members.Count; i++)
        {
            if (i > 0)
            {
                CanonicalText.WriteAscii(output, ",");
            }
            CanonicalText.WriteString(output, members[i].Name);
            CanonicalText.WriteAscii(output, ":");
            if (Write(members[i].Value, output) is { } problem)
            {
                return problem;
            }
        }
        CanonicalText.WriteAscii(output, "}");
        return null;
    }

    private static string? WriteArray(JsonElement element, ArrayBufferWriter<byte> output)
    {
        CanonicalText.WriteAscii(output, "[");
        bool first = true;
        foreach (JsonElement item in element.EnumerateArray())
        {
            if (!first)
            {
                CanonicalText.WriteAscii(output, ",");
            }
            first = false;
            if (Write(item, output) is { } problem)
            {
                return problem;
            }
        }
        CanonicalText.WriteAscii(output, "]");
        return null;
    }

    private static string Shortened(string literal) => literal.Length <= 40 ? literal : string.Create(CultureInfo.InvariantCulture, $"{literal.AsSpan(0, 40)}… ({literal.Length} characters)");
}
