using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using System.Web;
using EditorBridge.Snowflake;
using Microsoft.Extensions.Logging.Abstractions;
using ModelContextProtocol.Authentication;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>What came of a sign-in.</summary>
/// <param name="Issuer">Who gave the tokens; null when the server asked for none.</param>
/// <param name="Tools">How many tools the server lists to whoever has signed in.</param>
internal sealed record SignInOutcome(string? Issuer, int Tools, ImmutableArray<string> Scopes, DateTimeOffset? ExpiresAt, bool Renewable);

/// <summary>
/// A person signs in to a server, as the MCP specification's authorization page has it. The SDK does the protocol: discovery (RFC 9728, RFC 8414), registration,
/// PKCE, the resource (RFC 8707) and the issuer (RFC 9207). Here are the browser, the loopback redirect, where a connection may go, and what is kept.
/// <code>
///  server ─ 401 ─▶ its metadata ─▶ sign-in server's metadata ─▶ registration ─▶ browser ─▶ 127.0.0.1 ─▶ tokens ─▶ server ─▶ kept
/// </code>
/// </summary>
internal sealed class UpstreamSignInFlow(UpstreamSettings server, UpstreamSignIns signIns, SentSecrets sent, TimeProvider time)
{
    private const string ClientName = "EditorBridge";

    /// <summary>Time for a person, and for what comes before and after.</summary>
    private static readonly TimeSpan Patience = LoopbackRedirect.Patience + TimeSpan.FromMinutes(1);

    private readonly CapturedTokens _captured = new();
    private Uri? _authorization;

    /// <param name="open">Shows the address to the person: opens a browser, prints it, or both.</param>
    /// <exception cref="UpstreamException">It was refused or failed; what was kept before is kept.</exception>
    /// <exception cref="SignInException">Nobody came back, or the port is taken.</exception>
    public async Task<SignInOutcome> RunAsync(Action<Uri> open, CancellationToken cancellationToken)
    {
        var secrets = UpstreamSecrets.Resolve(server);
        var before = await KeptAsync(cancellationToken);
        await using var redirect = await LoopbackRedirect.ListenAsync(server.OAuth.CallbackPort, "/callback", cancellationToken);
        var handler = new SignInHandler(server.Url!);
        using var http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        await using var transport = new HttpClientTransport(new HttpClientTransportOptions
        {
            Endpoint = server.Url!,
            Name = server.Name,
            TransportMode = HttpTransportMode.StreamableHttp,
            AdditionalHeaders = secrets.Headers.ToDictionary(),
            OAuth = Options(redirect, secrets, before, open),
        }, http, NullLoggerFactory.Instance);
        await using var session = await UpstreamSession.OpenAsync(await transport.ConnectAsync(cancellationToken), isHttp: true, Deaf, sent, [], time, Patience, cancellationToken);
        var lists = await UpstreamLists.ReadAsync(session, cancellationToken);
        if (_captured.Tokens is not { } tokens) return new SignInOutcome(null, lists.Tools.Length, [], null, Renewable: false);

        var signIn = Of(tokens, handler.TokenEndpoint!);
        await using (await signIns.HoldAsync(server.Name, cancellationToken)) await signIns.WriteAsync(server.Name, signIn, cancellationToken);
        return new SignInOutcome(signIn.Issuer, lists.Tools.Length, signIn.Scopes, signIn.ExpiresAt, signIn.RefreshToken is not null);
    }

    // A server that asks during its lists has nobody to ask.
    private static UpstreamEvents Deaf => new(
        _ => ValueTask.CompletedTask,
        (request, _) => Task.FromResult<JsonRpcMessageWithId>(new JsonRpcError { Id = request.Id, Error = new JsonRpcErrorDetail { Code = -32601, Message = "Nothing is answered during a sign-in." } }),
        _ => { });

    private async Task<UpstreamSignIn?> KeptAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await signIns.ReadAsync(server, cancellationToken);
        }
        catch (UpstreamException)
        {
            // What cannot be read is replaced.
            return null;
        }
    }

    private ClientOAuthOptions Options(LoopbackRedirect redirect, UpstreamSecrets secrets, UpstreamSignIn? before, Action<Uri> open) => new()
    {
        RedirectUri = redirect.Address,
        ClientId = server.OAuth.ClientId,
        ClientSecret = secrets.ClientSecret,
        ClientMetadataDocumentUri = server.OAuth.ClientMetadata,
        Scopes = server.OAuth.Scopes.IsEmpty ? null : server.OAuth.Scopes,
        // Signing in again asks for what there was, and for what calls were refused for.
        ScopeSelector = offered => (offered ?? []).Union(before is null ? [] : before.Scopes.Union(before.WantedScopes), StringComparer.Ordinal).ToArray() is { Length: > 0 } all ? all : null,
        DynamicClientRegistration = new DynamicClientRegistrationOptions { ClientName = ClientName },
        TokenCache = _captured,
        AuthorizationCallbackHandler = async (context, cancellationToken) =>
        {
            if (!MayOpen(context.AuthorizationUri))
                throw new UpstreamException($"The sign-in page that '{server.Name}' names is no https address ({context.AuthorizationUri.Scheme}:…), so it was not opened. Nothing was changed.");
            _authorization = context.AuthorizationUri;
            var state = HttpUtility.ParseQueryString(context.AuthorizationUri.Query)["state"] ?? "";
            var waiting = redirect.WaitAsync(state, time, cancellationToken);
            open(context.AuthorizationUri);
            var answer = await waiting;
            if (answer.Code is null) throw new UpstreamException($"{context.AuthorizationUri.Host} refused the sign-in to '{server.Name}': {answer.Refusal}. Nothing was changed.");
            return new AuthorizationResult { Code = answer.Code, State = state, Iss = answer.Issuer };
        },
    };

    // A server names this address, and the platform would start whatever program its scheme belongs to.
    private bool MayOpen(Uri page) => MaySignInAt(server.Url!, page);

    private static bool MaySignInAt(Uri server, Uri target) => target.Scheme == "https" || target.Scheme == "http" && server.IsLoopback && target.IsLoopback;

    private UpstreamSignIn Of(TokenContainer tokens, Uri tokenEndpoint) => new()
    {
        Id = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16)),
        Server = server.Url!.ToString(),
        Issuer = tokens.AuthorizationServer ?? _authorization!.GetLeftPart(UriPartial.Authority),
        TokenEndpoint = tokenEndpoint.ToString(),
        Resource = HttpUtility.ParseQueryString(_authorization!.Query)["resource"],
        ClientId = tokens.ClientId!,
        ClientSecret = tokens.ClientSecret,
        ClientAuthentication = tokens.TokenEndpointAuthMethod,
        AccessToken = tokens.AccessToken,
        RefreshToken = tokens.RefreshToken,
        ObtainedAt = time.GetUtcNow(),
        ExpiresAt = tokens.ExpiresIn is { } seconds ? time.GetUtcNow().AddSeconds(seconds) : null,
        Scopes = [.. (tokens.Scope ?? HttpUtility.ParseQueryString(_authorization.Query)["scope"] ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries)],
    };

    /// <summary>Holds what the SDK got until it is known to be good.</summary>
    private sealed class CapturedTokens : ITokenCache
    {
        public TokenContainer? Tokens { get; private set; }

        public ValueTask StoreTokensAsync(TokenContainer tokens, CancellationToken cancellationToken)
        {
            Tokens = tokens;
            return ValueTask.CompletedTask;
        }

        public ValueTask<TokenContainer?> GetTokensAsync(CancellationToken cancellationToken) => ValueTask.FromResult(Tokens);
    }

    /// <summary>
    /// Where a sign-in may go: to the server, and to the sign-in addresses the server names, over https (on this machine also http, when the server is here too).
    /// The token goes to the server alone.
    /// </summary>
    private sealed class SignInHandler : DelegatingHandler
    {
        private readonly Uri _server;

        public SignInHandler(Uri server)
        {
            _server = server;
            InnerHandler = UpstreamHttp.ForSignIn(target => MaySignInAt(server, target));
        }

        /// <summary>Where the tokens came from.</summary>
        public Uri? TokenEndpoint { get; private set; }

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var response = await base.SendAsync(request, cancellationToken);
            if (request.Content is not FormUrlEncodedContent) return response;
            TokenEndpoint = request.RequestUri;
            if (response.IsSuccessStatusCode) return response;
            // An answer that the protocol's code would take for one of the server's.
            var said = await response.Content.ReadAsStringAsync(cancellationToken);
            response.Dispose();
            throw new UpstreamException($"{request.RequestUri!.Host} gave no token for '{_server}' (HTTP {(int)response.StatusCode}): {said}. Nothing was changed.");
        }
    }
}
