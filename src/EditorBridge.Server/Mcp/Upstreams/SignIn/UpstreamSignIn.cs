using System.Collections.Immutable;

namespace EditorBridge.Mcp.Upstreams;

/// <summary>What a person's sign-in to one server gave, and what it takes to renew it. Never printed, never logged; kept encrypted by <see cref="UpstreamSignIns"/>.</summary>
internal sealed record UpstreamSignIn
{
    /// <summary>Another one with each sign-in of a person, the same through renewals.</summary>
    public required string Id { get; init; }

    /// <summary>The server's address at the time: a sign-in is not shown to another.</summary>
    public required string Server { get; init; }

    /// <summary>Who gave the tokens (RFC 8414 issuer).</summary>
    public required string Issuer { get; init; }

    /// <summary>The one address that renewals go to: the one that gave the tokens.</summary>
    public required string TokenEndpoint { get; init; }

    /// <summary>The resource the tokens are for (RFC 8707); null where the server named none.</summary>
    public string? Resource { get; init; }

    public required string ClientId { get; init; }
    public string? ClientSecret { get; init; }

    /// <summary><c>none</c>, <c>client_secret_basic</c> or <c>client_secret_post</c>.</summary>
    public string? ClientAuthentication { get; init; }

    public required string AccessToken { get; init; }

    /// <summary>Null when the server gave none, or no longer takes it: at the end of the access token a person signs in again.</summary>
    public string? RefreshToken { get; init; }

    public required DateTimeOffset ObtainedAt { get; init; }

    /// <summary>Null when the server did not say.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    public ImmutableArray<string> Scopes { get; init; } = [];

    /// <summary>Permissions a call was refused for: asked for with the next sign-in, beside those there are.</summary>
    public ImmutableArray<string> WantedScopes { get; init; } = [];

    /// <summary>From here on it is renewed in the background: four fifths of its life. Null when it cannot be, or need not.</summary>
    public DateTimeOffset? RenewFrom => RefreshToken is not null && ExpiresAt is { } end ? ObtainedAt + (end - ObtainedAt) * 0.8 : null;

    public override string ToString() => $"[sign-in to {Server}]";
}
