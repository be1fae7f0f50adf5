using System.Buffers;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace EditorBridge.Messages;

/// <summary>Reading and writing JSON of the Messages wire without ever throwing on what a client or an upstream sent.</summary>
internal static class WireJson
{
    /// <summary>Tool schemas nest; 128 is twice what real clients send and keeps recursion far from the stack's end.</summary>
    public const int MaxDepth = 128;

    /// <summary>A key that stands twice would let the gate read one value and the upstream another.</summary>
    public static readonly JsonDocumentOptions DocumentOptions = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    /// <summary>Not meant for HTML: nothing but what JSON demands is escaped, as the clients themselves write it.</summary>
    public static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true };

    /// <summary>The exact bytes a value had in the request: signatures, big numbers and escapes stay as they are.</summary>
    public static ReadOnlySpan<byte> Raw(JsonElement element) => JsonMarshal.GetRawUtf8Value(element);

    public static void WriteRaw(this Utf8JsonWriter json, JsonElement element) => json.WriteRawValue(Raw(element), skipInputValidation: true);

    public static void CopyProperty(this Utf8JsonWriter json, JsonProperty property)
    {
        json.WritePropertyName(JsonMarshal.GetRawUtf8PropertyName(property));
        json.WriteRaw(property.Value);
    }

    public static JsonElement? Member(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) ? value : null;

    /// <summary>A string member, or null when it is absent, another kind, or holds half of a surrogate pair.</summary>
    public static string? Text(this JsonElement element, ReadOnlySpan<byte> name) => element.Member(name) is { } value ? value.TextOrNull() : null;

    public static string? TextOrNull(this JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.String)
        {
            return null;
        }
        try
        {
            return element.GetString();
        }
        catch (InvalidOperationException)
        {
            // An escaped lone surrogate has no place in a .NET string.
            return null;
        }
    }

    /// <summary>A member's name; one that holds half of a surrogate pair has no .NET string and is a name nobody knows.</summary>
    public static string KnownName(this JsonProperty property)
    {
        try
        {
            return property.Name;
        }
        catch (InvalidOperationException)
        {
            return "\uFFFD";
        }
    }

    /// <summary>
    /// The string a reader stands on, halves of surrogate pairs included: a tool's input may be cut between the two halves, and
    /// only joined with the next piece it is text again.
    /// </summary>
    public static string LenientText(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            return Unescape(Encoding.UTF8.GetString(reader.ValueSpan));
        }
    }

    private static string Unescape(string escaped)
    {
        var text = new StringBuilder(escaped.Length);
        for (var i = 0; i < escaped.Length; i++)
        {
            if (escaped[i] != '\\')
            {
                text.Append(escaped[i]);
                continue;
            }
            // The reader has already checked that every escape is whole.
            text.Append(escaped[++i] switch
            {
                'n' => '\n',
                't' => '\t',
                'r' => '\r',
                'b' => '\b',
                'f' => '\f',
                'u' => (char)Convert.ToInt32(escaped.Substring(i + 1, 4), 16),
                var literal => literal,
            });
            i += escaped[i] == 'u' ? 4 : 0;
        }
        return text.ToString();
    }

    public static bool IsBlankText(this JsonElement element)
    {
        var raw = Raw(element);
        if (raw.Length > 64)
        {
            // A long text of nothing but white space is not worth a copy of every long text.
            raw = raw[..64];
            return !raw[1..].ContainsAnyExcept(" "u8);
        }
        return element.TextOrNull() is { } text && string.IsNullOrWhiteSpace(text);
    }

    public static bool Is(this JsonElement element, ReadOnlySpan<byte> member, ReadOnlySpan<byte> value)
    {
        if (element.Member(member) is not { ValueKind: JsonValueKind.String } text)
        {
            return false;
        }
        try
        {
            return text.ValueEquals(value);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair is no text, so it equals none.
            return false;
        }
    }

    public static long? Whole(this JsonElement element, ReadOnlySpan<byte> name) =>
        element.Member(name) is { ValueKind: JsonValueKind.Number } number && number.TryGetInt64(out var value) ? value : null;

    public static bool IsTrue(this JsonElement element, ReadOnlySpan<byte> name) => element.Member(name) is { ValueKind: JsonValueKind.True };

    public static byte[] Build(Action<Utf8JsonWriter> write)
    {
        var buffer = new ArrayBufferWriter<byte>(256);
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            write(json);
        }
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Parses, or says where it failed; never throws.</summary>
    public static bool TryParse(ReadOnlyMemory<byte> utf8, out JsonElement root, out string problem)
    {
        root = default;
        if (!System.Text.Unicode.Utf8.IsValid(utf8.Span))
        {
            problem = "The body is not valid UTF-8.";
            return false;
        }
        try
        {
            // The document is not disposed: its elements live as long as the request, and the pool can do without the buffer.
            root = JsonDocument.Parse(utf8, DocumentOptions).RootElement;
            problem = "";
            return true;
        }
        catch (JsonException exception)
        {
            problem = $"The body is not valid JSON: {exception.Message}";
            return false;
        }
        catch (InvalidOperationException)
        {
            problem = "The body is not valid JSON: a member's name holds half of a surrogate pair.";
            return false;
        }
    }

    public static string Utf8Text(ReadOnlySpan<byte> bytes) => Encoding.UTF8.GetString(bytes);
}
