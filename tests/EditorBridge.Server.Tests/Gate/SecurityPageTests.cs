using System.Text.RegularExpressions;
using EditorBridge.Policy;
using EditorBridge.Server.Tests.Ledger;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>The page that lists the ways round the gate names rules that are in force and tests that exist.</summary>
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

    [Fact]
    public void Tests_named_exist()
    {
        var files = Directory.EnumerateFiles(Path.Combine(Root, "tests"), "*", SearchOption.AllDirectories)
            .Where(file => !file.Contains($"{Path.DirectorySeparatorChar}bin{Path.DirectorySeparatorChar}", StringComparison.Ordinal)).Select(Path.GetFileName).ToHashSet();
        var named = Regex.Matches(Page, @"`(\w+Tests|[\w-]+\.e2e\.mjs|default-[a-z]+\.txt)`").Select(match => match.Groups[1].Value).Distinct().ToArray();

        Assert.True(named.Length > 20);
        Assert.DoesNotContain(named, name => !files.Contains(name.EndsWith("Tests", StringComparison.Ordinal) ? name + ".cs" : name));
    }
}
