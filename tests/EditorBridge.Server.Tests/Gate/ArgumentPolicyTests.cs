using System.Text.Json.Nodes;
using EditorBridge.Gate;
using EditorBridge.Policies;
using EditorBridge.Policy;
using EditorBridge.Server.Tests.Ledger;

namespace EditorBridge.Server.Tests.Gate;

/// <summary>
/// The example policy docs/examples/policy-mcp-arguments.yaml at the gate, against calls in the shapes of server-filesystem and mcp-server-git. Each attack has the number of the hole it once went
/// through; links and folders are real.
/// </summary>
public sealed class ArgumentPolicyTests : IAsyncLifetime
{
    private readonly GateFixture _gate = new();

    public static TheoryData<string, string, string> Attacks => new()
    {
        { "CVE-2025-53109: a link in the folder to a file elsewhere", "files__read_text_file", """{"path":"WORKSPACE/link/secret.txt"}""" },
        { "CVE-2025-53109: a link that is yet to be written through", "files__write_file", """{"path":"WORKSPACE/link/new.txt","content":"x"}""" },
        { "CVE-2025-53109: a link to a link", "files__read_text_file", """{"path":"WORKSPACE/chain/secret.txt"}""" },
        { "CVE-2025-53109: a link that leads to nothing yet", "files__write_file", """{"path":"WORKSPACE/dangling","content":"x"}""" },
        { "CVE-2025-53110: a folder that begins with the same letters", "files__read_text_file", """{"path":"WORKSPACE-secret/secret.txt"}""" },
        { "a path that climbs", "files__list_directory", """{"path":"WORKSPACE/src/../../other"}""" },
        { "a relative path that climbs", "files__read_text_file", """{"path":"../other/secret.txt"}""" },
        { "a link seen from the folder", "files__read_text_file", """{"path":"link/secret.txt"}""" },
        { "one of many", "files__read_multiple_files", """{"paths":["WORKSPACE/a.txt","/etc/passwd"]}""" },
        { "one of two", "files__move_file", """{"source":"WORKSPACE/a.txt","destination":"~/a.txt"}""" },
        { "a part of an object", "files__search", """{"options":{"where":{"root_path":"/"}},"pattern":"key"}""" },
        { "an address of a file", "files__read_text_file", """{"path":"file:///etc/passwd"}""" },
        { "a resource at an address of a file", "files__resources/read", """{"uri":"file:///etc/passwd"}""" },
        { "under a name that says nothing", "files__find", """{"q":"/etc/passwd"}""" },
        { "CVE-2025-68143: a repository anywhere", "git__git_init", """{"repo_path":"/tmp/anywhere"}""" },
        { "CVE-2025-68144: an option in place of a revision", "git__git_diff", """{"repo_path":"WORKSPACE","target":"--output=WORKSPACE/x"}""" },
        { "CVE-2025-68144: an option in place of a branch", "git__git_checkout", """{"repo_path":"WORKSPACE","branch_name":"-f"}""" },
        { "CVE-2025-68145: another repository than the one set up", "git__git_log", """{"repo_path":"WORKSPACE-secret"}""" },
        { "CVE-2026-27735: a file of another folder", "git__git_add", """{"repo_path":"WORKSPACE","files":["a.txt","../../other/secret.txt"]}""" },
        { "an option among files", "git__git_add", """{"repo_path":"WORKSPACE","files":["a.txt","--chmod=+x"]}""" },
    };

    public static TheoryData<string, string> DailyWork => new()
    {
        { "files__read_text_file", """{"path":"WORKSPACE/src/a.txt"}""" },
        { "files__read_text_file", """{"path":"WORKSPACE/inner/a.txt","head":10}""" },
        { "files__edit_file", """{"path":"WORKSPACE/src/a.txt","edits":[{"oldText":"a - b","newText":"-1 ../x is fine in a text\nof two lines"}],"dryRun":true}""" },
        { "files__list_directory", """{"path":"WORKSPACE"}""" },
        { "git__git_diff", """{"repo_path":"WORKSPACE","target":"main..feature/x","context_lines":3}""" },
        { "git__git_commit", """{"repo_path":"WORKSPACE","message":"Fix the sum - again"}""" },
        { "tracker__open", """{"title":"--help does not help","repository":"somebody/else"}""" },
    };

    public async ValueTask InitializeAsync()
    {
        var outside = Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(_gate.Workspace)!, "other")).FullName;
        Directory.CreateDirectory(_gate.Workspace + "-secret");
        Directory.CreateDirectory(_gate.FileIn("src"));
        await File.WriteAllTextAsync(Path.Combine(outside, "secret.txt"), "secret");
        File.CreateSymbolicLink(_gate.FileIn("link"), outside);
        File.CreateSymbolicLink(_gate.FileIn("chain"), _gate.FileIn("link"));
        File.CreateSymbolicLink(_gate.FileIn("dangling"), Path.Combine(outside, "nothing yet"));
        File.CreateSymbolicLink(_gate.FileIn("inner"), "src");
        Directory.CreateDirectory(_gate.FileIn(".editorbridge"));
        File.Copy(Path.Combine(SourceTree.Root, "docs/examples/policy-mcp-arguments.yaml"), _gate.FileIn(".editorbridge/policy.yaml"));
    }

    [Theory]
    [MemberData(nameof(Attacks))]
    public async Task Call_that_leaves_the_workspace_or_carries_an_option_is_refused(string attack, string tool, string input)
    {
        var admission = await AdmitAsync(tool, input);

        Assert.Equal(AdmissionKind.Refused, admission.Kind);
        Assert.True(admission.Reason.Contains("workspace policy, rule mcp-", StringComparison.Ordinal), $"{attack}: {admission.Reason}");
    }

    [Theory]
    [MemberData(nameof(DailyWork))]
    public async Task Call_of_daily_work_is_not_refused(string tool, string input)
    {
        // What needs no person is known to only read; every other call is one for a person, as without the policy.
        Assert.Equal(AdmissionKind.Released, (await AdmitAsync(tool, input)).Kind);
    }

    [Fact]
    public async Task Workspace_behind_a_link_is_the_workspace()
    {
        var alias = _gate.Workspace + "-alias";
        File.CreateSymbolicLink(alias, _gate.Workspace);

        Assert.Equal(AdmissionKind.Released, (await AdmitAsync("files__read_text_file", new JsonObject { ["path"] = Path.Combine(alias, "src/a.txt") }.ToJsonString(), alias)).Kind);
        Assert.Equal(AdmissionKind.Released, (await AdmitAsync("files__read_text_file", new JsonObject { ["path"] = "src/a.txt" }.ToJsonString(), alias)).Kind);
        Assert.Equal(AdmissionKind.Refused, (await AdmitAsync("files__read_text_file", new JsonObject { ["path"] = Path.Combine(alias, "link/secret.txt") }.ToJsonString(), alias)).Kind);
    }

    [Fact]
    public async Task Link_of_a_file_tool_is_judged_by_where_it_leads()
    {
        Directory.CreateDirectory(Path.Combine(Path.GetDirectoryName(_gate.Workspace)!, "other", ".claude"));
        File.CreateSymbolicLink(_gate.FileIn("plain"), Path.Combine(Path.GetDirectoryName(_gate.Workspace)!, "other", ".claude"));

        var (admission, item) = await _gate.AskAsync(_gate.Write("plain/settings.json", "{}"));

        Assert.Contains(item.Decision.Rules, rule => rule.Id == "default.paths.agent-settings");
        await _gate.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        await admission;
    }

    [Fact]
    public async Task Tool_that_only_reads_is_asked_about_where_it_would_read_credentials()
    {
        var (admission, item) = await _gate.AskAsync(Request("files__read_text_file", """{"path":"~/.ssh/id_rsa"}""", workspace: Path.GetTempPath()));

        Assert.Contains(item.Decision.Rules, rule => rule.Id == "default.paths.credentials");
        await _gate.Desk.GiveAsync(item.Id, GateFixture.Reject("no"));
        await admission;
    }

    [Fact]
    public async Task Call_with_more_paths_than_anybody_could_judge_is_refused()
    {
        var admission = await AdmitAsync("files__read_multiple_files", new JsonObject { ["paths"] = new JsonArray([.. Enumerable.Range(0, 1001).Select(i => (JsonNode)$"a{i}.txt")]) }.ToJsonString());

        Assert.Equal(AdmissionKind.Refused, admission.Kind);
        Assert.Contains("more than 1000 paths", admission.Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("match: { arguments: dash }", "Write name=value")]
    [InlineData("match: { arguments: \"*=-*\", paths: \"**\" }", "Write two rules")]
    public void Condition_on_arguments_that_means_nothing_is_an_error(string match, string message) =>
        Assert.Contains(Parse(match, "deny").Problems, problem => problem.Message.Contains(message, StringComparison.Ordinal));

    [Theory]
    [InlineData("""{"project":"demo-1","text":"x"}""", "allow")]
    [InlineData("""{"project":"prod","text":"x"}""", "review")]
    [InlineData("""{"project":"demo-1","text":"x","force":true}""", "review")]
    public void Rule_that_allows_speaks_of_every_argument(string input, string expected)
    {
        var policy = Parse("""match: { mcp_tools: "tracker:open", arguments: ["project=demo-*", "text=*"] }""", "allow\n    relaxes: default.tools.upstream");
        Assert.Empty(policy.Problems);
        var cases = PolicyCases.Parse($"version: 1\ncases:\n  - name: a\n    action: {{ tool: mcp__editorbridge__tracker__open, input: {input} }}\n    expect: {expected}\n", "cases.yaml");

        Assert.Null(EditorBridge.Cli.PolicyTestCommand.Failure(PolicySet.Of(policy.Rules, []), Assert.Single(cases.Cases)));
    }

    public ValueTask DisposeAsync() => _gate.DisposeAsync();

    private static PolicyFile Parse(string match, string effect) => PolicyFile.Parse($"version: 1\nrules:\n  - id: a\n    description: A.\n    {match}\n    effect: {effect}\n", "policy.yaml", PolicyLayer.User);

    private Task<Admission> AdmitAsync(string tool, string input, string? workspace = null) => _gate.Gate.AdmitAsync(Request(tool, input, workspace), CancellationToken.None);

    private ActionRequest Request(string tool, string input, string? workspace = null) => _gate.Request("mcp__editorbridge__" + tool, JsonNode.Parse(input.Replace("WORKSPACE", _gate.Workspace, StringComparison.Ordinal))!, toolUseId: null, Door.Mcp) with
    {
        KnownReadOnly = true,
        Workspace = workspace ?? _gate.Workspace,
    };
}
