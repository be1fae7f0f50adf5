using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>
/// The token shown to a server a person has signed in to: renewed in the background after four fifths of its life, at once when it has ended or was refused,
/// and once for everybody who asks at the same time, in this process and in others.
/// </summary>
internal sealed partial class UpstreamCredential(UpstreamSettings server, UpstreamSignIns signIns, SentSecrets.Holder sent, TimeProvider time, ILogger logger) : IDisposable
{
    private static readonly TimeSpan TokenPatience = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan RetryPause = TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private UpstreamSignIn? _current;

    /// <summary>Which sign-in it is; null when nobody has signed in.</summary>
    public string? SignInId => Volatile.Read(ref _current)?.Id;

    /// <summary>A token that is good now; null when nobody has signed in.</summary>
    /// <exception cref="UpstreamException">The sign-in has ended, or cannot be renewed just now.</exception>
    public async Task<string?> GetAsync(CancellationToken cancellationToken)
    {
        var current = Volatile.Read(ref _current);
        if (current is not null && !HasEnded(current)) return current.AccessToken;
        return (await RenewedAsync(refused: null, cancellationToken))?.AccessToken;
    }

    /// <summary>Another token after the server refused one; null when there is none to be had without a person.</summary>
    public async Task<string?> RenewAsync(string refused, CancellationToken cancellationToken)
    {
        try
        {
            return await RenewedAsync(refused, cancellationToken) is { } signIn && signIn.AccessToken != refused ? signIn.AccessToken : null;
        }
        catch (UpstreamException e) when (e.NeedsSignIn)
        {
            return null;
        }
    }

    /// <summary>Renews ahead of the end, as long as the connection lasts, whether somebody asks or not.</summary>
    public async Task KeepAsync(CancellationToken stop)
    {
        try
        {
            while (Volatile.Read(ref _current)?.RenewFrom is { } from)
            {
                if (from - time.GetUtcNow() is { Ticks: > 0 } left) await Task.Delay(left, time, stop);
                try
                {
                    await RenewedAsync(refused: null, stop);
                }
                catch (UpstreamException e)
                {
                    // The token in hand may still be good, and whoever needs another finds out.
                    LogNotRenewed(server.Name, e.Message);
                    if (e.NeedsSignIn) return;
                    await Task.Delay(RetryPause, time, stop);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The connection ends.
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<UpstreamSignIn?> RenewedAsync(string? refused, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            await using var held = await signIns.HoldAsync(server.Name, cancellationToken);
            // Somebody else, in this process or another, may have been faster.
            if (await signIns.ReadAsync(server, cancellationToken) is not { } kept) return null;
            var isGood = kept.AccessToken != refused && (kept.RenewFrom is null || time.GetUtcNow() < kept.RenewFrom) && !HasEnded(kept);
            if (!isGood) kept = await RefreshAsync(kept);
            // Before the server gets to see it.
            sent.Add(kept.AccessToken, kept.RefreshToken, kept.ClientSecret);
            Volatile.Write(ref _current, kept);
            return kept;
        }
        finally
        {
            _one.Release();
        }
    }

    // Not cancelled with whoever asked: what the server has given out must not be lost, for the old refresh token may be worth nothing then.
    private async Task<UpstreamSignIn> RefreshAsync(UpstreamSignIn kept)
    {
        if (kept.RefreshToken is not { } refresh) throw Ended("the server gave nothing to renew it with");
        using var http = new HttpClient(UpstreamHttp.For(new Uri(kept.TokenEndpoint))) { Timeout = TokenPatience };
        using var request = new HttpRequestMessage(HttpMethod.Post, kept.TokenEndpoint);
        request.Content = new FormUrlEncodedContent(Form(kept, refresh, request.Headers));
        try
        {
            using var response = await http.SendAsync(request, CancellationToken.None);
            var body = await response.Content.ReadAsStringAsync(CancellationToken.None);
            if (response.IsSuccessStatusCode) return await KeptAsync(kept, body);
            // Busy or broken is no word about the sign-in.
            if ((int)response.StatusCode is 408 or 429 or >= 500) throw new UpstreamException($"The sign-in to '{server.Name}' could not be renewed: {new Uri(kept.TokenEndpoint).Host} answers HTTP {(int)response.StatusCode}.");
            await signIns.WriteAsync(server.Name, kept with { RefreshToken = null }, CancellationToken.None);
            throw Ended(Said(body, "error_description") ?? Said(body, "error") ?? $"HTTP {(int)response.StatusCode}");
        }
        catch (Exception e) when (e is HttpRequestException or OperationCanceledException)
        {
            throw new UpstreamException($"The sign-in to '{server.Name}' could not be renewed: {e.Message}", innerException: e);
        }
    }

    private async Task<UpstreamSignIn> KeptAsync(UpstreamSignIn kept, string body)
    {
        if (Said(body, "access_token") is not { } access) throw new UpstreamException($"The sign-in to '{server.Name}' could not be renewed: {new Uri(kept.TokenEndpoint).Host} answered without a token.");
        var now = time.GetUtcNow();
        var renewed = kept with
        {
            AccessToken = access,
            // Not given anew, the old one stays good (RFC 6749 §6).
            RefreshToken = Said(body, "refresh_token") ?? kept.RefreshToken,
            ObtainedAt = now,
            ExpiresAt = Seconds(body) is { } seconds ? now.AddSeconds(seconds) : null,
        };
        await signIns.WriteAsync(server.Name, renewed, CancellationToken.None);
        LogRenewed(server.Name);
        return renewed;
    }

    private static Dictionary<string, string> Form(UpstreamSignIn kept, string refresh, HttpRequestHeaders headers)
    {
        var form = new Dictionary<string, string> { ["grant_type"] = "refresh_token", ["refresh_token"] = refresh };
        if (kept.Resource is { } resource) form["resource"] = resource;
        if (kept is { ClientAuthentication: "client_secret_basic", ClientSecret: { } secret })
        {
            headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{Uri.EscapeDataString(kept.ClientId)}:{Uri.EscapeDataString(secret)}")));
            return form;
        }

        form["client_id"] = kept.ClientId;
        if (kept is { ClientAuthentication: not "none", ClientSecret: { } posted }) form["client_secret"] = posted;
        return form;
    }

    private UpstreamException Ended(string reason) => new($"The sign-in to '{server.Name}' has ended ({reason.TrimEnd('.')}).", $"editorbridge mcp login {server.Name}") { NeedsSignIn = true };

    private bool HasEnded(UpstreamSignIn signIn) => signIn.ExpiresAt <= time.GetUtcNow();

    private static string? Said(string body, string name) => Member(body, name) is { ValueKind: JsonValueKind.String } value && value.GetString() is { Length: > 0 } text ? text : null;

    private static int? Seconds(string body) => Member(body, "expires_in") is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var seconds) && seconds > 0 ? seconds : null;

    private static JsonElement? Member(string body, string name)
    {
        try
        {
            return JsonElement.Parse(body) is { ValueKind: JsonValueKind.Object } answer && answer.TryGetProperty(name, out var value) ? value : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Debug, "The sign-in to MCP server {Server} was renewed")]
    private partial void LogRenewed(string server);

    [LoggerMessage(LogLevel.Warning, "The sign-in to MCP server {Server} was not renewed: {Reason}")]
    private partial void LogNotRenewed(string server, string reason);
}
