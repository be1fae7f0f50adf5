using EditorBridge.Mcp.Upstreams;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>The file that names the MCP servers: what is read, and what is said of a mistake.</summary>
public sealed class UpstreamConfigurationTests
{
    [Theory]
    [InlineData("""{"mcpServers":{"a":{"command":"x","url":"https://e.com"}}}""", "not both")]
    [InlineData("""{"mcpServers":{"a":{}}}""", "needs 'command'")]
    [InlineData("""{"mcpServers":{"a":{"type":"sse","url":"https://e.com/sse"}}}""", "\"type\": \"http\"")]
    [InlineData("""{"mcpServers":{"a":{"url":"http://e.com/mcp"}}}""", "Only https")]
    [InlineData("""{"mcpServers":{"a__b":{"command":"x"}}}""", "two underscores")]
    [InlineData("""{"mcpServers":{"editorbridge":{"command":"x"}}}""", "own name")]
    [InlineData("""{"mcpServers":{"a":{"command":"x","prefix":""}}}""", "has to be 'trusted'")]
    [InlineData("""{"mcpServers":{"a":{"command":"x","args":["--token=${TOKEN}"]}}}""", "visible to others")]
    [InlineData("""{"mcpServers":{"a":{"command":"x","env":{"T":"${file:relative}"}}}}""", "absolute path")]
    [InlineData("""{"mcpServers":{"a":{"command":"x","inheritEnv":["ANTHROPIC_API_KEY"]}}}""", "no server gets it")]
    [InlineData("""{"mcpServers":{"a":{"command":"x","env":{"T":"${EDITORBRIDGE_HOME}"}}}}""", "no server gets it")]
    [InlineData("""{"mcpServers":{"a":{"command":"x"},"a":{"command":"y"}}}""", "second time")]
    [InlineData("""{"servers":{}}""", "'mcpServers'")]
    [InlineData("""{"inputs":[]}""", "Nothing is asked for")]
    [InlineData("""{"mcpServers":{"a":{"type":"http"}}}""", "needs 'url'")]
    [InlineData("""{"mcpServers":{"a":{"type":"http","command":"x"}}}""", "needs 'url'")]
    [InlineData("""{"mcpServers":{"a":{"command":"x","enabled":false}}}""", "\"disabled\": true")]
    [InlineData("""{"mcpServers":{"a":{"command":"\ud800"}}}""", "half a character")]
    [InlineData("""{"mcpServers":{"\ud800":{"command":"x"}}}""", "half a character")]
    [InlineData("""{"allowUserServers":false}""", "Only an administrator")]
    public void Mistake_is_named_and_its_server_left_out(string text, string message)
    {
        var read = Read(text);

        Assert.Contains(read.Problems, p => p.IsError && p.Message.Contains(message, StringComparison.Ordinal));
        Assert.Empty(read.Servers);
    }

    [Fact]
    public void Problem_has_line_and_column_and_the_other_servers_are_used()
    {
        var read = Read("{\n  \"mcpServers\": {\n    \"bad\": { \"url\": \"nowhere\" },\n    \"good\": { \"command\": \"node\", \"args\": [\"x.js\"] }\n  }\n}");

        var problem = Assert.Single(read.Problems);
        Assert.Equal((3, 21, "bad"), (problem.Line, problem.Column, problem.Server));
        Assert.Equal("good", Assert.Single(read.Servers).Name);
    }

    [Theory]
    [InlineData("""{"mcpServers":{"my server":{"command":"x"}}}""", "'my server' cannot be used.")]
    [InlineData("""{"mcpServers":{"a":{"type":"sse","url":"https://e.com/sse"}}}""", "deprecated")]
    public void One_mistake_is_told_once(string text, string message) =>
        Assert.Contains(message, Assert.Single(Read(text).Problems).Message, StringComparison.Ordinal);

    [Fact]
    public void Administrators_file_wins_over_a_persons_server_of_the_same_name()
    {
        var managed = UpstreamConfigurationFile.Read("managed", managed: true, """{"mcpServers":{"a":{"command":"theirs"}}}""");
        var user = UpstreamConfigurationFile.Read("user", managed: false, """{"mcpServers":{"A":{"command":"mine"},"b":{"command":"mine"}}}""");
        var joined = UpstreamConfigurationFile.Join(managed, user);

        Assert.Equal(["theirs", "mine"], joined.Servers.Select(s => s.Command));
        Assert.Equal("A", Assert.Single(joined.Problems).Server);
    }

    [Theory]
    [InlineData("timeout", "30", "'timeoutSeconds'")]
    [InlineData("autoApprove", "[]", "policy's to say")]
    [InlineData("disabledTools", "[]", "effect deny")]
    [InlineData("enabled", "true", "no effect")]
    [InlineData("gallery", "true", "not known here")]
    public void Key_of_another_program_is_named_with_what_stands_in_its_place(string key, string value, string meant)
    {
        var read = Read("{\"mcpServers\":{\"a\":{\"command\":\"x\",\"" + key + "\":" + value + "}}}");

        Assert.Single(read.Servers);
        var warning = Assert.Single(read.Problems);
        Assert.False(warning.IsError);
        Assert.Contains(meant, warning.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("not JSON")]
    [InlineData("""{"allowUserServers":"no"}""")]
    [InlineData("""{"allowUsersServers":false}""")]
    public void Administrators_file_with_a_mistake_lets_no_other_server_in(string managed)
    {
        var joined = UpstreamConfigurationFile.Join(UpstreamConfigurationFile.Read("managed", managed: true, managed), UpstreamConfigurationFile.Read("user", managed: false, """{"mcpServers":{"b":{"command":"mine"}}}"""));

        Assert.Empty(joined.Servers);
        Assert.Contains(joined.Problems, p => p.Server == "b" && p.Message.Contains("until that is mended", StringComparison.Ordinal));
    }

    [Fact]
    public void File_that_is_no_JSON_leaves_its_servers_as_they_were()
    {
        var before = Read("""{"searchAbove":7,"mcpServers":{"a":{"command":"x"}}}""");
        var broken = UpstreamConfigurationFile.Join(UpstreamConfigurationFile.Read("managed", managed: true, null), UpstreamConfigurationFile.Read("mcp.json", managed: false, """{"mcpServers":{"a":{"com""", before));

        Assert.Same(before.Servers[0], Assert.Single(broken.Servers));
        Assert.Equal(7, broken.SearchAbove);
        Assert.Contains("stay as they were", Assert.Single(broken.Problems).Message, StringComparison.Ordinal);
        Assert.Empty(Read("""{"mcpServers":{"a":{"com""").Servers);
    }

    [Fact]
    public void Names_that_differ_in_case_only_are_one_and_the_reason_is_not_an_administrators()
    {
        var read = Read("""{"mcpServers":{"Files":{"command":"x"},"files":{"command":"y"}}}""");

        Assert.Equal("x", Assert.Single(read.Servers).Command);
        Assert.Contains("There is 'Files' already", Assert.Single(read.Problems).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("fs", "read", "fs__read")]
    [InlineData("fs", "read.text", "fs__read_text")]
    [InlineData("", "read", "read")]
    public void Name_is_listed_behind_its_server(string prefix, string name, string listed) => Assert.Equal(listed, UpstreamName.Listed(prefix, name));

    [Fact]
    public void Long_or_odd_names_stay_apart_within_the_limit()
    {
        string[] names = [new string('a', 100), new string('a', 101), "a/b", "a b"];
        var listed = names.Select(name => UpstreamName.Listed("server", name)).ToArray();

        Assert.Equal(names.Length, listed.Distinct().Count());
        Assert.All(listed, name => Assert.InRange(name.Length, 1, UpstreamName.LongestListed));
    }

    private static UpstreamConfiguration Read(string text) =>
        UpstreamConfigurationFile.Join(UpstreamConfigurationFile.Read("managed", managed: true, null), UpstreamConfigurationFile.Read("mcp.json", managed: false, text));
}
