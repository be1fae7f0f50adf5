using System.Text.Json;
using EditorBridge.Gate;

namespace EditorBridge.Server.Tests.Gate;

public sealed class ToolInputTests
{
    [Theory]
    [InlineData("""{"file_path":"/p/a.sql","old_string":"1","new_string":"2"}""", "select 1", "select 2", true)]
    [InlineData("""{"file_path":"/p/a.sql","old_string":"1","new_string":"2"}""", "1 1", "2 1", true)]
    [InlineData("""{"file_path":"/p/a.sql","old_string":"1","new_string":"2","replace_all":true}""", "1 1", "2 2", true)]
    [InlineData("""{"file_path":"/p/a.sql","old_string":"","new_string":"new"}""", null, "new", true)]
    [InlineData("""{"file_path":"/p/a.sql","old_string":"absent","new_string":"2"}""", "select 1", "2", false)]
    public void Edit_shows_the_whole_file_it_would_leave(string input, string? before, string after, bool complete)
    {
        var change = ToolInput.Change("Edit", Parse(input), _ => before);

        Assert.Equal((before, after, complete), (change!.Before, change.After, change.Complete));
    }

    [Fact]
    public void MultiEdit_applies_its_edits_in_order()
    {
        var change = ToolInput.Change("MultiEdit", Parse("""{"file_path":"/p/a.sql","edits":[{"old_string":"a","new_string":"b"},{"old_string":"b","new_string":"c"}]}"""), _ => "a");

        Assert.Equal("c", change!.After);
    }

    [Fact]
    public void Default_of_replace_all_does_not_change_the_canonical_input()
    {
        var stream = ToolInput.TryCanonical("Edit", Parse("""{"file_path":"/p/a","old_string":"1","new_string":"2"}"""), out _);
        var hook = ToolInput.TryCanonical("Edit", Parse("""{"replace_all":false,"file_path":"/p/a","old_string":"1","new_string":"2"}"""), out _);

        Assert.Equal(stream, hook);
        Assert.NotEqual(stream, ToolInput.TryCanonical("Edit", Parse("""{"replace_all":true,"file_path":"/p/a","old_string":"1","new_string":"2"}"""), out _));
    }

    [Theory]
    [InlineData("Write", """{"content":"old","file_path":"/p/a.sql"}""", """{"content":"new","file_path":"/p/a.sql"}""")]
    [InlineData("Bash", """{"command":"old","timeout":5}""", """{"command":"new","timeout":5}""")]
    [InlineData("NotebookEdit", """{"new_source":"old","notebook_path":"/p/n.ipynb"}""", """{"new_source":"new","notebook_path":"/p/n.ipynb"}""")]
    [InlineData("mcp__snowflake__execute_sql", """{"sql":"old"}""", """{"sql":"new"}""")]
    public void Edited_text_takes_the_place_of_the_proposed(string tool, string input, string expected)
    {
        var change = ToolInput.Change(tool, Parse(input), _ => null);

        Assert.Equal(expected, ToolInput.WithEdit(tool, input, change, "new"));
    }

    [Fact]
    public void Edited_edit_replaces_the_whole_file_it_was_shown_with()
    {
        const string input = """{"file_path":"/p/a.sql","new_string":"2","old_string":"1"}""";
        var change = ToolInput.Change("Edit", Parse(input), _ => "select 1;\nselect 1;\n");

        Assert.Equal("""{"file_path":"/p/a.sql","new_string":"select 3;\n","old_string":"select 1;\nselect 1;\n"}""", ToolInput.WithEdit("Edit", input, change, "select 3;\n"));
    }

    [Fact]
    public void Edit_of_an_unreadable_change_cannot_be_edited()
    {
        const string input = """{"file_path":"/p/a.sql","new_string":"2","old_string":"absent"}""";
        var change = ToolInput.Change("Edit", Parse(input), _ => "select 1");

        Assert.Null(ToolInput.WithEdit("Edit", input, change, "select 3"));
    }

    private static JsonElement Parse(string json) => JsonDocument.Parse(json).RootElement;
}
