using EditorBridge.Setup;

namespace EditorBridge.Server.Tests.Setup;

/// <summary>What the doctor finds beside the gateway.</summary>
public sealed class ClaudeOverridesTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-doctor-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(".mcp.json", """{"mcpServers":{"other":{"command":"x"},"editorbridge":{"type":"http"}}}""", "other")]
    [InlineData(".claude.json", """{"mcpServers":{"everywhere":{}}}""", "everywhere")]
    [InlineData(".claude.json", """{"projects":{"FOLDER":{"mcpServers":{"here":{}}}}}""", "here")]
    [InlineData(".claude.json", """{"projects":{"/elsewhere":{"mcpServers":{"there":{}}}}}""", null)]
    [InlineData(".mcp.json", """{"mcpServers":{"editorbridge":{}}}""", null)]
    public void Mcp_servers_beside_the_gateway_are_named(string file, string text, string? server)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, file), text.Replace("FOLDER", _folder.FullName, StringComparison.Ordinal));

        Assert.Equal(server is null ? [] : [server], ClaudeOverrides.OtherMcpServers(_folder.FullName, _folder.FullName).Select(found => found.Server));
    }
}
