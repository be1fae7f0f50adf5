using System.Text.RegularExpressions;
using EditorBridge.Policy;
using EditorBridge.Server.Tests.Ledger;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>The pages that list attacks and what stands against them name rules that are in force and tests that exist.</summary>
public class SecurityPageTests
{
    private static readonly string Root = SourceTree.Root;
    private static readonly string Page = File.ReadAllText(Path.Combine(Root, "docs", "security.md"));

    [Fact]
    public void Rules_named_are_rules_of_the_default_policy()
    {
        var named = Regex.Matches(Page, @"`(default\.[a-z.-]+)`").Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.NotEmpty(named);
        Assert.Empty(named.Except(PolicySet.Default.Rules.Select(rule => rule.Id)));
    }

    [Theory]
    [InlineData("security.md")]
    [InlineData("mcp-trust.md")]
    public void Tests_named_exist(string page)
    {
        var files = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(Path.GetFileName).ToHashSet();
        var named = Regex.Matches(File.ReadAllText(Path.Combine(Root, "docs", page)), @"`(\w+Tests|[\w-]+\.e2e\.mjs|default-[a-z]+\.txt)`").Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.True(named.Length > 20);
        Assert.DoesNotContain(named, name => !files.Contains(name.EndsWith("Tests", StringComparison.Ordinal) ? name + ".cs" : name));
    }

    [Fact]
    public void Every_attack_of_a_server_has_its_defence_and_its_tests()
    {
        var page = File.ReadAllText(Path.Combine(Root, "docs", "mcp-trust.md"));
        var rows = page[page.IndexOf("## Attacks", StringComparison.Ordinal)..].Split('\n').Where(line => line.StartsWith("| ", StringComparison.Ordinal) && !line.StartsWith("| attack |", StringComparison.Ordinal)).ToArray();

        Assert.True(rows.Length > 30);
        Assert.All(rows, row => Assert.Matches(@"^\| [^|]+ \| [^|]+ \| (`(\w+Tests|[\w-]+\.e2e\.mjs)`(, )?)+ \|$", row));
    }
}
