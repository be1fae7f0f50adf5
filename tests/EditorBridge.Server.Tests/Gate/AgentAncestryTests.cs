using EditorBridge.Gate;

namespace EditorBridge.Server.Tests.Gate;

public sealed class AgentAncestryTests
{
    // As `ps -axww -E -o pid=,ppid=,tty=,command=` of macOS writes it.
    private const string Family = """
            1     0 ??       /sbin/launchd
          310     1 ??       /System/Applications/Utilities/Terminal.app/Contents/MacOS/Terminal
          402   310 ttys001  -zsh TERM=xterm-256color HOME=/Users/maria
          455   402 ttys001  node /opt/homebrew/bin/claude HOME=/Users/maria
          460   455 ??       /bin/zsh -c editorbridge approve r1 CLAUDECODE=1
          470   460 ??       editorbridge approve r1 CLAUDECODE=1
          500   402 ttys001  editorbridge approve r1 HOME=/Users/maria
          510   402 ttys001  /usr/local/bin/node /usr/local/lib/node_modules/@openai/codex/bin/codex.js
          520   310 ttys002  sh -c true CLAUDECODE=1
        """;

    [Theory]
    [InlineData(470, "CLAUDECODE in the environment of process 470")]
    [InlineData(455, "claude (process 455)")]
    [InlineData(510, "codex.js")]
    [InlineData(520, "CLAUDECODE in the environment of process 520")]
    [InlineData(500, null)]
    [InlineData(402, null)]
    [InlineData(999, "does not describe")]
    public void An_agent_is_found_in_the_family_and_an_unknown_process_counts_as_one(int pid, string? expected)
    {
        var table = SystemProcesses.ParsePs(Family);
        var found = AgentAncestry.Find(pid, id => table.GetValueOrDefault(id));
        if (expected is null) Assert.Null(found);
        else Assert.Contains(expected, found, StringComparison.Ordinal);
    }

    /// <summary>What a process has where its words were: one text, when it wrote a title over them.</summary>
    [Theory]
    [InlineData("npm test --only e2e/claude", null)]
    [InlineData("watching src/aider", null)]
    [InlineData("claude", "claude")]
    [InlineData("claude --resume", "claude")]
    [InlineData("/opt/Our Tools/claude", "claude")]
    [InlineData("/usr/local/bin/codex exec", "codex")]
    public void Title_a_process_gives_itself_is_told_from_a_program(string title, string? expected)
    {
        var found = AgentAncestry.Find(7, pid => pid == 7 ? new SystemProcess(1, [title], [], HasTerminal: true) : null);
        if (expected is null) Assert.Null(found);
        else Assert.Equal($"{expected} (process 7)", found);
    }

    [Fact]
    public void A_terminal_is_told_from_none()
    {
        var table = SystemProcesses.ParsePs(Family);
        Assert.Equal((true, false), (table[500].HasTerminal, table[470].HasTerminal));
    }

    [Fact]
    public void This_system_describes_this_process()
    {
        var self = SystemProcesses.Now()(Environment.ProcessId);
        Assert.NotNull(self);
        Assert.True(self.Parent > 0);
        Assert.NotEmpty(self.Words);
    }
}
