using System.IO.Compression;
using System.Text.Json.Nodes;
using EditorBridge.Hosting;
using EditorBridge.Setup;
using EditorBridge.Snowflake;

namespace EditorBridge.Server.Tests.Setup;

/// <summary>Our members in other programs' files: places on each platform, and installing, checking and taking out over real folders.</summary>
public sealed class ForeignSetupTests : IDisposable
{
    private static readonly OwnProgram Program = new("/opt/editorbridge/editorbridge", []);

    private readonly DirectoryInfo _home = Directory.CreateTempSubdirectory("editorbridge-setup-");

    [Theory]
    [InlineData(Platform.Linux, "Claude Code", "/h/.claude.json")]
    [InlineData(Platform.Linux, "Claude Desktop", "/h/.config/Claude/claude_desktop_config.json")]
    [InlineData(Platform.Linux, "Cursor", "/h/.cursor/mcp.json")]
    [InlineData(Platform.Linux, "VS Code", "/h/.config/Code/User/mcp.json")]
    [InlineData(Platform.Linux, "VSCodium", "/h/.config/VSCodium/User/mcp.json")]
    [InlineData(Platform.MacOS, "Claude Desktop", "/h/Library/Application Support/Claude/claude_desktop_config.json")]
    [InlineData(Platform.MacOS, "VS Code Insiders", "/h/Library/Application Support/Code - Insiders/User/mcp.json")]
    [InlineData(Platform.Windows, "Claude Code", @"/h\.claude.json")]
    [InlineData(Platform.Windows, "Claude Desktop", @"/h\AppData\Roaming\Claude\claude_desktop_config.json")]
    [InlineData(Platform.Windows, "VS Code", @"/h\AppData\Roaming\Code\User\mcp.json")]
    public void Clients_are_looked_for_where_each_platform_has_them(Platform platform, string client, string file)
    {
        var members = McpSetup.Clients(new ProgramPlaces(platform, "/h", _ => null), Program, state: null, isPresent: path => !path.EndsWith("extensions", StringComparison.Ordinal));
        Assert.Equal(file, Assert.Single(members, member => member.Program == client).File);
    }

    [Theory]
    [InlineData(Platform.Linux, "/h/.claude/settings.json", "/etc/claude-code/managed-settings.json")]
    [InlineData(Platform.MacOS, "/h/.claude/settings.json", "/Library/Application Support/ClaudeCode/managed-settings.json")]
    [InlineData(Platform.Windows, @"/h\.claude\settings.json", @"C:\Program Files\ClaudeCode\managed-settings.json")]
    public void Claude_Codes_settings_are_where_each_platform_has_them(Platform platform, string person, string managed)
    {
        var places = new ProgramPlaces(platform, "/h", _ => null);
        Assert.Equal((person, managed), (places.ClaudeSettings, places.ClaudeManaged));
        Assert.Equal("/c/settings.json", new ProgramPlaces(Platform.Linux, "/h", name => name == "CLAUDE_CONFIG_DIR" ? "/c" : null).ClaudeSettings);
    }

    [Theory]
    [InlineData("XDG_CONFIG_HOME", "VS Code", "/elsewhere/Code/User/mcp.json")]
    [InlineData("CLAUDE_CONFIG_DIR", "Claude Code", "/elsewhere/.claude.json")]
    public void Variables_move_the_places(string variable, string client, string file)
    {
        var places = new ProgramPlaces(Platform.Linux, "/h", name => name == variable ? "/elsewhere" : null);
        Assert.Equal(file, Assert.Single(McpSetup.Clients(places, Program, null, path => !path.EndsWith("extensions", StringComparison.Ordinal)), member => member.Program == client).File);
    }

    [Theory]
    [InlineData(Platform.MacOS, "VS Code", "/Applications/Visual Studio Code.app/Contents/Resources/app/bin/code")]
    [InlineData(Platform.Windows, "VS Code", @"/h\AppData\Local\Programs\Microsoft VS Code\bin\code.cmd")]
    public void Command_line_is_known_where_it_is_not_on_the_path(Platform platform, string editor, string file) =>
        Assert.Equal([file], VsCodeVariant.All(new ProgramPlaces(platform, "/h", _ => null)).Single(variant => variant.Name == editor).Bundled);

    [Theory]
    [InlineData(null, """{"type":"stdio","command":"/opt/editorbridge/editorbridge","args":["mcp"]}""")]
    [InlineData("/s", """{"type":"stdio","command":"/opt/editorbridge/editorbridge","args":["mcp","--state","/s"]}""")]
    public void Client_starts_the_gateway_by_command_and_is_told_no_secret(string? state, string entry)
    {
        var member = McpSetup.Clients(new ProgramPlaces(Platform.Linux, "/h", _ => null), Program, state, path => path == "/h/.claude").Single();
        Assert.Equal((entry, "mcpServers.editorbridge"), (member.Value.ToJsonString(), member.Name));
    }

    [Fact]
    public void Client_that_is_not_here_is_left_alone() => Assert.Empty(McpSetup.Clients(Here, Program, null, Path.Exists));

    [Fact]
    public void Installed_twice_is_installed_once_and_taken_out_the_file_is_as_it_was()
    {
        Directory.CreateDirectory(In(".config", "Code"));
        var file = In(".config", "Code", "User", "mcp.json");
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        const string before = "{\n  // what I use\n  \"servers\": { \"mine\": { \"command\": \"x\" } },\n  \"inputs\": []\n}\n";
        File.WriteAllText(file, before);
        var member = McpSetup.Clients(Here, Program, null, Path.Exists).Single();

        Assert.Equal(MemberState.Missing, member.State());
        Assert.True(member.Install());
        Assert.False(member.Install());
        Assert.Equal(MemberState.Ours, member.State());
        Assert.Contains("// what I use", File.ReadAllText(file), StringComparison.Ordinal);
        Assert.Equal("x", JsonText.Find(File.ReadAllText(file), ["servers", "mine", "command"])!.GetValue<string>());

        File.WriteAllText(file, File.ReadAllText(file).Replace("/opt/", "/old/", StringComparison.Ordinal));
        Assert.Equal(MemberState.Different, member.State());
        Assert.Equal(FindingLevel.Warning, Assert.Single(SetupDrift.Find(Here, Program, null)).Level);
        Assert.True(member.Install());
        Assert.Equal(FindingLevel.Good, Assert.Single(SetupDrift.Find(Here, Program, null)).Level);

        Assert.True(member.Remove());
        Assert.False(member.Remove());
        Assert.True(JsonNode.DeepEquals(JsonText.Parse(before), JsonText.Parse(File.ReadAllText(file))));
        Assert.Contains("// what I use", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void File_that_is_broken_is_left_as_it_is()
    {
        Directory.CreateDirectory(In(".cursor"));
        File.WriteAllText(In(".cursor", "mcp.json"), "{ oops");
        var member = McpSetup.Clients(Here, Program, null, Path.Exists).Single();

        Assert.Contains("Nothing was changed", Assert.Throws<SetupException>(() => member.Install()).Message, StringComparison.Ordinal);
        Assert.Equal("{ oops", File.ReadAllText(member.File));
        Assert.Equal(FindingLevel.Warning, Assert.Single(SetupDrift.Find(Here, Program, null)).Level);
    }

    [Fact]
    public void File_that_is_a_link_stays_one_and_keeps_its_mode()
    {
        if (OperatingSystem.IsWindows()) return;
        Directory.CreateDirectory(In(".cursor"));
        var (link, file) = (In(".cursor", "mcp.json"), In("dotfiles.json"));
        File.WriteAllText(file, "{}");
        File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        File.CreateSymbolicLink(link, file);

        Assert.True(McpSetup.Clients(Here, Program, null, Path.Exists).Single().Install());
        Assert.Equal(file, File.ResolveLinkTarget(link, returnFinalTarget: true)!.FullName);
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead, File.GetUnixFileMode(file));
        Assert.Contains("editorbridge", File.ReadAllText(file), StringComparison.Ordinal);
    }

    [Fact]
    public void Editor_with_our_extension_needs_no_entry_because_it_offers_the_gateway()
    {
        Directory.CreateDirectory(In(".config", "Code"));
        Directory.CreateDirectory(In(".vscode", "extensions", VsCodeVariant.ExtensionId + "-0.1.0"));
        Assert.Empty(McpSetup.Clients(Here, Program, null, Path.Exists));
    }

    [Theory]
    [InlineData("""{ "editorbridge.server.path": "/gone/editorbridge" }""", "which is not there")]
    [InlineData("""{ "editorbridge.terminal.environment": false }""", "leaves terminals ungoverned")]
    [InlineData("""{ "editor.fontSize": 12 }""", null)]
    public void Doctor_names_settings_that_keep_an_editor_from_the_gate(string settings, string? told)
    {
        Directory.CreateDirectory(In(".vscode", "extensions", VsCodeVariant.ExtensionId + "-0.1.0"));
        Directory.CreateDirectory(In(".config", "Code", "User"));
        File.WriteAllText(In(".config", "Code", "User", "settings.json"), settings);

        var findings = SetupDrift.Find(Here, Program, null).ToArray();
        if (told is null) Assert.Empty(findings);
        else Assert.Contains(told, Assert.Single(findings).What, StringComparison.Ordinal);
    }

    [Fact]
    public void Project_looks_for_the_program_on_the_path_of_whoever_works_on_it()
    {
        var member = McpSetup.Project(_home.FullName);
        Assert.True(member.Install());
        Assert.Equal("""{"mcpServers":{"editorbridge":{"type":"stdio","command":"editorbridge","args":["mcp"]}}}""", JsonText.Parse(File.ReadAllText(In(".mcp.json"))).ToJsonString());
    }

    [Theory]
    [InlineData("editorbridge", "editorbridge-vscode", true, null)]
    [InlineData("editorbridge", "editorbridge-vscode", false, null)]
    [InlineData("somebody", "else", false, "another extension")]
    public void Package_is_opened_only_when_it_is_ours(string publisher, string name, bool withBackend, string? problem)
    {
        var file = In("editorbridge-9.8.7.vsix");
        Pack(file, publisher, name, withBackend);
        if (problem is null) Assert.Equal(new VsixFile(file, "9.8.7", withBackend), VsixFile.Near([_home.FullName]));
        else Assert.Contains(problem, Assert.Throws<SetupException>(() => VsixFile.Open(file)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Package_that_is_none_is_refused()
    {
        File.WriteAllText(In("editorbridge-1.0.0.vsix"), "no archive");
        Assert.Throws<SetupException>(() => VsixFile.Open(In("editorbridge-1.0.0.vsix")));
        Assert.Throws<SetupException>(() => VsixFile.Open(In("nowhere.vsix")));
    }

    public void Dispose() => _home.Delete(recursive: true);

    private ProgramPlaces Here => new(Platform.Linux, _home.FullName, _ => null);

    private string In(params string[] parts) => Path.Combine([_home.FullName, .. parts]);

    private static void Pack(string file, string publisher, string name, bool withBackend)
    {
        using var archive = ZipFile.Open(file, ZipArchiveMode.Create);
        using (var manifest = new StreamWriter(archive.CreateEntry("extension/package.json").Open()))
            manifest.Write(new JsonObject { ["publisher"] = publisher, ["name"] = name, ["version"] = "9.8.7" }.ToJsonString());
        if (withBackend) archive.CreateEntry("extension/backend/editorbridge.dll");
    }
}
