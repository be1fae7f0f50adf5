using System.CommandLine;
using EditorBridge.Gate;
using EditorBridge.Hosting;
using EditorBridge.Keeping;
using EditorBridge.Ledger;

namespace EditorBridge.Cli;

/// <summary>How a command has a job on the ledger done: by the running host, which alone may write it, or here when there is none.</summary>
internal static class LedgerJobCommand
{
    /// <summary>Does the job and prints what came of it.</summary>
    /// <param name="ledger">A ledger folder other than the state folder's, which no host has; null for the state folder's.</param>
    /// <returns>The command's exit code.</returns>
    public static Task<int> RunAsync(LedgerJob job, string? ledger, string? statePath, CancellationToken cancellationToken) => LedgerCommands.GuardedAsync(async () =>
    {
        if (AgentAncestry.Find(Environment.ProcessId) is { } agent)
        {
            await Console.Error.WriteLineAsync($"editorbridge: the record is for people, and this command runs below {agent}. Nothing was done. Use a terminal of your own, or the portal.");
            return LedgerCommands.NoAnswer;
        }
        JobResult result = ledger is null
            ? await InStateAsync(job, StateFolder.Open(statePath), cancellationToken)
            : await HereAsync(job, Path.GetFullPath(ledger), new LedgerSettings(), cancellationToken);
        await (result.Done ? Console.Out : Console.Error).WriteLineAsync(result.Message);
        return result.Done ? LedgerCommands.Sound : LedgerCommands.NoAnswer;
    });

    private static async Task<JobResult> InStateAsync(LedgerJob job, StateFolder state, CancellationToken cancellationToken)
    {
        if (await HostFinder.FindAsync(state, cancellationToken) is null) return await HereAsync(job, state.LedgerFolder, LedgerSettings.Read(state), cancellationToken);
        using var client = await ControlClient.ConnectAsync(state, cancellationToken);
        return await client.AskAsync<JobResult>(LedgerJobs.Method, job, cancellationToken);
    }

    private static async Task<JobResult> HereAsync(LedgerJob job, string folder, LedgerSettings settings, CancellationToken cancellationToken)
    {
        await using LedgerWriter writer = LedgerWriter.Open(new LedgerOptions { Folder = folder, Content = settings.Content ?? ContentMode.Full }, TimeProvider.System);
        return await job.RunAsync(new JobSite(writer, folder, settings, Environment.UserName, TimeProvider.System), cancellationToken);
    }
}
