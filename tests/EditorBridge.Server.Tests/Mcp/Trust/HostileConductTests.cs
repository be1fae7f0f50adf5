using System.Diagnostics;
using System.Globalization;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>Servers that never come to an end, flood, end at once or do not go: each costs itself its place and the others nothing. All are real processes.</summary>
public sealed class HostileConductTests(HostileConductTests.Servers servers) : IClassFixture<HostileConductTests.Servers>
{
    private readonly HostileHost _hostile = servers.Hostile;

    [Fact]
    public async Task Server_that_does_not_come_to_an_end_is_left_out_and_the_others_go_on()
    {
        var tools = await _hostile.ToolsAsync();

        Assert.Contains("the same cursor twice", Server("round").Health.LastError, StringComparison.Ordinal);
        Assert.Contains("more than 200 pages", Server("endless").Health.LastError, StringComparison.Ordinal);
        Assert.Contains("more than 16 MiB", Server("flood").Health.LastError, StringComparison.Ordinal);
        Assert.Contains("closed the connection", Server("exits").Health.LastError, StringComparison.Ordinal);
        Assert.DoesNotContain(tools, name => name.StartsWith("round", StringComparison.Ordinal) || name.StartsWith("endless", StringComparison.Ordinal) || name.StartsWith("flood", StringComparison.Ordinal));
        Assert.Contains("calc__add", tools);
    }

    [Fact]
    public async Task Names_made_to_meet_cost_one_of_them_its_place_and_nobody_else_theirs()
    {
        var tools = await _hostile.ToolsAsync();

        Assert.Equal(tools.Length, tools.Distinct(StringComparer.OrdinalIgnoreCase).Count());
        Assert.Equal(2, tools.Count(name => name.StartsWith("clash__a_b", StringComparison.Ordinal)));
        Assert.Contains(_hostile.Host.Services.GetRequiredService<UpstreamRoom>().Catalogue.Problems, p => p.Upstream.Settings.Name == "clash" && p.Message.Contains("which is taken", StringComparison.Ordinal));
        Assert.Null((await _hostile.CallAsync("calc__add", new { a = 1, b = 2 }))["isError"]);
    }

    [Fact]
    public async Task Server_that_announces_changes_without_rest_is_listed_again_a_few_times()
    {
        await _hostile.CallAsync("restless__answer", new { which = "storm" });
        var lists = 0;
        // As many calls as lists that would be waiting: each takes its turn among them.
        for (var call = 0; call < 100; call++) lists = int.Parse((await _hostile.CallAsync("restless__answer", new { which = "listed" }))["content"]![0]!["text"]!.GetValue<string>(), CultureInfo.InvariantCulture);

        Assert.InRange(lists, 2, 10);
    }

    [Fact]
    public async Task Noise_of_a_server_is_no_answer_and_no_harm()
    {
        Assert.Null((await _hostile.CallAsync("noise__add", new { a = 1, b = 2 }))["isError"]);
    }

    [Fact]
    public async Task Expression_of_a_schema_is_never_run()
    {
        Assert.Contains("pattern__add", await _hostile.ToolsAsync());
        Assert.Null((await _hostile.CallAsync("pattern__add", new { a = 1, b = 2, note = new string('a', 64) + "!" }))["isError"]);
    }

    [Theory]
    [InlineData("backtracking")]
    [InlineData("deep")]
    public async Task Answer_made_to_keep_whoever_reads_it_busy_is_looked_into_to_its_end(string which)
    {
        var answer = await _hostile.CallAsync("calc__answer", new { which }).WaitAsync(TestLimits.Signal);

        Assert.Contains("trust.injection.", answer["content"]!.AsArray()[^1]!["text"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Server_that_does_not_go_is_killed_with_the_host()
    {
        await using var hostile = await HostileHost.StartAsync("stays");
        using var process = Process.GetProcessById(Server("calc", hostile).Health.ProcessId!.Value);
        hostile.Configure([("calc", "clean")]);
        await hostile.RestartAsync();

        using var limit = new CancellationTokenSource(TestLimits.Signal);
        await process.WaitForExitAsync(limit.Token);
    }

    [Theory]
    [InlineData("forks")]
    [InlineData("detaches")]
    public async Task Program_that_a_server_has_started_is_killed_with_it(string step)
    {
        await using var hostile = await HostileHost.StartAsync(step);
        var said = (await hostile.CallAsync("calc__answer", new { which = "child" }))["content"]![0]!["text"]!.GetValue<string>();
        using var child = Process.GetProcessById(int.Parse(said, CultureInfo.InvariantCulture));
        hostile.Configure([("calc", "clean")]);
        await hostile.RestartAsync();

        using var limit = new CancellationTokenSource(TestLimits.Signal);
        await child.WaitForExitAsync(limit.Token);
    }

    private Upstream Server(string name, HostileHost? of = null) => (of ?? _hostile).Server(name);

    /// <summary>One of each kind behind the same gateway.</summary>
    public sealed class Servers : IAsyncLifetime
    {
        internal HostileHost Hostile { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Hostile = await HostileHost.StartAsync(
            [("calc", "clean"), ("round", "round"), ("endless", "endless"), ("noise", "noise"), ("flood", "flood"), ("exits", "exits"), ("pattern", "pattern"), ("clash", "clash"), ("restless", "clean")]);

        public ValueTask DisposeAsync() => Hostile.DisposeAsync();
    }
}
