using System.Diagnostics;

namespace EditorBridge.Launching;

/// <summary>The Claude Code that is installed here.</summary>
internal static class ClaudeProgram
{
    /// <summary>Names the program to use instead of the one on the PATH.</summary>
    public const string Variable = "EDITORBRIDGE_CLAUDE";

    /// <summary>Its file; null when there is none.</summary>
    public static string? Find()
    {
        if (Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } named) return File.Exists(named) ? named : null;
        string[] names = OperatingSystem.IsWindows() ? ["claude.exe", "claude.cmd"] : ["claude"];
        return (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
            .SelectMany(folder => names.Select(name => Path.Combine(folder, name)))
            .FirstOrDefault(File.Exists);
    }

    /// <summary>What the program says of itself; null when it does not say.</summary>
    public static async Task<Version?> VersionOfAsync(string program, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, UseShellExecute = false });
        if (process is null) return null;
        var text = await process.StandardOutput.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return Version.TryParse(text.Trim().Split(' ')[0], out var version) ? version : null;
    }
}
