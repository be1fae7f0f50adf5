using System.Text.Json.Nodes;
using EditorBridge.Ide;
using EditorBridge.Launching;

namespace EditorBridge.Server.Tests.Ide;

public sealed class IdeLockFileTests : IDisposable
{
    // Far above any id a system gives.
    private const int NobodysPid = int.MaxValue;

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-ide-");

    [Theory]
    [InlineData("EditorBridge", NobodysPid, false)]
    [InlineData("EditorBridge", 1, true)]
    [InlineData("Visual Studio Code", NobodysPid, true)]
    public void Old_file_goes_only_when_it_is_ours_and_its_host_is_gone(string ideName, int pid, bool stays)
    {
        var file = Path.Combine(_folder.FullName, "4711.lock");
        File.WriteAllText(file, new JsonObject { ["pid"] = pid, ["workspaceFolders"] = new JsonArray("/w"), ["ideName"] = ideName, ["transport"] = "ws", ["authToken"] = "t" }.ToJsonString());

        Assert.Equal(stays ? 0 : 1, IdeLockFile.RemoveStale(_folder.FullName).Count());
        Assert.Equal(stays, File.Exists(file));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    public void File_that_cannot_be_read_is_left_alone(string text)
    {
        var file = Path.Combine(_folder.FullName, "4711.lock");
        File.WriteAllText(file, text);

        Assert.Empty(IdeLockFile.RemoveStale(_folder.FullName));
        Assert.True(File.Exists(file));
    }

    [Theory]
    [InlineData("40123", true)]
    [InlineData(null, false)]
    [InlineData("0", false)]
    [InlineData("x; rm -rf /", false)]
    public void Governed_terminal_connects_to_its_own_window_and_no_other(string? port, bool connects)
    {
        var variables = ClaudeSession.EditorWindow(port);
        Assert.Equal(connects ? port : null, variables.GetValueOrDefault("CLAUDE_CODE_SSE_PORT"));
        Assert.Equal(connects, variables.ContainsKey("ENABLE_IDE_INTEGRATION"));
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
