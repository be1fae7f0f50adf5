using System.Net.Http.Headers;

namespace EditorBridge.Snowflake;

/// <summary>How a token is shown to Snowflake.</summary>
public enum TokenKind
{
    OAuth,
    ProgrammaticAccess,
    KeyPairJwt,
    /// <summary>A driver's login session: another header form, and its end is announced inside a 200.</summary>
    Session,
}

/// <summary>A secret that opens the account, ready to be attached. Never printed.</summary>
public sealed class AccessToken(string value, TokenKind kind, DateTimeOffset? expiresAt)
{
    public TokenKind Kind { get; } = kind;

    /// <summary>Null when the token does not say.</summary>
    public DateTimeOffset? ExpiresAt { get; } = expiresAt;

    internal string Value { get; } = value;

    /// <summary>Puts the token on a request whose host has already been checked.</summary>
    internal void AttachTo(HttpRequestHeaders headers)
    {
        headers.Authorization = Kind == TokenKind.Session
            ? new AuthenticationHeaderValue("Snowflake", $"Token=\"{Value}\"")
            : new AuthenticationHeaderValue("Bearer", Value);
        if (WireName(Kind) is { } name)
        {
            headers.TryAddWithoutValidation("X-Snowflake-Authorization-Token-Type", name);
        }
    }

    public override string ToString() => $"[{Kind} token]";

    private static string? WireName(TokenKind kind) => kind switch
    {
        TokenKind.OAuth => "OAUTH",
        TokenKind.ProgrammaticAccess => "PROGRAMMATIC_ACCESS_TOKEN",
        TokenKind.KeyPairJwt => "KEYPAIR_JWT",
        TokenKind.Session => null,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "A token kind without a wire name."),
    };
}

/// <summary>Signing in failed, or nobody has signed in. The message says what to do and holds no secret.</summary>
public sealed class SignInException : Exception
{
    public SignInException(string message) : base(message)
    {
    }

    public SignInException(string message, Exception innerException) : base(message, innerException)
    {
    }
}

/// <summary>One way of being signed in. Each keeps its own secret and renews it once for all who ask at the same time.</summary>
public abstract class Credential
{
    /// <summary>For people: <c>OAuth (browser)</c>, <c>programmatic access token</c>, …</summary>
    public abstract string Description { get; }

    public abstract TokenKind Kind { get; }

    /// <summary>A token that is good now.</summary>
    /// <exception cref="SignInException">There is none to be had without a person.</exception>
    public abstract ValueTask<AccessToken> GetAsync(CancellationToken cancellationToken);

    /// <summary>Called when the account refused a token. True when asking again gives another one.</summary>
    public virtual ValueTask<bool> RenewAsync(AccessToken refused, CancellationToken cancellationToken) => ValueTask.FromResult(false);
}
