using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Setup;

/// <summary>
/// A JSON file of another program, edited as text: one member is set or taken out, and every other byte stays, comments, order and indentation included.
/// What is written is read again before it is given out, so a file that is odd in a way not thought of is refused instead of damaged.
/// </summary>
internal static class JsonText
{
    private static readonly JsonReaderOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly JsonDocumentOptions LenientDocument = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>The object in a text; an empty text is an empty object.</summary>
    /// <exception cref="JsonException">It is no JSON object.</exception>
    public static JsonObject Parse(string text) =>
        string.IsNullOrWhiteSpace(text) ? [] : JsonNode.Parse(text, documentOptions: LenientDocument) as JsonObject ?? throw new JsonException("It is not a JSON object.");

    /// <summary>The member at a place; null when there is none.</summary>
    /// <param name="at">Names from the outside in.</param>
    public static JsonNode? Find(string text, IReadOnlyList<string> at)
    {
        JsonNode? node = Parse(text);
        foreach (var name in at) node = (node as JsonObject)?[name];
        return node;
    }

    /// <summary>The text with a member set, and the objects around it made where they are missing.</summary>
    /// <exception cref="JsonException">It is no JSON object, or something else stands where an object is needed.</exception>
    public static string Set(string text, IReadOnlyList<string> at, JsonNode value)
    {
        var expected = Parse(text);
        Place(expected, at, value);
        if (string.IsNullOrWhiteSpace(text)) return expected.ToJsonString(Indented) + "\n";
        var bytes = Encoding.UTF8.GetBytes(text);
        var spot = Locate(bytes, at);
        var unit = UnitOf(text);
        string edited;
        if (spot.Depth == at.Count)
        {
            edited = Splice(bytes, spot.ValueStart, spot.ValueEnd, Written(value, unit, at.Count, text));
        }
        else
        {
            var inner = value.DeepClone();
            foreach (var name in at.Skip(spot.Depth + 1).Reverse()) inner = new JsonObject { [name] = inner };
            edited = Insert(bytes, spot, $"{JsonSerializer.Serialize(at[spot.Depth], Indented)}: {Written(inner, unit, spot.Depth + 1, text)}", unit, text);
        }

        return Checked(edited, expected);
    }

    /// <summary>The text without a member, and without the objects around it that are empty then. The same text when it is not there.</summary>
    /// <exception cref="JsonException">It is no JSON object.</exception>
    public static string Remove(string text, IReadOnlyList<string> at)
    {
        if (Find(text, at) is null) return text;
        var expected = Parse(text);
        JsonObject around = at.Take(at.Count - 1).Aggregate(expected, (node, name) => node[name]!.AsObject());
        around.Remove(at[^1]);
        var bytes = Encoding.UTF8.GetBytes(text);
        var spot = Locate(bytes, at);
        var (start, end) = (spot.NameStart, spot.ValueEnd);
        if (NextComma(bytes, end) is { } after)
        {
            end = after + 1;
        }
        else if (NextComma(bytes, spot.BeforeEnd) is { } before && before < start)
        {
            // The last member takes the comma before it along; a comment between them stays.
            bytes[before] = (byte)' ';
        }

        while (start > 0 && bytes[start - 1] is (byte)' ' or (byte)'\t') start--;
        // Its line goes with it when nothing else is on it; otherwise the line end may be what ends a comment.
        var rest = bytes.AsSpan(end).IndexOfAnyExcept((byte)' ', (byte)'\t');
        var isAlone = rest < 0 || bytes[end + rest] is (byte)'\r' or (byte)'\n';
        if (isAlone && start > 0 && bytes[start - 1] == (byte)'\n') start -= start > 1 && bytes[start - 2] == (byte)'\r' ? 2 : 1;
        var edited = Checked(Splice(bytes, start, end, ""), expected);
        return at.Count > 1 && around.Count == 0 ? Remove(edited, [.. at.Take(at.Count - 1)]) : edited;
    }

    private static void Place(JsonObject root, IReadOnlyList<string> at, JsonNode value)
    {
        var node = root;
        foreach (var name in at.Take(at.Count - 1))
        {
            if (node[name] is null) node[name] = new JsonObject();
            node = node[name] as JsonObject ?? throw new JsonException($"'{name}' is not an object.");
        }

        node[at[^1]] = value.DeepClone();
    }

    private static string Insert(byte[] bytes, Spot spot, string member, string unit, string text)
    {
        var line = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        var indent = string.Concat(Enumerable.Repeat(unit, spot.Depth + 1));
        if (spot.LastEnd is not { } last)
            return Splice(bytes, spot.ObjectStart + 1, spot.ObjectEnd, $"{line}{indent}{member}{line}{string.Concat(Enumerable.Repeat(unit, spot.Depth))}");
        var comma = NextComma(bytes, last);
        var at = comma + 1 ?? last;
        var rest = at;
        while (rest < bytes.Length && bytes[rest] is (byte)' ' or (byte)'\t') rest++;
        // A comment behind the last member stays behind it.
        if (rest + 1 < bytes.Length && bytes[rest] == (byte)'/' && bytes[rest + 1] == (byte)'/')
        {
            var end = Array.IndexOf(bytes, (byte)'\n', rest);
            rest = end < 0 ? bytes.Length : end > 0 && bytes[end - 1] == (byte)'\r' ? end - 1 : end;
        }
        else
        {
            rest = at;
        }

        var withMember = Splice(bytes, rest, rest, $"{line}{indent}{member}");
        return comma is null ? Splice(Encoding.UTF8.GetBytes(withMember), last, last, ",") : withMember;
    }

    // A member's place, or how deep its objects are there and where the next would go.
    private static Spot Locate(byte[] bytes, IReadOnlyList<string> at)
    {
        var reader = new Utf8JsonReader(bytes, Lenient);
        reader.Read();
        var spot = new Spot { ObjectStart = (int)reader.TokenStartIndex };
        while (true)
        {
            int? last = null;
            var into = false;
            while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
            {
                var (nameStart, isNext) = ((int)reader.TokenStartIndex, reader.ValueTextEquals(at[spot.Depth]));
                reader.Read();
                var valueStart = (int)reader.TokenStartIndex;
                if (isNext && spot.Depth + 1 < at.Count && reader.TokenType == JsonTokenType.StartObject)
                {
                    spot = new Spot { Depth = spot.Depth + 1, ObjectStart = valueStart };
                    into = true;
                    break;
                }

                reader.Skip();
                if (isNext && spot.Depth + 1 == at.Count)
                    return spot with { Depth = at.Count, NameStart = nameStart, ValueStart = valueStart, ValueEnd = (int)reader.BytesConsumed, BeforeEnd = last ?? spot.ObjectStart + 1 };
                last = (int)reader.BytesConsumed;
            }

            if (!into) return spot with { LastEnd = last, ObjectEnd = (int)reader.TokenStartIndex };
        }
    }

    // The comma that comes next, over white space and comments; null when something else does.
    private static int? NextComma(byte[] bytes, int from)
    {
        for (var i = from; i < bytes.Length; i++)
        {
            switch (bytes[i])
            {
                case (byte)',':
                    return i;
                case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n':
                    break;
                case (byte)'/' when i + 1 < bytes.Length && bytes[i + 1] == (byte)'/':
                    i = Array.IndexOf(bytes, (byte)'\n', i);
                    if (i < 0) return null;
                    break;
                case (byte)'/' when i + 1 < bytes.Length && bytes[i + 1] == (byte)'*':
                    i = bytes.AsSpan(i + 2).IndexOf("*/"u8) is >= 0 and var length ? i + length + 3 : bytes.Length;
                    break;
                default:
                    return null;
            }
        }

        return null;
    }

    private static string Written(JsonNode value, string unit, int depth, string text)
    {
        var written = value.ToJsonString(new JsonSerializerOptions(Indented) { IndentCharacter = unit[0], IndentSize = unit.Length });
        var line = text.Contains("\r\n", StringComparison.Ordinal) ? "\r\n" : "\n";
        return written.ReplaceLineEndings(line + string.Concat(Enumerable.Repeat(unit, depth)));
    }

    // How the file indents: the white space before its first member.
    private static string UnitOf(string text)
    {
        var first = text.IndexOf('\n', StringComparison.Ordinal) + 1;
        var width = first == 0 ? 0 : text.AsSpan(first).IndexOfAnyExcept(' ', '\t');
        if (width is <= 0 or > 8) return "  ";
        return text[first] == '\t' ? "\t" : new string(' ', width);
    }

    private static string Splice(byte[] bytes, int start, int end, string with) =>
        Encoding.UTF8.GetString(bytes, 0, start) + with + Encoding.UTF8.GetString(bytes, end, bytes.Length - end);

    private static string Checked(string edited, JsonObject expected)
    {
        if (!JsonNode.DeepEquals(Parse(edited), expected)) throw new JsonException("It is written in a way that cannot be edited safely.");
        return edited;
    }

    private readonly record struct Spot
    {
        /// <summary>How many names of the place are there; all of them when the member is.</summary>
        public int Depth { get; init; }
        public int ObjectStart { get; init; }
        public int ObjectEnd { get; init; }
        public int? LastEnd { get; init; }
        public int NameStart { get; init; }
        public int ValueStart { get; init; }
        public int ValueEnd { get; init; }
        public int BeforeEnd { get; init; }
    }
}
