using System.ComponentModel;
using System.Diagnostics;

namespace EditorBridge.Snowflake;

/// <summary>What a program that was run answered.</summary>
internal sealed record ProgramAnswer(int ExitCode, string Output, string Error);

/// <summary>A program that could not be started or did not end in time. The message names it and holds nothing it was given or said.</summary>
internal sealed class ProgramRunException(string message, Exception inner) : Exception(message, inner);

/// <summary>Runs a small program without a shell: what it is given beyond its arguments goes through standard input, so that no process list shows it.</summary>
internal static class ProgramRun
{
    /// <param name="input">Written to standard input; null closes it at once.</param>
    /// <exception cref="ProgramRunException">It could not be started, or was stopped after <paramref name="patience"/>.</exception>
    public static async Task<ProgramAnswer> RunAsync(string program, IEnumerable<string> arguments, string? input, TimeSpan patience, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardInput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(patience);
        Process process;
        try
        {
            process = Process.Start(start)!;
        }
        catch (Win32Exception exception)
        {
            throw new ProgramRunException($"{program} could not be started: {exception.Message}", exception);
        }

        using (process)
        {
            try
            {
                var output = process.StandardOutput.ReadToEndAsync(deadline.Token);
                var error = process.StandardError.ReadToEndAsync(deadline.Token);
                await GiveAsync(process, input, deadline.Token);
                await process.WaitForExitAsync(deadline.Token);
                return new ProgramAnswer(process.ExitCode, await output, await error);
            }
            catch (OperationCanceledException exception)
            {
                process.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                throw new ProgramRunException($"{program} gave no answer within {patience.TotalSeconds:0} seconds and was stopped.", exception);
            }
        }
    }

    private static async Task GiveAsync(Process process, string? input, CancellationToken cancellationToken)
    {
        try
        {
            if (input is not null) await process.StandardInput.WriteAsync(input.AsMemory(), cancellationToken);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It ended without reading; its exit code says why.
        }
    }
}
