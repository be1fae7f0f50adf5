using System.Buffers.Binary;
using System.Globalization;
using System.Net.Sockets;
using EditorBridge.Gate;

namespace EditorBridge.Editor;

/// <summary>Who is at the other end of the control socket.</summary>
/// <param name="Agent">The AI agent the peer descends from, null when none was found.</param>
/// <param name="HasTerminal">False when the peer is known to run without a terminal of its own.</param>
internal sealed record Peer(string? Agent, bool HasTerminal)
{
    public static Peer Of(Socket socket) => PeerProcess.IdOf(socket) is { } pid
        ? new(AgentAncestry.Find(pid), PeerProcess.HasTerminal(pid))
        : new(null, HasTerminal: true);
}

/// <summary>What the system knows of the process at the other end.</summary>
internal static class PeerProcess
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

    /// <summary>Whether a process has a controlling terminal (field 7 of <c>/proc/PID/stat</c> is its device, 0 for none); true where the system does not say.</summary>
    public static bool HasTerminal(int pid)
    {
        try
        {
            var stat = File.ReadAllText($"/proc/{pid.ToString(CultureInfo.InvariantCulture)}/stat");
            var fields = stat[(stat.LastIndexOf(')') + 1)..].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            return fields.Length <= 4 || fields[4] != "0";
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return !OperatingSystem.IsLinux();
        }
    }

    /// <summary>The process id of the peer as the kernel vouches for it (SO_PEERCRED: pid, uid, gid, 32 bits each); null where the system does not say.</summary>
    public static int? IdOf(Socket socket)
    {
        if (!OperatingSystem.IsLinux()) return null;
        Span<byte> credentials = stackalloc byte[12];
        var written = socket.GetRawSocketOption(SolSocket, SoPeerCred, credentials);
        if (written < credentials.Length) return null;
        var pid = BitConverter.IsLittleEndian ? BinaryPrimitives.ReadInt32LittleEndian(credentials) : BinaryPrimitives.ReadInt32BigEndian(credentials);
        return pid > 0 ? pid : null;
    }
}
