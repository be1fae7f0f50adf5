using System.Buffers.Text;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Logging;

namespace EditorBridge.Portal;

/// <summary>
/// An organisation's OpenID Connect provider on loopback, strict about what it is asked (OpenID Connect Core 1.0 §3.1, RFC 7636) and able to cheat in what it answers.
/// Everybody who comes is <see cref="Claims"/>; there is no password, because a password is the provider's business.
/// </summary>
internal sealed class IdentityProvider : IAsyncDisposable
{
    public const string ClientId = "editorbridge-portal";
    public const string Secret = "a-secret-of-the-client";

    private readonly RSA _key = RSA.Create(2048);
    private readonly Dictionary<string, (string Challenge, string RedirectUri, string Nonce)> _codes = [];
    private readonly WebApplication _app;

    private IdentityProvider(WebApplication app) => _app = app;

    public string Issuer => _app.Urls.First();

    /// <summary>What the identity token says beside the protocol's own claims.</summary>
    public JsonObject Claims { get; set; } = new() { ["preferred_username"] = "maria@example.com", ["groups"] = new JsonArray("bridge-auditors") };

    /// <summary>Changes the token's own claims before it is signed.</summary>
    public Action<JsonObject>? Cheat { get; set; }

    /// <summary>What the token's header says signs it; <c>HS256</c> signs with the client's secret, <c>none</c> not at all.</summary>
    public string Algorithm { get; set; } = "RS256";

    /// <summary>Where the metadata says tokens are given; null for here.</summary>
    public string? TokenEndpoint { get; set; }

    /// <summary>What was wrong with a request, newest last; empty when all were as the standard has them.</summary>
    public List<string> Faults { get; } = [];

    public static async Task<IdentityProvider> StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        var provider = new IdentityProvider(app);
        app.MapGet("/.well-known/openid-configuration", provider.Metadata);
        app.MapGet("/keys", provider.Keys);
        app.MapGet("/authorize", provider.Authorize);
        app.MapPost("/token", (Delegate)provider.TokenAsync);
        await app.StartAsync();
        return provider;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _key.Dispose();
    }

    private IResult Metadata() => Json(new JsonObject
    {
        ["issuer"] = Issuer,
        ["authorization_endpoint"] = $"{Issuer}/authorize",
        ["token_endpoint"] = TokenEndpoint ?? $"{Issuer}/token",
        ["jwks_uri"] = $"{Issuer}/keys",
        ["response_types_supported"] = new JsonArray("code"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray("RS256"),
    });

    private IResult Keys()
    {
        var key = _key.ExportParameters(false);
        return Json(new JsonObject
        {
            ["keys"] = new JsonArray(new JsonObject
            {
                ["kty"] = "RSA", ["use"] = "sig", ["alg"] = "RS256", ["kid"] = "one",
                ["n"] = Base64Url.EncodeToString(key.Modulus), ["e"] = Base64Url.EncodeToString(key.Exponent),
            }),
        });
    }

    private IResult Authorize(HttpContext context)
    {
        var query = context.Request.Query;
        if (query["client_id"] != ClientId) return Fault($"client_id {query["client_id"]}");
        if (query["response_type"] != "code") return Fault($"response_type {query["response_type"]}");
        if (query["code_challenge_method"] != "S256" || query["code_challenge"].Count != 1) return Fault("no PKCE");
        if (!query["scope"].ToString().Split(' ').Contains("openid")) return Fault("scope without openid");
        if (query["state"].Count != 1 || query["nonce"].Count != 1) return Fault("no state or nonce");
        var code = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(16));
        _codes[code] = (query["code_challenge"]!, query["redirect_uri"]!, query["nonce"]!);
        return Results.Redirect(QueryHelpers.AddQueryString(query["redirect_uri"]!, new Dictionary<string, string?> { ["code"] = code, ["state"] = query["state"] }));
    }

    private async Task<IResult> TokenAsync(HttpContext context)
    {
        var form = await context.Request.ReadFormAsync();
        if (!_codes.Remove(form["code"].ToString(), out var asked)) return Fault("a code that was never given, or twice");
        if (form["grant_type"] != "authorization_code" || form["redirect_uri"] != asked.RedirectUri) return Fault("grant_type or redirect_uri");
        if (form["client_id"] != ClientId || form["client_secret"] != Secret) return Fault("the client's secret");
        if (Base64Url.EncodeToString(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) != asked.Challenge) return Fault("code_verifier");
        return Json(new JsonObject { ["access_token"] = "opaque", ["token_type"] = "Bearer", ["expires_in"] = 300, ["id_token"] = IdToken(asked.Nonce) });
    }

    private string IdToken(string nonce)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var claims = new JsonObject { ["iss"] = Issuer, ["aud"] = ClientId, ["sub"] = "0001", ["iat"] = now, ["nbf"] = now, ["exp"] = now + 300, ["nonce"] = nonce };
        foreach (var (name, value) in Claims) claims[name] = value?.DeepClone();
        Cheat?.Invoke(claims);
        var signed = $"{Part(new JsonObject { ["alg"] = Algorithm, ["typ"] = "JWT", ["kid"] = "one" })}.{Part(claims)}";
        var signature = Algorithm switch
        {
            "HS256" => HMACSHA256.HashData(Encoding.UTF8.GetBytes(Secret), Encoding.ASCII.GetBytes(signed)),
            "none" => [],
            _ => _key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1),
        };
        return $"{signed}.{Base64Url.EncodeToString(signature)}";
    }

    private static string Part(JsonObject part) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(part.ToJsonString()));

    private static IResult Json(JsonObject body) => Results.Text(body.ToJsonString(), "application/json");

    private IResult Fault(string what)
    {
        Faults.Add(what);
        return Results.BadRequest(what);
    }
}
