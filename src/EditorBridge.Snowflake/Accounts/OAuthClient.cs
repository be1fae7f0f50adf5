using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace EditorBridge.Snowflake;

/// <summary>The account no longer takes a code or refresh token: only a person can sign in again.</summary>
public sealed class SignInAgainException(string message) : Exception(message);

/// <summary>
/// Snowflake's OAuth for local applications: authorisation code with PKCE (S256), redirect to a loopback port, refresh tokens.
/// </summary>
public sealed partial class OAuthClient
{
    /// <summary>The client built into every account. Its "secret" is public knowledge; PKCE protects the exchange.</summary>
    private const string BuiltInClient = "LOCAL_APPLICATION";

    private const int MaxAnswerBytes = 64 * 1024;

    private readonly AccountProfile _profile;
    private readonly HttpMessageInvoker _http;
    private readonly TimeProvider _time;

    /// <param name="http">Goes through an <see cref="EgressHandler"/> that allows the account's origin.</param>
    public OAuthClient(AccountProfile profile, HttpMessageInvoker http, TimeProvider time)
    {
        _profile = profile;
        _http = http;
        _time = time;
    }

    private string ClientId => _profile.OAuthClientId ?? BuiltInClient;

    private Uri TokenAddress => _profile.OAuthTokenAddress ?? new Uri(_profile.Account.BaseAddress, "/oauth/token-request");

    /// <summary>Under what the tokens are kept.</summary>
    public string StoreName => $"oauth:{_profile.Account.BaseAddress.Authority}:{ClientId}:{_profile.Role}:{_profile.User}".ToUpperInvariant();

    /// <summary>Where the browser goes.</summary>
    internal Uri AuthorizationAddress(Uri redirect, string state, string challenge)
    {
        var query = new (string Name, string Value)[]
        {
            ("client_id", ClientId), ("response_type", "code"), ("redirect_uri", redirect.ToString()), ("scope", Scope),
            ("state", state), ("code_challenge", challenge), ("code_challenge_method", "S256"),
        };
        var address = _profile.OAuthAuthorizationAddress ?? new Uri(_profile.Account.BaseAddress, "/oauth/authorize");
        return new Uri($"{address}?{string.Join('&', query.Select(pair => $"{pair.Name}={Uri.EscapeDataString(pair.Value)}"))}");
    }

    internal static string NewVerifier() => Base64Url(RandomNumberGenerator.GetBytes(48));

    internal static string Challenge(string verifier) => Base64Url(SHA256.HashData(Encoding.ASCII.GetBytes(verifier)));

    internal Task<OAuthTokens> ExchangeAsync(string code, Uri redirect, string verifier, CancellationToken cancellationToken) => RequestAsync(
        [("grant_type", "authorization_code"), ("code", code), ("redirect_uri", redirect.ToString()), ("code_verifier", verifier), ("client_id", ClientId)], null, cancellationToken);

    internal Task<OAuthTokens> RefreshAsync(OAuthTokens tokens, CancellationToken cancellationToken) => RequestAsync(
        [("grant_type", "refresh_token"), ("refresh_token", tokens.RefreshToken ?? throw new SignInAgainException(Again("the account gave no refresh token"))), ("client_id", ClientId)], tokens, cancellationToken);

    private string Scope => _profile.OAuthScope ?? (_profile.Role switch
    {
        null => "refresh_token",
        var role when PlainRole().IsMatch(role) => $"refresh_token session:role:{role}",
        var role => $"refresh_token session:role-encoded:{Uri.EscapeDataString(role)}",
    });

    private async Task<OAuthTokens> RequestAsync((string Name, string Value)[] form, OAuthTokens? before, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, TokenAddress)
        {
            Content = new FormUrlEncodedContent(form.Select(pair => KeyValuePair.Create(pair.Name, pair.Value))),
        };
        var secret = _profile.OAuthClientSecret?.Value ?? (_profile.OAuthClientId is null ? BuiltInClient : "");
        request.Headers.Authorization = new AuthenticationHeaderValue("Basic", Convert.ToBase64String(Encoding.UTF8.GetBytes($"{ClientId}:{secret}")));
        request.Headers.TryAddWithoutValidation("Accept", "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", CortexClient.UserAgent);
        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var body = await response.Content.ReadAsByteArrayAsync(cancellationToken);
            using var answer = JsonDocument.Parse(body.AsMemory(0, Math.Min(body.Length, MaxAnswerBytes)));
            return Read(answer.RootElement, before, (int)response.StatusCode);
        }
        catch (JsonException exception)
        {
            throw new SignInException($"{TokenAddress.Host} did not answer like Snowflake's token endpoint. Check the account: {_profile.Identifier}.", exception);
        }
        catch (HttpRequestException exception)
        {
            throw new SignInException($"{TokenAddress.Host} could not be reached to sign in: {exception.Message}", exception);
        }
    }

    private OAuthTokens Read(JsonElement answer, OAuthTokens? before, int status)
    {
        if (Text(answer, "access_token") is { Length: > 0 } access)
        {
            var now = _time.GetUtcNow();
            var life = answer.TryGetProperty("expires_in", out var seconds) && seconds.TryGetInt32(out var value) && value > 0 ? value : 600;
            return new OAuthTokens(access, Text(answer, "refresh_token") ?? before?.RefreshToken, now, now.AddSeconds(life), Text(answer, "username") ?? before?.User, Text(answer, "scope"));
        }
        var error = Text(answer, "error");
        var said = Text(answer, "message") ?? Text(answer, "error_description") ?? $"HTTP {status}";
        throw error switch
        {
            "invalid_grant" => new SignInAgainException(Again(said)),
            "invalid_client" => new SignInException($"The account does not take this OAuth client: {said} An administrator may have switched it off or a network policy may stand in the way: "
                + "DESC SECURITY INTEGRATION SNOWFLAKE$LOCAL_APPLICATION;"),
            _ => new SignInException($"Snowflake refused the sign-in: {said}"),
        };
    }

    private static string Again(string reason) => $"The sign-in has ended ({reason.TrimEnd('.')}). Run: editorbridge login";

    private static string? Text(JsonElement answer, string name) =>
        answer.ValueKind == JsonValueKind.Object && answer.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Base64Url(byte[] bytes) => Convert.ToBase64String(bytes).TrimEnd('=').Replace('+', '-').Replace('/', '_');

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_$]*$", RegexOptions.CultureInvariant)]
    private static partial Regex PlainRole();
}
