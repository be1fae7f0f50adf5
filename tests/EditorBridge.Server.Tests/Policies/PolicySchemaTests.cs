using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using EditorBridge.Policies;
using EditorBridge.Policy;
using NJsonSchema;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace EditorBridge.Tests.Policies;

/// <summary>The published schema and the reader must accept and refuse the same files.</summary>
public sealed class PolicySchemaTests
{
    [Theory]
    [InlineData("policy-managed.yaml", PolicyLayer.Managed)]
    [InlineData("policy-user.yaml", PolicyLayer.User)]
    [InlineData("policy-workspace.yaml", PolicyLayer.Workspace)]
    public async Task Example_is_accepted_by_schema_and_reader(string name, object layer)
    {
        var text = await File.ReadAllTextAsync(Docs($"examples/{name}"), TestContext.Current.CancellationToken);
        Assert.Empty((await SchemaAsync()).Validate(Json(text)));
        Assert.Empty(PolicyFile.Parse(text, name, (PolicyLayer)layer).Problems);
    }

    [Theory]
    [InlineData("rules: []")]
    [InlineData("version: 2\nrules: []")]
    [InlineData("version: 1\nrules: []\nextra: 1")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny")]
    [InlineData("version: 1\nrules:\n  - id: a\n    match: { tools: X }")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: maybe\n    match: { tools: X }")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: {}")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: { tools: [] }")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: { classes: [dropping] }")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: { when: { from: \"8\", to: \"09:00\" } }")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: { when: { from: \"08:00\" } }")]
    [InlineData("version: 1\nrules:\n  - id: default.a\n    effect: deny\n    match: { tools: X }")]
    [InlineData("version: 1\nrules:\n  - id: a b\n    effect: deny\n    match: { tools: X }")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: { tools: X }\n    obligations: { row_limit: 0 }")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: { uncertain: perhaps }")]
    public async Task Mistake_is_refused_by_schema_and_reader(string text)
    {
        Assert.NotEmpty((await SchemaAsync()).Validate(Json(text)));
        Assert.True(PolicyFile.Parse(text, "policy.yaml", PolicyLayer.Managed).IsBroken);
    }

    [Fact]
    public async Task Schema_and_reader_know_the_same_words()
    {
        var schema = JsonNode.Parse(await File.ReadAllTextAsync(Docs("policy.schema.json"), TestContext.Current.CancellationToken))!["definitions"]!;
        Assert.Equal(Words<Door>(), Enums(schema["door"]!));
        Assert.Equal(Words<EditorBridge.Sql.StatementClass>(), Enums(schema["class"]!));
        Assert.Equal(Words<EditorBridge.Sql.ObjectAccess>(), Enums(schema["anAccess"]!));
        Assert.Equal(Words<EditorBridge.Sql.Severity>(), Enums(schema["match"]!["properties"]!["severity"]!));
        Assert.Equal(Words<EditorBridge.Sql.Effect>(), Enums(schema["rule"]!["properties"]!["effect"]!));
    }

    private static string[] Words<T>() where T : struct, Enum => [.. Enum.GetValues<T>().Select(PolicyWords.Of)];

    private static string[] Enums(JsonNode node) => [.. node["enum"]!.AsArray().Select(value => value!.GetValue<string>())];

    private static Task<JsonSchema> SchemaAsync() => JsonSchema.FromFileAsync(Docs("policy.schema.json"), TestContext.Current.CancellationToken);

    private static string Docs(string relative, [CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../docs", relative));

    private static string Json(string yaml)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(yaml));
        return Json(stream.Documents[0].RootNode)!.ToJsonString();
    }

    private static JsonNode? Json(YamlNode node) => node switch
    {
        YamlMappingNode mapping => new JsonObject(mapping.Children.Select(child => KeyValuePair.Create(((YamlScalarNode)child.Key).Value!, Json(child.Value)))),
        YamlSequenceNode sequence => new JsonArray([.. sequence.Children.Select(Json)]),
        YamlScalarNode { Style: ScalarStyle.Plain, Value: "true" or "false" } flag => JsonValue.Create(flag.Value == "true"),
        YamlScalarNode { Style: ScalarStyle.Plain } number when int.TryParse(number.Value, CultureInfo.InvariantCulture, out var value) => JsonValue.Create(value),
        _ => JsonValue.Create(((YamlScalarNode)node).Value),
    };
}
