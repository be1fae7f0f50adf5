using EditorBridge.Policies;
using EditorBridge.Policy;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Policies;

public sealed class PolicyFileTests
{
    private const string Rule = "version: 1\nrules:\n  - id: a\n    effect: deny\n    match:\n      ";

    [Theory]
    [InlineData("version: 1\nrules:\n  - id: a\n    efect: deny\n    match: { tools: Bash }\n", 4, 5, "Did you mean 'effect'?")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: denied\n    match: { tools: Bash }\n", 4, 13, "allow, review, deny")]
    [InlineData("version: 2\nrules: []\n", 1, 10, "must be 1")]
    [InlineData("rules: []\n", 1, 1, "'version' is missing")]
    [InlineData("version: 1\n", 1, 1, "'rules' is missing")]
    [InlineData("version: 1\nrules: {}\n", 2, 8, "must be a list")]
    [InlineData("version: 1\nrules:\n  - id: a\n    match: { tools: Bash }\n", 3, 5, "no 'effect'")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n", 3, 5, "no 'match'")]
    [InlineData("version: 1\nrules:\n  - id: a\n    effect: deny\n    match: {}\n", 5, 12, "no condition")]
    [InlineData(Rule + "tools: []\n", 6, 14, "is empty")]
    [InlineData(Rule + "tools: *\n", 6, 14, "")]
    [InlineData(Rule + "mcp_tools: tracker\n", 6, 18, "Write server:tool")]
    [InlineData(Rule + "classes: [ddll]\n", 6, 17, "Did you mean 'ddl'?")]
    [InlineData(Rule + "reasons: sh.deletee\n", 6, 7, "There is no shell rule 'sh.deletee'")]
    [InlineData(Rule + "when: { from: \"8\", to: \"19:00\" }\n", 6, 21, "\"08:30\"")]
    [InlineData(Rule + "when: { from: \"08:00\" }\n", 6, 13, "both 'from' and 'to'")]
    [InlineData(Rule + "commands: ls\n      classes: ddl\n", 6, 7, "Write two rules")]
    [InlineData(Rule + "access: write\n", 6, 7, "needs 'paths'")]
    [InlineData(Rule + "tools: Bash\n    obligations: { row_limit: 0 }\n", 7, 31, "1 or more")]
    [InlineData(Rule + "tools: Bash\n    relaxes: default.nothing\n", 7, 14, "No default rule is called")]
    [InlineData(Rule + "tools: Bash\n    relaxes: default.shell.self\n", 7, 14, "managed policy only")]
    [InlineData(Rule + "tools: Bash\n  - id: a\n    effect: deny\n    match: { tools: Bash }\n", 7, 9, "Two rules are called 'a'")]
    [InlineData("version: 1\nrules:\n  - id: default.x\n    effect: deny\n    match: { tools: Bash }\n", 3, 9, "belong to the rules that ship")]
    [InlineData("version: 1\nrules: [\n", 3, 1, "not valid YAML")]
    [InlineData("version: 1\nversion: 1\nrules: []\n", 2, 1, "not valid YAML")]
    [InlineData("version: 1\nx: &a [1]\nrules: *a\n", 2, 4, "Anchors")]
    [InlineData("version: 1\nlocked: default.sql.exfil\nrules: []\n", 2, 9, "managed policy only")]
    [InlineData("", 0, 0, "empty")]
    [InlineData("version: 1\nrules: []\n---\nversion: 1\n", 0, 0, "more than one")]
    public void Mistake_is_shown_where_it_stands(string text, int line, int column, string message)
    {
        var file = PolicyFile.Parse(text, "policy.yaml", PolicyLayer.User);
        Assert.True(file.IsBroken);
        Assert.Empty(file.Rules);
        Assert.Contains(file.Problems, problem => problem.Line == line && problem.Column == column && problem.Message.Contains(message, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("git push*", true)]
    [InlineData("git push *", false)]
    [InlineData("git push origin feature/*", false)]
    [InlineData("python*", false)]
    public void Star_at_the_end_of_a_word_is_told_to_stand_for_no_further_words(string command, bool told)
    {
        var file = PolicyFile.Parse(Rule + $"commands: \"{command}\"\n", "policy.yaml", PolicyLayer.User);
        Assert.False(file.IsBroken);
        Assert.Equal(told, file.Problems.Any(problem => problem.Message.Contains("For any further words, write 'git push *'", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("effect: allow\n    match: { tools: X }", "can only tighten")]
    [InlineData("effect: review\n    match: { tools: X }\n    relaxes: default.tools.unknown", "can only tighten")]
    public void Workspace_cannot_loosen(string rule, string message)
    {
        var file = PolicyFile.Parse($"version: 1\nrules:\n  - id: a\n    {rule}\n", "policy.yaml", PolicyLayer.Workspace);
        Assert.Contains(file.Problems, problem => problem.IsError && problem.Message.Contains(message, StringComparison.Ordinal));
    }

    [Fact]
    public void Every_key_of_a_rule_is_read()
    {
        const string text = """
            version: 1
            rules:
              - id: all
                description: Everything
                effect: review
                match:
                  tools: [Write]
                  doors: [hook, open-diff]
                  accounts: acme
                  roles: "DEV_*"
                  warehouses: WH
                  workspaces: /srv/**
                  when: { days: [monday, friday], from: "08:00", to: "18:30", outside: true }
                  paths: "models/**"
                  access: write
                  classes: [ddl, exfil]
                  reasons: "X*"
                  objects: "PROD.*"
                  object_kinds: TABLE
                  object_access: [drop, grant]
                  columns: EMAIL
                  tags: PII
                  severity: high
                  uncertain: true
                  sql_in_action: true
                except: { tools: Edit }
                relaxes: default.sql.ddl
                obligations: { reason: true, two_people: true, explain_first: true, row_limit: 5, grant_minutes: 7, session_grant: false }
            """;
        var rule = Assert.Single(PolicyFile.Parse(text, "policy.yaml", PolicyLayer.User).Rules);
        Assert.Equal([Door.Hook, Door.OpenDiff], rule.Match.Doors);
        Assert.Equal([StatementClass.Ddl, StatementClass.Exfil], rule.Match.Classes);
        Assert.Equal([ObjectAccess.Drop, ObjectAccess.Grant], rule.Match.ObjectAccess);
        Assert.Equal(new TimeOnly(18, 30), rule.Match.When!.To);
        Assert.Equal([DayOfWeek.Monday, DayOfWeek.Friday], rule.Match.When.Days);
        Assert.True(rule.Match.When.Outside);
        Assert.Equal(PathAccess.Write, rule.Match.Access);
        Assert.Equal(Severity.High, rule.Match.Severity);
        Assert.Equal(["Edit"], rule.Except!.Tools);
        Assert.Equal(new Obligations { ReasonRequired = true, TwoPeople = true, ExplainFirst = true, RowLimit = 5, GrantLifetime = TimeSpan.FromMinutes(7), NoSessionGrant = true }, rule.Obligations);
    }

    [Fact]
    public void Allow_that_changes_nothing_is_a_warning()
    {
        var file = PolicyFile.Parse("version: 1\nrules:\n  - id: a\n    effect: allow\n    match: { tools: X }\n", "policy.yaml", PolicyLayer.User);
        Assert.False(file.IsBroken);
        Assert.Contains("relaxes no default rule", Assert.Single(file.Problems).Message, StringComparison.Ordinal);
    }
}
