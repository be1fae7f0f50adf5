namespace EditorBridge.Snowflake;

/// <summary>Exports as people have them: a worksheet's CSV, the command line's JSON, the views themselves or our statements' results.</summary>
public sealed class UsageImportTests
{
    [Theory]
    [InlineData("""
        START_TIME,END_TIME,REQUEST_ID,MODEL_NAME,TOKENS,TOKENS_GRANULAR,USER_ID,INFERENCE_REGION
        2026-11-01 09:00:00.123 +0100,2026-11-01 09:00:02.000 +0100,r-1,claude-sonnet-4-6,110,"{
          ""input"": 100,
          ""output"": 10
        }",42,AWS_EU
        """)]
    [InlineData("\uFEFFREQUEST_ID;START_TIME;MODEL_NAME;INPUT_TOKENS;OUTPUT_TOKENS;USER_NAME;INFERENCE_REGION\r\nr-1;2026-11-01T08:00:00.123Z;claude-sonnet-4-6;100;10;42;AWS_EU\r\n")]
    [InlineData("""[{"request_id":"r-1","start_time":"2026-11-01 08:00:00.123","model_name":"claude-sonnet-4-6","tokens_granular":"{\"input\":100,\"output\":10}","user_id":"42","inference_region":"AWS_EU"}]""")]
    [InlineData("""
        {"REQUEST_ID":"r-1","START_TIME":"2026-11-01T08:00:00.123+00:00","MODEL_NAME":"claude-sonnet-4-6","TOKENS_GRANULAR":{"input":100,"output":10},"USER_ID":"42","INFERENCE_REGION":"AWS_EU"}
        """)]
    public void Inference_is_read_from_every_usual_form(string text)
    {
        var read = UsageImport.Read("usage", text);
        Assert.Equal(UsageView.RestApi, read.View);
        var use = Assert.Single(read.Uses);
        Assert.Equal(("r-1", "claude-sonnet-4-6", 100L, 10L, "42", "AWS_EU"), (use.Id, use.Model, use.InputTokens, use.OutputTokens, use.User, use.Region));
        Assert.Equal(new DateTimeOffset(2026, 11, 1, 8, 0, 0, 123, TimeSpan.Zero), use.StartedAt);
    }

    [Fact]
    public void Statements_and_gateway_rows_are_told_by_their_columns()
    {
        var statements = UsageImport.Read("queries", "QUERY_ID\tQUERY_TAG\tSTART_TIME\tQUERY_TYPE\tUSER_NAME\tAGENT_TYPE\nq-1\t\"{\"\"app\"\":\"\"editorbridge\"\",\"\"call\"\":\"\"act-1\"\"}\"\t2026-11-01 08:00:00.000 Z\tSELECT\tDEVELOPER\t\n");
        Assert.Equal((UsageView.Queries, "act-1", null), (statements.View, OwnQuestions.CallOf(statements.Uses[0]), statements.Uses[0].AgentType));
        var gateway = UsageImport.Read("gateway", """[{"REQUEST_ID":"g","START_TIME":"2026-11-01 08:00:00","OPERATION_DETAILS":{"claude-opus-4-6":{"input_tokens":1,"output_tokens":2},"claude-haiku-4-5":{"input_tokens":3,"output_tokens":4}}}]""");
        Assert.Equal([("claude-opus-4-6", 1L, 2L), ("claude-haiku-4-5", 3L, 4L)], gateway.Uses.Select(use => (use.Model!, use.InputTokens!.Value, use.OutputTokens!.Value)));
    }

    [Theory]
    [InlineData("REQUEST_ID,START_TIME,MODEL_NAME\n", UsageView.RestApi)]
    [InlineData("QUERY_ID,START_TIME\n", UsageView.Queries)]
    public void Export_of_nothing_still_says_which_view_it_is(string text, UsageView view) =>
        Assert.Equal((view, 0), (UsageImport.Read("empty", text).View, UsageImport.Read("empty", text).Uses.Length));

    [Theory]
    [InlineData("", "empty")]
    [InlineData("[]", "no rows")]
    [InlineData("NAME,AGE\nx,1\n", "its columns are NAME, AGE")]
    [InlineData("QUERY_ID,TEXT\nq,1\n", "lacks START_TIME")]
    [InlineData("QUERY_ID,START_TIME\nq,yesterday\n", "line 2: START_TIME is no time")]
    [InlineData("QUERY_ID,START_TIME\nq\n", "line 2: 1 values for 2 columns")]
    [InlineData("REQUEST_ID,START_TIME,MODEL_NAME,INPUT_TOKENS\nr,2026-11-01 08:00:00,m,many\n", "INPUT_TOKENS is no whole number")]
    [InlineData("[{\"QUERY_ID\":\"q\",\n \"START_TIME\":]", "line 2, column 15")]
    [InlineData("[1]", "must be JSON objects")]
    public void Wrong_file_is_refused_with_the_place_and_the_reason(string text, string reason)
    {
        var exception = Assert.Throws<SignInException>(() => UsageImport.Read("file.csv", text));
        Assert.StartsWith("file.csv", exception.Message, StringComparison.Ordinal);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Views))]
    public void Rows_that_were_fetched_are_read_back_as_they_were(UsageView view)
    {
        var use = new AccountUse { View = view, Id = "x", StartedAt = new DateTimeOffset(2026, 11, 1, 8, 0, 0, TimeSpan.Zero), User = "DEVELOPER", Region = "AWS_EU" };
        use = view == UsageView.Queries ? use with { Tag = "t", StatementType = "SELECT", AgentType = "A", Region = null } : use with { Model = "m", InputTokens = 1, OutputTokens = 2 };
        Assert.Equal([use], UsageImport.Read("x", UsageImport.Write(new ViewRead(view, [use], null))).Uses);
        Assert.Empty(UsageImport.Read("x", UsageImport.Write(new ViewRead(view, [], null))).Uses);
    }

    public static TheoryData<UsageView> Views => [.. Enum.GetValues<UsageView>()];
}
