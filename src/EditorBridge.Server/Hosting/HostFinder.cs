using System.Diagnostics;
using System.Net.Http.Json;

namespace EditorBridge.Hosting;

/// <summary>Finds the host of a state folder, or starts one. Used by the launcher and by editors.</summary>
internal static class HostFinder
{
    private static readonly TimeSpan StartPatience = TimeSpan.FromSeconds(30);

    /// <summary>The running host, or null. A stale address file (its host was killed) counts as none.</summary>
    public static async Task<HostAddress?> FindAsync(StateFolder state, CancellationToken cancellationToken)
    {
        if (state.ReadHost() is not { } host) return null;
        using var client = HostHttp.Client(TimeSpan.FromSeconds(2));
        try
        {
            var health = await client.GetFromJsonAsync<HostHealth>(host.Url + "/health", cancellationToken);
            return health?.Pid == host.Pid ? host : null;
        }
        catch (Exception e) when (e is HttpRequestException or System.Text.Json.JsonException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }

    /// <summary>The running host, or a new one with these arguments of <c>editorbridge serve</c>. The new one's output goes to <c>host.log</c> in the state folder.</summary>
    /// <exception cref="HostNotStartedException">It ended at once or did not answer in time; the message holds what it said.</exception>
    public static async Task<HostAddress> FindOrStartAsync(StateFolder state, IReadOnlyList<string> serveArguments, CancellationToken cancellationToken)
    {
        if (await FindAsync(state, cancellationToken) is { } running) return running;
        var log = state.In("host.log");
        StateFolder.WritePrivate(log, "");
        using var process = Start(state, serveArguments, log);
        var waited = Stopwatch.StartNew();
        while (waited.Elapsed < StartPatience)
        {
            if (await FindAsync(state, cancellationToken) is { } host) return host;
            if (process.HasExited)
            {
                // Another window may have been faster: then its host is the one to use.
                return await FindAsync(state, cancellationToken)
                    ?? throw new HostNotStartedException($"The host ended at once (exit code {process.ExitCode}). It said:\n{LastLines(log)}");
            }

            await Task.Delay(100, cancellationToken);
        }

        throw new HostNotStartedException($"The host did not answer within {StartPatience.TotalSeconds:0} seconds. Its log is {log}:\n{LastLines(log)}");
    }

    // --log-file instead of redirected pipes: the host outlives whoever started it.
    private static Process Start(StateFolder state, IReadOnlyList<string> serveArguments, string log)
    {
        var self = OwnProgram.Current ?? throw new HostNotStartedException("The path of this program is not known, so no host can be started. Start one with: editorbridge serve");
        var info = new ProcessStartInfo(self.File) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in (string[])[.. self.Arguments, "serve", "--state", state.Path, "--log-file", log, .. serveArguments]) info.ArgumentList.Add(argument);
        return Process.Start(info) ?? throw new HostNotStartedException("The system did not start the host. Start one by hand with: editorbridge serve");
    }

    private static string LastLines(string log)
    {
        try
        {
            return string.Join('\n', File.ReadLines(log).TakeLast(20));
        }
        catch (IOException)
        {
            return "(its log cannot be read)";
        }
    }
}

/// <summary>What <c>GET /health</c> answers; nothing in it is a secret, so it needs no token.</summary>
internal sealed record HostHealth(string Status, int Pid, string Version, string Account, bool Sandbox, int PendingReviews);

/// <summary>No host runs and none could be started. The message says why and what was not done.</summary>
internal sealed class HostNotStartedException(string message) : Exception(message);
