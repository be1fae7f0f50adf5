using System.Runtime.CompilerServices;
using System.Text.Json.Nodes;
using EditorBridge.Budgets;
using EditorBridge.Messages;
using EditorBridge.Policies;

namespace EditorBridge.Tests.Budgets;

public sealed class BudgetFileTests
{
    [Fact]
    public void Example_is_read_whole()
    {
        var file = BudgetFile.Parse(File.ReadAllText(Docs("examples/budgets.yaml")), "budgets.yaml");
        Assert.Empty(file.Problems);
        Assert.Equal(
            ["tokens of a day User Day Tokens 20000000 50000000", "requests of a minute Session Minute Requests  60", "opus of a month User Month Dollars 150 200"],
            file.Limits.Select(limit => $"{limit.Name} {limit.Per} {limit.Within} {limit.Count} {limit.Soft} {limit.Hard}"));
    }

    [Theory]
    [InlineData("limits: []", "b.yaml:1:1: 'version' is missing")]
    [InlineData("version: 1", "b.yaml:1:1: 'limits' is missing")]
    [InlineData("version: 1\nlimits:\n  - name: a\n    per: team\n    within: day\n    count: tokens\n    hard: 1", "b.yaml:4:10: 'per' is 'team'")]
    [InlineData("version: 1\nlimits:\n  - name: a\n    per: user\n    within: day\n    count: tokens\n    hard: 1.5", "b.yaml:7:11: 'hard' must be a whole number")]
    [InlineData("version: 1\nlimits:\n  - name: a\n    per: user\n    within: day\n    count: dollars\n    hard: -2", "b.yaml:7:11: 'hard' must be an amount")]
    [InlineData("version: 1\nlimits:\n  - name: a\n    per: user\n    within: day\n    count: tokens", "b.yaml:3:5: This limit has neither")]
    [InlineData("version: 1\nlimits:\n  - name: a\n    per: user\n    within: day\n    count: tokens\n    soft: 9\n    hard: 8", "b.yaml:7:11: 'soft' must be below 'hard'")]
    [InlineData("version: 1\nlimits:\n  - name: a\n    per: user\n    within: day\n    count: tokens\n    hrad: 8", "Did you mean 'hard'?")]
    [InlineData("version: 1\nlimits:\n  - {name: a, per: user, within: day, count: tokens, hard: 1}\n  - {name: a, per: user, within: day, count: tokens, hard: 1}", "is the name of another limit")]
    [InlineData("version: 1\nlimits:\n  - {name: a, per: user, within: day, count: tokens, hard: 1, projects: here}", "is no whole path")]
    [InlineData("version: [", "b.yaml:2:1: This is not valid YAML")]
    public void Mistake_is_told_with_its_place_and_leaves_no_limit(string text, string problem)
    {
        var file = BudgetFile.Parse(text, "b.yaml");
        Assert.Empty(file.Limits);
        Assert.Contains(file.Problems, found => found.ToString().Contains(problem, StringComparison.Ordinal));
    }

    [Fact]
    public void Schema_and_reader_know_the_same_words()
    {
        var limit = JsonNode.Parse(File.ReadAllText(Docs("budgets.schema.json")))!["definitions"]!["limit"]!["properties"]!;
        Assert.Equal(Words<LimitScope>(), Enums(limit["per"]!));
        Assert.Equal(Words<LimitWindow>(), Enums(limit["within"]!));
        Assert.Equal(Words<LimitMeasure>(), Enums(limit["count"]!));
    }

    [Theory]
    [InlineData("""{"asOf":"2026-11-01","source":"contract","prices":[{"model":"claude-opus","input":4,"output":20,"cacheRead":0.4,"cacheWrite":5}]}""", "")]
    [InlineData("[]", "must be an object")]
    [InlineData("""{"prices":[{"model":"claude-opus","input":4}]}""", "entry 1")]
    [InlineData("""{"prices":[{"model":"x","input":-1,"output":1,"cacheRead":1,"cacheWrite":1}]}""", "none below zero")]
    [InlineData("{\n \"prices\": [,]}", "line 2, column")]
    public void Price_table_is_read_or_its_mistake_told(string json, string problem)
    {
        Assert.Equal(problem.Length == 0, ModelPrices.TryParse(json, out var prices, out var found));
        Assert.Contains(problem, found, StringComparison.Ordinal);
        Assert.Equal(problem.Length == 0 ? 20m : 25m, prices.Estimate("claude-opus-4-6", 0, 1_000_000, 0, 0));
    }

    [Fact]
    public void Model_without_a_price_has_no_estimate() => Assert.Null(ModelPrices.Shipped.Estimate("llama3.1-8b", 1, 1, 0, 0));

    private static string[] Words<T>() where T : struct, Enum => [.. Enum.GetValues<T>().Select(PolicyWords.Of)];

    private static string[] Enums(JsonNode node) => [.. node["enum"]!.AsArray().Select(word => (string)word!)];

    private static string Docs(string name, [CallerFilePath] string here = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(here)!, "../../../docs", name));
}
