using System.Globalization;
using CsCheck;
using EditorBridge.Policy;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Policy;

/// <summary>What a team meets on day one.</summary>
public sealed class DefaultPolicyTests
{
    private static readonly DateTimeOffset Noon = DateTimeOffset.Parse("2026-03-02T12:00:00+01:00", CultureInfo.InvariantCulture);

    [Theory]
    [MemberData(nameof(Commands))]
    public void Command_has_the_effect_of_the_vectors(string effect, string command)
    {
        var decision = PolicyEvaluator.Decide(PolicySet.Default, Shell(command));
        Assert.True(Enum.Parse<Effect>(effect, ignoreCase: true) == decision.Effect, $"{decision.Effect}, expected {effect}: {decision.Summary}");
    }

    public static IEnumerable<TheoryDataRow<string, string>> Commands() =>
        from line in File.ReadLines(Vectors.PathOf("policy/default-commands.txt"))
        where line.Length > 0 && line[0] != '#'
        let space = line.IndexOf(' ')
        select new TheoryDataRow<string, string>(line[..space], line[space..].Trim().Replace("\\n", "\n").Replace("\\t", "\t"));

    [Theory]
    [MemberData(nameof(Files))]
    public void File_has_the_effect_of_the_vectors(string effect, string tool, string path)
    {
        var isRead = tool is "Read" or "Grep" or "Glob";
        var facts = Facts(tool) with { Paths = isRead ? [] : [path], ReadPaths = isRead ? [path] : [] };
        var decision = PolicyEvaluator.Decide(PolicySet.Default, facts);
        Assert.True(Enum.Parse<Effect>(effect, ignoreCase: true) == decision.Effect, $"{decision.Effect}, expected {effect}: {decision.Summary}");
    }

    public static IEnumerable<TheoryDataRow<string, string, string>> Files() =>
        from line in File.ReadLines(Vectors.PathOf("policy/default-files.txt"))
        where line.Length > 0 && line[0] != '#'
        let fields = line.Split(' ', 3, StringSplitOptions.RemoveEmptyEntries)
        select new TheoryDataRow<string, string, string>(fields[0], fields[1], fields[2]);

    [Theory]
    [InlineData("Read", Effect.Allow)]
    [InlineData("TodoWrite", Effect.Allow)]
    [InlineData("ToolSearch", Effect.Allow)]
    [InlineData("Agent", Effect.Allow)]
    [InlineData("Write", Effect.Allow)]
    [InlineData("WebFetch", Effect.Review)]
    [InlineData("PowerShell", Effect.Review)]
    [InlineData("mcp__github__create_issue", Effect.Review)]
    [InlineData("mcp__editorbridge__list_tables", Effect.Allow)]
    [InlineData("mcp__snowflake__list_tables", Effect.Review)]
    [InlineData("mcp__snowflake__execute_sql", Effect.Review)]
    [InlineData("SomethingNew", Effect.Review)]
    public void Tool_alone_has_its_effect(string tool, Effect expected) =>
        Assert.Equal(expected, PolicyEvaluator.Decide(PolicySet.Default, Facts(tool)).Effect);

    [Theory]
    [InlineData(StatementClass.Read, Effect.Allow, Effect.Allow)]
    [InlineData(StatementClass.Read, Effect.Deny, Effect.Deny)]
    [InlineData(StatementClass.Ddl, Effect.Review, Effect.Review)]
    [InlineData(StatementClass.Ddl, Effect.Allow, Effect.Allow)]
    [InlineData(StatementClass.Destructive, Effect.Deny, Effect.Deny)]
    [InlineData(StatementClass.Privilege, Effect.Allow, Effect.Review)]
    [InlineData(StatementClass.Unknown, Effect.Allow, Effect.Review)]
    [InlineData(StatementClass.Session, Effect.Review, Effect.Review)]
    public void Statement_follows_the_analyser_and_never_less_than_its_class(StatementClass statementClass, Effect analysed, Effect expected)
    {
        var facts = Facts("mcp__snowflake__execute_sql") with { Sql = [SqlFacts.Piece(SqlFacts.Statement(statementClass, analysed))] };
        Assert.Equal(expected, PolicyEvaluator.Decide(PolicySet.Default, facts).Effect);
    }

    [Fact]
    public void State_folder_is_refused_wherever_it_is()
    {
        var facts = Facts("Read") with { ReadPaths = ["/srv/eb/clients/claude.token"], StateFolder = "/srv/eb" };
        Assert.Equal(Effect.Deny, PolicyEvaluator.Decide(PolicySet.Default, facts).Effect);
    }

    [Fact]
    public void Session_grant_is_not_offered_for_destruction()
    {
        var facts = Facts("mcp__snowflake__execute_sql") with { Sql = [SqlFacts.Piece(SqlFacts.Statement(StatementClass.Destructive, Effect.Review))] };
        Assert.True(PolicyEvaluator.Decide(PolicySet.Default, facts).Obligations.NoSessionGrant);
        Assert.False(PolicyEvaluator.Decide(PolicySet.Default, Shell("./deploy-tool now")).Obligations.NoSessionGrant);
    }

    [Fact]
    public void Any_command_is_decided_without_an_exception()
    {
        string[] pieces =
        [
            "rm", "-rf", "git", "config", "push", "-c", "pkill", "-f", "(a{9", "[", "*", "curl", "-o", "https://x/y", "python3", "-c", "'import os'", "bash", "env", "-S", "sudo", "xargs", "cp", "-t", ".claude", "$X", "$(pwd)", "X=a",
            "cd", "..", "/", "~", "> ", "<<E\nx\nE\n", "|", "&&", ";", "\"", "'", "sqlite3", ".shell", "snow", "sql", "-q", "dbt", "run", "for", "in", "do", "done", "\ud800", "\u0001", "awk", "chmod", "4777", "kill", ":4000", "{a,b}",
        ];
        Gen.Int[0, pieces.Length - 1].Array[0, 16].Sample(chosen =>
        {
            var command = string.Join(' ', chosen.Select(index => pieces[index]));
            _ = PolicyEvaluator.Decide(PolicySet.Default, Shell(command));
        }, iter: 4_000);
    }

    [Fact]
    public void Every_id_of_a_shell_finding_has_a_rule()
    {
        var ids = typeof(ShellIds).GetFields().Where(field => field.IsLiteral).Select(field => (string)field.GetRawConstantValue()!);
        var ruled = PolicySet.Default.Rules.SelectMany(rule => rule.Match.Reasons);
        Assert.Empty(ids.Except(ruled));
    }

    private static ActionFacts Shell(string command) => Facts("Bash") with { Command = command, Sql = EmbeddedSql.InShell(command) };

    private static ActionFacts Facts(string tool) => new() { Door = Door.Hook, Tool = tool, Workspace = "/home/dev/project", Home = "/home/dev", At = Noon };
}
