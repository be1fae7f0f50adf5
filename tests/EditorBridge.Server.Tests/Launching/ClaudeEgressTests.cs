using System.Collections;
using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;
using System.Text;
using EditorBridge.Audit;
using EditorBridge.Hosting;
using EditorBridge.Launching;
using EditorBridge.Ledger;
using EditorBridge.Policies;
using EditorBridge.Policy;
using EditorBridge.Server.Tests.Gate;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Logging.Abstractions;

namespace EditorBridge.Server.Tests.Launching;

public sealed class ClaudeEgressTests
{
    [Theory]
    [InlineData("registry.example.com", "registry.example.com", 443, true)]
    [InlineData("registry.example.com", "REGISTRY.example.com.", 443, true)]
    [InlineData("registry.example.com", "registry.example.com", 80, false)]
    [InlineData("registry.example.com:8443", "registry.example.com", 8443, true)]
    [InlineData("registry.example.com", "a.registry.example.com", 443, false)]
    [InlineData("*.example.com", "a.b.example.com", 443, true)]
    [InlineData("*.example.com", "example.com", 443, false)]
    [InlineData("*.example.com", "evilexample.com", 443, false)]
    public void Managed_policy_allows_the_hosts_it_names(string allowed, string host, int port, bool expected) =>
        Assert.Equal(expected, EgressHost.Parse(allowed)!.Allows(host, port));

    [Theory]
    [InlineData("*")]
    [InlineData("*.com:443:1")]
    [InlineData("*.localdomain")]
    [InlineData("10.0.0.1")]
    [InlineData("https://example.com")]
    [InlineData("example.com:0")]
    [InlineData("a b")]
    [InlineData("")]
    public void Pattern_that_is_no_host_is_none(string text) => Assert.Null(EgressHost.Parse(text));

    [Theory]
    [InlineData(PolicyLayer.Managed, "version: 1\negress: [registry.example.com, '*.example.org']\n", null)]
    [InlineData(PolicyLayer.Managed, "version: 1\negress: '*'\n", "is no host")]
    [InlineData(PolicyLayer.User, "version: 1\negress: registry.example.com\n", "managed policy only")]
    [InlineData(PolicyLayer.Workspace, "version: 1\nrules: []\negress: registry.example.com\n", "managed policy only")]
    public void Only_an_administrator_says_where_agents_may_connect(PolicyLayer layer, string yaml, string? problem)
    {
        var file = PolicyFile.Parse(yaml, "policy.yaml", layer);

        if (problem is null) Assert.Equal(2, file.Egress.Length);
        else Assert.Contains(file.Problems, found => found.ToString().Contains(problem, StringComparison.Ordinal));
        Assert.Equal(problem is not null, file.IsBroken);
    }

    [Theory]
    [InlineData(null, "no policy allows it")]
    [InlineData("version: 1\negress: registry.example.com\n", null)]
    [InlineData("version: 1\negress: [\n", "cannot be read")]
    public void Broken_managed_policy_lets_nothing_out(string? yaml, string? refusal)
    {
        var file = Path.GetTempFileName();
        try
        {
            if (yaml is null) File.Delete(file);
            else File.WriteAllText(file, yaml);
            var said = new EgressAllowance(file).RefusalOf("registry.example.com", 443);
            if (refusal is null) Assert.Null(said);
            else Assert.Contains(refusal, said, StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Connection_that_cannot_be_recorded_is_not_made()
    {
        await using var gate = new GateFixture();
        var sessions = new LaunchedSessions(gate.Ledger, NullLogger<LaunchedSessions>.Instance);
        var launch = sessions.Open("claude-code/2.1.330");
        Assert.True(await sessions.RecordAsync(launch, "registry.example.com", 443, "CONNECT", allowed: true, null));
        await gate.Ledger.DisposeAsync();

        Assert.False(await sessions.RecordAsync(launch, "registry.example.com", 443, "CONNECT", allowed: true, null));
    }

    [Fact]
    public async Task Client_in_a_loop_is_counted_and_does_not_fill_the_ledger()
    {
        await using var gate = new GateFixture();
        var sessions = new LaunchedSessions(gate.Ledger, NullLogger<LaunchedSessions>.Instance);
        var launch = sessions.Open("claude-code/2.1.330");
        for (var i = 0; i < 1100; i++) launch.Count("telemetry.example.com", 443, EgressEnd.Refused);
        await sessions.RecordAsync(launch, "telemetry.example.com", 443, "CONNECT", allowed: false, "no policy allows it");
        var summary = await sessions.EndAsync(launch.Id, "launcher");

        Assert.Equal(1101, summary!.Refused);
        Assert.Equal([EntryKind.EgressSummary], (await gate.EntriesAsync(launch.CallId)).Select(entry => entry.Draft.Kind));
        Assert.Null(await sessions.EndAsync(launch.Id, "launcher"));
    }

    [Fact]
    public async Task Attempt_that_was_allowed_and_never_came_about_is_not_counted_as_let_out()
    {
        await using var gate = new GateFixture();
        var sessions = new LaunchedSessions(gate.Ledger, NullLogger<LaunchedSessions>.Instance);
        var launch = sessions.Open("claude-code/2.1.330");
        var policy = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(policy, "version: 1\negress: 'localhost:9'\n");
            var proxy = new ForwardProxy(sessions, new EgressAllowance(policy), TimeProvider.System, NullLogger<ForwardProxy>.Instance);
            var (toProxy, fromProxy) = (new Pipe(), new Pipe());
            var credentials = Convert.ToBase64String(Encoding.UTF8.GetBytes($"{launch.Id}:{launch.Secret}"));
            await toProxy.Writer.WriteAsync(Encoding.ASCII.GetBytes($"CONNECT localhost:9 HTTP/1.1\r\nProxy-Authorization: Basic {credentials}\r\n\r\n"));
            await proxy.OnConnectedAsync(new DefaultConnectionContext("one", new Ends(toProxy.Reader, fromProxy.Writer), new Ends(fromProxy.Reader, toProxy.Writer))).WaitAsync(TestLimits.Signal);
            Assert.StartsWith("HTTP/1.1 502 ", Encoding.UTF8.GetString((await fromProxy.Reader.ReadAsync()).Buffer), StringComparison.Ordinal);
        }
        finally
        {
            File.Delete(policy);
        }

        var summary = await sessions.EndAsync(launch.Id, "launcher");
        Assert.Equal("This session: 1 that is allowed was not reached (localhost:9 ×1); nothing was let out.", summary!.Sentence);
        var entries = await gate.EntriesAsync(launch.CallId);
        Assert.Equal([EntryKind.EgressAllowed, EntryKind.EgressSummary], entries.Select(entry => entry.Draft.Kind));
        Assert.Equal("none_let_out", entries[^1].Draft.Result);
    }

    [Fact]
    public async Task Name_that_leads_back_to_this_machine_opens_no_tunnel()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();

        Assert.Null(await EgressTunnel.ConnectAsync("localhost", ((IPEndPoint)listener.LocalEndpoint).Port, TimeProvider.System, CancellationToken.None));
        Assert.False(listener.Pending());
    }

    [Fact]
    public async Task Tunnel_passes_bytes_both_ways_and_ends_when_a_side_ends()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(listener.LocalEndpoint);
        using var server = await listener.AcceptTcpClientAsync();
        var (toTunnel, fromTunnel) = (new Pipe(), new Pipe());
        await using var tunnel = EgressTunnel.Over(socket, TimeProvider.System);
        var pumping = tunnel.PumpAsync(new Ends(toTunnel.Reader, fromTunnel.Writer), CancellationToken.None);

        await toTunnel.Writer.WriteAsync("to the host"u8.ToArray());
        var buffer = new byte[64];
        Assert.Equal("to the host", Encoding.UTF8.GetString(buffer, 0, await server.GetStream().ReadAsync(buffer)));
        await server.GetStream().WriteAsync("and back"u8.ToArray());
        Assert.Equal("and back", Encoding.UTF8.GetString((await fromTunnel.Reader.ReadAsync()).Buffer));
        server.Close();

        await pumping.WaitAsync(TestLimits.Signal);
    }

    [Theory]
    [InlineData(null, null)]
    [InlineData("http://corporate.example.com:3128", "export FROM_PERSON=1")]
    public async Task Shell_commands_get_the_persons_own_network_back(string? ownProxy, string? ownFile)
    {
        if (OperatingSystem.IsWindows()) return;
        var folder = Directory.CreateTempSubdirectory("editorbridge-shell-");
        try
        {
            var file = Path.Combine(folder.FullName, "shell.sh");
            await File.WriteAllTextAsync(file, ClaudeEgress.ShellFile());
            var own = new Hashtable();
            if (ownProxy is not null) own["HTTPS_PROXY"] = ownProxy;
            if (ownFile is not null)
            {
                var theirs = Path.Combine(folder.FullName, "theirs.sh");
                await File.WriteAllTextAsync(theirs, ownFile);
                own["CLAUDE_ENV_FILE"] = theirs;
            }

            using var egress = new ClaudeEgress(new HostAddress(1, "http://127.0.0.1:1", "", "", null, "", false, null), "token", new LaunchReply("id", "http://id:secret@127.0.0.1:2"));
            var variables = egress.Variables(own, file);
            Assert.Equal("http://id:secret@127.0.0.1:2", variables["HTTPS_PROXY"]);
            var shown = await ShowAsync(file, variables);

            Assert.Equal(ownProxy, shown.GetValueOrDefault("HTTPS_PROXY"));
            Assert.DoesNotContain("https_proxy", shown.Keys);
            Assert.DoesNotContain("NO_PROXY", shown.Keys);
            Assert.Equal(ownFile is null ? null : "1", shown.GetValueOrDefault("FROM_PERSON"));
            Assert.DoesNotContain("secret", string.Join('\n', shown.Values), StringComparison.Ordinal);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Fact]
    public void Persons_own_headers_are_kept_beside_the_launchs()
    {
        using var egress = new ClaudeEgress(new HostAddress(1, "http://127.0.0.1:1", "", "", null, "", false, null), "token", new LaunchReply("id", "http://id:secret@127.0.0.1:2"));

        Assert.Equal("A: b\nx-editorbridge-launch: id", egress.Variables(new Hashtable { ["ANTHROPIC_CUSTOM_HEADERS"] = "A: b\n" }, "f")["ANTHROPIC_CUSTOM_HEADERS"]);
    }

    private static async Task<Dictionary<string, string>> ShowAsync(string file, Dictionary<string, string> variables)
    {
        var info = new ProcessStartInfo("/bin/sh", ["-c", ". \"$0\"; env", file]) { RedirectStandardOutput = true };
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/bin:/bin";
        foreach (var (name, value) in variables) info.Environment[name] = value;
        using var process = Process.Start(info)!;
        var text = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return text.Split('\n').Where(line => line.Contains('=', StringComparison.Ordinal) && !line.StartsWith("ANTHROPIC_", StringComparison.Ordinal)).ToDictionary(line => line[..line.IndexOf('=')], line => line[(line.IndexOf('=') + 1)..]);
    }

    private sealed class Ends(PipeReader input, PipeWriter output) : IDuplexPipe
    {
        public PipeReader Input => input;
        public PipeWriter Output => output;
    }
}
