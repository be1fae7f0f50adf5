using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace EditorBridge.Ide;

/// <summary>
/// How Claude Code finds an editor: <c>PORT.lock</c> in the <c>ide</c> folder of its configuration. Form and place as measured on 2.1.112 and 2.1.330.
/// The token in it opens the door, so the file is 0600 in a 0700 folder.
/// </summary>
internal static class IdeLockFile
{
    /// <summary>The name people see in the client, and by which we know our own files.</summary>
    public const string IdeName = "EditorBridge";

    /// <summary>The folder of lock files: Claude Code's own configuration folder, wherever the person has put it.</summary>
    public static string Folder => Path.Combine(
        Environment.GetEnvironmentVariable("CLAUDE_CONFIG_DIR") is { Length: > 0 } folder ? folder : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".claude"),
        "ide");

    public static string PathOf(string folder, int port) => Path.Combine(folder, port.ToString(CultureInfo.InvariantCulture) + ".lock");

    /// <summary>Writes or replaces the file of a port.</summary>
    /// <exception cref="IOException">The folder or file cannot be written.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static void Write(string folder, int port, IReadOnlyCollection<string> workspaceFolders, string token)
    {
        if (OperatingSystem.IsWindows()) Directory.CreateDirectory(folder);
        else Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var content = new Content(Environment.ProcessId, [.. workspaceFolders], IdeName, "ws", RunningInWindows: false, token);
        StateFolder.WritePrivate(PathOf(folder, port), JsonSerializer.Serialize(content, IdeJson.Default.Content));
    }

    public static void Remove(string folder, int port)
    {
        if (Directory.Exists(folder)) File.Delete(PathOf(folder, port));
    }

    /// <summary>Removes the files that hosts of ours left behind when they were killed. Other programs' files are never touched.</summary>
    public static IEnumerable<string> RemoveStale(string folder)
    {
        if (!Directory.Exists(folder)) yield break;
        foreach (var file in Directory.EnumerateFiles(folder, "*.lock"))
        {
            if (Read(file) is not { IdeName: IdeName } content || content.Pid != Environment.ProcessId && IsAlive(content.Pid)) continue;
            File.Delete(file);
            yield return file;
        }
    }

    private static Content? Read(string file)
    {
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllText(file), IdeJson.Default.Content);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException)
        {
            return null; // not ours, or not to be read: then it is not ours to remove
        }
    }

    private static bool IsAlive(int pid)
    {
        try
        {
            using var process = Process.GetProcessById(pid);
            return !process.HasExited;
        }
        catch (Exception e) when (e is ArgumentException or InvalidOperationException)
        {
            return false;
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return true; // it is there, and another's
        }
    }

    internal sealed record Content(
        [property: JsonPropertyName("pid")] int Pid,
        [property: JsonPropertyName("workspaceFolders")] string[] WorkspaceFolders,
        [property: JsonPropertyName("ideName")] string IdeName,
        [property: JsonPropertyName("transport")] string Transport,
        [property: JsonPropertyName("runningInWindows")] bool RunningInWindows,
        [property: JsonPropertyName("authToken")] string AuthToken);
}
