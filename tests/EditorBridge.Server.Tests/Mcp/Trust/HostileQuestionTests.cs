using System.Text.Json;
using EditorBridge.Audit;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>Questions a server has no business to ask, put while a client's call is under way.</summary>
public sealed class HostileQuestionTests
{
    private static readonly (string Method, string Refused)[] Refusals =
    [
        ("sampling/createMessage", "Sampling is not allowed to the server 'calc'"),
        ("roots/list", "Roots is not allowed to the server 'calc'"),
        ("elicitation/create", "A form may not ask for a secret ('api_key')"),
        ("elicitation/create", "Only http and https addresses are shown to a person."),
        ("tools/execute", "'tools/execute' is not passed on to clients."),
    ];

    [Theory]
    [InlineData("old")]
    [InlineData("new")]
    public async Task Question_that_is_not_allowed_reaches_nobody_and_stands_in_the_ledger(string era)
    {
        await using var hostile = await HostileHost.StartAsync();
        var reached = new List<string>();
        await using var client = await FixtureServers.ClientAsync(hostile.Host, era, Willing(reached));

        var said = FixtureServers.Text(await client.CallToolAsync("calc__answer", new Dictionary<string, object?> { ["which"] = "questions" }));

        Assert.Empty(reached);
        Assert.All(Refusals, refusal => Assert.Contains(refusal.Refused, said, StringComparison.Ordinal));
        var outcome = Assert.Single(await hostile.EntriesAsync(EntryKind.ActionOutcome));
        var asked = outcome.Draft.Facts!["asked"]!.AsArray().Select(question => (Method: question!["method"]!.GetValue<string>(), Refused: question["refused"]!.GetValue<string>())).ToArray();
        Assert.Equal(Refusals.Length, asked.Length);
        Assert.All(Refusals, refusal => Assert.Contains(asked, question => question.Method == refusal.Method && question.Refused.StartsWith(refusal.Refused, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Server_that_asks_without_end_is_not_passed_on_any_more()
    {
        await using var hostile = await HostileHost.StartAsync();
        var reached = new List<string>();
        await using var client = await FixtureServers.ClientAsync(hostile.Host, "old", Willing(reached));

        var said = FixtureServers.Text(await client.CallToolAsync("calc__answer", new Dictionary<string, object?> { ["which"] = "insists" }));

        Assert.Equal("'calc' has asked 50 times during this call, and no more is passed on.", said);
        Assert.Equal(50, reached.Count);
    }

    [Theory]
    [InlineData("old")]
    [InlineData("new")]
    public async Task Answer_that_carries_what_the_account_said_does_not_reach_the_server(string era)
    {
        const string Figures = "the quarterly figures of the northern region";
        await using var hostile = await HostileHost.StartAsync();
        await using var client = await FixtureServers.ClientAsync(hostile.Host, era, new McpClientHandlers
        {
            ElicitationHandler = (_, _) => ValueTask.FromResult(new ElicitResult { Action = "accept", Content = new Dictionary<string, JsonElement> { ["note"] = JsonSerializer.SerializeToElement(Figures) } }),
        });
        async Task<string> ConfideAsync() => FixtureServers.Text(await client.CallToolAsync("calc__answer", new Dictionary<string, object?> { ["which"] = "confides" }));

        Assert.Contains(Figures, await ConfideAsync(), StringComparison.Ordinal);
        await client.CallToolAsync("execute_sql", new Dictionary<string, object?> { ["sql"] = $"select '{Figures}' as note" });
        var said = await ConfideAsync();

        Assert.DoesNotContain(Figures, said, StringComparison.Ordinal);
        Assert.Contains("so 'calc' does not get it", said, StringComparison.Ordinal);
        Assert.Contains("does not get it", (await hostile.EntriesAsync(EntryKind.ActionOutcome)).Select(entry => entry.Draft.Facts!["asked"]?.ToJsonString() ?? "").Single(asked => asked.Contains("refused\":\"", StringComparison.Ordinal)), StringComparison.Ordinal);
    }

    // A client that would answer anything.
    private static McpClientHandlers Willing(List<string> reached) => new()
    {
        ElicitationHandler = (request, _) =>
        {
            lock (reached) reached.Add(request!.Message);
            return ValueTask.FromResult(new ElicitResult { Action = "accept" });
        },
#pragma warning disable MCP9005 // Deprecated in 2026-07-28, and what clients of today have.
        SamplingHandler = (_, _, _) =>
        {
            lock (reached) reached.Add("sampling");
            return ValueTask.FromResult(new CreateMessageResult { Role = Role.Assistant, Model = "test", Content = [new TextContentBlock { Text = "all" }] });
        },
        RootsHandler = (_, _) =>
        {
            lock (reached) reached.Add("roots");
            return ValueTask.FromResult(new ListRootsResult { Roots = [] });
        },
#pragma warning restore MCP9005
    };
}
