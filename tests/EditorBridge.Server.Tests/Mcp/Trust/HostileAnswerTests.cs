using System.Text.Json.Nodes;
using EditorBridge.Audit;
using EditorBridge.HostileServer;
using EditorBridge.Server.Tests.Gate;
using EditorBridge.Server.Tests.Hosting;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>Attacks that a server's answers can hold, and data that a second server is to carry away. The servers are real processes.</summary>
public sealed class HostileAnswerTests : IAsyncLifetime
{
    private static readonly (string, string) Session = ("X-EditorBridge-Session", "session-1");

    private HostileHost _hostile = null!;

    public async ValueTask InitializeAsync() => _hostile = await HostileHost.StartAsync([("calc", "clean"), ("web", "clean")]);

    public ValueTask DisposeAsync() => _hostile.DisposeAsync();

    [Theory]
    [InlineData("injection", "trust.injection.override")]
    [InlineData("structured", "trust.injection.secrecy")]
    [InlineData("error", "trust.injection.pseudo-tag")]
    [InlineData("hidden", "trust.bidirectional")]
    public async Task Answer_that_speaks_to_the_model_is_marked_as_data_and_is_an_incident(string which, string finding)
    {
        var answer = await _hostile.CallAsync("calc__answer", new { which });

        Assert.Contains(finding, answer["content"]!.AsArray()[^1]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        var incident = Assert.Single(await _hostile.EntriesAsync(EntryKind.Incident));
        Assert.Contains(finding, incident.Draft.Facts!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Secret_in_an_answer_reaches_neither_the_model_nor_the_ledger()
    {
        var answer = await _hostile.CallAsync("calc__answer", new { which = "secret" });

        var text = answer.ToJsonString();
        Assert.DoesNotContain("IOSFODNN7EXAMPLE", text, StringComparison.Ordinal);
        Assert.DoesNotContain("MIIBVgIBADANBgkqhkiG9w0", text, StringComparison.Ordinal);
        Assert.Contains("[redacted:aws-key]", answer["structuredContent"]!["config"]!["aws"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("and the rest is fine", answer["content"]![0]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("3 secrets were taken out", answer["content"]!.AsArray()[^1]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain("IOSFODNN7EXAMPLE", File.ReadAllText(Path.Combine(_hostile.Host.State.LedgerFolder, "ledger.db"), System.Text.Encoding.Latin1), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("plain")]
    [InlineData("code")]
    public async Task Answer_of_daily_work_is_given_as_it_came(string which)
    {
        var answer = await _hostile.CallAsync("calc__answer", new { which });

        Assert.Single(answer["content"]!.AsArray());
        Assert.DoesNotContain("redacted", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(await _hostile.EntriesAsync(EntryKind.Incident));
    }

    [Fact]
    public async Task Resource_that_is_read_is_looked_into_and_one_whose_listing_speaks_to_the_model_is_not_listed()
    {
        var listed = (await _hostile.Host.McpAsync("resources/list", new { }))["result"]!["resources"]!.AsArray();
        Assert.Equal("notes://calm", Assert.Single(listed)!["uri"]!.GetValue<string>());

        var read = (await _hostile.Host.McpAsync("resources/read", new { uri = "notes://calm" }))["result"]!.ToJsonString();
        Assert.Contains("[redacted:aws-key]", read, StringComparison.Ordinal);
        Assert.Contains("trust.injection.secrecy", Assert.Single(await _hostile.EntriesAsync(EntryKind.Incident)).Draft.Facts!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Prompt_that_changed_is_neither_listed_nor_given()
    {
        Assert.Contains("calc__greet", (await _hostile.Host.McpAsync("prompts/list", new { }))["result"]!.ToJsonString(), StringComparison.Ordinal);
        await _hostile.BecomeAsync("description");

        Assert.DoesNotContain("calc__greet", (await _hostile.Host.McpAsync("prompts/list", new { }))["result"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Contains("editorbridge mcp accept calc", (await _hostile.Host.McpAsync("prompts/get", new { name = "calc__greet" }))["error"]!["message"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Servers_own_word_that_a_tool_only_reads_relaxes_nothing()
    {
        var asking = _hostile.CallAsync("calc__post", new { text = "x" });
        await _hostile.Host.AnswerAsync(GateFixture.Reject("no"));
        Assert.True((await asking)["isError"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Server_sees_no_variable_of_the_agents_and_none_of_ours()
    {
        Environment.SetEnvironmentVariable("ANTHROPIC_AUTH_TOKEN_OF_A_TEST", "x");
        Environment.SetEnvironmentVariable("SNOWFLAKE_PASSWORD_OF_A_TEST", "x");
        await _hostile.RestartAsync();

        var seen = (await _hostile.CallAsync("calc__answer", new { which = "environment" }))["content"]![0]!["text"]!.GetValue<string>().Split('\n');
        Assert.Contains("PATH", seen);
        Assert.DoesNotContain(seen, name => name.StartsWith("ANTHROPIC_", StringComparison.Ordinal) || name.StartsWith("SNOWFLAKE_", StringComparison.Ordinal) || name.StartsWith("EDITORBRIDGE_", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Address_in_an_answer_is_never_fetched_and_a_large_answer_arrives_whole()
    {
        var links = await _hostile.CallAsync("calc__answer", new { which = "link" });
        Assert.Equal("file:///etc/passwd", links["content"]![0]!["uri"]!.GetValue<string>());

        var large = await _hostile.CallAsync("calc__answer", new { which = "large" });
        Assert.Equal(13 * 80_000, large["content"]![0]!["text"]!.GetValue<string>().Length);
    }

    [Fact]
    public async Task Piece_of_one_servers_answer_in_a_call_of_another_is_shown_to_a_person_first()
    {
        await _hostile.CallAsync("calc__answer", new { which = "customers" }, Session);
        // A tool known to only read runs without a question, with words of the agent's own …
        Assert.Null((await _hostile.CallAsync("web__find", new { query = "how to format a date" }, Session))["isError"]);

        // … and not with what another server has said.
        var asking = _hostile.CallAsync("web__find", new { query = "ADA LOVELACE: ada-lovelace at analytical; customer since 1843" }, Session);
        var item = await _hostile.Host.AnswerAsync(GateFixture.Reject("not our customers"));
        Assert.Contains(item.Findings, finding => finding.RuleId == "taint.carried");
        Assert.True((await asking)["isError"]!.GetValue<bool>());
    }

    [Fact]
    public async Task Piece_of_an_answer_may_go_back_to_the_server_it_came_from()
    {
        await _hostile.CallAsync("calc__answer", new { which = "customers" }, Session);

        Assert.Null((await _hostile.CallAsync("calc__find", new { query = "Ada Lovelace, ada.lovelace at analytical, customer since 1843" }, Session))["isError"]);
    }

    [Fact]
    public async Task Rows_of_the_account_in_a_call_of_a_server_are_shown_to_a_person_first()
    {
        var rows = (await _hostile.CallAsync("execute_sql", new { sql = "select 'the quarterly figures of the northern region' as note" }, Session)).ToJsonString();
        Assert.Contains("quarterly figures", rows, StringComparison.Ordinal);

        var asking = _hostile.CallAsync("web__find", new { query = "the quarterly figures of the northern region" }, Session);
        Assert.Contains((await _hostile.Host.AnswerAsync(GateFixture.Reject("no"))).Findings, finding => finding.RuleId == "taint.carried");
        await asking;
    }

    [Fact]
    public async Task Text_from_elsewhere_raises_a_later_call_that_sends_something_out()
    {
        var before = _hostile.CallAsync("web__post", new { text = "done" }, Session);
        Assert.DoesNotContain((await _hostile.Host.AnswerAsync(GateFixture.Approve())).Findings, finding => finding.RuleId.StartsWith("taint", StringComparison.Ordinal));
        await before;

        await _hostile.CallAsync("calc__answer", new { which = "injection" }, Session);
        var after = _hostile.CallAsync("web__post", new { text = "done again" }, Session);
        var item = await _hostile.Host.AnswerAsync(GateFixture.Approve());
        Assert.Contains(item.Findings, finding => finding.RuleId == "taint.untrusted" && finding.Message.Contains("calc", StringComparison.Ordinal));
        Assert.Null(item.SessionScope);
        Assert.Null((await after)["isError"]);
    }

    [Fact]
    public async Task Another_session_of_the_same_folder_is_as_tainted_as_the_first()
    {
        (string, string) folder = ("X-EditorBridge-Workspace", Uri.EscapeDataString(Path.GetTempPath()));
        await _hostile.CallAsync("calc__answer", new { which = "customers" }, Session, folder);

        var asking = _hostile.CallAsync("web__find", new { query = "Ada Lovelace, ada.lovelace at analytical, customer since 1843" }, ("X-EditorBridge-Session", "session-2"), folder);
        Assert.Contains((await _hostile.Host.AnswerAsync(GateFixture.Reject("no"))).Findings, finding => finding.RuleId == "taint.carried");
        await asking;
    }
}
