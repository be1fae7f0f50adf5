using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>The open way to a server: its process or its HTTP client, the session over it, and what it offers.</summary>
internal sealed class UpstreamConnection : IAsyncDisposable
{
    /// <summary>How long a server may take from its start to its lists. Packages that are fetched first are slow.</summary>
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly string _target;
    private readonly UpstreamSecrets _secrets;
    private readonly SentSecrets _sent;
    private readonly SentSecrets.Holder _held;
    private readonly UpstreamProcess? _process;
    private readonly UpstreamHttpConnection? _http;

    private UpstreamConnection(UpstreamSettings settings, UpstreamSignIns signIns, SentSecrets sent, TimeProvider time, ILogger logger)
    {
        _target = settings.Target;
        _secrets = UpstreamSecrets.Resolve(settings);
        _sent = sent;
        _held = sent.Hold(_secrets.Confided);
        try
        {
            if (settings.Transport == UpstreamTransport.Stdio) _process = UpstreamProcess.Start(settings, _secrets, sent, time, logger);
            else _http = new UpstreamHttpConnection(settings, _secrets, signIns, _held, time, logger);
        }
        catch (UpstreamException)
        {
            _held.Dispose();
            throw;
        }
    }

    public UpstreamSession Session { get; private set; } = null!;

    public UpstreamLists Lists { get; private set; } = UpstreamLists.None;

    public int? ProcessId => _process?.Id;

    /// <summary>Which sign-in the server has been shown; null for none.</summary>
    public string? SignInId => _http?.SignInId;

    /// <exception cref="UpstreamException">The server cannot be used; the message says why, holds the last of what its process said, and no secret.</exception>
    public static async Task<UpstreamConnection> OpenAsync(
        UpstreamSettings settings, UpstreamSignIns signIns, SentSecrets sent, UpstreamEvents events, JsonObject declared, TimeProvider time, ILogger logger, CancellationToken cancellationToken)
    {
        var connection = new UpstreamConnection(settings, signIns, sent, time, logger);
        using var patience = new CancellationTokenSource(Patience, time);
        using var both = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, patience.Token);
        try
        {
            await connection.OpenAsync(events, declared, time, both.Token);
            return connection;
        }
        catch (UpstreamException e)
        {
            var told = connection.Told(e);
            await connection.DisposeAsync();
            throw told;
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            var told = connection.Told(new UpstreamException($"It did not answer within {Patience.TotalSeconds:0} seconds.", $"editorbridge mcp test {settings.Name}"));
            await connection.DisposeAsync();
            throw told;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>From now on a sign-in is renewed ahead of its end.</summary>
    public void KeepSignedIn() => _http?.KeepSignedIn();

    /// <summary>The reason as it may be shown: with what the process said last, without secrets.</summary>
    public UpstreamException Told(UpstreamException e)
    {
        var said = _process is null ? "" : (e.Message is [.., '.' or '!' or '?' or ')'] ? " " : ". ") + _process.LastWords();
        var mend = e.Mend ?? (_process is null ? null : $"See why: run it in a terminal, {_target}");
        return new UpstreamException(_sent.Mask(_secrets.Mask(e.Message + said)), mend, e) { NeedsSignIn = e.NeedsSignIn, NeedsAcceptance = e.NeedsAcceptance };
    }

    public async ValueTask DisposeAsync()
    {
        if (Session is not null) await Session.DisposeAsync();
        if (_http is not null) await _http.DisposeAsync();
        if (_process is not null) await _process.DisposeAsync();
        _held.Dispose();
    }

    private async Task OpenAsync(UpstreamEvents events, JsonObject declared, TimeProvider time, CancellationToken cancellationToken)
    {
        // The SDK would log payloads and every line that is no message; what a server says is logged by its process, in bounds.
        var transport = _http is not null
            ? await _http.ConnectAsync(cancellationToken)
            : await new StreamClientTransport(_process!.Input, _process.Output, NullLoggerFactory.Instance).ConnectAsync(cancellationToken);
        Session = await UpstreamSession.OpenAsync(transport, _http is not null, events, _sent, declared, time, UpstreamSession.DiscoverPatience, cancellationToken);
        Lists = await UpstreamLists.ReadAsync(Session, cancellationToken);
    }
}
