using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>A JSON text of a person's, with the place of every value, so that an error can name line and column. Comments and trailing commas are read over, a name given twice is not.</summary>
internal sealed class PlacedJson
{
    private readonly byte[] _utf8;
    private readonly Dictionary<string, int> _offsets = new(StringComparer.Ordinal);

    private PlacedJson(string text)
    {
        _utf8 = Encoding.UTF8.GetBytes(text);
        var reader = new Utf8JsonReader(_utf8, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, MaxDepth = 32 });
        reader.Read();
        Root = Value(ref reader, "");
        while (reader.Read())
        {
            // Whatever follows the value is an error, and the reader's own.
        }
    }

    public JsonNode? Root { get; }

    /// <exception cref="PlacedJsonException">The text is not JSON; the message is for people.</exception>
    public static PlacedJson Parse(string text)
    {
        try
        {
            return new PlacedJson(text);
        }
        catch (JsonException e)
        {
            // The reader's own message repeats its place in its own counting.
            var end = e.Message.IndexOf(" LineNumber:", StringComparison.Ordinal);
            throw new PlacedJsonException((int)(e.LineNumber ?? 0) + 1, (int)(e.BytePositionInLine ?? 0) + 1, "This is not JSON: " + (end < 0 ? e.Message : e.Message[..end]));
        }
    }

    /// <summary>Line and column of a value, by its path (<c>/mcpServers/github/url</c>), or of the nearest value around it.</summary>
    public (int Line, int Column) Place(string path)
    {
        while (!_offsets.ContainsKey(path) && path.Length > 0) path = path[..path.LastIndexOf('/')];
        return At(_offsets.GetValueOrDefault(path));
    }

    private JsonNode? Value(ref Utf8JsonReader reader, string path)
    {
        _offsets[path] = (int)reader.TokenStartIndex;
        switch (reader.TokenType)
        {
            case JsonTokenType.StartObject:
                return Members(ref reader, path);
            case JsonTokenType.StartArray:
                var items = new JsonArray();
                while (reader.Read() && reader.TokenType != JsonTokenType.EndArray) items.Add(Value(ref reader, $"{path}/{items.Count}"));
                return items;
            case JsonTokenType.String:
                return JsonValue.Create(Text(ref reader));
            default:
                return JsonNode.Parse(ref reader);
        }
    }

    // Half of a surrogate pair can be written and is no text.
    private string Text(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.GetString()!;
        }
        catch (InvalidOperationException)
        {
            var (line, column) = At((int)reader.TokenStartIndex);
            throw new PlacedJsonException(line, column, "This text holds half a character (a lone surrogate), so it is no text.");
        }
    }

    private JsonObject Members(ref Utf8JsonReader reader, string path)
    {
        var members = new JsonObject();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var name = Text(ref reader);
            var (line, column) = At((int)reader.TokenStartIndex);
            if (members.ContainsKey(name)) throw new PlacedJsonException(line, column, $"'{name}' stands here a second time. Which of the two counts is not guessed.");
            reader.Read();
            members.Add(name, Value(ref reader, $"{path}/{name}"));
        }

        return members;
    }

    private (int Line, int Column) At(int offset)
    {
        var before = _utf8.AsSpan(0, offset);
        return (before.Count((byte)'\n') + 1, Encoding.UTF8.GetCharCount(before[(before.LastIndexOf((byte)'\n') + 1)..]) + 1);
    }
}

/// <summary>A text that is not JSON, or says a thing twice.</summary>
internal sealed class PlacedJsonException(int line, int column, string message) : Exception(message)
{
    public int Line => line;
    public int Column => column;
}
