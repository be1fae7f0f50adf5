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
    [InlineData("version: 1\ndefaults: { tags: PII }\ncases: []\n", 2, "must be a mapping")]
    [InlineData("version: 1\ndefaults:\n  tags:\n    raw..customers: PII\ncases: []\n", 4, "'raw..customers' in 'tags' is not the name")]
    public void Mistake_in_cases_is_shown_where_it_stands(string text, int line, string message)
    {
        var cases = PolicyCases.Parse(text, "cases.yaml");
        Assert.Empty(cases.Cases);
        Assert.Contains(cases.Problems, problem => problem.Line == line && problem.Message.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("{ raw.shop.customers.email: GOV.TAGS.PII=email }", "SELECT email FROM raw.shop.customers", "deny")]
    [InlineData("{ raw.shop.customers.email: PII }", "SELECT * FROM RAW.SHOP.CUSTOMERS", "deny")]
    [InlineData("{ raw.shop.customers: [OWNER=sales, PII=name] }", "SELECT id FROM raw.shop.customers", "deny")]
    [InlineData("{ 'raw.shop.\"Customers\".\"E Mail\"': PII }", "SELECT \"E Mail\" FROM raw.shop.\"Customers\"", "deny")]
    [InlineData("{ raw.shop.customers.email: PII }", "SELECT id FROM raw.shop.customers", "allow")]
    [InlineData("{ raw.shop.customers: [] }", "SELECT email FROM raw.shop.customers", "allow")]
    [InlineData("{ raw.shop.orders: [] }", "SELECT email FROM raw.shop.customers", "review")]
    public void Tags_of_a_case_stand_for_what_the_account_says(string tags, string sql, string expected)
    {
        var policy = PolicyFile.Parse("version: 1\nrules:\n  - { id: no-pii, description: No PII., match: { tags: [PII] }, effect: deny }\n", "policy.yaml", PolicyLayer.User);
        Assert.Empty(policy.Problems);
        var cases = PolicyCases.Parse($"version: 1\ndefaults: {{ tags: {tags} }}\ncases:\n  - name: a\n    action: {{ tool: mcp__snowflake__execute_sql, input: {{ sql: '{sql}' }} }}\n    expect: {expected}\n", "cases.yaml");
        Assert.Empty(cases.Problems);
        Assert.Null(EditorBridge.Cli.PolicyTestCommand.Failure(PolicySet.Of(policy.Rules, []), Assert.Single(cases.Cases)));
    }

    private static string Document() => File.ReadAllText(Docs("policy.md"));

    private static string Docs(string relative, [CallerFilePath] string thisFile = "") => Path.GetFullPath(Path.Combine(Path.GetDirectoryName(thisFile)!, "../../../docs", relative));
}
