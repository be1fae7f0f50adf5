using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using EditorBridge.Editor;
using EditorBridge.Guard;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Options;

namespace EditorBridge.Ide;

/// <summary>
/// An editor window's door for Claude Code: a WebSocket MCP server on a port of its own, told to clients by a lock file.
/// The protocol knows a window by its port, so each window has one. A server without a host around it: there is one pipeline and nothing to configure.
/// </summary>
internal sealed partial class IdeDoor : IAsyncDisposable
{
    private const string Subprotocol = "mcp";
    private const string TokenHeader = "x-claude-code-ide-authorization";
    private static readonly TimeSpan KeepAlive = TimeSpan.FromSeconds(30);

    private readonly Lock _lock = new();
    private readonly List<IdeSession> _sessions = [];
    private readonly string _token = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(32));
    private readonly CancellationTokenSource _closing = new();
    private readonly EditorWindow _window;
    private readonly IdeContext _context;
    private readonly Func<IdeSession> _newSession;
    private readonly string _lockFolder;
    private readonly KestrelServer _server;
    private readonly ILogger _logger;

    private IdeDoor(EditorWindow window, IdeContext context, Func<IdeSession> newSession, string lockFolder, IServiceProvider services, ILoggerFactory logging)
    {
        (_window, _context, _newSession, _lockFolder) = (window, context, newSession, lockFolder);
        _logger = logging.CreateLogger<IdeDoor>();
        var options = new KestrelServerOptions { ApplicationServices = services, AddServerHeader = false };
        options.Listen(IPAddress.Loopback, 0, listen => listen.Protocols = HttpProtocols.Http1);
        _server = new KestrelServer(Options.Create(options), new SocketTransportFactory(Options.Create(new SocketTransportOptions()), logging), logging);
    }

    public int Port { get; private set; }

    /// <summary>Listens, then tells of it.</summary>
    /// <exception cref="IOException">The lock file cannot be written. Nothing listens.</exception>
    /// <exception cref="UnauthorizedAccessException">Likewise.</exception>
    public static async Task<IdeDoor> OpenAsync(
        EditorWindow window, IdeContext context, Func<IdeSession> newSession, string lockFolder, IServiceProvider services, ILoggerFactory logging, CancellationToken cancellationToken)
    {
        var door = new IdeDoor(window, context, newSession, lockFolder, services, logging);
        try
        {
            await door.StartAsync(services, cancellationToken);
            return door;
        }
        catch
        {
            await door.DisposeAsync();
            throw;
        }
    }

    private async Task StartAsync(IServiceProvider services, CancellationToken cancellationToken)
    {
        var pipeline = new ApplicationBuilder(services);
        pipeline.UseMiddleware<LoopbackGuard>();
        pipeline.UseWebSockets(new WebSocketOptions { KeepAliveInterval = KeepAlive });
        pipeline.Run(AnswerAsync);
        await _server.StartAsync(new Pipeline(pipeline.Build()), cancellationToken);
        Port = new Uri(_server.Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.Single()).Port;
        FoldersChanged();
        LogOpened(Port, _window.Folders.Count);
    }

    /// <summary>The lock file names the window's folders: a client chooses by them.</summary>
    public void FoldersChanged() => IdeLockFile.Write(_lockFolder, Port, _window.Folders, _token);

    /// <summary>Tells the clients what the person selected, where policy lets them read it.</summary>
    public async Task SelectedAsync(SelectionParams selection)
    {
        if (await _context.SelectAsync(selection) is not { } told) return;
        foreach (var session in Sessions()) await session.TellAsync("selection_changed", told.DeepClone().AsObject());
    }

    /// <summary>Puts a reference to lines of a file into the clients' prompts. The client reads them itself.</summary>
    public async Task MentionedAsync(MentionParams mention)
    {
        foreach (var session in Sessions())
            await session.TellAsync("at_mentioned", new JsonObject { ["filePath"] = mention.Path, ["lineStart"] = mention.StartLine, ["lineEnd"] = mention.EndLine });
    }

    public async ValueTask DisposeAsync()
    {
        if (Port != 0) IdeLockFile.Remove(_lockFolder, Port);
        await _closing.CancelAsync();
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(2));
        await _server.StopAsync(patience.Token);
        _server.Dispose();
        _closing.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        if (!Knows(context.Request))
        {
            LogRefused(context.Request.Path);
            context.Response.StatusCode = StatusCodes.Status401Unauthorized;
            return;
        }

        if (!context.WebSockets.IsWebSocketRequest)
        {
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return;
        }

        using var socket = await context.WebSockets.AcceptWebSocketAsync(context.WebSockets.WebSocketRequestedProtocols.Contains(Subprotocol) ? Subprotocol : null);
        using var session = _newSession();
        lock (_lock) _sessions.Add(session);
        LogConnected(Port);
        try
        {
            await session.RunAsync(socket, _closing.Token);
        }
        finally
        {
            lock (_lock) _sessions.Remove(session);
            LogGone(Port);
        }
    }

    // Digests have one length, so the comparison tells nothing about the token's.
    private bool Knows(HttpRequest request) => CryptographicOperations.FixedTimeEquals(
        SHA256.HashData(Encoding.UTF8.GetBytes(request.Headers[TokenHeader].ToString())), SHA256.HashData(Encoding.UTF8.GetBytes(_token)));

    private IdeSession[] Sessions()
    {
        lock (_lock) return [.. _sessions];
    }

    private sealed class Pipeline(RequestDelegate run) : IHttpApplication<HttpContext>
    {
        public HttpContext CreateContext(IFeatureCollection contextFeatures) => new DefaultHttpContext(contextFeatures);

        public Task ProcessRequestAsync(HttpContext context) => run(context);

        public void DisposeContext(HttpContext context, Exception? exception)
        {
            // The features are the server's.
        }
    }

    [LoggerMessage(LogLevel.Information, "Claude Code finds this window at port {Port} ({Folders} folders)")]
    private partial void LogOpened(int port, int folders);

    [LoggerMessage(LogLevel.Debug, "A client connected at port {Port}")]
    private partial void LogConnected(int port);

    [LoggerMessage(LogLevel.Debug, "A client went away from port {Port}")]
    private partial void LogGone(int port);

    [LoggerMessage(LogLevel.Warning, "Refused {Path}: no or a wrong token")]
    private partial void LogRefused(string path);
}
