using System.Text.Json;
using System.Text.Json.Nodes;

namespace EditorBridge.Messages;

/// <summary>Every rule of the sanitiser as a case of body in, body out and report.</summary>
public sealed class SanitizerVectorTests
{
    public static TheoryData<string> Names => [.. Vectors.Cases("sanitize.json").Select(one => one.GetProperty("name").GetString()!)];

    [Theory]
    [MemberData(nameof(Names))]
    public void Request_leaves_as_the_vector_says(string name) => Check(Vectors.Cases("sanitize.json").Single(one => one.GetProperty("name").GetString() == name));

    private static void Check(JsonElement one)
    {
        var request = Vectors.Request(one.GetProperty("request").GetRawText());
        var betas = Strings(one, "betas");
        var headers = new AnthropicHeaders(one.TryGetProperty("version", out var version) ? version.GetString() : null, [.. betas]);
        var done = CortexSanitizer.TrySanitize(request, headers, Settings(one), out var sent, out var error);
        if (one.TryGetProperty("refused", out var refused))
        {
            Assert.False(done);
            Assert.Equal((400, AnthropicErrorType.InvalidRequest), (error.Status, error.Type));
            Assert.Contains(refused.GetString()!, error.Message, StringComparison.Ordinal);
            return;
        }
        Assert.True(done, done ? "" : error.Message);
        Assert.Equal(Compact(one.GetProperty("sent")), System.Text.Encoding.UTF8.GetString(sent.Body.Span));
        Assert.Equal(Strings(one, "sentBetas"), sent.Betas);
        Assert.Equal(
            Strings(one, "removals").Order(StringComparer.Ordinal),
            sent.Removals.Select(removal => $"{removal.Kind} {removal.What}").Order(StringComparer.Ordinal));
        Assert.All(sent.Removals, removal => Assert.NotEmpty(Removals.Why(removal.Kind)));
    }

    /// <summary>The text of a value without white space between tokens; strings and numbers keep their spelling.</summary>
    private static string Compact(JsonElement value)
    {
        var buffer = new System.Buffers.ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, WireJson.WriterOptions))
        {
            Copy(value, json);
        }
        return System.Text.Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    private static void Copy(JsonElement value, Utf8JsonWriter json)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Object:
                json.WriteStartObject();
                foreach (var member in value.EnumerateObject())
                {
                    json.WritePropertyName(member.Name);
                    Copy(member.Value, json);
                }
                json.WriteEndObject();
                break;
            case JsonValueKind.Array:
                json.WriteStartArray();
                foreach (var item in value.EnumerateArray())
                {
                    Copy(item, json);
                }
                json.WriteEndArray();
                break;
            default:
                json.WriteRaw(value);
                break;
        }
    }

    private static SanitizerRules Settings(JsonElement one)
    {
        UnsupportedPart Of(string name, UnsupportedPart otherwise) =>
            one.TryGetProperty("settings", out var settings) && settings.TryGetProperty(name, out var value)
                ? Enum.Parse<UnsupportedPart>(value.GetString()!, ignoreCase: true) : otherwise;
        var rules = SanitizerRules.Default;
        return rules with
        {
            ServerTools = Of("serverTools", rules.ServerTools),
            McpServers = Of("mcpServers", rules.McpServers),
            Documents = Of("documents", rules.Documents),
            RemoteImages = Of("remoteImages", rules.RemoteImages),
        };
    }

    private static string[] Strings(JsonElement one, string name) =>
        one.TryGetProperty(name, out var list) ? [.. list.EnumerateArray().Select(item => item.GetString()!)] : [];
}
