namespace EditorBridge.Snowflake;

public sealed class ReconcilerTests
{
    private static readonly DateTimeOffset Start = new(2026, 11, 1, 8, 0, 0, TimeSpan.Zero);

    private static readonly ReconciliationScope Scope = new(Start.AddHours(-1), Start.AddHours(6), Start.AddHours(5), [.. Enum.GetValues<UsageView>()]);

    [Fact]
    public void Sides_are_joined_by_id_then_by_likeness_and_the_rest_is_told_apart()
    {
        LocalUse[] ledger = [Request("a", 0, "r-1"), Request("b", 60, "r-2"), Request("c", 120, null, output: 33), Request("d", 180, "r-4"), Request("late", 4 * 3600, "r-5")];
        AccountUse[] account = [Row("r-1", 1, input: 101), Row("R-2", 61, output: 20), Row("r-3", 123, output: 33), Row("r-9", 300, 5, 5)];
        var found = Reconciler.Compare(ledger, account, Scope);
        Assert.Equal(["a Matched r-1", "b Mismatch R-2", "c Matched r-3", "d LocalOnly ", " AccountOnly r-9", "late NotYetDue "], found.Select(Words));
        Assert.Contains("output 10 here, 20 there", found[1].How, StringComparison.Ordinal);
    }

    [Fact]
    public void Row_that_belongs_to_one_call_by_its_id_is_not_given_to_another_that_looks_alike() =>
        Check([Request("without-id", 0, null), Request("owner", 1, "r-1")], [Row("r-1", 1)], "without-id LocalOnly ", "owner Matched r-1");

    [Fact]
    public void Delayed_view_is_no_finding() =>
        Check([Request("a", 0, "r-1")], [], Scope with { ReadAt = Start.AddMinutes(50) }, "a NotYetDue ");

    [Theory]
    [InlineData(100)]
    [InlineData(5100)]
    public void Account_may_count_cached_tokens_into_the_input_or_not(long input) =>
        Check([Request("a", 0, "r-1") with { UncachedTokens = 100, PromptTokens = 5100 }], [Row("r-1", 1, input)], "a Matched r-1");

    [Fact]
    public void Attempts_that_were_repeated_are_ours_and_a_second_row_for_one_request_is_a_mismatch() => Check(
        [Request("a", 0, "r-2") with { Ids = ["r-1", "r-2"] }, Request("b", 60, "r-3")],
        [Row("r-1", 0, 100, 0), Row("r-2", 1), Row("r-3", 60), Row("r-3", 60)],
        "a Matched r-2", "a Matched r-1", "b Matched r-3", "b Mismatch r-3");

    [Fact]
    public void Request_without_a_known_outcome_is_found_by_time_and_model_and_never_missed() => Check(
        [Request("sent", 0, null) with { Answered = false, OutputTokens = null }, Request("lost", 900, null) with { Answered = false, OutputTokens = null }],
        [Row("r-1", 2, 7, 7)],
        "sent Matched r-1");

    [Fact]
    public void Gateway_that_counts_by_the_hour_agrees_by_its_sums() => Check(
        [Request("a", 0, "x-1"), Request("b", 600, "x-2")],
        [Row("g-1", 0, 200, 20) with { View = UsageView.AiGateway }],
        "a Matched g-1", "b Matched g-1");

    [Fact]
    public void Statements_are_joined_by_handle_then_by_the_call_in_their_tag() => Check(
        [Statement("act-1", "q-1"), Statement("act-2", null), Statement("act-3", "q-3")],
        [Query("q-0", "act-1"), Query("q-1", "act-1"), Query("q-2", "act-2"), Query("q-4", "act-unknown"), Query("q-5", null) with { AgentType = "CORTEX_AGENT" }],
        "act-1 Matched q-1", "act-1 Matched q-0", "act-2 Matched q-2", "act-3 LocalOnly ", " AccountOnly q-4", " AccountOnly q-5");

    [Theory]
    [InlineData("SHOW", true)]
    [InlineData("SELECT", true)]
    [InlineData("DROP_TABLE", false)]
    public void Own_question_is_no_finding_unless_it_does_more_than_read(string type, bool own) => Check(
        [], [Query("q", null) with { Tag = OwnQuestions.Tag("account check"), StatementType = type }], own ? [] : [" AccountOnly q"]);

    [Fact]
    public void Nothing_is_missed_in_a_view_that_was_not_read() => Check(
        [Request("a", 0, "r-1"), Statement("act-1", "q-1")], [], Scope with { Views = [UsageView.RestApi] }, "a LocalOnly ");

    [Fact]
    public void Call_at_the_edge_of_the_window_is_counted_by_the_ledgers_clock() => Check(
        [Request("before", -3601, "r-1"), Request("inside", -3599, "r-2")], [Row("r-1", -3598), Row("r-2", -3602)], "inside Matched r-2");

    [Fact]
    public void Large_records_are_compared_in_one_pass()
    {
        var found = Reconciler.Compare(
            Enumerable.Range(0, 20_000).Select(i => Request("c" + i, i, i % 2 == 0 ? "r-" + i : null, output: i)),
            Enumerable.Range(0, 20_000).Select(i => Row("r-" + i, i, output: i)),
            Scope with { ReadAt = Start.AddDays(1) });
        Assert.All(found, line => Assert.Equal(ReconciliationAnswer.Matched, line.Answer));
        Assert.Equal(20_000, found.Length);
    }

    private static void Check(LocalUse[] ledger, AccountUse[] account, params string[] expected) => Check(ledger, account, Scope, expected);

    private static void Check(LocalUse[] ledger, AccountUse[] account, ReconciliationScope scope, params string[] expected) =>
        Assert.Equal(expected, Reconciler.Compare(ledger, account, scope).Select(Words));

    private static string Words(Reconciled line) => $"{line.Local?.CallId} {line.Answer} {line.Account?.Id}";

    private static LocalUse Request(string call, int seconds, string? id, long output = 10) => new()
    {
        CallId = call, StartedAt = Start.AddSeconds(seconds), IsStatement = false, Ids = id is null ? [] : [id], Model = "claude-sonnet-4-6",
        UncachedTokens = 100, PromptTokens = 100, OutputTokens = output, Answered = true,
    };

    private static LocalUse Statement(string call, string? handle) =>
        new() { CallId = call, StartedAt = Start, IsStatement = true, Ids = handle is null ? [] : [handle], Answered = handle is not null };

    private static AccountUse Row(string id, int seconds, long input = 100, long output = 10) => new()
    {
        View = UsageView.RestApi, Id = id, StartedAt = Start.AddSeconds(seconds), Model = "claude-sonnet-4-6", InputTokens = input, OutputTokens = output, User = "DEVELOPER", Region = "AWS_EU",
    };

    private static AccountUse Query(string id, string? call) => new()
    {
        View = UsageView.Queries, Id = id, StartedAt = Start.AddSeconds(1), User = "DEVELOPER", StatementType = "SELECT", Tag = call is null ? null : $$"""{"app":"editorbridge","call":"{{call}}"}""",
    };
}
