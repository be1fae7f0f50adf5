using System.Text.Json.Nodes;
using EditorBridge.Hosting;
using EditorBridge.Setup;
using EditorBridge.Snowflake;

namespace EditorBridge.Server.Tests.Setup;

/// <summary>What the doctor finds in the files that decide how Claude Code runs.</summary>
public sealed class ClaudeOverridesTests : IDisposable
{
    private const string Host = "http://127.0.0.1:4000";
    private static readonly OwnProgram Program = new("/opt/editorbridge/editorbridge", []);

    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-doctor-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData(".mcp.json", """{"mcpServers":{"other":{"command":"x"},"editorbridge":{"type":"http","url":"http://127.0.0.1:4000/mcp"}}}""", "other")]
    [InlineData(".claude.json", """{"mcpServers":{"everywhere":{}}}""", "everywhere")]
    [InlineData(".claude.json", """{"projects":{"FOLDER":{"mcpServers":{"here":{}}}}}""", "here")]
    [InlineData(".claude.json", """{"projects":{"/elsewhere":{"mcpServers":{"there":{}}}}}""", null)]
    [InlineData(".mcp.json", """{"mcpServers":{"editorbridge":{"command":"/opt/editorbridge/editorbridge","args":["mcp"]}}}""", null)]
    [InlineData(".mcp.json", """{"mcpServers":{"editorbridge":{"command":"dotnet","args":["/opt/editorbridge.dll","mcp"]}}}""", null)]
    [InlineData(".mcp.json", """{"mcpServers":{"editorbridge":{"type":"http","url":"https://example.com/mcp"}}}""", "editorbridge")]
    [InlineData(".mcp.json", """{"mcpServers":{"editorbridge":{"command":"node","args":["mcp"]}}}""", "editorbridge")]
    public void Mcp_servers_beside_the_gateway_are_named(string file, string text, string? server)
    {
        Write(file, text);

        Assert.Equal(server is null ? [] : [server], ClaudeOverrides.OtherMcpServers(Places()).Select(found => found.Server));
    }

    [Theory]
    [InlineData(".claude/settings.json", """{"env":{"ANTHROPIC_BASE_URL":"http://127.0.0.1:9"}}""", "sets ANTHROPIC_BASE_URL")]
    [InlineData(".claude/settings.local.json", """{"env":{"HTTPS_PROXY":"http://127.0.0.1:9"}}""", "sets HTTPS_PROXY")]
    [InlineData(".claude/settings.json", """{"disableAllHooks":true}""", "switches all hooks off")]
    [InlineData(".claude/settings.json", """{"permissions":{"defaultMode":"bypassPermissions"}}""", "mode bypassPermissions")]
    [InlineData("user.json", """{"permissions":{"defaultMode":"auto"}}""", "mode auto")]
    [InlineData("user.json", """{"disableAllHooks":true}""", "switches all hooks off")]
    [InlineData("user.json", """{"hooks":{"PreToolUse":[{"matcher":"*","hooks":[{"type":"http","url":"http://127.0.0.1:4000/hooks/claude"}]}]}}""", "without onFailure")]
    [InlineData(".claude/settings.json", "{ no JSON", "cannot be read")]
    public void What_leads_past_the_gate_is_named(string file, string text, string told)
    {
        Write(file, text);

        Assert.Contains(Find(), finding => finding.Level is FindingLevel.Warning or FindingLevel.Broken && finding.What.Contains(told, StringComparison.Ordinal) && finding.Fix is not null);
    }

    /// <summary>Measured: managed stands above a project's own files, these above the person's, and these above the shell.</summary>
    [Theory]
    [InlineData(null, null, null, null, null)]
    [InlineData("shell", null, null, null, "shell")]
    [InlineData("shell", "person", null, null, "person")]
    [InlineData("shell", "person", "project", null, "project")]
    [InlineData("shell", "person", "project", "managed", "managed")]
    public void Where_requests_go_is_told_by_the_strongest_file(string? shell, string? person, string? project, string? managed, string? wins)
    {
        Place("user.json", person);
        Place(".claude/settings.json", project);
        Place("managed.json", managed);

        var told = Find(shell is null ? null : $"http://{shell}:1");

        if (wins is null) Assert.Contains(told, finding => finding is { Level: FindingLevel.Note } && finding.What.Contains("does not come to EditorBridge", StringComparison.Ordinal));
        else Assert.Contains(told, finding => finding is { Level: FindingLevel.Warning } && finding.What.Contains($"goes to http://{wins}:1 ", StringComparison.Ordinal));
    }

    [Fact]
    public void What_setup_writes_for_a_person_is_in_order()
    {
        Write("user.json", ClaudeSetup.User(Host, "a", "b", "c").ToJsonString());

        Assert.All(Find(), finding => Assert.True(finding.Level is FindingLevel.Good or FindingLevel.Note, finding.What));
        Assert.Contains(Find(), finding => finding.What.StartsWith($"Claude Code started here by itself comes to {Host}", StringComparison.Ordinal));
    }

    /// <summary>Each thing an administrator holds, taken away or weakened.</summary>
    [Theory]
    [InlineData("", "")]
    [InlineData("requiredMinimumVersion", "requiredMinimumVersion")]
    [InlineData("allowManagedHooksOnly", "allowManagedHooksOnly")]
    [InlineData("disableAutoMode", "disableAutoMode")]
    [InlineData("allowedMcpServers", "allowedMcpServers")]
    [InlineData("allowManagedMcpServersOnly", "allowManagedMcpServersOnly")]
    [InlineData("permissions", "permissions")]
    [InlineData("hooks", "hooks")]
    [InlineData("env", "env")]
    public void Managed_settings_that_have_drifted_are_named(string removed, string named)
    {
        var settings = ClaudeSetup.Managed(Host, Program);
        settings.Remove(removed);
        Write("managed.json", settings.ToJsonString());

        var told = Find().Where(finding => finding.What.StartsWith("Managed settings", StringComparison.Ordinal)).ToArray();
        if (named.Length == 0) Assert.Equal(FindingLevel.Good, Assert.Single(told).Level);
        else Assert.Contains(told, finding => finding.Level == FindingLevel.Warning && finding.What.Contains(named, StringComparison.Ordinal));
    }

    [Fact]
    public void Managed_settings_hold_no_secret_and_allow_the_gateway_in_both_its_shapes()
    {
        var settings = ClaudeSetup.Managed(Host, Program);

        Assert.Equal("""[{"serverUrl":"http://127.0.0.1:4000/mcp"},{"serverCommand":["/opt/editorbridge/editorbridge","mcp"]}]""", settings["allowedMcpServers"]!.ToJsonString());
        Assert.Equal(["ANTHROPIC_BASE_URL", "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"], settings["env"]!.AsObject().Select(variable => variable.Key));
    }

    private IReadOnlyList<AccountFinding> Find(string? shell = null) => [.. ClaudeOverrides.Find(Places(shell), Host, Program)];

    private ClaudePlaces Places(string? shell = null) => new(_folder.FullName, In("user.json"), In("managed.json"), In(".claude.json"), name => name == "ANTHROPIC_BASE_URL" ? shell : null);

    private string In(string file) => Path.Combine(_folder.FullName, file);

    private void Place(string file, string? address)
    {
        if (address is not null) Write(file, new JsonObject { ["env"] = new JsonObject { ["ANTHROPIC_BASE_URL"] = $"http://{address}:1" } }.ToJsonString());
    }

    private void Write(string file, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(In(file))!);
        File.WriteAllText(In(file), text.Replace("FOLDER", _folder.FullName, StringComparison.Ordinal));
    }
}
