using System.Collections.Immutable;
using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using System.Text;

namespace EditorBridge.Gate;

/// <summary>What the system tells of a process.</summary>
/// <param name="Words">Its program and the first of its arguments; only the program's name on Windows.</param>
/// <param name="Variables">What was in its environment when it was started, as <c>NAME=value</c>; empty where that is not to be had.</param>
/// <param name="HasTerminal">False when it is known to have no controlling terminal.</param>
internal sealed record SystemProcess(int Parent, ImmutableArray<string> Words, ImmutableArray<string> Variables, bool HasTerminal);

/// <summary>Looks processes up: in <c>/proc</c> on Linux, by <c>ps</c> on macOS, in a Toolhelp snapshot on Windows.</summary>
internal static partial class SystemProcesses
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How to look a process up, at one moment; the answer is null for one the system does not describe.</summary>
    public static Func<int, SystemProcess?> Now()
    {
        if (OperatingSystem.IsLinux()) return OfProc;
        var table = OperatingSystem.IsMacOS() ? ParsePs(Ps()) : OperatingSystem.IsWindows() ? Snapshot() : [];
        return pid => table.GetValueOrDefault(pid);
    }

    /// <summary>Reads the answer of <c>ps -axww -E -o pid=,ppid=,tty=,command=</c>: arguments, and behind them the environment, stand separated by blanks.</summary>
    internal static Dictionary<int, SystemProcess> ParsePs(string table)
    {
        var processes = new Dictionary<int, SystemProcess>();
        foreach (var line in table.Split('\n'))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 4 || !int.TryParse(words[0], CultureInfo.InvariantCulture, out var pid) || !int.TryParse(words[1], CultureInfo.InvariantCulture, out var parent)) continue;
            processes[pid] = new SystemProcess(parent, [.. words[3..]], [.. words[4..].Where(word => word.Contains('=', StringComparison.Ordinal))], words[2] is not ("??" or "?" or "-"));
        }

        return processes;
    }

    private static SystemProcess? OfProc(int pid)
    {
        var stat = ReadProc(pid, "stat");
        // "pid (name) state ppid group session terminal …"; the name may hold spaces and parentheses, so count from its last one.
        var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length < 5 || !int.TryParse(fields[1], CultureInfo.InvariantCulture, out var parent)) return null;
        return new SystemProcess(parent, Strings(ReadProc(pid, "cmdline")), Strings(ReadProc(pid, "environ")), fields[4] != "0");
    }

    private static ImmutableArray<string> Strings(string joined) => [.. joined.Split('\0', StringSplitOptions.RemoveEmptyEntries)];

    private static string ReadProc(int pid, string file)
    {
        try
        {
            return File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/{file}", Encoding.UTF8);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return "";
        }
    }

    // By its own path: what stands first on a PATH may be anybody's.
    [SupportedOSPlatform("macos")]
    private static string Ps()
    {
        try
        {
            using var ps = Process.Start(new ProcessStartInfo("/bin/ps", ["-axww", "-E", "-o", "pid=,ppid=,tty=,command="]) { RedirectStandardOutput = true, UseShellExecute = false })!;
            using var patience = new CancellationTokenSource(Patience);
            using var giveUp = patience.Token.Register(ps.Kill);
            return ps.StandardOutput.ReadToEnd();
        }
        catch (Win32Exception)
        {
            return "";
        }
    }

    [SupportedOSPlatform("windows")]
    private static Dictionary<int, SystemProcess> Snapshot()
    {
        const uint processes = 0x2;
        var found = new Dictionary<int, SystemProcess>();
        var snapshot = CreateToolhelp32Snapshot(processes, 0);
        if (snapshot == -1) return found;
        try
        {
            var entry = new ProcessEntry { Size = (uint)Marshal.SizeOf<ProcessEntry>() };
            for (var more = Process32First(snapshot, ref entry); more; more = Process32Next(snapshot, ref entry))
                found[(int)entry.Id] = new SystemProcess((int)entry.Parent, [entry.Program], [], HasTerminal: true);
            return found;
        }
        finally
        {
            CloseHandle(snapshot);
        }
    }

#pragma warning disable SYSLIB1054 // The structure holds a string of fixed length, which only the runtime's own marshalling copies.
    [DllImport("kernel32", EntryPoint = "CreateToolhelp32Snapshot", SetLastError = true)]
    private static extern nint CreateToolhelp32Snapshot(uint flags, uint process);

    [DllImport("kernel32", EntryPoint = "Process32FirstW", CharSet = CharSet.Unicode, SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool Process32First(nint snapshot, ref ProcessEntry entry);

    [DllImport("kernel32", EntryPoint = "Process32NextW", CharSet = CharSet.Unicode, SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool Process32Next(nint snapshot, ref ProcessEntry entry);

    [DllImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static extern bool CloseHandle(nint handle);
#pragma warning restore SYSLIB1054

    /// <summary>PROCESSENTRY32W of tlhelp32.h.</summary>
    [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
    private struct ProcessEntry
    {
        public uint Size;
        public uint Usage;
        public uint Id;
        public nuint Heap;
        public uint Module;
        public uint Threads;
        public uint Parent;
        public int Priority;
        public uint Flags;
        [MarshalAs(UnmanagedType.ByValTStr, SizeConst = 260)]
        public string Program;
    }
}
