using System.Collections.Immutable;

namespace EditorBridge.Snowflake;

/// <summary>How a profile signs in.</summary>
public enum SignInKind
{
    /// <summary>Browser sign-in with PKCE by Snowflake's built-in client for local applications; needs no administrator.</summary>
    OAuth,
    ProgrammaticAccessToken,
    KeyPair,
    /// <summary>An OAuth token that somebody else obtains: a value, a file or a command.</summary>
    ExternalToken,
    /// <summary>Passwords, MFA prompts, workload identity and the like: not offered.</summary>
    Unsupported,
}

/// <summary>A text that must never be printed.</summary>
public sealed class Secret(string value)
{
    internal string Value { get; } = value;

    public override string ToString() => "[secret]";
}

/// <summary>One account and user to work as, gathered from Snowflake's own files, the environment and ours.</summary>
public sealed record AccountProfile
{
    public required string Name { get; init; }

    /// <summary>The address, validated.</summary>
    public required SnowflakeAccount Account { get; init; }

    /// <summary>The account as it was written: part of a key-pair token, where the host form would be wrong.</summary>
    public required string Identifier { get; init; }

    public required SignInKind SignIn { get; init; }

    /// <summary>The authenticator as it was written, for messages.</summary>
    public string? Authenticator { get; init; }

    public string? User { get; init; }
    public string? Role { get; init; }
    public string? Warehouse { get; init; }
    public string? Database { get; init; }
    public string? Schema { get; init; }

    public Secret? Token { get; init; }
    public string? TokenFile { get; init; }

    /// <summary>A program and its arguments that prints a token on standard output.</summary>
    public ImmutableArray<string> TokenCommand { get; init; } = [];

    public string? PrivateKeyFile { get; init; }
    public Secret? PrivateKeyPassphrase { get; init; }

    /// <summary>A client of the account's own instead of the built-in one.</summary>
    public string? OAuthClientId { get; init; }
    public Secret? OAuthClientSecret { get; init; }
    public Uri? OAuthAuthorizationAddress { get; init; }
    public Uri? OAuthTokenAddress { get; init; }
    public string? OAuthScope { get; init; }

    /// <summary>The files and variables it came from.</summary>
    public required ImmutableArray<string> Sources { get; init; }
}
