using EditorBridge.Audit;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using Microsoft.Extensions.DependencyInjection;

namespace EditorBridge.Server.Tests.Mcp.Trust;

/// <summary>Messages of a server that are JSON and nothing the protocol knows: what they cost is that server's, and each call ends and is recorded.</summary>
public sealed class HostileShapeTests : IAsyncLifetime
{
    private HostileHost _hostile = null!;

    public async ValueTask InitializeAsync() => _hostile = await HostileHost.StartAsync([("calc", "clean"), ("other", "clean")]);

    public ValueTask DisposeAsync() => _hostile.DisposeAsync();

    [Theory]
    [InlineData("text in place of a result", "failed")]
    [InlineData("list in place of a result", "failed")]
    [InlineData("questions that are none", "failed")]
    [InlineData("progress in a list", "done")]
    [InlineData("announcement of nothing", "done")]
    [InlineData("word in place of a flag", "done")]
    public async Task Call_ends_and_is_recorded_and_the_server_can_be_called_again(string which, string result)
    {
        var answer = await _hostile.CallAsync("calc__answer", new { which }).WaitAsync(TestLimits.Signal);

        Assert.DoesNotContain("Ignore all previous", answer.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal(result, Assert.Single(await _hostile.EntriesAsync(EntryKind.ActionOutcome)).Draft.Result);
        Assert.Null((await _hostile.CallAsync("calc__add", new { a = 1, b = 2 }))["isError"]);
    }

    [Fact]
    public async Task Data_of_an_error_is_looked_into_as_a_result_is()
    {
        var answer = (await _hostile.Host.McpAsync("tools/call", new { name = "calc__answer", arguments = new { which = "error with data" } })).ToJsonString();

        Assert.DoesNotContain("IOSFODNN7EXAMPLE", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Ignore all previous", answer, StringComparison.Ordinal);
        Assert.Contains("trust.injection.override", Assert.Single(await _hostile.EntriesAsync(EntryKind.Incident)).Draft.Facts!.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Definitions_of_odd_shapes_hide_nothing_of_the_same_server_or_another()
    {
        await _hostile.BecomeAsync("odd");
        // The other server's list is put together anew beside the odd one.
        await _hostile.BecomeAsync("added", "other");

        var tools = await _hostile.ToolsAsync();
        Assert.Contains("calc__add", tools);
        Assert.Contains("other__add", tools);
        Assert.Contains(_hostile.Held("other"), pin => pin.Name == "subtract");
        Assert.All(_hostile.Host.Services.GetRequiredService<UpstreamRoom>().Upstreams, upstream => Assert.Equal(UpstreamState.Ready, upstream.Health.State));
    }
}
