using System.ComponentModel;
using System.Diagnostics;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// Ends what a stdio server has left behind on Linux: programs that went into sessions of their own, and all of it when the host is killed and can end nothing any more.
/// Each program of the server inherits a mark in its environment; a small shell, in a session of its own, waits on a pipe that ends with the host and then kills whatever carries it.
/// </summary>
/// <remarks>A program that throws its environment away and leaves its session too is not found. Elsewhere than on Linux there is no <c>/proc</c> to look into.</remarks>
internal sealed class LeftProcesses : IDisposable
{
    /// <summary>Not one of ours by its name: none of those reaches a server.</summary>
    public const string Variable = "MCP_SERVER_RUN";

    private const string Shell = "/bin/sh";

    // A line says that the server has ended and nothing of it may stay; the end of the pipe says that the host has gone, and then a server may still end by itself.
    // What is started while it looks is found in the next round.
    private const string Script = """
        if ! read -r said; then sleep 2; fi
        round=0
        while [ "$round" -lt 20 ]; do
          found=$(grep -lsaF -e "$1" /proc/[0-9]*/environ)
          [ -n "$found" ] || break
          for file in $found; do process=${file#/proc/}; kill -9 "${process%/environ}" 2>/dev/null; done
          round=$((round + 1))
        done
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly Process _watch;

    private LeftProcesses(Process watch, string mark) => (_watch, Mark) = (watch, mark);

    /// <summary>What <see cref="Variable"/> holds in every program of the server.</summary>
    public string Mark { get; }

    /// <summary>Null where it cannot be watched: not on Linux, or without a shell.</summary>
    /// <exception cref="Win32Exception">The shell cannot be started.</exception>
    public static LeftProcesses? Watch()
    {
        if (!OperatingSystem.IsLinux() || UpstreamProcess.SetSid is not { } session || !File.Exists(Shell)) return null;
        var mark = Guid.NewGuid().ToString("N");
        var info = new ProcessStartInfo(session) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in new[] { Shell, "-c", Script, "editorbridge-left", $"{Variable}={mark}" }) info.ArgumentList.Add(argument);
        // Nothing of the host's environment is of use to it, the mark of a host that is itself a server's child least of all.
        info.Environment.Clear();
        info.Environment["PATH"] = "/usr/bin:/bin";
        return new LeftProcesses(Process.Start(info)!, mark);
    }

    /// <summary>Kills what carries the mark, and ends when nothing does.</summary>
    public async Task KillAsync()
    {
        try
        {
            await _watch.StandardInput.WriteLineAsync("ended");
            _watch.StandardInput.Close();
            using var patience = new CancellationTokenSource(Patience);
            await _watch.WaitForExitAsync(patience.Token);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException)
        {
            // Somebody has ended the shell, or it goes on by itself.
        }

        Dispose();
    }

    public void Dispose() => _watch.Dispose();
}
