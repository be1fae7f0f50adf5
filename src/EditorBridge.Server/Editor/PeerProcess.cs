using System.Buffers.Binary;
using System.IO.Pipes;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using System.Runtime.Versioning;
using EditorBridge.Gate;
using Microsoft.Win32.SafeHandles;

namespace EditorBridge.Editor;

/// <summary>Who is at the other end of the control socket.</summary>
/// <param name="Agent">The AI agent the peer descends from; also somebody the system does not tell of. Null when it is none.</param>
/// <param name="HasTerminal">False when the peer is known to run without a terminal of its own.</param>
internal sealed record Peer(string? Agent, bool HasTerminal)
{
    public static Peer Of(Socket socket) => Of(PeerProcess.IdOf(socket));

    public static Peer Of(NamedPipeServerStream pipe) => Of(OperatingSystem.IsWindows() ? PeerProcess.IdOf(pipe) : null);

    private static Peer Of(int? pid)
    {
        if (pid is not { } known) return new("somebody whose process the system does not tell", HasTerminal: false);
        var look = SystemProcesses.Now();
        return new(AgentAncestry.Find(known, look), look(known)?.HasTerminal ?? false);
    }
}

/// <summary>Which process is at the other end, as the kernel vouches for it.</summary>
internal static partial class PeerProcess
{
    /// <summary>On Linux SO_PEERCRED (pid, uid, gid, 32 bits each), on macOS LOCAL_PEERPID of sys/un.h (32 bits); null where the system does not say.</summary>
    public static int? IdOf(Socket socket)
    {
        var (level, option, length) = OperatingSystem.IsLinux() ? (1, 17, 12) : OperatingSystem.IsMacOS() ? (0, 2, 4) : default;
        if (length == 0) return null;
        Span<byte> answer = stackalloc byte[12];
        var written = socket.GetRawSocketOption(level, option, answer[..length]);
        if (written < sizeof(int)) return null;
        var pid = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadInt32LittleEndian(answer) : BinaryPrimitives.ReadInt32BigEndian(answer);
        return pid > 0 ? pid : null;
    }

    /// <summary>On Windows, of a named pipe; null where the system does not say.</summary>
    [SupportedOSPlatform("windows")]
    public static int? IdOf(NamedPipeServerStream pipe) => GetNamedPipeClientProcessId(pipe.SafePipeHandle, out var pid) ? (int)pid : null;

    [LibraryImport("kernel32", SetLastError = true)]
    [return: MarshalAs(UnmanagedType.Bool)]
    private static partial bool GetNamedPipeClientProcessId(SafePipeHandle pipe, out uint process);
}
