using System.Text.Json.Nodes;

namespace EditorBridge.Trust;

/// <summary>A pin holds a definition as it was, over every member of it.</summary>
public sealed class OfferedDefinitionTests
{
    private const string Tool = """{"name":"read","title":"Read","description":"Reads a file.","inputSchema":{"type":"object","properties":{"path":{"type":"string","description":"Where."}},"required":["path"]},"outputSchema":{"type":"object"},"annotations":{"readOnlyHint":true},"_meta":{"a":1},"icons":[{"src":"x"}]}""";

    [Fact]
    public void Order_and_spelling_of_members_do_not_change_a_fingerprint() =>
        Assert.Equal(Of(Tool).Fingerprint, Of("""{ "icons":[{"src":"\u0078"}], "_meta":{"a":1.0}, "annotations":{"readOnlyHint":true},"outputSchema":{"type":"object"},"inputSchema":{"required":["path"],"properties":{"path":{"description":"Where.","type":"string"}},"type":"object"},"description":"Reads a file.","title":"Read","name":"read"}""").Fingerprint);

    [Fact]
    public void Any_change_of_any_value_changes_the_fingerprint_and_is_shown()
    {
        var paths = new List<string>();
        Leaves(JsonNode.Parse(Tool)!, "", paths);
        Assert.Equal(11, paths.Count);
        foreach (var path in paths)
        {
            var changed = JsonNode.Parse(Tool)!;
            Replace(changed, path);
            var definition = Of(changed.ToJsonString());
            Assert.NotEqual(Of(Tool).Fingerprint, definition.Fingerprint);
            Assert.Equal(path, Assert.Single(DefinitionDiff.Compare(Of(Tool).Canonical, definition.Canonical)).Path);
        }
    }

    [Fact]
    public void Kind_and_name_are_part_of_the_fingerprint()
    {
        Assert.True(OfferedDefinition.TryRead(OfferedKind.Prompt, "read", Tool, out var prompt, out _));
        Assert.True(OfferedDefinition.TryRead(OfferedKind.Tool, "other", Tool, out var other, out _));
        Assert.Equal(3, new[] { Of(Tool).Fingerprint, prompt.Fingerprint, other.Fingerprint }.Distinct().Count());
    }

    [Theory]
    [InlineData("""{"name":"a","name":"b"}""")]
    [InlineData("""{"name":"\ud800"}""")]
    [InlineData("""{"name":""")]
    public void Definition_with_two_readings_cannot_be_pinned(string json)
    {
        Assert.False(OfferedDefinition.TryRead(OfferedKind.Tool, "a", json, out _, out var problem));
        Assert.NotEmpty(problem);
    }

    [Fact]
    public void Diff_shows_what_came_and_went_with_hidden_characters_in_the_open()
    {
        var changes = DefinitionDiff.Compare("""{"a":"x","b":[1,2]}""", "{\"a\":\"x\u200by\",\"b\":[1],\"c\":true}");

        Assert.Equal([new("a", "x", "x⟨U+200B⟩y"), new("b[1]", "2", null), new("c", null, "true")], changes);
        Assert.Empty(DefinitionDiff.Compare(Of(Tool).Canonical, Of(Tool).Canonical));
        Assert.Equal(new DefinitionChange("", null, "1"), Assert.Single(DefinitionDiff.Compare(null, "1")));
    }

    private static OfferedDefinition Of(string json)
    {
        Assert.True(OfferedDefinition.TryRead(OfferedKind.Tool, "read", json, out var definition, out var problem), problem);
        return definition;
    }

    private static void Leaves(JsonNode node, string path, List<string> paths)
    {
        switch (node)
        {
            case JsonObject inner:
                foreach (var (name, value) in inner) Leaves(value!, path.Length == 0 ? name : $"{path}.{name}", paths);
                break;
            case JsonArray items:
                for (var i = 0; i < items.Count; i++) Leaves(items[i]!, $"{path}[{i}]", paths);
                break;
            default:
                paths.Add(path);
                break;
        }
    }

    private static void Replace(JsonNode root, string path)
    {
        var node = root;
        var steps = path.Replace("[", ".[", StringComparison.Ordinal).Split('.');
        foreach (var step in steps[..^1]) node = Step(node, step);
        if (steps[^1][0] == '[') node.AsArray()[int.Parse(steps[^1][1..^1])] = "changed";
        else node[steps[^1]] = "changed";
    }

    private static JsonNode Step(JsonNode node, string step) => step[0] == '[' ? node[int.Parse(step[1..^1])]! : node[step]!;
}
