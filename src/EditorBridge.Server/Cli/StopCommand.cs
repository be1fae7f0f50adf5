using System.CommandLine;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using EditorBridge.Hosting;

namespace EditorBridge.Cli;

/// <summary><c>editorbridge stop</c>: ends the running host. Pending reviews stay and wait for the next one.</summary>
internal static partial class StopCommand
{
    private const int SigTerm = 15;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(15);

    public static Command Build()
    {
        var state = StateOption.Build();
        var command = new Command("stop", "Stop the running host. Reviews that wait are kept and wait again when the next host starts.") { state };
        command.SetAction((parsed, cancellationToken) => CommandLine.GuardedAsync(() => RunAsync(StateFolder.Open(parsed.GetValue(state)), cancellationToken)));
        return command;
    }

    private static async Task<int> RunAsync(StateFolder state, CancellationToken cancellationToken)
    {
        if (await HostFinder.FindAsync(state, cancellationToken) is not { } host)
        {
            Console.WriteLine("No host runs for this state folder.");
            return 0;
        }

        using var process = Process.GetProcessById(host.Pid);
        if (OperatingSystem.IsWindows()) process.Kill();
        else Terminate(host.Pid);
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HostNotStartedException($"The host (process {host.Pid}) did not stop within {Patience.TotalSeconds:0} seconds. See its log, or end it with: kill {host.Pid}");
        }

        Console.WriteLine($"Stopped the host (process {host.Pid}).");
        return 0;
    }

    [UnsupportedOSPlatform("windows")]
    private static void Terminate(int pid) => _ = Kill(pid, SigTerm);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int pid, int signal);
}
