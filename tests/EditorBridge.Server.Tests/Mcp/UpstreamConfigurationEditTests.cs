using System.Text.Json.Nodes;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Setup;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>Adding a server to a person's file and taking it out again: nothing else of the file changes, and no secret stands in it.</summary>
public sealed class UpstreamConfigurationEditTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-mcp-edit-");
    private readonly StateFolder _state;
    private readonly UpstreamConfigurationEdit _edit;

    public UpstreamConfigurationEditTests()
    {
        _state = StateFolder.Open(Path.Combine(_folder.FullName, "state"));
        _edit = new UpstreamConfigurationEdit(_state);
    }

    private string File => UpstreamPlaces.User(_state);

    [Fact]
    public void Server_comes_and_goes_and_every_other_byte_stays()
    {
        const string Before = "{\n  // mine\n  \"mcpServers\": {\n    \"old\": { \"command\": \"node\" } // stays\n  }\n}\n";
        StateFolder.WritePrivate(File, Before);
        var secret = _edit.SecretFile("new", "API_KEY");

        _edit.Add("new", new JsonObject { ["command"] = "node", ["env"] = new JsonObject { ["API_KEY"] = $"${{file:{secret}}}" } }, new Dictionary<string, string> { [secret] = "s3cret-value" });

        Assert.Equal(["old", "new"], UpstreamConfigurationFile.Load(_state).Servers.Select(s => s.Name));
        Assert.DoesNotContain("s3cret-value", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.Equal("s3cret-value", UpstreamSecrets.Resolve(UpstreamConfigurationFile.Load(_state).Servers[1]).Environment["API_KEY"]);
        if (!OperatingSystem.IsWindows()) Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(secret));

        Assert.True(_edit.Remove("new"));

        Assert.Equal(["old"], UpstreamConfigurationFile.Load(_state).Servers.Select(s => s.Name));
        Assert.Contains("// mine", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.Contains("// stays", System.IO.File.ReadAllText(File), StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(secret));
        Assert.False(_edit.Remove("new"));
    }

    [Fact]
    public void Server_that_is_there_is_replaced_only_on_request()
    {
        _edit.Add("a", new JsonObject { ["command"] = "node" }, new Dictionary<string, string>());

        var refused = Assert.Throws<SetupException>(() => _edit.Check("a", new JsonObject { ["command"] = "deno" }, replace: false));

        Assert.Contains("--replace", refused.Message, StringComparison.Ordinal);
        Assert.Equal("deno", _edit.Check("a", new JsonObject { ["command"] = "deno" }, replace: true).Command);
        Assert.Equal("node", UpstreamConfigurationFile.Load(_state).Servers[0].Command);
    }

    [Theory]
    [InlineData("""{"type":"http","url":"http://example.com/mcp"}""", "Only https")]
    [InlineData("""{"command":"node","oauth":{"clientId":"x"}}""", "'oauth' belongs to a server with 'url'")]
    [InlineData("""{"type":"http","url":"https://example.com/mcp","oauth":{"clientSecret":"${file:/s}"}}""", "belongs to a 'clientId'")]
    [InlineData("""{"type":"http","url":"https://example.com/mcp","oauth":{"clientMetadataUrl":"http://example.com/x"}}""", "https address")]
    [InlineData("""{"type":"http","url":"https://example.com/mcp","oauth":{"callbackPort":80}}""", "1024 to 65535")]
    public void Server_that_could_not_be_used_is_not_added(string server, string message)
    {
        var refused = Assert.Throws<UpstreamException>(() => _edit.Check("a", JsonNode.Parse(server)!.AsObject(), replace: false));

        Assert.Contains(message, refused.Message, StringComparison.Ordinal);
        Assert.False(System.IO.File.Exists(File));
    }

    [Fact]
    public void File_that_is_no_json_is_left_as_it_is()
    {
        StateFolder.WritePrivate(File, "{ not json");

        Assert.Throws<SetupException>(() => _edit.Add("a", new JsonObject { ["command"] = "node" }, new Dictionary<string, string>()));
        Assert.Equal("{ not json", System.IO.File.ReadAllText(File));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
