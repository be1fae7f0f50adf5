using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// The process of a stdio server: started with the environment it is allowed and nothing else, its stderr kept in bounds, and ended with all it started.
/// </summary>
internal sealed partial class UpstreamProcess : IAsyncDisposable
{
    /// <summary>The most bytes of one message, over stdio and HTTP; a longer one ends the connection.</summary>
    public const int LongestMessage = 16 * 1024 * 1024;

    private const int KeptLines = 20;
    private const int LongestErrorLine = 2000;

    /// <summary>Lines of stderr that reach the log in one minute; the rest is counted.</summary>
    private const int LoggedLinesPerMinute = 60;

    private const int SigTerm = 15;
    private const int SigKill = 9;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan FinalMoment = TimeSpan.FromMilliseconds(250);

    // In a session of its own the process leads a group that is killed as a whole, whoever in it has lost its parent.
    internal static readonly string? SetSid = OperatingSystem.IsLinux() ? new[] { "/usr/bin/setsid", "/bin/setsid" }.FirstOrDefault(File.Exists) : null;

    private readonly Process _process;
    private readonly LeftProcesses? _left;
    private readonly UpstreamSettings _settings;
    private readonly UpstreamSecrets _secrets;
    private readonly SentSecrets _sent;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;
    private readonly Lock _lock = new();
    private readonly Queue<string> _lastLines = new();
    private readonly Task _errors;
    private long _minute;
    private int _loggedInMinute;

    private UpstreamProcess(Process process, LeftProcesses? left, UpstreamSettings settings, UpstreamSecrets secrets, SentSecrets sent, TimeProvider time, ILogger logger)
    {
        (_process, _left, _settings, _secrets, _sent, _time, _logger) = (process, left, settings, secrets, sent, time, logger);
        Output = new BoundedMessageStream(process.StandardOutput.BaseStream, MessageEnd.Line, LongestMessage);
        _errors = ReadErrorsAsync();
    }

    /// <summary>The server's stdin.</summary>
    public Stream Input => _process.StandardInput.BaseStream;

    /// <summary>The server's stdout.</summary>
    public Stream Output { get; }

    public int Id => _process.Id;

    /// <summary>For people: the program that would be started now, or why there is none.</summary>
    public static string ProgramOf(UpstreamSettings settings)
    {
        try
        {
            return Find(settings, Environment.GetEnvironmentVariable("PATH"));
        }
        catch (UpstreamException e)
        {
            return $"{settings.Command} ({e.Message.TrimEnd('.')})";
        }
    }

    /// <exception cref="UpstreamException">The program is not there or cannot be started.</exception>
    public static UpstreamProcess Start(UpstreamSettings settings, UpstreamSecrets secrets, SentSecrets sent, TimeProvider time, ILogger logger)
    {
        var program = Find(settings, secrets.Environment.GetValueOrDefault("PATH"));
        var info = new ProcessStartInfo(SetSid ?? program)
        {
            UseShellExecute = false,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            CreateNoWindow = true,
            StandardErrorEncoding = Encoding.UTF8,
            WorkingDirectory = FolderOf(settings),
        };
        if (SetSid is not null) info.ArgumentList.Add(program);
        foreach (var argument in settings.Arguments) info.ArgumentList.Add(UpstreamSecrets.Plain(argument));
        info.Environment.Clear();
        foreach (var (name, value) in secrets.Environment) info.Environment[name] = value;
        LeftProcesses? left = null;
        try
        {
            // Watched from before it is there: the host may be killed at any moment.
            left = LeftProcesses.Watch();
            if (left is not null) info.Environment[LeftProcesses.Variable] = left.Mark;
            return new UpstreamProcess(Process.Start(info)!, left, settings, secrets, sent, time, logger);
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or IOException or InvalidOperationException)
        {
            left?.Dispose();
            throw new UpstreamException($"'{settings.Command}' could not be started: {e.Message}", $"Check 'command' and 'cwd' of '{settings.Name}'.", e);
        }
    }

    /// <summary>The last of what the server said on stderr, and its exit code when it has ended; secrets taken out.</summary>
    public string LastWords()
    {
        // Its streams end a moment before it does.
        _process.WaitForExit(FinalMoment);
        lock (_lock)
        {
            var said = _lastLines.Count == 0 ? "" : " It said last: " + string.Join(" / ", _lastLines.TakeLast(5));
            return (_process.HasExited ? $"The process ended with exit code {_process.ExitCode}." : "The process runs.") + said;
        }
    }

    public async ValueTask DisposeAsync()
    {
        // The end of stdin is the protocol's own way to say goodbye.
        try
        {
            _process.StandardInput.Close();
        }
        catch (IOException)
        {
            // It has gone already, with bytes still to be read.
        }

        if (!await ExitedAsync())
        {
            Signal(SigTerm);
            await ExitedAsync();
        }

        // Its children may have outlived it, in its group or outside it.
        Signal(SigKill);
        await ExitedAsync();
        if (_left is not null) await _left.KillAsync();
        _process.StandardError.BaseStream.Dispose();
        await _errors;
        _process.Dispose();
    }

    private void Signal(int signal)
    {
        if (SetSid is not null && !OperatingSystem.IsWindows()) _ = KillGroup(-_process.Id, signal);
        else if (!_process.HasExited) _process.Kill(entireProcessTree: true);
    }

    private async Task<bool> ExitedAsync()
    {
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await _process.WaitForExitAsync(patience.Token);
            return true;
        }
        catch (OperationCanceledException)
        {
            return false;
        }
    }

    private async Task ReadErrorsAsync()
    {
        var buffer = new char[4096];
        var line = new StringBuilder();
        try
        {
            int read;
            while ((read = await _process.StandardError.ReadAsync(buffer)) > 0)
            {
                foreach (var c in buffer.AsMemory(0, read).ToArray())
                {
                    if (c == '\n') Say(line);
                    else if (c != '\r' && line.Length < LongestErrorLine) line.Append(c);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException)
        {
            // The process has gone.
        }

        Say(line);
    }

    private void Say(StringBuilder line)
    {
        var text = Cli.TerminalText.Line(_sent.Mask(_secrets.Mask(line.ToString())));
        line.Clear();
        if (text.Length == 0) return;
        bool log;
        lock (_lock)
        {
            _lastLines.Enqueue(text);
            if (_lastLines.Count > KeptLines) _lastLines.Dequeue();
            var minute = _time.GetUtcNow().Ticks / TimeSpan.TicksPerMinute;
            if (minute != _minute) (_minute, _loggedInMinute) = (minute, 0);
            log = _loggedInMinute++ < LoggedLinesPerMinute;
        }

        if (log) LogSaid(_settings.Name, text);
    }

    // As a shell would: a name without a separator is looked for on the server's own PATH, where what cannot be run is passed over; a path begins at the folder it runs in.
    private static string Find(UpstreamSettings settings, string? path)
    {
        var folder = FolderOf(settings);
        var command = settings.Command!;
        var isPath = command.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) || Path.IsPathRooted(command);
        string[] endings = OperatingSystem.IsWindows() && !isPath ? [".exe", ".cmd", ".bat", ""] : [""];
        string[] places = isPath ? [Path.GetFullPath(command, folder)] : [.. (path ?? "").Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).SelectMany(place => endings.Select(ending => Path.Combine(place, command + ending)))];
        if (places.FirstOrDefault(place => File.Exists(place) && IsExecutable(place)) is { } program) return program;
        if (places.FirstOrDefault(File.Exists) is { } file)
            throw new UpstreamException($"The file '{file}' is not executable.", $"Make it so (chmod +x), or put the program that runs it (node, python3) in 'command' of '{settings.Name}' and the file in 'args'.");
        if (!isPath) throw new UpstreamException($"The program '{command}' is not on the PATH ({path}).", $"Install it, or give its whole path in 'command' of '{settings.Name}'.");
        throw new UpstreamException(Directory.Exists(places[0]) ? $"'{places[0]}' is a folder, not a program." : $"The file '{places[0]}' does not exist.", $"Install the program, or correct its path in 'command' of '{settings.Name}'.");
    }

    private static string FolderOf(UpstreamSettings settings) => settings.Folder is { } folder ? UpstreamSecrets.Plain(folder) : Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);

    private static bool IsExecutable(string file) =>
        OperatingSystem.IsWindows() || (File.GetUnixFileMode(file) & (UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute)) != 0;

    [LibraryImport("libc", EntryPoint = "kill")]
    [UnsupportedOSPlatform("windows")]
    private static partial int KillGroup(int group, int signal);

    [LoggerMessage(LogLevel.Information, "{Server} says: {Line}")]
    private partial void LogSaid(string server, string line);
}
