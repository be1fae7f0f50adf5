using System.Diagnostics;
using System.Globalization;
using System.Net.Sockets;

namespace EditorBridge.Benchmarks;

/// <summary>The processes a proxy benchmark runs between: the upstream, a plain YARP forwarder, and the host with its ledger on this disk and in memory.</summary>
internal sealed class ProxyTargets : IAsyncDisposable
{
    private readonly List<Process> _processes = [];
    private readonly List<DirectoryInfo> _folders = [];

    /// <summary>In the order they are asked in every round.</summary>
    public List<ProxyTarget> All { get; } = [];

    public ProxyTarget Direct => All[0];

    public IEnumerable<ProxyTarget> Hosts => All.Where(target => target.IsHost);

    /// <summary>The host as people run it.</summary>
    public ProxyTarget Host => Hosts.First();

    /// <param name="mcp">The upstream is an MCP server too, connected behind each host's gateway.</param>
    public static async Task<ProxyTargets> StartAsync(bool forwarder = true, bool inMemory = true, bool mcp = false)
    {
        var targets = new ProxyTargets();
        try
        {
            var (upstream, _) = await targets.StartSelfAsync("proxy-upstream");
            targets.All.Add(new ProxyTarget("direct", upstream));
            if (forwarder)
            {
                var (address, process) = await targets.StartSelfAsync("proxy-forwarder", upstream.ToString());
                targets.All.Add(new ProxyTarget("YARP", address) { Process = process });
            }

            targets.All.Add(await targets.StartHostAsync("host", Path.GetTempPath(), upstream, mcp));
            // Where the system has a folder in memory, the same host without a disk tells what the disk costs.
            if (inMemory && Directory.Exists("/dev/shm")) targets.All.Add(await targets.StartHostAsync("host, ledger in memory", "/dev/shm", upstream, mcp));
            return targets;
        }
        catch
        {
            await targets.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var target in All) target.Dispose();
        foreach (var process in _processes)
        {
            if (process.StartInfo.RedirectStandardInput) process.StandardInput.Close();
            else process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
        }

        foreach (var folder in _folders) folder.Delete(recursive: true);
    }

    private async Task<(Uri Address, Process Process)> StartSelfAsync(params string[] arguments)
    {
        var process = Start(Environment.ProcessPath!, Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet" ? [typeof(ProxyTargets).Assembly.Location, .. arguments] : arguments, input: true);
        return (new Uri(await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException($"{arguments[0]} did not start.")), process);
    }

    private async Task<ProxyTarget> StartHostAsync(string name, string parent, Uri upstream, bool mcp)
    {
        var folder = Directory.CreateDirectory(Path.Combine(parent, "editorbridge-benchmark-" + Guid.NewGuid().ToString("N")));
        _folders.Add(folder);
        var tokenFile = Path.Combine(folder.FullName, "account.pat");
        await File.WriteAllTextAsync(tokenFile, "a-token-the-upstream-does-not-read");
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(tokenFile, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        var state = Path.Combine(folder.FullName, "state");
        if (mcp) StateFolder.WritePrivate(StateFolder.Open(state).In("mcp.json"), CheapMcpServer.Configuration(upstream));
        var port = FreePort();
        var address = new Uri(string.Create(CultureInfo.InvariantCulture, $"http://127.0.0.1:{port}/"));
        var process = Start(
            "dotnet",
            [Path.Combine(AppContext.BaseDirectory, "editorbridge.dll"), "serve", "--port", port.ToString(CultureInfo.InvariantCulture), "--state", state, "--sandbox", upstream.ToString(), "--pat-file", tokenFile],
            input: false);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        await WaitAsync(address, process);
        return new ProxyTarget(name, address, Path.Combine(state, "clients")) { Process = process };
    }

    private Process Start(string program, string[] arguments, bool input)
    {
        var start = new ProcessStartInfo(program, arguments) { RedirectStandardInput = input, RedirectStandardOutput = true };
        var process = Process.Start(start)!;
        _processes.Add(process);
        return process;
    }

    private static async Task WaitAsync(Uri address, Process process)
    {
        using var client = new HttpClient();
        var until = Stopwatch.StartNew();
        while (until.Elapsed < TimeSpan.FromSeconds(60) && !process.HasExited)
        {
            try
            {
                if ((await client.GetAsync(new Uri(address, "health"))).IsSuccessStatusCode) return;
            }
            catch (HttpRequestException)
            {
                // Not listening yet.
            }

            await Task.Delay(50);
        }

        throw new InvalidOperationException("The host did not start.");
    }

    private static int FreePort()
    {
        using var probe = new TcpListener(System.Net.IPAddress.Loopback, 0);
        probe.Start();
        return ((System.Net.IPEndPoint)probe.LocalEndpoint).Port;
    }
}
