using System.Collections.Immutable;
using System.Threading.Channels;
using EditorBridge.Mcp.Upstreams;
using EditorBridge.Server.Tests.Gate;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;

namespace EditorBridge.Server.Tests.Mcp;

/// <summary>A server that fails is started again, ever more seldom, and at once when somebody needs it; whatever it answers, its supervision goes on.</summary>
public sealed class UpstreamSupervisionTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("editorbridge-upstream-");
    private readonly ObservedTime _time = new();

    [Fact]
    public async Task Pauses_between_attempts_double_up_to_two_minutes()
    {
        await using var upstream = Open(new UpstreamSettings { Name = "gone", Prefix = "gone", Transport = UpstreamTransport.Stdio, Command = "/nowhere/at/all", Fingerprint = "1" });
        upstream.Start();
        var pauses = new List<double>();
        for (var attempt = 0; attempt < 9; attempt++)
        {
            var pause = await _time.Pauses.ReadAsync(new CancellationTokenSource(TestLimits.Signal).Token);
            pauses.Add(pause.TotalSeconds);
            _time.Advance(pause);
        }

        Assert.Equal([1, 2, 4, 8, 16, 32, 64, 120, 120], pauses);
        Assert.Contains("The file '/nowhere/at/all' does not exist", upstream.Health.LastError, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Call_ends_the_pause_and_says_why_the_server_is_not_there()
    {
        await using var upstream = Open(new UpstreamSettings { Name = "gone", Prefix = "gone", Transport = UpstreamTransport.Stdio, Command = "/nowhere/at/all", Fingerprint = "1" });
        upstream.Start();
        using var limit = new CancellationTokenSource(TestLimits.Signal);
        await _time.Pauses.ReadAsync(limit.Token);

        var calling = upstream.ReadyAsync(limit.Token);
        // No time passes: the call asked for another attempt, and that one's end is its answer.
        var refused = await Assert.ThrowsAsync<UpstreamException>(() => calling);
        Assert.Contains("/nowhere/at/all", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/nowhere/at/all", "The file '/nowhere/at/all' does not exist.")]
    [InlineData("FOLDER", "'FOLDER' is a folder, not a program.")]
    [InlineData("FOLDER/plain.js", "The file 'FOLDER/plain.js' is not executable.")]
    [InlineData("./plain.js", "The file 'FOLDER/plain.js' is not executable.")]
    [InlineData("plain.js", "The file 'FOLDER/plain.js' is not executable.")]
    [InlineData("no-such-program", "The program 'no-such-program' is not on the PATH (FOLDER).")]
    public void Program_that_cannot_be_started_is_told_with_the_reason_and_the_key_that_mends_it(string command, string said)
    {
        File.WriteAllText(Path.Combine(_folder.FullName, "plain.js"), "");
        var settings = new UpstreamSettings
        {
            Name = "tried", Prefix = "tried", Transport = UpstreamTransport.Stdio, Fingerprint = "1", Folder = _folder.FullName,
            Command = command.Replace("FOLDER", _folder.FullName, StringComparison.Ordinal), Environment = ImmutableSortedDictionary<string, string>.Empty.Add("PATH", _folder.FullName),
        };

        var refused = Assert.Throws<UpstreamException>(() => UpstreamProcess.Start(settings, UpstreamSecrets.Resolve(settings), new SentSecrets(State), _time, NullLogger.Instance));

        Assert.Equal(said.Replace("FOLDER", _folder.FullName, StringComparison.Ordinal), refused.Message);
        Assert.Contains("'command' of 'tried'", refused.Mend, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}")]
    [InlineData("{\"jsonrpc\":\"2.0\",\"id\":2,\"result\":{}}")]
    [InlineData("[1,2,3]")]
    [InlineData("no JSON at all")]
    public async Task Server_that_answers_nonsense_fails_and_is_tried_again(string answer)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        await using var server = builder.Build();
        server.MapPost("/mcp", () => Results.Text(answer, "application/json"));
        await server.StartAsync();
        var address = server.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.Single();
        await using var upstream = new Upstream(
            new UpstreamSettings { Name = "odd", Prefix = "odd", Transport = UpstreamTransport.Http, Url = new Uri(address + "/mcp"), Fingerprint = "1" },
            FixtureServers.NoChecks, new UpstreamSignIns(State, TimeProvider.System), new SentSecrets(State), TimeProvider.System, NullLogger<Upstream>.Instance);

        upstream.Start();
        await upstream.FirstAttempt.WaitAsync(TestLimits.Signal * 3);

        Assert.NotNull(upstream.Health.LastError);
        Assert.True(upstream.Health.Failures > 0);
    }

    [Theory]
    [InlineData(8, new[] { 0 })]
    [InlineData(5, new[] { 3, 20 })]
    [InlineData(0, new[] { 8 })]
    [InlineData(0, new int[0])]
    public void Server_that_does_not_answer_is_waited_for_once_and_not_by_every_request(int left, int[] secondsSinceStart)
    {
        var now = _time.GetUtcNow();

        Assert.Equal(TimeSpan.FromSeconds(left), UpstreamRoom.PatienceLeft(secondsSinceStart.Select(seconds => now.AddSeconds(-seconds)), now));
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private Upstream Open(UpstreamSettings settings) => new(
        settings, FixtureServers.NoChecks, new UpstreamSignIns(State, TimeProvider.System), new SentSecrets(State), _time, NullLogger<Upstream>.Instance);

    private StateFolder State => StateFolder.Open(Path.Combine(_folder.FullName, "state"));

    /// <summary>Fake time that tells which pauses somebody makes.</summary>
    private sealed class ObservedTime : FakeTimeProvider
    {
        private readonly Channel<TimeSpan> _pauses = Channel.CreateUnbounded<TimeSpan>();

        public ChannelReader<TimeSpan> Pauses => _pauses.Reader;

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            var timer = base.CreateTimer(callback, state, dueTime, period);
            if (dueTime > TimeSpan.Zero) _pauses.Writer.TryWrite(dueTime);
            return timer;
        }
    }
}
