using System.Text;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Sql;

public sealed class RuleDocumentationTests
{
    [Fact]
    public void Documentation_lists_every_rule_as_the_code_has_it()
    {
        var path = Path.Combine(Repository(), "docs", "sql-rules.md");
        var expected = Page();
        if (Environment.GetEnvironmentVariable("UPDATE_EXPECT") == "1") File.WriteAllText(path, expected);
        Assert.True(File.Exists(path), "docs/sql-rules.md is missing; write it with UPDATE_EXPECT=1.");
        Assert.Equal(expected, File.ReadAllText(path).ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Every_rule_is_given_for_some_labelled_case()
    {
        var given = SqlVector.All.SelectMany(vector => SqlAnalyzer.Analyze(vector.Sql).Statements).SelectMany(Deep).SelectMany(statement => statement.Reasons).Select(reason => reason.Id).ToHashSet();
        Assert.Equal("", string.Join(' ', RuleCatalogue.All.Select(rule => rule.Id).Where(id => !given.Contains(id))));
    }

    private static IEnumerable<StatementAnalysis> Deep(StatementAnalysis statement) => statement.Embedded.SelectMany(Deep).Prepend(statement);

    private static string Page()
    {
        var page = new StringBuilder();
        page.Append("# SQL rules\n\n");
        page.Append("Every reason the SQL analyser can give. The effect and severity are those of the usual case; a statement can be judged more strictly, and a policy has the last word.\n");
        page.Append($"The tables of commands were last compared with Snowflake's own list on {RuleCatalogue.Date:yyyy-MM-dd}; a kind of object that is newer keeps the class of its verb and is never allowed without a person.\n");
        foreach (var family in RuleCatalogue.All.GroupBy(rule => rule.Id[0]))
        {
            page.Append($"\n## {Family(family.Key)}\n\n| id | rule | what was seen | why it matters | effect | severity |\n|---|---|---|---|---|---|\n");
            foreach (var rule in family) page.Append($"| {rule.Id} | {rule.Title} | {rule.Meaning} | {rule.Why} | {rule.Effect.ToString().ToLowerInvariant()} | {rule.Severity.ToString().ToLowerInvariant()} |\n");
        }
        return page.ToString();
    }

    private static string Family(char letter) => letter switch
    {
        'G' => "G: getting past a gate",
        'D' => "D: data changes",
        'X' => "X: destruction",
        'P' => "P: privileges and protection",
        'E' => "E: data out",
        'S' => "S: session, account and cost",
        'C' => "C: code",
        'R' => "R: reads",
        _ => throw new ArgumentOutOfRangeException(nameof(letter)),
    };

    private static string Repository()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "EditorBridge.sln"))) return folder.FullName;
        }
        throw new DirectoryNotFoundException("EditorBridge.sln was not found above the test's folder.");
    }
}
