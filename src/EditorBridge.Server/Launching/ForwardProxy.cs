using System.Buffers;
using System.Globalization;
using System.IO.Pipelines;
using System.Text;
using EditorBridge.Policies;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace EditorBridge.Launching;

/// <summary>
/// The forward proxy a launched agent is given: it refuses and records every connection but to hosts the managed policy names.
/// <code>
///  agent ─► head (bounded, timed) ─► whose? ─► where to? ─► policy ─┬─ refused ─► entry ─► 403, closed
///                                    407       400                  └─ allowed ─► entry, durable ─► tunnel
/// </code>
/// It reads no more of a request than its head and forwards nothing but tunnels, so that what passes is end-to-end encrypted.
/// </summary>
internal sealed partial class ForwardProxy(LaunchedSessions sessions, EgressAllowance allowance, TimeProvider time, ILogger<ForwardProxy> logger) : ConnectionHandler
{
    private const int LargestHead = 16 * 1024;
    private static readonly TimeSpan HeadPatience = TimeSpan.FromSeconds(15);

    public override async Task OnConnectedAsync(ConnectionContext connection)
    {
        try
        {
            await ServeAsync(connection);
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ConnectionResetException)
        {
            LogEnded(e);
        }
    }

    private async Task ServeAsync(ConnectionContext connection)
    {
        var client = connection.Transport;
        if (await ReadHeadAsync(client.Input, connection.ConnectionClosed) is not { } head) return;
        if (ProxyRequest.Parse(head) is not { } request)
        {
            await AnswerAsync(client.Output, 400, "Bad Request", "This is EditorBridge's forward proxy; it takes CONNECT and requests with a whole address.");
            return;
        }

        if (request.Credential is not { } credential || sessions.Find(credential.User, credential.Password) is not { } launch)
        {
            await AnswerAsync(client.Output, 407, "Proxy Authentication Required", "EditorBridge does not know these proxy credentials; 'editorbridge claude' gives each session its own. Nothing was sent.", "Proxy-Authenticate: Basic realm=\"EditorBridge\"\r\n");
            return;
        }

        var refusal = request.Method == "CONNECT"
            ? allowance.RefusalOf(request.Host, request.Port)
            : "unencrypted requests are never passed on";
        if (refusal is null && await sessions.RecordAsync(launch, request.Host, request.Port, request.Method, allowed: true, reason: null))
        {
            await TunnelAsync(connection, request, launch);
            return;
        }

        refusal ??= "the connection could not be recorded";
        await sessions.RecordAsync(launch, request.Host, request.Port, request.Method, allowed: false, refusal);
        LogRefused(request.Host, request.Port, launch.Id);
        await AnswerAsync(client.Output, 403, "Forbidden",
            $"EditorBridge refused a connection to {request.Host}:{request.Port}: {refusal}. Nothing was sent. An administrator can name the host under 'egress' in the managed policy.");
    }

    private async Task TunnelAsync(ConnectionContext connection, ProxyRequest request, LaunchedSession launch)
    {
        var client = connection.Transport;
        await using var target = await EgressTunnel.ConnectAsync(request.Host, request.Port, time, connection.ConnectionClosed);
        if (target is null)
        {
            launch.Count(request.Host, request.Port, EgressEnd.Unreached);
            await AnswerAsync(client.Output, 502, "Bad Gateway", $"{request.Host}:{request.Port} could not be reached.");
            return;
        }

        launch.Count(request.Host, request.Port, EgressEnd.LetOut);
        await client.Output.WriteAsync("HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), connection.ConnectionClosed);
        await target.PumpAsync(client, connection.ConnectionClosed);
    }

    // Null when the client left, was too slow or said too much.
    private async Task<string?> ReadHeadAsync(PipeReader input, CancellationToken closed)
    {
        using var patience = new CancellationTokenSource(HeadPatience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, closed);
        while (true)
        {
            var read = await input.ReadAsync(either.Token);
            if (End(read.Buffer) is { } end)
            {
                var head = Encoding.Latin1.GetString(read.Buffer.Slice(0, end));
                input.AdvanceTo(read.Buffer.GetPosition(4, end));
                return head;
            }

            input.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            if (read.IsCompleted || read.Buffer.Length > LargestHead) return null;
        }
    }

    private static SequencePosition? End(in ReadOnlySequence<byte> buffer)
    {
        var reader = new SequenceReader<byte>(buffer);
        return reader.TryReadTo(out ReadOnlySequence<byte> head, "\r\n\r\n"u8) ? head.End : null;
    }

    private static async Task AnswerAsync(PipeWriter output, int status, string phrase, string message, string headers = "")
    {
        var text = Encoding.UTF8.GetBytes(message + "\n");
        var head = string.Create(CultureInfo.InvariantCulture, $"HTTP/1.1 {status} {phrase}\r\n{headers}Content-Type: text/plain; charset=utf-8\r\nContent-Length: {text.Length}\r\nConnection: close\r\n\r\n");
        await output.WriteAsync((byte[])[.. Encoding.ASCII.GetBytes(head), .. text]);
    }

    [LoggerMessage(LogLevel.Information, "Refused a connection to {Host}:{Port} of launch {Launch}")]
    private partial void LogRefused(string host, int port, string launch);

    [LoggerMessage(LogLevel.Debug, "A connection to the forward proxy ended")]
    private partial void LogEnded(Exception exception);
}

/// <summary>The head of a request to a proxy.</summary>
/// <param name="Credential">From <c>Proxy-Authorization: Basic</c>; null when there is none that can be read.</param>
internal sealed record ProxyRequest(string Method, string Host, int Port, (string User, string Password)? Credential)
{
    /// <summary>Reads <c>CONNECT host:port</c> or <c>METHOD http://host…</c>; null when it is neither.</summary>
    public static ProxyRequest? Parse(string head)
    {
        var lines = head.Split("\r\n");
        var words = lines[0].Split(' ');
        if (words is not [var method, var target, "HTTP/1.1" or "HTTP/1.0"] || method.Length is 0 or > 20 || !method.All(char.IsAsciiLetterUpper)) return null;
        var address = method == "CONNECT" ? "http://" + target : target;
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Scheme is not ("http" or "https") || uri.Host.Length == 0 || uri.UserInfo.Length > 0) return null;
        // CONNECT names its port; a missing one would read as 80.
        if (method == "CONNECT" && !target.EndsWith(":" + uri.Port.ToString(CultureInfo.InvariantCulture), StringComparison.Ordinal)) return null;
        return new ProxyRequest(method, uri.IdnHost.ToLowerInvariant(), uri.Port, Credentials(lines));
    }

    private static (string, string)? Credentials(string[] lines)
    {
        const string name = "Proxy-Authorization:";
        const string scheme = "Basic ";
        var value = lines.FirstOrDefault(line => line.StartsWith(name, StringComparison.OrdinalIgnoreCase))?[name.Length..].Trim();
        if (value is null || !value.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)) return null;
        var encoded = value[scheme.Length..].Trim();
        var decoded = new byte[encoded.Length];
        if (!Convert.TryFromBase64String(encoded, decoded, out var length)) return null;
        var text = Encoding.UTF8.GetString(decoded, 0, length);
        return text.IndexOf(':') is > 0 and var colon ? (text[..colon], text[(colon + 1)..]) : null;
    }
}

/// <summary>Which hosts the managed policy lets launched agents reach. Read anew for every attempt: there are few, and a change holds at once.</summary>
internal sealed class EgressAllowance(string managedPolicy)
{
    /// <summary>Why a host may not be reached; null when it may.</summary>
    public string? RefusalOf(string host, int port)
    {
        var policy = PolicyLoader.Load(managedPolicy, userPath: null, workspacePath: null);
        if (policy.Errors.Any()) return "the managed policy cannot be read";
        return policy.Egress.Any(allowed => allowed.Allows(host, port)) ? null : "no policy allows it";
    }
}

/// <summary>Where the forward proxy listens; known once the host has started.</summary>
internal sealed class ForwardProxyAddress
{
    private ListenOptions? _listen;

    public int Port => _listen?.IPEndPoint?.Port ?? throw new InvalidOperationException("The forward proxy listens only once the host has started.");

    public void ListensBy(ListenOptions listen) => _listen = listen;

    /// <summary>For a client's environment: the address with the launch's own credentials.</summary>
    public string For(LaunchedSession launch) => string.Create(CultureInfo.InvariantCulture, $"http://{launch.Id}:{launch.Secret}@127.0.0.1:{Port}");
}
