using System.Text.Json;
using System.Text.Json.Nodes;
using CsCheck;
using EditorBridge.Setup;

namespace EditorBridge.Server.Tests.Setup;

public sealed class JsonTextTests
{
    private static readonly string[] Place = ["servers", "ours"];

    [Theory]
    [InlineData("", "{\n  \"servers\": {\n    \"ours\": 1\n  }\n}\n")]
    [InlineData("{}", "{\n  \"servers\": {\n    \"ours\": 1\n  }\n}")]
    [InlineData("{ }\n", "{\n  \"servers\": {\n    \"ours\": 1\n  }\n}\n")]
    [InlineData("{\n    \"a\": 1 // one\n}\n", "{\n    \"a\": 1, // one\n    \"servers\": {\n        \"ours\": 1\n    }\n}\n")]
    [InlineData("{\n\t\"a\": 1,\n}\n", "{\n\t\"a\": 1,\n\t\"servers\": {\n\t\t\"ours\": 1\n\t}\n}\n")]
    [InlineData("{\r\n  \"servers\": {}\r\n}", "{\r\n  \"servers\": {\r\n    \"ours\": 1\r\n  }\r\n}")]
    [InlineData("{\n  // mine\n  \"servers\": { \"x\": \"},{\" } /* end */\n}", "{\n  // mine\n  \"servers\": { \"x\": \"},{\",\n    \"ours\": 1 } /* end */\n}")]
    [InlineData("{\n  \"servers\": { \"ours\": { \"old\": [1, 2] }, \"x\": 2 }\n}", "{\n  \"servers\": { \"ours\": 1, \"x\": 2 }\n}")]
    [InlineData("{\n  \"ours\": 5, \"façade 雪\": \"é\"\n}", "{\n  \"ours\": 5, \"façade 雪\": \"é\",\n  \"servers\": {\n    \"ours\": 1\n  }\n}")]
    public void Member_is_set_and_everything_else_stays(string before, string after) =>
        Assert.Equal(after, JsonText.Set(before, Place, JsonValue.Create(1)));

    [Theory]
    [InlineData("{\n  \"servers\": {\n    \"ours\": 1\n  }\n}\n", "{\n}\n")]
    [InlineData("{\n  \"a\": 1, // one\n  \"servers\": { \"ours\": 1 }\n}\n", "{\n  \"a\": 1  // one\n}\n")]
    [InlineData("{\n  \"servers\": {\n    \"x\": 1,\n    \"ours\": 1\n  }\n}", "{\n  \"servers\": {\n    \"x\": 1 \n  }\n}")]
    [InlineData("{\n  \"servers\": {\n    \"ours\": 1, // ours\n    \"x\": 1\n  }\n}", "{\n  \"servers\": {\n // ours\n    \"x\": 1\n  }\n}")]
    [InlineData("{ \"servers\": { \"x\": 1 } }", "{ \"servers\": { \"x\": 1 } }")]
    public void Member_is_taken_out_and_everything_else_stays(string before, string after) => Assert.Equal(after, JsonText.Remove(before, Place));

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("{\"servers\": 5}")]
    public void What_cannot_hold_the_member_is_refused(string text) =>
        Assert.ThrowsAny<JsonException>(() => JsonText.Set(text, Place, JsonValue.Create(1)));

    [Fact]
    public void Any_object_holds_the_member_then_and_is_the_same_without_it()
    {
        var value = Gen.OneOf(Gen.Int.Select(i => i.ToString(System.Globalization.CultureInfo.InvariantCulture)), Gen.String.Select(s => JsonSerializer.Serialize(s)), Gen.Const("[1, {\"ours\": [2]}]"), Gen.Const("{}"), Gen.Const("{\"ours\": false}"));
        var name = Gen.OneOf(Gen.Const("servers"), Gen.Const("ours"), Gen.Const("a b"), Gen.String[1, 8]);
        var space = Gen.OneOf(Gen.Const(" "), Gen.Const("\n  "), Gen.Const("\r\n\t"), Gen.Const(" /* , } */ "), Gen.Const("\n// \"x\": {\n"));
        Gen.Select(Gen.Select(name, value, space).List[0, 6], Gen.Bool, space).Sample((members, trailing, end) =>
        {
            var unique = members.DistinctBy(member => member.Item1).ToArray();
            if (unique.FirstOrDefault(member => member.Item1 == "servers") is { Item2: { } held } && !held.StartsWith('{')) return;
            var text = "{" + string.Join(",", unique.Select(member => $"{member.Item3}{JsonSerializer.Serialize(member.Item1)}:{member.Item3}{member.Item2}{member.Item3}")) + (trailing && unique.Length > 0 ? "," : "") + end + "}";

            var set = JsonText.Set(text, Place, new JsonObject { ["command"] = "x", ["args"] = new JsonArray("y") });
            Assert.Equal("x", JsonText.Find(set, [.. Place, "command"])!.GetValue<string>());
            var removed = JsonText.Parse(JsonText.Remove(set, Place));
            var original = JsonText.Parse(JsonText.Remove(text, Place));
            if (original["servers"] is JsonObject { Count: 0 }) original.Remove("servers");
            Assert.True(JsonNode.DeepEquals(original, removed), text);
        });
    }
}
