using System.Collections.Immutable;
using System.Globalization;
using EditorBridge.Policy;
using EditorBridge.Sql;

namespace EditorBridge.Tests.Policy;

public sealed class PolicyEvaluatorTests
{
    private static readonly ActionFacts Sql = new()
    {
        Door = Door.Mcp,
        Tool = "mcp__snowflake__execute_sql",
        Workspace = "/home/dev/project",
        Home = "/home/dev",
        At = DateTimeOffset.Parse("2026-03-02T12:00:00+01:00", CultureInfo.InvariantCulture),
    };

    private static readonly ImmutableDictionary<string, ImmutableArray<string>> NoTags = ImmutableDictionary<string, ImmutableArray<string>>.Empty;

    private static readonly ActionFacts Shell = Sql with { Door = Door.Hook, Tool = "Bash" };

    [Fact]
    public void Strictest_rule_of_all_layers_wins()
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tools = ["Write"] }), Rule("u", PolicyLayer.User, Effect.Allow, new() { Tools = ["Write"] }));
        Assert.Equal(Effect.Deny, Decide(policy, Sql with { Tool = "Write" }).Effect);
    }

    [Fact]
    public void Allow_without_relaxes_does_not_lift_a_default_rule()
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Tools = ["NewTool"] }));
        Assert.Equal(Effect.Review, Decide(policy, Sql with { Tool = "NewTool" }).Effect);
    }

    [Fact]
    public void Relaxed_default_rule_does_not_count_where_the_rule_matches()
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Tools = ["NewTool"] }, "default.tools.unknown"));
        Assert.Equal(Effect.Allow, Decide(policy, Sql with { Tool = "NewTool" }).Effect);
        Assert.Equal(Effect.Review, Decide(policy, Sql with { Tool = "OtherTool" }).Effect);
    }

    [Theory]
    [InlineData("mcp__editorbridge__tracker__search_issues", Effect.Allow)]
    [InlineData("mcp__editorbridge__tracker__close_issue", Effect.Review)]
    [InlineData("mcp__editorbridge__tracker2__search_issues", Effect.Review)]
    [InlineData("mcp__editorbridge__other__delete_issue", Effect.Deny)]
    [InlineData("mcp__editorbridge__a_b__tracker__search_x", Effect.Review)]
    [InlineData("mcp__elsewhere__delete_all", Effect.Deny)]
    public void Rule_on_tools_of_servers_speaks_of_server_and_tool(string tool, Effect effect)
    {
        var policy = Policy(
            Rule("search", PolicyLayer.User, Effect.Allow, new() { McpTools = ["tracker:search_*"] }, "default.tools.upstream"),
            Rule("no-deleting", PolicyLayer.User, Effect.Deny, new() { McpTools = ["*:delete_*"] }));
        Assert.Equal(effect, Decide(policy, Sql with { Tool = tool }).Effect);
    }

    [Fact]
    public void Relaxing_one_statement_leaves_the_others_as_they_are()
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Objects = ["DEV.*"] }, "default.sql.*"));
        Assert.Equal(Effect.Allow, Decide(policy, With(Ddl("DEV.A.T"))).Effect);
        Assert.Equal(Effect.Review, Decide(policy, With(Ddl("DEV.A.T"), Ddl("PROD.A.T"))).Effect);
    }

    [Fact]
    public void Relaxing_one_program_leaves_the_others_as_they_are()
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Commands = ["git push *"] }, "default.shell.publish"));
        Assert.Equal(Effect.Allow, Decide(policy, Shell with { Command = "git push origin x && ls" }).Effect);
        Assert.Equal(Effect.Review, Decide(policy, Shell with { Command = "git push origin x && npm publish" }).Effect);
        Assert.Equal(Effect.Review, Decide(policy, Shell with { Command = "sudo git push origin x" }).Effect);
    }

    [Fact]
    public void Workspace_rule_never_relaxes_even_when_it_says_so()
    {
        var policy = Policy(Rule("w", PolicyLayer.Workspace, Effect.Allow, new() { Tools = ["NewTool"] }, "default.*"));
        Assert.Equal(Effect.Review, Decide(policy, Sql with { Tool = "NewTool" }).Effect);
    }

    [Theory]
    [InlineData(PolicyLayer.User, Effect.Deny)]
    [InlineData(PolicyLayer.Managed, Effect.Allow)]
    public void Rule_that_protects_the_guard_is_relaxed_by_managed_policy_only(PolicyLayer layer, Effect expected)
    {
        var policy = Policy(Rule("r", layer, Effect.Allow, new() { Tools = ["*"] }, "default.*"));
        Assert.Equal(expected, Decide(policy, Shell with { Command = "editorbridge approve rv_1" }).Effect);
    }

    [Fact]
    public void Rule_the_administrator_locked_is_not_relaxed_by_a_user()
    {
        var rule = Rule("u", PolicyLayer.User, Effect.Allow, new() { Tools = ["NewTool"] }, "default.tools.unknown");
        Assert.Equal(Effect.Review, Decide(PolicySet.Of([rule], ["default.tools.*"]), Sql with { Tool = "NewTool" }).Effect);
    }

    [Theory]
    [InlineData("PROD.A.T", null, Effect.Deny)]
    [InlineData("DEV.A.T", null, Effect.Review)]
    [InlineData("T", "PROD", Effect.Deny)]
    [InlineData("T", "DEV", Effect.Review)]
    [InlineData("A.T", "PROD", Effect.Deny)]
    [InlineData("T", null, Effect.Review)]
    [InlineData("\"prod\".A.T", null, Effect.Deny)]
    public void Denied_object_is_denied_when_certain_and_reviewed_when_it_may_be(string name, string? database, Effect expected)
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Objects = ["PROD.*"] }));
        Assert.Equal(expected, Decide(policy, With(Ddl(name)) with { Database = database, Schema = database is null ? null : "A" }).Effect);
    }

    [Theory]
    [InlineData("T", null, Effect.Review)]
    [InlineData("T", "DEV", Effect.Allow)]
    public void Allowed_object_is_allowed_only_when_certain(string name, string? database, Effect expected)
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Objects = ["DEV.*"] }, "default.sql.*"));
        Assert.Equal(expected, Decide(policy, With(Ddl(name)) with { Database = database, Schema = database is null ? null : "A" }).Effect);
    }

    [Theory]
    [InlineData("DATABASE", "PROD", Effect.Deny)]
    [InlineData("DATABASE", "DEV", Effect.Review)]
    [InlineData("SCHEMA", "PROD.A", Effect.Deny)]
    [InlineData("ROLE", "ANALYST", Effect.Review)]
    public void Container_counts_as_what_is_in_it(string kind, string name, Effect expected)
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Objects = ["PROD.A.ORDERS"] }));
        Assert.Equal(expected, Decide(policy, With(SqlFacts.Statement(StatementClass.Destructive, Effect.Review, SqlFacts.Object(name, kind, ObjectAccess.Drop)))).Effect);
    }

    [Fact]
    public void Allowing_rule_must_cover_every_object()
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Objects = ["DEV.*"] }, "default.sql.*"));
        var statement = SqlFacts.Statement(StatementClass.Dml, Effect.Review, SqlFacts.Object("DEV.A.T"), SqlFacts.Object("PROD.A.T", access: ObjectAccess.Read));
        Assert.Equal(Effect.Review, Decide(policy, With(statement)).Effect);
    }

    [Fact]
    public void Columns_are_found_by_name_and_a_star_may_be_any()
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Columns = ["EMAIL*"] }));
        Assert.Equal(Effect.Deny, Decide(policy, With(Read() with { Columns = ["T.EMAIL_HOME"] })).Effect);
        Assert.Equal(Effect.Deny, Decide(policy, With(Read() with { Columns = ["\"email_home\""] })).Effect);
        Assert.Equal(Effect.Review, Decide(policy, With(Read() with { Columns = ["*"] })).Effect);
        Assert.Equal(Effect.Allow, Decide(policy, With(Read() with { Columns = ["ID"] })).Effect);
    }

    [Fact]
    public void Tags_nobody_looked_up_ask_a_person()
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tags = ["PII"] }));
        var facts = With(Read() with { Columns = ["EMAIL"] });
        Assert.Equal(Effect.Review, Decide(policy, facts).Effect);
        // Asked about others, but not about this table.
        Assert.Equal(Effect.Review, Decide(policy, facts with { Tags = NoTags.Add("A.B.OTHER", []) }).Effect);
    }

    [Theory]
    [InlineData("EMAIL", Effect.Deny)]
    [InlineData("\"e.\"\"mail\"", Effect.Deny)]
    [InlineData("\"email\"", Effect.Deny)]
    [InlineData("ID", Effect.Allow)]
    [InlineData("*", Effect.Deny)]
    [InlineData("", Effect.Allow)]
    public void Tags_of_columns_hold_for_the_columns_a_read_names(string column, Effect expected)
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tags = ["PII"] }));
        var facts = With(Read() with { Columns = column.Length == 0 ? [] : [column] }) with { Tags = NoTags.Add("A.B.T", []).Add("A.B.T.EMAIL", ["PII"]).Add("A.B.T.e.\"mail", ["PII"]) };
        Assert.Equal(expected, Decide(policy, facts).Effect);
    }

    [Fact]
    public void Tags_of_columns_hold_for_every_change_of_their_table()
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tags = ["PII"] }));
        var delete = SqlFacts.Statement(StatementClass.Dml, Effect.Review, SqlFacts.Object("A.B.T")) with { Columns = ["ID"] };
        Assert.Equal(Effect.Deny, Decide(policy, With(delete) with { Tags = NoTags.Add("A.B.T", []).Add("A.B.T.EMAIL", ["PII"]) }).Effect);
    }

    [Fact]
    public void Tags_of_an_earlier_result_or_of_what_is_known_at_run_time_ask_a_person()
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tags = ["PII"], Classes = [StatementClass.Read] }));
        var result = SqlFacts.Statement(StatementClass.Read, Effect.Allow) with { Reasons = [new Reason("R6", "An earlier result.", default, Severity.Low)] };
        var opaque = SqlFacts.Statement(StatementClass.Read, Effect.Allow) with { Confidence = Confidence.Opaque };
        Assert.Equal(Effect.Review, Decide(policy, With(result) with { Tags = NoTags }).Effect);
        Assert.Equal(Effect.Review, Decide(policy, With(opaque) with { Tags = NoTags }).Effect);
        Assert.Equal(Effect.Allow, Decide(policy, With(SqlFacts.Statement(StatementClass.Read, Effect.Allow))).Effect);
    }

    [Fact]
    public void Allowing_rule_on_tags_needs_every_object_to_carry_one()
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Tags = ["PUBLIC"] }, "default.sql.*"));
        var read = SqlFacts.Statement(StatementClass.Exec, Effect.Review, SqlFacts.Object("A.B.T", access: ObjectAccess.Read), SqlFacts.Object("A.B.U", access: ObjectAccess.Read));
        Assert.Equal(Effect.Review, Decide(policy, With(read) with { Tags = NoTags.Add("A.B.T", ["PUBLIC"]).Add("A.B.U", []) }).Effect);
        Assert.Equal(Effect.Review, Decide(policy, With(read) with { Tags = NoTags.Add("A.B.T", ["PUBLIC"]) }).Effect);
        Assert.Equal(Effect.Allow, Decide(policy, With(read) with { Tags = NoTags.Add("A.B.T", ["PUBLIC"]).Add("A.B.U", ["PUBLIC"]) }).Effect);
    }

    [Fact]
    public void Rules_on_roles_speak_of_sql_and_not_of_files()
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Roles = ["ACCOUNTADMIN"] }));
        Assert.Equal(Effect.Allow, Decide(policy, Shell with { Command = "ls", Role = "ACCOUNTADMIN" }).Effect);
        Assert.Equal(Effect.Deny, Decide(policy, With(Read()) with { Role = "accountadmin" }).Effect);
        Assert.Equal(Effect.Allow, Decide(policy, With(Read()) with { Role = "ANALYST" }).Effect);
        Assert.Equal(Effect.Review, Decide(policy, With(Read())).Effect);
    }

    [Theory]
    [InlineData("2026-03-02T12:00:00+00:00", Effect.Allow)]
    [InlineData("2026-03-02T22:00:00+00:00", Effect.Deny)]
    [InlineData("2026-03-07T12:00:00+00:00", Effect.Deny)]
    public void Hours_outside_of_the_window_are_refused(string at, Effect expected)
    {
        var window = new TimeWindow([DayOfWeek.Monday, DayOfWeek.Tuesday], new TimeOnly(8, 0), new TimeOnly(18, 0), Outside: true);
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tools = ["Write"], When = window }));
        Assert.Equal(expected, Decide(policy, Sql with { Tool = "Write", At = DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) }).Effect);
    }

    [Theory]
    [InlineData("2026-03-02T23:30:00+00:00", Effect.Deny)]
    [InlineData("2026-03-03T05:30:00+00:00", Effect.Deny)]
    [InlineData("2026-03-03T23:30:00+00:00", Effect.Allow)]
    [InlineData("2026-03-02T05:30:00+00:00", Effect.Allow)]
    public void Span_over_midnight_belongs_to_the_day_on_which_it_begins(string at, Effect expected)
    {
        var window = new TimeWindow([DayOfWeek.Monday], new TimeOnly(22, 0), new TimeOnly(6, 0), Outside: false);
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tools = ["Write"], When = window }));
        Assert.Equal(expected, Decide(policy, Sql with { Tool = "Write", At = DateTimeOffset.Parse(at, CultureInfo.InvariantCulture) }).Effect);
    }

    [Fact]
    public void Exception_takes_parts_out_of_a_rule()
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Tools = ["mcp__*"] }) with { Except = new() { Tools = ["mcp__snowflake__*"] } });
        Assert.Equal(Effect.Deny, Decide(policy, Sql with { Tool = "mcp__github__x" }).Effect);
        Assert.Equal(Effect.Allow, Decide(policy, With(Read())).Effect);
    }

    [Fact]
    public void Obligations_hold_together_in_their_stricter_form()
    {
        var first = Rule("a", PolicyLayer.Managed, Effect.Review, new() { Tools = ["Write"] }) with { Obligations = new() { RowLimit = 100, GrantLifetime = TimeSpan.FromMinutes(5) } };
        var second = Rule("b", PolicyLayer.User, Effect.Review, new() { Tools = ["Write"] }) with { Obligations = new() { RowLimit = 10, ReasonRequired = true } };
        var expected = new Obligations { RowLimit = 10, ReasonRequired = true, GrantLifetime = TimeSpan.FromMinutes(5) };
        Assert.Equal(expected, Decide(Policy(first, second), Sql with { Tool = "Write" }).Obligations);
    }

    public static TheoryData<ActionFacts, Effect> ObligedActions => new()
    {
        { With(Read()) with { Tool = "mcp__editorbridge__execute_sql" }, Effect.Review },
        { With(Read()) with { Tool = "mcp__editorbridge__execute_sql", Door = Door.Hook }, Effect.Review },
        { With(Read()) with { Tool = "mcp__editorbridge__execute_sql", Door = Door.Stream }, Effect.Review },
        // Another server runs it, whether behind the gateway or not.
        { With(Read()) with { Tool = "mcp__snowflake__execute_sql" }, Effect.Deny },
        { With(Read()) with { Tool = "mcp__editorbridge__warehouse__query" }, Effect.Deny },
        { Sql with { Tool = "mcp__reports__top_customers" }, Effect.Deny },
        // The shell runs it.
        { With(Read()) with { Tool = "Bash", Command = "snow sql -q 'select 1'", Door = Door.Hook }, Effect.Deny },
        { Shell with { Command = "snow sql -f report.sql", Door = Door.Stream }, Effect.Deny },
        { Shell with { Command = "dbt run" }, Effect.Deny },
        { Shell with { Command = "git status" }, Effect.Review },
        // A file is written; nothing runs yet.
        { With(Read()) with { Tool = "Write", Door = Door.OpenDiff, Paths = ["/home/dev/project/a.sql"] }, Effect.Review },
        { With(Read()) with { Tool = "Write", Door = Door.Editor, Paths = ["/home/dev/project/a.sql"] }, Effect.Review },
    };

    [Theory]
    [MemberData(nameof(ObligedActions))]
    public void Obligation_of_the_run_is_kept_by_the_gateway_or_the_action_is_refused(ActionFacts action, Effect expected)
    {
        foreach (var duty in new Obligations[] { new() { RowLimit = 5 }, new() { ExplainFirst = true } })
        {
            var policy = Policy(Rule("few", PolicyLayer.Managed, Effect.Review, new() { Tools = ["*"] }) with { Obligations = duty });
            var decision = Decide(policy, action);
            Assert.Equal(expected, decision.Effect);
            Assert.Equal(expected == Effect.Deny, decision.Summary.Contains("execute_sql", StringComparison.Ordinal) && decision.Summary.Contains("rule few", StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Duty_of_people_makes_what_is_allowed_a_review()
    {
        foreach (var duty in new Obligations[] { new() { TwoPeople = true }, new() { ReasonRequired = true } })
        {
            var policy = Policy(Rule("ask", PolicyLayer.Managed, Effect.Allow, new() { Tools = ["Read"] }) with { Obligations = duty });
            Assert.Equal(Effect.Review, Decide(policy, Sql with { Tool = "Read" }).Effect);
        }
    }

    [Theory]
    [InlineData("migrations/**", "/home/dev/project/migrations/a.sql", true)]
    [InlineData("migrations/**", "/home/dev/other/migrations/a.sql", false)]
    [InlineData("**/*.sql", "/x/y/z.SQL", true)]
    [InlineData("~/notes/*", "/home/dev/notes/a", true)]
    [InlineData("~/notes/*", "/home/dev/notes/a/b", false)]
    [InlineData("/srv/**", "/srv", true)]
    [InlineData("/srv/**", "/srvx/a", false)]
    [InlineData("**/a/**/b", "/q/a/x/y/b", true)]
    [InlineData("**/.git/**", "/p/.git/../.git/config", true)]
    [InlineData("docs/?.md", "/home/dev/project/docs/a.md", true)]
    public void Path_patterns_match(string pattern, string path, bool expected)
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Paths = [pattern], Access = PathAccess.Write }));
        Assert.Equal(expected, Decide(policy, Sql with { Tool = "Write", Paths = [path] }).Effect == Effect.Deny);
    }

    [Theory]
    [InlineData("dbt run *", "dbt run", true)]
    [InlineData("dbt run *", "dbt run --select a", true)]
    [InlineData("dbt run*", "dbt run", true)]
    [InlineData("dbt run", "dbt run", true)]
    [InlineData("dbt run", "dbt run x", false)]
    [InlineData("orders-lint", "bash -c 'orders-lint'", true)]
    [InlineData("*", "anything at all", false)]
    [InlineData("* *", "anything at all", true)]
    public void Command_patterns_match_word_by_word(string pattern, string command, bool expected)
    {
        var policy = Policy(Rule("m", PolicyLayer.Managed, Effect.Deny, new() { Commands = [pattern] }));
        Assert.Equal(expected, Decide(policy, Shell with { Command = command }).Effect == Effect.Deny);
    }

    [Fact]
    public void Explanation_names_the_rule_that_was_relaxed_and_by_which()
    {
        var policy = Policy(Rule("u", PolicyLayer.User, Effect.Allow, new() { Tools = ["NewTool"] }, "default.tools.unknown"));
        var part = Assert.Single(PolicyEvaluator.Explain(policy, Sql with { Tool = "NewTool" }).Parts);
        Assert.Equal("u", Assert.Single(part.Answers, answer => answer.Rule.Id == "default.tools.unknown").RelaxedBy);
    }

    [Theory]
    [InlineData("*", "anything", true)]
    [InlineData("a*c", "abbc", true)]
    [InlineData("a*c", "abb", false)]
    [InlineData("a?c", "aBC", true)]
    [InlineData("", "", true)]
    [InlineData("", "a", false)]
    [InlineData("*a*a*a*a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", false)]
    public void Glob_matches(string pattern, string text, bool expected) => Assert.Equal(expected, Glob.IsMatch(pattern, text));

    [Theory]
    [InlineData("a*", "*b", true)]
    [InlineData("a*", "b*", false)]
    [InlineData(".cl*", ".claude", true)]
    [InlineData("*.sql", "*.pem", false)]
    [InlineData("?b*", "a*c", true)]
    public void Globs_meet(string left, string right, bool expected)
    {
        Assert.Equal(expected, Glob.MayMeet(left, right));
        Assert.Equal(expected, Glob.MayMeet(right, left));
    }

    private static Decision Decide(PolicySet policy, ActionFacts facts) => PolicyEvaluator.Decide(policy, facts);

    private static PolicySet Policy(params PolicyRule[] rules) => PolicySet.Of(rules, []);

    private static PolicyRule Rule(string id, PolicyLayer layer, Effect effect, RuleMatch match, params string[] relaxes) =>
        new() { Id = id, Description = id, Layer = layer, Effect = effect, Match = match, Relaxes = [.. relaxes] };

    private static StatementAnalysis Ddl(string name) => SqlFacts.Statement(StatementClass.Ddl, Effect.Review, SqlFacts.Object(name, access: ObjectAccess.Create));

    private static StatementAnalysis Read() => SqlFacts.Statement(StatementClass.Read, Effect.Allow, SqlFacts.Object("A.B.T", access: ObjectAccess.Read));

    private static ActionFacts With(params StatementAnalysis[] statements) => Sql with { Sql = [SqlFacts.Piece(statements)] };
}
