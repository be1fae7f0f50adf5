using System.Security.Cryptography;
using System.Text;

namespace EditorBridge.Guard;

/// <summary>A client that holds a token. Each may do one thing only.</summary>
internal enum Client
{
    /// <summary>Claude Code or another Anthropic client: may ask for inference.</summary>
    Claude,
    /// <summary>Claude Code's hook: may ask the gate.</summary>
    Hook,
    /// <summary>An MCP client: may call tools, which pass the gate.</summary>
    Mcp,
    /// <summary>The portal: may give verdicts and record accesses.</summary>
    Portal,
    /// <summary>The launcher: may open and end a launched session.</summary>
    Launcher,
}

/// <summary>Knows the clients' tokens and compares them in constant time.</summary>
internal sealed class ClientTokens
{
    private readonly Dictionary<Client, byte[]> _digests;

    public ClientTokens(StateFolder state)
    {
        _digests = Enum.GetValues<Client>().ToDictionary(c => c, c => Digest(Of(state, c)));
    }

    /// <summary>The token of a client, made when there is none yet.</summary>
    public static string Of(StateFolder state, Client client) => client switch
    {
        Client.Claude => state.ClientToken("claude"),
        Client.Hook => state.ClientToken("hook"),
        Client.Mcp => state.ClientToken("mcp"),
        Client.Portal => state.PortalToken(),
        Client.Launcher => state.ClientToken("launcher"),
        _ => throw new ArgumentOutOfRangeException(nameof(client), client, "A client without a token."),
    };

    /// <summary>True when the request carries this client's token, as <c>Authorization: Bearer</c> or <c>x-api-key</c>.</summary>
    public bool Allows(Client client, HttpRequest request) => Presented(request) is { } token
        && CryptographicOperations.FixedTimeEquals(Digest(token), _digests[client]);

    private static string? Presented(HttpRequest request)
    {
        const string bearer = "Bearer ";
        var authorization = request.Headers.Authorization.ToString();
        if (authorization.StartsWith(bearer, StringComparison.OrdinalIgnoreCase)) return authorization[bearer.Length..].Trim();
        return request.Headers["x-api-key"].ToString() is { Length: > 0 } key ? key : null;
    }

    // Digests have one length, so the comparison tells nothing about the token's.
    private static byte[] Digest(string token) => SHA256.HashData(Encoding.UTF8.GetBytes(token));
}

/// <summary>Whose token a route asks for.</summary>
internal sealed record TokenRequired(Client Client);

/// <summary>Asks for a client's token on a route.</summary>
internal static class TokenRoutes
{
    /// <summary>Answers 401 in Anthropic's error shape, which every client of ours can read, unless the request carries the token.</summary>
    public static TBuilder RequireToken<TBuilder>(this TBuilder routes, Client client) where TBuilder : IEndpointConventionBuilder => routes.WithMetadata(new TokenRequired(client));

    /// <summary>Looks at the token before anything of the request is read or bound: whoever has none learns nothing of what a route expects.</summary>
    public static IApplicationBuilder UseTokens(this IApplicationBuilder app) => app.Use(async (http, next) =>
    {
        if (http.GetEndpoint()?.Metadata.GetMetadata<TokenRequired>() is not { Client: var client } || http.RequestServices.GetRequiredService<ClientTokens>().Allows(client, http.Request))
        {
            await next(http);
            return;
        }

        http.Response.StatusCode = StatusCodes.Status401Unauthorized;
        await http.Response.WriteAsJsonAsync(new
        {
            type = "error",
            error = new { type = "authentication_error", message = $"EditorBridge does not know this token. Start the client with 'editorbridge claude', or use the {client.ToString().ToLowerInvariant()} token from the state folder. Nothing was sent to the account." },
        }, http.RequestAborted);
    });
}
