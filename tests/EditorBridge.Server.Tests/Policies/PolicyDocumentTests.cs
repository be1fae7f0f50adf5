using System.Runtime.CompilerServices;
using EditorBridge.Policies;
using EditorBridge.Policy;

namespace EditorBridge.Tests.Policies;

public sealed class PolicyDocumentTests
{
    [Fact]
    public void Every_default_rule_stands_in_the_document_with_its_description()
    {
        var lines = Document().Split('\n');
        Assert.All(PolicySet.Default.Rules, rule =>
            Assert.Contains(lines, line => line.StartsWith($"| `{rule.Id}`{(rule.Locked ? " 🔒" : "")} |", StringComparison.Ordinal) && line.Contains(rule.Description, StringComparison.Ordinal)));
        Assert.Equal(PolicySet.Default.Rules.Length, lines.Count(line => line.StartsWith("| `default.", StringComparison.Ordinal)));
    }

    [Fact]
    public void Every_shell_id_stands_in_the_document() =>
        Assert.All(ShellIds.All, id => Assert.Contains($"| `{id}` |", Document(), StringComparison.Ordinal));

    [Fact]
    public void Example_cases_hold_under_the_default_policy()
    {
        var cases = PolicyCases.Parse(File.ReadAllText(Docs("examples/policy-tests.yaml")), "policy-tests.yaml");
        Assert.Empty(cases.Problems);
        Assert.All(cases.Cases, single => Assert.Null(EditorBridge.Cli.PolicyTestCommand.Failure(PolicySet.Default, single)));
    }

    [Theory]
    [InlineData("version: 1\ncases:\n  - name: a\n    action: { tool: Bash }\n", 3, "no 'expect'")]
    [InlineData("version: 1\ncases:\n  - name: a\n    action: { input: {} }\n    expect: allow\n", 4, "no 'tool'")]
    [InlineData("version: 1\ncases:\n  - name: a\n    action: { tool: Bash }\n    expect: allowed\n", 5, "Did you mean 'allow'?")]
    [InlineData("cases: []\n", 1, "version: 1")]
    public void Mistake_in_cases_is_shown_where_it_stands(string text, int line, string message)
    {
        var cases = PolicyCases.Parse(text, "cases.yaml");
        Assert.Empty(cases.Cases);
        Assert.Contains(cases.Problems, problem => problem.Line == line && problem.Message.Contains(message, StringComparison.Ordinal));
    }

    private static string Document() => File.ReadAllText(Docs("policy.md"));

    private static string Docs(string relative, [CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../docs", relative));
}
