using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Sockets;

namespace EditorBridge.Launching;

/// <summary>A connection to a host the managed policy allows. Bytes pass as they are; a tunnel nobody uses for ten minutes is closed.</summary>
internal sealed class EgressTunnel : IAsyncDisposable
{
    private static readonly TimeSpan ConnectPatience = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(10);
    private readonly NetworkStream _stream;
    private readonly TimeProvider _time;

    private EgressTunnel(Socket socket, TimeProvider time)
    {
        _stream = new NetworkStream(socket, ownsSocket: true);
        _time = time;
    }

    /// <summary>Connects, or null when the host cannot be reached or its name leads back to this machine: an allowed name must not open our own listeners.</summary>
    public static async Task<EgressTunnel?> ConnectAsync(string host, int port, TimeProvider time, CancellationToken cancellationToken)
    {
        using var patience = new CancellationTokenSource(ConnectPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, cancellationToken);
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            var addresses = (await Dns.GetHostAddressesAsync(host, either.Token)).Where(IsElsewhere).ToArray();
            if (addresses.Length > 0)
            {
                await socket.ConnectAsync(addresses, port, either.Token);
                return Over(socket, time);
            }
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            // Told to the client as one: it cannot be reached.
        }

        socket.Dispose();
        return null;
    }

    /// <summary>A tunnel over a connection that is there.</summary>
    public static EgressTunnel Over(Socket connected, TimeProvider time) => new(connected, time);

    /// <summary>Passes bytes both ways until one side ends.</summary>
    public async Task PumpAsync(IDuplexPipe client, CancellationToken cancellationToken)
    {
        using var idle = new CancellationTokenSource();
        using var clock = _time.CreateTimer(_ => idle.Cancel(), null, IdleLimit, Timeout.InfiniteTimeSpan);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(idle.Token, cancellationToken);
        void Progress() => clock.Change(IdleLimit, Timeout.InfiniteTimeSpan);
        Task[] ways = [OutAsync(client.Input, Progress, either.Token), InAsync(client.Output, Progress, either.Token)];
        var first = await Task.WhenAny(ways);
        await idle.CancelAsync();
        await Task.WhenAny(Task.WhenAll(ways));
        await first;
    }

    public ValueTask DisposeAsync() => _stream.DisposeAsync();

    private static bool IsElsewhere(IPAddress address) =>
        !IPAddress.IsLoopback(address) && !address.IsIPv6LinkLocal && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
        && !(address.IsIPv4MappedToIPv6 && !IsElsewhere(address.MapToIPv4()))
        && !(address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes() is [169, 254, ..]);

    private async Task OutAsync(PipeReader from, Action progress, CancellationToken cancellationToken)
    {
        while (true)
        {
            var read = await from.ReadAsync(cancellationToken);
            foreach (var piece in read.Buffer) await _stream.WriteAsync(piece, cancellationToken);
            from.AdvanceTo(read.Buffer.End);
            progress();
            if (read.IsCompleted) return;
        }
    }

    private async Task InAsync(PipeWriter to, Action progress, CancellationToken cancellationToken)
    {
        int read;
        while ((read = await _stream.ReadAsync(to.GetMemory(4096), cancellationToken)) > 0)
        {
            to.Advance(read);
            progress();
            // Waits while the client does not take what has come: the pipe is the only buffer.
            if ((await to.FlushAsync(cancellationToken)).IsCompleted) return;
        }
    }
}
