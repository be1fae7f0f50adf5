using EditorBridge.Ledger;

namespace EditorBridge.Portal.Reading;

public sealed class QueryLineTests
{
    [Theory]
    [InlineData("")]
    [InlineData("kind:action")]
    [InlineData("kind:request state:failed,unknown")]
    [InlineData("state:rejected risk:high,critical tool:Bash by:bo rule:default.sql.destructive")]
    [InlineData("tool:Bash drop table")]
    [InlineData("tool:Bash \"drop table\" orders*")]
    [InlineData("session:5b2c0001 door:mcp model:claude-sonnet-4-5 agent:agent:claude-code/2.1.330")]
    public void A_line_that_is_understood_comes_back_the_same_by_meaning(string line)
    {
        var parsed = QueryLine.Parse(line);
        Assert.Empty(parsed.Problems);
        var again = QueryLine.Format(parsed.Filter);
        Assert.Equal(again, QueryLine.Format(QueryLine.Parse(again).Filter));
        Assert.Equal(line.Split(' ').Length, again.Split(' ').Length);
    }

    [Theory]
    [InlineData("colour:red", "colour: is not a field")]
    [InlineData("state:gone", "state: is running, pending")]
    [InlineData("risk:high,purple", "not purple")]
    [InlineData("kind:7", "kind: is request, action")]
    [InlineData("tool:", "tool: has no value")]
    public void A_part_that_is_not_understood_is_named_and_left_out(string line, string problem)
    {
        var parsed = QueryLine.Parse(line + " state:rejected");
        Assert.Contains(problem, Assert.Single(parsed.Problems), StringComparison.Ordinal);
        Assert.Equal([CallState.Rejected], parsed.Filter.States);
    }

    [Fact]
    public void Quotes_keep_words_together()
    {
        var filter = QueryLine.Parse("\"drop table\" model:\"a model\" x").Filter;
        Assert.Equal("\"drop table\" x", filter.Text);
        Assert.Equal(["a model"], filter.Models);
    }

    [Fact]
    public void A_facet_value_is_added_and_taken_out()
    {
        var chosen = QueryLine.Toggle(CallFilter.All, CallFacet.State, "rejected");
        Assert.Equal("state:rejected", QueryLine.Format(chosen));
        Assert.Equal("", QueryLine.Format(QueryLine.Toggle(chosen, CallFacet.State, "rejected")));
    }
}
