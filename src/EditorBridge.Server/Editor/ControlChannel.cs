using System.IO.Pipes;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Editor;

/// <summary>The local channel to the host: a Unix socket (0600 in the 0700 state folder), on Windows a named pipe of this user only.</summary>
internal static class ControlChannel
{
    // sun_path holds 104 bytes on macOS and 108 on Linux, the closing zero included.
    private const int LongestSocketPath = 103;

    /// <summary>Connects to the host of a state folder.</summary>
    /// <exception cref="IOException">Nobody listens there.</exception>
    public static async Task<Stream> ConnectAsync(StateFolder state, CancellationToken cancellationToken)
    {
        if (OperatingSystem.IsWindows())
        {
            var pipe = new NamedPipeClientStream(".", PipeName(state), PipeDirection.InOut, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);
            await pipe.ConnectAsync(cancellationToken);
            return pipe;
        }

        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(state.ControlSocket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new IOException($"Nobody answers at {state.ControlSocket}: {e.Message}", e);
        }
    }

    /// <summary>Listens on the state folder's socket. Whoever holds the ledger is the host, so a socket that is already there is a dead host's.</summary>
    /// <exception cref="StateFolderException">The folder's path is too long for a socket.</exception>
    public static Socket Listen(StateFolder state)
    {
        if (Encoding.UTF8.GetByteCount(state.ControlSocket) > LongestSocketPath)
            throw new StateFolderException($"The path {state.ControlSocket} is too long for a socket ({LongestSocketPath} bytes at most). Nothing was started. Choose a shorter state folder with --state or EDITORBRIDGE_HOME.");
        File.Delete(state.ControlSocket);
        var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            socket.Bind(new UnixDomainSocketEndPoint(state.ControlSocket));
            // The folder is 0700 already: nobody else gets here between bind and chmod.
            if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(state.ControlSocket, UnixFileMode.UserRead | UnixFileMode.UserWrite);
            socket.Listen();
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    /// <summary>One more end of the named pipe, to wait for a client with.</summary>
    public static NamedPipeServerStream ListenOnPipe(StateFolder state) => new(
        PipeName(state), PipeDirection.InOut, NamedPipeServerStream.MaxAllowedServerInstances, PipeTransmissionMode.Byte, PipeOptions.Asynchronous | PipeOptions.CurrentUserOnly);

    private static string PipeName(StateFolder state) =>
        "editorbridge-" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(state.Path.ToUpperInvariant())))[..32];
}
