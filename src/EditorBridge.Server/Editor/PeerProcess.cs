using System.Buffers.Binary;
using System.Net.Sockets;

namespace EditorBridge.Editor;

/// <summary>Who is at the other end of the control socket.</summary>
internal static class PeerProcess
{
    private const int SolSocket = 1;
    private const int SoPeerCred = 17;

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
