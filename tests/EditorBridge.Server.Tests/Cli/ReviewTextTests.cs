using EditorBridge.Cli;
using EditorBridge.Editor;

namespace EditorBridge.Server.Tests.Cli;

/// <summary>A review as a terminal shows it.</summary>
public sealed class ReviewTextTests
{
    private static readonly DateTimeOffset Now = new(2026, 3, 1, 10, 0, 0, TimeSpan.Zero);

    private static readonly ReviewView View = new(
        "rv_1", "pending", Now, Now + TimeSpan.FromMinutes(12), "execute_sql: UPDATE RAW.SHOP.ORDERS", "hook", "mcp__editorbridge__execute_sql", "agent:claude-code/general", "session-1", "/w",
        "medium", "Changes of data follow the rule table.", ["default.sql.dml"], ReasonRequired: true, TwoPeople: false,
        null, null, null, true, "update raw.shop.orders set amount = 1", true, ["Changes one column."], ["RAW.SHOP.ORDERS: time travel."], ["How many rows does it change? 1,500 rows match."],
        [new FindingView("D3", "medium", "Rows are changed.", 0, 6)], [new ObjectView("RAW.SHOP.ORDERS", "TABLE", "write")], ["AMOUNT"], "prod", "TRANSFORMER", "LOAD_WH", "Tidy up",
        "execute_sql with DML statements that do the same", null, null, null);

    [Theory]
    [InlineData("agent:claude-code/general through the hook door")]
    [InlineData("session-1")]
    [InlineData("Tidy up")]
    [InlineData("prod")]
    [InlineData("TRANSFORMER")]
    [InlineData("LOAD_WH")]
    [InlineData("write TABLE RAW.SHOP.ORDERS")]
    [InlineData("AMOUNT")]
    [InlineData("12:00")]
    [InlineData("a reason")]
    [InlineData("[D3] medium: Rows are changed.")]
    [InlineData("--again-for-session would allow: execute_sql with DML")]
    [InlineData("Changes one column.")]
    [InlineData("time travel")]
    [InlineData("reach      How many rows does it change? 1,500 rows match.")]
    [InlineData("update raw.shop.orders set amount = 1")]
    public void Reviewer_sees(string said) => Assert.Contains(said, ReviewCommands.Describe(View, Now), StringComparison.Ordinal);

    [Theory]
    [InlineData("\u202e", "<U+202E>")]
    [InlineData("\u200b", "<U+200B>")]
    [InlineData("\u001b[2K", "<U+001B>[2K")]
    public void Hidden_characters_are_marked_wherever_an_agent_can_write(string hidden, string shown)
    {
        var text = ReviewCommands.Describe(
            View with { Title = hidden, Actor = hidden, Prompt = hidden, Path = hidden, Proposed = hidden, Columns = [hidden], Objects = [new ObjectView(hidden, "TABLE", "write")] }, Now);

        Assert.DoesNotContain(hidden, text, StringComparison.Ordinal);
        Assert.Equal(7, text.Split(shown).Length - 1);
    }
}
