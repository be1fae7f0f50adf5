using EditorBridge.Editor;
using EditorBridge.Review;

namespace EditorBridge.Server.Tests.Editor;

public sealed class EditorViewsTests
{
    private const string Table = "create table shop.orders (id int);\n";

    [Theory]
    [InlineData("/w/a.sql", Table, Table + "drop table shop.old_orders;\n", "Adds DROP TABLE SHOP.OLD_ORDERS")]
    [InlineData("/w/a.sql", Table + "select 1;\n", Table, "Takes out")]
    [InlineData("/w/a.sql", Table, "-- the orders\n" + Table, "Only comments")]
    public void Changes_of_a_SQL_file_are_told_in_sentences(string path, string before, string after, string expected) =>
        Assert.StartsWith(expected, EditorViews.ChangesOf(new FileChange(path, before, after, Complete: true))[0], StringComparison.Ordinal);

    [Theory]
    [InlineData("/w/a.txt", Table, "x", true)]
    [InlineData("/w/a.sql", null, Table, true)]
    [InlineData("/w/a.sql", Table, "fragment", false)]
    public void Changes_that_cannot_be_compared_are_not_told(string path, string? before, string after, bool complete) =>
        Assert.Empty(EditorViews.ChangesOf(new FileChange(path, before, after, complete)));

    [Fact]
    public void Most_serious_change_comes_first_and_the_rest_is_counted()
    {
        var after = string.Concat(Enumerable.Range(0, 30).Select(i => $"select {i} from shop.t{i};\n")) + "drop table shop.old_orders;\n";
        var changes = EditorViews.ChangesOf(new FileChange("/w/a.sql", Table, after, Complete: true));

        Assert.StartsWith("Adds DROP TABLE", changes[0], StringComparison.Ordinal);
        Assert.Matches(@"^and \d+ more$", changes[^1]);
    }
}
